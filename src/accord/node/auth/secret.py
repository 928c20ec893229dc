"""Secrets that are shown once: 32 random bytes, of which the node keeps a hash only."""

from __future__ import annotations

import hashlib
import secrets


def new_secret() -> str:
    """Return a new secret: 43 characters of base64url."""
    return secrets.token_urlsafe(32)


def hash_of(secret: str) -> str:
    """Return what is kept of a secret: hex SHA-256. No salt is needed: nobody guesses 256 random bits."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
