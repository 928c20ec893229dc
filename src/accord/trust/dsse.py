"""DSSE envelopes 1.0.2: how a statement is signed (github.com/secure-systems-lab/dsse, protocol.md, envelope.md)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Protocol

from msgspec import Struct

from ..errors import LimitExceeded, MalformedInput
from ..records import from_json
from .canonical import canonical, canonical_plain
from .encoding import b64decode, b64encode

PAYLOAD_TYPE = "application/vnd.in-toto+json"
MAX_ENVELOPE_BYTES = 32 * 1024 * 1024
MAX_SIGNATURES = 64
_HEX = re.compile(r"[0-9a-f]*")


class Signer(Protocol):
    """Whatever signs bytes and says which key it is."""

    @property
    def keyid(self) -> str: ...  # noqa: D102

    def sign(self, message: bytes, /) -> bytes: ...  # noqa: D102


class Verifier(Protocol):
    """Whatever can tell whether a signature of bytes is by its key."""

    @property
    def keyid(self) -> str: ...  # noqa: D102

    def verify(self, message: bytes, signature: bytes, /) -> bool: ...  # noqa: D102


class Signature(Struct, frozen=True):
    """One signature. `keyid` is a hint that nobody signed; it decides nothing."""

    sig: bytes
    keyid: str = ""


class Envelope(Struct, frozen=True):
    """A payload, its type and its signatures, decoded."""

    payload_type: str
    payload: bytes
    signatures: tuple[Signature, ...]

    @property
    def signed_bytes(self) -> bytes:
        """The pre-authentication encoding: the bytes that the signatures are of."""
        return pae(self.payload_type, self.payload)


class _WireSignature(Struct):
    sig: str
    keyid: str = ""


class _WireEnvelope(Struct):
    payload: str
    payloadType: str
    signatures: list[_WireSignature]


class SignatureInvalid(MalformedInput):
    """Fewer trusted keys signed than were asked for."""


def pae(payload_type: str, body: bytes) -> bytes:
    """Return the pre-authentication encoding of a payload (DSSE protocol.md, "Signature Definition")."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(body), body)


def sign(payload: bytes, signers: Iterable[Signer], payload_type: str = PAYLOAD_TYPE) -> Envelope:
    """Sign `payload` with every signer."""
    message = pae(payload_type, payload)
    return Envelope(payload_type, payload, tuple(Signature(key.sign(message), key.keyid) for key in signers))


def to_line(envelope: Envelope) -> bytes:
    """Return the envelope as one line of RFC 8785 JSON, without the newline."""
    signatures = [{"keyid": item.keyid, "sig": b64encode(item.sig)} for item in envelope.signatures]
    whole = {"payload": b64encode(envelope.payload), "payloadType": envelope.payload_type, "signatures": signatures}
    plain = envelope.payload_type == PAYLOAD_TYPE and all(_HEX.fullmatch(item.keyid) for item in envelope.signatures)
    return canonical_plain(whole) if plain else canonical(whole)


def parse(line: bytes, *, name: str = "envelope") -> Envelope:
    """Read an envelope; both base64 alphabets are accepted, unknown fields ignored.

    Raises MalformedInput that begins with `name`, or LimitExceeded beyond 32 MiB or 64 signatures.
    """
    if len(line) > MAX_ENVELOPE_BYTES:
        raise LimitExceeded(
            "envelope-too-large", f"{name}: {len(line)} bytes", f"At most {MAX_ENVELOPE_BYTES} are read."
        )
    wire = from_json(line, _WireEnvelope, name=name)
    if len(wire.signatures) > MAX_SIGNATURES:
        raise LimitExceeded(
            "too-many-signatures", f"{name}: {len(wire.signatures)} signatures", f"At most {MAX_SIGNATURES} are read."
        )
    if not wire.signatures:
        raise MalformedInput("unsigned", f"{name}: no signature", "Restore the original file.")
    return Envelope(
        wire.payloadType,
        b64decode(wire.payload, f"{name}: payload", url_safe=True),
        tuple(
            Signature(b64decode(item.sig, f"{name}: signature {number}", url_safe=True), item.keyid)
            for number, item in enumerate(wire.signatures, 1)
        ),
    )


def verify(
    envelope: Envelope,
    keys: Iterable[Verifier],
    *,
    threshold: int = 1,
    payload_types: Sequence[str] = (PAYLOAD_TYPE,),
) -> tuple[Verifier, ...]:
    """Return the keys among `keys` that signed, each once. Raises SignatureInvalid if they are fewer than `threshold`.

    The keyid only says which key to try first. Keys with the same keyid count once.
    """
    if threshold < 1:
        raise ValueError("at least one signature must be asked for")
    if envelope.payload_type not in payload_types:
        raise SignatureInvalid(
            "wrong-payload-type",
            f"the payload type {envelope.payload_type[:80]!r} is not one that is expected here",
            "Use the tool that wrote this envelope.",
        )
    message = envelope.signed_bytes
    waiting = {key.keyid: key for key in keys}
    accepted: list[Verifier] = []
    for signature in envelope.signatures:
        by_hint = sorted(waiting.values(), key=lambda key: key.keyid != signature.keyid)
        signer = next((key for key in by_hint if key.verify(message, signature.sig)), None)
        if signer is not None:
            accepted.append(waiting.pop(signer.keyid))
    if len(accepted) < threshold:
        raise SignatureInvalid(
            "signature-invalid",
            f"{len(accepted)} of {threshold} required signatures are by a given key",
            "The envelope was altered, or another key signed it.",
        )
    return tuple(accepted)
