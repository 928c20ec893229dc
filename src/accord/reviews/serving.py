"""A form served to one person on this computer: no script, no account, no other page, gone when it is answered.

The address holds a secret, so that no other user or page of this computer finds it; the Host must be the one that was
given out (DNS rebinding), and what is posted must come from the page itself.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

from ..errors import AccordError

MAX_BODY = 8 * 1024 * 1024
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Connection": "close",
}

Answer = Callable[[Mapping[str, str]], tuple[bool, bytes]]
"""Takes what was posted; returns whether that ends the matter, and the page to show."""


class FormServer(ThreadingHTTPServer):
    """Serves the page `form(path)` at `url`, hands what is posted to `answer`, and ends when that says so."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, form: Callable[[str], bytes], answer: Answer, most_fields: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.form, self.most_fields = form, most_fields
        self.path = f"/{secrets.token_urlsafe(24)}/"
        self.host = f"127.0.0.1:{self.server_address[1]}"
        self._answer, self._one_at_a_time, self._over = answer, Lock(), False

    @property
    def url(self) -> str:
        """The address to open; whoever knows it can answer."""
        return f"http://{self.host}{self.path}"

    def run(self) -> None:
        """Serve until the form is answered, or until KeyboardInterrupt."""
        try:
            self.serve_forever(poll_interval=0.1)
        finally:
            self.server_close()

    def take(self, fields: Mapping[str, str]) -> bytes:
        """Hand over what was posted, one post at a time, and return the page to show; stop serving if that was it."""
        with self._one_at_a_time:
            if self._over:
                return b"Answered already."
            self._over, page = self._answer(fields)
        if self._over:
            Thread(target=self.shutdown, daemon=True).start()
        return page

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a connection that broke: what a stranger sends does not belong on the terminal."""


class _Handler(BaseHTTPRequestHandler):
    server_version, sys_version, timeout = "Accord", "", 30.0

    @property
    def _desk(self) -> FormServer:
        return cast(FormServer, self.server)

    def do_GET(self) -> None:
        if self._is_ours():
            self._send(200, self._desk.form(self._desk.path))

    def do_POST(self) -> None:
        if not self._is_ours() or not self._is_from_the_page():
            return
        fields = self._fields()
        if fields is None:
            return
        try:
            self._send(200, self._desk.take(fields))
        except (AccordError, OSError) as error:
            self._refuse(500, f"It could not be stored: {error}")

    def _is_ours(self) -> bool:
        if self.headers.get("Host") != self._desk.host:
            return self._refuse(403, "Wrong host.")
        path = urlsplit(self.path).path.encode("utf-8", "replace")
        return secrets.compare_digest(path, self._desk.path.encode()) or self._refuse(404, "Not found.")

    def _is_from_the_page(self) -> bool:
        origin, site = self.headers.get("Origin"), self.headers.get("Sec-Fetch-Site", "same-origin")
        ours = origin in (None, f"http://{self._desk.host}") and site in ("same-origin", "none")
        return ours or self._refuse(403, "Sent from another page.")

    def _fields(self) -> dict[str, str] | None:
        kind = self.headers.get("Content-Type", "").partition(";")[0].strip()
        length = self.headers.get("Content-Length", "")
        if kind != "application/x-www-form-urlencoded" or not (length.isascii() and length.isdigit()):
            self._refuse(400, "Not a form.")
        elif len(length) > 12 or int(length) > MAX_BODY:
            self._refuse(413, "Too much.")
        else:
            body = self.rfile.read(int(length)).decode("ascii", "replace")
            try:
                return dict(parse_qsl(body, keep_blank_values=True, max_num_fields=self._desk.most_fields))
            except ValueError:
                self._refuse(400, "Too many fields.")
        return None

    def _refuse(self, status: int, why: str) -> bool:
        self._send(status, why.encode(), "text/plain")
        return False

    def _send(self, status: int, body: bytes, kind: str = "text/html") -> None:
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing of requests either."""
