"""What is known when it is asked whether something counts: what was said, and which trust lists were accepted."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TypeVar

from ..errors import MalformedInput
from ..records import is_day
from ..records.measurement import Record
from ..records.recheck import Recheck
from ..records.said import Revocation
from ..records.trust_list import ServiceRole
from ..trust.note import VerifierKey
from ..trust.proof import LogProof
from ..trust.saying import Heard
from ..trust.statement import parse_time
from ..trust.trust_list import Accepted, Vouched, vouch
from .agreements import Edge, edges_at

BODIES: tuple[ServiceRole, ...] = ("laboratory", "authority")
"""The roles on a trust list whose measurements can be recognised."""

R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Said:
    """A statement that is to count. `proof` is its proof in the log of which `log` is the key, if it has one.

    `within` is the statement that names it by its digest, and that the proof is of, where it has no proof of its own:
    evidence hangs from its assessment.
    """

    heard: Heard
    proof: LogProof | None = None
    log: VerifierKey | None = None
    within: Heard | None = None

    @property
    def logged(self) -> Heard:
        """The statement whose leaf is in the log."""
        return self.within or self.heard

    @property
    def keyid(self) -> str:
        """The key that signed it."""
        return self.heard.keys[0].keyid

    @property
    def signed(self) -> datetime:
        """When its signer says to have signed. Raises MalformedInput."""
        return parse_time(self.heard.created)


@dataclass(frozen=True)
class World:
    """What is known, for judging as of the moment `at`: statements that were heard, trust lists that were accepted.

    `seen` says of a statement's digest when somebody trusted had first seen it. What nobody has seen before `now` could
    have been signed today, with any time: whoever lost their standing since then vouches for none of it. `taken_back`
    says, of statements that no longer hold by what the reader knows besides, why.
    """

    at: datetime
    statements: tuple[Heard, ...] = ()
    lists: tuple[Accepted, ...] = ()
    seen: Mapping[str, datetime] = field(default_factory=dict)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    taken_back: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        """Every agreement as it stands at the moment."""
        return edges_at(self.statements, self.lists, self.at, seen=self.seen, now=self.now)

    def vouched(self, heard: Heard) -> Vouched:
        """Say whether a trust list vouches for a body that signed this, and was one when it did."""
        signed, by = parse_time(heard.created), self.seen.get(heard.id, self.now)
        return vouch(self.lists, heard.keys[0].keyid, said=signed, by=max(by, signed), roles=BODIES)

    @cached_property
    def rechecks(self) -> tuple[tuple[Heard, Recheck], ...]:
        """What was repeated until the moment, with what came out."""
        return tuple(self._said("recheck", Recheck))

    @cached_property
    def revocations(self) -> tuple[tuple[Heard, Revocation], ...]:
        """The revocations in effect. One whose time can't be read is in effect since it was said."""
        return tuple((heard, said) for heard, said in self._said("revocation", Revocation) if self._in_effect(said))

    def _in_effect(self, said: Revocation) -> bool:
        with contextlib.suppress(MalformedInput):
            return parse_time(f"{said.effective}T00:00:00Z" if is_day(said.effective) else said.effective) <= self.at
        return True

    def _said(self, kind: str, record: type[R]) -> Iterator[tuple[Heard, R]]:
        """Yield what was said of a kind until the moment; what can't be read says nothing."""
        for heard in self.statements:
            if heard.kind == kind:
                with contextlib.suppress(MalformedInput):
                    if parse_time(heard.created) <= self.at:
                        yield heard, heard.record(record)
