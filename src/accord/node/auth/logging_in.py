"""Logging in with a password. What fails is answered alike, and takes alike: nobody learns which accounts there are."""

from __future__ import annotations

from contextlib import suppress

from ...i18n import N_
from ..node import Node
from ..problems import TooMany, Unauthenticated
from . import accounts, passwords, throttling
from .accounts import Account


def log_in(node: Node, login: str, password: str, address: str) -> Account:
    """Return the account of a login and its password. Raises Unauthenticated, or TooMany after many failures."""
    throttling.begin(node, login, address)
    account = accounts.find(node, login)
    encoded = account.password if account else None
    if not passwords.matches(encoded, password) or account is None or account.disabled:
        raise Unauthenticated("wrong-login", N_("The login or the password is wrong."), "Try again.")
    throttling.succeeded(node, login, address)
    if encoded and passwords.is_outdated(encoded):
        _renew(node, account.id, encoded, password)
    return account


def _renew(node: Node, identity: str, encoded: str, password: str) -> None:
    """Hash a password again with the parameters of today; if too many others compute now, the next time."""
    with suppress(TooMany):
        fresh = passwords.hashed(password)
        with node.store.writing() as transaction:
            transaction.run("UPDATE accounts SET password = ? WHERE id = ? AND password = ?", fresh, identity, encoded)
