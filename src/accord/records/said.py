"""What nodes, offices, bodies and people say about statements that are there already: short statements, a shape each.

A digest names a statement: `sha256:<hex>` of its line. A day is written YYYY-MM-DD, a time 2026-01-31T12:00:00Z.
"""

from __future__ import annotations

from typing import Literal

from .measurement import Record

Level = Literal["public", "community", "named", "none"]
"""Who may read a statement's content: everybody; accounts and peers of the node; the peers that are named; nobody."""


class Person(Record, frozen=True, kw_only=True):
    """Who speaks: a name or pseudonym, the role in which, and the office or organisation, if any."""

    name: str
    role: str
    office: str = ""


class Revocation(Record, frozen=True, kw_only=True):
    """A statement no longer holds, from a time on. Only who signed it, or the node that logged it, can say so."""

    target: str
    reason: str
    effective: str
    by: Person | None = None


class Disclosure(Record, frozen=True, kw_only=True):
    """From now on the content of these statements may be read by `level`; `peers` are origins of nodes, if named."""

    targets: tuple[str, ...]
    level: Level
    reason: str
    peers: tuple[str, ...] = ()
    by: Person | None = None


class Erasure(Record, frozen=True, kw_only=True):
    """The node has erased a statement for good; its hash stays in the log. `basis` is the law or right."""

    target: str
    reason: str
    basis: str = ""
    by: Person | None = None


class Dispute(Record, frozen=True, kw_only=True):
    """Somebody objects to a statement, with reasons: `about` is what in it, such as a measure or a requirement."""

    target: str
    objection: str
    about: str = ""
    by: Person


class DisputeAnswer(Record, frozen=True, kw_only=True):
    """What the owner of a disputed statement answers; `dispute` is the digest of the objection."""

    dispute: str
    target: str
    decision: Literal["accepted", "partly", "rejected", "later"]
    answer: str
    by: Person


class SplitView(Record, frozen=True, kw_only=True):
    """A log has shown two histories: `first` and `second` are checkpoints that it signed and that exclude each other.

    Of one size and two roots they prove it by themselves; of two sizes, the entries between them do.
    """

    origin: str
    log_key: str
    first: str
    second: str
    detail: str


class RevokedStatement(Record, frozen=True, kw_only=True):
    """A statement that no longer holds, from a time on."""

    target: str
    effective: str


class StatusSnapshot(Record, frozen=True, kw_only=True):
    """What a node knew of the standing of statements when it looked: all revocations up to an entry of its log.

    Who reads it after `next_update` knows no more than that it held then.
    """

    origin: str
    size: int
    at: str
    next_update: str
    revoked: tuple[RevokedStatement, ...] = ()
