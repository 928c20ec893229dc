"""What is read with an assessment, its evidence and the reviews of its subject, and what else rests on each of them."""

from __future__ import annotations

from msgspec import Struct

from ...records.said import Level
from ...store import Transaction
from ...store.statements import Kept

OPENNESS: tuple[Level, ...] = ("none", "named", "community", "public")
"""From the fewest readers."""


class Beside(Struct, frozen=True):
    """A statement that is read with an assessment. `others` is the most open level of the other assessments that need
    it, or None if there are none.
    """

    id: str
    kind: str
    level: Level
    others: Level | None


def read_with(transaction: Transaction, assessment: Kept) -> tuple[Beside, ...]:
    """Return the evidence that an assessment names and the reviews of its subject, as far as they are here."""
    evidence = transaction.rows(
        "SELECT s.id, s.kind, s.disclosure FROM assessment_facets f JOIN statements s ON s.id = f.value"
        " WHERE f.seq = ? AND f.facet = 'evidence' AND s.line IS NOT NULL ORDER BY s.seq",
        assessment.seq,
    )
    reviews = transaction.rows(
        "SELECT s.id, s.kind, s.disclosure FROM reviews r JOIN statements s ON s.seq = r.seq"
        " WHERE r.subject = ? AND s.line IS NOT NULL ORDER BY s.seq",
        assessment.subject,
    )
    of_subject = transaction.rows(
        "SELECT DISTINCT disclosure FROM statements WHERE kind = 'assessment' AND subject = ? AND seq <> ?"
        " AND line IS NOT NULL",
        assessment.subject, assessment.seq,
    )  # fmt: skip
    return (
        *(
            Beside(one, kind, level, _most_open(_naming(transaction, one, assessment.seq)))
            for one, kind, level in evidence
        ),
        *(Beside(one, kind, level, _most_open(of_subject)) for one, kind, level in reviews),
    )


def _naming(transaction: Transaction, evidence: str, but: int) -> list[tuple[Level]]:
    return transaction.rows(
        "SELECT DISTINCT o.disclosure FROM assessment_facets f JOIN statements o ON o.seq = f.seq"
        " WHERE f.facet = 'evidence' AND f.value = ? AND f.seq <> ? AND o.line IS NOT NULL",
        evidence, but,
    )  # fmt: skip


def _most_open(rows: list[tuple[Level]]) -> Level | None:
    return max((row[0] for row in rows), key=OPENNESS.index, default=None)
