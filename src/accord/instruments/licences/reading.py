"""Read a file of a hostile folder: only a regular one, only so much of it, never through a link."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def read_text(path: Path, limit: int) -> str | None:
    """Return at most `limit` bytes of a file as text (broken UTF-8 replaced); None if there is no such file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        data = os.read(descriptor, limit)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return data.decode("utf-8-sig", "replace")


def list_names(folder: Path, limit: int) -> list[str]:
    """Return up to `limit` names in a folder, sorted; nothing if it is a link or can't be listed."""
    try:
        if folder.is_symlink():
            return []
        with os.scandir(folder) as entries:
            names = [entry.name for _, entry in zip(range(limit), entries, strict=False)]
    except OSError:
        return []
    return sorted(name for name in names if name.isprintable())
