"""The fixed records of the zip format: their layouts, and an entry of the central directory read from its bytes.

Format: PKWARE APPNOTE 6.3.10, sections 4.3 to 4.5.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

LOCAL = struct.Struct("<4sHHHHHIIIHH")
CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
END = struct.Struct("<4sHHHHIIH")
END64 = struct.Struct("<4sQHHIIQQQQ")
LOCATOR64 = struct.Struct("<4sIQI")
LOCAL_MARK, CENTRAL_MARK, END_MARK = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
END64_MARK, LOCATOR64_MARK = b"PK\x06\x06", b"PK\x06\x07"
END_SEARCH = END.size + 0xFFFF  # the end record and the longest comment behind it
STORED, DEFLATED, BZIP2 = 0, 8, 12
FULL_32 = 0xFFFFFFFF  # "look into the zip64 record"
FULL_END = (0xFFFF, FULL_32, FULL_32)  # the same in the end record: entries, length and offset of the directory
LONGEST_DESCRIPTOR = 24  # bytes of a data descriptor with signature and zip64 sizes


@dataclass(frozen=True, slots=True)
class Entry:
    """What the central directory says of one entry; `offset` is that of its local header, in bytes."""

    name: bytes
    size: int
    compressed: int
    offset: int
    method: int
    flags: int
    crc: int


def read_entry(directory: bytes, at: int) -> tuple[Entry, int] | None:
    """Read the entry at `at` of the central directory; return it and where the next one begins.

    None where no entry begins; the second number exceeds the directory's length where the entry is cut short.
    """
    if at + CENTRAL.size > len(directory) or not directory.startswith(CENTRAL_MARK, at):
        return None
    fields = CENTRAL.unpack_from(directory, at)
    flags, method, crc, compressed, size = fields[3], fields[4], fields[7], fields[8], fields[9]
    name_size, extra_size, comment_size, offset = fields[10], fields[11], fields[12], fields[16]
    name_at = at + CENTRAL.size
    extra_at = name_at + name_size
    extra = directory[extra_at : extra_at + extra_size]
    size, compressed, offset = widen(extra, size, compressed, offset)
    entry = Entry(directory[name_at:extra_at], size, compressed, offset, method, flags, crc)
    return entry, extra_at + extra_size + comment_size


def widen(extra: bytes, size: int, compressed: int, offset: int) -> tuple[int, int, int]:
    """Replace sizes and offset that say "too large" by those of the zip64 extra field (APPNOTE 4.5.3)."""
    at = 0
    while at + 4 <= len(extra):
        tag, length = struct.unpack_from("<HH", extra, at)
        if tag == 1:
            values = iter(
                int.from_bytes(extra[at + 4 + place : at + 12 + place], "little") for place in range(0, length - 7, 8)
            )
            size = next(values, size) if size == FULL_32 else size
            compressed = next(values, compressed) if compressed == FULL_32 else compressed
            offset = next(values, offset) if offset == FULL_32 else offset
            break
        at += 4 + length
    return size, compressed, offset
