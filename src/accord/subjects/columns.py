"""The columns of a text table, read lightly from its first rows for the draft of a card: names and a few values."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import Unavailable
from .paths import shown

MAX_BYTES = 1 << 20
MAX_COLUMNS = 2000
MAX_VALUES = 21
MAX_NAME = 200


@dataclass(frozen=True, slots=True)
class Column:
    """A column by name and 0-based index, up to 21 of its values, and whether its name occurs `repeated`ly."""

    name: str
    index: int
    values: frozenset[str]
    repeated: bool = False


def read_columns(path: Path) -> list[Column]:
    """Return the columns of a CSV or JSON Lines file, from its first megabyte; nothing for other formats.

    A second column of a name is called `name#2`, as everywhere. Columns with overlong names are left out. Raises
    Unavailable if the file can't be read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(MAX_BYTES)
    except OSError as error:
        raise Unavailable(
            "unreadable-file",
            f"{shown(path.name)} can't be read: {error.strerror}",
            "Make it readable, or leave it out.",
        ) from None
    text = head.decode("utf-8-sig", "replace")
    if "\0" in text or head[:4] == b"PAR1":
        return []
    lines = text.splitlines()
    if len(head) == MAX_BYTES:
        lines = lines[:-1]  # the last line may be cut
    if text.lstrip()[:1] == "{":
        return _json_columns(lines)
    return _csv_columns(lines)


def _csv_columns(lines: list[str]) -> list[Column]:
    first = lines[0] if lines else ""
    delimiter = max(",;\t|", key=first.count)
    try:
        rows = iter(csv.reader(lines, delimiter=delimiter))
        names = next(rows, [])[:MAX_COLUMNS]
        values: list[set[str]] = [set() for _ in names]
        for row in rows:
            for seen, value in zip(values, row, strict=False):
                if len(seen) < MAX_VALUES:
                    seen.add(value[:MAX_NAME])
    except csv.Error:
        return []
    return _numbered(zip(names, values, strict=True))


def _json_columns(lines: list[str]) -> list[Column]:
    values: dict[str, set[str]] = {}
    for line in lines:
        try:
            row: Any = json.loads(line)
        except (ValueError, RecursionError):
            continue
        for name, value in row.items() if isinstance(row, dict) else ():
            if (name in values or len(values) < MAX_COLUMNS) and isinstance(value, (str, int, float, bool)):
                seen = values.setdefault(name, set())
                if len(seen) < MAX_VALUES:
                    seen.add(str(value)[:MAX_NAME])
    return _numbered(values.items())


def _numbered(columns: Iterable[tuple[str, set[str]]]) -> list[Column]:
    listed = list(columns)
    total = Counter(name for name, _ in listed)
    seen: Counter[str] = Counter()
    numbered = []
    for index, (name, values) in enumerate(listed):
        seen[name] += 1
        unique = name if seen[name] == 1 else f"{name}#{seen[name]}"
        if 0 < len(name) <= MAX_NAME:
            numbered.append(Column(unique, index, frozenset(values - {""}), total[name] > 1))
    return numbered
