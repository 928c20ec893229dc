"""Unpack a wheel, a zip or a tar into a private folder, within limits; nothing in it is ever run or built.

Names are validated one by one; entries that are links, devices, duplicates, encrypted or named to lead elsewhere are
refused and reported, not written. Files are written 0600, and never through an existing name or link.
"""

from __future__ import annotations

import os
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

from ..errors import AccordError, LimitExceeded, MalformedInput
from .paths import is_text, path_problem, shown

CHUNK = 1 << 20
COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What tarfile, zipfile and zlib are known to raise on broken input, besides their own errors.
_MALFORMED: tuple[type[Exception], ...] = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ArithmeticError,
    ValueError,
    LookupError,
    TypeError,
    NotImplementedError,
    AttributeError,
    AssertionError,
)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one extraction. `ratio` (unpacked to archived bytes) counts once `free` bytes have been unpacked."""

    entries: int = 100_000
    depth: int = 40
    total: int = 20 << 30
    ratio: int = 200
    free: int = 64 << 20
    directory: int = 16 << 20


class _Source(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass(slots=True)
class _Writer:
    """Writes entries below `root` and keeps the account of what was unpacked."""

    root: Path
    archived: int
    limits: Limits
    unpacked: int = 0
    entries: int = 0
    refused: list[str] = field(default_factory=list)

    def spend(self, count: int) -> None:
        """Count `count` decompressed bytes, whether or not they are written."""
        self.unpacked += count
        if self.unpacked > self.limits.total:
            raise LimitExceeded(
                "archive-too-large", f"it unpacks to over {self.limits.total:,} bytes", "Unpack it yourself."
            )
        if self.unpacked > max(self.limits.free, self.limits.ratio * self.archived):
            raise LimitExceeded(
                "archive-bomb",
                f"it unpacks to over {self.limits.ratio} times its size",
                "Do not trust this file; unpack it yourself if you know what it is.",
            )

    def admits(self, name: str, problem: str | None) -> bool:
        """Count an entry; return whether it may be written, and note the reason if not."""
        self.entries += 1
        if self.entries > self.limits.entries:
            raise LimitExceeded(
                "archive-too-large", f"it has over {self.limits.entries:,} entries", "Unpack it yourself."
            )
        problem = problem or (None if is_text(name) else "has a name that is not UTF-8") or path_problem(name)
        if problem is None and name.count("/") >= self.limits.depth:
            problem = f"lies over {self.limits.depth} folders deep"
        if problem is not None:
            self.refuse(name, problem)
        return problem is None

    def refuse(self, name: str, problem: str) -> None:
        self.refused.append(f"{shown(name[:200])}: {problem}")

    def write(self, name: str, chunks: Iterator[bytes]) -> None:
        place = self.root / name
        try:
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            self.refuse(name, "has the same name as an earlier entry")
            return
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor, not a path
            for chunk in chunks:
                file.write(chunk)


def unpack(archive: Path, into: Path, limits: Limits | None = None) -> tuple[str, ...]:
    """Unpack `archive` (zip, wheel, tar, tar.gz) into the empty folder `into`.

    Returns what was refused, each with its reason. Raises MalformedInput or LimitExceeded, naming the archive.
    """
    name = shown(archive.name)
    try:
        with archive.open("rb") as file:
            writer = _Writer(into, os.fstat(file.fileno()).st_size, limits or Limits())
            head = file.read(4)
            file.seek(0)
            if head in (b"PK\x03\x04", b"PK\x05\x06"):
                _unpack_zip(file, writer)
            else:
                _unpack_tar(_Stream(_Gunzip(file) if head[:2] == b"\x1f\x8b" else file, writer.spend), writer)
    except AccordError as error:
        raise type(error)(error.code, f"the archive {name}: {error.message}", error.remedy) from None
    except RecursionError:
        raise MalformedInput(
            "malformed-archive", f"the archive {name} nests headers endlessly", "Get it anew."
        ) from None
    except _MALFORMED as error:
        raise MalformedInput(
            "malformed-archive", f"the archive {name} is broken: {shown(str(error)[:200])}", "Get a whole copy."
        ) from None
    return tuple(writer.refused)


def _unpack_zip(file: IO[bytes], writer: _Writer) -> None:
    with zipfile.ZipFile(_Bounded(file, writer.limits.directory)) as archive:
        for entry in archive.infolist():
            if entry.is_dir():
                writer.admits(entry.filename.rstrip("/"), None)
            elif writer.admits(entry.filename, _zip_problem(entry)):
                with archive.open(entry) as member:
                    writer.write(entry.filename, _chunks(member, writer))


def _zip_problem(entry: zipfile.ZipInfo) -> str | None:
    mode = stat.S_IFMT(entry.external_attr >> 16)
    if mode not in (0, stat.S_IFREG):
        return "is a symbolic link" if mode == stat.S_IFLNK else "is not a regular file"
    if entry.flag_bits & 1:
        return "is encrypted"
    return None if entry.compress_type in COMPRESSIONS else "uses a rare compression"


def _chunks(member: IO[bytes], writer: _Writer) -> Iterator[bytes]:
    while chunk := member.read(CHUNK):
        writer.spend(len(chunk))
        yield chunk


def _unpack_tar(stream: _Stream, writer: _Writer) -> None:
    with tarfile.open(fileobj=stream, mode="r:", errors="surrogateescape") as archive:  # type: ignore[call-overload]
        for entry in archive:
            name = entry.name.removeprefix("./")
            if entry.isdir():
                if name not in ("", "."):
                    writer.admits(name, None)
            elif writer.admits(name, _tar_problem(entry)):
                stream.seek(entry.offset_data)
                writer.write(name, stream.chunks(entry.size))


def _tar_problem(entry: tarfile.TarInfo) -> str | None:
    if entry.issym() or entry.islnk():
        return f"is a {'symbolic' if entry.issym() else 'hard'} link"
    if not entry.isreg():
        return "is not a regular file"
    return "is a sparse file" if entry.issparse() else None


class _Bounded:
    """A file whose single reads are bounded: `zipfile` reads the whole directory of an archive in one."""

    def __init__(self, file: IO[bytes], largest: int) -> None:
        self._file, self._largest = file, largest
        self.seek, self.tell = file.seek, file.tell

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if size < 0 or size > self._largest:
            data = self._file.read(self._largest + 1)
            if len(data) > self._largest:
                raise LimitExceeded("archive-too-large", "its directory is too large", "Unpack it yourself.")
            return data
        return self._file.read(size)


class _Gunzip:
    """A gzip stream of one or more members. (`gzip` reads a header byte by byte, which a hostile one makes endless.)"""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._member, self._pending = file, zlib.decompressobj(31), b""

    def read(self, size: int, /) -> bytes:
        """Return `size` bytes, fewer only at the end."""
        parts: list[bytes] = []
        while size > 0:
            self._pending = self._pending or self._file.read(CHUNK)
            if not self._pending:
                if not self._member.eof:
                    raise EOFError("it ends in the middle of its compressed data")
                break
            if self._member.eof:
                self._member = zlib.decompressobj(31)
            part = self._member.decompress(self._pending, size)
            self._pending = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


class _Stream:
    """A stream that only goes forward, for `tarfile`; a header over 1 MB is refused, not read."""

    def __init__(self, source: _Source, spend: Callable[[int], None]) -> None:
        self._source, self._spend, self._at = source, spend, 0

    def tell(self) -> int:
        return self._at

    def seek(self, position: int) -> int:
        if position < self._at:
            raise ValueError("the archive's offsets go backwards")
        while self._at < position:
            if not self.read(min(CHUNK, position - self._at)):
                break
        return self._at

    def read(self, size: int) -> bytes:
        if size < 0 or size > CHUNK:
            raise LimitExceeded("archive-too-large", "a header is over 1 MB", "Unpack it yourself.")
        data = self._source.read(size)
        self._at += len(data)
        self._spend(len(data))
        return data

    def chunks(self, size: int) -> Iterator[bytes]:
        """Yield exactly `size` bytes; raises EOFError if the archive ends before."""
        while size > 0:
            chunk = self.read(min(CHUNK, size))
            if not chunk:
                raise EOFError("it ends in the middle of a file")
            size -= len(chunk)
            yield chunk
