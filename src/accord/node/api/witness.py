"""The node as a witness (c2sp.org/tlog-witness): add-checkpoint, and what was cosigned last."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post

from ...store.witness import StoredState
from ...trust.submission import MAX_SUBMISSION_BYTES
from ...trust.witness import origin_hash
from ..node import Node
from ..problems import NotFound
from ..witnessing import cosign
from .statements import read_body


@post(
    "/witness/add-checkpoint",
    status_code=200,
    operation_id="addCheckpoint",
    tags=["witness"],
    media_type="text/plain",
)
async def add_checkpoint(request: Request[Any, Any, Any], node: Node) -> Response[bytes]:
    """Cosign the checkpoint of a log that this node follows, if the log only grew since the last time."""
    from anyio.to_thread import run_sync

    body = await read_body(request, MAX_SUBMISSION_BYTES)
    answer = await run_sync(cosign, node, body)
    # Given as a header it stays as it is: text/x.tlog.size bears no charset.
    return Response(answer.body, status_code=answer.status, headers={"content-type": answer.content_type})


@get(
    "/witness/{log:str}/checkpoint",
    sync_to_thread=True,
    operation_id="witnessedCheckpoint",
    tags=["witness"],
    media_type="text/plain",
)
def witnessed(node: Node, log: str) -> Response[bytes]:
    """Return the checkpoint that was cosigned last of a log; `log` is the sha256 of its origin, in hex."""
    with node.store.reading() as transaction:
        origins = [row[0] for row in transaction.rows("SELECT origin FROM witnessed")]
    origin = next((origin for origin in origins if origin_hash(origin) == log), None)
    note = StoredState(node.store).latest(origin) if origin else None
    if note is None:
        raise NotFound
    return Response(note, media_type="text/plain; charset=utf-8", headers={"cache-control": "no-cache"})


HANDLERS = [add_checkpoint, witnessed]
