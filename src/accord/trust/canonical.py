"""The one byte form of JSON that is signed and hashed: RFC 8785 (JSON Canonicalization Scheme)."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import msgspec

from ..errors import LimitExceeded, MalformedInput
from ..records import to_builtins

MAX_VALUES = 2_000_000


def canonical(value: Any) -> bytes:
    """Return the RFC 8785 form of `value`: a record, or dicts, lists, strings, numbers, booleans and null.

    Raises MalformedInput for what RFC 8785 can't express (NaN, infinities, integers beyond ±(2⁵³-1), lone surrogates,
    keys that are not strings) and LimitExceeded for data nested too deeply.
    """
    import rfc8785

    try:
        data: bytes = rfc8785.dumps(to_builtins(value))
    except RecursionError:
        raise LimitExceeded(
            "nested-too-deeply", "the data are nested too deeply to sign", "Flatten the data."
        ) from None
    except (ValueError, TypeError) as error:
        raise MalformedInput(
            "not-canonical",
            f"the data have no canonical JSON form: {error}",
            "Use finite numbers, integers within ±(2⁵³-1), valid Unicode and text keys.",
        ) from None
    return data


def canonical_plain(value: dict[str, Any]) -> bytes:
    """Return the RFC 8785 form of objects and lists of printable ASCII text without quote or backslash: no numbers.

    Nobody has to look at such data twice: names sort as their bytes do, and nothing is escaped.
    """
    return msgspec.json.encode(value, order="sorted")


def read(data: bytes, *, name: str = "JSON") -> Any:
    """Read JSON with the numbers of RFC 8785: an integer beyond ±(2⁵³-1) stands for the double next to it.

    Raises MalformedInput that begins with `name`, or LimitExceeded beyond two million values (a value costs some 60
    bytes of memory, three in the file). What is returned has no NaN, no infinity and no lone surrogate.
    """
    if count_values(data) > MAX_VALUES:
        raise LimitExceeded("too-many-values", f"{name}: more than {MAX_VALUES} values", "Split the data.")
    try:
        value = json.loads(data.decode(), parse_int=_integer, parse_constant=_refuse_constant)
        if b"\\ud" in data.lower():
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise MalformedInput("malformed-json", f"{name}: {error}", "Restore the original file.") from None
    return value


def is_canonical(data: bytes) -> bool:
    """Whether `data`, which `read` has accepted, is its own RFC 8785 form."""
    if data.isascii() and b"\\" not in data:
        # Here msgspec writes what RFC 8785 asks for, and thirty times as fast: but for numbers with a fraction.
        floats: list[str] = []
        plain = msgspec.json.Decoder(float_hook=floats.append).decode(data)
        if not floats:
            return msgspec.json.encode(plain, order="sorted") == data
    return canonical(read(data)) == data


def count_values(data: bytes) -> int:
    """Return an upper bound on the values in JSON text, cheaply: what must separate or open them is counted."""
    return 1 + sum(map(data.count, (b",", b"[", b"{")))


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) < 17 and abs(int(digits)) < 2**53 else float(digits)


def _refuse_constant(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


def digest(value: Any) -> str:
    """Return `"sha256:<hex>"` of the canonical form of `value`."""
    return digest_bytes(canonical(value))


def digest_bytes(data: bytes) -> str:
    """Return `"sha256:<hex>"` of bytes."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
