"""Names of columns: unique to us, whatever the file says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from ...errors import UsageError

SHOWN: Final = 20


def clip(text: str, length: int = 120) -> str:
    """Shorten hostile text for a record: at most `length` characters, the rest shown as `…`."""
    return text if len(text) <= length else text[: length - 1] + "…"


def make_unique(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names with `#2`, `#3` … behind repeated ones. A name that the file itself holds is never taken."""
    names = list(names)
    literal, used, following = set(names), set[str](), dict[str, int]()
    unique = []
    for name in names:
        candidate = name
        number = following.get(name, 2)
        while candidate in used or (candidate is not name and candidate in literal):
            candidate = f"{name}#{number}"
            number += 1
        following[name] = number
        used.add(candidate)
        unique.append(candidate)
    return tuple(unique)


class ColumnNames:
    """The names of a table's columns as the file holds them and as we call them.

    `duplicated` maps a name that the file holds more than once to the unique names of its columns.
    """

    def __init__(self, names: Sequence[str]) -> None:
        given = [name if name.strip() else f"column {place + 1}" for place, name in enumerate(names)]
        self.unique = make_unique(given)
        self._place = {name: place for place, name in enumerate(self.unique)}
        groups: dict[str, list[str]] = {}
        for name, unique in zip(given, self.unique, strict=True):
            groups.setdefault(name, []).append(unique)
        self.duplicated = {name: tuple(group) for name, group in groups.items() if len(group) > 1}

    def resolve(self, column: str | int) -> int:
        """Return the 0-based place of a column named by its unique name, or by its place.

        Of a duplicated name, `name#1` is the first column; the bare name is ambiguous. Raises UsageError.
        """
        if isinstance(column, int):
            if 0 <= column < len(self.unique):
                return column
            raise UsageError(
                "unknown-column", f"there is no column {column}", f"Count from 0 to {len(self.unique) - 1}."
            )
        if column in self.duplicated:
            first, *others = self.duplicated[column]
            names = ", ".join(repr(name) for name in [f"{first}#1", *others][:SHOWN])
            raise UsageError(
                "ambiguous-column",
                f"{len(others) + 1} columns are named {clip(column)!r}",
                f"Name one of: {names}; or give its place, counted from 0.",
            )
        if column in self._place:
            return self._place[column]
        if column.endswith("#1") and column[:-2] in self.duplicated:
            return self._place[column[:-2]]
        names = ", ".join(repr(clip(name, 40)) for name in self.unique[:SHOWN])
        more = "" if len(self.unique) <= SHOWN else f" and {len(self.unique) - SHOWN} more"
        raise UsageError("unknown-column", f"no column is named {clip(column)!r}", f"The columns are: {names}{more}.")
