"""Tables as streams of text cells: CSV, Parquet, JSON Lines, in bounded memory.

`open_table(path, kind)` looks at the schema only; `table.batches([…])` then yields the columns asked for, batch by
batch. A cell is text whatever the file holds (`1`, `1.5`, `true`, `2024-05-01`), and null where it is missing, so that
an inspector is written once for all kinds. How many cells are of which kind is counted where the file still knows it.
"""

from __future__ import annotations

from pathlib import Path

from ...errors import UsageError
from .crosstab import MISSING, CrossTab
from .interface import LIMITS, Batch, Table
from .kinds import KINDS, NOT_A_NUMBER
from .names import clip

__all__ = ["KINDS", "LIMITS", "MISSING", "NOT_A_NUMBER", "Batch", "CrossTab", "Table", "clip", "open_table"]


def open_table(path: Path, kind: str) -> Table:
    """Open the table at `path` of the kind `csv` (also tab, semicolon or bar), `parquet` or `jsonl`.

    Raises MalformedInput or LimitExceeded with the line or column; UsageError for another kind.
    """
    if kind == "csv":
        from .delimited import DelimitedTable

        return DelimitedTable(path)
    if kind == "parquet":
        from .parquet import ParquetTable

        return ParquetTable(path)
    if kind == "jsonl":
        from .json_lines import JsonLinesTable

        return JsonLinesTable(path)
    raise UsageError("unknown-table-kind", f"{kind!r} is not a kind of table", "Choose one of: csv, parquet, jsonl.")
