"""One's own account: what it may do, its password, tokens and sessions, and the key that the node holds for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from litestar import Request, Response, get, post
from litestar.response import Redirect

from ...errors import LimitExceeded, MalformedInput
from ...i18n import _, in_language
from ...store.viewer import Viewer
from ..auth import accounts, sessions, tokens
from ..auth.accounts import Account, Mistakes
from ..auth.clock import written
from ..auth.logging_in import log_in
from ..auth.people import SIGNING_ROLES, keyid_of
from ..auth.roles import ROLE_WORDS
from ..auth.secret import hash_of
from ..auth.throttling import address_of
from ..auth.who import require_session
from ..forms import Form, read_form
from ..node import Node
from ..problems import TooMany, Unauthenticated
from .login import HOME, refused_login
from .rendering import page


@dataclass(frozen=True)
class _Asked:
    """What somebody asks of the own account."""

    request: Request[Any, Any, Any]
    node: Node
    viewer: Viewer
    language: str
    form: Form

    @property
    def account(self) -> Account:
        return accounts.get(self.node, self.viewer.account)

    @property
    def session(self) -> str:
        return sessions.secret_of(self.request, self.node)

    def text(self, name: str) -> str:
        return self.form.fields.get(name, "")

    def show(self, status: int = 200, new_token: str = "") -> Response[bytes]:
        """Show the page, with what is wrong; a new token this once."""
        account = self.account
        return page(
            "account.html.j2",
            node=self.node, viewer=self.viewer, language=self.language, path=HOME, status=status, form=self.form,
            account=account,
            words={role: text for role, text in ROLE_WORDS.items() if role in account.roles},
            signs=bool(account.roles & SIGNING_ROLES),
            keyid=keyid_of(self.node, account.id),
            tokens=tokens.tokens_of(self.node, account.id),
            new_token=new_token,
            most_days=tokens.MOST_DAYS,
            days=tokens.DEFAULT_DAYS,
            sessions=sessions.sessions_of(self.node, account.id, self.session),
            time=written,
        )  # fmt: skip


@get(HOME, include_in_schema=False, sync_to_thread=True)
def show_account(request: Request[Any, Any, Any], node: Node, viewer: Viewer, language: str) -> Response[bytes]:
    """Show the own account."""
    require_session(request, viewer)
    return _Asked(request, node, viewer, language, Form()).show()


@post(HOME, include_in_schema=False, status_code=200)
async def change_account(request: Request[Any, Any, Any], node: Node, viewer: Viewer, language: str) -> Response[Any]:
    """Change the own account: the field `do` says what."""
    from anyio.to_thread import run_sync

    require_session(request, viewer)
    asked = _Asked(request, node, viewer, language, await read_form(request))
    action = _ACTIONS.get(asked.text("do"))
    if action is None:
        raise MalformedInput("no-such-action", "The form asks for nothing that is known.", "Send it from its page.")
    return await run_sync(action, asked)


def _change_password(asked: _Asked) -> Response[Any]:
    account, old = asked.account, asked.text("old_password")
    try:
        log_in(asked.node, account.login, old, address_of(asked.request))
        accounts.set_password(
            asked.node, account.id, asked.text("password"), by=account.id, keep_session=hash_of(asked.session)
        )
    except (Unauthenticated, TooMany) as error:
        return refused_login(error, asked.form, asked.language, "old_password", asked.show)
    except Mistakes as mistakes:
        return _wrong(asked, mistakes)
    return Redirect(f"{HOME}#change-password", status_code=303)


def _make_token(asked: _Asked) -> Response[Any]:
    roles = [role for role in ROLE_WORDS if asked.text(f"role-{role}")]
    days = asked.text("days")
    try:
        made = tokens.make(
            asked.node, asked.viewer, asked.text("name"), roles, int(days) if days.isdecimal() and len(days) < 6 else 0
        )
    except Mistakes as mistakes:
        return _wrong(asked, mistakes)
    except LimitExceeded as error:
        asked.form.errors["name"] = error.message
        return asked.show(422)
    asked.form.fields = {}
    return asked.show(new_token=made[1])


def _revoke_token(asked: _Asked) -> Response[Any]:
    tokens.revoke(asked.node, asked.viewer.account, asked.text("token"))
    return Redirect(f"{HOME}#tokens", status_code=303)


def _end_session(asked: _Asked) -> Response[Any]:
    sessions.end_by_id(asked.node, asked.viewer.account, asked.text("session"))
    return Redirect(f"{HOME}#sessions", status_code=303)


def _end_others(asked: _Asked) -> Response[Any]:
    sessions.end_others(asked.node, asked.viewer.account, asked.session)
    return Redirect(f"{HOME}#sessions", status_code=303)


_ACTIONS: dict[str, Callable[[_Asked], Response[Any]]] = {
    "password": _change_password,
    "make-token": _make_token,
    "revoke-token": _revoke_token,
    "end-session": _end_session,
    "end-others": _end_others,
}


def _wrong(asked: _Asked, mistakes: Mistakes) -> Response[bytes]:
    with in_language(asked.language):
        asked.form.errors.update({name: _(text) for name, text in mistakes.fields.items()})
    return asked.show(422)


HANDLERS = [show_account, change_account]
