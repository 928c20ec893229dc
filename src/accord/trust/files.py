"""The few operations on files that durability rests on, in one class, so that tests can take the disk away."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from ..errors import LimitExceeded, Unavailable


class Files:
    """Files of this machine. What was written is safe once the file, and then its folder, were flushed."""

    def read(self, path: Path, limit: int) -> bytes | None:
        """Return the content of a file of at most `limit` bytes, or None if there is none."""
        try:
            with path.open("rb") as file:
                data = file.read(limit + 1)
        except FileNotFoundError:
            return None
        if len(data) > limit:
            raise LimitExceeded("file-too-large", f"{path.name} has more than {limit} bytes", "Restore the file.")
        return data

    def write(self, path: Path, data: bytes) -> None:
        """Create or replace a file. Nothing is safe yet."""
        path.write_bytes(data)

    def flush(self, path: Path) -> None:
        """Make the content of a file safe."""
        self._fsync(path, os.O_RDONLY)

    def flush_folder(self, path: Path) -> None:
        """Make the names in a folder safe."""
        self._fsync(path, os.O_RDONLY | os.O_DIRECTORY)

    def rename(self, old: Path, new: Path) -> None:
        """Give a file another name in the same folder, replacing what had that name, in one step."""
        old.replace(new)

    def remove(self, path: Path) -> None:
        """Remove a file."""
        path.unlink(missing_ok=True)

    def make_folder(self, path: Path) -> None:
        """Create a folder if there is none. Its name is not safe before the folder above it is flushed."""
        path.mkdir(exist_ok=True)

    def remove_folder(self, path: Path) -> None:
        """Remove an empty folder."""
        path.rmdir()

    def names(self, path: Path) -> list[str]:
        """Return the names in a folder; none if there is no such folder."""
        try:
            return [entry.name for entry in path.iterdir()]
        except (FileNotFoundError, NotADirectoryError):
            return []

    @contextlib.contextmanager
    def lock(self, path: Path, seconds: float = 60.0) -> Iterator[None]:
        """Hold the exclusive lock file `path`. Raises Unavailable if others hold it for `seconds`."""
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            self._wait(handle, path, time.monotonic() + seconds)
            yield
        finally:
            os.close(handle)

    @staticmethod
    def _wait(handle: int, path: Path, deadline: float) -> None:
        while True:
            try:
                return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise Unavailable("locked", f"another process holds {path}", "Wait for it to end.") from None
                time.sleep(0.005)

    @staticmethod
    def _fsync(path: Path, flags: int) -> None:
        handle = os.open(path, flags | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def put_all(files: Files, root: Path, contents: Mapping[Path, bytes]) -> None:
    """Write files below the folder `root`, each holding its old or its new content whatever happens.

    Returns when all of them are safe. Every folder up to `root` is flushed, also one that was there before: the
    process that made it may have been killed before it flushed it.
    """
    folders: set[Path] = {root}
    for path, data in contents.items():
        above = [folder for folder in path.parents if folder.is_relative_to(root)]
        for folder in sorted(set(above) - folders, key=lambda item: len(item.parts)):
            files.make_folder(folder)
        folders.update(above)
        temporary = path.with_name(f".{path.name}.new")
        files.write(temporary, data)
        files.flush(temporary)
        files.rename(temporary, path)
    for folder in sorted(folders, key=lambda item: -len(item.parts)):
        files.flush_folder(folder)


def put(path: Path, data: bytes) -> None:
    """Replace one file of this machine in one step; it is safe on return."""
    put_all(Files(), path.parent, {path: data})
