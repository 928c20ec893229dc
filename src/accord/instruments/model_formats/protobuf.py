"""The protobuf wire format, walked in place: fields of a message without its schema and without copying its data.

Source: protocol buffers documentation, "Encoding". Groups (wire types 3 and 4) are malformed here: ONNX has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from .interface import RESOURCE_BOMB, CutShort, Window

FIELDS_LIMIT = 1_000_000
DEPTH_LIMIT = 32
_CHUNK = 64 << 10
_LONGEST_HEAD = 20  # of a field: two numbers of ten bytes
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


class Span(NamedTuple):
    """Where a message or a byte string lies: from byte `start` up to `end` of the file."""

    start: int
    end: int

    @property
    def size(self) -> int:
        """Its length in bytes."""
        return self.end - self.start


class Wire:
    """Walks messages in a window, and gives up after a million fields in all."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self._left = FIELDS_LIMIT

    def fields(self, span: Span, *, runs: re.Pattern[bytes] | None = None) -> Iterator[tuple[int, int | Span]]:
        """Yield (field number, value): an int for a number, a Span for bytes, text or a message.

        `runs` matches a run of whole fields that the caller doesn't want; they are passed over at once.
        """
        at, end = span.start, span.end
        base, data = at, b""
        while at < end:
            place = at - base
            if place + _LONGEST_HEAD > len(data) and base + len(data) < end:
                base, data, place = at, self.window.up_to(at, min(end - at, _CHUNK)), 0
            if runs and (match := runs.match(data, place)):
                at = base + match.end()
                continue
            self._left -= 1
            if self._left < 0:
                raise CutShort(at, f"more than {FIELDS_LIMIT} protobuf fields", rule=RESOURCE_BOMB)
            field_at = at
            key = data[place]
            if key < 0x80:  # most keys are one byte: this loop decides how fast an ONNX file is read
                at += 1
            else:
                key, at = self._varint(data, at, base, end)
            number, kind = key >> 3, key & 7
            if not 0 < number < 1 << 29:
                raise CutShort(field_at, f"protobuf field number {number} does not exist")
            if kind == VARINT:
                value, at = self._varint(data, at, base, end)
                yield number, value
            elif kind == BYTES:
                length, at = self._varint(data, at, base, end)
                if length > end - at:
                    raise CutShort(field_at, f"field {number} claims {length} bytes; its message has {end - at} left")
                yield number, Span(at, at + length)
                at += length
            elif kind in (FIXED64, FIXED32):
                start, at = at, at + (8 if kind == FIXED64 else 4)
                if at > end:
                    raise CutShort(field_at, f"field {number} runs over the end of its message")
                yield number, Span(start, at)
            else:
                raise CutShort(field_at, f"protobuf wire type {kind} is not used by this format")

    @staticmethod
    def _varint(data: bytes, at: int, base: int, end: int) -> tuple[int, int]:
        place = at - base
        if place < len(data) and data[place] < 0x80 and at < end:
            return data[place], at + 1
        value = shift = 0
        while place < len(data) and base + place < end and shift < 70:
            byte = data[place]
            value |= (byte & 0x7F) << shift
            place += 1
            if byte < 0x80:
                return value & 0xFFFFFFFFFFFFFFFF, base + place
            shift += 7
        raise CutShort(at, "a protobuf number does not end")

    def text(self, value: int | Span, limit: int = 512) -> str:
        """Return the text of a field, its first `limit` bytes."""
        if not isinstance(value, Span):
            raise CutShort(0, "a protobuf field is a number where a text belongs")
        return self.window.up_to(value.start, min(value.size, limit)).decode("utf-8", "replace")

    def packed(self, value: int | Span, limit: int = 64) -> list[int]:
        """Return the numbers of a repeated field, packed or single; CutShort beyond `limit`."""
        if isinstance(value, int):
            return [value]
        if value.size > 10 * limit:
            raise CutShort(value.start, f"more than {limit} numbers")
        data = self.window.up_to(value.start, value.size)
        numbers, at = [], value.start
        while at < value.end:
            number, at = self._varint(data, at, value.start, value.end)
            numbers.append(number)
        return numbers


def message(value: int | Span, what: str) -> Span:
    """Return the span of a sub-message, or raise CutShort if the field is a number."""
    if isinstance(value, Span):
        return value
    raise CutShort(0, f"{what} is a number where a message belongs")
