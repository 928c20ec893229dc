"""Pages of jobs: hand in a model or a table, watch the assessment run, find one's jobs again."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any, Literal

from litestar import Request, Response, get, post
from litestar.params import Parameter
from litestar.response import Redirect

from ...frameworks import library, sectors
from ...i18n import N_
from ...inspectors.registry import all_inspectors
from ...records.said import Level
from ...store.viewer import Viewer
from ..api.jobs import JobId, cancel_job, job_info, require_account, said
from ..api.statements import require
from ..forms import Form
from ..jobs import table
from ..jobs.handing_in import Refused, hand_in
from ..jobs.wording import STATES
from ..node import Node
from ..problems import status_of
from .rendering import page

LEVELS: dict[Level, str] = {
    "public": N_("Everybody"),
    "community": N_("Accounts of this node, and the nodes that follow it"),
    "none": N_("Nobody but those who keep the register; that there is something, and why it is withheld, is public"),
}
REFRESH_SECONDS = 5
_PAGE = 50


@get("/assess", include_in_schema=False, sync_to_thread=True)
def assess_form(node: Node, viewer: Viewer, language: str) -> Response[bytes]:
    """Show the form by which files are handed in."""
    require(viewer, "publisher")
    return _form(node, viewer, language, Form())


@post("/assess", include_in_schema=False, status_code=200)
async def assess(request: Request[Any, Any, Any], node: Node, viewer: Viewer, language: str) -> Response[Any]:
    """Take in files and answers; go on to the page of the job, or show what is wrong."""
    from anyio.to_thread import run_sync

    require(viewer, "publisher")
    try:
        job = await hand_in(request, node, viewer, language, consent=True)
    except Refused as refused:
        typed = {name: ", ".join(texts) for name, texts in refused.upload.texts.items()}
        form, status = Form(typed, dict(refused.fields)), status_of(refused.error)
        return await run_sync(lambda: _form(node, viewer, language, form, status))
    return Redirect(f"/jobs/{job.id}", status_code=303)


def _form(node: Node, viewer: Viewer, language: str, form: Form, status: int = 200) -> Response[bytes]:
    return page(
        "assess.html.j2",
        node=node, viewer=viewer, language=language, path="/assess", status=status, form=form, levels=LEVELS,
        inspectors=_inspectors(), frameworks=_frameworks(), sectors=sectors(),
        mebibytes=node.config.upload_bytes >> 20,
        left_out=form.fields.get("skip", "").split(", "), chosen=form.fields.get("framework", "").split(", "),
    )  # fmt: skip


@lru_cache
def _inspectors() -> tuple[tuple[str, str], ...]:
    return tuple((item.id, item.title) for item in all_inspectors())


@lru_cache
def _frameworks() -> tuple[tuple[str, str, str], ...]:
    return tuple((item.id, item.title, item.jurisdiction) for item in library())


@get("/jobs", include_in_schema=False, sync_to_thread=True)
def jobs(
    node: Node, viewer: Viewer, language: str, before: Annotated[int, Parameter(ge=0, le=2**62)] = 2**62
) -> Response[bytes]:
    """Show one's own jobs."""
    require_account(viewer)
    with node.store.reading() as transaction:
        found = table.latest(transaction, viewer, _PAGE, before)
    return page(
        "jobs.html.j2",
        node=node, viewer=viewer, language=language, path="/jobs", jobs=[job_info(job, 0) for job in found],
        states=STATES, further=found[-1].created if len(found) == _PAGE else None,
    )  # fmt: skip


@get("/jobs/{job_id:str}", include_in_schema=False, sync_to_thread=True)
def job(
    node: Node, viewer: Viewer, language: str, job_id: JobId, refresh: Literal["on", "off"] = "on"
) -> Response[bytes]:
    """Show a job as it runs. A browser without JavaScript asks again every few seconds, unless told not to."""
    require_account(viewer)
    with node.store.reading() as transaction:
        found = table.find(transaction, viewer, job_id)
        ahead = table.ahead_of(transaction, found)
        told = said(node, job_id, language)
    return page(
        "job.html.j2",
        node=node, viewer=viewer, language=language, path=f"/jobs/{job_id}",
        job=job_info(found, ahead), open=found.open, told=told,
        states=STATES, refresh=REFRESH_SECONDS if found.open and refresh == "on" else 0,
        cancellable=found.open and not found.result,
    )  # fmt: skip


@post("/jobs/{job_id:str}/cancel", include_in_schema=False, status_code=200, sync_to_thread=True)
def cancel(node: Node, viewer: Viewer, job_id: JobId) -> Response[Any]:
    """Cancel a job, and show it."""
    require_account(viewer)
    cancel_job(node, viewer, job_id)
    return Redirect(f"/jobs/{job_id}", status_code=303)


HANDLERS = [assess_form, assess, jobs, job, cancel]
