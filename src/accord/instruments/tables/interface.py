"""What a table is to an inspector: named columns and a stream of batches. The limits that keep memory bounded."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import AccordError, LimitExceeded, MalformedInput
from .names import ColumnNames

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Limits:
    """What one table may cost. `record`: bytes of one row; `column_chunk`: bytes of one Parquet column chunk."""

    columns: int = 10_000
    name: int = 4_096
    record: int = 4 << 20
    column_chunk: int = 256 << 20
    batch_rows: int = 65_536


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Batch:
    """Some consecutive rows.

    `cells` holds one Arrow array per column asked for: `string`, or `binary` where the file holds bytes; null is a
    missing cell. `kinds` says per column how many present cells are of which kind, or None where only the text can
    tell (`kinds.count_kinds`). `first_row` counts data rows from 1.
    """

    first_row: int
    rows: int
    cells: tuple[pa.Array, ...]
    kinds: tuple[Mapping[str, int] | None, ...]


class Table(ABC):
    """An open table: its `names`, the `encoding` that its text has, `size` in bytes, `unread` columns (nested)."""

    kind: str
    encoding: str = "utf-8"
    bad_encoding_line: int | None = None
    unread: tuple[int, ...] = ()

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        self.path = path
        self.size = path.stat().st_size
        if not names:
            raise MalformedInput("no-columns", f"{path.name} has no columns", "Hand in a table with a header.")
        if len(names) > LIMITS.columns:
            raise LimitExceeded(
                "too-many-columns",
                f"{path.name} has {len(names):,} columns; at most {LIMITS.columns:,} are read",
                "Hand in a table with the columns that matter.",
            )
        for position, name in enumerate(names):
            if len(name) > LIMITS.name:
                raise LimitExceeded(
                    "column-name-too-long",
                    f"the name of column {position + 1} of {path.name} has {len(name):,} characters",
                    f"Give it a name of at most {LIMITS.name:,} characters.",
                )
        self.names = ColumnNames(names)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns' names, made unique: `age`, `age#2`, and `column 3` for an empty one."""
        return self.names.unique

    def resolve(self, column: str | int) -> int:
        """Return the 0-based place of a column. Raises UsageError for an unknown or ambiguous name."""
        return self.names.resolve(column)

    @abstractmethod
    def batches(self, columns: Sequence[int] | None = None) -> Iterator[Batch]:
        """Yield the table's rows in order, with the cells of `columns` (all readable ones without an argument)."""

    def readable(self, columns: Sequence[int] | None) -> list[int]:
        """Return the columns to read. Raises MalformedInput for a nested one that was asked for by place."""
        if columns is None:
            return [place for place in range(len(self.columns)) if place not in self.unread]
        for place in columns:
            if place in self.unread:
                raise MalformedInput(
                    "nested-column",
                    f"column {self.columns[place]!r} of {self.path.name} holds lists or structures",
                    "Name a column of plain values.",
                )
        return list(columns)


def arrow() -> Any:
    """Import pyarrow, quiet: one thread, and memory from the system, so that an address-space limit is felt at once."""
    import pyarrow

    pyarrow.set_cpu_count(1)
    pyarrow.set_io_thread_count(1)
    pyarrow.set_memory_pool(pyarrow.system_memory_pool())
    return pyarrow


@contextmanager
def arrow_errors(name: str, place: str = "") -> Iterator[None]:
    """Turn what Arrow raises on a malformed file into an AccordError. Arrow's own words may quote cells: dropped."""
    where = f"{name}{', ' if place else ''}{place}"
    try:
        yield
    except AccordError:
        raise
    except MemoryError:
        raise LimitExceeded(
            "table-too-large", f"{where}: reading it needs more memory than is allowed", "Split the table."
        ) from None
    except (ValueError, TypeError, KeyError, NotImplementedError, OSError, OverflowError, RuntimeError) as error:
        raise MalformedInput(
            "malformed-table",
            f"{where}: the file does not follow its format ({type(error).__name__})",
            "Write it again.",
        ) from None
