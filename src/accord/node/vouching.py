"""Who signed an assessment, whether this node knows them, and how sure a reader may be: derived, never stored."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from ..commons.assessments.page import Around, Rechecked
from ..errors import AccordError
from ..i18n import _
from ..recognition.assurance import derive_assurance
from ..recognition.known import Said, World
from ..records.agreement import Assurance
from ..store import Transaction
from ..store.statements import find, line_of
from ..trust import KnownKey, Trust
from ..trust.saying import reread
from ..trust.statement import parse_time
from .node import Node


class Signer(msgspec.Struct, frozen=True, kw_only=True):
    """Who signed; `name` is "" for a key that is not known here. `because` says why the assurance is what it is."""

    keyid: str
    name: str
    known: bool
    reason: str
    assurance: Assurance
    because: str


def signer_of(node: Node, transaction: Transaction, around: Around) -> Signer:
    """Return who signed an assessment, as this node's keys and trust lists tell."""
    kept = around.kept
    try:
        trusted = node.keys.known()
        known = trusted.signer(kept.keyid, parse_time(kept.created), parse_time(kept.received))
        assurance, because = _assurance(transaction, around, trusted)
    except AccordError as error:  # a time that is none, a trust list that can't be read
        known, assurance, because = None, "self_measured", error.message
    return Signer(
        keyid=kept.keyid,
        name=known.name if known else "",
        known=known is not None,
        reason=_reason(known),
        assurance=assurance,
        because=because,
    )


def who_repeated(node: Node, around: Around) -> tuple[tuple[Rechecked, str], ...]:
    """Return each repeat of an assessment with the name of who says so: "" for a key that this node does not know."""
    try:
        trusted = node.keys.known()
    except AccordError:
        return tuple((item, "") for item in around.rechecks)
    return tuple((item, _name(trusted, item)) for item in around.rechecks)


def _name(trusted: Trust, item: Rechecked) -> str:
    try:
        known = trusted.signer(item.keyid, parse_time(item.created), parse_time(item.received))
    except AccordError:
        return ""
    return known.name if known else ""


def _assurance(transaction: Transaction, around: Around, trusted: Trust) -> tuple[Assurance, str]:
    line = line_of(transaction, around.kept.seq)
    if line is None or not around.measured:
        return "declared", _("nothing was measured.")
    repeated = []
    seen = {around.kept.id: parse_time(around.kept.received)}
    for item in around.rechecks:
        found = find(transaction, item.id)
        if found and (other := line_of(transaction, found.seq)):
            repeated.append(reread(other))
            seen[item.id] = parse_time(item.received)
    world = World(datetime.now(UTC), tuple(repeated), trusted.lists, seen)
    heard = reread(line)
    vouched = world.vouched(heard)
    standing = vouched.standing if vouched.holds else None
    return derive_assurance(Said(heard), standing, around.listed.provider, world)


def _reason(known: KnownKey | None) -> str:
    if known is None:
        return _("This node does not know the key: anybody could have made it.")
    if known.listed:
        return known.note or known.listed
    return _("The key is this node's own.") if known.why == "own" else _("The operator of this node trusts the key.")
