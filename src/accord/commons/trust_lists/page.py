"""What pages show of trust lists, and what a node takes up of them."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct

from ...store import Transaction
from ...store.viewer import Viewer
from ..signed import among

_MOST = 500
_SUCCESSORS = 64


class Numbered(Struct, frozen=True, kw_only=True):
    """A list as it was published: of which operator (`subject` names it across numbers), with which number."""

    seq: int
    id: str
    subject: str
    number: int
    operator: str
    jurisdiction: str
    issued: str
    next_update: str


_COLUMNS = ", ".join(f"trust_lists.{name}" for name in Numbered.__struct_fields__)


def published(transaction: Transaction, viewer: Viewer, subject: str = "") -> tuple[Numbered, ...]:
    """Return the lists that the viewer may see, of one operator or of all, the latest that came first."""
    where, values = viewer.may_see()
    rows = transaction.rows(
        f"SELECT {_COLUMNS} FROM trust_lists JOIN statements ON statements.seq = trust_lists.seq"
        f" WHERE (? = '' OR trust_lists.subject = ?) AND {where} ORDER BY trust_lists.seq DESC LIMIT ?",
        subject, subject, *values, _MOST,
    )  # fmt: skip
    return tuple(Numbered(**dict(zip(Numbered.__struct_fields__, row, strict=True))) for row in rows)


def hidden(transaction: Transaction, viewer: Viewer, ids: Collection[str]) -> frozenset[str]:
    """Return which of these lists are statements here that the viewer may not see, or that were erased."""
    where, values = viewer.may_see()
    condition, some = among("id", ids)
    gone = f"(line IS NULL OR NOT ({where}))"
    rows = transaction.rows(f"SELECT id FROM statements WHERE {condition} AND {gone}", *some, *values)
    return frozenset(row[0] for row in rows)


def successors(transaction: Transaction, subject: str, number: int, keyids: Collection[str]) -> list[tuple[str, bytes]]:
    """Return ids and lines of an operator's lists after a number that one of the keys signed, in their order."""
    condition, keys = among("trust_list_keys.keyid", keyids)
    rows = transaction.rows(
        "SELECT trust_lists.id, line FROM trust_lists JOIN statements ON statements.seq = trust_lists.seq"
        " WHERE trust_lists.subject = ? AND number > ? AND line IS NOT NULL AND EXISTS (SELECT 1 FROM trust_list_keys"
        f" WHERE trust_list_keys.seq = trust_lists.seq AND {condition}) ORDER BY number, trust_lists.seq LIMIT ?",
        subject, number, *keys, _SUCCESSORS,
    )  # fmt: skip
    return [(identity, bytes(line)) for identity, line in rows]


def latest(transaction: Transaction) -> int:
    """Return the number of the latest statement that is a trust list; 0 if there is none."""
    row = transaction.one("SELECT MAX(seq) FROM trust_lists")
    return (row[0] or 0) if row else 0
