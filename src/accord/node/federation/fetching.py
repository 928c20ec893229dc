"""Fetching from a peer: one address, pinned; no redirect; bounded in bytes and time.

Only operators' peers are ever fetched. An address that came from an upload, a card or a statement is not.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from ...errors import LimitExceeded, Unavailable, UsageError

_CHUNK = 64 * 1024
_REMEDY = "Check its address and that it runs; it is asked again later."


@dataclass(frozen=True)
class Answer:
    """What a server answered: its status, headers (lower case) and body."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


def fetch(
    url: str,
    *,
    private: bool = False,
    most: int,
    seconds: float,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> Answer:
    """Fetch `url` and return the answer, whatever its status; a redirect is an answer like any other.

    `private` allows an address of a private, loopback or link-local network: such a peer was listed by the operator.
    Raises Unavailable if it can't be reached within `seconds`, LimitExceeded beyond `most` bytes, UsageError for an
    address that is not fetched.
    """
    parts = split(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    deadline = time.monotonic() + seconds
    place = f"{parts.scheme}://{parts.netloc}"
    try:
        address = _resolve(host, port, private)
        connection = _Pinned(host, port, address, parts.scheme == "https", seconds)
        try:
            target = parts.path or "/"
            connection.request(
                method,
                f"{target}?{parts.query}" if parts.query else target,
                body,
                {"Host": parts.netloc, **(headers or {})},
            )
            answer = connection.getresponse()
            return Answer(
                answer.status,
                {name.lower(): value for name, value in answer.getheaders()},
                _read(answer, connection, most, deadline, place),
            )
        finally:
            connection.close()
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = str(error) or type(error).__name__
        raise Unavailable("peer-unreachable", f"{place} can't be reached: {reason[:200]}", _REMEDY) from None


def split(url: str) -> SplitResult:
    """Return the parts of an http or https address. Raises UsageError for any other, or for one with a user in it."""
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1) > 0
    except ValueError:
        sound = False
    if not sound or parts.username or parts.password or not url.isprintable() or " " in url:
        raise UsageError(
            "bad-address", f"{url[:100]!r} is not the address of a node", "Write https://node.example.org."
        )
    return parts


def _resolve(host: str, port: int, private: bool) -> str:
    """Return one address of a host, if every address that it has may be fetched."""
    found = {str(item[4][0]) for item in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    if not private and (inner := [item for item in found if not _is_global(item)]):
        raise UsageError(
            "private-address",
            f"{host} is {inner[0]}, an address of an internal network",
            "If it is meant, the operator adds the peer with --private.",
        )
    return min(found, key=lambda item: (":" in item, item))


def _is_global(address: str) -> bool:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(parsed, "ipv4_mapped", None) or getattr(parsed, "sixtofour", None)
    return parsed.is_global and not parsed.is_multicast and (mapped is None or _is_global(str(mapped)))


class _Pinned(http.client.HTTPConnection):
    """A connection to the address that was looked at: the name is not resolved a second time."""

    def __init__(self, host: str, port: int, address: str, secure: bool, seconds: float) -> None:
        super().__init__(host, port, timeout=seconds)
        self._address, self._secure = address, secure

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), self.timeout)
        self.sock = (
            ssl.create_default_context().wrap_socket(plain, server_hostname=self.host) if self._secure else plain
        )


def _read(answer: http.client.HTTPResponse, connection: _Pinned, most: int, deadline: float, place: str) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            raise Unavailable("peer-too-slow", f"{place} sends too slowly", _REMEDY)
        if connection.sock is not None:
            connection.sock.settimeout(left)
        chunk = answer.read1(_CHUNK)
        if not chunk:
            if answer.length:
                raise Unavailable("peer-cut-off", f"{place} ended in the middle of its answer", _REMEDY)
            return b"".join(chunks)
        size += len(chunk)
        if size > most:
            raise LimitExceeded("peer-sends-too-much", f"{place} sends more than {most} bytes", "Ask its operator.")
        chunks.append(chunk)
