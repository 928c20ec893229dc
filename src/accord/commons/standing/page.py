"""How a statement stands, for a page: revoked, withheld, lapsed, replaced by nothing better than a word of its own.

What is said about a statement holds for everybody, also if it is withheld itself; its words are shown if it is public.
"""

from __future__ import annotations

from msgspec import Struct

from ...store import Transaction
from ...store.statements import Kept

_REASON = "CASE WHEN said.disclosure = 'public' THEN reason ELSE '' END"


class Revoked(Struct, frozen=True, kw_only=True):
    """A revocation: from when, why ("" if that is withheld), and by which key."""

    effective: str
    reason: str
    keyid: str


class Withheld(Struct, frozen=True, kw_only=True):
    """A decision on who may read a statement: the level, why ("" if that is withheld), since when."""

    level: str
    reason: str
    since: str


class Standing(Struct, frozen=True, kw_only=True):
    """How a statement stands at a moment. `revoked` is the first revocation that is in force then."""

    revoked: Revoked | None
    lapsed: bool
    decisions: tuple[Withheld, ...]


def standing_of(transaction: Transaction, kept: Kept, now: str) -> Standing:
    """Return how a statement stands at `now` (UTC). A revocation counts from who signed it, or whose log has it."""
    row = transaction.one(
        f"SELECT effective, {_REASON}, revoked.keyid FROM revoked JOIN statements said ON said.seq = revoked.seq"
        " WHERE target = ? AND effective <= ? AND ("
        " revoked.keyid = ? OR EXISTS (SELECT 1 FROM logged JOIN logs ON logs.origin = logged.origin"
        " WHERE logged.seq = ? AND logs.speaker = revoked.keyid)) ORDER BY effective, revoked.seq",
        kept.id, now, kept.keyid, kept.seq,
    )  # fmt: skip
    decisions = transaction.rows(
        f"SELECT level, {_REASON}, since FROM withheld JOIN statements said ON said.seq = withheld.seq"
        " WHERE target = ? ORDER BY withheld.seq LIMIT 100",
        kept.id,
    )
    return Standing(
        revoked=Revoked(effective=row[0], reason=row[1], keyid=row[2]) if row else None,
        lapsed=bool(kept.valid_until) and kept.valid_until < now,
        decisions=tuple(Withheld(level=level, reason=reason, since=since) for level, reason, since in decisions),
    )


def withheld_reasons(transaction: Transaction, subject: str) -> tuple[tuple[str, str, int], ...]:
    """Return, of the statements about a subject that are withheld from the public, level, reason and how many."""
    rows = transaction.rows(
        f"SELECT statements.disclosure, {_REASON}, COUNT(*) FROM statements"
        " JOIN withheld ON withheld.target = statements.id JOIN statements said ON said.seq = withheld.seq"
        " WHERE statements.subject = ? AND statements.disclosure <> 'public'"
        " AND withheld.seq = (SELECT MAX(seq) FROM withheld w WHERE w.target = statements.id)"
        " GROUP BY 1, 2 ORDER BY 1, 2 LIMIT 50",
        subject,
    )
    return tuple((row[0], row[1], row[2]) for row in rows)
