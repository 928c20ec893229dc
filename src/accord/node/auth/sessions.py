"""Browsers that are logged in. The cookie holds a secret; the node keeps its hash."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...store.viewer import Viewer
from ..node import Node
from . import clock
from .secret import hash_of, new_secret

if TYPE_CHECKING:
    from litestar.datastructures import Cookie

IDLE = 12 * 60 * 60
LONGEST = 7 * 24 * 60 * 60
_MOST = 20
_TOUCH = 5 * 60
_ID = 16


@dataclass(frozen=True, slots=True)
class Session:
    """A session as its owner sees it: `id` is the beginning of a hash, and opens nothing. Times in Unix seconds."""

    id: str
    created: int
    seen: int
    current: bool


def cookie_name(node: Node) -> str:
    """Return the cookie's name. `__Host-` makes a browser refuse it from another host, or without TLS (RFC 6265bis)."""
    return "__Host-accord" if is_secure(node) else "accord_session"


def is_secure(node: Node) -> bool:
    """Whether browsers reach the node by https only."""
    return node.config.url.startswith("https://")


def cookie(node: Node, secret: str) -> Cookie:
    """Return the cookie that carries a session; with an empty secret, one that removes it."""
    from litestar.datastructures import Cookie

    return Cookie(
        key=cookie_name(node),
        value=secret,
        max_age=LONGEST if secret else 0,
        path="/",
        httponly=True,
        samesite="lax",
        secure=is_secure(node),
    )


def secret_of(request: Any, node: Node) -> str:
    """Return the secret that a request's cookie holds, or ""."""
    return str(request.cookies.get(cookie_name(node), ""))


def start(node: Node, account: str, old: str = "") -> str:
    """Start a session with a new secret, and end the `old` one of the same browser; return the secret."""
    now, secret = clock.now(), new_secret()
    with node.store.writing() as transaction:
        transaction.run("DELETE FROM sessions WHERE expires <= ? OR seen <= ?", now, now - IDLE)
        transaction.run("DELETE FROM sessions WHERE hash = ?", hash_of(old))
        rows = transaction.rows("SELECT hash FROM sessions WHERE account = ? ORDER BY seen DESC", account)
        transaction.many("DELETE FROM sessions WHERE hash = ?", rows[_MOST - 1 :])
        transaction.run(
            "INSERT INTO sessions (hash, account, created, seen, expires) VALUES (?, ?, ?, ?, ?)",
            hash_of(secret), account, now, now, now + LONGEST,
        )  # fmt: skip
    return secret


def viewer_in(node: Node, secret: str) -> Viewer | None:
    """Return whose session it is, or None if it has ended or its account is disabled."""
    now, hashed = clock.now(), hash_of(secret)
    with node.store.reading() as transaction:
        row = transaction.one(
            "SELECT a.id, a.name, a.roles, a.office, s.seen FROM sessions s JOIN accounts a ON a.id = s.account"
            " WHERE s.hash = ? AND s.expires > ? AND s.seen > ? AND a.disabled = 0",
            hashed, now, now - IDLE,
        )  # fmt: skip
    if row is None:
        return None
    identity, name, roles, office, seen = row
    if now - seen >= _TOUCH:
        with node.store.writing() as transaction:
            transaction.run("UPDATE sessions SET seen = ? WHERE hash = ?", now, hashed)
    return Viewer(account=identity, name=name, roles=frozenset(roles.split()), office=office)


def sessions_of(node: Node, account: str, secret: str) -> list[Session]:
    """Return an account's sessions, the last seen first; `secret` is that of the one who asks."""
    now = clock.now()
    with node.store.reading() as transaction:
        rows = transaction.rows(
            "SELECT hash, created, seen FROM sessions WHERE account = ? AND expires > ? AND seen > ?"
            f" ORDER BY seen DESC LIMIT {_MOST}",
            account, now, now - IDLE,
        )  # fmt: skip
    return [Session(hashed[:_ID], created, seen, hashed == hash_of(secret)) for hashed, created, seen in rows]


def end(node: Node, secret: str) -> None:
    """End one session."""
    with node.store.writing() as transaction:
        transaction.run("DELETE FROM sessions WHERE hash = ?", hash_of(secret))


def end_others(node: Node, account: str, secret: str) -> None:
    """End all sessions of an account but the one of `secret`."""
    with node.store.writing() as transaction:
        transaction.run("DELETE FROM sessions WHERE account = ? AND hash <> ?", account, hash_of(secret))


def end_by_id(node: Node, account: str, identity: str) -> None:
    """End the session of an account that a page shows as `identity`, if there is one."""
    with node.store.writing() as transaction:
        for (hashed,) in transaction.rows("SELECT hash FROM sessions WHERE account = ?", account):
            if hashed[:_ID] == identity:
                transaction.run("DELETE FROM sessions WHERE hash = ?", hashed)
