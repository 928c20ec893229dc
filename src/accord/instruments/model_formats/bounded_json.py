"""JSON from a hostile file: bounded in size and depth, duplicate keys and non-numbers noted."""

from __future__ import annotations

import json
import re
from typing import Any

from .interface import MALFORMED, RESOURCE_BOMB, Problem, shorten

MAX_BYTES = 16 << 20
MAX_DEPTH = 64
MAX_CONTAINERS = 1_000_000
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKETS = re.compile(rb"[\[\]{}]")


def parse_json(data: bytes, *, base: int = 0, max_depth: int = MAX_DEPTH) -> tuple[Any, list[Problem]]:
    """Parse at most 16 MiB of UTF-8 JSON with at most a million containers.

    Returns (value or None, problems with offsets from `base`).
    """
    if len(data) > MAX_BYTES:
        return None, [Problem(RESOURCE_BOMB, f"the JSON is larger than {MAX_BYTES} bytes", base)]
    if data.count(b"[") + data.count(b"{") > MAX_CONTAINERS:
        return None, [Problem(RESOURCE_BOMB, f"the JSON has more than {MAX_CONTAINERS} lists and objects", base)]
    depth = deepest = 0
    for bracket in _BRACKETS.findall(_STRINGS.sub(b"", data)):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    if deepest > max_depth:
        return None, [Problem(MALFORMED, f"the JSON is nested {deepest} deep, more than {max_depth}", base)]
    problems: list[Problem] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(items)
        if len(found) < len(items) and len(problems) < 10:
            seen: set[str] = set()
            key = next(key for key, _ in items if key in seen or seen.add(key))  # type: ignore[func-returns-value]
            problems.append(Problem(MALFORMED, f"the key {shorten(key)!r} stands twice in one object", base))
        return found

    def constant(name: str) -> None:
        problems.append(Problem(MALFORMED, f"{name} is not JSON", base))

    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=pairs, parse_constant=constant)
    except UnicodeDecodeError as error:
        return None, [Problem(MALFORMED, "the JSON is not UTF-8", base + error.start)]
    except json.JSONDecodeError as error:
        return None, [Problem(MALFORMED, f"not JSON: {error.msg}", base + error.pos)]
    except (ValueError, RecursionError):
        return None, [Problem(MALFORMED, "not JSON: a number of more digits than can be read", base)]
    return value, problems
