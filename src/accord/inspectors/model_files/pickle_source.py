"""Where pickle bytes come from: a part of a file, or such a part decompressed on the way. Read forward, never whole."""

from __future__ import annotations

import bz2
import io
import lzma
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

_BUFFER = 1 << 18
_INPUT = 1 << 16
# Honest models compress by less than ten; a run of zeros by a thousand. Small files may do as they like.
_MOST_RATIO = 200
_RATIO_MATTERS_FROM = 256 << 20


class SourceFault(Exception):
    """Bytes that can't be had. `bomb` where that is because there would be too many of them."""

    def __init__(self, text: str, *, bomb: bool = False) -> None:
        super().__init__(text)
        self.text = text
        self.bomb = bomb


class Source(Protocol):
    """Bytes that can be opened any number of times, to be read forward. `size` is None until they have been read."""

    @property
    def size(self) -> int | None:
        """The number of bytes, where it is known."""

    def open(self, offset: int = 0) -> io.BufferedIOBase:
        """Open at `offset`. Reading may raise SourceFault."""


class _Part(io.RawIOBase):
    """A range of a file as a file of its own."""

    def __init__(self, path: Path, start: int, end: int) -> None:
        self._file = path.open("rb", buffering=0)
        self._left = max(0, end - start)
        self._file.seek(start)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)[: self._left]
        count = self._file.readinto(view)
        self._left -= count or 0
        return count or 0

    def close(self) -> None:
        self._file.close()
        super().close()


@dataclass(frozen=True, slots=True)
class FilePart:
    """`length` bytes of a file from `start`."""

    path: Path
    start: int
    length: int

    @property
    def size(self) -> int | None:
        """The number of bytes."""
        return self.length

    def open(self, offset: int = 0) -> io.BufferedIOBase:
        """Open at `offset`. Raises OSError."""
        return io.BufferedReader(_Part(self.path, self.start + offset, self.start + self.length), _BUFFER)


def _lzma() -> Any:
    return lzma.LZMADecompressor(memlimit=256 << 20)


_DECOMPRESSORS: dict[str, Callable[[], Any]] = {
    "zlib": zlib.decompressobj,
    "deflate": lambda: zlib.decompressobj(-15),
    "gzip": lambda: zlib.decompressobj(31),
    "bzip2": bz2.BZ2Decompressor,
    "xz": _lzma,
}
_SEVERAL_STREAMS = frozenset({"gzip", "bzip2", "xz"})


class _Inflated(io.RawIOBase):
    """A decompressed view of another stream, never more than a buffer ahead."""

    def __init__(self, inner: io.BufferedIOBase, method: str) -> None:
        self._inner = inner
        self._method = method
        self._machine = _DECOMPRESSORS[method]()
        self._taken = self._given = 0
        self._pending = b""
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        try:
            data = self._more(len(view))
        except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError) as error:
            raise SourceFault(f"the {self._method} data are damaged: {error}") from None
        view[: len(data)] = data
        self._given += len(data)
        if self._given > _RATIO_MATTERS_FROM and self._given > _MOST_RATIO * self._taken:
            raise SourceFault(f"more than {_MOST_RATIO} times as large when decompressed", bomb=True)
        return len(data)

    def _more(self, longest: int) -> bytes:
        while not self._ended:
            if self._machine.eof and not self._next_stream():
                break
            data: bytes = self._machine.decompress(self._feed(), longest)
            self._pending = getattr(self._machine, "unconsumed_tail", b"")
            if data:
                return data
        return b""

    def _feed(self) -> bytes:
        if self._pending:
            return self._pending
        if not getattr(self._machine, "needs_input", True):
            return b""
        fresh = self._inner.read(_INPUT)
        self._taken += len(fresh)
        if not fresh and not self._machine.eof:
            raise EOFError("the end is missing")
        return fresh

    def _next_stream(self) -> bool:
        rest = self._machine.unused_data or self._inner.read(_INPUT)
        self._taken += 0 if self._machine.unused_data else len(rest)
        if not rest or self._method not in _SEVERAL_STREAMS or not rest.strip(b"\0"):
            self._ended = True
            return False
        self._machine, self._pending = _DECOMPRESSORS[self._method](), rest
        return True

    def close(self) -> None:
        self._inner.close()
        super().close()


@dataclass(slots=True)
class Inflated:
    """Another source, decompressed by `method` (zlib, deflate, gzip, bzip2 or xz)."""

    inner: Source
    method: str
    size: int | None = None

    def open(self, offset: int = 0) -> io.BufferedIOBase:
        """Open at `offset` of the decompressed bytes. Reading raises SourceFault where the data are damaged."""
        stream = io.BufferedReader(_Inflated(self.inner.open(), self.method), _BUFFER)
        skip(stream, offset)
        return stream


def skip(stream: io.BufferedIOBase, count: int) -> int:
    """Read past `count` bytes; return how many there were."""
    left = count
    while left > 0:
        part = stream.read(min(left, 1 << 20))
        if not part:
            break
        left -= len(part)
    return count - left


def checksum(source: Source) -> int:
    """Return the CRC-32 of a source. Raises SourceFault."""
    total = 0
    with source.open() as stream:
        while part := stream.read(1 << 20):
            total = zlib.crc32(part, total)
    return total


def compression(head: bytes) -> str | None:
    """Return by which method a file that starts with `head` is compressed; "lz4" where we can't read it."""
    if head[:2] == b"\x1f\x8b":
        return "gzip"
    if head[:3] == b"BZh":
        return "bzip2"
    if head[:6] == b"\xfd7zXZ\0" or head[:3] == b"]\0\0":
        return "xz"
    if head[:4] in (b"\x04\x22\x4d\x18", b"\x02\x21\x4c\x18"):
        return "lz4"
    if len(head) > 1 and head[0] == 0x78 and (head[0] << 8 | head[1]) % 31 == 0:
        return "zlib"
    return None
