"""How many people a local sample needs, before it is drawn: for an interval that is narrow enough, or that decides.

A size is first taken from the normal approximation (Fleiss, Levin, Paik: Statistical Methods for Rates and Proportions,
chapter 4), and then held to what will judge it: the exact distribution of the counts, and the very intervals that a
verdict looks at. Power is the chance that the interval decides if the rates are as assumed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from statistics import NormalDist

from ..errors import UsageError
from ..measures.intervals.pair import newcombe_limits
from ..measures.intervals.single import quantile, rate_limits, wilson_limits

LEVEL = 0.95
POWER = 0.8
HALF_WIDTH = 0.05
"""The half-width that is planned for where nobody states a threshold."""
NEAR = 0.01
"""An assumed value nearer to the threshold than this is not told from it by any sample worth drawing."""
LEAST = 100
"""What a verdict needs in each group (contract, "Intervals")."""
MOST = 10_000_000
_EXACT_UP_TO = 4_000
"""Larger samples are taken from the approximation alone, which is then right to a fraction of a percent."""
_GROWTH = 1.02


def for_half_width(rate: float = 0.5, half: float = HALF_WIDTH, *, level: float = LEVEL) -> int:
    """Return the least n at which Wilson's interval of `rate` is at most `half` wide to each side, on average.

    Raises UsageError unless 0 <= rate <= 1 and 0 < half < 0.5.
    """
    _require(0.0 <= rate <= 1.0 and 0.0 < half < 0.5, f"a half-width of {half} for a rate of {rate}")
    z = quantile((1.0 - level) / 2.0)

    def narrow(n: int) -> bool:
        return z / (1.0 + z * z / n) * math.sqrt(rate * (1.0 - rate) / n + z * z / (4.0 * n * n)) <= half

    return _least(narrow)


def for_rate(rate: float, threshold: float, *, level: float = LEVEL, power: float = POWER) -> int:
    """Return an n at which the interval of a rate leaves out `threshold` with `power`, if the rate is as assumed.

    It holds for that n exactly, by the binomial distribution. Raises UsageError if the two are the same, or no rates.
    """
    _require(0.0 <= rate <= 1.0 and 0.0 < threshold < 1.0 and rate != threshold, f"{rate} against {threshold}")
    z, z_power = _quantiles(level, power)
    spread = z * math.sqrt(threshold * (1.0 - threshold)) + z_power * math.sqrt(rate * (1.0 - rate))
    start = math.ceil((spread / (rate - threshold)) ** 2)
    return _grow(start, lambda n: rate_power(n, rate, threshold, level=level) >= power)


def rate_power(n: int, rate: float, threshold: float, *, level: float = LEVEL) -> float:
    """Return the exact chance that the interval of n trials lies on the assumed side of the threshold."""
    tail = (1.0 - level) / 2.0
    above = rate > threshold

    def decides(events: int) -> bool:
        low, high = rate_limits(events, n, tail)
        return low > threshold if above else high < threshold

    return math.fsum(chance for events, chance in _likely(n, rate) if decides(events))


def for_difference(
    one: float, other: float, threshold: float, *, pairs: int = 1, level: float = LEVEL, power: float = POWER
) -> int:
    """Return an n per group at which the interval of |one - other| decides about `threshold` with `power`.

    `pairs` is how many pairs of groups are looked at together, each at Holm's first step, as the gap over groups is.
    Raises UsageError if the difference is at the threshold, or what is given are no rates.
    """
    gap = abs(one - other)
    fits = 0.0 <= one <= 1.0 and 0.0 <= other <= 1.0 and 0.0 < threshold < 1.0 and pairs >= 1
    _require(fits and gap != threshold, f"a difference of {gap} against {threshold}")
    joint = 1.0 - (1.0 - level) / pairs
    z, z_power = _quantiles(joint, power)
    spread = one * (1.0 - one) + other * (1.0 - other)
    start = math.ceil((z + z_power) ** 2 * spread / (gap - threshold) ** 2)
    high, low = max(one, other), min(one, other)
    return _grow(start, lambda n: difference_power(n, high, low, threshold, level=joint) >= power)


def difference_power(n: int, high: float, low: float, threshold: float, *, level: float = LEVEL) -> float:
    """Return the exact chance that Newcombe's interval of two groups of n each decides about the threshold.

    For an assumed difference below the threshold: the whole interval lies at or under it on both sides; for one above
    it: the interval of high - low lies above.
    """
    tail = (1.0 - level) / 2.0
    limits = [rate_limits(events, n, tail) for events in range(n + 1)]
    below = high - low < threshold

    def ends(x: int, y: int) -> tuple[float, float]:
        return newcombe_limits(x / n, limits[x], y / n, limits[y])

    chances = [0.0] * (n + 2)
    for events, chance in _likely(n, low):
        chances[events] = chance
    upto = [0.0]
    for chance in chances:
        upto.append(upto[-1] + chance)
    total = 0.0
    for x, chance in _likely(n, high):
        if below:  # y is neither so small that x - y may be over the threshold, nor so large that y - x may be
            first = _first(n, lambda y, x=x: ends(x, y)[1] <= threshold)  # type: ignore[misc]
            last = _first(n, lambda y, x=x: -ends(x, y)[0] > threshold)  # type: ignore[misc]
        else:  # y is so small that x - y is surely over it
            first, last = 0, _first(n, lambda y, x=x: ends(x, y)[0] <= threshold)  # type: ignore[misc]
        total += chance * max(0.0, upto[last] - upto[first])
    return total


def for_ratio(one: float, other: float, threshold: float, *, pairs: int = 1, power: float = POWER) -> int:
    """Return an n per group at which the ratio of the smaller to the larger rate is told from `threshold` (Katz).

    The normal approximation of the logarithm of a ratio. Raises UsageError as `for_difference` does, and for a rate 0.
    """
    low, high = min(one, other), max(one, other)
    _require(low > 0.0 and high <= 1.0 and threshold > 0.0 and low / high != threshold, f"{low}/{high}, {threshold}")
    z, z_power = _quantiles(1.0 - (1.0 - LEVEL) / pairs, power)
    spread = (1.0 - low) / low + (1.0 - high) / high
    return _bounded((z + z_power) ** 2 * spread / math.log(low / high / threshold) ** 2)


def for_width_of_difference(
    one: float = 0.5, other: float = 0.5, half: float = HALF_WIDTH, *, pairs: int = 1, level: float = LEVEL
) -> int:
    """Return the least n per group at which Newcombe's interval reaches at most `half` to each side, on average."""
    _require(0.0 < half < 1.0 and pairs >= 1, f"a half-width of {half} over {pairs} pairs")
    z = quantile((1.0 - level) / pairs / 2.0)

    def narrow(n: int) -> bool:
        one_limits, other_limits = (_wilson(rate, n, z) for rate in (one, other))
        low, high = newcombe_limits(one, one_limits, other, other_limits)
        return max(high - (one - other), (one - other) - low) <= half

    return _least(narrow)


