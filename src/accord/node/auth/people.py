"""The keys that people sign with. The node holds them: a browser has none, and an officer should need none."""

from __future__ import annotations

from ...trust.ed25519 import SigningKey
from ..node import Node
from ..problems import Forbidden
from . import accounts

SIGNING_ROLES = frozenset({"officer", "decider", "operator"})


def key_of(node: Node, account: str) -> SigningKey:
    """Return the key that an account signs with, made at its first use.

    Raises NotFound if there is no such account, Forbidden if it is disabled or has no role that signs.
    """
    found = accounts.get(node, account)
    if found.disabled or not found.roles & SIGNING_ROLES:
        raise Forbidden("may-not-sign", "This account signs nothing.", "Ask the node's operator for a role that does.")
    return node.keys.own(_name(account))


def keyid_of(node: Node, account: str) -> str:
    """Return the keyid of the key that an account signs with, or "" if it has not signed yet."""
    return node.keys.load(_name(account)).keyid if _name(account) in node.keys.names() else ""


def _name(account: str) -> str:
    return f"person-{account}"
