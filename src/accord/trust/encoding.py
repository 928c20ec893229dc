"""Strict base64 and decimals: one text for one value, so that no byte of a signed file can change unnoticed."""

from __future__ import annotations

import base64
import binascii
import re

from ..errors import MalformedInput

_URL_SAFE = str.maketrans("-_", "+/")
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


def b64encode(data: bytes) -> str:
    """Return standard base64 with padding (RFC 4648, section 4)."""
    return base64.b64encode(data).decode("ascii")


def b64decode(text: str, what: str, *, url_safe: bool = False) -> bytes:
    """Decode standard base64, and with `url_safe` also the URL-safe alphabet; `what` names it in errors.

    Padding is required; other characters and non-zero spare bits are refused. Raises MalformedInput.
    """
    plain = text
    if url_safe and "+" not in text and "/" not in text:
        plain = text.translate(_URL_SAFE)
    try:
        data = base64.b64decode(plain.encode("ascii"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedInput("bad-base64", f"{what}: not base64 ({error})", "Restore the original file.") from None
    if b64encode(data) != plain:
        raise MalformedInput("bad-base64", f"{what}: base64 with spare bits set", "Restore the original file.")
    return data


def decimal(text: str, what: str) -> int:
    """Read an ASCII decimal below 10¹⁹ without sign and leading zeroes. Raises MalformedInput."""
    if not _DECIMAL.fullmatch(text):
        raise MalformedInput(
            "bad-number", f"{what}: {text[:24]!r} is not a plain decimal", "Restore the original file."
        )
    return int(text)