def _wilson(rate: float, n: int, z: float) -> tuple[float, float]:
    """Wilson's limits at a rate that need not be a count of n."""
    if float(rate * n).is_integer():
        return wilson_limits(int(rate * n), n, z)
    centre = (rate + z * z / (2 * n)) / (1 + z * z / n)
    spread = z / (1 + z * z / n) * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    return centre - spread, centre + spread


def worst_pair(rates: Mapping[str, float]) -> tuple[float, float]:
    """Return the largest and the smallest rate; where fewer than two are known, one half twice: the widest there is."""
    return (max(rates.values()), min(rates.values())) if len(rates) > 1 else (0.5, 0.5)


def pairs_of(groups: Sequence[str]) -> int:
    """Return how many pairs the groups make; one where fewer than two are known."""
    return max(1, len(groups) * (len(groups) - 1) // 2)


def _likely(n: int, rate: float) -> list[tuple[int, float]]:
    """Return counts and their chances under Binomial(n, rate), all but some 1e-15 of them."""
    if rate in (0.0, 1.0):
        return [(n if rate else 0, 1.0)]
    spread = 9.0 * math.sqrt(n * rate * (1.0 - rate)) + 20.0
    first, last = max(0, int(n * rate - spread)), min(n, int(n * rate + spread) + 1)
    logs = _log_factorials(1 << n.bit_length())
    a, b = math.log(rate), math.log1p(-rate)
    return [(x, math.exp(logs[n] - logs[x] - logs[n - x] + x * a + (n - x) * b)) for x in range(first, last + 1)]


@lru_cache(maxsize=4)
def _log_factorials(upto: int) -> tuple[float, ...]:
    return tuple(math.lgamma(k + 1.0) for k in range(upto + 1))


def _first(n: int, holds: Callable[[int], bool]) -> int:
    """Return the first of 0 … n for which a condition holds that holds for all after it; n + 1 if for none."""
    low, high = 0, n + 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low


def _least(narrow: Callable[[int], bool]) -> int:
    """Return the least n of at least LEAST for which a condition holds that then holds for all larger."""
    low, high = LEAST, LEAST
    while not narrow(high):
        low, high = high + 1, high * 2
        _require(high <= MOST, f"more than {MOST} in a group")
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if narrow(middle) else (middle + 1, high)
    return low


def _grow(start: int, suffices: Callable[[int], bool]) -> int:
    """Return the first n from `start` on that suffices, in steps of two percent: power falls and rises by turns."""
    n = max(LEAST, _bounded(start))
    while n <= _EXACT_UP_TO and not suffices(n):
        n = max(n + 1, int(n * _GROWTH))
    return n


def _bounded(n: float) -> int:
    _require(n <= MOST, f"more than {MOST} in a group")
    return max(LEAST, math.ceil(n))


def _quantiles(level: float, power: float) -> tuple[float, float]:
    _require(0.5 <= level < 1.0 and 0.5 <= power < 1.0, f"a level of {level} and a power of {power}")
    return quantile((1.0 - level) / 2.0), NormalDist().inv_cdf(power)


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise UsageError("no-sample-size", f"no sample decides: {what}", "State another threshold or half-width.")
