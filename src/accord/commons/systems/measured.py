"""What was measured of an entry of the register: assessments of its subjects, and the two that show what changed."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from ...store import Transaction
from ...store.viewer import Viewer


class Assessed(Struct, frozen=True, kw_only=True):
    """An assessment of a subject that belongs to the entry. `name` is what its signer calls the subject."""

    id: str
    subject: str
    name: str
    keyid: str
    created: str
    valid_until: str
    revoked: bool


def assessments_of(
    transaction: Transaction, viewer: Viewer, seq: int, now: str, most: int = 100
) -> tuple[Assessed, ...]:
    """Return the assessments of what belongs to a version of an entry (its number), the newest first."""
    where, values = viewer.may_see()
    rows = transaction.rows(
        "SELECT statements.id, statements.subject, COALESCE(assessments.name, ''), statements.keyid,"
        " statements.created, statements.valid_until,"
        " CASE WHEN EXISTS (SELECT 1 FROM revoked WHERE revoked.target = statements.id AND revoked.effective <= ?"
        " AND (revoked.keyid = statements.keyid OR EXISTS (SELECT 1 FROM logged JOIN logs"
        " ON logs.origin = logged.origin WHERE logged.seq = statements.seq AND logs.speaker = revoked.keyid)))"
        " THEN 1 ELSE 0 END"
        " FROM systems_subjects s CROSS JOIN statements"  # SQLite would else read all assessments first
        " LEFT JOIN assessments ON assessments.seq = statements.seq"
        f" WHERE s.seq = ? AND statements.subject = s.subject AND statements.kind = 'assessment' AND {where}"
        " ORDER BY statements.created DESC, statements.seq DESC LIMIT ?",
        now, seq, *values, most,
    )  # fmt: skip
    names = Assessed.__struct_fields__
    return tuple(Assessed(**{**dict(zip(names, row, strict=True)), "revoked": bool(row[-1])}) for row in rows)


def last_two(assessments: Sequence[Assessed]) -> tuple[Assessed, Assessed] | None:
    """Return the last assessment that stands, and before it the one before it of what has the same name; or None."""
    standing = [item for item in assessments if not item.revoked]
    before = next((item for item in standing[1:] if item.name == standing[0].name), None)
    return (before, standing[0]) if before else None
