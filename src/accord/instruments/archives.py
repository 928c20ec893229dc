"""Zip archives read without trust: the central directory and the local headers are compared, never extracted.

Loaders disagree about which of the two they believe, and attackers live in the gap (CVE-2025-1944, CVE-2025-1945,
CVE-2025-10156). So names, methods, sizes and check sums must agree, what differs is a problem, and neither a flag nor
a check sum keeps a member from being read. Format: PKWARE APPNOTE 6.3.10, sections 4.3 to 4.5.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Literal

from ..errors import LimitExceeded, MalformedInput, Unavailable
from . import zip_records
from .zip_records import END, END64, LOCAL, LOCATOR64, STORED, Entry, read_entry, widen

_CHUNK = 64 << 10


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
    """One entry, as the central directory states it. `offset` (of the local header) and `data_offset` (of its bytes,
    None if unknown) count from the start of the file, also where the archive is only a part of it."""

    archive: Path
    name: str
    size: int
    compressed_size: int
    offset: int
    method: int
    crc: int
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


def open_archive(
    path: Path, limits: ArchiveLimits = ArchiveLimits(), *, start: int = 0, length: int | None = None
) -> Archive:
    """List the members of the zip at `path`, reading its directory and the header of every entry.

    An archive stored in another one is the `length` bytes of the file from byte `start`, or all after it.
    Raises MalformedInput when there is no central directory to read, LimitExceeded when it is larger than `limits`
    allows, Unavailable when the file can't be read. Everything else that is wrong is a problem of the result.
    """
    try:
        with path.open("rb") as stream:
            return _Reader(path, stream, limits, start, length).read()
    except OSError as error:
        raise Unavailable("unreadable-file", f"{path}: {error.strerror}", "Make the file readable.") from None


def read_member(member: Member, limit: int) -> bytes:
    """Return at most `limit` decompressed bytes of a member, ignoring its check sum and flags.

    Raises MalformedInput when its data can't be found or inflated, or its method is neither stored nor deflate.
    """
    if member.data_offset is None or member.method not in (STORED, zip_records.DEFLATED):
        reason = "its data can't be found" if member.data_offset is None else f"compression method {member.method}"
        raise _malformed(member.archive, f"{member.name!r} can't be read: {reason}")
    try:
        with member.archive.open("rb") as stream:
            stream.seek(member.data_offset)
            if member.method == STORED:
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
    """Reads the bytes from `start` to `end`; all its offsets count from the start of the file."""

    def __init__(self, path: Path, stream: BinaryIO, limits: ArchiveLimits, start: int, length: int | None) -> None:
        self._path, self._stream, self._limits = path, stream, limits
        size = stream.seek(0, 2)
        self._start = min(start, size)
        self._end = size if length is None else min(self._start + length, size)
        self._problems: list[ArchiveProblem] = []

    def read(self) -> Archive:
        start, length, count, base = self._find_directory()
        if length > self._limits.directory or count > self._limits.entries:
            raise LimitExceeded(
                "archive-too-large",
                f"{self._path.name}: a directory of {count} entries and {length} bytes",
                f"No more than {self._limits.entries} entries and {self._limits.directory} bytes are read.",
            )
        if base > self._start:
            self._note("mismatch", f"{base - self._start} bytes stand before the archive", self._start)
        entries = self._central(self._at(start, length), start, count)
        members = [self._member(entry, base) for entry in entries]
        self._names(members)
        self._layout(members, start, base)
        self._bomb(members)
        return Archive(self._path, tuple(members), tuple(self._problems))

    def _note(self, kind: Literal["malformed", "mismatch", "bomb"], text: str, offset: int | None = None) -> None:
        if len(self._problems) < 100:
            self._problems.append(ArchiveProblem(kind, text, offset))

    def _at(self, offset: int, count: int) -> bytes:
        """Return `count` bytes, or fewer at the end of the archive; none outside it."""
        if not self._start <= offset < self._end:
            return b""
        self._stream.seek(offset)
        return self._stream.read(min(count, self._end - offset))

    def _find_directory(self) -> tuple[int, int, int, int]:
        """Return (start of the central directory, its length, number of entries, where the archive's offsets begin)."""
        tail_at = max(self._start, self._end - zip_records.END_SEARCH)
        tail = self._at(tail_at, zip_records.END_SEARCH)
        found = [at for at in _all(tail, zip_records.END_MARK) if at + END.size <= len(tail)]
        if not found:
            raise _malformed(self._path, f"no end record in the last {len(tail)} bytes: the zip is cut short")
        exact = {at for at in found if at + END.size + int.from_bytes(tail[at + 20 : at + 22], "little") == len(tail)}
        at = found[-1]  # as Python's zipfile and PyTorch's miniz choose
        if at not in exact:
            self._note("mismatch", "bytes follow the end of the archive", tail_at + at)
        _, _, _, _, count, length, offset, _ = END.unpack_from(tail, at)
        count, length, offset, end = self._widen_end(count, length, offset, tail_at + at)
        base = end - length - offset
        if base < self._start:
            raise _malformed(self._path, f"the directory of {length} bytes at {offset} does not fit before byte {end}")
        # The end records that lie among the members are those of archives stored in this one.
        rivals = [at for at in found if tail_at + at >= base + offset or at in exact]
        if len(rivals) > 1:
            self._note("mismatch", f"{len(rivals)} end records: readers may choose different ones", tail_at + rivals[0])
        return base + offset, length, count, base

    def _widen_end(self, count: int, length: int, offset: int, end: int) -> tuple[int, int, int, int]:
        """Replace what the end record at `end` says by the zip64 end record and its place, where there is one.

        It counts also where the end record has room for all of its numbers: PyTorch always writes one.
        """
        locator = self._at(end - LOCATOR64.size, LOCATOR64.size)
        if not locator.startswith(zip_records.LOCATOR64_MARK):
            return count, length, offset, end
        stated = self._start + int(LOCATOR64.unpack(locator)[2])
        usual = end - LOCATOR64.size - END64.size  # not the same where bytes were put before the archive
        for place in (stated, usual):
            record = self._at(place, END64.size)
            if len(record) < END64.size or not record.startswith(zip_records.END64_MARK):
                continue
            if place != usual:
                self._note("mismatch", "the zip64 end record stands elsewhere than before its locator", place)
            wide = END64.unpack(record)[7:10]
            told = zip((count, length, offset), wide, zip_records.FULL_END, strict=True)
            if any(small not in (large, full) for small, large, full in told):
                self._note("mismatch", "the zip64 end record disagrees with the end record", place)
            return *wide, place
        raise _malformed(self._path, f"no zip64 end record at {stated}")

    def _central(self, data: bytes, start: int, count: int) -> list[Entry]:
        entries: list[Entry] = []
        at = 0
        while at < len(data):
            found = read_entry(data, at)
            if found is None:
                self._note("malformed", f"entry {len(entries) + 1} of the directory is not one", start + at)
                break
            if len(entries) >= self._limits.entries:
                self._note("bomb", f"more than {self._limits.entries} entries", start + at)
                break
            entry, after = found
            if after > len(data):
                self._note("malformed", f"entry {len(entries) + 1} runs over the end of the directory", start + at)
                break
            entries.append(entry)
            at = after
        if len(entries) != count:
            self._note("mismatch", f"the end record counts {count} entries, the directory holds {len(entries)}", start)
        return entries

    def _member(self, entry: Entry, base: int) -> Member:
        """Compare an entry of the directory with its local header."""
        name = entry.name.decode("utf-8", "replace")
        problems: list[ArchiveProblem] = []
        offset = base + entry.offset

        def note(kind: Literal["malformed", "mismatch", "bomb"], text: str) -> None:
            problems.append(ArchiveProblem(kind, text, offset, name[:200]))

        data_offset = None
        local = self._at(offset, LOCAL.size + len(entry.name))
        if len(local) < LOCAL.size or not local.startswith(zip_records.LOCAL_MARK):
            note("malformed", "the directory points to no local header")
        else:
            _, _, flags, method, _, _, crc, compressed, size, name_size, extra_size = LOCAL.unpack_from(local)
            data_offset = offset + LOCAL.size + name_size + extra_size
            if name_size != len(entry.name) or local[LOCAL.size :] != entry.name:
                note("mismatch", "the local header has another name")
            if method != entry.method:
                note("mismatch", f"method {entry.method} in the directory, {method} in the local header")
            if (flags ^ entry.flags) & 0b1001 or flags & 1:
                note("mismatch", "flags of encryption or of a later length are set, or differ")
            if compressed == zip_records.FULL_32 or size == zip_records.FULL_32:
                extra = self._at(offset + LOCAL.size + name_size, extra_size)
                size, compressed, _ = widen(extra, size, compressed, 0)
            later = flags & 8 and (size, compressed) in ((0, 0), (zip_records.FULL_32, zip_records.FULL_32))
            if not later and (size, compressed) != (entry.size, entry.compressed):
                note("mismatch", f"sizes {entry.size}/{entry.compressed} in the directory, {size}/{compressed} locally")
            if crc != entry.crc and not (flags & 8 and crc == 0):
                note("mismatch", "directory and local header have different check sums")
            if data_offset + entry.compressed > self._end:
                note("malformed", "its data run over the end of the archive")
        if entry.method == STORED and entry.size != entry.compressed:
            note("mismatch", f"stored, yet {entry.compressed} bytes are said to hold {entry.size}")
        if entry.size > self._limits.ratio * max(entry.compressed, 1) or (
            entry.size > self._limits.suspicious_bytes
            and entry.size > self._limits.suspicious_ratio * max(entry.compressed, 1)
        ):
            note("bomb", f"{entry.compressed} bytes are said to inflate to {entry.size}")
        if text := _unsafe_name(name):
            note("mismatch", text)
        sizes = entry.size, entry.compressed
        return Member(self._path, name, *sizes, offset, entry.method, entry.crc, data_offset, tuple(problems))

    def _names(self, members: list[Member]) -> None:
        seen: set[str] = set()
        for member in members:
            if member.name in seen:
                self._note("mismatch", f"the name {member.name[:200]!r} stands twice", member.offset)
            seen.add(member.name)

    def _layout(self, members: list[Member], directory: int, base: int) -> None:
        """Entries must not overlap, and no entry may hide between two of them."""
        reached = base
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
            if zip_records.LOCAL_MARK in gap:
                at = reached + gap.find(zip_records.LOCAL_MARK)
                self._note("mismatch", "an entry that the directory does not list", at)
            elif start - reached > zip_records.LONGEST_DESCRIPTOR:
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


def _unsafe_name(name: str) -> str | None:
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if ".." in parts:
        return "its name leads out of the archive"
    if name.startswith(("/", "\\")) or (len(name) > 1 and name[1] == ":"):
        return "its name is absolute"
    if "\x00" in name or "\\" in name:
        return "its name has a NUL or a backslash"
    return None
