"""Jobs over the interface for programs: hand in, look, watch, cancel. Others are told that there is no such job."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType
from litestar.params import Parameter
from litestar.response import Stream

from ...i18n import in_language
from ...store.viewer import Viewer
from ...trust.statement import format_time
from ..jobs import table
from ..jobs.asked import Event, Failure, Uploaded
from ..jobs.asking import CARD_LISTS, CARD_TEXTS, CARD_VALUES, LISTS, TEXTS
from ..jobs.handing_in import Refused, hand_in
from ..jobs.table import Job, State
from ..jobs.uploading import CARD, FILE
from ..jobs.watching import WATCHERS, watch
from ..jobs.wording import line
from ..node import Node
from ..problems import Unauthenticated
from .statements import require

JobId = Annotated[str, Parameter(pattern=r"^[0-9a-f]{32}$", description="the job's id")]
_PAGE = 50


class JobInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A job as it stands. `ahead` jobs wait before it; `result` is the id of its assessment, once that is published.

    `progress` is the last thing that it told; the times are RFC 3339, "" for what has not happened yet.
    """

    id: str
    kind: str
    state: State
    created: str
    started: str
    ended: str
    attempts: int
    files: tuple[Uploaded, ...]
    disclosure: str
    ahead: int
    progress: Event
    result: str
    page: str
    error: Failure | None


class JobList(msgspec.Struct, frozen=True):
    """Jobs, the newest first; ask again with `before` set to `further` for more, unless it is null."""

    items: list[JobInfo]
    further: int | None


class Said(msgspec.Struct, frozen=True):
    """One thing that a job told: its number, and what it says in a line."""

    number: int
    text: str
    event: Event


def _described() -> RequestBody:
    text, binary = Schema(type=OpenAPIType.STRING), Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
    names = (*CARD_TEXTS, *CARD_LISTS, *CARD_VALUES, *TEXTS)
    several = {name: Schema(type=OpenAPIType.ARRAY, items=text) for name in LISTS}
    properties = {FILE: Schema(type=OpenAPIType.ARRAY, items=binary), CARD: binary, **dict.fromkeys(names, text)}
    schema = Schema(type=OpenAPIType.OBJECT, properties={**properties, **several}, required=[FILE])
    return RequestBody(required=True, content={"multipart/form-data": OpenAPIMediaType(schema=schema)})


@dataclass
class _Upload(Operation):
    """What the description of the interface says of the body, which is read as a stream."""

    def __post_init__(self) -> None:
        self.request_body = _described()


@post(
    "/api/v1/jobs",
    status_code=202,
    operation_id="assess",
    operation_class=_Upload,
    tags=["jobs"],
    summary="Upload a model or table, to be assessed here",
)
async def create(request: Request[Any, Any, Any], node: Node, viewer: Viewer) -> JobInfo:
    """Take in files (`file`, one or several), a card and options, and queue the assessment.

    The files are the target: a path or an address in them, or in a field, is never followed. An answer means that the
    upload is on disk; the result is signed by this node and published as `disclosure` says.
    """
    require(viewer, "publisher")
    try:
        job = await hand_in(request, node, viewer, "en")
    except Refused as refused:
        raise refused.error from None
    return job_info(job, 0)


@get("/api/v1/jobs", sync_to_thread=True, operation_id="jobs", tags=["jobs"])
def jobs(
    node: Node,
    viewer: Viewer,
    before: Annotated[int, Parameter(ge=0, le=2**62, description="Unix milliseconds")] = 2**62,
) -> JobList:
    """Return one's own jobs; an operator gets everybody's."""
    require_account(viewer)
    with node.store.reading() as transaction:
        found = table.latest(transaction, viewer, _PAGE, before)
        items = [job_info(job, table.ahead_of(transaction, job)) for job in found]
    return JobList(items, found[-1].created if len(found) == _PAGE else None)


@get("/api/v1/jobs/{job_id:str}", sync_to_thread=True, operation_id="job", tags=["jobs"])
def job(node: Node, viewer: Viewer, job_id: JobId) -> JobInfo:
    """Return how a job stands."""
    require_account(viewer)
    with node.store.reading() as transaction:
        found = table.find(transaction, viewer, job_id)
        return job_info(found, table.ahead_of(transaction, found))


@post("/api/v1/jobs/{job_id:str}/cancel", status_code=200, sync_to_thread=True, operation_id="cancelJob", tags=["jobs"])
def cancel(node: Node, viewer: Viewer, job_id: JobId) -> JobInfo:
    """Cancel a job that waits or runs: its process is ended, its upload removed."""
    require_account(viewer)
    return job_info(cancel_job(node, viewer, job_id), 0)


@get("/api/v1/jobs/{job_id:str}/events", operation_id="jobEvents", tags=["jobs"], media_type="text/event-stream",
     uncompressed=True)  # fmt: skip
async def job_events(
    request: Request[Any, Any, Any], node: Node, viewer: Viewer, language: str, job_id: JobId
) -> Stream:
    """Watch a job: server-sent events `stage`, `result` and `end`, with JSON; `Last-Event-ID` resumes.

    `text` in each is a line for a person, in the language of the request. At most four connections an account.
    """
    from anyio.to_thread import run_sync

    require_account(viewer)
    last = request.headers.get("last-event-id", "0")
    after = int(last) if last.isascii() and last.isdecimal() and len(last) < 10 else 0
    await run_sync(_require, node, viewer, job_id)
    WATCHERS.require(viewer.account)
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return Stream(watch(node, viewer, job_id, language, after), media_type="text/event-stream", headers=headers)


def require_account(viewer: Viewer) -> None:
    """Raise Unauthenticated for a visitor."""
    if not viewer.account:
        raise Unauthenticated("log-in-first", "This needs an account.", "Log in, or send a token.")


def cancel_job(node: Node, viewer: Viewer, identity: str) -> Job:
    """Cancel a job, and remove what only a job that waited has: one that runs is tidied by its worker."""
    from ..jobs.folders import tidy

    with node.store.reading() as transaction:
        waited = table.find(transaction, viewer, identity).state == "queued"
    cancelled = table.cancel(node.store, viewer, identity)
    if waited:
        tidy(node, identity)
    return cancelled


def job_info(job: Job, ahead: int) -> JobInfo:
    """Return a job as programs and pages are told of it."""
    return JobInfo(
        id=job.id,
        kind=job.kind,
        state=job.state,
        created=_time(job.created),
        started=_time(job.started),
        ended=_time(job.ended),
        attempts=job.attempts,
        files=job.asked.files,
        disclosure=job.asked.disclosure,
        ahead=ahead,
        progress=job.progress,
        result=job.result if job.state == "done" else "",
        page=f"/jobs/{job.id}",
        error=job.failure,
    )


def said(node: Node, identity: str, language: str) -> list[Said]:
    """Return all that a job told, in words."""
    with node.store.reading() as transaction:
        events = table.events(transaction, identity)
    with in_language(language):
        return [Said(number, line(event), event) for number, event in events]


def _require(node: Node, viewer: Viewer, identity: str) -> None:
    with node.store.reading() as transaction:
        table.find(transaction, viewer, identity)


def _time(milliseconds: int) -> str:
    return format_time(datetime.fromtimestamp(milliseconds // 1000, UTC)) if milliseconds else ""


HANDLERS = [create, jobs, job, cancel, job_events]
