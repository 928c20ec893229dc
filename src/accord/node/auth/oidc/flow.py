"""The way of a browser to the provider and back, and the account at its end."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

from ....errors import Unavailable
from ....reports.visible import visible
from ...config import Oidc
from ...node import Node
from ...problems import TooMany, Unauthenticated
from .. import accounts, clock
from ..accounts import Account, Mistakes
from ..auditing import PROVIDER
from ..secret import hash_of, new_secret
from .id_token import check_id_token
from .provider import discover, id_token_for, keys_of

BACK = "/login/oidc/back"
FLOW_SECONDS = 600
_MOST_FLOWS = 10_000


def begin(node: Node, target: str) -> tuple[str, str]:
    """Return the provider's address to send a browser to, and a secret for the browser to keep until it is back.

    `target` is the page to show then. Raises Unavailable.
    """
    settings = _settings(node)
    doors = discover(settings)
    state, browser, nonce, verifier, now = new_secret(), new_secret(), new_secret(), new_secret(), clock.now()
    with node.store.writing() as transaction:
        transaction.run("DELETE FROM oidc_flows WHERE expires <= ?", now)
        row = transaction.one("SELECT COUNT(*) FROM oidc_flows")
        if row and row[0] >= _MOST_FLOWS:
            raise TooMany(60)
        transaction.run(
            "INSERT INTO oidc_flows (state, browser, nonce, verifier, next, expires) VALUES (?, ?, ?, ?, ?, ?)",
            hash_of(state), hash_of(browser), nonce, verifier, target, now + FLOW_SECONDS,
        )  # fmt: skip
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    query = urlencode(
        {
            "response_type": "code",
            "client_id": settings.client_id,
            "redirect_uri": node.config.url.rstrip("/") + BACK,
            "scope": "openid profile email",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
    )
    door = doors.authorization_endpoint
    return f"{door}{'&' if '?' in door else '?'}{query}", browser


def finish(node: Node, answer: Mapping[str, str], browser: str) -> tuple[Account, str]:
    """Return whose log-in it is, and the page to show now. `answer` is the query that the provider sent back.

    Raises Unauthenticated if anything does not hold, Unavailable if the provider can't be asked.
    """
    settings = _settings(node)
    nonce, verifier, target = _take(node, answer.get("state", ""), browser)
    if "error" in answer or not answer.get("code"):
        raise Unauthenticated("provider-refused", "The provider did not log you in.", "Try again.")
    if answer.get("iss", settings.issuer) != settings.issuer:  # RFC 9207
        raise Unauthenticated("other-issuer", "Another provider has answered.", "Log in again.")
    doors = discover(settings)
    token = id_token_for(
        settings,
        doors,
        node.folder,
        code=answer["code"],
        verifier=verifier,
        redirect_uri=node.config.url.rstrip("/") + BACK,
    )
    claims = check_id_token(
        token,
        keys_of(doors),
        issuer=settings.issuer,
        client_id=settings.client_id,
        nonce=nonce,
        now=clock.now(),
    )
    return _account_of(node, settings, claims), target


def _settings(node: Node) -> Oidc:
    if node.config.oidc is None or not node.config.url:
        raise Unavailable("no-provider", "This node has no provider to log in at.", "Log in with a password.")
    return node.config.oidc


def _take(node: Node, state: str, browser: str) -> tuple[str, str, str]:
    """Return nonce, verifier and page of a log-in that began in this browser, and forget it: it ends once."""
    with node.store.writing() as transaction:
        row = transaction.one(
            "SELECT browser, nonce, verifier, next FROM oidc_flows WHERE state = ? AND expires > ?",
            hash_of(state),
            clock.now(),
        )
        transaction.run("DELETE FROM oidc_flows WHERE state = ?", hash_of(state))
    if row is None or not hmac.compare_digest(row[0], hash_of(browser)):
        raise Unauthenticated("bad-state", "This log-in did not begin here, or took too long.", "Log in again.")
    return row[1], row[2], row[3]


def _account_of(node: Node, settings: Oidc, claims: Mapping[str, Any]) -> Account:
    email = claims.get("email")
    verified = email if isinstance(email, str) and claims.get("email_verified") is True else ""
    domains = {domain.casefold() for domain in settings.domains}
    if domains and verified.rpartition("@")[2].casefold() not in domains:
        raise Unauthenticated("other-domain", "Your organisation has no access here.", "Ask the node's operator.")
    found = accounts.find_subject(node, settings.issuer, claims["sub"])
    account = found or _new(node, settings, claims, verified)
    if account.disabled:
        raise Unauthenticated("account-disabled", "This account has no access any more.", "Ask the node's operator.")
    return account


def _new(node: Node, settings: Oidc, claims: Mapping[str, Any], email: str) -> Account:
    """Make the account of somebody whom the provider vouches for. It never takes over one that is there already."""
    subject = (settings.issuer, str(claims["sub"]))
    opaque = "id-" + hashlib.sha256("\n".join(subject).encode()).hexdigest()[:16]
    stated = str(claims.get("name") or email or opaque)[:120].strip()
    name = stated if visible(stated) == stated and stated else opaque
    with suppress(Mistakes):  # Taken, or with letters that a login has not.
        return accounts.add(node, login=email, name=name, roles=settings.roles, subject=subject, by=PROVIDER)
    return accounts.add(node, login=opaque, name=name, roles=settings.roles, subject=subject, by=PROVIDER)
