"""Comparing a value with a threshold: by its whole interval, by the measure's direction; the n that would decide."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Literal

from ..records import Interval, Measurement, Value

MINIMUM_FOR_A_VERDICT = 100
"""Trials under which a rate is shown but not judged (contract, "Intervals")."""

Doubt = Literal["straddles", "mismatch"]
"""Why a comparison has no answer: the interval contains the threshold, or the two are of different kinds."""
_PROPORTIONS = frozenset({"wilson", "clopper-pearson", "clopper-pearson-one-sided"})


def too_small(measured: Measurement) -> bool:
    """Return whether a sampled number rests on too few trials for a verdict. Facts, counts and shares are exact."""
    from ..measures.catalogue import catalogue

    if measured.n is None or measured.n >= MINIMUM_FOR_A_VERDICT or not is_number(measured.value):
        return False
    known = catalogue().get(measured.measure)
    if known is None:
        return measured.interval is not None
    return known.derivation.kind not in ("fact", "count", "share")


def compare(value: Value, interval: Interval | None, op: str, threshold: Value) -> tuple[bool | None, Doubt | None]:
    """Compare a value, as far as its interval is certain of it, with a threshold that isn't null.

    A list is `in` a list if each of its entries is; a list `contains` each entry that is asked for, a text a part.
    """
    if op in ("in", "contains"):
        pool, sought = (threshold, value) if op == "in" else (value, threshold)
        if isinstance(pool, str) and isinstance(sought, str) and op == "contains":
            return sought in pool, None
        if not isinstance(pool, tuple):
            return None, "mismatch"
        wanted = sought if isinstance(sought, tuple) else (sought,)
        return all(entry in pool for entry in wanted), None
    if is_number(value) and is_number(threshold):
        point, limit = as_float(value), as_float(threshold)
        low, high = (interval.low, interval.high) if interval else (point, point)
        return _compare_numbers(min(low, point), max(high, point), op, limit)
    if op != "==" or type(value) is not type(threshold):
        return None, "mismatch"
    return value == threshold, None


def _compare_numbers(low: float, high: float, op: str, limit: float) -> tuple[bool | None, Doubt | None]:
    if op == "==":
        if low == high == limit:
            return True, None
        return (None, "straddles") if low <= limit <= high else (False, None)
    if op in (">", ">="):
        low, high, limit = -high, -low, -limit
    strict = op in ("<", ">")
    if high < limit or (high == limit and not strict):
        return True, None
    if low > limit or (low == limit and strict):
        return False, None
    return None, "straddles"


def has_direction(measure: str) -> bool:
    """Return whether some values of a measure of the catalogue are better than others."""
    from ..measures.catalogue import catalogue

    found = catalogue().get(measure)
    return found is not None and found.direction != "none"


def badness(measure: str, value: float) -> float:
    """Return a number that grows as `value` gets worse, by the measure's direction in the catalogue."""
    from ..measures.catalogue import catalogue

    found = catalogue().get(measure)
    direction = found.direction if found is not None else "none"
    if direction == "zero_is_best":
        return abs(value)
    if direction == "one_is_best":
        return max(value, 1.0 / value) if value > 0 else math.inf
    return -value if direction == "higher_is_better" else value


def trials_needed(measured: Measurement, threshold: Value) -> int | None:
    """Estimate the n at which the same value would be told from the threshold; null if no n would tell them apart.

    For a rate, Wilson's interval leaves out t as soon as n > z² t (1 - t) / (p - t)², because it inverts the score
    test (Wilson, JASA 22, 1927); for other intervals, the half-width on the threshold's side is taken to shrink with
    the root of n. Both suppose that the point estimate stays as it is: an approximation for planning, not a promise.
    """
    if not is_number(threshold) or not is_number(measured.value) or measured.n is None:
        return None
    value, limit = as_float(measured.value), as_float(threshold)
    if value == limit or not math.isfinite(value - limit):
        return None
    interval = measured.interval
    needed = 0.0
    if interval is not None and interval.low <= limit <= interval.high:
        if interval.kind in _PROPORTIONS and 0.0 < limit < 1.0:
            needed = _z(interval.level) ** 2 * limit * (1.0 - limit) / (value - limit) ** 2
        else:
            half = (interval.high - value) if limit > value else (value - interval.low)
            needed = as_float(measured.n) * (half / (value - limit)) ** 2
    if not needed <= 1e12:
        return None
    return max(MINIMUM_FOR_A_VERDICT, measured.n + 1, math.floor(needed) + 1)


@lru_cache(maxsize=16)
def _z(level: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf(0.5 + level / 2.0)


def is_number(value: Value) -> bool:
    """Return whether a value is an int or a float; true and false are not numbers."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def as_float(value: Value) -> float:
    """Return a number as a float, one that is too large as infinity."""
    if not isinstance(value, int | float):
        raise TypeError("not a number")
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def shown(value: Value) -> str:
    """Return a value as a reader expects it: yes or no, four digits, a text cut at 60 characters."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    text = ", ".join(value) if isinstance(value, tuple) else str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
