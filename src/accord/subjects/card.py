"""The system card `accord.toml`: read it strictly, digest it, and merge the provider's with the assessor's.

A card is a claim, never an instruction: its paths stay inside the target, no address in it is ever fetched, and
nothing in it names code. All mistakes are collected and reported together, each with its key.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import re
import stat
import tomllib
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from types import UnionType
from typing import Any, get_args

import msgspec

from ..errors import LimitExceeded, MalformedInput, UsageError
from ..records import Card, from_builtins, to_builtins, to_json
from ..records.card import Data, Endpoint, Model, System, Training
from ..records.measurement import Context
from .card_rules import values_problems
from .paths import shown

CARD_NAME = "accord.toml"
MAX_BYTES = 256 * 1024
MAX_DEPTH = 8
MAX_PROBLEMS = 1000
MAX_SHOWN = 20

Contradiction = tuple[str, str, str]
_KEY_PART = r"""(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')"""
_LONG_KEY = re.compile(rf"(?<![A-Za-z0-9_-])(?:{_KEY_PART}[ \t]*+\.[ \t]*+){{64}}")
_TABLES = (System, Data, Model, Training, Endpoint, Context)


def read_card(source: Path | bytes, *, name: str = CARD_NAME) -> Card:
    """Read a card from a file, or from its bytes (TOML, UTF-8, at most 256 KB).

    Raises MalformedInput that lists every mistake with its key (`data.prediction.positive.op`), LimitExceeded, or
    UsageError if the file can't be read. A symbolic link is not followed.
    """
    data = _parse(_read(source, name) if isinstance(source, Path) else source, name)
    _refuse(list(islice(chain(_structure_problems(Card, data, ""), values_problems(data)), MAX_PROBLEMS)), name)
    return from_builtins(data, Card, name=name)


def _refuse(problems: list[str], name: str) -> None:
    if problems:
        listed = "".join(f"\n  {problem}" for problem in problems[:MAX_SHOWN])
        more = f"\n  and {len(problems) - MAX_SHOWN} more" if len(problems) > MAX_SHOWN else ""
        raise MalformedInput(
            "malformed-card",
            f"the card {shown(name)} has {len(problems)} mistake{'s' if len(problems) > 1 else ''}:{listed}{more}\n",
            "Correct the keys that are named; `accord init` drafts a card that is right in form.",
        )


def check_card(card: Card, *, name: str = CARD_NAME) -> Card:
    """Return a card that came in a record, held to what a file is held to. Raises MalformedInput, LimitExceeded."""
    if len(to_json(card)) > 4 * MAX_BYTES:  # what TOML writes in a byte takes up to four in JSON
        raise LimitExceeded("card-too-large", f"the card {shown(name)} is over 1 MB", "Shorten it.")
    _refuse(list(islice(values_problems(_without_null(to_builtins(card))), MAX_PROBLEMS)), name)
    return card


def _without_null(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_null(child) for key, child in value.items() if child is not None}
    return list(value) if isinstance(value, tuple) else value  # as TOML has it


def card_digest(card: Card) -> str:
    """Return "sha256:<hex>" of the RFC 8785 form of the card: two files that say the same have the same digest."""
    import rfc8785

    try:
        return "sha256:" + hashlib.sha256(rfc8785.dumps(to_builtins(card))).hexdigest()
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise MalformedInput(
            "malformed-card", f"the card has no canonical form: {error}", "Correct the card."
        ) from None


def stated(card: Card) -> list[tuple[str, Any]]:
    """List what the card states, as (dotted field, value) in the order of the record; defaults are not stated."""
    return [(field, value) for field, value, default in _fields(card, "") if value != default]


def merge_cards(provider: Card, assessor: Card) -> tuple[Card, tuple[Contradiction, ...]]:
    """Lay the assessor's card over the provider's: where both speak, the assessor is right.

    Returns the card and the contradictions: (field, provider's value, assessor's value), values as JSON.
    """
    contradictions: list[Contradiction] = []
    merged = _merge(provider, assessor, "", contradictions)
    return merged, tuple(contradictions)


def _read(path: Path, name: str) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb", buffering=0) as file:  # noqa: PTH123 - a descriptor, not a path
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise UsageError("card-unreadable", f"the card {shown(name)} is not a file", "Name a TOML file.")
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(
            "card-unreadable",
            f"the card {shown(name)} can't be read: {error.strerror}",
            "Check the path and its permissions; a symbolic link is not followed.",
        ) from None
    if len(data) > MAX_BYTES:
        raise LimitExceeded("card-too-large", f"the card {shown(name)} is over 256 KB", "Shorten it.")
    return data


def _parse(data: bytes, name: str) -> dict[str, Any]:
    if len(data) > MAX_BYTES:
        raise LimitExceeded("card-too-large", f"the card {shown(name)} is over 256 KB", "Shorten it.")
    try:
        text = data.decode("utf-8-sig")
        if _LONG_KEY.search(text):  # tomllib takes time in the square of a dotted key's length
            raise LimitExceeded("card-too-deep", f"the card {shown(name)} has a key of over 64 parts", "Shorten it.")
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: TOMLDecodeError, UnicodeDecodeError, endless integers
        raise MalformedInput(
            "malformed-card", f"the card {shown(name)} is not TOML: {shown(str(error))}", "Correct the line named."
        ) from None
    if _deeper_than(table, MAX_DEPTH):
        raise LimitExceeded("card-too-deep", f"the card {shown(name)} nests over {MAX_DEPTH} levels", "Flatten it.")
    return table


def _deeper_than(value: Any, levels: int) -> bool:
    if not isinstance(value, (dict, list)):
        return False
    children = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_deeper_than(child, levels - 1) for child in children)


