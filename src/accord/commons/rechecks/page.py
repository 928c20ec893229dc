"""How often what a body measured was found again, and what was repeated of a statement."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from ...recheck import Trial
from ...store import Row, Transaction
from ...store.viewer import Viewer
from ..signed import Signed, among, by_keys, chunks

MOST_TRIALS = 2_000


class Repeat(NamedTuple):
    """A trial, the id of the statement that says it, and when that came here."""

    trial: Trial
    id: str
    created: str
    received: str


def repeats_of(
    transaction: Transaction, viewer: Viewer, bodies: Collection[str], by: Collection[str]
) -> tuple[Repeat, ...]:
    """Return what was repeated of the bodies (keyids) by one of the keys `by`: at most the latest MOST_TRIALS."""
    where, values = viewer.may_see()
    whose, some = among("body", bodies)
    rows: list[Row] = []
    for keys in chunks(by):
        whom, others = among("recheck_trials.keyid", keys)
        rows += transaction.rows(
            "SELECT body, recheck_trials.keyid, statement, agrees, id, created, received FROM recheck_trials"
            " JOIN statements ON statements.seq = recheck_trials.seq"
            f" WHERE {whose} AND {whom} AND {where} ORDER BY recheck_trials.seq DESC LIMIT ?",
            *some, *others, *values, MOST_TRIALS,
        )  # fmt: skip
    return tuple(
        Repeat(Trial(body, key, statement, (created, identity), bool(agrees)), identity, created, received)
        for body, key, statement, agrees, identity, created, received in rows[:MOST_TRIALS]
    )


def count_of(transaction: Transaction, viewer: Viewer, bodies: Collection[str]) -> int:
    """Return how many rechecks there are of the bodies (keyids), by anybody."""
    where, values = viewer.may_see()
    whose, some = among("body", bodies)
    row = transaction.one(
        "SELECT COUNT(DISTINCT recheck_trials.seq) FROM recheck_trials"
        f" JOIN statements ON statements.seq = recheck_trials.seq WHERE {whose} AND {where}",
        *some, *values,
    )  # fmt: skip
    return row[0] if row else 0


def rechecks_of(
    transaction: Transaction, viewer: Viewer, statements: Collection[str], by: Collection[str]
) -> list[Signed]:
    """Return the rechecks of some statements by one of the keys, oldest first."""
    condition, values = among("rechecks.statement", statements)
    return by_keys(transaction, viewer, "rechecks", by, condition, values)
