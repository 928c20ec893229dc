"""How often each interval contains the truth. Exact by enumeration up to two groups, drawn with a fixed seed beyond.

What is true, and asserted here, at a nominal 95 %:

- rate: never under 92.5 % at any true rate (its exact minimum, not a grid's), 95 % or more on average;
- difference (Newcombe) and ratio (Koopman): 95 % or more on average, and 93 % at the worst where both groups expect 3
  events and 3 non-events or more. Where they expect fewer, the difference can fall to 87 %, and the ratio to 86 %:
  one event in a group that should have had none;
- gap and smallest ratio: the same, and better: 94 % at the worst where all of two groups have the same rate. With 3
  to 8 groups, of equal sizes or one a hundred times larger, no miss rate beyond what 5 % shows in the draws.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from scipy.stats import binom

from accord.measures import intervals

CLOSE = 1e-12


def exact_worst_case(trials: int) -> tuple[float, float]:
    """Return the least coverage of `rate` over all true rates, and its mean over a fine grid.

    Between two neighbouring ends the set of covering outcomes is fixed and consecutive, so coverage has no minimum
    inside: it's enough to look at both sides of every end.
    """
    events = np.arange(trials + 1)
    found = [intervals.rate(int(k), trials) for k in events]
    low, high = np.array([i.low for i in found]), np.array([i.high for i in found])
    ends = np.unique(np.concatenate([low, high]))
    ends = ends[(ends > 0) & (ends < 1), None]
    chance = binom.pmf(events, trials, ends)
    from_left = (chance * ((low < ends) & (ends <= high))).sum(axis=1)
    from_right = (chance * ((low <= ends) & (ends < high))).sum(axis=1)
    grid = np.linspace(0.0005, 0.9995, 2001)[:, None]
    mean = (binom.pmf(events, trials, grid) * ((low <= grid) & (grid <= high))).sum(axis=1).mean()
    return min(from_left.min(), from_right.min()), mean


@pytest.mark.parametrize("trials", [1, 5, 12, 18, 20, 30, 50, 100, 120, 150, 300, 1000])
def test_rate(trials):
    worst, mean = exact_worst_case(trials)
    assert worst >= (0.95 if trials < 2 * 10 - 1 else 0.925)
    assert mean >= 0.95


@pytest.mark.soak
@pytest.mark.parametrize("trials", range(2, 400, 3))
def test_rate_at_every_size(trials):
    worst, mean = exact_worst_case(trials)
    assert worst >= 0.925
    assert mean >= 0.95


RATES = np.concatenate([[0.005, 0.01, 0.02], np.linspace(0.04, 0.96, 24), [0.98, 0.99, 0.995]])


@lru_cache
def ends(kind: str, m: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Both ends for every outcome of two groups; an interval that does not exist rules nothing out."""
    low, high = np.full((m + 1, n + 1), -np.inf), np.full((m + 1, n + 1), np.inf)
    for x in range(m + 1):
        for y in range(n + 1):
            if kind in ("difference", "ratio"):
                found = getattr(intervals, kind)(x, m, y, n)
            else:
                found = getattr(intervals, kind)([(x, m), (y, n)])
            if found is not None:
                low[x, y], high[x, y] = found.low, found.high
    return low, high


TRUTH = {
    "difference": lambda p, q: p - q,
    "ratio": lambda p, q: p / q,
    "gap": lambda p, q: abs(p - q),
    "min_ratio": lambda p, q: min(p, q) / max(p, q),
}


@lru_cache
def coverage(kind: str, m: int, n: int) -> np.ndarray:
    """The exact coverage for every pair of true rates."""
    low, high = ends(kind, m, n)
    one, other = binom.pmf(np.arange(m + 1), m, RATES[:, None]), binom.pmf(np.arange(n + 1), n, RATES[:, None])
    truth = np.array([[TRUTH[kind](p, q) for q in RATES] for p in RATES])
    return np.array(
        [
            [
                one[i] @ ((low <= truth[i, j] + CLOSE) & (truth[i, j] - CLOSE <= high)) @ other[j]
                for j in range(len(RATES))
            ]
            for i in range(len(RATES))
        ]
    )


SIZES = [(30, 30), (50, 50), (30, 100), (80, 80)]


