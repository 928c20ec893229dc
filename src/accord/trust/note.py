"""Signed notes and verifier keys (c2sp.org/signed-note), and cosignatures of notes (c2sp.org/tlog-cosignature)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from ..errors import LimitExceeded, MalformedInput
from .cosignature import ed25519_message, mldsa_message
from .ed25519 import PublicKey, SigningKey
from .encoding import b64decode, b64encode
from .mldsa import MldsaPublicKey, MldsaSigningKey

MAX_NOTE_BYTES = 1024 * 1024
MAX_NOTE_SIGNATURES = 100
MAX_SECONDS = 2**63 - 1
ED25519 = 0x01
COSIGNATURE = 0x04
MLDSA_COSIGNATURE = 0x06
LOG_KINDS = (ED25519, MLDSA_COSIGNATURE)
WITNESS_KINDS = (COSIGNATURE, MLDSA_COSIGNATURE)
_KEYS: dict[int, type[PublicKey | MldsaPublicKey]] = {
    ED25519: PublicKey,
    COSIGNATURE: PublicKey,
    MLDSA_COSIGNATURE: MldsaPublicKey,
}
_NAME = re.compile(r"[^\s+\x00-\x1f\x7f\ud800-\udfff]{1,255}")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


def _malformed(message: str) -> MalformedInput:
    return MalformedInput("malformed-note", message, "Restore the original file.")


def require_name(name: str) -> str:
    """Return `name` if it may name a key: 1 to 255 characters, no spaces, no plus sign. Raises MalformedInput."""
    if not _NAME.fullmatch(name):
        raise MalformedInput("bad-key-name", f"{name[:80]!r} can't name a key", "Use a name without spaces and '+'.")
    return name


@dataclass(frozen=True)
class VerifierKey:
    """A name, a kind (0x01 Ed25519; cosignatures: 0x04 Ed25519, 0x06 ML-DSA-44) and a key: C2SP's vkey.

    Kinds 0x01 and 0x06 are for logs, 0x04 and 0x06 for witnesses.
    """

    name: str
    key: PublicKey | MldsaPublicKey
    kind: int = ED25519

    def __post_init__(self) -> None:
        require_name(self.name)

    @cached_property
    def key_id(self) -> bytes:
        """The four bytes that, with the name, identify the key in a note."""
        return hashlib.sha256(b"%b\n%c%b" % (self.name.encode(), self.kind, self.key.raw)).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{b64encode(bytes([self.kind]) + self.key.raw)}"

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Read `name+hex(key id)+base64(kind‖key)`. Raises MalformedInput, also for keys that Accord refuses."""
        name, plus, rest = text.strip().partition("+")
        stated, plus2, encoded = rest.partition("+")
        if not (plus and plus2):
            raise MalformedInput("bad-vkey", "a verifier key reads name+id+key", "Copy the whole line.")
        data = b64decode(encoded, "verifier key")
        if not data or data[0] not in _KEYS:
            raise MalformedInput("bad-vkey", "the verifier key is of an unknown kind", "Known are 0x01, 0x04 and 0x06.")
        found = cls(name, _KEYS[data[0]](data[1:]), data[0])
        if stated != found.key_id.hex():
            raise MalformedInput("bad-vkey", "the verifier key's id does not match its key", "Copy the whole line.")
        return found

    def verify(self, text: str, signature: bytes) -> bool:
        """Whether `signature`, as a note carries it, is of the note text `text` by this key."""
        if self.kind == ED25519:
            return self.key.verify(text.encode(), signature)
        seconds = int.from_bytes(signature[:8], "big")
        message = _cosigned(self, text, seconds) if seconds <= MAX_SECONDS else None
        return message is not None and self.key.verify(message, signature[8:])


def _cosigned(key: VerifierKey, text: str, seconds: int) -> bytes | None:
    """Return the bytes that a cosigner signs, or None if it can't sign this text."""
    return ed25519_message(text, seconds) if key.kind == COSIGNATURE else mldsa_message(key.name, text, seconds)


@dataclass(frozen=True)
class NoteSignature:
    """One signature line: the signer's name, its four-byte key id, the signature."""

    name: str
    key_id: bytes
    signature: bytes

    @property
    def seconds(self) -> int:
        """Of a cosignature: when it was made, in POSIX seconds; 0 if it does not say."""
        return int.from_bytes(self.signature[:8], "big")

    def __str__(self) -> str:
        return f"— {self.name} {b64encode(self.key_id + self.signature)}\n"


@dataclass(frozen=True)
class Note:
    """A text that ends in a newline, and its signatures."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def encode(self) -> bytes:
        """Return the note's bytes."""
        return f"{self.text}\n{''.join(map(str, self.signatures))}".encode()


