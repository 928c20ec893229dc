"""A link by which a supplier answers some questions of a draft, without an account; the officer decides on them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.params import Parameter
from litestar.response import Redirect
from msgspec.structs import replace

from ...commons.systems import drafts
from ...commons.systems.drafting import Answers, Wrong, wrong_in
from ...commons.systems.drafts import Draft, SupplierLink
from ...commons.systems.fields import BY_NAME, WORDS, clean
from ...frameworks import sectors
from ...i18n import _, in_language
from ...store.viewer import VISITOR, Viewer
from ...trust.statement import format_time
from ..auth.secret import hash_of, new_secret
from ..forms import Form, read_form
from ..node import Node
from ..problems import NotFound
from ..registering import moment
from .register_form import DraftId, keep, open_draft, step_page
from .rendering import page

_NEVER_ASKED = frozenset({"office", "status"})
Secret = Annotated[str, Parameter(pattern=r"^[A-Za-z0-9_-]{43}$")]


@post("/supplier-links/{draft:str}", include_in_schema=False, status_code=200)
async def make_link(
    request: Request[Any, Any, Any], node: Node, viewer: Viewer, language: str, draft: DraftId
) -> Response[Any]:
    """Make a link, and show it this once."""
    from anyio.to_thread import run_sync

    return await run_sync(_make_link, node, viewer, language, draft, await read_form(request))


@post("/supplier-answers/{draft:str}", include_in_schema=False, status_code=200)
async def take_said(
    request: Request[Any, Any, Any], node: Node, viewer: Viewer, language: str, draft: DraftId
) -> Response[Any]:
    """Take over what the supplier said, as far as the officer ticked it."""
    from anyio.to_thread import run_sync

    return await run_sync(_take_said, node, viewer, draft, await read_form(request))


@get("/supplier/{secret:str}", include_in_schema=False, sync_to_thread=True)
def supplier_form(node: Node, language: str, secret: Secret, thanks: bool = False) -> Response[bytes]:
    """Show the questions to a supplier."""
    link, draft = _open(node, secret)
    return _form_page(node, language, secret, link, draft, link.said, thanks=thanks)


@post("/supplier/{secret:str}", include_in_schema=False, status_code=200)
async def send_supplier_form(
    request: Request[Any, Any, Any], node: Node, language: str, secret: Secret
) -> Response[Any]:
    """Take in a supplier's answers."""
    from anyio.to_thread import run_sync

    return await run_sync(_answer, node, language, secret, await read_form(request))


def _make_link(node: Node, viewer: Viewer, language: str, draft: str, form: Form) -> Response[Any]:
    found = open_draft(node, viewer, draft)
    fields = tuple(name for name in BY_NAME if name not in _NEVER_ASKED and form.fields.get(f"ask-{name}"))
    days = form.fields.get("days", "").strip()
    with in_language(language):
        wrong = []
        if not fields:
            wrong.append(Wrong("ask", _("Nothing is asked."), _("Tick at least one question.")))
        if not (days.isascii() and days.isdecimal() and len(days) < 3 and 1 <= int(days) <= 90):
            wrong.append(Wrong("days-valid", _("This is no number of days."), _("Write 1 to 90.")))
    if wrong:
        return step_page(node, viewer, language, found, "supplier", wrong=wrong, status=422)
    secret = new_secret()
    expires = format_time(datetime.now(UTC) + timedelta(days=int(days)))
    with node.store.writing() as transaction:
        drafts.add_link(transaction, SupplierLink(hash=hash_of(secret), draft=draft, fields=fields, expires=expires))
    answer = step_page(node, viewer, language, found, "supplier", link=f"{node.config.url}/supplier/{secret}")
    answer.headers["cache-control"] = "no-store"
    return answer


def _take_said(node: Node, viewer: Viewer, draft: str, form: Form) -> Response[Any]:
    found = open_draft(node, viewer, draft)
    with node.store.reading() as transaction:
        link = drafts.link_of(transaction, draft)
    if link is None or not link.answered:
        raise NotFound("The supplier has said nothing here.")
    taken = {name: text for name, text in link.said.items() if form.fields.get(f"take-{name}")}
    answers = found.answers
    keep(
        node,
        found,
        replace(
            answers,
            values={**answers.values, **taken},
            unknown=tuple(name for name in answers.unknown if name not in taken),
            supplied=tuple(sorted({*answers.supplied, *taken})),
        ),
    )
    with node.store.writing() as transaction:
        drafts.drop_link(transaction, draft)
    return Redirect(f"/drafts/{draft}/supplier", status_code=303)


def _open(node: Node, secret: str) -> tuple[SupplierLink, Draft]:
    now, _day = moment()
    with node.store.reading() as transaction:
        link = drafts.get_link(transaction, hash_of(secret), now)
        draft = drafts.get(transaction, link.draft) if link else None
    if link is None or draft is None:
        raise NotFound("This link has ended, or never was.")
    return link, draft


def _answer(node: Node, language: str, secret: str, form: Form) -> Response[Any]:
    link, draft = _open(node, secret)
    said = {name: clean(form.fields.get(name, "")).strip()[:20_000] for name in link.fields}
    said = {name: text for name, text in said.items() if text}
    with in_language(language):
        wrong = wrong_in(Answers(values=said), link.fields, final=False)
        if not said:
            wrong = [Wrong(link.fields[0], _("Nothing was answered."), _("Answer what you know."))]
    if wrong:
        return _form_page(node, language, secret, link, draft, said, wrong=wrong, status=422)
    now, _day = moment()
    with node.store.writing() as transaction:
        drafts.take_answer(transaction, link, said, now)
    return Redirect(f"/supplier/{secret}?thanks=true", status_code=303)


def _form_page(
    node: Node,
    language: str,
    secret: str,
    link: SupplierLink,
    draft: Draft,
    said: dict[str, str],
    *,
    wrong: list[Wrong] | None = None,
    thanks: bool = False,
    status: int = 200,
) -> Response[bytes]:
    with in_language(language):
        labels = {name: _(BY_NAME[name].label) for name in link.fields}
    answer = page(
        "supplier.html.j2",
        node=node, viewer=VISITOR, language=language, path=f"/supplier/{secret}", status=status,
        link=link, draft=draft, fields=[BY_NAME[name] for name in link.fields], said=said, wrong=wrong or [],
        labels=labels, words=WORDS, sectors=sectors(), thanks=thanks,
    )  # fmt: skip
    answer.headers.update({"cache-control": "no-store", "referrer-policy": "no-referrer"})
    return answer


HANDLERS = [make_link, take_said, supplier_form, send_supplier_form]
