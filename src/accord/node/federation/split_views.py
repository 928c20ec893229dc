"""Logs that have shown two histories: isolated here, reported to others, believed where a report proves itself."""

from __future__ import annotations

import hashlib
import logging

from ...errors import AccordError
from ...records.said import SplitView as SplitViewRecord
from ...trust.checkpoint import parse_checkpoint
from ...trust.note import VerifierKey, parse_note, verify_note
from ..node import Node
from .mirroring import Head, SplitView
from .peers import ISOLATED, find, set_state

logger = logging.getLogger("accord.federation")


def report(node: Node, split: SplitView) -> None:
    """Isolate who has shown two histories, and say so, with both checkpoints, to all who follow us."""
    with node.store.writing() as transaction:
        peer = find(transaction, split.origin)
        if peer is None or peer.state == ISOLATED:
            return
        set_state(transaction, split.origin, ISOLATED, split.message)
    logger.warning("isolated %s: %s", split.origin, split.detail)
    record = SplitViewRecord(
        origin=split.origin,
        log_key=peer.log_key,
        first=split.first.decode(),
        second=split.second.decode(),
        detail=split.detail,
    )
    node.say(record, "split-view", ["sha256:" + hashlib.sha256(split.origin.encode()).hexdigest()])


def believe(node: Node, record: SplitViewRecord) -> bool:
    """Isolate a log that another node reports, if the report proves itself: one key, one size, two roots."""
    with node.store.reading() as transaction:
        peer = find(transaction, record.origin)
    if peer is None or peer.log_key != record.log_key:
        return False
    try:
        heads = [_signed_head(peer.verifier, text) for text in (record.first, record.second)]
    except AccordError:
        return False
    if heads[0].checkpoint.size != heads[1].checkpoint.size or heads[0].checkpoint.root == heads[1].checkpoint.root:
        return False
    with node.store.writing() as transaction:
        set_state(transaction, record.origin, ISOLATED, f"another node proved it: {record.detail}")
    return True


def _signed_head(key: VerifierKey, text: str) -> Head:
    note = parse_note(text.encode(), name="reported checkpoint")
    verify_note(note, [key], name="reported checkpoint")
    return Head(parse_checkpoint(note), note)
