"""Intervals of the largest gap, and of the smallest ratio, between the rates of several groups.

A maximum over groups is never zero in a sample, even where it's zero in truth, so a percentile bootstrap of it never
contains the truth. Here every pair of groups gets its own interval, at a level that makes all of them hold at once;
the gap is then at least the largest of the low ends and at most the largest of the high ends.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import UsageError
from ...records import Interval
from .pair import koopman_limit, newcombe_limits, score
from .single import check, quantile, rate_limits

Group = tuple[int, int]
"""Events and trials of one group."""


def _tail_per_pair(groups: Sequence[Group], level: float) -> float:
    """Return the error that each end of each pair's interval may have: the first step of Holm over all pairs.

    Holm's later steps can separate further pairs, but none of them more than the pair of the first step; so the
    ends of a maximum are those of the first step.
    """
    if len(groups) < 2:
        raise UsageError("too-few-groups", "a gap needs two groups", "Hand in the counts of at least two groups.")
    for events, trials in groups:
        check(events, trials, level)
    pairs = len(groups) * (len(groups) - 1) // 2
    return (1.0 - level) / (2.0 * pairs)


def gap(groups: Sequence[Group], *, level: float = 0.95) -> Interval:
    """Return the interval of the largest rate minus the smallest, from the (events, trials) of 2 or more groups.

    Simultaneous intervals of all pairs, in Newcombe's form; the low end is 0 when no pair separates. Raises
    UsageError for fewer than two groups, or counts that have no rate.
    """
    known = _known(groups, _tail_per_pair(groups, level))
    low, high = 0.0, 0.0
    for i, one in enumerate(known):
        for other in known[:i]:
            down, up = newcombe_limits(*one, *other)
            low, high = max(low, down, -up), max(high, up, -down)
    return Interval(low=low, high=high, level=level, kind="newcombe-simultaneous")


def min_ratio(groups: Sequence[Group], *, level: float = 0.95) -> Interval | None:
    """Return the interval of the smallest rate divided by the largest, from the (events, trials) of the groups.

    Simultaneous Koopman intervals of all pairs; the high end is 1 when no pair separates. A pair separates only
    if its difference separates too, because the score of a ratio alone is too bold where events are rare. None
    where no group has an event. Raises UsageError as `gap` does.
    """
    tail = _tail_per_pair(groups, level)
    if not any(events for events, _ in groups):
        return None
    # Sorted, so that the order of the groups can't show in the last digit.
    ordered = sorted(groups, key=lambda group: (group[0] / group[1], group[1]))
    known = _known(ordered, tail)
    z, low, high = quantile(tail), 0.0 if ordered[0][0] == 0 else 1.0, 1.0
    for i, (x, m) in enumerate(ordered):
        for j in range(len(ordered) - 1, -1, -1):
            y, n = ordered[j]
            # An end is computed only where the score at the best end so far says that it lies beyond it.
            if i != j and low and score(x, m, y, n, low) > -z:
                low = min(low, koopman_limit(x, m, y, n, -z))
            if i < j and y and score(x, m, y, n, high) > z and newcombe_limits(*known[j], *known[i])[0] > 0.0:
                high = min(high, koopman_limit(x, m, y, n, z))
    return Interval(low=low, high=high, level=level, kind="koopman-simultaneous")


def _known(groups: Sequence[Group], tail: float) -> list[tuple[float, tuple[float, float]]]:
    """Return the rate and its own ends for each group.

    The ends are exact where counts are small: at the small errors that many pairs leave, Wilson's low end for one
    or two events lies several times too high.
    """
    return [(events / trials, rate_limits(events, trials, tail)) for events, trials in groups]
