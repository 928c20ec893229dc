"""Witnesses: this node cosigns the logs that it follows, and has its own cosigned by the nodes that it follows."""

from __future__ import annotations

import logging
import re
import threading
from datetime import UTC, datetime

from ..errors import AccordError, MalformedInput
from ..store.log import consistency, head_of
from ..store.witness import StoredState
from ..trust.checkpoint import parse_checkpoint
from ..trust.note import Note, VerifierKey
from ..trust.submission import MAX_RESPONSE_BYTES, SIZE_TYPE, Submission, merge_cosignatures
from ..trust.witness import Response, add_checkpoint
from .federation.fetching import fetch
from .federation.mirroring import SplitView
from .federation.peers import FOLLOWING, Peer, peers
from .federation.split_views import report
from .node import Node

logger = logging.getLogger("accord.witness")
_TRIES = 3
_PAUSE = 1.0


def witness_keys(node: Node) -> list[VerifierKey]:
    """Return the keys with which this node cosigns: Ed25519 and ML-DSA-44."""
    return [cosigner.verifier for cosigner in node.keys.cosigners(f"{node.origin}/witness")]


def cosign(node: Node, body: bytes) -> Response:
    """Answer a log that asks to be cosigned. One that shows two histories is isolated, and reported."""
    with node.store.reading() as transaction:
        known = {peer.origin: [peer.verifier] for peer in peers(transaction) if peer.state == FOLLOWING}
    state = StoredState(node.store)
    cosigners = node.keys.cosigners(f"{node.origin}/witness")
    answer = add_checkpoint(body, known, state, cosigners, int(datetime.now(UTC).timestamp()))
    if answer.fork is not None:
        origin = parse_checkpoint(answer.fork).origin
        first = state.latest(origin)
        if first is not None:
            detail = "it asked to have another root cosigned at a size that was cosigned before"
            report(node, SplitView(origin, first, answer.fork.encode(), detail))
    return answer


def gather(node: Node) -> tuple[str, ...]:
    """Have the log's latest checkpoint cosigned by every peer that is a witness; return the names of those that did."""
    with node.store.reading() as transaction:
        found = head_of(transaction, node.origin)
        asked = [peer for peer in peers(transaction) if peer.state == FOLLOWING and peer.witness]
    if found is None or not asked or found[0].size == 0:
        return ()
    head, note = found
    done = []
    for peer in asked:
        try:
            note = _ask(node, peer, note, head.size)
            done.append(peer.origin)
        except AccordError as error:
            logger.warning("%s does not cosign: %s", peer.origin, error.message)
    if done:
        with node.store.writing() as transaction:
            transaction.run(
                "INSERT INTO cosigned (origin, size, note) VALUES (?, ?, ?) ON CONFLICT (origin)"
                " DO UPDATE SET size = excluded.size, note = excluded.note WHERE cosigned.size <= excluded.size",
                node.origin, head.size, note.encode(),
            )  # fmt: skip
    return tuple(done)


def _ask(node: Node, peer: Peer, note: Note, size: int) -> Note:
    keys = [VerifierKey.parse(key) for key in peer.witness.split()]
    old = node.cosigned_sizes.get(peer.origin, 0)
    for _ in range(_TRIES):
        with node.store.reading() as transaction:
            proof = tuple(consistency(transaction, node.origin, old, size)) if 0 < old <= size else ()
        answer = fetch(
            f"{peer.url.rstrip('/')}/witness/add-checkpoint",
            private=bool(peer.private),
            most=MAX_RESPONSE_BYTES,
            seconds=15,
            method="POST",
            body=Submission(old, proof, note).encode(),
        )
        if answer.status == 200:
            node.cosigned_sizes[peer.origin] = size
            return merge_cosignatures(note, answer.body, keys, name=peer.origin)
        if answer.status != 409 or answer.headers.get("content-type") != SIZE_TYPE:
            break
        if not re.fullmatch(rb"\d{1,18}\n", answer.body) or int(answer.body) > size:
            break
        old = int(answer.body)
    raise MalformedInput("not-cosigned", f"it answers {answer.status}", "Ask its operator whether it follows this log.")


class Cosigning:
    """The thread that has the log cosigned each time it has grown, at most once a second."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="cosigning", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._ended.set()
        self._node.noticed()
        self._thread.join(5)

    def _work(self) -> None:
        done = -1
        while not self._ended.is_set():
            size = self._node.grown_to
            if size == done:
                self._node.wait_for_growth(size, 5.0)
                continue
            try:
                if gather(self._node):
                    done = size
            except AccordError as error:
                logger.warning("%s", error.message)
            self._ended.wait(_PAUSE)
