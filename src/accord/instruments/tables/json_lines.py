"""JSON Lines: an object a line. A first pass collects the names, so that a column may appear late."""

from __future__ import annotations

import codecs
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from ...errors import LimitExceeded, MalformedInput
from .interface import LIMITS, Batch, Table, arrow

Object = dict[str, msgspec.Raw]

_objects: Final = msgspec.json.Decoder(Object)
_strings: Final = msgspec.json.Decoder(str)


class JsonLinesTable(Table):
    """A JSON Lines file. A name that a line does not hold, or that it holds as null, is a missing cell."""

    kind = "jsonl"

    def __init__(self, path: Path) -> None:
        names: dict[str, None] = {}
        for number, _, row in _lines(path):
            names.update(dict.fromkeys(row))
            if len(names) > LIMITS.columns:
                raise LimitExceeded(
                    "too-many-columns",
                    f"{path.name}, line {number}: more than {LIMITS.columns:,} names up to here",
                    "Hand in objects with the same names on each line.",
                )
        super().__init__(path, list(names))
        self._given = list(names)

    def batches(self, columns: Sequence[int] | None = None) -> Iterator[Batch]:
        """Yield batches of at most 65,536 lines and about 16 MiB of text. Nested values are their JSON text."""
        pa = arrow()
        names = [self._given[place] for place in self.readable(columns)]
        first_row = 1
        for numbers, rows in self._chunks():
            cells, kinds = [], []
            for name in names:
                texts: list[str | None] = []
                counts: Counter[str] = Counter()
                for number, row in zip(numbers, rows, strict=True):
                    kind, text = self._cell(number, row.get(name))
                    texts.append(text)
                    if text is not None:
                        counts[kind] += 1
                cells.append(pa.array(texts, pa.string()))
                kinds.append(counts)
            yield Batch(first_row, len(rows), tuple(cells), tuple(kinds))
            first_row += len(rows)

    def _chunks(self) -> Iterator[tuple[list[int], list[Object]]]:
        """Gather rows until they make a batch, by their number, their bytes or their cells."""
        numbers: list[int] = []
        rows: list[Object] = []
        size = 0
        for number, length, row in _lines(self.path):
            numbers.append(number)
            rows.append(row)
            # A cell in memory costs far more than its byte or two in the file.
            size += length + 64 * len(row)
            if len(rows) >= LIMITS.batch_rows or size >= 4 * LIMITS.record:
                yield numbers, rows
                numbers, rows, size = [], [], 0
        if rows:
            yield numbers, rows

    def _cell(self, number: int, raw: msgspec.Raw | None) -> tuple[str, str | None]:
        """Return kind and text of a value. Numbers keep the digits that the file has."""
        if raw is None:
            return "", None
        value = bytes(raw).strip()
        first = value[:1]
        try:
            if first == b'"':
                text = _strings.decode(value)
                text.encode()
                return "text", text
            if first in b"{[":
                return "nested", value.decode()
        except (msgspec.DecodeError, ValueError):
            raise _malformed(self.path, number) from None
        if value == b"null":
            return "", None
        if value in (b"true", b"false"):
            return "boolean", value.decode()
        return "number" if set(value) & set(b".eE") else "integer", value.decode("ascii", "replace")


def _lines(path: Path) -> Iterator[tuple[int, int, Object]]:
    """Yield line number, length and object. Blank lines are passed over. Raises MalformedInput or LimitExceeded."""
    with path.open("rb") as file:
        number = 0
        while line := file.readline(LIMITS.record + 1):
            number += 1
            if len(line) > LIMITS.record:
                raise LimitExceeded(
                    "row-too-long",
                    f"{path.name}, line {number}: it is longer than {LIMITS.record >> 20} MiB",
                    "Write one object a line.",
                )
            if number == 1:
                line = line.removeprefix(codecs.BOM_UTF8)
            if line.isspace() or not line:
                continue
            try:
                row = _objects.decode(line)
            except (msgspec.DecodeError, ValueError, RecursionError):
                raise _malformed(path, number) from None
            yield number, len(line), row


def _malformed(path: Path, number: int) -> MalformedInput:
    return MalformedInput(
        "malformed-json-line",
        f"{path.name}, line {number}: this is not one JSON object in UTF-8",
        "Write one object a line; JSON has no NaN and no infinity.",
    )
