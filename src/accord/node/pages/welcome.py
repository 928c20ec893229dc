"""Where a one-time link leads: to make the first account, or to set the password of one's own."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post

from ...i18n import _, in_language
from ...store.viewer import VISITOR
from ..auth import accounts, passwords
from ..auth.accounts import Account, Mistakes
from ..auth.auditing import SET_UP
from ..auth.links import PATH, read_link, use_link
from ..forms import Form, read_form
from ..node import Node
from ..problems import NotFound
from .login import HOME, logged_in
from .rendering import page

FIRST_ROLES = ("reader", "publisher", "officer", "operator")


@get(PATH + "{secret:str}", include_in_schema=False, sync_to_thread=True)
def welcome(node: Node, language: str, secret: str) -> Response[bytes]:
    """Show the form that a link opens."""
    return _welcome_page(node, language, secret, _account_of(node, secret), Form())


@post(PATH + "{secret:str}", include_in_schema=False, status_code=200)
async def send_welcome(request: Request[Any, Any, Any], node: Node, language: str, secret: str) -> Response[Any]:
    """Make the account or set the password, and log in."""
    from anyio.to_thread import run_sync

    return await run_sync(_take, request, node, language, secret, await read_form(request))


def _take(request: Request[Any, Any, Any], node: Node, language: str, secret: str, form: Form) -> Response[Any]:
    account = _account_of(node, secret)
    try:
        identity = _set_password(node, secret, account, form) if account else _first(node, secret, form)
    except Mistakes as mistakes:
        with in_language(language):
            form.errors.update({name: _(text) for name, text in mistakes.fields.items()})
        return _welcome_page(node, language, secret, account, form, 422)
    return logged_in(request, node, identity, HOME)


def _set_password(node: Node, secret: str, account: Account, form: Form) -> str:
    password = form.fields.get("password", "")
    if fault := passwords.fault_of(password, account.login, account.name):
        raise Mistakes({"password": fault})
    use_link(node, secret)
    accounts.set_password(node, account.id, password, by=account.id)
    return account.id


def _first(node: Node, secret: str, form: Form) -> str:
    login, name, password = (form.fields.get(item, "") for item in ("login", "name", "password"))
    accounts.check(node, login=login, name=name, roles=FIRST_ROLES, password=password)
    use_link(node, secret)
    return accounts.add(node, login=login, name=name, roles=FIRST_ROLES, password=password, by=SET_UP).id


def _account_of(node: Node, secret: str) -> Account | None:
    """Return the account that a link opens, None if it makes the first one. Raises NotFound if it does not hold."""
    if len(secret) > 100:
        raise NotFound
    link = read_link(node, secret)
    return accounts.get(node, link.account) if link.account else None


def _welcome_page(
    node: Node, language: str, secret: str, account: Account | None, form: Form, status: int = 200
) -> Response[bytes]:
    answer = page(
        "welcome.html.j2",
        node=node, viewer=VISITOR, language=language, path=PATH + secret, status=status, account=account, form=form,
    )  # fmt: skip
    answer.headers["cache-control"] = "no-store"
    return answer


HANDLERS = [welcome, send_welcome]
