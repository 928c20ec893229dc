"""What an officer does to an entry on its page: change it, set its status, note a review, withhold, revoke."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from litestar import Request, Response, post
from litestar.params import Parameter
from litestar.response import Redirect
from msgspec.structs import replace

from ...commons.systems import drafts
from ...commons.systems.drafting import Answers, answers_of
from ...commons.systems.page import Entry
from ...errors import AccordError
from ...i18n import _, in_language
from ...records.said import Level
from ...store.viewer import Viewer
from ..forms import Form, read_form
from ..node import Node
from ..problems import Forbidden, NotFound, Unauthenticated, status_of
from ..registering import disclose, moment, publish, require_office, revoke
from .systems import read_entry, show_entry

EntryName = Annotated[str, Parameter(max_length=100)]
_Action = Callable[[Node, Viewer, Entry, Form], None]


async def _do(
    request: Request[Any, Any, Any], node: Node, viewer: Viewer, language: str, entry: str, action: _Action
) -> Response[Any]:
    from anyio.to_thread import run_sync

    return await run_sync(_act, node, viewer, language, entry, await read_form(request), action)


def _act(node: Node, viewer: Viewer, language: str, entry: str, form: Form, action: _Action) -> Response[Any]:
    found = own_entry(node, viewer, language, entry)
    try:
        with in_language(language):
            action(node, viewer, found, form)
    except (Unauthenticated, Forbidden, NotFound):
        raise
    except AccordError as error:
        with in_language(language):
            mistake = f"{_(error.message)} {_(error.remedy)}"
        return show_entry(node, viewer, language, found, mistake=mistake, status=status_of(error))
    return Redirect(f"{found.listed.address}?said=changed", status_code=303)


def own_entry(node: Node, viewer: Viewer, language: str, entry: str) -> Entry:
    """Return an entry that the viewer keeps. Raises NotFound, Unauthenticated or Forbidden."""
    found = read_entry(node, viewer, language, entry)
    if found.record.origin != node.origin:
        raise NotFound("There is no such entry in this register.")
    require_office(viewer, found.record.office)
    return found


@post("/systems/{entry:str}/edit", include_in_schema=False, status_code=303, sync_to_thread=True)
def edit(node: Node, viewer: Viewer, language: str, entry: EntryName) -> Response[Any]:
    """Begin a draft that continues an entry."""
    found = own_entry(node, viewer, language, entry)
    now, _day = moment()
    with node.store.writing() as transaction:
        made = drafts.add(
            transaction, answers_of(found.record), office=found.record.office, account=viewer.account, now=now,
            entry=found.record.entry, replaces=found.listed.id,
        )  # fmt: skip
    return Redirect(f"/drafts/{made}/what", status_code=303)


@post("/systems/{entry:str}/status", include_in_schema=False, status_code=200)
async def set_status(
    request: Request[Any, Any, Any], node: Node, viewer: Viewer, language: str, entry: EntryName
) -> Response[Any]:
    """Say a version with another status."""
    return await _do(request, node, viewer, language, entry, _set_status)


@post("/systems/{entry:str}/reviewed", include_in_schema=False, status_code=200)
async def reviewed(
    request: Request[Any, Any, Any], node: Node, viewer: Viewer, language: str, entry: EntryName
) -> Response[Any]:
    """Say a version that was looked at today."""
    return await _do(request, node, viewer, language, entry, _note_review)


@post("/systems/{entry:str}/disclosure", include_in_schema=False, status_code=200)
async def set_disclosure(
    request: Request[Any, Any, Any], node: Node, viewer: Viewer, language: str, entry: EntryName
) -> Response[Any]:
    """Withhold an entry, or publish it."""
    return await _do(request, node, viewer, language, entry, _disclose)


@post("/systems/{entry:str}/revoke", include_in_schema=False, status_code=200)
async def revoke_version(
    request: Request[Any, Any, Any], node: Node, viewer: Viewer, language: str, entry: EntryName
) -> Response[Any]:
    """Revoke the current version."""
    return await _do(request, node, viewer, language, entry, _revoke)


def _set_status(node: Node, viewer: Viewer, found: Entry, form: Form) -> None:
    answers = answers_of(found.record)
    answers = replace(answers, values={**answers.values, "status": form.fields.get("status", "")})
    _next_version(node, viewer, found, answers, form)


def _note_review(node: Node, viewer: Viewer, found: Entry, form: Form) -> None:
    _now, today = moment()
    _next_version(node, viewer, found, replace(answers_of(found.record), last=today.isoformat()), form)


def _next_version(node: Node, viewer: Viewer, found: Entry, answers: Answers, form: Form) -> None:
    level: Level = "public"
    if found.listed.disclosure != "public":
        level = "community" if found.listed.disclosure == "community" else "none"
    publish(
        node, viewer, replace(answers, change=form.fields.get("change", "")), entry=found.record.entry,
        replaces=form.fields.get("replaces", ""), level=level,
        reason=next((item.reason for item in reversed(found.current.standing.decisions)), "as before"),
    )  # fmt: skip


def _disclose(node: Node, viewer: Viewer, found: Entry, form: Form) -> None:
    level: Any = form.fields.get("level", "")
    disclose(node, viewer, found.record.entry, level, form.fields.get("reason", ""))


def _revoke(node: Node, viewer: Viewer, found: Entry, form: Form) -> None:
    revoke(node, viewer, found.record.entry, form.fields.get("reason", "")[:2_000])


HANDLERS = [edit, set_status, reviewed, set_disclosure, revoke_version]
