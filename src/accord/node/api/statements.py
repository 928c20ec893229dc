"""Statements: given in, one by one found again with their proof, and read in the order of the log by who follows it."""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import Parameter

from ...errors import AccordError, LimitExceeded, MalformedInput
from ...records.said import Level
from ...store.log import head_of, prove
from ...store.statements import Kept, line_of, place_of
from ...store.viewer import Viewer
from ..hearing import Result
from ..intake import Batch
from ..node import Node
from ..problems import Forbidden, NotFound, Unauthenticated
from ..reading import seen
from .log import mirrored

Digest = Annotated[str, Parameter(pattern=r"^[0-9a-f]{64}$", description="sha256 of the statement's line, in hex")]
MAX_LINES = 10_000
_PAGE = 256
_PAGE_BYTES = 8 * 1024 * 1024
NDJSON = "application/x-ndjson"


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt for one line: its id and index in the log, or why it was refused. `known`: it was here before."""

    line: int
    id: str = ""
    index: int | None = None
    known: bool = False
    refused: str = ""
    remedy: str = ""


class Intake(msgspec.Struct, frozen=True, kw_only=True):
    """What became of each line, in order."""

    accepted: int
    refused: int
    lines: list[Accepted]


@post(
    "/api/v1/statements",
    status_code=200,
    operation_id="publishStatements",
    tags=["statements"],
    summary="Give in signed statements",
)
async def publish(
    request: Request[Any, Any, Any],
    node: Node,
    viewer: Viewer,
    disclosure: Level = "public",
    reason: Annotated[str, Parameter(max_length=2000)] = "",
) -> Intake:
    """Take in signed statements, one DSSE envelope a line (NDJSON): up to 10,000 lines.

    Each line is checked by itself; those that hold are logged together. An answer means: on disk, and in the log.
    """
    from anyio.to_thread import run_sync

    require(viewer, "publisher")
    body = await read_body(request, node.config.batch_bytes)
    return await run_sync(_take, node, body, disclosure, reason)


def _take(node: Node, body: bytes, level: Level, reason: str) -> Intake:
    lines = body.removesuffix(b"\n").split(b"\n")
    if not body:
        raise MalformedInput("empty-body", "There is no line.", f"Send 1 to {MAX_LINES} lines.")
    if len(lines) > MAX_LINES:
        raise LimitExceeded("too-many-lines", f"{len(lines)} lines", f"Send 1 to {MAX_LINES} lines.")
    heard = [_refusal(item) or item for item in node.hearing.hear(lines)]
    sound = [item for item in heard if not isinstance(item, AccordError)]
    receipts = iter(node.intake.submit(Batch(sound, level=level, reason=reason)).result() if sound else ())
    answers = []
    for number, item in enumerate(heard, 1):
        if isinstance(item, AccordError):
            answers.append(Accepted(line=number, refused=item.message, remedy=item.remedy))
        else:
            receipt = next(receipts)
            answers.append(Accepted(line=number, id=receipt.id, index=receipt.index, known=receipt.known))
    return Intake(accepted=len(sound), refused=len(heard) - len(sound), lines=answers)


def _refusal(item: Result) -> AccordError | None:
    """What was measured is taken in as a whole report only: its seal is checked there, and that it names nobody."""
    if isinstance(item, AccordError) or item.kind not in ("evidence", "assessment"):
        return None
    return MalformedInput(
        "send-the-report", f"an {item.kind} is taken in as part of its report", "Run `accord publish` on the report."
    )


class StatementInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A statement as this node keeps it. `log` and `index` say where its hash is."""

    id: str
    kind: str
    type: str
    subject: str
    keyid: str
    created: str
    valid_until: str
    received: str
    disclosure: str
    log: str
    index: int


@get("/api/v1/statements/{digest:str}", sync_to_thread=True, operation_id="statement", tags=["statements"])
def statement(node: Node, viewer: Viewer, digest: Digest) -> StatementInfo:
    """Return what the node notes of a statement."""
    with node.store.reading() as transaction:
        kept = seen(transaction, viewer, f"sha256:{digest}")
        place = place_of(transaction, kept.seq, node.origin) or place_of(transaction, kept.seq)
    log, index = place or ("", -1)
    plain = {name: getattr(kept, name) for name in Kept.__slots__ if name != "seq"}
    return StatementInfo(**plain, log=log, index=index)


