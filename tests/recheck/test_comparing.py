"""What counts as agreement: equal to the counts where it must be, within chance where chance has a part."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from accord.measures.derive import measurement
from accord.measures.intervals import difference
from accord.measures.intervals.single import quantile, wilson_limits
from accord.recheck.comparing import compare_findings, compare_measurements, tolerance
from accord.records import Axis, Counts, Evidence, Finding, Interval, Measurement, Place

PART = "sha256:" + "a" * 64
PATHS = {PART: "scores.csv"}


def evidence(*measurements: Measurement, counts: Counts | None = None, **changes: object) -> Evidence:
    made = Evidence(
        id="x.y",
        inspector="x.y",
        version="1",
        subject=PART,
        status="measured",
        measurements=measurements,
        statistics={"c": counts} if counts else {},
        started="2026-09-01T11:59:00Z",
        seconds=1.0,
    )
    return replace(made, **changes)


def accuracy(right: int, wrong: int, **changes: object) -> Evidence:
    """Evidence of an accuracy, with the counts that it follows from."""
    axes = (
        Axis(role="label", name="y", categories=("0", "1")),
        Axis(role="prediction", name="p", categories=("0", "1")),
    )
    counts = Counts(axes=axes, values=(right // 2, wrong // 2, wrong - wrong // 2, right - right // 2))
    return evidence(measurement("fairness.accuracy", "c", counts, {}, subject=PART), counts=counts, **changes)


def fact(value: object, **changes: object) -> Measurement:
    fields = {"measure": "data.rows", "subject": PART, "value": value, "unit": "count", "method": "counted"}
    return Measurement(**(fields | changes))


def outcomes(theirs: Evidence, ours: Evidence, *, sampled: bool = False, comparisons: int = 1) -> list[tuple[str, str]]:
    found = compare_measurements(theirs, ours, PATHS, sampled=sampled, comparisons=comparisons)
    return [(item.outcome, item.reason) for item in found]


def test_the_same_agrees() -> None:
    (one,) = compare_measurements(accuracy(600, 400), accuracy(600, 400), PATHS, sampled=False, comparisons=0)
    assert (one.outcome, one.theirs, one.ours, one.path, one.sampled) == ("agrees", 0.6, 0.6, "scores.csv", False)
    assert one.tolerance == pytest.approx(0.6e-9)


def test_another_value_differs() -> None:
    assert outcomes(accuracy(601, 399), accuracy(600, 400)) == [("differs", "the values differ")]


def test_more_cases_than_there_are_differ_though_the_rate_is_the_same() -> None:
    ((outcome, why),) = outcomes(accuracy(6000, 4000), accuracy(600, 400))
    assert outcome == "differs" and "10000 trials, we 1000" in why


def test_other_counts_behind_the_same_value_differ() -> None:
    ours = accuracy(600, 400)
    shifted = replace(ours.statistics["c"], values=(299, 200, 200, 301))
    ((outcome, why),) = outcomes(replace(ours, statistics={"c": shifted}), ours)
    assert outcome == "differs" and "counts behind them" in why
    assert outcomes(replace(ours, statistics={}), ours)[0][0] == "differs"


def test_a_narrower_interval_differs() -> None:
    ours = accuracy(600, 400)
    narrow = replace(ours.measurements[0], interval=Interval(low=0.59, high=0.61, kind="wilson"))
    ((outcome, why),) = outcomes(replace(ours, measurements=(narrow,)), ours)
    assert outcome == "differs" and "intervals" in why


@pytest.mark.parametrize(
    ("theirs", "ours", "agree"),
    [
        (5, 5, True),
        (5, 6, False),
        (True, 1, False),
        ("a", "a", True),
        ("a", "b", False),
        (("a", "b"), ("a", "b"), True),
        (("a", "b"), ("b", "a"), False),
        (0.1 + 0.2, 0.3, True),
        (0.3 + 1e-6, 0.3, False),
        (5, 5.0, True),
        (2**200, 2**200 + 1, False),
        (2**200, 1.0, False),
        (1.0, "1.0", False),
    ],
)
def test_facts(theirs: object, ours: object, agree: bool) -> None:
    ((outcome, _),) = outcomes(evidence(fact(theirs)), evidence(fact(ours)))
    assert outcome == ("agrees" if agree else "differs")


def test_nothing_agrees_with_nothing_only() -> None:
    nothing = fact(None, reason="0/0")
    assert outcomes(evidence(nothing), evidence(nothing))[0][0] == "agrees"
    assert outcomes(evidence(nothing), evidence(fact(0)))[0][0] == "differs"


def test_what_they_leave_out_and_what_they_made_up_differ() -> None:
    two = (fact(5), fact(6, dimensions={"column": "a"}))
    assert outcomes(evidence(two[0]), evidence(*two))[1] == ("differs", "they do not report it")
    assert outcomes(evidence(*two), evidence(two[0]))[1] == ("differs", "we do not find it")


def test_what_a_card_declares_is_not_compared() -> None:
    declared = fact(5, basis="declared")
    assert outcomes(evidence(declared), evidence(replace(declared, value=6))) == []


def test_another_version_is_named_and_no_excuse_for_another_value() -> None:
    theirs, ours = evidence(fact(5), version="1"), evidence(fact(6), version="2")
    ((outcome, why),) = outcomes(theirs, ours)
    assert outcome == "differs" and "version 1" in why and "ours 2" in why
    assert outcomes(theirs, evidence(fact(5), version="2")) == [("agrees", "")]
    more = evidence(fact(5), fact(7, dimensions={"column": "new"}), version="2")
    assert [item[0] for item in outcomes(theirs, more)] == ["agrees", "not_repeated"]
    assert [item[0] for item in outcomes(more, theirs)] == ["agrees", "not_repeated"]


def sample(events: int, trials: int) -> Measurement:
    low, high = wilson_limits(events, trials, quantile(0.025))
    interval = Interval(low=low, high=high, kind="wilson")
    return fact(events / trials, unit="1", interval=interval, n=trials)


counts = st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts, counts)
def test_for_two_rates_it_is_newcombes_interval(one: tuple[int, int], other: tuple[int, int]) -> None:
    """Oracle: Newcombe's interval of the difference, computed from counts, contains 0 exactly where we agree."""
    interval = difference(*one, *other)
    if min(abs(interval.low), abs(interval.high)) < 1e-12:
        return  # on the very edge the last digit decides
    a, b = sample(*one), sample(*other)
    allowed = tolerance(a, b, 1)
    assert allowed is not None
    assert (abs(a.value - b.value) <= allowed) == (interval.low <= 0 <= interval.high)


