"""What lies in a report folder: regular files by path; anything else is a surprise with a name.

Nothing is opened that is not a regular file, no link is followed, and names are shown so that they can't deceive.
"""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import LimitExceeded, UsageError

MAX_ITEMS = 10_000


@dataclass(frozen=True)
class Found:
    """Files of a folder with their sizes, by path with '/'; what is neither file nor folder; folders without a file."""

    files: dict[str, int] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)
    truncated: bool = False


def shown(name: str) -> str:
    """Return a file name with bytes that are not UTF-8, control and bidirectional characters as escapes."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def survey(folder: Path) -> Found:
    """Return what lies in `folder` and below, up to 10,000 names. Raises UsageError if it can't be read."""
    found = Found()
    waiting, seen = [(folder, "")], 0
    while waiting:
        current, prefix = waiting.pop()
        count = 0
        for entry in _entries(current):
            count += 1
            seen += 1
            if seen > MAX_ITEMS:
                return Found(found.files, found.others, truncated=True)
            name = prefix + entry.name
            mode = entry.stat(follow_symlinks=False).st_mode
            if stat.S_ISDIR(mode):
                waiting.append((Path(entry.path), f"{name}/"))
            elif stat.S_ISREG(mode):
                found.files[name] = entry.stat(follow_symlinks=False).st_size
            else:
                found.others[name] = "a symbolic link" if stat.S_ISLNK(mode) else "not a regular file"
        if not count and prefix:
            found.others[prefix] = "an empty folder"
    return found


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(
                (entry for entry, _ in zip(entries, range(MAX_ITEMS + 1), strict=False)), key=lambda e: e.name
            )
    except OSError as error:
        raise UsageError(
            "unreadable-folder",
            f"{shown(str(folder))} can't be read: {error.strerror}",
            "Name a folder that you may read.",
        ) from None


def open_regular(path: Path) -> int:
    """Open a regular file for reading and return its descriptor; links, devices and pipes are refused (OSError)."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(0, "not a regular file")
    return handle


def read_regular(path: Path, limit: int) -> bytes:
    """Return the content of a regular file. Raises OSError, or LimitExceeded beyond `limit` bytes."""
    with os.fdopen(open_regular(path), "rb") as file:
        data = file.read(limit + 1) if os.fstat(file.fileno()).st_size <= limit else None
    if data is None or len(data) > limit:
        raise LimitExceeded("file-too-large", f"{shown(path.name)} has more than {limit} bytes", "Restore the file.")
    return data


def sha256_file(path: Path) -> str:
    """Return the sha256 (hex) of a regular file, read in pieces. Raises OSError."""
    with os.fdopen(open_regular(path), "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
