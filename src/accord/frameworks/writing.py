"""A framework as the text of its file: what was imported is written so that it reads back as the same record."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from ..errors import MalformedInput
from ..records import Framework

_PLAIN = re.compile(r"[a-z][a-z0-9]*(?:[._-][a-z0-9]+)*\Z")
_TAKEN = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n"))
# What YAML 1.1 does not let stand as it is, even between quotes; lone surrogates are no text at all.
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def as_yaml(framework: Framework, *, comment: str = "") -> bytes:
    """Return the file of a framework; `comment` is put above it. Raises MalformedInput for text that has no UTF-8."""
    lines = [f"# {line}" for line in comment.splitlines()]
    for name, value in _said(framework):
        if isinstance(value, list) and value:
            lines += [f"{name}:", *(f"- {_flow(entry)}" for entry in value)]
        else:
            lines.append(f"{name}: {_flow(value)}")
    try:
        return ("\n".join(lines) + "\n").encode()
    except UnicodeEncodeError as error:
        raise MalformedInput(
            "not-unicode", f"{framework.id[:64]}: a lone surrogate is no text: {error.reason}", "Remove that character."
        ) from None


def _said(struct: msgspec.Struct) -> Iterator[tuple[str, Any]]:
    """Yield the fields that differ from their defaults, in the order of the record."""
    for field in msgspec.structs.fields(struct):
        value = getattr(struct, field.name)
        if field.required or value != field.default:
            yield field.name, _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        return dict(_said(value))
    if isinstance(value, tuple):
        return [_plain(entry) for entry in value]
    return value


def quoted(text: str) -> str:
    """Return a text as a YAML scalar that reads back as the same text."""
    return _flow(text)


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flow(key)}: {_flow(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(entry) for entry in value) + "]"
    if isinstance(value, str):
        if _PLAIN.match(value) and value not in _TAKEN:
            return value
        quoted = json.dumps(value, ensure_ascii=False)
        return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)
    written = json.dumps(value)
    # The reader knows a decimal number by its point: 1e+25 is written 1.0e+25.
    return written.replace("e", ".0e") if isinstance(value, float) and "." not in written else written
