"""Who one is here, and one's own tokens."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, delete, get, post
from litestar.params import Parameter

from ...store.viewer import Role, Viewer
from ..auth import tokens
from ..auth.clock import written
from ..node import Node
from ..problems import Unauthenticated

_TokenId = Annotated[str, Parameter(pattern=r"^[0-9a-f]{16}$", description="id of a token, as `tokens` lists it")]
_MAX_BODY = 64 * 1024
TOKEN: list[dict[str, list[str]]] = [{"token": []}]
"""What a call that nobody may make without a token says of it in the OpenAPI document."""


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks: an account, or another node (`peer`, the origin of its log). `roles` are those of this request."""

    account: str
    name: str
    office: str
    roles: list[str]
    peer: str


class NewToken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A token to make: what it is for, which of one's own roles it has, and for how many days it holds."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
    roles: Annotated[list[Role], msgspec.Meta(min_length=1, max_length=5)]
    days: Annotated[int, msgspec.Meta(ge=1, le=tokens.MOST_DAYS)] = tokens.DEFAULT_DAYS


class TokenInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A token, without its secret. `parent` is the token that it was made with, if it was; `used` is "" if never."""

    id: str
    name: str
    roles: list[str]
    created: str
    expires: str
    used: str
    parent: str


class MadeToken(msgspec.Struct, frozen=True, kw_only=True):
    """A new token. `secret` is shown this once."""

    token: TokenInfo
    secret: str


@get("/api/v1/me", sync_to_thread=False, operation_id="me", tags=["accounts"], security=TOKEN)
def me(viewer: Viewer) -> Me:
    """Return who asks, and what they may do."""
    if not viewer.account and not viewer.peer:
        raise Unauthenticated("log-in-first", "Nobody is logged in.", "Send a token.")
    return Me(
        account=viewer.account, name=viewer.name, office=viewer.office, roles=sorted(viewer.roles), peer=viewer.peer
    )


@post(
    "/api/v1/tokens",
    sync_to_thread=True,
    operation_id="makeToken",
    tags=["accounts"],
    security=TOKEN,
    request_max_body_size=_MAX_BODY,
)
def make_token(request: Request[Any, Any, Any], node: Node, viewer: Viewer, data: NewToken) -> MadeToken:
    """Make a token of one's own account.

    One that is made with a token has no role that this one lacks, holds no longer, and ends with it.
    """
    _require_account(viewer)
    bearer = tokens.bearer_of(request)
    parent = tokens.authenticate(node, bearer)[1] if bearer else None
    made, secret = tokens.make(node, viewer, data.name, data.roles, data.days, parent=parent)
    return MadeToken(token=_info(made), secret=secret)


@get("/api/v1/tokens", sync_to_thread=True, operation_id="tokens", tags=["accounts"], security=TOKEN)
def list_tokens(node: Node, viewer: Viewer) -> list[TokenInfo]:
    """Return one's own tokens that hold, without their secrets."""
    _require_account(viewer)
    return [_info(token) for token in tokens.tokens_of(node, viewer.account)]


@delete(
    "/api/v1/tokens/{token:str}", sync_to_thread=True, operation_id="revokeToken", tags=["accounts"], security=TOKEN
)
def revoke_token(node: Node, viewer: Viewer, token: _TokenId) -> None:
    """End a token of one's own, and those made with it."""
    _require_account(viewer)
    tokens.revoke(node, viewer.account, token)


def _require_account(viewer: Viewer) -> None:
    if not viewer.account:
        raise Unauthenticated("log-in-first", "This needs an account.", "Log in, or send a token.")


def _info(token: tokens.Token) -> TokenInfo:
    return TokenInfo(
        id=token.id,
        name=token.name,
        roles=sorted(token.roles),
        created=written(token.created),
        expires=written(token.expires),
        used=written(token.used) if token.used else "",
        parent=token.parent,
    )


HANDLERS = [me, make_token, list_tokens, revoke_token]
