"""Intervals of one rate: Wilson, and Clopper-Pearson where the counts are small."""

from __future__ import annotations

from functools import lru_cache
from math import exp, expm1, log, log1p, sqrt
from statistics import NormalDist

from ...errors import UsageError
from ...records import Interval
from .root import find_root

SMALL = 10
"""Fewer events, or fewer non-events, than this call for the exact interval."""
MAX_TRIALS = 2**53
"""Above this a count is no longer exact as a float."""
_ALMOST_ONE = 1.0 - 2.0**-53


@lru_cache(maxsize=1024)
def quantile(tail: float) -> float:
    """Return z with P(Z > z) = `tail` for a standard normal Z."""
    return -NormalDist().inv_cdf(tail)


def check(events: int, trials: int, level: float) -> None:
    """Raise UsageError unless 0 <= events <= trials, 1 <= trials <= 2^53, and 0.5 <= level < 1."""
    if not (0 <= events <= trials and 1 <= trials <= MAX_TRIALS):
        raise UsageError(
            "bad-counts",
            f"{events} events in {trials} trials have no rate",
            "Hand in whole counts with 0 <= events <= trials and at least one trial.",
        )
    if not 0.5 <= level < 1.0:
        raise UsageError(
            "bad-level", f"{level} is no confidence level", "Choose a level from 0.5 up to, not including, 1, as 0.95."
        )


def wilson_limits(events: int, trials: int, z: float) -> tuple[float, float]:
    """Return both ends of the score interval (Wilson, JASA 22, 1927) at the normal quantile `z`.

    The low end is written as the quotient of the roots' product, so that it keeps its digits near zero.
    """
    z2 = z * z
    centre = 2 * events + z2
    spread = z * sqrt(z2 + 4.0 * events * (trials - events) / trials)
    low = 2.0 * events * (events / trials) / (centre + spread)
    return low, min(1.0, (centre + spread) / (2.0 * (trials + z2)))


@lru_cache(maxsize=8192)
def _log_ways(events: int, trials: int) -> float:
    """Log of the number of ways to choose a few events among the trials."""
    return sum(log((trials - i) / (i + 1)) for i in range(events))


def _log_point(events: int, trials: int, p: float) -> float:
    """Log of P(X = events) for X ~ Binomial(trials, p), for few events."""
    return _log_ways(events, trials) + events * log(p) + (trials - events) * log1p(-p)


def _log_at_most(events: int, trials: int, p: float) -> float:
    """Log of P(X <= events), summed downwards from the largest term."""
    odds, term, total = (1.0 - p) / p, 1.0, 1.0
    for i in range(events, 0, -1):
        term *= i / (trials - i + 1) * odds
        total += term
    return _log_point(events, trials, p) + log(total)


def _log_at_least(events: int, trials: int, p: float) -> float:
    """Log of P(X >= events) for p below events / trials, where the terms fall quickly."""
    odds, term, total, i = p / (1.0 - p), 1.0, 1.0, events
    while i < trials and term > 1e-18 * total:
        term *= (trials - i) / (i + 1) * odds
        total += term
        i += 1
    return _log_point(events, trials, p) + log(total)


@lru_cache(maxsize=8192)
def _exact_high(events: int, trials: int, tail: float) -> float:
    """The p at which so few events have probability `tail`: a quantile of the beta distribution.

    With fewer than ten events it is a sum of at most ten terms, so no beta function is needed.
    """
    goal = log(tail)
    if events == 0:
        return -expm1(goal / trials)

    def excess(p: float) -> float:
        return _log_at_most(events, trials, p) - goal

    near = min(1.25 * wilson_limits(events, trials, quantile(tail))[1], _ALMOST_ONE)
    return find_root(excess, events / trials, near if excess(near) < 0.0 else _ALMOST_ONE)


@lru_cache(maxsize=8192)
def _exact_low(events: int, trials: int, tail: float) -> float:
    """The p at which so many events have probability `tail`."""
    if events == 0:
        return 0.0
    goal = log(tail)
    # P(X >= events) is at most ways * p^events, so this p is below the end, and close to it.
    floor = exp((goal - _log_ways(events, trials)) / events)
    return find_root(lambda p: _log_at_least(events, trials, p) - goal, 0.999 * floor, events / trials)


def _exact_limits(events: int, trials: int, tail: float) -> tuple[float, float]:
    """Return the p with P(X >= events) = tail and the p with P(X <= events) = tail, from the rarer outcome."""
    others = trials - events
    if others < events:
        return 1.0 - _exact_high(others, trials, tail), 1.0 - _exact_low(others, trials, tail)
    return _exact_low(events, trials, tail), _exact_high(events, trials, tail)


def is_small(events: int, trials: int) -> bool:
    """Whether the counts are too small for an approximation: fewer than ten events or non-events."""
    return min(events, trials - events) < SMALL


def rate_limits(events: int, trials: int, tail: float) -> tuple[float, float]:
    """Return both ends, each with the error `tail`: exact where the counts are small, else Wilson's."""
    if is_small(events, trials):
        return _exact_limits(events, trials, tail)
    return wilson_limits(events, trials, quantile(tail))


def rate(events: int, trials: int, *, level: float = 0.95) -> Interval:
    """Return the interval of the rate events / trials, as a proportion.

    Wilson's score interval; Clopper and Pearson's (Biometrika 26, 1934) where events or non-events are fewer than
    ten. Raises UsageError where the counts have no rate.
    """
    check(events, trials, level)
    low, high = rate_limits(events, trials, (1.0 - level) / 2.0)
    return Interval(low=low, high=high, level=level, kind="clopper-pearson" if is_small(events, trials) else "wilson")


def one_sided_upper(events: int, trials: int, *, level: float = 0.95) -> float:
    """Return the rate that the true one doesn't exceed, at `level`, on one side: 1 - 0.05^(1/n) for zero events.

    Exact where `rate` is exact, else Wilson's score bound. It's what "no event was seen" is worth.
    """
    check(events, trials, level)
    return rate_limits(events, trials, 1.0 - level)[1]


def one_sided_lower(events: int, trials: int, *, level: float = 0.95) -> float:
    """Return the rate that the true one reaches at least, at `level`, on one side. The mirror of `one_sided_upper`."""
    check(events, trials, level)
    return rate_limits(events, trials, 1.0 - level)[0]
