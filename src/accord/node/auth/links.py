"""Links that open the door once: to make the first account, or to set an account's password."""

from __future__ import annotations

from dataclasses import dataclass

from ..node import Node
from ..problems import NotFound
from . import clock
from .accounts import has_operator
from .secret import hash_of, new_secret

SET_UP_SECONDS = 24 * 60 * 60
INVITATION_SECONDS = 7 * 24 * 60 * 60
PATH = "/welcome/"


@dataclass(frozen=True, slots=True)
class Link:
    """A link that still holds: the account whose password it sets, or "" to make the first account."""

    account: str


def make_link(node: Node, account: str = "") -> str:
    """Return the path of a new link. It replaces the one before, and ends at first use."""
    secret, now = new_secret(), clock.now()
    expires = now + (INVITATION_SECONDS if account else SET_UP_SECONDS)
    with node.store.writing() as transaction:
        transaction.run("DELETE FROM links WHERE expires <= ? OR COALESCE(account, '') = ?", now, account)
        transaction.run(
            "INSERT INTO links (hash, account, expires) VALUES (?, ?, ?)", hash_of(secret), account or None, expires
        )
    return PATH + secret


def read_link(node: Node, secret: str) -> Link:
    """Return what a link is for. Raises NotFound if it was used or has expired."""
    with node.store.reading() as transaction:
        row = transaction.one("SELECT account FROM links WHERE hash = ? AND expires > ?", hash_of(secret), clock.now())
    if row is None or (row[0] is None and has_operator(node)):
        raise NotFound("This link was used already, or has expired.")
    return Link(row[0] or "")


def use_link(node: Node, secret: str) -> None:
    """End a link. Raises NotFound to all but the first who use it."""
    with node.store.writing() as transaction:
        used = transaction.run("DELETE FROM links WHERE hash = ? AND expires > ?", hash_of(secret), clock.now())
    if not used:
        raise NotFound("This link was used already, or has expired.")
