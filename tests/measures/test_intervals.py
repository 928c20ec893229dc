"""Each interval against an independent source: scipy, exact arithmetic, published examples, a direct maximisation."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq, minimize_scalar
from scipy.special import betaincinv
from scipy.stats import binomtest, chi2, norm

from accord.errors import AccordError, UsageError
from accord.measures import intervals
from accord.measures.intervals.root import find_root

LEVELS = (0.9, 0.95, 0.99, 0.999)


@st.composite
def counts(draw, most=10**6, least=1):
    trials = draw(st.integers(least, most))
    few = min(12, trials)
    events = draw(st.one_of(st.integers(0, few), st.integers(trials - few, trials), st.integers(0, trials)))
    return events, trials


@settings(max_examples=300, deadline=None)
@given(counts(), st.sampled_from(LEVELS))
def test_rate_is_wilson_or_clopper_pearson_of_scipy(pair, level):
    events, trials = pair
    found = intervals.rate(events, trials, level=level)
    few = min(events, trials - events) < 10
    assert found.kind == ("clopper-pearson" if few else "wilson")
    assert found.level == level
    if few:
        tail = (1 - level) / 2
        low = betaincinv(events, trials - events + 1, tail) if events else 0.0
        high = betaincinv(events + 1, trials - events, 1 - tail) if events < trials else 1.0
    else:
        low, high = binomtest(events, trials).proportion_ci(level, method="wilson")
    assert found.low == pytest.approx(low, rel=2e-9, abs=1e-12)
    assert found.high == pytest.approx(high, rel=2e-9, abs=1e-12)


@pytest.mark.parametrize(("events", "trials"), [(5, 321_689_036), (2, 787_933_148), (9, 10**9), (1, 10**9)])
def test_exact_limits_of_a_thousand_million_trials(events, trials):
    """Checked in 50 digits, since scipy's own quantile keeps only 8 there."""
    found = intervals.rate(events, trials)

    def at_most(p: float, most: int) -> Decimal:
        p = Decimal(p)
        log_none = (1 - p).ln()
        return sum(math.comb(trials, i) * p**i * (log_none * (trials - i)).exp() for i in range(most + 1))

    with localcontext() as precise:
        precise.prec = 50
        assert float(at_most(found.high, events)) == pytest.approx(0.025, rel=1e-12)
        assert float(1 - at_most(found.low, events - 1)) == pytest.approx(0.025, rel=1e-12)


@pytest.mark.parametrize(
    ("events", "trials", "low", "high"),
    [(805, 1795, 42.56, 47.16), (50, 1000, 3.8, 6.5), (15, 300, 3.05, 8.1)],
)
def test_published_wilson_intervals(events, trials, low, high):
    found = intervals.rate(events, trials)
    digits = 2 if low > 10 else 1
    assert round(100 * found.high, digits) == high
    assert 100 * found.low == pytest.approx(low, abs=0.06)


@pytest.mark.parametrize(("trials", "percent"), [(50, 5.8), (300, 1.0), (1000, 0.30), (2000, 0.15)])
def test_zero_events_give_the_one_sided_bound(trials, percent):
    bound = intervals.one_sided_upper(0, trials)
    assert 100 * bound == pytest.approx(percent, abs=0.05)
    assert (1 - bound) ** trials == pytest.approx(0.05, rel=1e-12)
    assert intervals.one_sided_lower(trials, trials) == pytest.approx(1 - bound, rel=1e-14)


@given(counts(), st.sampled_from(LEVELS))
def test_a_one_sided_bound_is_an_end_at_twice_the_error(pair, level):
    events, trials = pair
    both = intervals.rate(events, trials, level=1 - 2 * (1 - level))
    assert intervals.one_sided_upper(events, trials, level=level) == pytest.approx(both.high, rel=1e-9)
    assert intervals.one_sided_lower(events, trials, level=level) == pytest.approx(both.low, rel=1e-9)


