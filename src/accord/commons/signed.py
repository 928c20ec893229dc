"""Statements of a few signers: what is known of agreements, decisions and rechecks is what those whom one knows say.

Anybody can sign a million of them. So a projection notes the keys of each, and readers ask by key, a bounded number.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from ..store import Transaction
from ..store.viewer import Viewer
from ..trust.saying import Heard, reread

MOST = 5_000
_CHUNK = 500


class Signed(NamedTuple):
    """A statement, heard before, and when it came here (UTC)."""

    seq: int
    heard: Heard
    received: str


def by_keys(
    transaction: Transaction,
    viewer: Viewer,
    table: str,
    keyids: Collection[str],
    condition: str = "1 = 1",
    values: tuple[object, ...] = (),
    *,
    most: int = MOST,
) -> list[Signed]:
    """Return the statements in a projection's `table` (columns `seq`, `keyid`) by one of these keys, oldest first.

    Of more than `most` the latest. Only what `viewer` may see, and whose content is here.
    """
    where, own = viewer.may_see()
    found: dict[int, Signed] = {}
    for some in chunks(keyids):
        rows = transaction.rows(
            f"SELECT statements.seq, line, received FROM {table} JOIN statements"
            f" ON statements.seq = {table}.seq WHERE {table}.keyid IN ({', '.join('?' * len(some))})"
            f" AND line IS NOT NULL AND {condition} AND {where} ORDER BY statements.seq DESC LIMIT ?",
            *some, *values, *own, most,
        )  # fmt: skip
        for seq, line, received in rows:
            if seq not in found:
                found[seq] = Signed(seq, reread(bytes(line)), received)
    return [found[seq] for seq in sorted(found)[-most:]]


def chunks(values: Collection[str]) -> Iterator[list[str]]:
    """Yield values, sorted, in lists that a query can name."""
    ordered = sorted(values)
    for start in range(0, len(ordered), _CHUNK):
        yield ordered[start : start + _CHUNK]


def among(column: str, values: Collection[str]) -> tuple[str, tuple[str, ...]]:
    """Return the condition that a column has one of at most some hundred values, and the values."""
    ordered = tuple(sorted(values))
    return f"{column} IN ({', '.join('?' * len(ordered)) or 'NULL'})", ordered
