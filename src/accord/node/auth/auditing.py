"""Audit through the log: each change of an account is a statement, with pseudonyms, that only staff may read."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

from ...records.account_change import AccountChange, What
from ..node import Node

KIND = "account-change"
COMMAND_LINE = "command-line"
SET_UP = "set-up"
PROVIDER = "provider"
_NOT_ACCOUNTS = frozenset({COMMAND_LINE, SET_UP, PROVIDER})


def note_change(node: Node, what: What, account: str, *, by: str, roles: Iterable[str] = ()) -> None:
    """Say that an account changes, before it does: what nobody can note is not done. Raises Unavailable."""
    pseudonym = pseudonym_of(node, account)
    who = by if by in _NOT_ACCOUNTS else pseudonym_of(node, by)
    record = AccountChange(what=what, account=pseudonym, by=who, roles=tuple(sorted(roles)))
    node.say(record, KIND, [f"sha256:{pseudonym}"], level="none")


def pseudonym_of(node: Node, account: str) -> str:
    """Return the HMAC of an account's id under a secret of the node, in hex.

    The secret is a hash of an Ed25519 signature, which is the same each time (RFC 8032, section 5.1.6): so there is
    nothing more to keep than the node's key.
    """
    secret = hashlib.sha256(node.speaker.sign(b"accord-pseudonyms/v1\n")).digest()
    return hmac.new(secret, account.encode(), hashlib.sha256).hexdigest()
