"""Decisions on foreign assessments: what was decided, and for those who prepare and decide, what is on its way."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.params import Parameter
from litestar.response import Redirect

from ...commons.recognitions import drafts
from ...commons.recognitions.drafts import Pending
from ...errors import AccordError, MalformedInput
from ...i18n import _, in_language
from ...store.viewer import Viewer
from .. import deciding
from ..api.statements import Digest
from ..auth import accounts
from ..decided import decisions
from ..deciding import PREPARERS, STAFF, Words
from ..forms import Form, read_form
from ..node import Node
from ..problems import Forbidden, NotFound, Unauthenticated, status_of
from ..recognising import prepare
from . import recognition_words as words
from .recognition import context_of
from .rendering import page

DraftId = Annotated[str, Parameter(pattern=r"^[0-9a-f]{32}$")]
_CONTEXT = ("population", "places", "languages", "period")


@get("/decisions", include_in_schema=False, sync_to_thread=True)
def all_decisions(node: Node, viewer: Viewer, language: str) -> Response[bytes]:
    """Show the latest decisions; to the staff, also what is on its way."""
    with in_language(language):
        found = decisions(node, viewer)
    open_ones: tuple[Pending, ...] = ()
    if viewer.roles & STAFF:
        with node.store.reading() as transaction:
            open_ones = drafts.pending(transaction)
    return page(
        "decisions.html.j2",
        node=node, viewer=viewer, language=language, path="/decisions", found=found, drafts=open_ones,
        names=_names(node, open_ones), w=words,
    )  # fmt: skip


@get("/assessments/{digest:str}/decide", include_in_schema=False, sync_to_thread=True)
def draft_form(node: Node, viewer: Viewer, language: str, digest: Digest) -> Response[bytes]:
    """Show the form to draft a decision."""
    deciding.require_one_of(viewer, PREPARERS)
    return _form_page(node, viewer, language, digest, Form())


@post("/assessments/{digest:str}/decide", include_in_schema=False, status_code=200)
async def make_draft(
    request: Request[Any, Any, Any], node: Node, viewer: Viewer, language: str, digest: Digest
) -> Response[Any]:
    """Draft a decision."""
    from anyio.to_thread import run_sync

    deciding.require_one_of(viewer, PREPARERS)
    return await run_sync(_draft, node, viewer, language, digest, await read_form(request))


def _draft(node: Node, viewer: Viewer, language: str, digest: str, form: Form) -> Response[Any]:
    with in_language(language):
        local = context_of({name: form.text(name, most=500) for name in _CONTEXT})
        own = _words(form)
    if not form.errors:
        try:
            return Redirect(
                f"/decisions/{deciding.open_draft(node, viewer, f'sha256:{digest}', local, own)}", status_code=303
            )
        except (Unauthenticated, Forbidden, NotFound):
            raise
        except AccordError as error:
            _note(form, error)
            return _form_page(node, viewer, language, digest, form, status_of(error))
    return _form_page(node, viewer, language, digest, form, 422)


def _form_page(
    node: Node, viewer: Viewer, language: str, digest: str, form: Form, status: int = 200
) -> Response[bytes]:
    with in_language(language):
        ready = prepare(node, viewer, f"sha256:{digest}")
    return page(
        "decide.html.j2",
        node=node, viewer=viewer, language=language, path=f"/assessments/{digest}/decide", status=status, form=form,
        digest=digest, around=ready.around,
    )  # fmt: skip


@get("/decisions/{draft:str}", include_in_schema=False, sync_to_thread=True)
def one_draft(node: Node, viewer: Viewer, language: str, draft: DraftId) -> Response[bytes]:
    """Show a decision on its way to those who work on it."""
    return _draft_page(node, viewer, language, deciding.read(node, viewer, draft), Form())


@post("/decisions/{draft:str}", include_in_schema=False, status_code=200)
async def change_draft(
    request: Request[Any, Any, Any], node: Node, viewer: Viewer, language: str, draft: DraftId
) -> Response[Any]:
    """Save, hand over, take back, sign or drop a draft: the field `do` says what."""
    from anyio.to_thread import run_sync

    deciding.require_one_of(viewer, STAFF)
    return await run_sync(_change, node, viewer, language, draft, await read_form(request))


def _change(node: Node, viewer: Viewer, language: str, draft: str, form: Form) -> Response[Any]:
    held = deciding.read(node, viewer, draft)
    try:
        with in_language(language):
            return Redirect(_do(node, viewer, held, form), status_code=303)
    except (Unauthenticated, Forbidden, NotFound):
        raise
    except AccordError as error:
        _note(form, error)
        return _draft_page(node, viewer, language, deciding.read(node, viewer, draft), form, status_of(error))


def _do(node: Node, viewer: Viewer, held: Pending, form: Form) -> str:
    """Do what the form asks for, and return where to go on."""
    here = f"/decisions/{held.id}"
    match form.fields.get("do"):
        case "save":
            own = _words(form)
            if form.errors:
                raise MalformedInput("bad-form", next(iter(form.errors.values())), "")
            deciding.edit(node, viewer, held.id, own)
        case "hand":
            deciding.hand_over(node, viewer, held.id, form.fields.get("decider", ""))
        case "back":
            deciding.take_back(node, viewer, held.id, form.text("remark", most=2_000))
        case "sign":
            return f"/statements/{deciding.sign_decision(node, viewer, held.id).removeprefix('sha256:')}"
        case "drop":
            deciding.drop(node, viewer, held.id)
            return "/decisions"
        case _:
            raise MalformedInput("no-such-action", "The form asks for nothing that is known.", "Send it again.")
    return here


def _words(form: Form) -> Words:
    lines = {
        name: tuple(line.strip() for line in form.text(name, most=20_000).split("\n") if line.strip())
        for name in ("reasons", "conditions")
    }
    return Words(until=form.text("until", most=20), remedy=form.text("remedy", most=5_000), **lines)


def _note(form: Form, error: AccordError) -> None:
    name = {"bad-day": "until", "who-decides": "decider", "same-officer": "decider"}.get(error.code, "do")
    form.errors.setdefault(name, f"{_(error.message)} {_(error.remedy)}".strip())


def _draft_page(
    node: Node, viewer: Viewer, language: str, held: Pending, form: Form, status: int = 200
) -> Response[bytes]:
    return page(
        "decision.html.j2",
        node=node, viewer=viewer, language=language, path=f"/decisions/{held.id}", status=status, form=form,
        held=held, record=held.draft.record, names=_names(node, (held,)),
        deciders=[(item.id, item.name) for item in deciding.deciders(node, viewer)],
        prepares=viewer.account == held.preparer, decides=viewer.account == held.decider, w=words,
    )  # fmt: skip


def _names(node: Node, found: tuple[Pending, ...]) -> dict[str, str]:
    """Return the names of the accounts that drafts name; one that is gone has none."""
    names = {"": ""}
    for identity in {item for draft in found for item in (draft.preparer, draft.decider)} - {""}:
        try:
            names[identity] = accounts.get(node, identity).name
        except NotFound:
            names[identity] = ""
    return names


HANDLERS = [all_decisions, draft_form, make_draft, one_draft, change_draft]
