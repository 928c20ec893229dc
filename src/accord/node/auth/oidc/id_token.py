"""Checking an ID token (OpenID Connect Core 1.0, section 3.1.3.7): by the issuer, for us, now, for this log-in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...problems import Unauthenticated

if TYPE_CHECKING:
    from joserfc.jwk import Key
    from joserfc.jws import JWSRegistry

KEY_OF = {"RS256": ("RSA", None), "ES256": ("EC", "P-256"), "EdDSA": ("OKP", "Ed25519"), "Ed25519": ("OKP", "Ed25519")}
"""The algorithms that are accepted, and the type and curve of their keys. Neither `none` nor one with a shared key."""
MAX_BYTES = 64 * 1024
LEEWAY = 60
LONGEST_AGE = 600
LEAST_RSA_BITS = 2048
_BITS_A_LETTER = 6


def check_id_token(
    text: str, keys: Sequence[Mapping[str, Any]], *, issuer: str, client_id: str, nonce: str, now: int
) -> dict[str, Any]:
    """Return the claims of an ID token. Raises Unauthenticated that says what does not hold."""
    from joserfc import jws, jwt
    from joserfc.errors import JoseError

    if len(text) > MAX_BYTES:
        raise _refused("it is too long")
    try:
        header = jws.extract_compact(text.encode()).headers()
        key = _key_for(header, keys)
        claims = jwt.decode(text, key, registry=_registry()).claims
        jwt.JWTClaimsRegistry(
            now=now,
            leeway=LEEWAY,
            iss={"essential": True, "value": issuer},
            sub={"essential": True},
            aud={"essential": True, "value": client_id},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        ).validate(claims)
    except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _refused(type(error).__name__) from None
    _check_party(claims, client_id)
    if claims["nonce"] != nonce or claims["iss"] != issuer:
        raise _refused("nonce or issuer is not one text")
    if now - claims["iat"] > LONGEST_AGE:
        raise _refused("it is old")
    if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= 255:
        raise _refused("its subject is no name")
    return claims


def _check_party(claims: Mapping[str, Any], client_id: str) -> None:
    """Of several audiences, the authorized party has to be us; and if one is named, too."""
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if (several or "azp" in claims) and claims.get("azp") != client_id:
        raise _refused("it was issued to another party")


def _key_for(header: Mapping[str, Any], keys: Sequence[Mapping[str, Any]]) -> Key:
    """Return the one key of the provider that a header can mean; a key that it brings along is not looked at."""
    from joserfc.jwk import import_key

    alg, kid = header.get("alg"), header.get("kid")
    if alg not in KEY_OF:
        raise _refused("its algorithm is not accepted")
    kind, curve = KEY_OF[alg]
    fitting = [
        key
        for key in keys
        if key.get("kty") == kind
        and (curve is None or key.get("crv") == curve)
        and key.get("use", "sig") == "sig"
        and key.get("alg", alg) in (alg, "EdDSA" if curve == "Ed25519" else alg)
        and (kid is None or key.get("kid") == kid)
    ]
    if len(fitting) != 1:
        raise _refused("its key is not known" if not fitting else "several keys fit it")
    public = {name: value for name, value in fitting[0].items() if name in ("kty", "crv", "x", "y", "n", "e")}
    if kind == "RSA" and len(public["n"]) * _BITS_A_LETTER < LEAST_RSA_BITS:
        raise _refused("its key is too short")
    return import_key(public)


def _registry() -> JWSRegistry:
    from joserfc.errors import UnsupportedAlgorithmError
    from joserfc.jws import JWSRegistry as Registry

    class Accepted(Registry):
        """Knows the accepted algorithms and no other, whatever is recommended elsewhere."""

        def get_alg(self, name: str) -> Any:
            """Return an accepted algorithm."""
            if name not in KEY_OF:
                raise UnsupportedAlgorithmError(name)
            return self.algorithms[name]

    return Accepted(algorithms=list(KEY_OF), strict_check_header=False)


def _refused(why: str) -> Unauthenticated:
    return Unauthenticated("bad-id-token", f"The provider's answer can't be trusted: {why}.", "Log in again.")
