"""Ed25519 keys (RFC 8032): sign, verify, read and write, and refuse the public keys on which verifiers disagree.

Libraries differ on signatures by keys of small order and by keys in a non-canonical encoding (C2SP/CCTV). Accord has
one rule: such keys are refused on entry, and every signature is judged by `cryptography`.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from ..errors import MalformedInput

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P
# The y coordinates of the eight points whose order divides 8: order 1, 2, 4 and, last two, 8.
_Y8 = int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little")
_LOW_ORDER_Y = frozenset({1, _P - 1, 0, _Y8, _P - _Y8})
# The DER bytes before the raw key in a SubjectPublicKeyInfo for Ed25519 (RFC 8410, section 10.1).
_SPKI = bytes.fromhex("302a300506032b6570032100")


def _refuse(code: str, message: str) -> MalformedInput:
    return MalformedInput(code, message, "Ask the key's owner for a key made by a current tool.")


def _require_sound(raw: bytes) -> None:
    """Refuse a key that is not the canonical encoding of a curve point of large order (RFC 8032, section 5.1.3)."""
    if len(raw) != 32:
        raise _refuse("bad-key", f"an Ed25519 public key has 32 bytes, this one {len(raw)}")
    number = int.from_bytes(raw, "little")
    y, sign = number & (2**255 - 1), number >> 255
    if y >= _P or (sign and y in (1, _P - 1)):
        raise _refuse("non-canonical-key", "the public key is not in its canonical encoding")
    if y in _LOW_ORDER_Y:
        raise _refuse("low-order-key", "the public key has small order: anybody can sign for it")
    x_squared = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    if pow(x_squared, (_P - 1) // 2, _P) != 1:
        raise _refuse("not-on-curve", "the public key is not a point of the curve")


@dataclass(frozen=True)
class PublicKey:
    """A sound Ed25519 public key of 32 raw bytes. Raises MalformedInput for one that Accord refuses."""

    raw: bytes

    def __post_init__(self) -> None:
        _require_sound(self.raw)

    @cached_property
    def keyid(self) -> str:
        """Hex SHA-256 of the raw key."""
        return hashlib.sha256(self.raw).hexdigest()

    @property
    def spki(self) -> bytes:
        """The key as DER SubjectPublicKeyInfo (RFC 8410)."""
        return _SPKI + self.raw

    @property
    def pem(self) -> str:
        """The key as PEM."""
        return f"-----BEGIN PUBLIC KEY-----\n{base64.b64encode(self.spki).decode()}\n-----END PUBLIC KEY-----\n"

    @classmethod
    def from_pem(cls, text: str | bytes) -> PublicKey:
        """Read PEM or raise MalformedInput."""
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.serialization import load_pem_public_key

        data = text.encode() if isinstance(text, str) else text
        try:
            key = load_pem_public_key(data)
        except (ValueError, UnsupportedAlgorithm):
            raise _refuse("bad-key", "this is not a public key in PEM form") from None
        if not isinstance(key, Ed25519PublicKey):
            raise _refuse("bad-key", "this public key is not an Ed25519 key")
        return cls(key.public_bytes_raw())

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether `signature` (64 bytes) of `message` is by this key."""
        from cryptography.exceptions import InvalidSignature

        try:
            _opened(self.raw).verify(signature, message)
        except InvalidSignature:
            return False
        return True


@lru_cache(1024)
def _opened(raw: bytes) -> Ed25519PublicKey:
    """Return a key as `cryptography` has it: to make one costs a third of a verification, and few keys sign much."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    return Ed25519PublicKey.from_public_bytes(raw)


@dataclass(frozen=True)
class SigningKey:
    """An Ed25519 private key. It never prints its secret."""

    _key: Ed25519PrivateKey

    def __repr__(self) -> str:
        return f"SigningKey({self.keyid[:16]}…)"

    @cached_property
    def public(self) -> PublicKey:
        """The public half."""
        return PublicKey(self._key.public_key().public_bytes_raw())

    @property
    def keyid(self) -> str:
        """Hex SHA-256 of the raw public key."""
        return self.public.keyid

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature of `message`."""
        return self._key.sign(message)

    @classmethod
    def generate(cls) -> SigningKey:
        """Make a key from the system's randomness."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_seed(cls, seed: bytes) -> SigningKey:
        """Return the key of a 32-byte seed (RFC 8032, section 5.1.5)."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @classmethod
    def from_pem(cls, data: bytes) -> SigningKey:
        """Read an unencrypted PKCS #8 PEM. Raises MalformedInput."""
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        try:
            key = load_pem_private_key(data, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise MalformedInput(
                "bad-key", "this is not a private key in PEM form", "Restore the file, or remove it to make a new key."
            ) from None
        if not isinstance(key, Ed25519PrivateKey):
            raise MalformedInput(
                "bad-key", "this private key is not an Ed25519 key", "Make one with `accord keys make`."
            )
        return cls(key)

    def to_pem(self) -> bytes:
        """The secret as unencrypted PKCS #8 PEM, for the key store only."""
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

        return self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
