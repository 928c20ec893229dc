"""What is said of agreements by those whom a reader knows."""

from __future__ import annotations

from collections.abc import Collection

from ...store import Transaction
from ...store.viewer import Viewer
from ..signed import MOST, Signed, among, by_keys, chunks


def said_of_agreements(transaction: Transaction, viewer: Viewer, keyids: Collection[str]) -> list[Signed]:
    """Return agreements, acceptances and ends that one of the keys signed, and their revocations by their signers."""
    found = by_keys(transaction, viewer, "agreement_statements", keyids)
    keys = {item.heard.id: {key.keyid for key in item.heard.keys} for item in found}
    return found + revocations_of(transaction, viewer, list(keys), {key for own in keys.values() for key in own})


def revocations_of(
    transaction: Transaction, viewer: Viewer, targets: Collection[str], keyids: Collection[str]
) -> list[Signed]:
    """Return the revocations of some statements that one of the keys signed; each reader says which of them count."""
    found: list[Signed] = []
    for some in chunks(targets):
        condition, values = among("revoked.target", some)
        found += by_keys(transaction, viewer, "revoked", keyids, condition, values, most=MOST - len(found))
    return found


def by_strangers(transaction: Transaction, viewer: Viewer, known: Collection[str]) -> int:
    """Return how many agreements nobody signed whose key is known."""
    where, values = viewer.may_see()
    agreements = f"statements.kind = 'agreement' AND {where}"
    row = transaction.one(f"SELECT COUNT(*) FROM statements WHERE {agreements}", *values)
    ours: set[int] = set()
    for some in chunks(known):
        condition, keys = among("a.keyid", some)
        rows = transaction.rows(
            "SELECT DISTINCT a.seq FROM agreement_statements a JOIN statements ON statements.seq = a.seq"
            f" WHERE {condition} AND {agreements} LIMIT ?",
            *keys, *values, MOST,
        )  # fmt: skip
        ours.update(seq for (seq,) in rows)
    return max((row[0] if row else 0) - len(ours), 0)
