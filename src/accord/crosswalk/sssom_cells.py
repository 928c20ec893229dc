"""The cells of one SSSOM row: what each may hold, and how a row gives away that its cells were shifted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from functools import lru_cache

from ..records.crosswalk import Justification
from .sssom import JUSTIFIED_AS

MAX_CELL = 10_000
_BUILT_IN = frozenset(("sssom", "semapv", "skos", "owl", "rdf", "rdfs", "xsd", "linkml"))
NO_TERM = "sssom:NoTermFound"
"""What stands for a side on which nothing matches."""
_HOMES = {"predicate_id": "skos:", "mapping_justification": "semapv:"}
"""The columns that a shifted row gives itself away by, and how their cells begin."""
STEERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
"""Control and bidirectional characters; tab and line feed are the format's own."""


class RowError(Exception):
    """Why a row can't be read: the column, what is wrong, what to do."""

    def __init__(self, column: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self.column, self.message, self.remedy = column, message, remedy


class UndeclaredPrefix(Exception):
    """A CURIE whose prefix the metadata doesn't declare; said once for all rows."""


def check_cells(heading: Sequence[str], cells: Sequence[str], row: dict[str, str]) -> None:
    """Raise for a row whose cells are too long, or stand under the wrong headings."""
    if len(cells) > len(heading) and any(cell.strip() for cell in cells[len(heading) :]):
        _check_shift(heading, cells)
        what = f"{len(cells)} cells under {len(heading)} headings"
        raise RowError("", what, "Remove a tab, or put the cell in quotes.")
    for column, prefix in _HOMES.items():
        if not row.get(column, "").startswith(prefix):
            _check_shift(heading, cells)
    if sum(map(len, cells)) > MAX_CELL:
        for column, cell in zip(heading, cells, strict=False):
            if len(cell) > MAX_CELL:
                raise RowError(column, f"a cell of {len(cell)} characters", f"Keep cells under {MAX_CELL} characters.")


def _check_shift(heading: Sequence[str], cells: Sequence[str]) -> None:
    for number, cell in enumerate(cells):
        column = heading[number] if number < len(heading) else ""
        for home, prefix in _HOMES.items():
            if column not in (home, "comment", "other", "curation_rule_text") and cell.startswith(prefix):
                where = f"under {column}" if column else "after the last column"
                raise RowError(
                    home,
                    f"the cells are shifted: {cell[:60]!r} stands {where}",
                    "Put the missing cell back, or remove the one too many.",
                )


def check_characters(heading: Sequence[str], cells: Sequence[str]) -> None:
    """Raise for a cell that holds a character which steers a reader's display."""
    for number, cell in enumerate(cells):
        if odd := STEERS.search(cell):
            column = heading[number] if number < len(heading) else ""
            raise RowError(column, f"a control character U+{ord(odd[0]):04X}", "Remove it.")


def justification_in(row: dict[str, str]) -> Justification:
    """Return what justifies a row. Raises RowError for a term that is not of the schema."""
    text = row.get("mapping_justification", "")
    found = JUSTIFIED_AS.get(text)
    if found is None:
        what = f"unknown justification {text[:60]!r}" if text else "no justification"
        raise RowError("mapping_justification", what, f"Use one of: {', '.join(JUSTIFIED_AS)}.")
    return found


def reference_in(row: dict[str, str], column: str, prefixes: frozenset[str] | None) -> str:
    """Return the requirement that a CURIE names, as "framework#requirement"."""
    curie = row.get(column, "")
    prefix, colon, local = curie.partition(":")
    if not colon or not prefix or not local or local.startswith("//") or "#" in curie or " " in curie:
        what = f"{curie[:80]!r} is not a CURIE" if curie else "is empty"
        raise RowError(column, what, "Write prefix:id, such as eu-ai-act:art_10.2.f.")
    if prefixes is not None and prefix not in prefixes and prefix not in _BUILT_IN:
        raise UndeclaredPrefix(prefix)
    return f"{prefix}#{local}"


@lru_cache(maxsize=64)
def date_in(text: str) -> str:
    """Return a date as YYYY-MM-DD, or an empty text for none."""
    if not text:
        return ""
    try:
        return date.fromisoformat(text).isoformat() if len(text) == 10 else _raise_date(text)
    except ValueError:
        return _raise_date(text)


def _raise_date(text: str) -> str:
    raise RowError("mapping_date", f"{text[:40]!r} is not a date", "Write YYYY-MM-DD.")
