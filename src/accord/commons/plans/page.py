"""Plans in a list, each with the assessments that say they followed it."""

from __future__ import annotations

from msgspec import Struct

from ...store import Transaction
from ...store.viewer import Viewer

PAGE = 50
_MOST_RUNS = 20


class Planned(Struct, frozen=True, kw_only=True):
    """A plan. `followed` are ids of assessments that name it, as far as the viewer may see them."""

    seq: int
    id: str
    subject: str
    keyid: str
    created: str
    name: str
    runs: int
    gates: str
    why: str
    followed: tuple[str, ...]


def plans(
    transaction: Transaction, viewer: Viewer, *, before: int | None = None, subject: str = ""
) -> tuple[tuple[Planned, ...], int | None]:
    """Return a page of plans, the newest first, and the number to go on before, or None."""
    where, values = viewer.may_see()
    rows = transaction.rows(
        "SELECT statements.seq, id, subject, keyid, created, name, runs, gates, why FROM plans"
        " JOIN statements ON statements.seq = plans.seq"
        f" WHERE plans.seq < ? AND (? = '' OR subject = ?) AND {where} ORDER BY plans.seq DESC LIMIT ?",
        before or 2**62, subject, subject, *values, PAGE + 1,
    )  # fmt: skip
    found = tuple(
        Planned(
            **dict(zip(Planned.__struct_fields__, row, strict=False)), followed=_followed(transaction, viewer, row[1])
        )
        for row in rows[:PAGE]
    )
    return found, found[-1].seq if len(rows) > PAGE else None


def _followed(transaction: Transaction, viewer: Viewer, plan: str) -> tuple[str, ...]:
    where, values = viewer.may_see()
    rows = transaction.rows(
        "SELECT statements.id FROM plan_runs JOIN statements ON statements.seq = plan_runs.seq"
        f" WHERE plan_runs.plan = ? AND {where} ORDER BY statements.seq LIMIT ?",
        plan, *values, _MOST_RUNS,
    )  # fmt: skip
    return tuple(row[0] for row in rows)
