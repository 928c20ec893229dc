"""Decisions on an assessment by authorities that a reader knows."""

from __future__ import annotations

from collections.abc import Collection

from ...store import Transaction
from ...store.viewer import Viewer
from ..signed import Signed, by_keys

PAGE = 50


def decisions_on(transaction: Transaction, viewer: Viewer, keyids: Collection[str], assessment: str) -> list[Signed]:
    """Return the decisions on an assessment by one of the keys, oldest first."""
    return by_keys(transaction, viewer, "recognitions", keyids, "recognitions.assessment = ?", (assessment,), most=PAGE)


def decisions(transaction: Transaction, viewer: Viewer, keyids: Collection[str]) -> list[Signed]:
    """Return the latest decisions by one of the keys, the newest first."""
    return by_keys(transaction, viewer, "recognitions", keyids, most=PAGE)[::-1]


def examinations_of(transaction: Transaction, viewer: Viewer, keyids: Collection[str], assessment: str) -> list[Signed]:
    """Return the examinations of an assessment that were begun: more than one in a place drew more than once."""
    condition = "examinations.assessment = ?"
    return by_keys(transaction, viewer, "examinations", keyids, condition, (assessment,), most=PAGE)


def others_on(transaction: Transaction, viewer: Viewer, known: Collection[str], assessment: str) -> int:
    """Return how many decisions on an assessment are signed by nobody that is known."""
    where, values = viewer.may_see()
    row = transaction.one(
        "SELECT COUNT(DISTINCT recognitions.seq) FROM recognitions JOIN statements ON statements.seq = recognitions.seq"
        f" WHERE assessment = ? AND {where}",
        assessment, *values,
    )  # fmt: skip
    return max((row[0] if row else 0) - len(decisions_on(transaction, viewer, known, assessment)), 0)
