"""What goes into the log: a hash record of an envelope, of the shape of Rekor v2's `hashedrekord`.

It says that this key signed something with this hash. It says neither what the statement is about nor of which type
it is, and the salt in every statement keeps the hash from being guessed.
"""

from __future__ import annotations

import hashlib

from ..errors import LimitExceeded
from .canonical import canonical_plain
from .dsse import Envelope
from .ed25519 import PublicKey
from .encoding import b64encode

KIND = "accord/envelope"
VERSION = "v0.1"
MAX_RECORD_BYTES = 1024


def hash_record(envelope: Envelope, key: PublicKey, signature: bytes | None = None) -> bytes:
    """Return the log entry for a signature of `envelope` by `key` (its first one by default): at most 1 KB."""
    data = {"algorithm": "SHA2_256", "digest": b64encode(hashlib.sha256(envelope.signed_bytes).digest())}
    verifier = {"keyDetails": "PKIX_ED25519", "publicKey": {"rawBytes": b64encode(key.spki)}}
    content = b64encode(envelope.signatures[0].sig if signature is None else signature)
    spec = {"data": data, "signature": {"content": content, "verifier": verifier}}
    record = canonical_plain({"apiVersion": VERSION, "kind": KIND, "spec": spec})
    if len(record) > MAX_RECORD_BYTES:
        raise LimitExceeded("record-too-large", f"the log entry has {len(record)} bytes", "A signature is too long.")
    return record
