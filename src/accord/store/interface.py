"""The protocol that both stores follow, and the suite in tests/store/ tests."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from ..errors import Unavailable

Row = tuple[Any, ...]


class Transaction(Protocol):
    """SQL within one transaction. `?` stands for a parameter."""

    def run(self, sql: str, *values: object) -> int:
        """Run a statement and return how many rows it touched."""
        ...

    def many(self, sql: str, rows: Iterable[Row]) -> None:
        """Run a statement once for each row of parameters."""
        ...

    def rows(self, sql: str, *values: object) -> list[Row]:
        """Return all rows of a query: bound it with LIMIT where it could be long."""
        ...

    def one(self, sql: str, *values: object) -> Row | None:
        """Return the first row of a query, or None."""
        ...

    def script(self, sql: str) -> None:
        """Run statements that end in a semicolon at the end of a line, such as those that make tables."""
        ...


class Store(Protocol):
    """A database with any number of readers and one writer at a time.

    Every method and block raises Unavailable, with a remedy, if the disk or the server refuses.
    """

    @property
    def place(self) -> str:
        """Where it is, for a person; without a password."""
        ...

    def writing(self) -> AbstractContextManager[Transaction]:
        """Write alone. What was written is safe on disk when the block ends; nothing of it is if the block raises."""
        ...

    def reading(self) -> AbstractContextManager[Transaction]:
        """Read one moment's state, undisturbed by a writer."""
        ...

    def backup(self, target: Path) -> None:
        """Write a consistent copy to a file that does not exist yet, while others go on."""
        ...

    def faults(self) -> list[str]:
        """Return what the database itself finds wrong with its file, as far as it can tell; nothing if all is well."""
        ...

    def close(self) -> None:
        """Let go of everything, once what is being written is. A store that was not closed is as safe.

        Whoever reads or writes from then on, such as a thread that lives longer, is told so: Unavailable.
        """
        ...


def closed() -> Unavailable:
    """Return what a store that was closed says to who still reads or writes."""
    return Unavailable("store-closed", "the store was closed: the node has stopped", "Start the node again.")
