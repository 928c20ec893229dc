"""From a request to a viewer."""

from __future__ import annotations

from typing import Any

from ...errors import LimitExceeded
from ...store.viewer import VISITOR, Viewer
from ..node import Node
from ..problems import Forbidden, Unauthenticated
from .sessions import secret_of, viewer_in
from .signed_requests import HEADER, MAX_BODY, peer_of
from .tokens import authenticate, bearer_of

_BODILESS = frozenset({"GET", "HEAD"})


async def viewer_of(request: Any, node: Node) -> Viewer:
    """Return who sends the request: an account (session cookie or bearer token), another node, or a visitor.

    A token or signature that is not valid raises Unauthenticated: who shows one is never taken for a visitor, nor for
    whom a cookie names. A session that has ended is a visitor's.
    """
    from anyio.to_thread import run_sync

    signature: str | None = request.headers.get(HEADER.lower())
    token = bearer_of(request)
    if token is not None and signature is not None:
        raise Unauthenticated("two-credentials", "A token and a signature at once.", "Send one of them.")
    if token is not None:
        return (await run_sync(authenticate, node, token))[0]
    if signature is not None:
        method = request.scope.get("signed_method", request.method)  # HEAD is answered as GET, and signed as HEAD.
        return await run_sync(peer_of, node, signature, method, _target(request), await _signed_body(request))
    secret = secret_of(request, node)
    return (await run_sync(viewer_in, node, secret) if secret else None) or VISITOR


def require_session(request: Any, viewer: Viewer) -> None:
    """Raise Unauthenticated for a visitor, Forbidden for a program: who changes an account sits at a browser."""
    if "authorization" in request.headers or viewer.peer:
        raise Forbidden("browser-only", "Accounts are changed in a browser only.", "Log in there.")
    if not viewer.account:
        raise Unauthenticated("log-in-first", "This needs an account.", "Log in.")


def _target(request: Any) -> str:
    """Return path and query as they were sent."""
    path, query = request.scope["raw_path"], request.scope["query_string"]
    return str((path + b"?" + query if query else path).decode("latin-1"))


async def _signed_body(request: Any) -> bytes:
    if request.method in _BODILESS:
        return b""
    stated = request.headers.get("content-length", "")
    if not stated.isdecimal() or int(stated) > MAX_BODY:
        raise LimitExceeded("signed-body", "A signed body has a Content-Length.", f"Send at most {MAX_BODY} bytes.")
    return bytes(await request.body())
