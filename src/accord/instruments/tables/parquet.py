"""Parquet: row group by row group, only the columns that are needed, texts kept as dictionaries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from ...errors import LimitExceeded
from .cells import is_bytes, is_plain, is_text
from .interface import LIMITS, Batch, Table, arrow, arrow_errors

CELLS_A_BATCH: Final = 1 << 22
BYTES_A_BATCH: Final = 64 << 20
THRIFT_LIMIT: Final = 64 << 20


class ParquetTable(Table):
    """A Parquet file. `unread` are its nested columns (lists, structures, maps)."""

    kind = "parquet"

    def __init__(self, path: Path) -> None:
        pa = arrow()
        with arrow_errors(path.name, "footer"):
            file = self._open(path, [])
            schema = file.schema_arrow
            self.rows = file.metadata.num_rows
            self._groups = file.num_row_groups
        super().__init__(path, schema.names)
        self._types = list(schema.types)
        self.unread = tuple(place for place, type_ in enumerate(self._types) if not is_plain(type_))
        self._leaves, leaf = [], 0
        for type_ in self._types:
            self._leaves.append(leaf)
            leaf += _leaves(type_)
        self._text = [
            file.metadata.schema.column(self._leaves[place]).path
            for place, type_ in enumerate(self._types)
            if is_text(type_) or (is_bytes(type_) and not pa.types.is_fixed_size_binary(type_))
        ]

    def batches(self, columns: Sequence[int] | None = None) -> Iterator[Batch]:
        """Yield batches of at most 65,536 rows; fewer where there are many or wide columns."""
        wanted = self.readable(columns)
        if not wanted:
            return
        leaves = sorted({self._leaves[place] for place in wanted})
        where = [leaves.index(self._leaves[place]) for place in wanted]
        rows = self._batch_rows(wanted)
        first_row = 1
        with arrow_errors(self.path.name, "footer"):
            file = self._open(self.path, self._text)
        for group in range(self._groups):
            with arrow_errors(self.path.name, f"row group {group}"):
                self._check_sizes(file, group, leaves)
                stream = file.reader.iter_batches(rows, row_groups=[group], column_indices=leaves, use_threads=False)
            while True:
                with arrow_errors(self.path.name, f"row group {group}, after row {first_row - 1}"):
                    batch = next(stream, None)
                    if batch is None:
                        break
                    cells = tuple(batch.column(place) for place in where)
                    kinds = tuple(
                        _kinds(self._types[place], column) for place, column in zip(wanted, cells, strict=True)
                    )
                yield Batch(first_row, batch.num_rows, cells, kinds)
                first_row += batch.num_rows

    def _open(self, path: Path, dictionaries: list[str]) -> Any:
        import pyarrow as pa
        import pyarrow.parquet as pq

        return pq.ParquetFile(
            pa.OSFile(str(path)),
            read_dictionary=dictionaries,
            buffer_size=1 << 20,
            pre_buffer=False,
            thrift_string_size_limit=THRIFT_LIMIT,
            thrift_container_size_limit=1 << 20,
        )

    def _check_sizes(self, file: Any, group: int, leaves: Sequence[int]) -> None:
        # Arrow 26 ends the process where the metadata of a column is malformed, so it is asked only for large groups.
        if file.metadata.row_group(group).total_byte_size <= LIMITS.column_chunk:
            return
        for leaf in leaves:
            size = file.metadata.row_group(group).column(leaf).total_uncompressed_size
            if size > LIMITS.column_chunk:
                raise LimitExceeded(
                    "column-chunk-too-large",
                    f"{self.path.name}, row group {group}, column {leaf}: it unpacks to {size:,} bytes",
                    f"Write row groups whose columns hold at most {LIMITS.column_chunk:,} bytes.",
                )

    def _batch_rows(self, wanted: Sequence[int]) -> int:
        width = sum(getattr(self._types[place], "byte_width", 16) for place in wanted if _fixed(self._types[place]))
        return max(1, min(LIMITS.batch_rows, CELLS_A_BATCH // len(wanted), BYTES_A_BATCH // max(1, width)))


def _fixed(type_: Any) -> bool:
    from pyarrow import types

    return bool(types.is_fixed_size_binary(type_) or types.is_decimal(type_))


def _leaves(type_: Any) -> int:
    """Return how many Parquet columns a top-level field has."""
    from pyarrow import types

    if types.is_dictionary(type_) or not types.is_nested(type_):
        return 1
    return sum(_leaves(type_.field(place).type) for place in range(type_.num_fields))


def _kinds(type_: Any, cells: Any) -> Mapping[str, int] | None:
    """Return the kinds of a batch's present cells, which Parquet's schema knows."""
    import pyarrow.compute as pc
    from pyarrow import types

    if types.is_dictionary(type_):
        type_ = type_.value_type
    present = len(cells) - cells.null_count
    if types.is_floating(type_):
        nan = pc.sum(pc.is_nan(cells)).as_py() or 0
        infinite = pc.sum(pc.is_inf(cells)).as_py() or 0
        return {"number": present - nan - infinite, "not a number": nan, "infinite": infinite}
    if types.is_boolean(type_):
        kind = "boolean"
    elif types.is_integer(type_):
        kind = "integer"
    elif types.is_decimal(type_):
        kind = "number"
    elif is_text(type_):
        kind = "text"
    elif is_bytes(type_):
        kind = "binary"
    elif types.is_null(type_):
        return {}
    else:
        kind = "date"
    return {kind: present}
