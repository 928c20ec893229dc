"""The accounts of the node, for its operator: invite, give roles, disable."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.response import Redirect

from ...errors import MalformedInput
from ...i18n import _, in_language
from ...store.viewer import Viewer
from ..api.statements import require
from ..auth import accounts
from ..auth.accounts import Mistakes
from ..auth.clock import written
from ..auth.links import make_link
from ..auth.roles import ROLE_WORDS
from ..auth.who import require_session
from ..forms import Form, read_form
from ..node import Node
from ..problems import Conflict
from .rendering import page


@get("/people", include_in_schema=False, sync_to_thread=True)
def people(request: Request[Any, Any, Any], node: Node, viewer: Viewer, language: str) -> Response[bytes]:
    """Show all accounts, and the form to invite somebody."""
    _require_operator(request, viewer)
    return _people_page(node, viewer, language, Form(), after=request.query_params.get("after", ""))


@post("/people", include_in_schema=False, status_code=200)
async def invite(request: Request[Any, Any, Any], node: Node, viewer: Viewer, language: str) -> Response[Any]:
    """Make an account, and show the link that sets its password."""
    from anyio.to_thread import run_sync

    _require_operator(request, viewer)
    return await run_sync(_invite, request, node, viewer, language, await read_form(request))


def _invite(request: Request[Any, Any, Any], node: Node, viewer: Viewer, language: str, form: Form) -> Response[Any]:
    said = _said(form)
    try:
        made = accounts.add(node, login=form.fields.get("login", ""), by=viewer.account, **said)
    except Mistakes as mistakes:
        _note(form, mistakes, language)
        return _people_page(node, viewer, language, form, 422)
    except Conflict as conflict:
        form.errors["login"] = conflict.message
        return _people_page(node, viewer, language, form, 422)
    link = base_of(request, node) + make_link(node, made.id)
    return _people_page(node, viewer, language, Form(), invited=made, link=link)


@get("/people/{identity:str}", include_in_schema=False, sync_to_thread=True)
def somebody(
    request: Request[Any, Any, Any], node: Node, viewer: Viewer, language: str, identity: str
) -> Response[bytes]:
    """Show one account, and what can be changed."""
    _require_operator(request, viewer)
    return _person_page(node, viewer, language, identity, Form())


@post("/people/{identity:str}", include_in_schema=False, status_code=200)
async def change_somebody(
    request: Request[Any, Any, Any], node: Node, viewer: Viewer, language: str, identity: str
) -> Response[Any]:
    """Change an account: the field `do` says what."""
    from anyio.to_thread import run_sync

    _require_operator(request, viewer)
    return await run_sync(_change, request, node, viewer, language, identity, await read_form(request))


def _change(
    request: Request[Any, Any, Any], node: Node, viewer: Viewer, language: str, identity: str, form: Form
) -> Response[Any]:
    account = accounts.get(node, identity)
    try:
        match form.fields.get("do"):
            case "save":
                accounts.change(node, identity, by=viewer.account, **_said(form))
            case "disable":
                accounts.disable(node, identity, by=viewer.account)
            case "enable":
                accounts.enable(node, identity, by=viewer.account)
            case "link" if not account.disabled:
                link = base_of(request, node) + make_link(node, identity)
                return _person_page(node, viewer, language, identity, Form(), link=link)
            case _:
                raise MalformedInput("no-such-action", "The form asks for nothing that is known.", "Send it again.")
    except Mistakes as mistakes:
        _note(form, mistakes, language)
        return _person_page(node, viewer, language, identity, form, 422)
    except Conflict as conflict:
        form.errors["roles"] = conflict.message
        return _person_page(node, viewer, language, identity, form, 422)
    return Redirect(f"/people/{identity}", status_code=303)


def base_of(request: Request[Any, Any, Any], node: Node) -> str:
    """Return where this node is reached, without a slash at the end."""
    return node.config.url.rstrip("/") or f"http://{request.headers.get('host', '')}"


def _require_operator(request: Request[Any, Any, Any], viewer: Viewer) -> None:
    require_session(request, viewer)
    require(viewer, "operator")


def _said(form: Form) -> dict[str, Any]:
    roles = [role for role in ROLE_WORDS if form.fields.get(f"role-{role}")]
    return {"name": form.fields.get("name", ""), "office": form.fields.get("office", ""), "roles": roles}


def _note(form: Form, mistakes: Mistakes, language: str) -> None:
    with in_language(language):
        form.errors.update({name: _(text) for name, text in mistakes.fields.items()})


def _people_page(
    node: Node, viewer: Viewer, language: str, form: Form, status: int = 200, *, after: str = "", **shown: Any
) -> Response[bytes]:
    found = accounts.page_of(node, after[:100])
    return page(
        "people.html.j2",
        node=node, viewer=viewer, language=language, path="/people", status=status, form=form, words=ROLE_WORDS,
        people=found,
        following=found[-1].login if len(found) == accounts.PAGE else "",
        **{"invited": None, "link": "", **shown},
    )  # fmt: skip


def _person_page(
    node: Node, viewer: Viewer, language: str, identity: str, form: Form, status: int = 200, *, link: str = ""
) -> Response[bytes]:
    account = accounts.get(node, identity)
    return page(
        "person.html.j2",
        node=node, viewer=viewer, language=language, path=f"/people/{identity}", status=status, form=form,
        account=account, words=ROLE_WORDS, link=link, time=written,
    )  # fmt: skip


HANDLERS = [people, invite, somebody, change_somebody]
