"""What can be wrong with a framework file: each mistake with its place and remedy, all of them at once."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from ..errors import MalformedInput


class Mistake(Struct, frozen=True):
    """One mistake: where it is (`requirements[3].rules[0].op`), what is wrong and what to do."""

    path: str
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}. {self.remedy}"


class InvalidFramework(MalformedInput):
    """A framework file with mistakes; `mistakes` lists them all, in the order of the file's parts."""

    def __init__(self, name: str, mistakes: tuple[Mistake, ...]) -> None:
        listed = "\n".join(f"  {mistake}" for mistake in mistakes)
        count = "1 mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
        super().__init__("invalid-framework", f"{name}: {count}\n{listed}", "Correct what is listed.")
        self.name = name
        self.mistakes = mistakes

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.name, self.mistakes)


def structural_mistakes(data: Any, kind: Any, path: str = "") -> Iterator[Mistake]:
    """Yield every key that is unknown, missing or of the wrong type when `data` should become a `kind`.

    The decoder itself stops at the first error; this walks on. It runs only after the decoder has refused.
    """
    struct = _struct_in(kind)
    if struct is not None and isinstance(data, dict):
        yield from _struct_mistakes(data, struct, path)
        return
    item = _item_of(kind)
    if item is not None and isinstance(data, list) and _struct_in(item) is not None:
        for index, entry in enumerate(data):
            yield from structural_mistakes(entry, item, f"{path}[{index}]")
        return
    try:
        msgspec.convert(data, type=kind, strict=True)
    except (msgspec.ValidationError, RecursionError) as error:
        message, _, inside = str(error).partition(" - at `$")
        place = path + inside.rstrip("`")
        yield Mistake(place or "(top)", message[0].lower() + message[1:], "Give it the type that is expected.")


def _struct_mistakes(data: dict[str, Any], struct: type[msgspec.Struct], path: str) -> Iterator[Mistake]:
    fields = {field.name: field for field in msgspec.structs.fields(struct)}
    prefix = f"{path}." if path else ""
    for key in data:
        if key not in fields:
            yield Mistake(f"{prefix}{key}", f"unknown key {key!r}", f"Known keys: {', '.join(fields)}.")
    for name, field in fields.items():
        if name in data:
            yield from structural_mistakes(data[name], field.type, f"{prefix}{name}")
        elif field.required:
            yield Mistake(f"{prefix}{name}", f"the key {name!r} is missing", "Add it.")


def _struct_in(kind: Any) -> type[msgspec.Struct] | None:
    """Return the struct that `kind` is or may be (`Rule | None`), if it is one."""
    candidates = typing.get_args(kind) if _is_union(kind) else (kind,)
    for candidate in candidates:
        if isinstance(candidate, type) and issubclass(candidate, msgspec.Struct):
            return candidate
    return None


def _item_of(kind: Any) -> Any:
    """Return the type of the entries of `tuple[X, ...]`."""
    arguments = typing.get_args(kind)
    return arguments[0] if typing.get_origin(kind) is tuple and len(arguments) == 2 else None


def _is_union(kind: Any) -> bool:
    return typing.get_origin(kind) in (typing.Union, types.UnionType)
