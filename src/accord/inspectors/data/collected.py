"""One pass over a table: a summary per column, repeated rows, and counts of the classes that the card names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...instruments.tables import MISSING, CrossTab, Table
from ...records import Axis, Counts
from .column_summary import ColumnSummary
from .duplicate_rows import DuplicateRows

ROW_STATES = ("unique", "duplicate")


@dataclass(frozen=True, slots=True)
class Collected:
    """What was counted. `repeats` is None where repeated rows could not be counted."""

    rows: int
    columns: tuple[ColumnSummary, ...]
    repeats: int | None
    shares: Mapping[str, CrossTab]

    def row_counts(self) -> Counts:
        """Return the rows by state: unique (first of its kind) or duplicate."""
        if self.repeats is None:
            return Counts(axes=(Axis(role="row", name="row", categories=("unchecked",)),), values=(self.rows,))
        axis = Axis(role="row", name="row", categories=ROW_STATES)
        return Counts(axes=(axis,), values=(self.rows - self.repeats, self.repeats))

    def cell_counts(self) -> Counts:
        """Return column × state."""
        return Counts(
            axes=(
                Axis(role="column", name="column", categories=tuple(column.name for column in self.columns)),
                Axis(role="state", name="state", categories=("present", "missing")),
            ),
            values=tuple(count for column in self.columns for count in (column.present, column.missing)),
        )

    def share_counts(self, column: str, role: str) -> Counts | None:
        """Return the rows by class of a column (missing cells left out), or None if there are too many classes."""
        crosstab = self.shares[column]
        if crosstab.too_many:
            return None
        tensor = crosstab.tensors()[0]
        pairs = [
            (category, count)
            for category, count in zip(tensor.categories[0], tensor.values[:, 0].tolist(), strict=True)
            if category != MISSING
        ]
        return Counts(
            axes=(Axis(role=role, name=column, categories=tuple(category for category, _ in pairs)),),
            values=tuple(count for _, count in pairs),
        )


def collect(table: Table, shared: Mapping[str, int], maximum_categories: int) -> Collected:
    """Read the table once. `shared` names the columns (and their places) whose classes are counted."""
    places = table.readable(None)
    columns = tuple(ColumnSummary(table.columns[place]) for place in places)
    shares = {name: CrossTab([name], maximum_categories=maximum_categories) for name in shared}
    repeats = None if table.unread else DuplicateRows()
    rows = 0
    for batch in table.batches():
        rows += batch.rows
        for column, cells, kinds in zip(columns, batch.cells, batch.kinds, strict=True):
            column.add(cells, kinds)
        for name, place in shared.items():
            shares[name].add([batch.cells[places.index(place)]])
        if repeats:
            repeats.add(batch.cells, batch.rows)
    counted = repeats.count() if repeats and repeats.complete else None
    return Collected(rows, columns, counted, shares)
