"""Who is looking, and which statements' content may be shown: one rule, in one place, in SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Role = Literal["reader", "publisher", "officer", "decider", "operator"]
"""What an account may do: read what is for the community; publish; keep the register; sign decisions; run the node."""
ROLES: tuple[Role, ...] = get_args(Role)
_STAFF = frozenset({"officer", "decider", "operator"})


@dataclass(frozen=True, slots=True)
class Viewer:
    """A visitor, an account of this node with its roles, or another node (`peer`, its log's origin)."""

    account: str = ""
    name: str = ""
    roles: frozenset[str] = frozenset()
    office: str = ""
    peer: str = ""

    @property
    def staff(self) -> bool:
        """Whether this is somebody who keeps the register or the node: they see what is withheld from others."""
        return bool(self.roles & _STAFF)

    def may_see(self, table: str = "statements") -> tuple[str, tuple[str, ...]]:
        """Return the condition on `table` (statements, by that name) under which it may be shown, and its values."""
        if self.staff:
            return "1 = 1", ()
        if self.peer:
            named = f"EXISTS (SELECT 1 FROM disclosed_to d WHERE d.seq = {table}.seq AND d.peer = ?)"
            return (
                f"({table}.disclosure IN ('public', 'community') OR ({table}.disclosure = 'named' AND {named}))",
                (self.peer,),
            )
        if self.account:
            return f"{table}.disclosure IN ('public', 'community')", ()
        return f"{table}.disclosure = 'public'", ()


VISITOR = Viewer()
