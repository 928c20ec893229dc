"""What the operator decides about a node: `node.toml` in its folder."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from msgspec.structs import fields

from ..errors import MalformedInput, UsageError
from ..places import data_folder
from ..records import from_builtins
from ..records.measurement import Record
from ..store.viewer import Role
from ..trust.files import put

FILE = "node.toml"


class Oidc(Record, frozen=True, kw_only=True):
    """An OpenID provider that people log in at: the table `[oidc]`.

    `client_secret_file` is a path, from the node's folder on; without one the node is a public client. `name` is what
    the button says. Somebody new gets `roles`. If `domains` are given, the provider has to vouch for an e-mail
    address in one of them.
    """

    issuer: str
    client_id: str
    name: str
    client_secret_file: str = ""
    roles: tuple[Role, ...] = ("reader",)
    domains: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not is_https_or_loopback(self.issuer):
            raise ValueError("the issuer of [oidc] is an https address")
        if not (self.client_id and self.name and self.roles):
            raise ValueError("[oidc] needs client_id, name and at least one role")


def is_https_or_loopback(url: str) -> bool:
    """Whether what is sent to an address can be read by nobody else: by TLS, or as it stays on this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return bool(host) and (
        parts.scheme == "https" or (parts.scheme == "http" and host in ("127.0.0.1", "::1", "localhost"))
    )


class NodeConfig(Record, frozen=True, kw_only=True):
    """The settings of a node. `origin` names its log for good: it never changes once the log has entries.

    `url` is where others reach it ("" while it serves this machine only). `store` is "" for SQLite in the node's
    folder, or a `postgresql://` address. `frameworks` are judged beside those of the jurisdiction; `profile` is a file
    with thresholds of one's own. `upload_bytes` bounds an upload, `upload_days` is how long it is kept after its job.
    `poll_seconds` is how often peers are asked that do not hold a connection open. `oidc` is a provider to log in at.
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
    upload_days: int = 0
    batch_bytes: int = 64 * 1024 * 1024
    requests_per_minute: int = 600
    workers: int = 1
    poll_seconds: float = 30.0
    oidc: Oidc | None = None


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
    lines = ["# Settings of this node; docs/node.md lists them all.", *_lines(config)]
    if config.oidc:
        lines += ["", "[oidc]", *_lines(config.oidc)]
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    put(folder / FILE, ("\n".join(lines) + "\n").encode())


def _lines(record: Record) -> Iterator[str]:
    """Yield a line for each value that is not the default; a table of its own comes after them."""
    for item in fields(record):
        value = getattr(record, item.name)
        if value != item.default and not isinstance(value, Record):
            yield f"{item.name} = {_toml(value)}"


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
