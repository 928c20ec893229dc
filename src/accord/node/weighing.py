"""The node's judgement with what its officers judged: reviews are weighed when somebody looks, and never stored in it.

So one that lapses, is revoked or withheld counts no longer from that moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec.structs import replace

from ..commons.assessments.page import Around
from ..commons.assessments.projection import record_bytes
from ..commons.reviews.page import Told
from ..errors import AccordError
from ..records import Assessment, Review, from_json
from ..store import Transaction
from ..trust.sealing import RECORD
from .judging import Judged, judge_evidence, settings_of, signed_evidence, stored
from .node import Node


def reviewed_judgement(node: Node, transaction: Transaction, around: Around, told: Sequence[Told]) -> Judged | None:
    """Return the node's judgement as of today, with those reviews in `told` that it answers for and nobody revoked."""
    found = stored(transaction, around)
    counted = _counted(told)
    if found is None or found.state != "judged" or not counted:
        return found
    today = datetime.now(UTC).date().isoformat()
    try:
        evidence = signed_evidence(transaction, around.kept.seq)
        known = _digests(transaction, around)
        return judge_evidence(evidence, settings_of(node), today, counted, known)
    except AccordError as error:  # the settings name what isn't there any more
        return Judged(jurisdiction=node.config.jurisdiction, on=today, state="failed", reason=error.message[:500])


def _counted(told: Sequence[Told]) -> tuple[Review, ...]:
    """Return the reviews that the node answers for, as by the keys of its people: who is renamed stays one person, and
    namesakes don't replace each other.
    """
    names = {item.person: item.review.reviewer.name for item in told if item.own}
    return tuple(
        replace(item.review, keyid=item.person, reviewer=replace(item.review.reviewer, name=names[item.person]))
        for item in told
        if item.own and not item.revoked
    )


def _digests(transaction: Transaction, around: Around) -> frozenset[str]:
    """Return the digests of the system and of its parts, which reviews are of and rely on."""
    data = record_bytes(transaction, around.kept.seq, around.record)
    record = from_json(data, Assessment, name=RECORD) if data is not None else None
    return frozenset((around.kept.subject, *(record.subject.digests if record else ())))
