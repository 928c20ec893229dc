"""Errors as a node answers them: RFC 9457 problem details to programs, a page to people."""

from __future__ import annotations

import logging
from traceback import walk_tb
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ..errors import AccordError, LimitExceeded, MalformedInput, Unavailable, UsageError

if TYPE_CHECKING:
    from litestar import Request, Response

MEDIA_TYPE = "application/problem+json"
logger = logging.getLogger("accord.node")


class NotFound(AccordError):
    """There is no such thing here, or none that the viewer may see: both are answered alike."""

    def __init__(self, what: str = "There is no such page.") -> None:
        super().__init__("not-found", what, "Check the address, or search.")


class Unauthenticated(AccordError):
    """Somebody has to log in first, or the token is not valid."""


class Forbidden(AccordError):
    """The account may not do this."""


class Conflict(AccordError):
    """Somebody else was faster, or the state does not allow it."""


class TooMany(AccordError):
    """More requests than a client may send; `seconds` until the next."""

    def __init__(self, seconds: int) -> None:
        super().__init__("too-many-requests", "Too many requests.", f"Wait {seconds} seconds.")
        self.seconds = seconds


class Busy(Unavailable):
    """The node does as much of this at once as it can; `seconds` until it is worth trying again."""

    def __init__(self, seconds: int) -> None:
        super().__init__("busy", "Others are asking for the same just now.", f"Try again in {seconds} seconds.")
        self.seconds = seconds


_STATUS: tuple[tuple[type[AccordError], int], ...] = (
    (NotFound, 404),
    (Unauthenticated, 401),
    (Forbidden, 403),
    (Conflict, 409),
    (TooMany, 429),
    (LimitExceeded, 413),
    (MalformedInput, 422),
    (UsageError, 400),
    (Unavailable, 503),
)


def status_of(error: AccordError) -> int:
    """Return the HTTP status of an error."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def answer(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Answer any error: what went wrong and what to do, without a word of what is inside."""
    from litestar import Response
    from litestar.exceptions import HTTPException

    headers = {"Vary": "accept, accept-language"}
    if isinstance(error, AccordError):
        status, code, message, remedy = status_of(error), error.code, error.message, error.remedy
        if isinstance(error, TooMany | Busy):
            headers["Retry-After"] = str(error.seconds)
        if status == 401:
            headers["WWW-Authenticate"] = "Bearer"
    elif isinstance(error, HTTPException):
        status, code = error.status_code, f"http-{error.status_code}"
        message, remedy = _said(error), "Compare the request with /api/openapi.json."
        headers.update({k: v for k, v in (error.headers or {}).items() if k.lower() in ("allow", "retry-after")})
    elif _is_in_form(error):
        status, code = 422, "bad-form"
        message, remedy = "The form can't be read.", "Send text as UTF-8, files as files."
    else:
        logger.exception("unexpected error", exc_info=error)
        status, code, message, remedy = 500, "internal-error", "Something went wrong here.", "Tell the operator when."
    if request.url.path.startswith("/api/") or "text/html" not in request.headers.get("accept", ""):
        body = {"type": f"urn:accord:problem:{code}", "title": message, "status": status, "detail": remedy}
        return Response(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)
    if code == "log-in-first" and request.method == "GET":
        return _to_login(request)
    from .pages.rendering import problem_page

    return Response(
        problem_page(request, status, message, remedy), status_code=status, media_type="text/html", headers=headers
    )


def _to_login(request: Request[Any, Any, Any]) -> Response[Any]:
    from litestar.response import Redirect

    query = request.scope["query_string"].decode("latin-1")
    here = f"{request.url.path}?{query}" if query else request.url.path
    return Redirect(f"/login?{urlencode({'next': here})}", status_code=303)


def _is_in_form(error: Exception) -> bool:
    """Whether a form of several parts could not be read: Litestar lets out whatever its reader of them meets."""
    frames = (frame for frame, _line in walk_tb(error.__traceback__))
    return any(frame.f_globals.get("__name__") == "litestar._multipart" for frame in frames)


def _said(error: Any) -> str:
    extra = error.extra
    if isinstance(extra, list):
        places = [f"{item.get('key', '')}: {item.get('message', '')}" for item in extra if isinstance(item, dict)]
        return f"{error.detail}: {'; '.join(places)}"[:1_000]
    return str(error.detail)[:1_000]