def sign_note(text: str, name: str, key: SigningKey) -> Note:
    """Sign `text`, which ends in a newline, as `name`. Raises MalformedInput for a text that is no note."""
    verifier = VerifierKey(name, key.public)
    note = Note(text, (NoteSignature(name, verifier.key_id, key.sign(text.encode())),))
    if parse_note(note.encode()) != note:
        raise _malformed("the text can't be a note: it has no final newline or holds control characters")
    return note


@dataclass(frozen=True)
class Cosigner:
    """A name and a private key under which checkpoints of others are cosigned."""

    name: str
    key: SigningKey | MldsaSigningKey

    @cached_property
    def verifier(self) -> VerifierKey:
        """What others verify the cosignatures with."""
        kind = COSIGNATURE if isinstance(self.key, SigningKey) else MLDSA_COSIGNATURE
        return VerifierKey(self.name, self.key.public, kind)

    def cosign(self, text: str, seconds: int) -> NoteSignature:
        """Cosign the text of a checkpoint at a time in POSIX seconds; 0 says nothing about the time.

        Raises MalformedInput for a text that this kind can't stand for: for ML-DSA-44, one with extension lines.
        """
        message = _cosigned(self.verifier, text, seconds)
        if message is None:
            raise MalformedInput(
                "not-cosignable",
                f"{self.name} can't cosign this text with ML-DSA-44: it is no checkpoint, or has extension lines",
                "Submit a checkpoint of three lines.",
            )
        return NoteSignature(self.name, self.verifier.key_id, seconds.to_bytes(8, "big") + self.key.sign(message))


def parse_note(data: bytes, *, name: str = "note") -> Note:
    """Read a note without judging its signatures. Raises MalformedInput that begins with `name`, or LimitExceeded."""
    if len(data) > MAX_NOTE_BYTES:
        raise LimitExceeded("note-too-large", f"{name}: {len(data)} bytes", f"At most {MAX_NOTE_BYTES} bytes are read.")
    try:
        whole = data.decode()
    except UnicodeDecodeError as error:
        raise _malformed(f"{name}: not UTF-8 at byte {error.start}") from None
    control = _CONTROL.search(whole)
    if control:
        raise _malformed(f"{name}: control character {control[0]!r} at character {control.start()}")
    body, blank, lines = whole.rpartition("\n\n")
    if not blank or not body or not lines.endswith("\n"):
        raise _malformed(f"{name}: no signatures after a blank line")
    numbered = list(enumerate(lines[:-1].split("\n"), body.count("\n") + 3))
    if len(numbered) > MAX_NOTE_SIGNATURES:
        raise LimitExceeded(
            "too-many-signatures", f"{name}: {len(numbered)} signatures", f"At most {MAX_NOTE_SIGNATURES} are read."
        )
    return Note(body + "\n", tuple(_parse_signature(line, f"{name}, line {number}") for number, line in numbered))


def _parse_signature(line: str, place: str) -> NoteSignature:
    dash, _, rest = line.partition(" ")
    signer, _, encoded = rest.partition(" ")
    if dash != "—" or not _NAME.fullmatch(signer):
        raise _malformed(f"{place}: not a signature line")
    data = b64decode(encoded, place)
    if len(data) < 5:
        raise _malformed(f"{place}: the signature is too short")
    return NoteSignature(signer, data[:4], data[4:])


def verify_note(note: Note, keys: Iterable[VerifierKey], *, name: str = "note") -> tuple[VerifierKey, ...]:
    """Return the keys among `keys` that signed the note; signatures of unknown keys are ignored.

    Raises MalformedInput if a signature that claims a known key is false, or if no known key signed.
    """
    signed = signers_of(note, keys, name=name)
    if not signed:
        raise MalformedInput("no-known-signature", f"{name}: no given key signed it", "Import the key that signed it.")
    return signed


def signers_of(note: Note, keys: Iterable[VerifierKey], *, name: str = "note") -> tuple[VerifierKey, ...]:
    """Return the keys among `keys` that signed the note, perhaps none. Raises MalformedInput as `verify_note` does."""
    known = {(key.name, key.key_id): key for key in keys}
    signed: dict[tuple[str, bytes], VerifierKey] = {}
    for signature in note.signatures:
        identity = signature.name, signature.key_id
        key = known.get(identity)
        if key is None or identity in signed:
            continue
        if not key.verify(note.text, signature.signature):
            raise MalformedInput(
                "signature-invalid", f"{name}: the signature of {key.name} is false", "The note was altered."
            )
        signed[identity] = key
    return tuple(signed.values())
