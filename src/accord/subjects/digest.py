"""Digests of files and folders: every byte is read once, nothing is ignored but what is recorded as excluded.

A folder's digest is the sha256 of the RFC 8785 form of a list with one item per entry, sorted by path (Unicode code
points of the NFC form; see `paths.recorded_path` for names that are not UTF-8):

    [path, size, sha256]          a file
    [path, "symlink", sha256]     a symbolic link, by the bytes of the path it holds; it is never followed
    [path, "special", kind]       a fifo, socket or device; it is never opened

Folders without entries leave no trace. Excluded are the root card and folders that bear our report marker.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..errors import LimitExceeded, MalformedInput, UsageError
from .paths import recorded_path, shown

REPORT_MARKER = ".accord-report"
MAX_ENTRIES = 1_000_000
MAX_TOTAL = 2**53 - 1
CHUNK = 4 << 20
WORKERS = 4
GIT_PATHS = (".git", ".gitattributes", ".github", ".gitignore")

Progress = Callable[[str, int, int], None]


def refuse_sealed(place: Path, *, itself: bool = True) -> None:
    """Raise UsageError if `place` is, or lies in, a sealed report: whatever is added to one alters it."""
    whole = place.resolve()
    places = (whole, *whole.parents) if itself else whole.parents
    sealed = next((at for at in places if (at / REPORT_MARKER).exists()), None)
    if sealed is not None:
        raise UsageError("sealed-folder", f"{sealed} is a sealed report", "Give a place outside of it with --out.")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a folder: `path` as the disk spells it, `size` in bytes, `sha256` in hex ("" if special).

    `excluded` entries are hashed like all others but are not part of the folder's digest.
    """

    path: str
    kind: Literal["file", "symlink", "fifo", "socket", "device"]
    size: int
    sha256: str = ""
    excluded: bool = False


@dataclass(frozen=True, slots=True)
class FolderDigest:
    """A folder's digests, with the entries they bind. `openssf` is None where that format has no answer (links)."""

    digest: str
    openssf: str | None
    entries: tuple[Entry, ...]
    excluded: tuple[str, ...]

    @property
    def size(self) -> int:
        """Bytes of the files that the digest binds."""
        return sum(entry.size for entry in self.entries if not entry.excluded)


def file_digest(path: Path, progress: Progress | None = None) -> tuple[str, int]:
    """Return ("sha256:<hex>", size in bytes) of a regular file. A link at `path` is not followed.

    Raises UsageError if it can't be read, is no regular file, or changes while it is read.
    """
    meter = _Meter(progress, _size_of(path))
    digest, size = _hash_file(path, shown(path.name), meter, ahead=True)
    meter.finish()
    return f"sha256:{digest}", size


def folder_digest(root: Path, progress: Progress | None = None) -> FolderDigest:
    """Digest everything under `root`. Raises UsageError (unreadable, changed), MalformedInput or LimitExceeded."""
    found, excluded = _walk(root)
    _refuse_collisions(found)
    files = sorted((entry for entry in found if entry.kind == "file"), key=lambda entry: -entry.size)
    total = sum(entry.size for entry in files)
    meter = _Meter(progress, total)

    def hashed_one(entry: Entry) -> tuple[str, int]:
        # While other files are hashed no core waits for a read; beside one that outweighs them all, one would.
        return _hash_file(root / entry.path, shown(entry.path), meter, ahead=2 * entry.size > total)

    with ThreadPoolExecutor(WORKERS) as pool:  # hashing and reading release the GIL
        try:
            hashed = list(pool.map(hashed_one, files))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    meter.finish()
    complete = [
        Entry(entry.path, "file", size, digest, entry.excluded)
        for entry, (digest, size) in zip(files, hashed, strict=True)
    ]
    complete += [entry for entry in found if entry.kind != "file"]
    complete.sort(key=lambda entry: recorded_path(entry.path))
    items = [_item(entry) for entry in complete if not entry.excluded]
    return FolderDigest(canonical_digest(items), _openssf_root(complete), tuple(complete), excluded)


def openssf_root(digests: Iterable[str]) -> str:
    """Return the root that OpenSSF Model Signing 1.x gives files with these hex digests (ordered by path)."""
    return "sha256:" + hashlib.sha256(b"".join(bytes.fromhex(digest) for digest in digests)).hexdigest()


