"""What is fetched from the provider: where its doors are, the token for a code, and its keys."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote_plus, urlencode

import msgspec

from ....errors import AccordError, Unavailable
from ....records import from_json
from ...config import Oidc, is_https_or_loopback
from ...federation.fetching import fetch
from .. import clock

MAX_BYTES = 512 * 1024
SECONDS = 10.0
_KEPT_SECONDS = 600
_MAX_KEYS = 100
_MAX_SECRET = 4096
T = TypeVar("T")


class Discovered(msgspec.Struct, frozen=True):
    """The provider's metadata (OpenID Connect Discovery 1.0, section 3), as far as it is used here."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class _Tokens(msgspec.Struct, frozen=True):
    id_token: str


class _KeySet(msgspec.Struct, frozen=True):
    keys: tuple[dict[str, Any], ...]


def discover(settings: Oidc) -> Discovered:
    """Return where the provider's doors are, fetched at most every ten minutes. Raises Unavailable."""
    return _discover(settings.issuer, clock.now() // _KEPT_SECONDS)


@lru_cache(maxsize=8)
def _discover(issuer: str, _slot: int) -> Discovered:
    url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    found = _fetched(url, Discovered)
    doors = (found.authorization_endpoint, found.token_endpoint, found.jwks_uri)
    if found.issuer != issuer:
        raise _unusable("it says that it is another issuer")
    if not all(is_https_or_loopback(door) for door in doors):
        raise _unusable("one of its addresses is not https")
    if issuer.startswith("https:") and not all(door.startswith("https:") for door in doors):
        raise _unusable("one of its addresses is not https")
    return found


def id_token_for(
    settings: Oidc, doors: Discovered, folder: Path, *, code: str, verifier: str, redirect_uri: str
) -> str:
    """Return the ID token that the provider gives for a code (RFC 6749, section 4.1.3). Raises Unavailable."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    secret = _secret(folder / settings.client_secret_file) if settings.client_secret_file else None
    if secret is None:
        form["client_id"] = settings.client_id
    elif "client_secret_basic" in doors.token_endpoint_auth_methods_supported:
        pair = f"{quote_plus(settings.client_id)}:{quote_plus(secret)}"  # encoded first: RFC 6749, section 2.3.1
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    else:
        form |= {"client_id": settings.client_id, "client_secret": secret}
    body = urlencode(form).encode()
    return _fetched(doors.token_endpoint, _Tokens, method="POST", headers=headers, body=body).id_token


def keys_of(doors: Discovered) -> tuple[dict[str, Any], ...]:
    """Return the provider's public keys as JWKs, now. Raises Unavailable."""
    found = _fetched(doors.jwks_uri, _KeySet).keys
    if len(found) > _MAX_KEYS:
        raise _unusable(f"it has more than {_MAX_KEYS} keys")
    return found


def _fetched(
    url: str, kind: type[T], *, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes | None = None
) -> T:
    """Fetch an address that the operator chose or the provider named; it may be on an internal network."""
    try:
        answer = fetch(
            url, private=True, most=MAX_BYTES, seconds=SECONDS, method=method, headers=headers or {}, body=body
        )
        found = from_json(answer.body, kind, name="its answer") if answer.status == 200 else None
    except AccordError as error:
        raise _unusable(error.message) from None
    if found is None:
        raise _unusable(f"it answers {answer.status}")
    return found


def _secret(path: Path) -> str:
    try:
        if path.stat().st_mode & 0o077:
            raise _unusable("others can read the file with the client's secret")
        with path.open("rb") as file:
            return file.read(_MAX_SECRET).decode().strip()
    except (OSError, UnicodeDecodeError):
        raise _unusable("the file with the client's secret can't be read") from None


def _unusable(why: str) -> Unavailable:
    return Unavailable(
        "provider-unusable", f"Logging in at the provider does not work now: {why[:300]}", "Tell the node's operator."
    )
