"""Tables as people's spreadsheets write them: CSV in and out, without a cell that a spreadsheet would run.

A cell that begins like a formula gets an apostrophe before it, as OWASP advises ("CSV Injection"); reading takes it
off again, so that what was written comes back. Spreadsheets save with `,`, `;` or tabs, with or without a byte order
mark, with any line ends: all of that is read.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from ..errors import LimitExceeded, MalformedInput, UsageError
from ..trust.folder import read_regular

MAX_BYTES = 16 * 1024 * 1024
MAX_ROWS = 20_000
MAX_COLUMNS = 200
_BEGINS_FORMULA = frozenset("=+-@\t\r\n＝＋－＠'")
_DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True, slots=True)
class Row:
    """A row by its column names, and its number as a spreadsheet counts: the header is row 1."""

    number: int
    cells: Mapping[str, str]


def write_sheet(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> bytes:
    """Return a table as CSV (RFC 4180, UTF-8 with a byte order mark, which spreadsheets need to see the UTF-8)."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_guarded(row.get(column, "")) for column in columns] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def open_sheet(path: Path, columns: Collection[str]) -> list[Row]:
    """Do as `read_sheet` with a file. Raises UsageError if it can't be read."""
    try:
        return read_sheet(read_regular(path, MAX_BYTES), columns, name=path.name)
    except OSError as error:
        problem = error.strerror or "not a regular file"
        raise UsageError("unreadable-sheet", f"{path.name}: {problem}", "Check the path.") from None


def read_sheet(data: bytes, columns: Collection[str], *, name: str) -> list[Row]:
    """Return the rows of a CSV table that has at least `columns`; rows without any content are left out.

    Raises MalformedInput with the line, LimitExceeded beyond 16 MiB, 20,000 rows or 200 columns.
    """
    if len(data) > MAX_BYTES:
        raise LimitExceeded("sheet-too-large", f"{name}: {len(data)} bytes; the limit is {MAX_BYTES}", "Split it.")
    text = _decoded(data, name)
    header, delimiter = _header(text, columns, name)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[Row] = []
    number = 0
    try:
        for number, cells in enumerate(reader, 1):
            if number > MAX_ROWS + 1:
                raise LimitExceeded("sheet-too-long", f"{name}: more than {MAX_ROWS} rows", "Split it.")
            plain = [_plain(cell) for cell in cells]
            if number == 1 or not any(cell.strip() for cell in plain):
                continue
            if any(plain[len(header) :]):
                raise _malformed(name, f"row {number} has {len(cells)} cells, the header {len(header)}")
            rows.append(Row(number, dict(zip_longest(header, plain[: len(header)], fillvalue=""))))
    except csv.Error as error:
        raise _malformed(name, f"row {number + 1} (line {reader.line_num}): {error}") from None
    return rows


def _decoded(data: bytes, name: str) -> str:
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise MalformedInput(
            "sheet-not-utf8", f"{name}: byte {error.start} is not UTF-8", "Save the table as “CSV UTF-8”."
        ) from None


def _header(text: str, columns: Collection[str], name: str) -> tuple[list[str], str]:
    """Return the column names and the delimiter: the one under which the header names the columns that are needed."""
    found: list[str] = []
    for delimiter in _DELIMITERS:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        try:
            header = [cell.strip() for cell in next(reader, [])]
        except csv.Error:
            continue
        found = max(found, header, key=lambda names: len({*names} & {*columns}))
        if {*columns} <= {*header}:
            if len(header) > MAX_COLUMNS:
                raise LimitExceeded("sheet-too-wide", f"{name}: more than {MAX_COLUMNS} columns", "Remove some.")
            twice = sorted({column for column in header if column and header.count(column) > 1})
            if twice:
                raise _malformed(name, f"row 1 names a column twice: {', '.join(twice)[:200]}")
            return header, delimiter
    missing = [column for column in columns if column not in found]
    raise _malformed(name, f"row 1 lacks the columns {', '.join(missing)}")


def _malformed(name: str, problem: str) -> MalformedInput:
    return MalformedInput("malformed-sheet", f"{name}: {problem}", "Correct the place that is named, or start anew.")


def _guarded(cell: str) -> str:
    return f"'{cell}" if cell[:1] in _BEGINS_FORMULA else cell


def _plain(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and cell[1:2] in _BEGINS_FORMULA else cell
