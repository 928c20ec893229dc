"""Slowing down who guesses passwords: after some failures each further try has to wait twice as long as the last."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from ..node import Node
from ..problems import TooMany
from . import clock

FREE = {"login": 5, "address": 20}
"""So many failures cost nothing: people mistype, and an office shares an address."""
LONGEST_WAIT = 15 * 60
_FORGOTTEN_AFTER = 24 * 60 * 60


def begin(node: Node, login: str, address: str) -> None:
    """Count a try as failed before it is looked at, so that many at once gain nothing. Raises TooMany."""
    now = clock.now()
    with node.store.writing() as transaction:
        transaction.run("DELETE FROM attempts WHERE last < ?", now - _FORGOTTEN_AFTER)
        for kind, who in _both(login, address):
            row = transaction.one("SELECT count, last FROM attempts WHERE who = ?", who)
            if row and (wait := row[1] + _delay(row[0], FREE[kind]) - now) > 0:
                raise TooMany(wait)
            transaction.run(
                "INSERT INTO attempts (who, count, last) VALUES (?, 1, ?)"
                " ON CONFLICT (who) DO UPDATE SET count = attempts.count + 1, last = excluded.last",
                who,
                now,
            )


def succeeded(node: Node, login: str, address: str) -> None:
    """Forget the failures of a login, and that one try of the address."""
    (_, of_login), (_, of_address) = _both(login, address)
    with node.store.writing() as transaction:
        transaction.run("DELETE FROM attempts WHERE who = ?", of_login)
        transaction.run("UPDATE attempts SET count = count - 1 WHERE who = ?", of_address)


def address_of(request: Any) -> str:
    """Return the network that a request comes from: an IPv4 address, or the /64 of an IPv6 one.

    A proxy on this machine is believed about whom it serves: what it added last to X-Forwarded-For.
    """
    address: IPv4Address | IPv6Address = IPv4Address(0)  # a client without an address: a socket file
    with suppress(ValueError):
        address = _plain(request.client.host if request.client else "")
        if address.is_loopback:
            # A proxy adds to the line that came, or adds a line: before either, a client may have written anything.
            lines = request.headers.getall("x-forwarded-for", [""])
            address = _plain(lines[-1].rpartition(",")[2].strip())
    return str(ip_network((address, 64), strict=False) if isinstance(address, IPv6Address) else address)


def _plain(text: str) -> IPv4Address | IPv6Address:
    """Return an address, of IPv4 even where IPv6 wraps it. Raises ValueError."""
    address = ip_address(text)
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _delay(failures: int, free: int) -> int:
    return 0 if failures < free else min(1 << min(failures - free, 20), LONGEST_WAIT)


def _both(login: str, address: str) -> tuple[tuple[str, str], tuple[str, str]]:
    """Return under which names tries are counted. People type passwords into the wrong field: logins are hashed."""
    hashed = hashlib.sha256(login.strip().casefold().encode("utf-8", "surrogatepass")).hexdigest()
    return ("login", f"login {hashed}"), ("address", f"address {address}")
