"""What the operator decides about a node: `node.toml` in its folder."""

from __future__ import annotations

import tomllib
from pathlib import Path

from ..errors import MalformedInput, UsageError
from ..places import data_folder
from ..records import from_builtins
from ..records.measurement import Record
from ..trust.files import put

FILE = "node.toml"


class NodeConfig(Record, frozen=True, kw_only=True):
    """The settings of a node. `origin` names its log for good: it never changes once the log has entries.

    `url` is where others reach it ("" while it serves this machine only). `store` is "" for SQLite in the node's
    folder, or a `postgresql://` address. `frameworks` are judged beside those of the jurisdiction; `profile` is a file
    with thresholds of one's own. `upload_bytes` bounds an upload, `endpoints` lists what an assessment may connect to.
    `poll_seconds` is how often peers are asked that do not hold a connection open.
    """

    name: str
    jurisdiction: str
    origin: str
    url: str = ""
    contact: str = ""
    language: str = "en"
    store: str = ""
    frameworks: tuple[str, ...] = ()
    profile: str = ""
    upload_bytes: int = 256 * 1024 * 1024
    batch_bytes: int = 64 * 1024 * 1024
    requests_per_minute: int = 600
    workers: int = 1
    endpoints: tuple[str, ...] = ()
    private_peers: tuple[str, ...] = ()
    poll_seconds: float = 30.0
    open_registration: bool = False


def node_folder() -> Path:
    """Return where a node lives if nobody says otherwise."""
    return data_folder() / "node"


def read_config(folder: Path) -> NodeConfig | None:
    """Return the settings of the node in `folder`, or None if there is none. Raises MalformedInput, with the key."""
    path = folder / FILE
    try:
        plain = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise MalformedInput("bad-node-config", f"{path}: {error}", "Correct the line that is named.") from None
    return from_builtins(plain, NodeConfig, name=FILE)


def write_config(folder: Path, config: NodeConfig) -> None:
    """Write the settings that are not the default. Raises UsageError if a value has no form in TOML."""
    defaults = {
        name: getattr(NodeConfig(name="", jurisdiction="", origin=""), name) for name in config.__struct_fields__
    }
    lines = ["# Settings of this node; docs/node.md lists them all."]
    for name in config.__struct_fields__:
        value = getattr(config, name)
        if value != defaults[name] or name in ("name", "jurisdiction", "origin"):
            lines.append(f"{name} = {_toml(value)}")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    put(folder / FILE, ("\n".join(lines) + "\n").encode())


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    text = str(value)
    if not text.isprintable():
        raise UsageError("bad-setting", f"{text[:40]!r} can't be a setting", "Use printable characters.")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
