"""Reports: published here. An assessment's statement, proof and record are read like those of any statement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.connection import ASGIConnection
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.handlers import BaseRouteHandler
from litestar.params import Body, Parameter

from ...commons.assessments.page import Listed, about, of_digest, search
from ...errors import LimitExceeded, MalformedInput
from ...store.viewer import Viewer
from ...trust.sealing import MAX_RECORD_BYTES
from ...trust.statement import format_time
from ..auth.signed_requests import HEADER
from ..auth.who import viewer_of
from ..judging import Judged, shown
from ..node import Node
from ..problems import Forbidden, NotFound
from ..receiving import PARTS, Published, PublishLevel, receive
from ..reviewing import Asked, heard_of, stated
from ..weighing import reviewed_judgement
from .statements import Digest, require

SubjectDigest = Annotated[
    str, Parameter(pattern=r"^[0-9a-f]{64}$", description="sha256 of a system, or of a part of one, in hex")
]
_Words = Annotated[str, Parameter(max_length=300)]
_Filter = Annotated[str, Parameter(max_length=300)]


@dataclass
class SealedReport:
    """The files of a sealed report: `record` is assessment.json, `statements` assessment.intoto.jsonl, `proof`
    assessment.tlog-proof; and where there are such, the plan with its proof, and reviews.intoto.jsonl.
    """

    record: UploadFile
    statements: UploadFile
    proof: UploadFile
    plan: UploadFile | None = None
    plan_proof: UploadFile | None = None
    reviews: UploadFile | None = None


async def _publishers_only(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    """Refuse others before their upload is read. Another node, which signs its requests, publishes nothing here."""
    if HEADER.lower() in connection.headers:
        raise Forbidden("not-allowed", "Another node publishes nothing here.", "It is followed instead.")
    require(await viewer_of(connection, connection.app.state.node), "publisher")


@post(
    "/api/v1/reports",
    status_code=200,
    sync_to_thread=True,
    operation_id="publishReport",
    tags=["assessments"],
    summary="Publish a sealed report",
    guards=[_publishers_only],
)
def publish_report(
    node: Node,
    viewer: Viewer,
    data: Annotated[SealedReport, Body(media_type=RequestEncodingType.MULTI_PART)],
    disclosure: PublishLevel = "public",
    reason: Annotated[str, Parameter(max_length=2000)] = "",
) -> Published:
    """Take in a sealed report whole, or refuse it and say why. An answer means: on disk, and in the log.

    The seal is checked from what was sent. A report that counts fewer than five persons somewhere is not made public.
    """
    return receive(node, viewer, _read(data), disclosure, reason)


def _read(data: SealedReport) -> dict[str, bytes]:
    sent: dict[str, bytes] = {}
    for part in PARTS:
        upload: UploadFile | None = getattr(data, part)
        if upload is None:
            continue
        content = upload.file.read(MAX_RECORD_BYTES + 1)
        if len(content) > MAX_RECORD_BYTES:
            raise LimitExceeded("part-too-large", f"{part}: more than {MAX_RECORD_BYTES} bytes", "Assess less at once.")
        if not content:
            raise MalformedInput("empty-part", f"{part}: it is empty", "Send the file of the report.")
        sent[part] = content
    return sent


class Found(msgspec.Struct, frozen=True):
    """Assessments, the newest first; ask again with `before` set to `further` for more, unless it is null."""

    items: list[Listed]
    further: int | None


@get("/api/v1/assessments", sync_to_thread=True, operation_id="assessments", tags=["assessments"])
def assessments(
    node: Node,
    viewer: Viewer,
    q: _Words = "",
    framework: _Filter = "",
    jurisdiction: _Filter = "",
    verdict: _Filter = "",
    signer: _Filter = "",
    before: Annotated[int, Parameter(ge=1, le=2**62)] = 2**62,
) -> Found:
    """Search assessments by words and by what they were judged under. There is no score to sort them by."""
    filters = {"framework": framework, "jurisdiction": jurisdiction, "verdict": verdict, "signer": signer}
    with node.store.reading() as transaction:
        found = search(transaction, viewer, format_time(datetime.now(UTC)), words=q, filters=filters, before=before)
    return Found(list(found.items), found.further)


@get("/api/v1/assessments/{digest:str}/judgement", sync_to_thread=True, operation_id="judgement", tags=["assessments"])
def judgement(node: Node, viewer: Viewer, digest: Digest) -> Judged:
    """Return what this node's own thresholds make of an assessment's measurements, apart from what its signer says."""
    with node.store.reading() as transaction:
        found = about(transaction, viewer, f"sha256:{digest}", format_time(datetime.now(UTC)), node.origin)
        told = heard_of(node, transaction, viewer, found) if found else ()
        judged = reviewed_judgement(node, transaction, found, told) if found else None
    if found is None or judged is None:
        raise NotFound("There is no judgement of such an assessment here yet.")
    return shown(judged, found)


@get("/api/v1/assessments/{digest:str}/reviews", sync_to_thread=True, operation_id="reviews", tags=["assessments"])
def reviews(node: Node, viewer: Viewer, digest: Digest) -> list[Asked]:
    """Return what people judged of the system that an assessment is of, by requirement, and which of it counts here."""
    with node.store.reading() as transaction:
        found = about(transaction, viewer, f"sha256:{digest}", format_time(datetime.now(UTC)), node.origin)
        if found is None:
            raise NotFound("There is no such assessment here.")
        told = heard_of(node, transaction, viewer, found)
        judged = reviewed_judgement(node, transaction, found, told)
    return list(stated(node, told, judged))


@get("/api/v1/subjects/{digest:str}/assessments", sync_to_thread=True, operation_id="ofSubject", tags=["assessments"])
def of_subject(node: Node, viewer: Viewer, digest: SubjectDigest) -> list[Listed]:
    """Return the assessments of a system with this digest, or of which a part has it."""
    with node.store.reading() as transaction:
        return list(of_digest(transaction, viewer, f"sha256:{digest}", format_time(datetime.now(UTC))))


HANDLERS = [publish_report, assessments, judgement, reviews, of_subject]
