"""`data.profile`: what a table holds, without repeating any of it."""

from __future__ import annotations

from ...errors import AccordError
from ...instruments.tables import Table, clip, open_table
from ...measures.derive import fact, measurement
from ...measures.tensor import Tensor
from ...records import Axis, Counts, Measurement, Place
from ..interface import Inspection, Outcome, Skip, inspector
from . import rules
from .collected import Collected, collect
from .defects import find_defects
from .duplicate_rows import MAXIMUM_ROWS


@inspector(
    "data.profile",
    version="1",
    kinds={"csv", "parquet", "jsonl"},
    measures=(
        "data.rows",
        "data.columns",
        "data.column_type",
        "data.completeness",
        "data.duplicate_row_rate",
        "data.class_share",
        "data.group_share",
    ),
    rules=rules.RULES,
    isolation="decode",
    reads_card=True,
    libraries=("pyarrow", "numpy"),
)
def profile(
    inspection: Inspection,
    *,
    missing_attention: float = 0.5,
    maximum_categories: int = 50,
    maximum_columns: int = 1000,
) -> Outcome:
    """The quality of a table.

    What it measures
        Rows, columns, the type of each column, the share of cells that are present, the share of rows that repeat an
        earlier row; for the label and the protected attributes that the card names, the share of each class and group.

    Why it matters
        A system is no better than its data. Missing cells, repeated rows and groups that are hardly there decide whom
        it serves badly, and laws ask for exactly this (EU AI Act, article 10: relevant, representative, complete).

    Method
        All rows are read once, in batches; types are inferred from every cell, not from the first. A cell is missing if
        it is empty, NA, N/A, NULL, or NaN. Rows are compared by a hash under a secret key that is forgotten. Numbers
        of rows and shares are exact for this table: they carry intervals only where it is a sample of something.

    Limits
        In CSV a quoted "NA" (Namibia, a surname) counts as missing. Dates are recognised in ISO 8601 only. A column
        counts as mixed if nine tenths of its cells are of one kind that is not text; in Parquet and JSON Lines, at
        the first cell of another kind. Attention is drawn to columns of which more than `missing_attention` is
        missing: our threshold, not a law's. Two different rows count as equal with a probability of at most n²/2⁶⁵ (3
        in a million for ten million rows); beyond 40 million rows repetition is not measured. Nested columns of Parquet
        are not read. No value is reported but the names of classes and groups in columns that the card names. Whether
        the data are right or lawful, a profile does not tell.

    References
        ISO/IEC 5259-2 (data quality measures); EU AI Act, article 10; Gebru et al., Datasheets for Datasets,
        Communications of the ACM 64(12), 2021; CWE-1236 (formula elements in CSV).
    """
    part, card = inspection.part, inspection.card
    table = open_table(inspection.path, part.kind)
    if len(table.unread) == len(table.columns):
        raise Skip("not_applicable", "all columns of this table are nested; only plain columns are read")
    label, attributes, unknown = _named_columns(table, inspection)
    whole = collect(table, {**label, **attributes}, maximum_categories)
    statistics = {"rows": whole.row_counts(), "cells": whole.cell_counts()}
    if table.unread:
        axis = Axis(role="column", name="column", categories=table.columns)
        statistics["columns"] = Counts(axes=(axis,), values=(1,) * len(table.columns))
    tensors = {name: Tensor(counts) for name, counts in statistics.items()}
    findings, more = find_defects(table, whole, part.digest, part.path or None, missing_attention)

    def measured(measure: str, statistic: str, **dimensions: str) -> Measurement:
        found = tensors[statistic]
        return measurement(measure, statistic, found, dimensions, subject=part.digest, context=card.context)

    measurements = [
        measured("data.rows", "rows"),
        measured("data.columns", "columns" if table.unread else "cells"),
        measured("data.completeness", "cells"),
    ]
    if whole.repeats is not None:
        measurements.append(measured("data.duplicate_row_rate", "rows"))
    for column in whole.columns[:maximum_columns]:
        measurements.append(measured("data.completeness", "cells", column=column.name))
        measurements.append(
            fact(
                "data.column_type",
                column.type,
                subject=part.digest,
                method="every present cell",
                dimensions={"column": column.name},
                context=card.context,
            )
        )
    for names, role, measure, dimension in (
        (label, "class", "data.class_share", "class"),
        (attributes, "attribute", "data.group_share", "group"),
    ):
        for name in names:
            counts = whole.share_counts(name, role)
            if counts is None:
                where = Place(path=part.path or None, column=clip(name))
                findings.append(rules.TOO_MANY.at(part.digest, where, column=clip(name), maximum=maximum_categories))
                continue
            statistics[f"{role}:{name}"] = counts
            tensors[f"{role}:{name}"] = Tensor(counts)
            key = "column" if role == "class" else "attribute"
            measurements += [
                measured(measure, f"{role}:{name}", **{key: name, dimension: category})
                for category in counts.axes[0].categories
            ]
    return Outcome(
        measurements=tuple(measurements),
        findings=tuple(findings),
        statistics=statistics,
        checked=(f"all {whole.rows:,} rows and {len(whole.columns):,} columns", *more),
        not_checked=(*unknown, *_limits(table, whole, maximum_columns)),
        bytes_read=table.size,
    )


def _named_columns(table: Table, inspection: Inspection) -> tuple[dict[str, int], dict[str, int], list[str]]:
    """Return label and protected attributes by name with their places, and why some of the card are not here."""
    data = inspection.card.data
    label: dict[str, int] = {}
    attributes: dict[str, int] = {}
    unknown = []
    for into, columns in ((label, (data.label.column,) if data.label else ()), (attributes, data.sensitive)):
        for column in columns:
            try:
                place = table.resolve(column)
                table.readable([place])
            except AccordError as error:
                unknown.append(f"the shares of column {clip(column)!r}, which the card names: {error.message}")
            else:
                into[table.columns[place]] = place
    if not data.label:
        unknown.append("class balance: the card names no label column")
    if not data.sensitive:
        unknown.append("shares of groups: the card names no protected attributes (sensitive)")
    return label, attributes, unknown


def _limits(table: Table, whole: Collected, maximum_columns: int) -> list[str]:
    """Say what this run left out."""
    left = []
    if table.unread:
        left.append(f"{len(table.unread)} nested columns, and with them whether rows repeat")
    elif whole.repeats is None:
        left.append(f"whether rows repeat: there are more than {MAXIMUM_ROWS:,}")
    if len(whole.columns) > maximum_columns:
        left.append(f"single columns after the first {maximum_columns:,} (the totals hold all {len(whole.columns):,})")
    left.append("whether what the cells say is true, lawful to use, or representative")
    return left
