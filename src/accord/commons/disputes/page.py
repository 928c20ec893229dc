"""What pages show of objections."""

from __future__ import annotations

from msgspec import Struct

from ...store import Transaction
from ...store.viewer import Viewer

_MOST = 200


class Answer(Struct, frozen=True, kw_only=True):
    """An answer to an objection: `accepted`, `partly`, `rejected` or `later`, by whom and when."""

    decision: str
    answer: str
    name: str
    role: str
    office: str
    created: str


class Objection(Struct, frozen=True, kw_only=True):
    """An objection as it is shown, with its answers, oldest first. `level` is who may read it."""

    id: str
    target: str
    about: str
    objection: str
    name: str
    role: str
    office: str
    created: str
    level: str
    answers: tuple[Answer, ...]


class Objections(Struct, frozen=True, kw_only=True):
    """Objections that the viewer may read, oldest first, and how many there are that the viewer may not."""

    shown: tuple[Objection, ...]
    hidden: int


def objections_to(transaction: Transaction, viewer: Viewer, target: str) -> Objections:
    """Return the objections to a statement."""
    total = transaction.one("SELECT COUNT(*) FROM disputes WHERE target = ?", target)
    found = _read(transaction, viewer, "disputes.target = ?", target)
    return Objections(shown=found, hidden=(total[0] if total else 0) - len(found))


def waiting(transaction: Transaction, viewer: Viewer) -> tuple[Objection, ...]:
    """Return the objections that nobody has answered yet, oldest first."""
    unanswered = "NOT EXISTS (SELECT 1 FROM dispute_answers a WHERE a.dispute = statements.id)"
    return _read(transaction, viewer, unanswered)


def _read(transaction: Transaction, viewer: Viewer, condition: str, *values: object) -> tuple[Objection, ...]:
    where, own = viewer.may_see()
    rows = transaction.rows(
        "SELECT id, target, about, objection, name, role, office, created, disclosure FROM disputes"
        f" JOIN statements ON statements.seq = disputes.seq WHERE {condition} AND {where}"
        " ORDER BY disputes.seq LIMIT ?",
        *values, *own, _MOST,
    )  # fmt: skip
    names = ("id", "target", "about", "objection", "name", "role", "office", "created", "level")
    return tuple(
        Objection(**dict(zip(names, row, strict=True)), answers=_answers(transaction, viewer, row[0])) for row in rows
    )


def _answers(transaction: Transaction, viewer: Viewer, dispute: str) -> tuple[Answer, ...]:
    where, own = viewer.may_see()
    rows = transaction.rows(
        "SELECT decision, answer, name, role, office, created FROM dispute_answers"
        f" JOIN statements ON statements.seq = dispute_answers.seq WHERE dispute = ? AND {where}"
        " ORDER BY dispute_answers.seq LIMIT ?",
        dispute, *own, _MOST,
    )  # fmt: skip
    return tuple(Answer(**dict(zip(Answer.__struct_fields__, row, strict=True))) for row in rows)
