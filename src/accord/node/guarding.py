"""What holds for every request: where it may come from, what a browser may do with the answer, how many are let in."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from .problems import MEDIA_TYPE

if TYPE_CHECKING:
    from litestar.types import ASGIApp, Message, Receive, Send

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
logger = logging.getLogger("accord.requests")


class Guard:
    """One layer around the application: a check of the sender's page, a rate, security headers, a line in the log."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        node = scope["litestar_app"].state.node
        started, status = time.perf_counter(), 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                present = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *((name, value) for name, value in HEADERS.items() if name not in present),
                ]
                if node.config.url.startswith("https://"):
                    message["headers"].append((b"strict-transport-security", b"max-age=31536000"))  # type: ignore[attr-defined]
            await send(message)

        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        client = scope.get("client") or ("", 0)
        if scope["method"] not in _SAFE and not _is_same_site(headers):
            await _refuse(sending, 403, "cross-site-request", "Sent from another site's page.")
        elif (wait := rates_of(node).wait(client[0])) > 0:
            await _refuse(sending, 429, "too-many-requests", f"Too many requests: wait {wait} seconds.", wait)
        else:
            await self._app(scope, receive, sending)
        seconds = time.perf_counter() - started
        METERS.count(scope["method"], status, seconds)
        if logger.isEnabledFor(logging.INFO):
            line = {
                "method": scope["method"],
                "path": _loggable(scope["path"]),
                "status": status,
                "seconds": round(seconds, 4),
            }
            logger.info(json.dumps(line))


def _loggable(path: str) -> str:
    """Return a path without the secret that a link may carry. What a query holds is never logged."""
    head, welcome, _secret = path.partition("/welcome/")
    return f"{head}{welcome}…" if welcome else path


def _is_same_site(headers: dict[str, str]) -> bool:
    """Whether a browser says that one of our own pages sent this; a program that is no browser says nothing of it.

    A bearer token is no ambient authority: no other site's page can make a browser send it.
    """
    if headers.get("authorization", "").startswith("Bearer "):
        return True
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is None or origin.partition("://")[2] == headers.get("host")


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


def rates_of(node: Any) -> Rates:
    """Return the node's rates, made at the first request."""
    found: Rates | None = getattr(node, "rates", None)
    if found is None:
        found = node.rates = Rates(node.config.requests_per_minute)
    return found


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


async def _refuse(send: Send, status: int, code: str, title: str, wait: int = 0) -> None:
    body = json.dumps({"type": f"urn:accord:problem:{code}", "title": title, "status": status}).encode()
    headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
    if wait:
        headers.append((b"retry-after", str(wait).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


MIDDLEWARE = [Guard]
