"""Dropping every view on statements and making it again, and comparing what comes out with what was there."""

from __future__ import annotations

import time
from collections.abc import Callable

from ...commons import projections, rebuild
from ...records.measurement import Record
from ...store import Transaction
from ..node import Node

_EXAMPLES = 5
_DERIVED = {
    "unread": "*",
    "awaited": "*",
    "search": "*",
    "disclosed_to": "*",
    "statements": "seq, disclosure, line IS NULL AS erased",
}


class Difference(Record, frozen=True, kw_only=True):
    """How a derived table differs from before: rows that are gone, rows that came, some of them."""

    table: str
    gone: int
    came: int
    examples: tuple[str, ...]


class Rebuilt(Record, frozen=True, kw_only=True):
    """What became of one view: how many statements it read, and how long that took."""

    name: str
    version: int
    statements: int
    seconds: float


class Rebuild(Record, frozen=True, kw_only=True):
    """What a rebuild did. No difference: the views are what the statements say, and were before."""

    views: tuple[Rebuilt, ...]
    differences: tuple[Difference, ...]
    kept: bool


def rebuild_all(node: Node, progress: Callable[[Rebuilt], None] = lambda view: None, *, keep: bool = True) -> Rebuild:
    """Make all views again in one transaction: who reads meanwhile sees the old ones, until the new ones are whole.

    With `keep` false everything stays as it was: a trial. Raises Unavailable.
    """
    try:
        with node.store.writing() as transaction:
            tables = {table: "*" for item in projections() for table in item.tables} | _DERIVED
            for table, columns in tables.items():
                transaction.run(f"CREATE TEMPORARY TABLE was_{table} AS SELECT {columns} FROM {table}")
            views = []
            for projection in projections():
                started = time.perf_counter()
                count = rebuild(transaction, projection)
                seconds = round(time.perf_counter() - started, 3)
                views.append(
                    Rebuilt(name=projection.name, version=projection.version, statements=count, seconds=seconds)
                )
                progress(views[-1])
            found = [_difference(transaction, table, columns) for table, columns in tables.items()]
            for table in tables:
                transaction.run(f"DROP TABLE was_{table}")
            done = Rebuild(views=tuple(views), differences=tuple(filter(None, found)), kept=keep)
            if not keep:
                raise _Trial(done)
    except _Trial as trial:
        return trial.done
    return done


class _Trial(Exception):
    def __init__(self, done: Rebuild) -> None:
        super().__init__()
        self.done = done


def _difference(transaction: Transaction, table: str, columns: str) -> Difference | None:
    counts, examples = [], []
    for sign, one, other in (("-", f"was_{table}", table), ("+", table, f"was_{table}")):
        these, those = ("*", columns) if one != table else (columns, "*")
        both = f"SELECT {these} FROM {one} EXCEPT SELECT {those} FROM {other}"
        (count,) = transaction.one(f"SELECT COUNT(*) FROM ({both}) AS these") or (0,)
        counts.append(count)
        if count:
            rows = transaction.rows(f"SELECT * FROM ({both}) AS these LIMIT {_EXAMPLES}")
            examples += [f"{sign} {row!r}"[:300] for row in rows]
    if not any(counts):
        return None
    return Difference(table=table, gone=counts[0], came=counts[1], examples=tuple(examples))
