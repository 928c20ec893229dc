"""Logging in and out, with a password or at the OpenID provider."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from litestar import Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.response import Redirect

from ...errors import AccordError
from ...i18n import _, in_language, ngettext
from ...store.viewer import VISITOR
from ..auth import sessions
from ..auth.logging_in import log_in
from ..auth.oidc.flow import BACK, FLOW_SECONDS, begin, finish
from ..auth.throttling import address_of
from ..forms import Form, read_form
from ..node import Node
from ..problems import TooMany, Unauthenticated
from .rendering import page

HOME = "/account"
_PAGE_HERE = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,2000}")


@get("/login", include_in_schema=False, sync_to_thread=True)
def login_form(request: Request[Any, Any, Any], node: Node, language: str) -> Response[bytes]:
    """Show the form to log in."""
    return _login_page(node, language, Form({"next": request.query_params.get("next", "")}))


@post("/login", include_in_schema=False, status_code=200)
async def send_login(request: Request[Any, Any, Any], node: Node, language: str) -> Response[Any]:
    """Log in with a password."""
    from anyio.to_thread import run_sync

    return await run_sync(_log_in, request, node, language, await read_form(request))


def _log_in(request: Request[Any, Any, Any], node: Node, language: str, form: Form) -> Response[Any]:
    login, password = form.fields.get("login", ""), form.fields.get("password", "")
    try:
        account = log_in(node, login, password, address_of(request))
    except (Unauthenticated, TooMany) as error:
        return refused_login(error, form, language, "login", lambda status: _login_page(node, language, form, status))
    return logged_in(request, node, account.id, form.fields.get("next", ""))


def refused_login(error: AccordError, form: Form, language: str, field: str, again: Any) -> Response[bytes]:
    """Answer a log-in that failed: the page again, with what was wrong at `field`."""
    with in_language(language):
        if isinstance(error, TooMany):
            many = ngettext("Too many tries: wait {n} second.", "Too many tries: wait {n} seconds.", error.seconds)
            form.errors[field] = many.format(n=error.seconds)
        else:
            form.errors[field] = _(error.message)
    answer: Response[bytes] = again(429 if isinstance(error, TooMany) else 422)
    if isinstance(error, TooMany):
        answer.headers["retry-after"] = str(error.seconds)
    return answer


def logged_in(request: Request[Any, Any, Any], node: Node, account: str, target: str) -> Response[Any]:
    """Start a session and go on to a page of this node."""
    secret = sessions.start(node, account, sessions.secret_of(request, node))
    return Redirect(page_here(target), status_code=303, cookies=[sessions.cookie(node, secret)])


def page_here(target: str) -> str:
    """Return `target` if it is a page of this node, else the account's page: a log-in sends nobody elsewhere."""
    return target if _PAGE_HERE.fullmatch(target) else HOME


def _login_page(node: Node, language: str, form: Form, status: int = 200) -> Response[bytes]:
    target = page_here(form.fields.get("next", ""))
    path = "/login" if target == HOME else f"/login?next={quote(target, safe='')}"
    answer = page(
        "login.html.j2",
        node=node, viewer=VISITOR, language=language, path=path, status=status, form=form, target=target,
        provider=node.config.oidc and f"/login/oidc?next={quote(target, safe='')}",
    )  # fmt: skip
    answer.headers["cache-control"] = "no-store"
    return answer


@post("/logout", include_in_schema=False, status_code=200, sync_to_thread=True)
def log_out(request: Request[Any, Any, Any], node: Node) -> Response[Any]:
    """End the session."""
    sessions.end(node, sessions.secret_of(request, node))
    return Redirect("/", status_code=303, cookies=[sessions.cookie(node, "")])


@get("/login/oidc", include_in_schema=False, sync_to_thread=True)
def to_provider(request: Request[Any, Any, Any], node: Node) -> Response[Any]:
    """Send the browser to the provider."""
    address, secret = begin(node, page_here(request.query_params.get("next", "")))
    return Redirect(address, status_code=303, cookies=[_flow_cookie(node, secret)])


@get(BACK, include_in_schema=False, sync_to_thread=True)
def from_provider(request: Request[Any, Any, Any], node: Node) -> Response[Any]:
    """Take in what the provider says of who comes back."""
    browser = request.cookies.get(_flow_cookie(node, "").key, "")
    account, target = finish(node, dict(request.query_params.items()), browser)
    answer = logged_in(request, node, account.id, target)
    answer.cookies.append(_flow_cookie(node, ""))
    return answer


def _flow_cookie(node: Node, secret: str) -> Cookie:
    """Return the cookie that ties an answer of the provider to the browser that asked."""
    return Cookie(
        key="__Host-accord-oidc" if sessions.is_secure(node) else "accord_oidc",
        value=secret,
        max_age=FLOW_SECONDS if secret else 0,
        path="/",
        httponly=True,
        samesite="lax",
        secure=sessions.is_secure(node),
    )


HANDLERS = [login_form, send_login, log_out, to_provider, from_provider]
