"""Objections over the interface for programs."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post

from ...commons.disputes.page import Objections, objections_to
from ...errors import MalformedInput
from ...records.said import Dispute, Level
from ...store.statements import Incoming
from ...store.viewer import Viewer
from ...trust.saying import hear
from ..intake import Batch
from ..node import Node
from ..reading import seen
from .statements import Accepted, Digest, read_body

MAX_DISPUTE_BYTES = 64 * 1024


@get("/api/v1/statements/{digest:str}/disputes", sync_to_thread=True, operation_id="disputes", tags=["disputes"])
def disputes(node: Node, viewer: Viewer, digest: Digest) -> Objections:
    """Return the objections to a statement, with the answers to them."""
    with node.store.reading() as transaction:
        kept = seen(transaction, viewer, f"sha256:{digest}")
        return objections_to(transaction, viewer, kept.id)


@post("/api/v1/disputes", status_code=200, operation_id="dispute", tags=["disputes"])
async def dispute(
    request: Request[Any, Any, Any],
    node: Node,
    viewer: Viewer,
) -> Accepted:
    """Take in one signed objection: a DSSE envelope. No account is needed.

    It is logged at once, so that it can't be lost. Without an account it is shown once somebody of the node has looked
    at it; that and why it would not be shown is logged as well.
    """
    from anyio.to_thread import run_sync

    body = (await read_body(request, MAX_DISPUTE_BYTES)).strip()
    return await run_sync(take_dispute, node, viewer, body)


def take_dispute(node: Node, viewer: Viewer, line: bytes) -> Accepted:
    """Log a signed objection to a statement that is here. Raises MalformedInput, NotFound."""
    heard = hear(line, name="objection")
    if heard.kind != "dispute":
        raise MalformedInput("no-dispute", "the statement is no objection", "Make one with `accord dispute`.")
    said = heard.record(Dispute)
    if not said.objection.strip() or len(said.objection) > 10_000:
        raise MalformedInput("bad-objection", "an objection has 1 to 10,000 characters", "Say what is wrong, and why.")
    with node.store.reading() as transaction:
        seen(transaction, viewer, said.target)
    level: Level = "public" if viewer.account else "none"
    reason = "" if viewer.account else "waits until somebody of the node has looked at it"
    receipt = node.intake.submit(Batch([Incoming.of(heard)], level=level, reason=reason)).result()[0]
    return Accepted(line=1, id=receipt.id, index=receipt.index, known=receipt.known)


HANDLERS = [disputes, dispute]
