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

    It rises with theta, through zero at (x/m) / (y/n). The rates are fitted under the restriction p = theta * q: p and
    q solve a quadratic, and so do 1 - p and 1 - q. Each is computed by itself from terms that don't cancel, since
    1 - q has no digits left where nearly every trial is an event.
    """
    every, one, other = m + n, m - x, n - y  # trials, and the non-events of both groups
    shift = (theta - 1.0) * (m + y) + (one - other)
    root = sqrt(shift * shift + 4.0 * theta * one * other)
    q = 2.0 * (x + y) / (theta * (m + y) + (x + n) + root)
    p = theta * q
    d = every * (1.0 - theta) - one - theta * other
    e = every * (theta - 1.0) - one - theta * other
    not_q = (root - d) / (2.0 * every * theta) if d <= 0.0 else 2.0 * (1.0 - theta) * other / (root + d)
    not_p = (root - e) / (2.0 * every) if e <= 0.0 else 2.0 * (theta - 1.0) * one / (root + e)
    if theta < 1.0:
        excess = (m * p - x if p < 0.5 else one - m * not_p) / not_p
    elif not_q > 0.0:
        excess = (y - n * q if q < 0.5 else n * not_q - other) / not_q
    else:
        return 0.0  # every trial is an event, and theta is 1
    return excess * sqrt(not_p / (m * p) + not_q / (n * q))
