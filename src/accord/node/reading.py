"""Reading a statement as a viewer may: what one may not see is answered as if it were not there."""

from __future__ import annotations

from ..store import Transaction
from ..store.statements import COLUMNS, Kept
from ..store.viewer import Viewer
from .problems import NotFound


def seen(transaction: Transaction, viewer: Viewer, statement: str) -> Kept:
    """Return the statement with this id. Raises NotFound if there is none, or none for this viewer."""
    where, values = viewer.may_see()
    row = transaction.one(f"SELECT {COLUMNS} FROM statements WHERE id = ? AND {where}", statement, *values)
    if row is None:
        raise NotFound("There is no such statement here.")
    return Kept(*row)