def canonical_digest(items: Sequence[Sequence[Any]]) -> str:
    """Return "sha256:<hex>" of the RFC 8785 form of lists of strings and integers.

    Without objects and fractions, compact unescaped JSON is that form; the C encoder writes it 50 times faster.
    """
    text = json.dumps(items, ensure_ascii=False, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _item(entry: Entry) -> tuple[str, int | str, str]:
    path = recorded_path(entry.path)
    if entry.kind == "file":
        return path, entry.size, entry.sha256
    return (path, "symlink", entry.sha256) if entry.kind == "symlink" else (path, "special", entry.kind)


def _openssf_root(entries: Sequence[Entry]) -> str | None:
    """OpenSSF refuses folders with links or special files, ignores git's files at the root, and sorts by names."""
    if any(entry.kind != "file" for entry in entries):
        return None
    named = [(entry.path.split("/"), entry.sha256) for entry in entries]
    return openssf_root(digest for names, digest in sorted(named) if names[0] not in GIT_PATHS)


def _walk(root: Path) -> tuple[list[Entry], tuple[str, ...]]:
    """List all entries below `root` without opening any; and say which of them are excluded, and why."""
    found: list[Entry] = []
    excluded: list[str] = []
    total = 0
    waiting = [("", False)]
    while waiting:
        folder, outside = waiting.pop()
        try:
            with os.scandir(root / folder) as listing:
                here = list(listing)
        except OSError as error:
            raise _unreadable(shown(folder) or "the target", error) from None
        if folder and not outside and any(_is_marker(entry) for entry in here):
            outside = True
            excluded.append(f"{recorded_path(folder)}/: a report of Accord")
        for entry in here:
            path = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_dir(follow_symlinks=False):
                waiting.append((path, outside))
                continue
            described = _describe(entry, path, outside)
            if path == "accord.toml" and described.kind == "file":
                described = Entry(path, "file", described.size, excluded=True)
                excluded.append("accord.toml: the system card")
            total += described.size
            found.append(described)
            if len(found) > MAX_ENTRIES or total > MAX_TOTAL:
                raise LimitExceeded(
                    "target-too-large", f"the target holds over {MAX_ENTRIES:,} files", "Assess a part of it."
                )
    return found, tuple(sorted(excluded))


def _is_marker(entry: os.DirEntry[str]) -> bool:
    return entry.name == REPORT_MARKER and entry.is_file(follow_symlinks=False)


def _describe(entry: os.DirEntry[str], path: str, excluded: bool) -> Entry:
    try:
        status = entry.stat(follow_symlinks=False)
        if stat.S_ISLNK(status.st_mode):
            held = os.fsencode(os.readlink(entry.path))  # noqa: PTH115 - Path would normalise what the link holds
            return Entry(path, "symlink", 0, hashlib.sha256(held).hexdigest(), excluded)
    except OSError as error:
        raise _unreadable(shown(path), error) from None
    if stat.S_ISREG(status.st_mode):
        return Entry(path, "file", status.st_size, excluded=excluded)
    if stat.S_ISFIFO(status.st_mode):
        return Entry(path, "fifo", 0, excluded=excluded)
    return Entry(path, "socket" if stat.S_ISSOCK(status.st_mode) else "device", 0, excluded=excluded)


def _refuse_collisions(entries: Sequence[Entry]) -> None:
    seen: dict[str, str] = {}
    for entry in entries:
        other = seen.setdefault(recorded_path(entry.path), entry.path)
        if other != entry.path:
            raise MalformedInput(
                "colliding-names",
                f"two entries have the same name, {shown(entry.path)!r}, in different Unicode spellings",
                "Rename one of them: a digest could not tell them apart.",
            )


def _hash_file(path: Path, name: str, meter: _Meter, *, ahead: bool) -> tuple[str, int]:
    """Read a regular file once, from one descriptor, and return (hex digest, size)."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb", buffering=0) as file:  # noqa: PTH123 - a descriptor, not a path
            before = os.fstat(descriptor)
            if not stat.S_ISREG(before.st_mode):
                raise UsageError("unreadable", f"{name} is not a regular file", "Name a file or a folder.")
            digest, size = hashlib.sha256(), 0
            for chunk in _chunks(file, before.st_size, ahead):
                digest.update(chunk)
                size += len(chunk)
                meter.add(name, len(chunk))
            after = os.fstat(descriptor)
    except OSError as error:
        raise _unreadable(name, error) from None
    if size != before.st_size or (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise UsageError("target-changed", f"{name} changed while it was read", "Assess a copy that nothing writes to.")
    return digest.hexdigest(), size


def _chunks(file: io.FileIO, expected: int, ahead: bool) -> Iterator[memoryview]:
    """Yield the file in chunks, at most one beyond the `expected` size.

    With `ahead`, the next chunk is read on another thread while the caller hashes the last one: copying the bytes
    out of the page cache takes a fifth of the time.
    """
    now = memoryview(bytearray(min(CHUNK, expected + 1)))
    if not ahead or expected < 4 * CHUNK:
        while expected >= 0 and (count := file.readinto(now)):
            yield now[:count]
            expected -= count
        return
    then = memoryview(bytearray(CHUNK))
    with ThreadPoolExecutor(max_workers=1) as reader:
        count = file.readinto(now)
        while count and expected >= 0:
            following = reader.submit(file.readinto, then)
            yield now[:count]
            expected -= count
            count, now, then = following.result(), then, now


def _size_of(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError as error:
        raise _unreadable(shown(path.name), error) from None


def _unreadable(name: str, error: OSError) -> UsageError:
    name = name if len(name) <= 400 else f"{name[:200]}…{name[-200:]}"
    return UsageError(
        "unreadable", f"{name} can't be read: {error.strerror or type(error).__name__}", "Check its permissions."
    )


class _Meter:
    """Counts bytes over all threads and tells `progress` every 32 MB, one call at a time."""

    STEP = 32 << 20

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress, self._total = progress, total
        self._done = self._told = 0
        self._lock = threading.Lock()

    def add(self, name: str, count: int) -> None:
        if self._progress is None:
            return
        with self._lock:
            self._done += count
            if self._done - self._told >= self.STEP:
                self._told = self._done
                self._progress(name, self._done, self._total)

    def finish(self) -> None:
        if self._progress is not None:
            self._progress("", self._done, self._total)
