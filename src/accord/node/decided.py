"""Decisions of authorities that this node knows, each with what has changed since: they stand, and say so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from ..commons.recognitions import page as kept_decisions
from ..commons.signed import Signed
from ..commons.standing.page import standing_of
from ..i18n import _
from ..recognition.agreements import AUTHORITY, Edge, authority_of
from ..records.recognition import Recognition
from ..store import Transaction
from ..store.statements import find
from ..store.viewer import Viewer
from ..trust.statement import format_time, parse_time
from ..trust.trust_list import Accepted
from .accepting import lists_for
from .node import Node
from .recognising import edges, keys_of


class Decided(Struct, frozen=True, kw_only=True):
    """A decision. `authority` is whether an authority of its jurisdiction signed it, `says` why that is (not) known.

    `changed` says what has changed since, a sentence each: nothing of it undoes the decision. `examined` counts the
    examinations of the assessment that were begun: of more than one, each drew anew.
    """

    id: str
    created: str
    authority: bool
    says: str
    changed: tuple[str, ...]
    examined: int
    record: Recognition


def decisions(node: Node, viewer: Viewer, assessment: str = "") -> tuple[Decided, ...]:
    """Return decisions on an assessment (its id) or on any, by authorities or by this node, the newest first."""
    now = datetime.now(UTC)
    known = {edge.digest: edge for edge in edges(node, viewer)}
    with node.store.reading() as transaction:
        lists = lists_for(node, transaction, viewer)
        keys = keys_of(lists, AUTHORITY) | {node.speaker.keyid}
        if assessment:
            found = kept_decisions.decisions_on(transaction, viewer, keys, assessment)[::-1]
        else:
            found = kept_decisions.decisions(transaction, viewer, keys)
        return tuple(_decided(transaction, viewer, lists, keys, known, item, now) for item in found)


def by_others(node: Node, viewer: Viewer, assessment: str) -> int:
    """Return how many decisions on an assessment are signed by nobody that is known here."""
    with node.store.reading() as transaction:
        keys = keys_of(lists_for(node, transaction, viewer), AUTHORITY) | {node.speaker.keyid}
        return kept_decisions.others_on(transaction, viewer, keys, assessment)


def _decided(
    transaction: Transaction,
    viewer: Viewer,
    lists: Sequence[Accepted],
    keys: frozenset[str],
    known: Mapping[str, Edge],
    item: Signed,
    now: datetime,
) -> Decided:
    record = item.heard.record(Recognition)
    found = authority_of(item.heard, record.jurisdiction, lists, by=parse_time(item.received))
    unknown = _("No trust list that is accepted here names who signed it as an authority of {code}.")
    return Decided(
        id=item.heard.id,
        created=item.heard.created,
        authority=found.holds,
        says=found.reason or unknown.format(code=record.jurisdiction),
        changed=tuple(_changes(transaction, item, record, known, now)),
        examined=sum(
            one.heard.statement.predicate.get("jurisdiction") == record.jurisdiction
            for one in kept_decisions.examinations_of(transaction, viewer, keys, record.assessment)
        ),
        record=record,
    )


def _changes(
    transaction: Transaction, item: Signed, record: Recognition, known: Mapping[str, Edge], now: datetime
) -> list[str]:
    moment, said = format_time(now), []
    for identity, text in (
        (item.heard.id, _("This decision was revoked as of {day}: {why}")),
        (record.assessment, _("The assessment was revoked as of {day}: {why}")),
    ):
        kept = find(transaction, identity)
        revoked = standing_of(transaction, kept, moment).revoked if kept else None
        if revoked:
            said.append(text.format(day=revoked.effective[:10], why=revoked.reason))
    for digest in record.agreements:
        edge = known.get(digest)
        if edge is None or edge.agreement is None:
            said.append(_("An agreement that it rests on is not known here."))
        elif edge.state != "in_force":
            text = _("The agreement {id} that it rests on is no longer in force. {why}")
            said.append(text.format(id=edge.agreement.id, why=edge.reason))
    if record.valid_until < moment[:10]:
        said.append(_("It held until {day}.").format(day=record.valid_until))
    return said