# Newcombe, Statistics in Medicine 17 (1998), table II, method 10.
NEWCOMBE = [
    (56, 70, 48, 80, 0.0524, 0.3339),
    (9, 10, 3, 10, 0.1705, 0.8090),
    (6, 7, 2, 7, 0.0582, 0.8062),
    (5, 56, 0, 29, -0.0381, 0.1926),
    (0, 10, 0, 20, -0.1611, 0.2775),
    (0, 10, 0, 10, -0.2775, 0.2775),
    (10, 10, 0, 20, 0.6791, 1.0000),
    (10, 10, 0, 10, 0.6075, 1.0000),
]


@pytest.mark.parametrize(("a", "m", "b", "n", "low", "high"), NEWCOMBE)
def test_difference_reproduces_newcombe_table_2(a, m, b, n, low, high):
    found = intervals.difference(a, m, b, n)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


def test_ratio_reproduces_koopman_example():
    """Koopman, Biometrics 40 (1984): 36 of 40 against 16 of 80."""
    found = intervals.ratio(36, 40, 16, 80)
    assert (round(found.low, 2), round(found.high, 2)) == (2.94, 7.15)


def chi_square_by_maximisation(x, m, y, n, theta):
    """Koopman's statistic with the restricted likelihood maximised numerically instead of by its quadratic."""
    top = min(1.0, 1.0 / theta)

    def minus_log_likelihood(q):
        p = theta * q
        terms = ((x, p), (m - x, 1 - p), (y, q), (n - y, 1 - q))
        return -sum(count * math.log(max(chance, 1e-300)) for count, chance in terms if count)

    q = minimize_scalar(minus_log_likelihood, bounds=(0, top), method="bounded", options={"xatol": 1e-13}).x
    p = theta * q
    return (x - m * p) ** 2 / (m * p * (1 - p)) + (y - n * q) ** 2 / (n * q * (1 - q))


@pytest.mark.parametrize(
    "table", [(36, 40, 16, 80), (3, 50, 9, 60), (0, 30, 5, 40), (25, 30, 29, 31), (400, 900, 30, 100)]
)
@pytest.mark.parametrize("level", [0.9, 0.95, 0.999])
def test_ratio_inverts_the_score_test(table, level):
    found = intervals.ratio(*table, level=level)
    for end in (found.low, found.high):
        if end:
            assert chi_square_by_maximisation(*table, end) == pytest.approx(chi2.ppf(level, 1), rel=1e-5)
    assert (found.low == 0) == (table[0] == 0)


@given(counts(), counts(), st.sampled_from(LEVELS))
def test_ratio_contains_the_estimate_and_mirrors(one, other, level):
    (x, m), (y, n) = one, other
    found = intervals.ratio(x, m, y, n, level=level)
    if y == 0:
        assert found is None
        return
    assert found.low <= (x / m) / (y / n) * (1 + 1e-12)
    assert found.high >= (x / m) / (y / n) * (1 - 1e-12)
    if x:
        mirrored = intervals.ratio(y, n, x, m, level=level)
        assert found.low == pytest.approx(1 / mirrored.high, rel=1e-9)
        assert found.high == pytest.approx(1 / mirrored.low, rel=1e-9)


def test_ratio_keeps_its_digits_where_every_trial_is_an_event():
    """n of n against n of n: the low end solves n (1 - t) = z² t, so it is n / (n + z²)."""
    z2 = norm.ppf(0.975) ** 2
    for n in (30, 10**6, 10**9):
        found = intervals.ratio(n, n, n, n)
        assert 1 - found.low == pytest.approx(z2 / (n + z2), rel=1e-6)
        assert found.high == pytest.approx((n + z2) / n, rel=1e-12)


