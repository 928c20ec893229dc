"""What holds for every request: where it may come from, what a browser may do with the answer, how many are let in."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from ..errors import UsageError
from ..reports.visible import visible
from .auth.sessions import is_secure, secret_of
from .auth.signed_requests import HEADER
from .auth.throttling import address_of
from .node import Node
from .problems import MEDIA_TYPE

if TYPE_CHECKING:
    from anyio import CancelScope
    from litestar import Litestar, Request
    from litestar.connection import ASGIConnection
    from litestar.types import Message, Receive, Send

HEADERS = {
    b"content-security-policy": b"default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; "
    b"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=()",
    b"x-frame-options": b"DENY",
}
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_CLIENTS = 10_000
_WRITE = "Write it in UTF-8, percent-encoded."
_OTHER_SITE = "Sent from another site's page."
_FOR_OTHERS = "/badge/"
_SECRETS = ("/welcome/", "/supplier/")
_CREDENTIALS = (b"cookie", b"authorization", HEADER.lower().encode())
logger = logging.getLogger("accord.requests")


class Guard:
    """The layer around the whole application: also what no handler answers passes here.

    It checks the sender's page and the sender's rate, answers HEAD and OPTIONS for every path, and adds the headers.
    """

    def __init__(self, app: Litestar, node: Node) -> None:
        self.app = app
        self._node = node
        self._rates = Rates(node.config.requests_per_minute)
        self._headers = dict(HEADERS)
        if is_secure(node):
            self._headers[b"strict-transport-security"] = b"max-age=31536000"

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        from litestar.connection import ASGIConnection

        own: Any = {**scope, "state": {}}
        asked: ASGIConnection[Any, Any, Any, Any] = ASGIConnection(own)
        method, started = scope["method"], time.perf_counter()
        answer = _Answer(send, method, self._headers, _shows_credentials(asked, self._node))
        if _is_unreadable(scope["raw_path"]):
            await _refuse(answer, 404, "not-found", "There is no such page.", "Check the address, or search.")
        elif _is_unreadable(scope["query_string"]):
            await _refuse(answer, 400, "bad-address", "The address holds a NUL, or bytes that are no UTF-8.", _WRITE)
        elif not _is_welcome(asked, method):
            await _refuse(answer, 403, "cross-site-request", _OTHER_SITE, "Send it from a page here.")
        elif (wait := self._rates.wait(address_of(asked))) > 0:
            await _refuse(answer, 429, "too-many-requests", "Too many requests.", f"Wait {wait} seconds.", wait)
        else:
            await self._pass_on(scope, receive, answer)
        seconds = time.perf_counter() - started
        METERS.count(method, answer.status, seconds)
        if logger.isEnabledFor(logging.INFO):
            line = {"method": method, "path": _loggable(scope["path"]), "status": answer.status}
            logger.info(json.dumps({**line, "seconds": round(seconds, 4)}))

    async def _pass_on(self, scope: Any, receive: Receive, answer: _Answer) -> None:
        """Have the application answer; HEAD as GET, and OPTIONS as a method that no path has: it names those it has.

        An answer without a body is over once it has begun, even where a body would come for hours.
        """
        from anyio import CancelScope

        method = answer.method
        inner = {**scope, "method": {"HEAD": "GET", "OPTIONS": "TRACE"}.get(method, method), "signed_method": method}
        if answer.compresses_nothing:
            inner["headers"] = [item for item in scope["headers"] if item[0] != b"accept-encoding"]
        with CancelScope() as answer.over:
            await self.app(inner, receive, answer)  # type: ignore[arg-type]


class _Answer:
    """Sends an answer on with the headers that every answer has."""

    def __init__(self, send: Send, method: str, headers: dict[bytes, bytes], shown: str) -> None:
        self._send = send
        self.method = method
        self._headers = headers
        self._shown = shown
        self.status = 500
        self.over: CancelScope | None = None

    @property
    def compresses_nothing(self) -> bool:
        """Whether what is shown could be guessed from lengths (BREACH): a browser sends a session for any page's link.

        A program sends a token for itself alone, and no page holds a secret of its visitors.
        """
        return self._shown == "session"

    async def __call__(self, message: Message) -> None:
        """Send a message of the application."""
        if message["type"] == "http.response.start":
            message["status"] = self.status = self._status(message["status"])
            message["headers"] = self._complete(message["headers"])
        elif self._is_bodiless:
            return
        await self._send(message)
        if self._is_bodiless:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
            if self.over:
                self.over.cancel()

    @property
    def _is_bodiless(self) -> bool:
        return self.method == "HEAD" or (self.method == "OPTIONS" and self.status == 204)

    def _status(self, status: int) -> int:
        return 204 if self.method == "OPTIONS" and status == 405 else status

    def _complete(self, headers: Any) -> list[tuple[bytes, bytes]]:
        given = [(name.lower(), value) for name, value in headers]
        if self._is_bodiless and self.status == 204:
            given = [item for item in given if item[0] not in (b"content-type", b"content-length")]
        given = [(name, _with_head(value) if name == b"allow" else value) for name, value in given]
        given = _with_caching(given, bool(self._shown))
        present = {name for name, _ in given}
        return given + [item for item in self._headers.items() if item[0] not in present]


def _with_head(allowed: bytes) -> bytes:
    """Return the methods of a path, sorted, with those that are answered here."""
    found = {item.strip() for item in allowed.split(b",")} | {b"OPTIONS"}
    return b", ".join(sorted(found | {b"HEAD"} if b"GET" in found else found))


def _with_caching(given: list[tuple[bytes, bytes]], shown: bool) -> list[tuple[bytes, bytes]]:
    """Return headers that say who may keep the answer: nobody, if it is for somebody, or gives a cookie.

    What a handler calls public is so for everybody, unless it says that it varies by who asks.
    """
    varies = {item.strip().lower() for name, value in given if name == b"vary" for item in value.split(b",")}
    stated = b", ".join(value for name, value in given if name == b"cache-control")
    personal = shown or any(name == b"set-cookie" for name, _ in given)
    for_all = b"public" in stated and not varies & set(_CREDENTIALS)
    if personal and not for_all:
        stated = b"private, no-store"
    if b"public" not in stated:
        varies |= set(_CREDENTIALS)
    kept = [item for item in given if item[0] not in (b"vary", b"cache-control")]
    kept.append((b"cache-control", stated or b"no-cache"))
    return [*kept, (b"vary", b", ".join(sorted(varies)))] if varies else kept


def _shows_credentials(asked: ASGIConnection[Any, Any, Any, Any], node: Node) -> str:
    """Return what a request shows to say who sends it: "header", "session", or "" for a visitor."""
    if "authorization" in asked.headers or HEADER.lower() in asked.headers:
        return "header"
    return "session" if secret_of(asked, node) else ""


def _is_unreadable(part: bytes) -> bool:
    """Whether a part of an address holds what is no text: bytes that are no UTF-8, or NUL, which no store needs."""
    plain = unquote_to_bytes(part)
    try:
        return "\0" in plain.decode()
    except UnicodeDecodeError:
        return True


def _loggable(path: str) -> str:
    """Return a path without the secret that a link may carry. What a query holds is never logged."""
    for place in _SECRETS:
        head, found, _secret = path.partition(place)
        if found:
            return f"{head}{found}…"
    return path


def _is_welcome(asked: ASGIConnection[Any, Any, Any, Any], method: str) -> bool:
    """Whether one of our own pages sent this, or nobody says whose: a program that is no browser says nothing of it.

    Another site's page may lead a browser here, and show our badges. All else that it asks for, its browser would throw
    away unread (no CORS, cross-origin-resource-policy), and it could begin log-ins or cost work.
    A bearer token is no ambient authority: no other site's page can make a browser send it.
    """
    headers = asked.headers
    site = headers.get("sec-fetch-site")
    if site in ("same-origin", "none") or headers.get("authorization", "").startswith("Bearer "):
        return True
    if method in _SAFE:
        leads_here = headers.get("sec-fetch-dest") == "document"
        return site is None or leads_here or asked.scope["path"].startswith(_FOR_OTHERS)
    origin = headers.get("origin")
    return site is None and (origin is None or origin.partition("://")[2] == headers.get("host"))


async def refuse_twice(request: Request[Any, Any, Any]) -> None:
    """Raise UsageError for a parameter that is there twice and is no list: two who read it may read different ones."""
    query = request.query_params
    if len(set(query)) == len(query):
        return
    fields = request.route_handler.parsed_fn_signature.parameters.values()
    lists = {getattr(field.kwarg_definition, "query", "") or field.name for field in fields if _is_list(field)}
    for name in query:
        if len(query.getall(name)) > 1 and name not in lists:
            raise UsageError("given-twice", f"{visible(name, longest=100)} is given twice.", "Give it once.")


def _is_list(field: Any) -> bool:
    kinds = field.inner_types if field.is_union else (field,)
    return any(kind.is_non_string_sequence for kind in kinds)


class Rates:
    """How many requests each client may still send: a bucket that fills at a steady rate."""

    def __init__(self, per_minute: int) -> None:
        self._most = float(per_minute)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, client: str) -> int:
        """Take one request from the client's bucket; return 0, or the seconds until there is one again."""
        now = time.monotonic()
        with self._lock:
            left, then = self._buckets.pop(client, (self._most, now))
            left = min(self._most, left + (now - then) * self._most / 60)
            allowed = left >= 1
            self._buckets[client] = (left - 1 if allowed else left, now)
            if len(self._buckets) > _CLIENTS:
                self._buckets.popitem(last=False)
        return 0 if allowed else int((1 - left) * 60 / self._most) + 1


class Meters:
    """Counts of requests by method and status, and the time they took."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.requests: dict[tuple[str, int], int] = {}
        self.seconds = 0.0

    def count(self, method: str, status: int, seconds: float) -> None:
        """Count a request."""
        with self._lock:
            key = method, status
            self.requests[key] = self.requests.get(key, 0) + 1
            self.seconds += seconds


METERS = Meters()


async def _refuse(send: Send, status: int, code: str, title: str, detail: str, wait: int = 0) -> None:
    plain = {"type": f"urn:accord:problem:{code}", "title": title, "status": status, "detail": detail}
    body = json.dumps(plain).encode()
    headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
    if wait:
        headers.append((b"retry-after", str(wait).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
