"""Fetching from a peer: one address, pinned; no redirect; bounded in bytes and time.

Only operators' peers are ever fetched. An address that came from an upload, a card or a statement is not.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
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
        connection = _Pinned(host, port, _resolve(host, port, private), parts.scheme == "https", deadline)
        try:
            target = parts.path or "/"
            connection.request(
                method,
                f"{target}?{parts.query}" if parts.query else target,
                body,
                {"Host": parts.netloc, **(headers or {})},
            )
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            if found.get("content-encoding", "identity") != "identity":  # we asked for none, and unpack nothing
                raise Unavailable("peer-encodes", f"{place} sends what it packed, unasked", "Ask its operator.")
            return Answer(answer.status, found, _read(answer, most, place))
        finally:
            connection.close()
    except TimeoutError:
        raise Unavailable("peer-too-slow", f"{place} was not done within {seconds:g} seconds", _REMEDY) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = ascii(str(error) or type(error).__name__)[1:-1]
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

    def __init__(self, host: str, port: int, address: str, secure: bool, deadline: float) -> None:
        super().__init__(host, port)
        self._address, self._secure, self._deadline = address, secure, deadline

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), _left(self._deadline))
        try:
            secured = (
                ssl.create_default_context().wrap_socket(plain, server_hostname=self.host) if self._secure else plain
            )
        except BaseException:
            plain.close()
            raise
        self.sock = _Hurried(secured, self._deadline)


class _Hurried:
    """As much of a socket as http.client uses; whatever is sent or received, all has to be over by the deadline."""

    def __init__(self, connected: socket.socket, deadline: float) -> None:
        self._socket, self._deadline = connected, deadline

    def sendall(self, data: bytes) -> None:
        self._socket.settimeout(_left(self._deadline))
        self._socket.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Received(self._socket, self._deadline), _CHUNK)

    def close(self) -> None:
        self._socket.close()


class _Received(io.RawIOBase):
    def __init__(self, connected: socket.socket, deadline: float) -> None:
        super().__init__()
        self._socket, self._deadline = connected, deadline
        self._raw = connected.makefile("rb", buffering=0)  # which keeps the socket open after `close`

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._socket.settimeout(_left(self._deadline))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _read(answer: http.client.HTTPResponse, most: int, place: str) -> bytes:
    if answer.length is None and not answer.chunked:  # such an answer is over wherever the network cuts it
        raise Unavailable("peer-cut-off", f"{place} does not say how long its answer is", _REMEDY)
    body = bytearray()  # not a list of pieces: who sends byte by byte would make it a long one
    while chunk := answer.read1(_CHUNK):
        body += chunk
        if len(body) > most:
            raise LimitExceeded("peer-sends-too-much", f"{place} sends more than {most} bytes", "Ask its operator.")
    if answer.length:
        raise Unavailable("peer-cut-off", f"{place} ended in the middle of its answer", _REMEDY)
    return bytes(body)
