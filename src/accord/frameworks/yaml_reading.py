"""A strict and small YAML: what a framework file may contain, read in one pass over the parser's events.

Left out on purpose: anchors and aliases (they multiply), tags (they build objects), several documents, keys that are
not text, keys given twice, and every scalar that changes its type by surprise: only `true`, `false`, `null`, `~`,
and plain decimal numbers are not text, so `no` is a word and `2027-12-02` stays as it was written.
"""

from __future__ import annotations

import re
from typing import Any, NoReturn

from ..errors import LimitExceeded, MalformedInput
from .reading import MAX_BYTES

MAX_DEPTH = 40
MAX_EVENTS = 400_000

_CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})\Z", re.ASCII)
_DECIMAL = re.compile(r"[-+]?[0-9]{1,17}\.[0-9]{1,17}(?:e[-+]?[0-9]{1,2})?\Z", re.ASCII)
_NO_KEY = object()


def read_yaml(data: bytes, *, name: str) -> Any:
    """Return the one document in `data` as dicts, lists and scalars.

    Raises MalformedInput with line and column, or LimitExceeded for what would cost too much.
    """
    if len(data) > MAX_BYTES:
        raise LimitExceeded(
            "yaml-too-large",
            f"{name}: {len(data)} bytes; the limit is {MAX_BYTES}",
            "Split the framework into several files.",
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MalformedInput(
            "yaml-not-utf8", f"{name}: byte {error.start} is not UTF-8", "Save the file as UTF-8."
        ) from None
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _build(yaml.parse(text, Loader=loader), yaml, name)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "not YAML"
        raise MalformedInput("malformed-yaml", f"{name}: {where}{problem}", "Correct the line that is named.") from None


def _refuse(name: str, event: Any, problem: str, remedy: str) -> NoReturn:
    mark = event.start_mark
    raise MalformedInput("malformed-yaml", f"{name}: line {mark.line + 1}, column {mark.column + 1}: {problem}", remedy)


def _scalar(event: Any) -> Any:
    """Return the value of a scalar; only plain (unquoted) ones can be anything but text."""
    text = event.value
    if event.style is not None and event.style != "":
        return text
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.match(text):
        return int(text)
    if _DECIMAL.match(text):
        return float(text)
    return text


def _build(events: Any, yaml: Any, name: str) -> Any:
    """Build the document with a stack of open containers, so that depth costs no recursion."""
    stack: list[tuple[Any, Any]] = []
    container: Any = None
    key: Any = _NO_KEY
    root: Any = None
    documents = 0
    for count, event in enumerate(events):
        if count > MAX_EVENTS:
            raise LimitExceeded("yaml-too-large", f"{name}: more than {MAX_EVENTS} entries", "Split the file.")
        kind = type(event)
        if kind is yaml.ScalarEvent:
            if event.anchor is not None or event.tag is not None:
                _refuse(name, event, "anchors and tags are not allowed", "Write the value itself.")
            value = _scalar(event)
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            if event.anchor is not None or event.tag is not None:
                _refuse(name, event, "anchors and tags are not allowed", "Write the value itself.")
            if len(stack) >= MAX_DEPTH:
                raise LimitExceeded(
                    "yaml-too-deep",
                    f"{name}: line {event.start_mark.line + 1}: nested deeper than {MAX_DEPTH}",
                    "Flatten the structure.",
                )
            value = {} if kind is yaml.MappingStartEvent else []
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            container, key = stack.pop()
            continue
        elif kind is yaml.AliasEvent:
            _refuse(name, event, "aliases are not allowed", "Write the value itself.")
        else:
            documents += kind is yaml.DocumentStartEvent
            if documents > 1:
                _refuse(name, event, "a second document", "Keep one framework in a file.")
            continue

        if container is None:
            root = value
        elif type(container) is list:
            container.append(value)
        elif key is _NO_KEY:
            if type(value) is not str:
                _refuse(name, event, "a key that is not text", "Put the key in quotation marks.")
            if value in container:
                _refuse(name, event, f"the key {value!r} is given twice", "Remove one of them.")
            key = value
            continue
        else:
            container[key] = value
            key = _NO_KEY
        if type(value) is dict or type(value) is list:
            stack.append((container, key))
            container, key = value, _NO_KEY
    return root
