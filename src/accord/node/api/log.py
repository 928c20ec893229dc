"""The log over HTTP, byte for byte as c2sp.org/tlog-tiles says: checkpoint, tiles, bundles of entries.

A mirrored log of a peer is served too, below /mirrors/<sha256 of its origin>.
"""

from __future__ import annotations

import hashlib
import re

from litestar import Response, get

from ...store.log import StoredTiles, cosigned_of, head_of, narrower, read_tile
from ...trust.tiles import ENTRIES, WIDTH, TiledTree
from ..node import Node
from ..problems import NotFound

_INDEX = re.compile(r"(?:x\d{3}/)*\d{3}")
_PARTIAL = re.compile(r"(?P<index>(?:x\d{3}/)*\d{3})\.p/(?P<width>[1-9]\d{0,2})")
_FOREVER = {"cache-control": "public, max-age=31536000, immutable"}
_LEVEL = re.compile(r"0|[1-9]\d?")
_MAX_LEVEL = 63


@get("/log/checkpoint", sync_to_thread=True, operation_id="logCheckpoint", tags=["log"], media_type="text/plain")
def checkpoint(node: Node) -> Response[bytes]:
    """Return the log's latest signed checkpoint (c2sp.org/tlog-checkpoint)."""
    return _checkpoint(node, node.origin)


@get(
    "/mirrors/{mirror:str}/checkpoint",
    sync_to_thread=True,
    operation_id="mirrorCheckpoint",
    tags=["log"],
    media_type="text/plain",
)
def mirror_checkpoint(node: Node, mirror: str) -> Response[bytes]:
    """Return the latest checkpoint of a peer's log that was verified here; `mirror` is the sha256 of its origin."""
    return _checkpoint(node, mirrored(node, mirror))


@get(
    "/log/tile/{level:str}/{path:path}",
    sync_to_thread=True,
    operation_id="logTile",
    tags=["log"],
    media_type="application/octet-stream",
)
def tile(node: Node, level: str, path: str) -> Response[bytes]:
    """Return a tile of 256 hashes, a bundle of 256 entries (level `entries`), or the beginning of one (`.p/WIDTH`)."""
    return _tile(node, node.origin, level, path)


@get(
    "/mirrors/{mirror:str}/tile/{level:str}/{path:path}",
    sync_to_thread=True,
    operation_id="mirrorTile",
    tags=["log"],
    media_type="application/octet-stream",
)
def mirror_tile(node: Node, mirror: str, level: str, path: str) -> Response[bytes]:
    """Return a tile, or bundle, of a peer's log."""
    return _tile(node, mirrored(node, mirror), level, path)


def _checkpoint(node: Node, origin: str) -> Response[bytes]:
    with node.store.reading() as transaction:
        found, cosigned = head_of(transaction, origin), cosigned_of(transaction, origin)
    if found is None:
        raise NotFound
    if cosigned is not None and cosigned[0] == found[0]:
        found = cosigned
    return Response(found[1].encode(), media_type="text/plain; charset=utf-8", headers={"cache-control": "no-cache"})


def _tile(node: Node, origin: str, level: str, path: str) -> Response[bytes]:
    wanted = _wanted(str(path).removeprefix("/"))
    if wanted is None or not (level == ENTRIES or (_LEVEL.fullmatch(level) and int(level) <= _MAX_LEVEL)):
        raise NotFound
    index, width = wanted
    with node.store.reading() as transaction:
        head = head_of(transaction, origin)
        size = head[0].size if head else 0
        # A tile may hold more than was signed for: that is shown to nobody, as it may never come to be.
        signed = TiledTree(StoredTiles(transaction, origin), size).width(0 if level == ENTRIES else int(level), index)
        found = read_tile(transaction, origin, level, index) if width <= signed else None
    data = narrower(level, *found, width) if found else None
    if data is None:
        raise NotFound
    return Response(data, media_type="application/octet-stream", headers=_FOREVER)


def _wanted(path: str) -> tuple[int, int] | None:
    """Return the index and width that a path names, if it is written as it must be."""
    partial = _PARTIAL.fullmatch(path)
    text, width = (partial["index"], int(partial["width"])) if partial else (path, WIDTH)
    if not _INDEX.fullmatch(text) or len(text) > 32 or width > WIDTH or (partial and width == WIDTH):
        return None
    index = int(text.replace("x", "").replace("/", ""))
    return None if text.startswith("x000/") or index >= 2**62 else (index, width)


def mirrored(node: Node, mirror: str) -> str:
    """Return the origin of a mirrored log by its sha256 in hex. Raises NotFound."""
    with node.store.reading() as transaction:
        for (origin,) in transaction.rows("SELECT origin FROM logs WHERE own = 0"):
            if hashlib.sha256(str(origin).encode()).hexdigest() == mirror:
                return str(origin)
    raise NotFound


HANDLERS = [checkpoint, tile, mirror_checkpoint, mirror_tile]
