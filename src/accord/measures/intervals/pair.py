"""Intervals that compare the rates of two groups: Newcombe for the difference, Koopman for the ratio."""

from __future__ import annotations

from math import exp, hypot, log, sqrt

from ...records import Interval
from .root import find_root
from .single import check, quantile, wilson_limits

_WIDE = 120.0
"""A ratio beyond exp(120) isn't told from zero or from no bound."""


def difference(events: int, trials: int, other_events: int, other_trials: int, *, level: float = 0.95) -> Interval:
    """Return the interval of events / trials - other_events / other_trials.

    Newcombe's hybrid score interval (Statistics in Medicine 17, 1998, 873-890, method 10). Raises UsageError where
    the counts have no rate.
    """
    check(events, trials, level)
    check(other_events, other_trials, level)
    z = quantile((1.0 - level) / 2.0)
    low, high = newcombe_limits(
        events / trials,
        wilson_limits(events, trials, z),
        other_events / other_trials,
        wilson_limits(other_events, other_trials, z),
    )
    return Interval(low=low, high=high, level=level, kind="newcombe")


def newcombe_limits(
    rate: float, limits: tuple[float, float], other: float, other_limits: tuple[float, float]
) -> tuple[float, float]:
    """Return both ends for rate - other from each rate's own limits."""
    gap = rate - other
    return (
        max(-1.0, gap - hypot(rate - limits[0], other_limits[1] - other)),
        min(1.0, gap + hypot(limits[1] - rate, other - other_limits[0])),
    )


def ratio(events: int, trials: int, other_events: int, other_trials: int, *, level: float = 0.95) -> Interval | None:
    """Return the interval of (events / trials) / (other_events / other_trials).

    Koopman's asymptotic score interval (Biometrics 40, 1984, 513-517). None where it has no upper end: no event in
    the other group. Raises UsageError where the counts have no rate.
    """
    check(events, trials, level)
    check(other_events, other_trials, level)
    if other_events == 0:
        return None
    z = quantile((1.0 - level) / 2.0)
    low = koopman_limit(events, trials, other_events, other_trials, -z)
    high = koopman_limit(events, trials, other_events, other_trials, z)
    return Interval(low=low, high=high, level=level, kind="koopman")


def koopman_limit(x: int, m: int, y: int, n: int, z: float) -> float:
    """Return the ratio at which the signed score of x/m against y/n is `z`: the low end for -z, the high end for z.

    Needs an event in the group that bounds this end: y > 0 for the high end; with x = 0 the low end is 0.
    """
    if x == 0 and z < 0:
        return 0.0
    start = log((x + 0.5) / (m + 0.5)) - log((y + 0.5) / (n + 0.5))
    step = z / 2.0
    inner, outer = start, start + step
    if (score(x, m, y, n, exp(start)) - z) * z > 0:
        inner = start - step  # x or y is so small that the start is already outside
        while (score(x, m, y, n, exp(inner)) - z) * z > 0:
            inner -= step
        outer = inner + step
    while (score(x, m, y, n, exp(outer)) - z) * z < 0:
        inner, step = outer, step * 2.0
        outer = inner + step
        if abs(outer) > _WIDE:
            break
    return exp(find_root(lambda t: score(x, m, y, n, exp(t)) - z, inner, outer))


def score(x: int, m: int, y: int, n: int, theta: float) -> float:
    """Return the signed root of Koopman's chi-square for the ratio `theta` of the rates behind x/m and y/n.

    It rises with theta, through zero at (x/m) / (y/n). The rates are fitted under the restriction p = theta * q; the
    discriminant is written as a sum of two terms that are never negative, since the textbook form loses all
    digits where nearly every trial is an event.
    """
    a, b = theta * (m + y), x + n
    shift = (theta - 1.0) * (m + y) + ((m - x) - (n - y))
    root = sqrt(shift * shift + 4.0 * theta * (m - x) * (n - y))
    q = 2.0 * (x + y) / (a + b + root)
    p = theta * q
    variance = (1.0 - p) / (m * p) + (1.0 - q) / (n * q)
    if theta < 1.0:
        return (m * p - x) / (1.0 - p) * sqrt(variance)
    if q >= 1.0:
        return 0.0
    return (y - n * q) / (1.0 - q) * sqrt(variance)
