"""Zip archives read without trust: the central directory and the local headers are compared, never extracted.

Loaders disagree about which of the two they believe, and attackers live in the gap (CVE-2025-1944, CVE-2025-1945,
CVE-2025-10156). So names, methods and sizes must agree, flags and check sums are ignored, and what differs is a
problem. Format: PKWARE APPNOTE 6.3.10, sections 4.3 to 4.5.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Literal

from ..errors import LimitExceeded, MalformedInput, Unavailable

_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END = struct.Struct("<4sHHHHIIH")
_END64 = struct.Struct("<4sQHHIIQQQQ")
_END_SEARCH = 65_557
_STORED, _DEFLATED = 0, 8
_CHUNK = 64 << 10
_32, _16 = 0xFFFFFFFF, 0xFFFF
_DESCRIPTOR = 24  # the longest data descriptor


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """How much of an archive is read, and from where on it counts as a bomb."""

    entries: int = 100_000
    directory: int = 32 << 20
    ratio: int = 1100  # deflate itself can't do more than about 1032
    total: int = 1 << 40
    suspicious_ratio: int = 200
    suspicious_bytes: int = 100 << 20


@dataclass(frozen=True, slots=True)
class ArchiveProblem:
    """What is wrong with an archive: it is malformed, its two tables disagree, or it is a bomb."""

    kind: Literal["malformed", "mismatch", "bomb"]
    text: str
    offset: int | None = None
    member: str | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """One entry, as the central directory states it. `data_offset` is where its bytes begin, None if unknown."""

    archive: Path
    name: str
    size: int
    compressed_size: int
    offset: int
    method: int
    data_offset: int | None
    problems: tuple[ArchiveProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class Archive:
    """The entries of an archive and the `problems` of the archive as a whole. Iterates over its members."""

    path: Path
    members: tuple[Member, ...]
    problems: tuple[ArchiveProblem, ...]

    def __iter__(self) -> Iterator[Member]:
        return iter(self.members)

    def __len__(self) -> int:
        return len(self.members)

    def all_problems(self) -> list[ArchiveProblem]:
        """Return the problems of the archive, then those of its members."""
        return [*self.problems, *(problem for member in self.members for problem in member.problems)]


@dataclass(frozen=True, slots=True)
class _Entry:
    name: bytes
    size: int
    compressed: int
    offset: int
    method: int
    flags: int


def open_archive(path: Path, limits: ArchiveLimits = ArchiveLimits()) -> Archive:
    """List the members of the zip at `path`, reading its directory and the header of every entry.

    Raises MalformedInput when there is no central directory to read, LimitExceeded when it is larger than `limits`
    allows, Unavailable when the file can't be read. Everything else that is wrong is a problem of the result.
    """
    try:
        with path.open("rb") as stream:
            return _Reader(path, stream, limits).read()
    except OSError as error:
        raise Unavailable("unreadable-file", f"{path}: {error.strerror}", "Make the file readable.") from None


def read_member(member: Member, limit: int) -> bytes:
    """Return at most `limit` decompressed bytes of a member, ignoring its check sum and flags.

    Raises MalformedInput when its data can't be found or inflated, or its method is neither stored nor deflate.
    """
    if member.data_offset is None or member.method not in (_STORED, _DEFLATED):
        reason = "its data can't be found" if member.data_offset is None else f"compression method {member.method}"
        raise _malformed(member.archive, f"{member.name!r} can't be read: {reason}")
    try:
        with member.archive.open("rb") as stream:
            stream.seek(member.data_offset)
            if member.method == _STORED:
                return stream.read(max(0, min(limit, member.compressed_size)))
            return _inflate(stream, member.compressed_size, limit)
    except OSError as error:
        raise Unavailable("unreadable-file", f"{member.archive}: {error.strerror}", "Make the file readable.") from None
    except zlib.error as error:
        raise _malformed(member.archive, f"{member.name!r} can't be inflated: {error}") from None


def _inflate(stream: BinaryIO, compressed: int, limit: int) -> bytes:
    inflater = zlib.decompressobj(-15)
    pieces: list[bytes] = []
    pending = b""
    while limit > 0 and not inflater.eof:
        if not pending:
            pending = stream.read(min(_CHUNK, compressed))
            compressed -= len(pending)
            if not pending:
                break
        piece = inflater.decompress(pending, limit)
        pending = inflater.unconsumed_tail
        pieces.append(piece)
        limit -= len(piece)
    return b"".join(pieces)


def _malformed(path: Path, text: str) -> MalformedInput:
    return MalformedInput("malformed-archive", f"{path.name}: {text}", "Obtain the file again from its source.")


class _Reader:
    def __init__(self, path: Path, stream: BinaryIO, limits: ArchiveLimits) -> None:
        self._path, self._stream, self._limits = path, stream, limits
        self._size = stream.seek(0, 2)
        self._problems: list[ArchiveProblem] = []

    def read(self) -> Archive:
        start, length, count, prefix = self._find_directory()
        if length > self._limits.directory or count > self._limits.entries:
            raise LimitExceeded(
                "archive-too-large",
                f"{self._path.name}: a directory of {count} entries and {length} bytes",
                f"No more than {self._limits.entries} entries and {self._limits.directory} bytes are read.",
            )
        if prefix:
            self._note("mismatch", f"{prefix} bytes stand before the archive", 0)
        entries = self._central(self._at(start, length), start, count)
        members = [self._member(entry, prefix) for entry in entries]
        self._names(members)
        self._layout(members, start, prefix)
        self._bomb(members)
        return Archive(self._path, tuple(members), tuple(self._problems))

    def _note(self, kind: Literal["malformed", "mismatch", "bomb"], text: str, offset: int | None = None) -> None:
        if len(self._problems) < 100:
            self._problems.append(ArchiveProblem(kind, text, offset))

    def _at(self, offset: int, count: int) -> bytes:
        self._stream.seek(min(max(offset, 0), self._size))
        return self._stream.read(count)

    def _find_directory(self) -> tuple[int, int, int, int]:
        """Return (start of the central directory, its length, number of entries, bytes before the archive)."""
        base = max(0, self._size - _END_SEARCH)
        tail = self._at(base, _END_SEARCH)
        found = [at for at in _all(tail, b"PK\x05\x06") if at + _END.size <= len(tail)]
        exact = [at for at in found if at + _END.size + int.from_bytes(tail[at + 20 : at + 22], "little") == len(tail)]
        if not found:
            raise _malformed(self._path, f"no end record in the last {len(tail)} bytes: the zip is cut short")
        if len(found) > 1:
            self._note("mismatch", f"{len(found)} end records: readers may choose different ones", base + found[0])
        if not exact:
            self._note("mismatch", "bytes follow the end of the archive", base + found[-1])
        at = (exact or found)[-1]
        _, _, _, _, count, length, offset, _ = _END.unpack_from(tail, at)
        end = base + at
        if at >= 20 and tail.startswith(b"PK\x06\x07", at - 20):
            stated = int.from_bytes(tail[at - 12 : at - 4], "little")
            for place in (stated, end - 20 - _END64.size):  # the second: bytes were put before the archive
                record = self._at(place, _END64.size) if place < self._size else b""
                if record.startswith(b"PK\x06\x06") and len(record) == _END64.size:
                    count64, length64, offset64 = _END64.unpack(record)[7:10]
                    for small, large, most in ((count, count64, _16), (length, length64, _32), (offset, offset64, _32)):
                        if small not in (most, large):
                            self._note("mismatch", "the zip64 end record disagrees with the end record", place)
                    count, length, offset, end = count64, length64, offset64, place
                    break
            else:
                raise _malformed(self._path, f"no zip64 end record at {stated}")
        prefix = end - length - offset
        if prefix < 0:
            raise _malformed(self._path, f"the directory of {length} bytes at {offset} does not fit before byte {end}")
        return offset + prefix, length, count, prefix

    def _central(self, data: bytes, start: int, count: int) -> list[_Entry]:
        entries: list[_Entry] = []
        at = 0
        while at < len(data):
            if at + _CENTRAL.size > len(data) or not data.startswith(b"PK\x01\x02", at):
                self._note("malformed", f"entry {len(entries) + 1} of the directory is not one", start + at)
                break
            if len(entries) >= self._limits.entries:
                self._note("bomb", f"more than {self._limits.entries} entries", start + at)
                break
            fields = _CENTRAL.unpack_from(data, at)
            flags, method, compressed, size = fields[3], fields[4], fields[8], fields[9]
            name_size, extra_size, comment_size, offset = fields[10], fields[11], fields[12], fields[16]
            name_at = at + _CENTRAL.size
            extra_at = name_at + name_size
            after = extra_at + extra_size + comment_size
            if after > len(data):
                self._note("malformed", f"entry {len(entries) + 1} runs over the end of the directory", start + at)
                break
            size, compressed, offset = _zip64(data[extra_at : extra_at + extra_size], size, compressed, offset)
            entries.append(_Entry(data[name_at:extra_at], size, compressed, offset, method, flags))
            at = after
        if len(entries) != count:
            self._note("mismatch", f"the end record counts {count} entries, the directory holds {len(entries)}", start)
        return entries

    def _member(self, entry: _Entry, prefix: int) -> Member:
        """Compare an entry of the directory with its local header."""
        name = entry.name.decode("utf-8", "replace")
        problems: list[ArchiveProblem] = []
        offset = entry.offset + prefix

        def note(kind: Literal["malformed", "mismatch", "bomb"], text: str) -> None:
            problems.append(ArchiveProblem(kind, text, offset, name[:200]))

        data_offset = None
        local = self._at(offset, _LOCAL.size + len(entry.name)) if offset < self._size else b""
        if len(local) < _LOCAL.size or not local.startswith(b"PK\x03\x04"):
            note("malformed", "the directory points to no local header")
        else:
            _, _, flags, method, _, _, _, compressed, size, name_size, extra_size = _LOCAL.unpack_from(local)
            data_offset = offset + _LOCAL.size + name_size + extra_size
            if name_size != len(entry.name) or local[_LOCAL.size :] != entry.name:
                note("mismatch", "the local header has another name")
            if method != entry.method:
                note("mismatch", f"method {entry.method} in the directory, {method} in the local header")
            if (flags ^ entry.flags) & 0b1001 or flags & 1:
                note("mismatch", "flags of encryption or of a later length are set, or differ")
            if compressed == _32 or size == _32:
                extra = self._at(offset + _LOCAL.size + name_size, extra_size)
                size, compressed, _ = _zip64(extra, size, compressed, 0)
            later = flags & 8 and (size, compressed) in ((0, 0), (_32, _32))
            if not later and (size, compressed) != (entry.size, entry.compressed):
                note("mismatch", f"sizes {entry.size}/{entry.compressed} in the directory, {size}/{compressed} locally")
            if data_offset + entry.compressed > self._size:
                note("malformed", "its data run over the end of the file")
        if entry.method == _STORED and entry.size != entry.compressed:
            note("mismatch", f"stored, yet {entry.compressed} bytes are said to hold {entry.size}")
        if entry.size > self._limits.ratio * max(entry.compressed, 1) or (
            entry.size > self._limits.suspicious_bytes
            and entry.size > self._limits.suspicious_ratio * max(entry.compressed, 1)
        ):
            note("bomb", f"{entry.compressed} bytes are said to inflate to {entry.size}")
        if text := _unsafe_name(name):
            note("mismatch", text)
        return Member(
            self._path, name, entry.size, entry.compressed, offset, entry.method, data_offset, tuple(problems)
        )

    def _names(self, members: list[Member]) -> None:
        seen: set[str] = set()
        for member in members:
            if member.name in seen:
                self._note("mismatch", f"the name {member.name[:200]!r} stands twice", member.offset)
            seen.add(member.name)

    def _layout(self, members: list[Member], directory: int, prefix: int) -> None:
        """Entries must not overlap, and no entry may hide between two of them."""
        reached = prefix
        ordered = sorted(members, key=lambda member: member.offset)
        for member in ordered:
            self._gap(reached, member.offset, member.name)
            if member.data_offset is not None:
                reached = max(reached, member.data_offset + member.compressed_size)
        self._gap(reached, directory, "the directory")

    def _gap(self, reached: int, start: int, name: str) -> None:
        if start < reached:
            kind: Literal["bomb", "mismatch"] = "bomb" if name != "the directory" else "mismatch"
            self._note(kind, f"{name[:200]!r} overlaps the entry before it by {reached - start} bytes", start)
        elif start > reached:
            gap = self._at(reached, min(start - reached, _CHUNK))
            if b"PK\x03\x04" in gap:
                self._note("mismatch", "an entry that the directory does not list", reached + gap.find(b"PK\x03\x04"))
            elif start - reached > _DESCRIPTOR:
                self._note("mismatch", f"{start - reached} bytes belong to no entry", reached)

    def _bomb(self, members: list[Member]) -> None:
        total = sum(member.size for member in members)
        if total > self._limits.total:
            self._note("bomb", f"the entries together are said to inflate to {total} bytes")


def _all(data: bytes, pattern: bytes) -> Iterator[int]:
    at = data.find(pattern)
    while at >= 0:
        yield at
        at = data.find(pattern, at + 1)


def _zip64(extra: bytes, size: int, compressed: int, offset: int) -> tuple[int, int, int]:
    """Replace sizes and offset that say "too large" by those of the zip64 extra field (APPNOTE 4.5.3)."""
    at = 0
    while at + 4 <= len(extra):
        tag, length = struct.unpack_from("<HH", extra, at)
        if tag == 1:
            values = iter(
                int.from_bytes(extra[at + 4 + place : at + 12 + place], "little") for place in range(0, length - 7, 8)
            )
            size = next(values, size) if size == _32 else size
            compressed = next(values, compressed) if compressed == _32 else compressed
            offset = next(values, offset) if offset == _32 else offset
            break
        at += 4 + length
    return size, compressed, offset


def _unsafe_name(name: str) -> str | None:
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if ".." in parts:
        return "its name leads out of the archive"
    if name.startswith(("/", "\\")) or (len(name) > 1 and name[1] == ":"):
        return "its name is absolute"
    if "\x00" in name or "\\" in name:
        return "its name has a NUL or a backslash"
    return None
