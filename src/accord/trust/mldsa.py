"""ML-DSA-44 keys (FIPS 204), pure and without context: sign and verify in a way that outlives quantum computers.

Every string of 1312 bytes is a public key, in its only encoding: nothing but the length can be wrong with one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ..errors import MalformedInput, Unavailable

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

PUBLIC_BYTES = 1312


@dataclass(frozen=True)
class MldsaPublicKey:
    """An ML-DSA-44 public key of 1312 raw bytes. Raises MalformedInput for one of another length."""

    raw: bytes

    def __post_init__(self) -> None:
        if len(self.raw) != PUBLIC_BYTES:
            raise MalformedInput(
                "bad-key",
                f"an ML-DSA-44 public key has {PUBLIC_BYTES} bytes, this one {len(self.raw)}",
                "Ask the key's owner for a key made by a current tool.",
            )

    @cached_property
    def keyid(self) -> str:
        """Hex SHA-256 of the raw key."""
        return hashlib.sha256(self.raw).hexdigest()

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether `signature` (2420 bytes) of `message` is by this key. Raises Unavailable without ML-DSA."""
        from cryptography.exceptions import InvalidSignature

        with _needed():
            from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

            key = MLDSA44PublicKey.from_public_bytes(self.raw)
        try:
            key.verify(signature, message)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class MldsaSigningKey:
    """An ML-DSA-44 private key. It never prints its secret."""

    _key: MLDSA44PrivateKey

    def __repr__(self) -> str:
        return f"MldsaSigningKey({self.keyid[:16]}…)"

    @cached_property
    def public(self) -> MldsaPublicKey:
        """The public half."""
        return MldsaPublicKey(self._key.public_key().public_bytes_raw())

    @property
    def keyid(self) -> str:
        """Hex SHA-256 of the raw public key."""
        return self.public.keyid

    def sign(self, message: bytes) -> bytes:
        """Return a signature of `message`, 2420 bytes, never the same twice."""
        return self._key.sign(message)

    @classmethod
    def generate(cls) -> MldsaSigningKey:
        """Make a key from the system's randomness. Raises Unavailable without ML-DSA."""
        with _needed():
            from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

            return cls(MLDSA44PrivateKey.generate())

    @classmethod
    def from_seed(cls, seed: bytes) -> MldsaSigningKey:
        """Return the key of a 32-byte seed (FIPS 204, algorithm 6). Raises Unavailable without ML-DSA."""
        with _needed():
            from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

            return cls(MLDSA44PrivateKey.from_seed_bytes(seed))

    @classmethod
    def from_pem(cls, data: bytes) -> MldsaSigningKey:
        """Read an unencrypted PKCS #8 PEM (RFC 9881). Raises MalformedInput, or Unavailable without ML-DSA."""
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        with _needed():
            from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

            try:
                key = load_pem_private_key(data, password=None)
            except (ValueError, TypeError):
                key = None
        if not isinstance(key, MLDSA44PrivateKey):
            raise MalformedInput(
                "bad-key", "this is not an ML-DSA-44 private key in PEM form", "Restore the file, or make a new key."
            )
        return cls(key)

    def to_pem(self) -> bytes:
        """The seed as unencrypted PKCS #8 PEM (RFC 9881), for the key store only."""
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

        return self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@contextmanager
def _needed() -> Iterator[None]:
    """Turn what an older `cryptography`, or one with an older OpenSSL, says into an error with a remedy."""
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        yield
    except (ImportError, UnsupportedAlgorithm):
        raise Unavailable(
            "no-mldsa", "`cryptography` can't compute ML-DSA here", "Install a current wheel of `cryptography`."
        ) from None
