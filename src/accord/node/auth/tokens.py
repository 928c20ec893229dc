"""Tokens of programs: `accord_` and a secret, sent as `Authorization: Bearer` (RFC 6750), shown once."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ...errors import LimitExceeded
from ...i18n import N_
from ...reports.visible import visible
from ...store.viewer import Viewer
from ..node import Node
from ..problems import Forbidden, NotFound, Unauthenticated
from . import clock
from .accounts import Mistakes, written
from .auditing import note_change
from .secret import hash_of, new_secret

PREFIX = "accord_"
MOST = 50
MOST_DAYS = 366
DEFAULT_DAYS = 90
_DAY = 24 * 60 * 60
_TOUCH = 60
_COLUMNS = "id, name, roles, created, expires, used, parent"


@dataclass(frozen=True, slots=True)
class Token:
    """A token as its owner sees it, without the secret. Times in Unix seconds; `used` is 0 if it never was."""

    id: str
    name: str
    roles: frozenset[str]
    created: int
    expires: int
    used: int
    parent: str = ""


def make(
    node: Node, viewer: Viewer, name: str, roles: Iterable[str], days: int, *, by: str = "", parent: Token | None = None
) -> tuple[Token, str]:
    """Make a token for the viewer's account, with some of the viewer's roles; return it, and the secret to show once.

    One that is made with another token (`parent`) ends with it, and makes no further ones. `by` is who makes it, if it
    is not the account itself. Raises Mistakes, Forbidden, LimitExceeded.
    """
    name, chosen, now = name.strip(), frozenset(roles), clock.now()
    wrong = {}
    if not 0 < len(name) <= 120 or visible(name) != name:
        wrong["name"] = N_("A name has 1 to 120 characters that can be seen.")
    if not chosen or not chosen <= viewer.roles:
        wrong["roles"] = N_("Choose at least one of your roles.")
    if not 1 <= days <= MOST_DAYS:
        wrong["days"] = N_("A token holds for 1 to 366 days.")
    if wrong:
        raise Mistakes(wrong)
    if parent and parent.parent:
        raise Forbidden("made-by-a-token", "This token was made by a token, and makes none.", "Use the first one.")
    if len(tokens_of(node, viewer.account)) >= MOST:
        raise LimitExceeded("too-many-tokens", f"an account has at most {MOST} tokens", "Revoke some first.")
    expires = min(now + days * _DAY, parent.expires if parent else now + days * _DAY)
    token = Token(secrets.token_hex(8), name, chosen, now, expires, 0, parent.id if parent else "")
    secret = PREFIX + new_secret()
    note_change(node, "token-made", viewer.account, by=by or viewer.account, roles=chosen)
    with node.store.writing() as transaction:
        transaction.run("DELETE FROM tokens WHERE expires <= ?", now)
        transaction.run(
            "INSERT INTO tokens (id, hash, account, parent, name, roles, created, expires)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            token.id, hash_of(secret), viewer.account, token.parent, name, written(chosen), now, expires,
        )  # fmt: skip
    return token, secret


def authenticate(node: Node, secret: str) -> tuple[Viewer, Token]:
    """Return who a token speaks for, with the roles that both have. Raises Unauthenticated if it is not valid."""
    now, hashed = clock.now(), hash_of(secret)
    with node.store.reading() as transaction:
        row = transaction.one(
            f"SELECT a.id, a.name, a.roles, a.office, {', '.join(f't.{x}' for x in _COLUMNS.split(', '))}"
            " FROM tokens t JOIN accounts a ON a.id = t.account WHERE t.hash = ? AND t.expires > ? AND a.disabled = 0",
            hashed, now,
        )  # fmt: skip
    if row is None:
        raise Unauthenticated("bad-token", "This token is not valid, or no longer.", "Make another on your account.")
    account, name, roles, office, *rest = row
    token = _token(rest)
    if now - token.used >= _TOUCH:
        with node.store.writing() as transaction:
            transaction.run("UPDATE tokens SET used = ? WHERE hash = ?", now, hashed)
    return Viewer(account=account, name=name, roles=frozenset(roles.split()) & token.roles, office=office), token


def bearer_of(request: Any) -> str | None:
    """Return the token that a request carries, or None if it has no Authorization. Raises Unauthenticated."""
    header: str | None = request.headers.get("authorization")
    if header is None:
        return None
    scheme, _, secret = header.partition(" ")
    if scheme.lower() != "bearer" or not secret.startswith(PREFIX):
        raise Unauthenticated("bad-token", "This is no token of a node.", "Send `Authorization: Bearer accord_…`.")
    return secret


def tokens_of(node: Node, account: str) -> list[Token]:
    """Return an account's tokens that hold, the newest first."""
    with node.store.reading() as transaction:
        rows = transaction.rows(
            f"SELECT {_COLUMNS} FROM tokens WHERE account = ? AND expires > ? ORDER BY created DESC, id",
            account,
            clock.now(),
        )
    return [_token(row) for row in rows]


def revoke(node: Node, account: str, identity: str, *, by: str = "") -> None:
    """End a token of an account, and those made with it. Raises NotFound."""
    found = next((token for token in tokens_of(node, account) if token.id == identity), None)
    if found is None:
        raise NotFound("There is no such token.")
    note_change(node, "token-revoked", account, by=by or account, roles=found.roles)
    with node.store.writing() as transaction:
        transaction.run("DELETE FROM tokens WHERE account = ? AND (id = ? OR parent = ?)", account, identity, identity)


def _token(row: Iterable[Any]) -> Token:
    identity, name, roles, created, expires, used, parent = row
    return Token(identity, name, frozenset(roles.split()), created, expires, used, parent)
