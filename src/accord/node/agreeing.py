"""Agreements from the node: made, accepted and ended by who decides here, in the name of its jurisdiction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

from ..errors import UsageError
from ..recognition.agreements import AUTHORITY, Edge, agreement_mistakes, agreement_subject
from ..records.agreement import Agreement, AgreementAcceptance, AgreementEnd
from ..records.measurement import Record
from ..store.viewer import Viewer
from ..trust.saying import say
from ..trust.statement import Named, format_time
from .accepting import lists_for
from .api.statements import require
from .auth.people import key_of
from .node import Node
from .problems import Conflict, Forbidden, NotFound
from .recognising import edges
from .speaking import person

_DAYS_TO_STAND = 3_653


def make(node: Node, viewer: Viewer, agreement: Agreement) -> str:
    """Say that this node's jurisdiction recognises another's bodies; return the statement's id. Raises UsageError."""
    require(viewer, "decider")
    if agreement.recognises != node.config.jurisdiction:
        raise Forbidden("not-yours", "A node speaks for its own jurisdiction.", "Ask the other side's node.")
    wrong = agreement_mistakes(agreement)
    if wrong:
        raise UsageError("bad-agreement", "; ".join(wrong), "Correct what is named.")
    days = (date.fromisoformat(agreement.valid_until) - datetime.now(UTC).date()).days + 2
    if days < 2:
        raise UsageError("over-already", f"{agreement.valid_until} is over.", "Give a later day.")
    return _say(node, viewer, agreement, "agreement", [agreement_subject(agreement)], days)


def accept(node: Node, viewer: Viewer, identity: str) -> str:
    """Accept an agreement (its id) for the side whose bodies it recognises. Raises NotFound, Forbidden, Conflict."""
    require(viewer, "decider")
    edge = _edge(node, viewer, identity)
    if edge.of != node.config.jurisdiction:
        raise Forbidden("not-yours", f"Only {edge.of} accepts it.", "Ask that side's node.")
    if edge.state != "proposed":
        raise Conflict("other-state", "It does not wait to be accepted.", "Look at it again.")
    record = AgreementAcceptance(agreement=identity, by=person(viewer, "decider"))
    return _say(node, viewer, record, "agreement-acceptance", [_named(identity)], _DAYS_TO_STAND)


def end(node: Node, viewer: Viewer, identity: str, reason: str) -> str:
    """End an agreement (its id) at once, for either side. What was recognised until now stays recognised then."""
    require(viewer, "decider")
    edge = _edge(node, viewer, identity)
    if node.config.jurisdiction not in (edge.recognises, edge.of):
        raise Forbidden("not-yours", "Only one of its two sides ends it.", "Ask one of their nodes.")
    if edge.ended:
        raise Conflict("other-state", "It has ended already.", "Look at it again.")
    record = AgreementEnd(
        agreement=identity, effective=format_time(datetime.now(UTC)), reason=reason, by=person(viewer, "decider")
    )
    return _say(node, viewer, record, "agreement-end", [_named(identity)], _DAYS_TO_STAND)


def is_authority(node: Node, viewer: Viewer) -> bool:
    """Whether a trust list that is accepted here grants this node's key as an authority of its jurisdiction, now.

    What a node signs otherwise counts for nobody who goes by that list.
    """
    now = datetime.now(UTC)
    with node.store.reading() as transaction:
        lists = lists_for(node, transaction, viewer)
    code = node.config.jurisdiction
    granted = (who for item in lists for who in item.standings(node.speaker.keyid, now) if now <= item.next_update)
    return any(who.role in AUTHORITY and who.status == "granted" and who.jurisdiction == code for who in granted)


def _edge(node: Node, viewer: Viewer, identity: str) -> Edge:
    found = next((edge for edge in edges(node, viewer) if edge.digest == identity and edge.agreement), None)
    if found is None:
        raise NotFound("There is no such agreement here that an authority has signed.")
    return found


def _say(node: Node, viewer: Viewer, record: Record, kind: str, about: Sequence[Named], days: int) -> str:
    """Sign as the node, which answers for it, and as the person; log it, and return its id."""
    line = say(record, kind, about, signers=[node.speaker, key_of(node, viewer.account)], valid_days=days)
    return node.intake.say([line])[0].id


def _named(identity: str) -> Named:
    return Named({"sha256": identity.removeprefix("sha256:")})
