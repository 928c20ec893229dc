"""Members of a zip archive as loaders may see them: by the central directory, checked against the local headers.

Scanners have been passed by archives that show them one thing and PyTorch another: a name, a flag or a checksum that
makes the scanner give up and the loader not. So flags and checksums never stop us, and every disagreement is reported
(PKWARE APPNOTE 4.3; CVE-2025-1944, -1945, -10156).
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from .pickle_source import FilePart, Inflated, Source, SourceFault

MOST_MEMBERS = 100_000
_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_LARGEST_DIRECTORY = 64 << 20
_LARGEST_GAP = 16 << 20
_FULL_16, _FULL_32 = 0xFFFF, 0xFFFFFFFF
_METHODS = {0: "stored", 8: "deflate", 12: "bzip2"}


@dataclass(frozen=True, slots=True)
class Member:
    """One file of the archive: where its data lie and what the directory says of them."""

    name: str
    header: int
    data: int
    method: int
    compressed: int
    size: int
    crc: int

    def source(self, path: Path, base: int) -> Source:
        """The bytes of the member of the archive that begins at `base`. Raises SourceFault for an unknown method."""
        if self.method not in _METHODS:
            raise SourceFault(f"compression method {self.method} can't be read")
        stored = FilePart(path, base + self.data, self.compressed)
        return stored if self.method == 0 else Inflated(stored, _METHODS[self.method], self.size)


@dataclass(slots=True)
class Archive:
    """What the directory lists, and where the archive contradicts itself: (member, text)."""

    members: list[Member]
    faults: list[tuple[str | None, str]]


def read_archive(path: Path, start: int, length: int) -> Archive:
    """Read the directory of the archive in `length` bytes of `path` from `start`. Raises SourceFault, OSError."""
    with path.open("rb") as file:
        reader = _Reader(file, start, length)
        offset, size, count, shift = reader.find_directory()
        faults: list[tuple[str | None, str]] = []
        if shift:
            faults.append((None, f"{shift} bytes stand before the archive"))
        members = reader.members(offset, size, count, shift, faults)
        reader.gaps(members, offset, faults)
    names = [member.name for member in members]
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    faults += [(name, "the name occurs twice") for name in twice[:20]]
    return Archive(members, faults)


class _Reader:
    def __init__(self, file: BinaryIO, start: int, length: int) -> None:
        self._file, self._start, self._length = file, start, length

    def read(self, offset: int, count: int) -> bytes:
        """Return `count` bytes, or fewer at the end of the archive."""
        if offset < 0 or offset > self._length:
            return b""
        self._file.seek(self._start + offset)
        return self._file.read(min(count, self._length - offset))

    def find_directory(self) -> tuple[int, int, int, int]:
        """Return offset, size and count of the central directory, and by how much all offsets are shifted."""
        tail_at = max(0, self._length - _END.size - _FULL_16)
        tail = self.read(tail_at, self._length)
        found = tail.rfind(b"PK\5\6")
        if found < 0 or len(tail) - found < _END.size:
            raise SourceFault("the archive has no end record")
        _, _, _, _, count, size, offset, _ = _END.unpack_from(tail, found)
        end_at = tail_at + found
        locator = self.read(end_at - _LOCATOR.size, _LOCATOR.size)
        if locator[:4] == b"PK\6\7" and (count == _FULL_16 or _FULL_32 in (size, offset)):
            record = self.read(_LOCATOR.unpack(locator)[2], _END_64.size)
            if len(record) < _END_64.size or record[:4] != b"PK\6\6":
                raise SourceFault("the archive's 64-bit end record is missing")
            *_, count, size, offset = _END_64.unpack(record)
            end_at -= _LOCATOR.size + _END_64.size
        shift = end_at - size - offset
        if count > MOST_MEMBERS or size > _LARGEST_DIRECTORY:
            raise SourceFault(f"the archive lists {count} members", bomb=True)
        if shift < 0:
            raise SourceFault("the archive's directory does not fit into the file")
        return offset + shift, size, count, shift

    def members(
        self, offset: int, size: int, count: int, shift: int, faults: list[tuple[str | None, str]]
    ) -> list[Member]:
        directory, at, found = self.read(offset, size), 0, []
        while at + _CENTRAL.size <= len(directory) and directory[at : at + 4] == b"PK\1\2":
            fields = _CENTRAL.unpack_from(directory, at)
            _, _, _, flags, method, _, _, crc, compressed, full, names, extras, comments, _, _, _, header = fields
            at += _CENTRAL.size
            raw = directory[at : at + names]
            extra = directory[at + names : at + names + extras]
            full, compressed, header = _sixty_four_bits(extra, full, compressed, header)
            at += names + extras + comments
            name = raw.decode("utf-8", "backslashreplace")
            data = self._check_local(header + shift, raw, (flags, method, crc, compressed, full), name, faults)
            found.append(Member(name, header + shift, data, method, compressed, full, crc))
            if len(found) > MOST_MEMBERS:
                raise SourceFault("the archive lists too many members", bomb=True)
        if len(found) != count:
            faults.append((None, f"the directory holds {len(found)} members and says {count}"))
        return found

    def _check_local(
        self, header: int, name: bytes, said: tuple[int, ...], shown: str, faults: list[tuple[str | None, str]]
    ) -> int:
        """Compare a local header with what the directory `said`; return where the data begin."""
        record = self.read(header, _LOCAL.size)
        if len(record) < _LOCAL.size or record[:4] != b"PK\3\4":
            faults.append((shown, "there is no local header where the directory says"))
            return header + _LOCAL.size + len(name)
        _, _, flags, method, _, _, crc, compressed, full, names, extras = _LOCAL.unpack(record)
        tail = self.read(header + _LOCAL.size, names + extras)
        full, compressed, _ = _sixty_four_bits(tail[names:], full, compressed, 0)
        if tail[:names] != name:
            other = tail[:names].decode("utf-8", "backslashreplace")[:200]
            faults.append((shown, f"its local header calls it {other!r}"))
        if method != said[1]:
            faults.append((shown, "directory and local header name different compression methods"))
        if flags & 8 == 0 and (crc, compressed, full) != said[2:]:
            faults.append((shown, "directory and local header disagree on size or checksum"))
        if flags & 1 or said[0] & 1:
            faults.append((shown, "it is marked as encrypted"))
        return header + _LOCAL.size + int(names) + int(extras)

    def gaps(self, members: list[Member], directory: int, faults: list[tuple[str | None, str]]) -> None:
        """Look between the members for files that the directory does not list."""
        at = 0
        ordered = sorted(members, key=lambda member: member.header)
        for start, end in [*((m.header, m.data + m.compressed) for m in ordered), (directory, directory)]:
            if at > start:
                faults.append((None, "members overlap"))
                return
            if start > at and b"PK\3\4" in self.read(at, min(start - at, _LARGEST_GAP)):
                faults.append((None, "it holds a file that the directory does not list"))
                return
            at = end


def _sixty_four_bits(extra: bytes, full: int, compressed: int, header: int) -> tuple[int, int, int]:
    """Replace sizes and offset that do not fit by those of the zip64 extra field."""
    values = [full, compressed, header]
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            field = extra[at + 4 : at + 4 + length]
            for number, value in enumerate(values):
                if value == _FULL_32 and len(field) >= 8:
                    values[number], field = int.from_bytes(field[:8], "little"), field[8:]
            break
        at += 4 + length
    return values[0], values[1], values[2]


def checksum(source: Source) -> int:
    """Return the CRC-32 of a source. Raises SourceFault."""
    total = 0
    with source.open() as stream:
        while part := stream.read(1 << 20):
            total = zlib.crc32(part, total)
    return total