@given(st.lists(counts(most=500), min_size=2, max_size=6), st.randoms())
def test_gap_and_min_ratio_hold_the_estimate_and_forget_the_order(groups, random):
    rates = [events / trials for events, trials in groups]
    found = intervals.gap(groups)
    assert found.low <= max(rates) - min(rates) <= found.high + 1e-12
    assert 0 <= found.low <= found.high <= 1
    ratio = intervals.min_ratio(groups)
    assert (ratio is None) == (max(rates) == 0)
    if ratio is not None:
        assert 0 <= ratio.low <= min(rates) / max(rates) * (1 + 1e-12) <= ratio.high * (1 + 1e-9)
        assert ratio.high <= 1
    shuffled = random.sample(groups, len(groups))
    assert intervals.gap(shuffled) == found
    assert intervals.min_ratio(shuffled) == ratio


@given(st.lists(st.tuples(st.integers(12, 28), st.just(40)), min_size=2, max_size=6))
def test_gap_and_min_ratio_are_the_extremes_of_all_pairs(groups):
    pairs = list(combinations(groups, 2))
    level = 1 - 0.05 / len(pairs)
    gaps = [intervals.difference(*max(pair), *min(pair), level=level) for pair in pairs]
    found = intervals.gap(groups)
    assert found.low == pytest.approx(max(0.0, *(gap.low for gap in gaps)), abs=1e-12)
    assert found.high == pytest.approx(max(gap.high for gap in gaps), abs=1e-12)
    ratios = [intervals.ratio(*min(pair), *max(pair), level=level) for pair in pairs]
    smallest = intervals.min_ratio(groups)
    assert smallest.low == pytest.approx(min(ratio.low for ratio in ratios), rel=1e-9)
    separated = [ratio.high for ratio, gap in zip(ratios, gaps, strict=True) if gap.low > 0]
    assert smallest.high == pytest.approx(min(1.0, *separated) if separated else 1.0, rel=1e-9)


def test_gap_of_two_groups_separates_exactly_when_the_difference_does():
    for events in range(10, 51):
        pair = [(events, 60), (30, 60)]
        both = intervals.difference(events, 60, 30, 60)
        assert (intervals.gap(pair).low > 0) == (both.low > 0 or both.high < 0)


@pytest.mark.parametrize(
    "call",
    [
        lambda: intervals.rate(1, 0),
        lambda: intervals.rate(5, 4),
        lambda: intervals.rate(-1, 4),
        lambda: intervals.rate(1, 2**60),
        lambda: intervals.rate(1, 4, level=1.0),
        lambda: intervals.rate(1, 4, level=math.nan),
        lambda: intervals.difference(1, 4, 1, 0),
        lambda: intervals.ratio(1, 0, 1, 4),
        lambda: intervals.gap([(1, 4)]),
        lambda: intervals.gap([(1, 4), (9, 4)]),
        lambda: intervals.min_ratio([]),
    ],
)
def test_counts_without_a_rate_are_refused(call):
    with pytest.raises(UsageError):
        call()


@given(counts(most=2**53), counts(most=2**53), st.floats(0.5, 1, exclude_max=True))
def test_no_counts_break_an_interval(one, other, level):
    for call in (
        lambda: intervals.rate(*one, level=level),
        lambda: intervals.one_sided_upper(*one, level=level),
        lambda: intervals.difference(*one, *other, level=level),
        lambda: intervals.ratio(*one, *other, level=level),
        lambda: intervals.gap([one, other], level=level),
        lambda: intervals.min_ratio([one, other], level=level),
    ):
        try:
            call()
        except AccordError:
            pytest.fail("counts that have a rate were refused")


@given(st.floats(-50, 50), st.floats(0.01, 20), st.sampled_from([1, 3, 5]))
def test_find_root_agrees_with_brent(root, scale, power):
    def f(x):
        return math.copysign(abs((x - root) / scale) ** power, x - root) + (x - root) / 7

    assert find_root(f, -60.0, 61.0) == pytest.approx(brentq(f, -60.0, 61.0, xtol=1e-13), abs=1e-9)
