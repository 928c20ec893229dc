"""What the values of a card must be, beyond their types: choices, ranges, paths. Each mistake names its key."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from .paths import path_problem, shown

OPERATORS = ("<", "<=", ">", ">=", "==", "in")
FAVOURABLE = ("positive", "negative")
LARGEST = 2**53 - 1  # the largest integer that RFC 8785 can write exactly


def values_problems(card: dict[str, Any]) -> Iterator[str]:
    """Yield the mistakes of a parsed card. A value of the wrong type is passed over: the structure check names it."""
    yield from _numbers(card, "")
    yield from _paths(card)
    yield from _prediction(_table(_table(card, "data"), "prediction"))
    yield from _choices(card)
    url = _table(card, "endpoint").get("url")
    if isinstance(url, str) and _names_user(url):
        yield "endpoint.url: holds a user name or password; leave them out"


def _table(table: dict[str, Any], key: str) -> dict[str, Any]:
    value = table.get(key)
    return value if isinstance(value, dict) else {}


def _numbers(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _numbers(child, f"{path}.{shown(key)[:60]}" if path else shown(key)[:60])
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _numbers(child, f"{path}[{index}]")
    elif isinstance(value, float) and not math.isfinite(value):
        yield f"{path}: not a finite number"
    elif isinstance(value, int) and abs(value) > LARGEST:
        yield f"{path}: larger than 2^53 - 1"


def _paths(card: dict[str, Any]) -> Iterator[str]:
    named = [("data.file", _table(card, "data").get("file")), ("model.file", _table(card, "model").get("file"))]
    named += [(f"documents.{shown(kind)[:60]}", path) for kind, path in _table(card, "documents").items()]
    for key, path in named:
        if isinstance(path, str) and (problem := path_problem(path)):
            yield f"{key}: {shown(path[:80])!r} {problem}"


def _prediction(prediction: dict[str, Any]) -> Iterator[str]:
    if prediction and ("column" in prediction) == ("index" in prediction):
        yield "data.prediction: name exactly one of column and index"
    index = prediction.get("index")
    if isinstance(index, int) and index < 0:
        yield "data.prediction.index: counts columns from 0"
    positive = _table(prediction, "positive")
    op, value = positive.get("op"), positive.get("value")
    if isinstance(op, str) and op not in OPERATORS:
        yield f"data.prediction.positive.op: {shown(op[:20])!r} is none of {' '.join(OPERATORS)}"
    elif op == "in" and not isinstance(value, list):
        yield "data.prediction.positive.value: `in` needs a list of values"
    elif op in OPERATORS and op != "in" and isinstance(value, list):
        yield f"data.prediction.positive.value: {op} needs one value, not a list"
    elif op in OPERATORS[:4] and isinstance(value, (str, bool)):
        yield f"data.prediction.positive.value: {op} needs a number"


def _choices(card: dict[str, Any]) -> Iterator[str]:
    data, system, training = _table(card, "data"), _table(card, "system"), _table(_table(card, "model"), "training")
    favourable, sensitive, sdgs = data.get("favourable"), data.get("sensitive"), system.get("sdgs")
    if isinstance(favourable, str) and favourable not in FAVOURABLE:
        yield f"data.favourable: {shown(favourable[:20])!r} is neither positive nor negative"
    if isinstance(sensitive, list):
        names = [name for name in sensitive if isinstance(name, str)]
        yield from (f"data.sensitive: names {shown(n[:60])!r} twice" for n in sorted(set(names)) if names.count(n) > 1)
    if isinstance(sdgs, list):
        wrong = [goal for goal in sdgs if isinstance(goal, int) and not 1 <= goal <= 17]
        yield from (
            f"system.sdgs: the goals are numbered 1 to 17, not {goal}" for goal in wrong if abs(goal) <= LARGEST
        )
    for key in ("tokens", "hours"):
        amount = training.get(key)
        if isinstance(amount, (int, float)) and amount < 0:
            yield f"model.training.{key}: not negative"
    yield from _operations(training.get("flop"))


def _operations(flop: Any) -> Iterator[str]:
    ends = flop if isinstance(flop, list) else [flop]
    numbers = [end for end in ends if isinstance(end, (int, float)) and not isinstance(end, bool)]
    if any(number < 0 for number in numbers):
        yield "model.training.flop: not negative"
    elif isinstance(flop, list) and len(numbers) == 2 and numbers[0] > numbers[1]:
        yield "model.training.flop: write the lowest possible value first, then the highest"


def _names_user(url: str) -> bool:
    try:
        return "@" in urlsplit(url).netloc
    except ValueError:
        return False
