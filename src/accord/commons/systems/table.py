"""The register as a table: out as CSV or JSON, in from the spreadsheet that an office has already."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from msgspec import Struct

from ...errors import MalformedInput
from ...frameworks.spreadsheets import Cell, read_rows
from ...i18n import _
from ...records import to_builtins
from ...records.registration import Registration
from ...reviews.sheet import write_sheet
from ...store.statements import Kept
from .drafting import Answers, Wrong, wrong_in
from .fields import BY_NAME, FIELDS, clean, write_value

MAX_ROWS = 500
MAX_BYTES = 4 * 1024 * 1024
_UNKNOWN = frozenset({"?", "unknown", "don't know", "dont know", "i don't know"})
_WIDEST = 20_000
_ADDED = ("entry", "register", "statement", "version", "signs", "review_due", "assessed_subjects")


class Row(Struct, frozen=True, kw_only=True):
    """A row of an uploaded table: its number as a person counts, its answers, and its mistakes by column."""

    number: int
    answers: Answers
    wrong: tuple[Wrong, ...]


class Table(Struct, frozen=True, kw_only=True):
    """An uploaded table; `ignored` are headers that name no field."""

    rows: tuple[Row, ...]
    ignored: tuple[str, ...]


def to_csv(entries: Sequence[tuple[Kept, Registration]]) -> bytes:
    """Return entries as CSV with a row each; no cell is one that a spreadsheet would run."""
    columns = [*(field.name for field in FIELDS), *_ADDED]
    rows = [
        {
            **{field.name: write_value(field, getattr(entry, field.name)) for field in FIELDS},
            "entry": entry.entry,
            "register": entry.origin,
            "statement": kept.id,
            "version": str(entry.version),
            "signs": "; ".join(
                f"{sign.framework} {sign.tier}: {sign.answer}" for sign in entry.signs if sign.answer != "no"
            ),
            "review_due": entry.review.due if entry.review else "",
            "assessed_subjects": str(len(entry.subjects)),
        }
        for kept, entry in entries
    ]
    return write_sheet(columns, rows)


def to_objects(entries: Sequence[tuple[Kept, Registration]]) -> list[dict[str, Any]]:
    """Return entries as plain data, each with the id of its statement."""
    return [{"statement": kept.id, **to_builtins(entry)} for kept, entry in entries]


def template() -> bytes:
    """Return an empty table with the columns that can be read."""
    return write_sheet([field.name for field in FIELDS], [])


def read_table(data: bytes, *, name: str, office: str) -> Table:
    """Read a CSV or XLSX table, a row an entry: a field by its name or its label in the language in use.

    A cell of "?" is "I don't know". `office` stands where no cell names one. Mistakes are kept with their rows; raises
    MalformedInput or LimitExceeded if the whole can't be read as a table.
    """
    if len(data) > MAX_BYTES:
        raise MalformedInput("table-too-large", f"{name}: more than {MAX_BYTES} bytes", "Split the table.")
    rows = read_rows(data, name=name)
    if len(rows) < 2 or len(rows) > MAX_ROWS + 1:
        raise MalformedInput(
            "no-rows", f"{name}: {max(len(rows) - 1, 0)} rows below the headers", f"Send 1 to {MAX_ROWS} rows."
        )
    columns, ignored = _headers(rows[0][1], name)
    found = []
    for number, cells in rows[1:]:
        by_name = {columns[at]: cell for at, cell in enumerate(cells) if at in columns}
        answers = _answers(by_name, office)
        found.append(Row(number=number, answers=answers, wrong=tuple(wrong_in(answers))))
    return Table(rows=tuple(found), ignored=ignored)


def _headers(cells: Sequence[Cell], name: str) -> tuple[dict[int, str], tuple[str, ...]]:
    known = {_word(form): field.name for field in FIELDS for form in (_(field.label), field.label, field.name)}
    columns: dict[int, str] = {}
    ignored = []
    for at, cell in enumerate(cells):
        field = known.get(_word(cell.text))
        if field is None:
            ignored += [cell.text.strip()[:100]] if cell.text.strip() else []
        elif field in columns.values():
            raise MalformedInput("column-twice", f"{name}: there are two columns {field}", "Keep one of them.")
        else:
            columns[at] = field
    if "name" not in columns.values():
        raise MalformedInput("no-name-column", f"{name}: the first row names no column `name`", "Use the template.")
    return columns, tuple(ignored)


def _answers(cells: dict[str, Cell], office: str) -> Answers:
    values, unknown = {"office": office}, []
    for name, cell in cells.items():
        text = clean(cell.text).strip()[:_WIDEST]
        if text.casefold() in _UNKNOWN and not BY_NAME[name].required:
            unknown.append(name)
        elif text:
            values[name] = _unquoted(_day(text) if cell.number and BY_NAME[name].shape == "day" else text)
    return Answers(values=values, unknown=tuple(sorted(unknown)))


def _day(text: str) -> str:
    """Return the day that a spreadsheet means by a number (ECMA-376, part 1, 18.17.4.1: days since 1899-12-30)."""
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]+)?", text):
        return text
    return (date(1899, 12, 30) + timedelta(days=int(text.partition(".")[0]))).isoformat()


def _unquoted(text: str) -> str:
    """Take off the apostrophe by which `to_csv` keeps a spreadsheet from running a cell."""
    return text[1:] if text[:1] == "'" and text[1:2] in ("=", "+", "-", "@", "'") else text


def _word(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text.casefold()).strip()
