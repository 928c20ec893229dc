"""What a kind of shared entry is made of, and how statements reach it."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from functools import lru_cache
from importlib import import_module
from typing import Protocol

from ..errors import AccordError
from ..store import Transaction
from ..store.statements import COLUMNS, Kept
from ..trust.saying import Heard, reread

_BATCH = 500


class Projection(Protocol):
    """A view on statements. Its folder's `projection.py` names one as `PROJECTION`.

    `version` goes up when its tables or what it puts there change: then a node rebuilds it as it starts. `kinds` are
    those of the statements that it reads. `tables` are its tables' names, each with a column `seq` (the number of the
    statement that a row comes from), and `script` makes them, in SQL for both stores.
    """

    name: str
    version: int
    kinds: frozenset[str]
    tables: tuple[str, ...]
    script: str

    def apply(self, transaction: Transaction, kept: Kept, heard: Heard) -> None:
        """Take in a statement. Raises AccordError for one that can't be read: it is noted, and changes nothing.

        Called once for each statement, in the order of their numbers. It must not rely on clocks or chance.
        """


@lru_cache
def projections() -> tuple[Projection, ...]:
    """Return every projection, `standing` first: others look there for what was revoked or withheld."""
    import accord.commons as room

    names = [item.name for item in pkgutil.iter_modules(room.__path__) if item.ispkg]
    found = [import_module(f"accord.commons.{name}.projection").PROJECTION for name in names]
    return tuple(sorted(found, key=lambda item: (item.name != "standing", item.name)))


def apply(transaction: Transaction, kept: Kept, heard: Heard) -> None:
    """Hand a statement to every projection that reads its kind."""
    for projection in projections():
        if kept.kind in projection.kinds:
            _apply(projection, transaction, kept, heard)


def reads(kind: str) -> bool:
    """Return whether any projection reads statements of a kind."""
    return any(kind in projection.kinds for projection in projections())


def forget(transaction: Transaction, seq: int) -> None:
    """Remove what every projection took from one statement, whose content was erased."""
    for projection in projections():
        if projection.name == "standing":
            continue  # It says that the content was erased.
        for table in projection.tables:
            transaction.run(f"DELETE FROM {table} WHERE seq = ?", seq)
    transaction.run("DELETE FROM search WHERE seq = ?", seq)
    transaction.run("DELETE FROM unread WHERE seq = ?", seq)


def set_up(transaction: Transaction) -> list[str]:
    """Make the tables that are missing or of another version, filled from the statements; return whose they were."""
    transaction.script(
        "CREATE TABLE IF NOT EXISTS projections (name TEXT PRIMARY KEY, version INTEGER NOT NULL);\n"
        "CREATE TABLE IF NOT EXISTS unread (seq BIGINT, projection TEXT, reason TEXT, PRIMARY KEY (seq, projection));\n"
    )
    current: dict[str, int] = dict(transaction.rows("SELECT name, version FROM projections"))
    stale = [item for item in projections() if current.get(item.name) != item.version]
    for projection in stale:
        rebuild(transaction, projection)
    return [projection.name for projection in stale]


def rebuild(transaction: Transaction, projection: Projection) -> int:
    """Drop a projection and build it from all statements; return how many it read."""
    for table in projection.tables:
        transaction.run(f"DROP TABLE IF EXISTS {table}")
    transaction.script(projection.script)
    transaction.run("DELETE FROM unread WHERE projection = ?", projection.name)
    count = 0
    for kept, line in _stored(transaction, projection.kinds):
        _apply(projection, transaction, kept, reread(line))
        count += 1
    transaction.run(
        "INSERT INTO projections (name, version) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET version = excluded.version",
        projection.name,
        projection.version,
    )
    return count


def _apply(projection: Projection, transaction: Transaction, kept: Kept, heard: Heard) -> None:
    try:
        projection.apply(transaction, kept, heard)
    except AccordError as error:
        transaction.run(
            "INSERT INTO unread (seq, projection, reason) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            kept.seq,
            projection.name,
            error.message[:500],
        )


def _stored(transaction: Transaction, kinds: frozenset[str]) -> Iterator[tuple[Kept, bytes]]:
    """Return kept statements of some kinds with their lines, in order, a batch in memory at a time."""
    after, marks = 0, ", ".join("?" * len(kinds))
    while rows := transaction.rows(
        f"SELECT {COLUMNS}, line FROM statements WHERE kind IN ({marks}) AND seq > ? AND line IS NOT NULL"
        f" ORDER BY seq LIMIT {_BATCH}",
        *sorted(kinds),
        after,
    ):
        for *columns, line in rows:
            yield Kept(*columns), bytes(line)
        after = rows[-1][0]
