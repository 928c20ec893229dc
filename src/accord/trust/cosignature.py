"""The bytes that a cosignature of a checkpoint is of, in both kinds (c2sp.org/tlog-cosignature)."""

from __future__ import annotations

import base64
import re

from .tree import EMPTY_ROOT, MAX_SIZE

MAX_NAME_BYTES = 255
_LABEL = b"subtree/v1\n\0"
# Origin, size and a root of 32 bytes, each in its only spelling, and nothing after them.
_CHECKPOINT = re.compile(r"([^\n]+)\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)\n")


def ed25519_message(text: str, seconds: int) -> bytes:
    """Return what an Ed25519 cosigner signs: a time (POSIX seconds) and the whole text of the checkpoint."""
    return b"cosignature/v1\ntime %d\n%b" % (seconds, text.encode())


def mldsa_message(name: str, text: str, seconds: int) -> bytes | None:
    """Return what the ML-DSA-44 cosigner `name` signs, or None for a text that it can't stand for.

    Name, time, origin, size and root are signed, and nothing else: a text with further lines is refused, as anybody
    could have added them.
    """
    head = _CHECKPOINT.fullmatch(text)
    if head is None:
        return None
    cosigner, origin, end, root = name.encode(), head[1].encode(), int(head[2]), base64.b64decode(head[3])
    if max(len(cosigner), len(origin)) > MAX_NAME_BYTES or end > MAX_SIZE or (end == 0 and root != EMPTY_ROOT):
        return None
    return b"".join((_LABEL, _prefixed(cosigner), _u64(seconds), _prefixed(origin), _u64(0), _u64(end), root))


def _prefixed(data: bytes) -> bytes:
    return bytes([len(data)]) + data


def _u64(number: int) -> bytes:
    return number.to_bytes(8, "big")
