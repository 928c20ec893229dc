"""What is read with an assessment, its evidence and the reviews of its subject, and what else rests on each of them."""

from __future__ import annotations

from msgspec import Struct

from ...records.said import Level
from ...store import Row, Transaction
from ...store.statements import Kept

OPENNESS: tuple[Level, ...] = ("none", "named", "community", "public")
"""From the fewest readers."""


class Beside(Struct, frozen=True):
    """A statement that is read with an assessment, and who signed it. `others` is the most open level of the other
    assessments that need it, or None if there are none.
    """

    id: str
    kind: str
    keyid: str
    level: Level
    others: Level | None


def read_with(transaction: Transaction, assessment: Kept) -> tuple[Beside, ...]:
    """Return the evidence that an assessment names and the reviews of its subject, as far as they are here."""
    evidence = transaction.rows(
        "SELECT s.id, s.kind, s.keyid, s.disclosure FROM assessment_facets f JOIN statements s ON s.id = f.value"
        " WHERE f.seq = ? AND f.facet = 'evidence' AND s.line IS NOT NULL ORDER BY s.seq",
        assessment.seq,
    )
    reviews = transaction.rows(
        "SELECT s.id, s.kind, s.keyid, s.disclosure FROM reviews r JOIN statements s ON s.seq = r.seq"
        " WHERE r.subject = ? AND s.line IS NOT NULL ORDER BY s.seq",
        assessment.subject,
    )
    of_subject = transaction.rows(
        "SELECT DISTINCT disclosure FROM statements WHERE kind = 'assessment' AND subject = ? AND seq <> ?"
        " AND line IS NOT NULL",
        assessment.subject, assessment.seq,
    )  # fmt: skip
    return (
        *(_beside(row, _naming(transaction, row[0], assessment.seq)) for row in evidence),
        *(_beside(row, of_subject) for row in reviews),
    )


def _beside(row: Row, others: list[tuple[Level]]) -> Beside:
    identity, kind, keyid, level = row
    most = max((other for (other,) in others), key=OPENNESS.index, default=None)
    return Beside(identity, kind, keyid, level, most)


def _naming(transaction: Transaction, evidence: str, but: int) -> list[tuple[Level]]:
    return transaction.rows(
        "SELECT DISTINCT o.disclosure FROM assessment_facets f JOIN statements o ON o.seq = f.seq"
        " WHERE f.facet = 'evidence' AND f.value = ? AND f.seq <> ? AND o.line IS NOT NULL",
        evidence, but,
    )  # fmt: skip
