"""Records in and out of JSON. Malformed JSON is a MalformedInput that names the place (`$.evidence[3].value`)."""

from __future__ import annotations

from threading import Lock
from typing import Any, TypeVar

import msgspec

from ..errors import MalformedInput

T = TypeVar("T")

_encoder = msgspec.json.Encoder()
_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}
_building = Lock()


def _decoder(kind: type[T]) -> msgspec.json.Decoder[T]:
    """Return the decoder of a type, built once. msgspec crashes when two threads meet a type for the first time."""
    with _building:
        if kind not in _decoders:
            _decoders[kind] = msgspec.json.Decoder(kind)
        return _decoders[kind]


def to_json(record: Any) -> bytes:
    """Encode a record as compact JSON, fields in the order in which the record declares them."""
    return _encoder.encode(record)


def to_readable_json(record: Any) -> bytes:
    """Encode a record as indented JSON with a final newline."""
    return msgspec.json.format(_encoder.encode(record), indent=1) + b"\n"


def from_json(data: bytes | str, kind: type[T], *, name: str = "record") -> T:
    """Decode JSON into `kind`. Raises MalformedInput with the place of the first error."""
    try:
        return _decoder(kind).decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise MalformedInput(
            "malformed-json",
            f"{name}: {error}",
            "Compare the file with the format in docs/formats.md.",
        ) from None


def from_builtins(data: Any, kind: type[T], *, name: str = "record") -> T:
    """Convert plain Python data (from TOML or YAML) into `kind`. Raises MalformedInput with the place."""
    try:
        _decoder(kind)
        return msgspec.convert(data, type=kind, strict=True)
    except (msgspec.ValidationError, RecursionError, ValueError) as error:
        raise MalformedInput("malformed-input", f"{name}: {error}", "Correct the key that is named.") from None


def to_builtins(record: Any) -> Any:
    """Convert a record to dicts, lists and scalars."""
    return msgspec.to_builtins(record)
