"""Decisions on their way, as the store keeps them."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from ...recognition.deciding import Draft
from ...records import from_json, to_json
from ...store import Row, Transaction

State = Literal["open", "handed", "decided"]
_MOST = 200
_COLUMNS = "id, assessment, preparer, decider, state, remark, statement, version, created, changed, body"


class Pending(Struct, frozen=True, kw_only=True):
    """A decision that is not logged yet. `preparer` and `decider` are accounts; `remark` is why it was sent back."""

    id: str
    assessment: str
    preparer: str
    decider: str = ""
    state: State = "open"
    remark: str = ""
    statement: str = ""
    version: int = 1
    created: str
    changed: str
    draft: Draft


def add(transaction: Transaction, made: Pending) -> None:
    """Keep a new draft."""
    transaction.run(
        f"INSERT INTO decision_drafts ({_COLUMNS}) VALUES ({', '.join('?' * 11)})",
        made.id, made.assessment, made.preparer, made.decider, made.state, made.remark, made.statement, made.version,
        made.created, made.changed, to_json(made.draft),
    )  # fmt: skip


def save(transaction: Transaction, changed: Pending) -> bool:
    """Replace a draft by its next version. False if somebody else was faster."""
    return bool(
        transaction.run(
            "UPDATE decision_drafts SET decider = ?, state = ?, remark = ?, statement = ?, version = ?, changed = ?,"
            " body = ? WHERE id = ? AND version = ?",
            changed.decider, changed.state, changed.remark, changed.statement, changed.version + 1, changed.changed,
            to_json(changed.draft), changed.id, changed.version,
        )
    )  # fmt: skip


def drop(transaction: Transaction, draft: Pending) -> None:
    """Forget a draft that nobody has signed."""
    transaction.run("DELETE FROM decision_drafts WHERE id = ? AND state = 'open'", draft.id)


def find(transaction: Transaction, identity: str) -> Pending | None:
    """Return a draft."""
    row = transaction.one(f"SELECT {_COLUMNS} FROM decision_drafts WHERE id = ?", identity)
    return _pending(row) if row else None


def pending(transaction: Transaction) -> tuple[Pending, ...]:
    """Return the drafts that nobody has decided yet, the last changed first."""
    rows = transaction.rows(
        f"SELECT {_COLUMNS} FROM decision_drafts WHERE state <> 'decided' ORDER BY changed DESC, id LIMIT ?", _MOST
    )
    return tuple(map(_pending, rows))


def _pending(row: Row) -> Pending:
    names = _COLUMNS.split(", ")[:-1]
    return Pending(**dict(zip(names, row[:-1], strict=True)), draft=from_json(bytes(row[-1]), Draft, name="draft"))
