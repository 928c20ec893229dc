"""Sample sizes, against closed forms, scipy, and enumeration by the intervals that a verdict looks at."""

from __future__ import annotations

import math

import pytest
from scipy.stats import binom, binomtest, norm

from accord.errors import UsageError
from accord.measures import intervals
from accord.recognition.sampling import (
    LEAST,
    difference_power,
    for_difference,
    for_half_width,
    for_rate,
    for_ratio,
    for_width_of_difference,
    pairs_of,
    rate_power,
    worst_pair,
)


@pytest.mark.parametrize("half", [0.03, 0.05, 0.08])
def test_half_width_at_one_half_has_a_closed_form(half: float):
    z = norm.ppf(0.975)
    assert for_half_width(0.5, half) == max(LEAST, math.ceil(z * z / (4 * half * half) - z * z))
    assert for_half_width(0.5, 0.05) == 381


@pytest.mark.parametrize(("rate", "half"), [(0.2, 0.05), (0.25, 0.04), (0.5, 0.06)])
def test_half_width_against_scipys_wilson(rate: float, half: float):
    def width(n: int) -> float:
        found = binomtest(round(n * rate), n).proportion_ci(method="wilson")
        return (found.high - found.low) / 2

    n = for_half_width(rate, half)
    whole = round(1 / rate)
    above, below = math.ceil(n / whole) * whole, (n - 1) // whole * whole
    assert width(above) <= half
    assert below < LEAST or width(below) > half


def enumerated_rate_power(n: int, rate: float, threshold: float) -> float:
    total = 0.0
    for x in range(n + 1):
        found = intervals.rate(x, n)
        if found.low > threshold if rate > threshold else found.high < threshold:
            total += binom.pmf(x, n, rate)
    return total


@pytest.mark.parametrize(
    ("n", "rate", "threshold"), [(120, 0.9, 0.8), (300, 0.1, 0.15), (101, 0.0, 0.05), (150, 1, 0.9)]
)
def test_power_of_a_rate_by_enumeration(n: int, rate: float, threshold: float):
    assert rate_power(n, rate, threshold) == pytest.approx(enumerated_rate_power(n, rate, threshold), abs=1e-9)


@pytest.mark.parametrize(("rate", "threshold"), [(0.9, 0.8), (0.75, 0.8), (0.2, 0.1), (0.03, 0.05), (0.5, 0.45)])
def test_a_rate_is_told_from_its_threshold(rate: float, threshold: float):
    n = for_rate(rate, threshold)
    assert enumerated_rate_power(n, rate, threshold) >= 0.8
    z, zb = norm.ppf(0.975), norm.ppf(0.8)
    spread = z * math.sqrt(threshold * (1 - threshold)) + zb * math.sqrt(rate * (1 - rate))
    approximate = (spread / (rate - threshold)) ** 2
    assert max(LEAST, approximate) <= n <= max(LEAST, 1.25 * approximate) + 12, "no more than the formula by much"


def enumerated_gap_power(n: int, one: float, other: float, threshold: float) -> float:
    """By every pair of counts and the interval of the gap itself."""
    total = 0.0
    for x in range(n + 1):
        px = binom.pmf(x, n, one)
        if px < 1e-12:
            continue
        for y in range(n + 1):
            py = binom.pmf(y, n, other)
            if py < 1e-12:
                continue
            found = intervals.gap([(x, n), (y, n)])
            below = abs(one - other) < threshold
            if found.high <= threshold if below else found.low > threshold:
                total += px * py
    return total


@pytest.mark.parametrize(
    ("n", "one", "other", "threshold"),
    [(60, 0.5, 0.45, 0.2), (80, 0.8, 0.5, 0.1), (50, 0.1, 0.1, 0.15), (70, 0.9, 0.6, 0.4)],
)
def test_power_of_a_gap_by_enumeration(n: int, one: float, other: float, threshold: float):
    expected = enumerated_gap_power(n, one, other, threshold)
    if abs(one - other) < threshold:
        assert difference_power(n, one, other, threshold) == pytest.approx(expected, abs=1e-6)
    else:  # the gap over groups also separates the other way round, which hardly happens
        assert difference_power(n, one, other, threshold) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(
    ("one", "other", "threshold", "pairs"), [(0.5, 0.5, 0.2, 1), (0.7, 0.6, 0.2, 3), (0.6, 0.3, 0.2, 1)]
)
def test_a_gap_is_told_from_its_threshold(one: float, other: float, threshold: float, pairs: int):
    n = for_difference(one, other, threshold, pairs=pairs)
    joint = 1 - 0.05 / pairs
    assert difference_power(n, one, other, threshold, level=joint) >= 0.8
    z, zb = norm.ppf(1 - 0.025 / pairs), norm.ppf(0.8)
    formula = (z + zb) ** 2 * (one * (1 - one) + other * (1 - other)) / (abs(one - other) - threshold) ** 2
    assert formula <= n <= 1.35 * formula + 5


def test_the_width_of_a_difference_is_that_of_newcombes_interval():
    n = for_width_of_difference(0.5, 0.5, 0.05)
    even = n + n % 2
    found = intervals.difference(even // 2, even, even // 2, even)
    assert found.high <= 0.05
    fewer = n - 2 - n % 2
    assert intervals.difference(fewer // 2, fewer, fewer // 2, fewer).high > 0.05
    assert for_width_of_difference(0.5, 0.5, 0.05, pairs=6) > n


def test_a_ratio_by_its_logarithm():
    n = for_ratio(0.5, 0.45, 0.8)
    spread = 0.5 / 0.5 + 0.55 / 0.45
    assert n == math.ceil((norm.ppf(0.975) + norm.ppf(0.8)) ** 2 * spread / math.log(0.9 / 0.8) ** 2)
    found = intervals.ratio(round(0.45 * n), n, round(0.5 * n), n)
    assert found is not None and found.low > 0.8


def test_nearer_thresholds_and_more_groups_take_more_people():
    assert for_rate(0.85, 0.8) > for_rate(0.9, 0.8)
    assert for_difference(0.5, 0.5, 0.1) > for_difference(0.5, 0.5, 0.2)
    assert for_difference(0.5, 0.5, 0.2, pairs=6) > for_difference(0.5, 0.5, 0.2)
    assert for_rate(0.99, 0.5) == LEAST


@pytest.mark.parametrize(
    "call",
    [
        lambda: for_rate(0.8, 0.8),
        lambda: for_rate(1.2, 0.8),
        lambda: for_rate(0.8, 0.0),
        lambda: for_rate(0.8, 0.8000001),
        lambda: for_difference(0.5, 0.4, 0.5 - 0.4),
        lambda: for_half_width(0.5, 0.0),
        lambda: for_half_width(0.5, 1e-6),
        lambda: for_ratio(0.0, 0.5, 0.8),
        lambda: for_width_of_difference(0.5, 0.5, 0.0),
        lambda: for_rate(0.8, 0.7, power=0.1),
    ],
)
def test_what_no_sample_decides_is_refused(call):
    with pytest.raises(UsageError) as caught:
        call()
    assert caught.value.code == "no-sample-size"


def test_groups():
    assert worst_pair({"a": 0.2, "b": 0.5, "c": 0.4}) == (0.5, 0.2)
    assert worst_pair({"a": 0.2}) == (0.5, 0.5)
    assert [pairs_of("abcd"[:n]) for n in range(5)] == [1, 1, 1, 3, 6]