def _structure_problems(kind: type, table: dict[str, Any], path: str) -> Iterator[str]:
    """Compare a table with the struct `kind`: unknown keys, missing keys, values of another type."""
    known = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for key, value in table.items():
        place = f"{path}{key}" if key.isidentifier() else f"{path}{shown(key)[:60]!r}"
        if key not in known:
            yield f"{place}: unknown key{_suggestion(key, known, path)}"
        elif (inner := _struct_in(known[key].type)) is not None and isinstance(value, dict):
            yield from _structure_problems(inner, value, f"{place}.")
        else:
            try:
                msgspec.convert(value, type=known[key].type, strict=True)
            except msgspec.ValidationError as error:
                message, _, inside = str(error).partition(" - at `$")
                yield f"{place}{inside.rstrip('`')}: {message[:1].lower()}{message[1:]}"
    for key, field in known.items():
        if field.required and key not in table:
            yield f"{path}{key}: missing"


def _struct_in(annotation: Any) -> type[msgspec.Struct] | None:
    choices = get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)
    return next((c for c in choices if isinstance(c, type) and issubclass(c, msgspec.Struct)), None)


def _suggestion(key: str, known: dict[str, Any], path: str) -> str:
    near = difflib.get_close_matches(key[:60], known, n=1)
    if near:
        return f"; did you mean {path}{near[0]}?"
    elsewhere = [field for field, _, _ in _fields(Card(), "") if field.rpartition(".")[2] == key]
    if elsewhere:
        return f"; did you mean {elsewhere[0]}?"
    return f"; known here: {', '.join(known)}"


def _fields(record: msgspec.Struct, path: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield (dotted name, value, default) of every leaf: tables are entered, mappings are listed by key."""
    default = type(record)()
    for name in record.__struct_fields__:
        value, usual, place = getattr(record, name), getattr(default, name), path + name
        if isinstance(value, _TABLES):
            yield from _fields(value, f"{place}.")
        elif isinstance(value, dict) and value:
            yield from ((f"{place}.{key}", value[key], None) for key in sorted(value))
        else:
            yield place, value, usual


def _merge(provider: Any, assessor: Any, path: str, contradictions: list[Contradiction]) -> Any:
    default, changes = type(provider)(), {}
    for name in provider.__struct_fields__:
        mine, theirs, place = getattr(assessor, name), getattr(provider, name), path + name
        if isinstance(mine, (Card, *_TABLES)):
            changes[name] = _merge(theirs, mine, f"{place}.", contradictions)
        elif isinstance(mine, dict):
            changes[name] = {**theirs, **mine}
            both = sorted(set(mine) & set(theirs))
            contradictions += [(f"{place}.{k}", _json(theirs[k]), _json(mine[k])) for k in both if mine[k] != theirs[k]]
        elif mine != getattr(default, name):
            changes[name] = mine
            if theirs not in (getattr(default, name), mine):
                contradictions.append((place, _json(theirs), _json(mine)))
    return msgspec.structs.replace(provider, **changes)


def _json(value: Any) -> str:
    text = json.dumps(to_builtins(value), ensure_ascii=False)
    return text if len(text) <= 200 else text[:199] + "…"
