"""Reading the bytes of a file that somebody names, whatever lies there."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from ..errors import UsageError

MAX_BYTES = 4 * 1024 * 1024


def read_file(path: Path, most: int = MAX_BYTES, *, code: str = "unreadable-framework") -> bytes:
    """Return the bytes of a regular file, one more than `most` at most. Raises UsageError if there is none."""
    try:
        # Without waiting for the other end, should somebody have put a pipe there.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:  # noqa: PTH123 - a descriptor
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise OSError(errno.EINVAL, "not a regular file")
            return file.read(most + 1) or b""  # None: a file of the kernel that has nothing to say yet
    except (OSError, ValueError) as error:
        problem = getattr(error, "strerror", None) or "can't be read"
        raise UsageError(code, f"{path.name}: {problem}", "Check the path.") from None