@get(
    "/api/v1/statements/{digest:str}/envelope",
    sync_to_thread=True,
    operation_id="statementEnvelope",
    tags=["statements"],
    media_type="application/json",
)
def envelope(node: Node, viewer: Viewer, digest: Digest) -> Response[bytes]:
    """Return the signed line itself: a DSSE envelope with an in-toto statement."""
    with node.store.reading() as transaction:
        kept = seen(transaction, viewer, f"sha256:{digest}")
        line = line_of(transaction, kept.seq)
    if line is None:
        raise NotFound("The content of this statement was erased.")
    return Response(line, media_type="application/json", headers={"cache-control": "private, no-cache"})


@get(
    "/api/v1/statements/{digest:str}/proof",
    sync_to_thread=True,
    operation_id="statementProof",
    tags=["statements"],
    media_type="text/plain",
)
def proof(node: Node, viewer: Viewer, digest: Digest) -> Response[bytes]:
    """Return the proof that the statement is in a log, at its latest checkpoint (c2sp.org/tlog-proof)."""
    with node.store.reading() as transaction:
        kept = seen(transaction, viewer, f"sha256:{digest}")
        place = place_of(transaction, kept.seq, node.origin) or place_of(transaction, kept.seq)
        if place is None:
            raise NotFound("This statement is in no log that is kept here.")
        found = prove(transaction, *place)
    return Response(found.encode(), media_type="text/plain; charset=utf-8")


@get(
    "/api/v1/log/statements",
    sync_to_thread=True,
    operation_id="logStatements",
    tags=["statements"],
    media_type=NDJSON,
)
def log_statements(
    node: Node,
    viewer: Viewer,
    start: Annotated[int, Parameter(ge=0, le=2**62)] = 0,
    limit: Annotated[int, Parameter(ge=1, le=_PAGE)] = _PAGE,
    log: Annotated[
        str | None, Parameter(pattern=r"^[0-9a-f]{64}$", description="sha256 of the origin of a mirrored log, in hex")
    ] = None,
) -> Response[bytes]:
    """Return entries of this node's log, or of one that it mirrors, in order, a line each.

    A page may have fewer lines than asked for. A line is `{"index", "id", "disclosure", "line"}`; `line` is the signed
    line as text, null if it is not here or the one who asks may not read it. Whoever follows checks each against the
    log's entry of that index. The node whose log is mirrored may read all that is kept of it.
    """
    origin = mirrored(node, log) if log else node.origin
    where, values = ("1 = 1", ()) if viewer.peer == origin else viewer.may_see()
    condition = f"logged.origin = ? AND logged.idx >= ? AND logged.idx < ? AND {where} ORDER BY logged.idx"
    joined = "FROM logged JOIN statements ON statements.seq = logged.seq"
    with node.store.reading() as transaction:
        head = head_of(transaction, origin)
        end = min(start + limit, head[0].size if head else 0)
        size = 0
        for index, length in transaction.rows(
            f"SELECT logged.idx, LENGTH(line) {joined} WHERE {condition}", origin, start, end, *values
        ):
            size += length or 0
            if size > _PAGE_BYTES and index > start:
                end = index
                break
        rows = transaction.rows(
            f"SELECT logged.idx, id, disclosure, line {joined} WHERE {condition}", origin, start, end, *values
        )
    shown = {row[0]: row for row in rows}
    found = (
        msgspec.json.encode(
            {"index": index, "id": identity, "disclosure": disclosure, "line": bytes(line).decode() if line else None}
        )
        for index, identity, disclosure, line in (shown.get(n, (n, None, "none", None)) for n in range(start, end))
    )
    return Response(b"".join(item + b"\n" for item in found), media_type=NDJSON)


def require(viewer: Viewer, role: str) -> None:
    """Raise Unauthenticated for a visitor, Forbidden for an account without the role."""
    if not viewer.account:
        raise Unauthenticated("log-in-first", "This needs an account.", "Log in, or send a token.")
    if role not in viewer.roles:
        raise Forbidden("not-allowed", f"This needs the role {role!r}.", "Ask the node's operator for it.")


async def read_body(request: Request[Any, Any, Any], most: int) -> bytes:
    """Read a request's body as it comes, no more than `most` bytes. Raises LimitExceeded, MalformedInput."""
    stated = request.headers.get("content-length", "")
    if stated and not re.fullmatch(r"\d{1,15}", stated):
        raise MalformedInput("bad-length", "Content-Length is no number", "Send the number of bytes.")
    if stated and int(stated) > most:
        raise LimitExceeded("body-too-large", f"{stated} bytes", f"Send at most {most} bytes at once.")
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most:
            raise LimitExceeded("body-too-large", f"more than {most} bytes", f"Send at most {most} bytes at once.")
        chunks.append(chunk)
    return b"".join(chunks)


HANDLERS = [publish, statement, envelope, proof, log_statements]
