"""What a node says of its accounts: that something changed, when, and who did it. Names are not part of it."""

from __future__ import annotations

from typing import Literal

from .measurement import Record

What = Literal["created", "changed", "disabled", "enabled", "password", "token-made", "token-revoked"]


class AccountChange(Record, frozen=True, kw_only=True):
    """An account changed. `account` and `by` are pseudonyms that the node alone can tell people from.

    `by` is "command-line" for who sits at the node's machine, "set-up" for the first account, "provider" where an
    OpenID provider vouches for somebody new. `roles` are those of the account, or of the token, from now on.
    """

    what: What
    account: str
    by: str
    roles: tuple[str, ...] = ()