def test_samples_agree_within_chance_and_differ_beyond() -> None:
    assert outcomes(accuracy(600, 400), accuracy(620, 380), sampled=True) == [("agrees", "")]
    ((outcome, why),) = outcomes(accuracy(700, 300), accuracy(600, 400), sampled=True)
    assert outcome == "differs" and "0.1 apart" in why


def test_many_comparisons_widen_what_chance_explains() -> None:
    one, other = sample(600, 1000), sample(650, 1000)
    alone, among = tolerance(one, other, 1), tolerance(one, other, 100)
    assert alone is not None and among is not None
    assert alone < 0.05 < among
    assert among / alone == pytest.approx(quantile(0.05 / 200) / quantile(0.025))


def test_equal_systems_are_called_different_once_in_twenty_rechecks() -> None:
    chance = random.Random(11)
    k, runs, wrong = 25, 400, 0

    def drawn() -> Measurement:
        return sample(sum(chance.random() < 0.3 for _ in range(120)), 120)

    for _ in range(runs):
        pairs = [(drawn(), drawn()) for _ in range(k)]
        wrong += any(abs(a.value - b.value) > (tolerance(a, b, k) or 0) for a, b in pairs)
    assert wrong / runs <= 0.05 + 3 * (0.05 * 0.95 / runs) ** 0.5
    assert wrong > 0, "a test that never says no is none"


def test_a_wide_interval_that_no_counts_bear_out_does_not_help() -> None:
    ours = accuracy(600, 400)
    wide = replace(accuracy(900, 100).measurements[0], interval=Interval(low=0.0, high=1.0, kind="wilson"))
    theirs = replace(accuracy(900, 100), measurements=(wide,))
    ((outcome, why),) = outcomes(theirs, ours, sampled=True)
    assert outcome == "differs" and "do not follow from their counts" in why


@pytest.mark.parametrize("level", [0.0, 1.0, -3.0, 0.2])
def test_an_interval_without_a_level_allows_nothing(level: float) -> None:
    odd = replace(sample(600, 1000), interval=Interval(low=0.0, high=1.0, kind="wilson", level=level))
    assert tolerance(odd, sample(650, 1000), 1) is None


def finding(rule: str, **arguments: float | str) -> Finding:
    return Finding(
        rule=rule,
        severity="high",
        subject=PART,
        where=Place(column="a"),
        message="m",
        remedy="r",
        arguments=arguments,
    )


def test_findings_that_one_side_has_alone() -> None:
    theirs = evidence(findings=(finding("A"), finding("B", rate=0.3)))
    ours = evidence(findings=(finding("B", rate=0.1 + 0.2), finding("C"), finding("C")))
    both, alone = compare_findings(theirs, ours, PATHS)
    assert both == 1
    assert [(item.rule, item.side, item.outcome) for item in alone] == [
        ("A", "theirs", "differs"),
        ("C", "ours", "differs"),
        ("C", "ours", "differs"),
    ]
    _, newer = compare_findings(theirs, replace(ours, version="2"), PATHS)
    assert {item.outcome for item in newer} == {"not_repeated"}
