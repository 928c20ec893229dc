"""Write values into the text of a card without touching its other lines: comments and order are a person's work.

Only lines are edited, no TOML is printed anew; and the result is parsed and compared with what it should say, so a
card of a form that lines can't be put into (an inline table, dotted keys) is refused, never damaged.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from ..errors import UsageError
from .paths import shown

CardValue = bool | float | tuple[float, float]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_ANY_HEADER = re.compile(r"[ \t]*\[")
_KEY_LINE = re.compile(r"[ \t]*(?:#[ \t]*)?[\"']?([A-Za-z0-9_-]+)[\"']?[ \t]*=")
_REST = re.compile(r"(?:true|false|\?|[-+0-9._eE]+|\"[^\"\\]*\"|'[^']*'|\[[^\]\"'#]*\])?[ \t]*(?P<comment>#.*)?")


def with_values(text: str, table: str, values: Mapping[str, CardValue], *, name: str = "the card") -> str:
    """Return the card's text with `values` in its `table` ("answers", "model.training").

    A key that is there, or commented out there, keeps its place and its comment; another one follows its wider
    question, else the last key of the table; a table that isn't there comes at the end. Raises UsageError, with the
    lines to write by hand, if the text isn't TOML or of a form that this can't be done to.
    """
    lines = text.split("\n")
    end = "\r" if "\r\n" in text else ""
    start = _header(lines, table)
    if start is None:
        while lines and not lines[-1].strip():
            lines.pop()
        lines += [*([end] if lines else []), f"[{table}]{end}", ""]
        start = len(lines) - 2
    for key, value in values.items():
        _put(lines, start, key, _literal(value), end)
    edited = "\n".join(lines)
    if _parsed(edited) != _expected(text, table, values):
        wanted = "\n".join(f"  {_key(key)} = {_literal(value)}" for key, value in values.items())
        raise UsageError(
            "card-form",
            f"{shown(name)} is of a form that no line can be put into safely",
            f"Write these lines by hand, under [{table}]:\n{wanted}",
        )
    return edited


def as_lines(values: Mapping[str, CardValue]) -> list[str]:
    """Return values as lines of a card."""
    return [f"{_key(key)} = {_literal(value)}" for key, value in values.items()]


def _header(lines: list[str], table: str) -> int | None:
    pattern = re.compile(rf"[ \t]*\[[ \t]*{re.escape(table)}[ \t]*\][ \t]*(?:#.*)?\r?")
    return next((number for number, line in enumerate(lines) if pattern.fullmatch(line)), None)


def _put(lines: list[str], start: int, key: str, literal: str, end: str) -> None:
    """Write one key into the section that begins at line `start`."""
    stop = next((n for n in range(start + 1, len(lines)) if _ANY_HEADER.match(lines[n])), len(lines))
    own = re.compile(rf"(?P<indent>[ \t]*)(?P<off>#[ \t]*)?[\"']?{re.escape(key)}[\"']?[ \t]*=[ \t]*(?P<rest>.*)")
    found = [(n, match) for n in range(start + 1, stop) if (match := own.fullmatch(lines[n].rstrip("\r")))]
    found.sort(key=lambda item: item[1]["off"] is not None)  # a line that counts before one that is commented out
    for number, match in found:
        rest = _REST.fullmatch(match["rest"])
        if rest is not None:
            comment = f"  {rest['comment']}" if rest["comment"] else ""
            lines[number] = f"{match['indent']}{_key(key)} = {literal}{comment}{end}"
            return
    lines.insert(_place(lines, start, stop, key), f"{_key(key)} = {literal}{end}")


def _place(lines: list[str], start: int, stop: int, key: str) -> int:
    """Return where a new key goes: under its wider question (`eu-art_5` for `eu-art_5-c`), else below the last key."""
    keys = {n: match[1] for n in range(start + 1, stop) if (match := _KEY_LINE.match(lines[n]))}
    wider = key.rpartition("-")[0]
    while "-" in wider:
        near = [n for n, other in keys.items() if other == wider or other.startswith(f"{wider}-")]
        if near:
            return max(near) + 1
        wider = wider.rpartition("-")[0]
    return max(keys, default=start) + 1


def _expected(text: str, table: str, values: Mapping[str, CardValue]) -> Any:
    content = deepcopy(_parsed(text))
    step = content
    for part in table.split("."):
        if not isinstance(step, dict):
            return None
        step = step.setdefault(part, {})
    if not isinstance(step, dict):
        return None
    step.update({key: list(value) if isinstance(value, tuple) else value for key, value in values.items()})
    return content


def _parsed(text: str) -> Any:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        return {"not TOML": str(error)}


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _literal(value: CardValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(_literal(end) for end in value)}]"
    return repr(float(value)).replace("e+", "e")
