"""Paths inside a target: how they are recorded, shown, and kept from leading out of it."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path, PurePosixPath

from ..errors import MalformedInput

_UNDECODED = re.compile("[\udc80-\udcff]")


def recorded_path(path: str) -> str:
    """Return `path` (relative, "/" between names) as digests record it: Unicode NFC, valid UTF-8.

    A byte that is not UTF-8 becomes "//" and two hex digits. No name contains a slash, so a run of one slash is a
    separator, of two an escape, of three both: different paths never look the same.
    """
    return unicodedata.normalize("NFC", _UNDECODED.sub(lambda byte: f"//{ord(byte[0]) - 0xDC00:02x}", path))


def is_text(path: str) -> bool:
    """Whether the name is valid UTF-8, so that a record can hold it."""
    return _UNDECODED.search(path) is None


def shown(path: str | Path) -> str:
    """Return a path for a message: bytes that are not UTF-8 and characters that do not print appear as escapes."""
    text = str(path).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def path_problem(path: str) -> str | None:
    """Say why `path`, which a card names, is not a plain relative path inside the target; None if it is one."""
    if not path:
        return "is empty"
    if "://" in path or path.startswith("//"):
        return "is an address; only a path inside the target is allowed"
    if re.match(r"[A-Za-z]:[\\/]", path):
        return "names a drive; only a path inside the target is allowed"
    if ":" in path:
        return "names code or a scheme; only a path inside the target is allowed"
    if "\\" in path:
        return "contains a backslash; write / between names"
    if any(ord(character) < 32 or ord(character) == 127 for character in path):
        return "contains a control character"
    if path.startswith("/"):
        return "is absolute; only a path inside the target is allowed"
    names = path.split("/")
    if ".." in names:
        return "leads to a parent folder; only a path inside the target is allowed"
    if any(name in {"", ".", "~"} for name in names):
        return "is not written plainly (an empty name, . or ~)"
    if max(len(name.encode()) for name in names) > 255 or len(path.encode()) > 4000:
        return "is longer than any file system allows"
    return None


def resolve_inside(root: Path, path: str) -> Path | None:
    """Return where `path`, relative to the folder `root`, really lies; None if nothing is there.

    Raises MalformedInput if the path, or a symbolic link on its way, leads out of `root`.
    """
    problem = path_problem(path)
    if problem is not None:
        raise MalformedInput("path-outside", f"the path {shown(path)!r} {problem}", "Name a file inside the target.")
    try:
        place = (root / PurePosixPath(path)).resolve(strict=True)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, RuntimeError) as error:  # RuntimeError: links that form a loop
        raise MalformedInput(
            "path-unreadable", f"the path {shown(path)!r} can't be followed: {type(error).__name__}", "Check the path."
        ) from None
    if not place.is_relative_to(root.resolve()):
        raise MalformedInput(
            "path-outside",
            f"the path {shown(path)!r} leads out of the target through a symbolic link",
            "Put the file itself into the target.",
        )
    return place
