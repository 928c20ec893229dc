"""What a kind of shared entry is made of, and how statements reach it."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib import import_module
from typing import Protocol

from ..errors import AccordError, MalformedInput
from ..store import Transaction
from ..store.statements import COLUMNS, Kept
from ..trust.saying import Heard, reread

_BATCH = 500
_LONGEST = 300
_MOST_AWAITED = 10_000


class Awaiting(MalformedInput):
    """A statement rests on something that is not here, or not yet. It is read again as soon as one of `what` comes.

    `what` are ids of statements, origins of logs, and keyids of those who speak for a log.
    """

    def __init__(self, code: str, message: str, remedy: str, what: Sequence[str] = ()) -> None:
        super().__init__(code, message, remedy)
        self.what = tuple(what)


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
        """Take in a statement. Raises AccordError for one that can't be read: it is noted, and nothing of it counts.

        Called once for each statement, in the order of their numbers; for one that raised Awaiting, again later, when
        others that came after it were taken in already. It must not rely on clocks or chance.
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


def read_again(transaction: Transaction, came: Sequence[str]) -> None:
    """Read what awaited something that came: statements (ids) in a log; a log that is known now (origin, its keyid).

    Call it in the transaction in which that came, once all of it is written, so that nobody sees the one without the
    other: an erasure may have been waiting for what it erases.
    """
    for start in range(0, len(came), _BATCH):
        some = came[start : start + _BATCH]
        condition = f"what IN ({', '.join('?' * len(some))})"
        found = transaction.rows(f"SELECT DISTINCT projection FROM awaited WHERE {condition}", *some)
        waiting = {row[0] for row in found}
        for projection in projections():
            if projection.name in waiting:
                _read_again(transaction, projection, condition, *some)


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
    transaction.run("DELETE FROM awaited WHERE seq = ?", seq)


def set_up(transaction: Transaction) -> list[str]:
    """Make the tables that are missing or of another version, filled from the statements; return whose they were."""
    transaction.script(
        "CREATE TABLE IF NOT EXISTS projections (name TEXT PRIMARY KEY, version INTEGER NOT NULL);\n"
        "CREATE TABLE IF NOT EXISTS unread (seq BIGINT, projection TEXT, reason TEXT, PRIMARY KEY (seq, projection));\n"
        "CREATE TABLE IF NOT EXISTS awaited"
        " (what TEXT, projection TEXT, seq BIGINT, PRIMARY KEY (what, projection, seq));\n"
        "CREATE INDEX IF NOT EXISTS awaited_by ON awaited (seq);\n"
    )
    current: dict[str, int] = dict(transaction.rows("SELECT name, version FROM projections"))
    stale = [item for item in projections() if current.get(item.name) != item.version]
    for projection in stale:  # All tables before any row: to read an erasure is to take rows out of all of them.
        _clear(transaction, projection)
    for projection in stale:
        _fill(transaction, projection)
    return [projection.name for projection in stale]


def rebuild(transaction: Transaction, projection: Projection) -> int:
    """Drop a projection and build it from all statements; return how many it read."""
    _clear(transaction, projection)
    return _fill(transaction, projection)


def _clear(transaction: Transaction, projection: Projection) -> None:
    for table in projection.tables:
        transaction.run(f"DROP TABLE IF EXISTS {table}")
    transaction.script(projection.script)
    transaction.run("DELETE FROM unread WHERE projection = ?", projection.name)
    transaction.run("DELETE FROM awaited WHERE projection = ?", projection.name)


def _fill(transaction: Transaction, projection: Projection) -> int:
    count = 0
    for kept, line in _stored(transaction, *_kind_in(projection)):
        _apply(projection, transaction, kept, reread(line))
        count += 1
    _read_again(transaction, projection, "1 = 1")  # what rests on a row that came after it
    transaction.run(
        "INSERT INTO projections (name, version) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET version = excluded.version",
        projection.name,
        projection.version,
    )
    return count


def _read_again(transaction: Transaction, projection: Projection, condition: str, *values: object) -> None:
    waiting = f"seq IN (SELECT seq FROM awaited WHERE projection = ? AND {condition})"
    for kept, line in _stored(transaction, waiting, projection.name, *values):
        for table in ("unread", "awaited"):
            transaction.run(f"DELETE FROM {table} WHERE seq = ? AND projection = ?", kept.seq, projection.name)
        _apply(projection, transaction, kept, reread(line))


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
        what = error.what[:_MOST_AWAITED] if isinstance(error, Awaiting) else ()
        transaction.many(
            "INSERT INTO awaited (what, projection, seq) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            [(name, projection.name, kept.seq) for name in what if len(name) <= _LONGEST],
        )


def _kind_in(projection: Projection) -> tuple[str, ...]:
    return f"kind IN ({', '.join('?' * len(projection.kinds))})", *sorted(projection.kinds)


def _stored(transaction: Transaction, condition: str, *values: object) -> Iterator[tuple[Kept, bytes]]:
    """Return kept statements under a condition with their lines, in order, a batch in memory at a time."""
    after = 0
    while rows := transaction.rows(
        f"SELECT {COLUMNS}, line FROM statements WHERE {condition} AND seq > ? AND line IS NOT NULL"
        f" ORDER BY seq LIMIT {_BATCH}",
        *values,
        after,
    ):
        for *columns, line in rows:
            yield Kept(*columns), bytes(line)
        after = rows[-1][0]
