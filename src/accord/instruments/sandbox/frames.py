"""How parent and child speak: a header of fixed size, then a body. What a child says is untrusted."""

from __future__ import annotations

import struct
from typing import Any

import msgspec

from ...errors import AccordError, LimitExceeded, MalformedInput, Unavailable, UsageError

HEADER = struct.Struct("<4scIQ")
"""Magic, kind (one letter), number of the call, length of the body."""
MAGIC = b"ACC1"
HELLO, REQUEST, REPLY, ERROR = b"H", b"Q", b"R", b"E"

_ERRORS = {kind.__name__: kind for kind in (AccordError, LimitExceeded, MalformedInput, Unavailable, UsageError)}
_LONGEST_TEXT = 500


def pack(kind: bytes, call: int, body: bytes) -> bytes:
    """Return header and body as one string of bytes."""
    return HEADER.pack(MAGIC, kind, call, len(body)) + body


def sanitise(text: Any, longest: int = _LONGEST_TEXT) -> str:
    """Return `text` cut to `longest` characters, with control, bidirectional and unpaired characters escaped."""
    shown = str(text)
    if len(shown) > longest:
        shown = shown[:longest] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in shown)


def pack_error(error: AccordError) -> bytes:
    """Return the body of an ERROR frame."""
    kind = next((name for name, known in _ERRORS.items() if type(error) is known), "AccordError")
    fields = (kind, error.code, error.message, error.remedy)
    return msgspec.json.encode([sanitise(text) for text in fields])


def unpack_error(body: bytes) -> AccordError:
    """Return the error that a child reported, its texts cut and escaped. Raises MalformedInput."""
    try:
        kind, code, message, remedy = msgspec.json.decode(body, type=tuple[str, str, str, str])
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise MalformedInput(
            "malformed-reply", "the sandboxed child reported an error that can't be read", "Treat the input as hostile."
        ) from None
    return _ERRORS.get(kind, AccordError)(sanitise(code, 64), sanitise(message), sanitise(remedy))
