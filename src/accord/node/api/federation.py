"""What other nodes ask for: whether the log has grown, files of statements, whom this node follows."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated

import msgspec
from anyio.to_thread import run_sync
from litestar import Response, get
from litestar.params import Parameter

from ...store.viewer import Viewer
from ..federation.peers import peers
from ..node import Node
from ..problems import NotFound
from ..reading import seen
from .statements import Digest

_LOOK = 0.1


class Growth(msgspec.Struct, frozen=True):
    """How many entries the log has now."""

    size: int


class PeerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A node that this one follows, and how far its log is mirrored."""

    origin: str
    name: str
    jurisdiction: str
    url: str
    state: str
    reason: str
    reached: str
    size: int


@get("/api/v1/log/growth", operation_id="logGrowth", tags=["log"])
async def growth(
    node: Node,
    size: Annotated[int, Parameter(ge=0, le=2**62)] = 0,
    seconds: Annotated[int, Parameter(ge=0, le=30)] = 0,
) -> Growth:
    """Answer when the log has more than `size` entries, or after `seconds`."""
    started = time.monotonic()
    while node.grown_to <= size and time.monotonic() < started + seconds and not node.stopping():
        await asyncio.sleep(_LOOK)
        if (time.monotonic() - started) % 1 < _LOOK:
            await run_sync(node.look)  # A command on this machine may have said something.
    return Growth(node.grown_to)


@get(
    "/api/v1/statements/{digest:str}/files/{name:str}",
    sync_to_thread=True,
    operation_id="statementFile",
    tags=["statements"],
    media_type="application/json",
)
def statement_file(
    node: Node, viewer: Viewer, digest: Digest, name: Annotated[str, Parameter(max_length=200)]
) -> Response[bytes]:
    """Return a file that a statement names by digest, such as assessment.json. It is always sent as a download."""
    with node.store.reading() as transaction:
        kept = seen(transaction, viewer, f"sha256:{digest}")
        row = transaction.one("SELECT media, data FROM files WHERE seq = ? AND name = ?", kept.seq, name)
    if row is None:
        raise NotFound("This statement has no such file here.")
    return Response(bytes(row[1]), media_type=row[0], headers={"content-disposition": "attachment"})


@get("/api/v1/peers", sync_to_thread=True, operation_id="peers", tags=["node"])
def followed(node: Node) -> list[PeerInfo]:
    """Return the nodes that this one follows."""
    with node.store.reading() as transaction:
        sizes: dict[str, int] = dict(transaction.rows("SELECT origin, size FROM logs"))
        return [
            PeerInfo(
                **{name: getattr(peer, name) for name in PeerInfo.__struct_fields__ if name != "size"},
                size=sizes.get(peer.origin, 0),
            )
            for peer in peers(transaction)
        ]


HANDLERS = [growth, statement_file, followed]
