"""Passwords: argon2id with the second recommended parameters of RFC 9106 (64 MiB, 3 passes, 4 lanes), or stronger."""

from __future__ import annotations

import secrets
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

from ...i18n import N_
from ..problems import TooMany

if TYPE_CHECKING:
    from argon2 import PasswordHasher

LEAST = 12
_MOST = 256
_LEAST_DIFFERENT = 5
_AT_ONCE = 2
_WAITING = 8
_computing = threading.BoundedSemaphore(_AT_ONCE)
_waiting = threading.BoundedSemaphore(_WAITING)


def fault_of(password: str, *others: str) -> str | None:
    """Return why a password is refused, or None. It must not be one of `others`, such as the login."""
    if len(password) < LEAST:
        return N_("A password has at least 12 characters. A sentence of your own is a good one.")
    if len(password) > _MOST:
        return N_("A password has at most 256 characters.")
    if len(set(password)) < _LEAST_DIFFERENT or password.casefold() in (other.casefold() for other in others):
        return N_("This password is too easy to guess.")
    return None


def hashed(password: str) -> str:
    """Return the PHC string of a password. Raises TooMany while too many others compute one."""
    with _turn():
        return _hasher().hash(_bytes_of(password))


def matches(encoded: str | None, password: str) -> bool:
    """Return whether `password` is that of the hash. With no hash it takes as long, and is False.

    Raises TooMany while too many others compute one.
    """
    from argon2.exceptions import InvalidHashError, VerificationError

    with _turn():
        nobodys = _nobodys_hash()
        try:
            _hasher().verify(encoded or nobodys, _bytes_of(password))
        except (VerificationError, InvalidHashError):
            return False
    return encoded is not None


def is_outdated(encoded: str) -> bool:
    """Return whether the hash was made with weaker parameters than those of today."""
    return _hasher().check_needs_rehash(encoded)


@contextmanager
def _turn() -> Iterator[None]:
    """Let two compute at once and a few wait: each takes 64 MiB, and a thread that serves pages."""
    if not _waiting.acquire(blocking=False):
        raise TooMany(2)
    try:
        with _computing:
            yield
    finally:
        _waiting.release()


@lru_cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher
    from argon2.profiles import RFC_9106_LOW_MEMORY

    return PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)


@lru_cache
def _nobodys_hash() -> str:
    return _hasher().hash(secrets.token_bytes(32))


def _bytes_of(password: str) -> bytes:
    """Return one spelling of what can be typed in several (NIST SP 800-63B-4, section 3.1.1.2)."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