def expecting_three(m: int, n: int) -> tuple[np.ndarray, ...]:
    """Where both groups expect at least three events and three non-events."""
    return np.ix_(*(np.minimum(RATES, 1 - RATES) * trials >= 3 for trials in (m, n)))


@pytest.mark.parametrize(("kind", "worst"), [("difference", 0.87), ("ratio", 0.86), ("gap", 0.92), ("min_ratio", 0.86)])
@pytest.mark.parametrize(("m", "n"), SIZES)
def test_two_groups(kind, worst, m, n):
    found = coverage(kind, m, n)
    assert found.mean() >= 0.95
    assert found.min() >= worst
    assert found[expecting_three(m, n)].min() >= 0.93


@pytest.mark.parametrize("kind", ["gap", "min_ratio"])
@pytest.mark.parametrize(("m", "n"), SIZES)
def test_two_groups_of_the_same_rate(kind, m, n):
    """The low end of a gap that is truly 0 is 0, and the high end of a ratio that is truly 1 is 1."""
    equal = np.diagonal(coverage(kind, m, n))
    assert equal.min() >= 0.94
    assert equal.mean() >= 0.95


def drawn_misses(sizes: list[int], rates: np.ndarray, draws: int, seed: int) -> tuple[float, float]:
    """Return how often the gap, and the smallest ratio, leave out the truth."""
    draw = np.random.default_rng(seed).binomial(sizes, rates, size=(draws, len(sizes)))
    gap, ratio = rates.max() - rates.min(), rates.min() / rates.max()
    misses = [0, 0]
    for row in draw.tolist():
        groups = list(zip(row, sizes, strict=True))
        found = intervals.gap(groups)
        misses[0] += not found.low <= gap + CLOSE <= found.high + 2 * CLOSE
        smallest = intervals.min_ratio(groups)
        if smallest is not None:
            misses[1] += not smallest.low <= ratio + CLOSE <= smallest.high + 2 * CLOSE
    return misses[0] / draws, misses[1] / draws


def shapes(groups: int, rate: float) -> dict[str, np.ndarray]:
    equal = np.full(groups, rate)
    one_lower = equal.copy()
    one_lower[0] /= 2
    return {"equal": equal, "one lower": one_lower, "spread": rate * np.linspace(0.5, 1, groups)}


DESIGNS = {"equal sizes": lambda k: [60] * k, "one large": lambda k: [30] * (k - 1) + [3000]}


@pytest.mark.parametrize("shape", ["equal", "one lower", "spread"])
@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("groups", [3, 5, 8])
def test_three_to_eight_groups(groups, design, shape):
    """1,500 draws: a true 5 % shows as more than 7.5 % once in a hundred thousand times; the seed is fixed anyway."""
    for seed, rate in enumerate((0.02, 0.5)):
        gap, ratio = drawn_misses(DESIGNS[design](groups), shapes(groups, rate)[shape], 1500, seed)
        assert gap <= 0.075
        assert ratio <= 0.075


@pytest.mark.soak
@pytest.mark.parametrize("shape", ["equal", "one lower", "spread"])
@pytest.mark.parametrize("sizes", ["30 each", "200 each", "30s and 3000", "30 and 3000s", "100s and 10000"])
@pytest.mark.parametrize("groups", range(2, 9))
def test_two_to_eight_groups_at_length(groups, sizes, shape):
    size = {
        "30 each": [30] * groups,
        "200 each": [200] * groups,
        "30s and 3000": [30] * (groups - 1) + [3000],
        "30 and 3000s": [30] + [3000] * (groups - 1),
        "100s and 10000": [100] * (groups - 1) + [10_000],
    }[sizes]
    for seed, rate in enumerate((0.005, 0.01, 0.03, 0.1, 0.3, 0.5, 0.9)):
        gap, ratio = drawn_misses(size, shapes(groups, rate)[shape], 3000, seed)
        assert gap <= 0.075
        assert ratio <= 0.085


def test_a_percentile_bootstrap_would_never_contain_the_true_zero():
    """Why it is not used: its low end lies above 0 in every draw of four equal groups."""
    rng = np.random.default_rng(4)
    sizes, rates = np.array([200] * 4), np.full(4, 0.3)
    above = 0
    for row in rng.binomial(sizes, rates, size=(200, 4)):
        resampled = rng.binomial(sizes, row / sizes, size=(500, 4)) / sizes
        above += np.quantile(np.ptp(resampled, axis=1), 0.025) > 0
    assert above == 200
