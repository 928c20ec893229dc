"""What was typed into the served form, as rows of the table that is imported."""

from __future__ import annotations

from collections.abc import Mapping

from .columns import ALL, ANSWERS, COLUMNS
from .opening import Opened
from .sheet import Row, write_sheet

ONCE = ("reviewer", "role", "interest", "valid_until")
"""Asked once, for all points."""
EACH = ("decision", "reason", "measurements_relied_on", "documents_relied_on")
"""Asked at each point: the field's name begins with the number of the point."""


def field_count(opened: Opened) -> int:
    """Return how many fields the form has at most."""
    return len(ONCE) + len(EACH) * len(opened.points)


def rows_of(opened: Opened, values: Mapping[str, str]) -> list[Row]:
    """Return a row for each point, numbered as the stored table numbers it."""
    rows = []
    for number, point in enumerate(opened.points, 1):
        cells = dict.fromkeys(COLUMNS, "") | {
            "framework": point.framework.id,
            "requirement": point.requirement.id,
            "state": point.state,
            "label": point.requirement.label,
            "question": point.requirement.question or "",
        }
        cells |= {name: _typed(values, f"{number}.{name}") for name in EACH}
        if any(cells[name].strip() for name in ANSWERS):
            cells |= {name: _typed(values, name) for name in ONCE}
            cells["measurements_relied_on"] = cells["measurements_relied_on"] or ALL
        rows.append(Row(number + 1, cells))
    return rows


def sheet_of(opened: Opened, values: Mapping[str, str]) -> bytes:
    """Return the filled table as CSV."""
    return write_sheet(COLUMNS, (row.cells for row in rows_of(opened, values)))


def _typed(values: Mapping[str, str], name: str) -> str:
    return values.get(name, "").replace("\r\n", "\n")
