"""Three-valued logic against truth tables; intervals, minima, contradictions; the deciding n against Wilson."""

from __future__ import annotations

import itertools
import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.errors import MalformedInput
from accord.frameworks.comparing import compare, trials_needed
from accord.frameworks.facts import Facts
from accord.frameworks.rules import conjunction, disjunction, evaluate, negation
from accord.records import Interval, Rule

TRUTHS = (False, None, True)
RANK = {False: 0, None: 1, True: 2}  # Kleene's strong logic is min, max and reflection on this order


def test_connectives_are_kleenes_for_every_combination_of_up_to_four():
    for size in range(1, 5):
        for values in itertools.product(TRUTHS, repeat=size):
            assert RANK[conjunction(values)] == min(RANK[value] for value in values)
            assert RANK[disjunction(values)] == max(RANK[value] for value in values)
    for value in TRUTHS:
        assert RANK[negation(value)] == 2 - RANK[value]
    assert conjunction([]) is True
    assert disjunction([]) is False


@pytest.fixture(scope="session")
def facts(answered):
    return Facts.of(answered({"t": True, "f": False}))


def leaf(truth):
    question = {True: "t", False: "f", None: "nobody-said"}[truth]
    return Rule(measure="card.answer", where={"question": question}, op="==", threshold=True)


def test_groups_of_rules_are_kleenes_for_every_combination(facts):
    for values in itertools.product(TRUTHS, repeat=3):
        rules = tuple(leaf(value) for value in values)
        ranks = [RANK[value] for value in values]
        assert RANK[evaluate(Rule(all=rules), facts).holds] == min(ranks)
        assert RANK[evaluate(Rule(any=rules), facts).holds] == max(ranks)
        assert RANK[evaluate(Rule(none=rules), facts).holds] == 2 - max(ranks)
        assert len(evaluate(Rule(all=rules), facts).outcomes) == 3


def test_nested_groups_are_kleenes(facts):
    for a, b, c, d in itertools.product(TRUTHS, repeat=4):
        rule = Rule(all=(leaf(a), Rule(any=(leaf(b), Rule(none=(leaf(c), leaf(d)))))))
        expected = min(RANK[a], max(RANK[b], 2 - max(RANK[c], RANK[d])))
        assert RANK[evaluate(rule, facts).holds] == expected


def test_a_rule_of_nothing_is_refused(facts):
    with pytest.raises(MalformedInput, match="neither a measure nor a group"):
        evaluate(Rule(), facts)


VALUE_WITHIN = st.floats(-1, 1).flatmap(
    lambda low: st.tuples(
        st.just(low), st.floats(low, 1), st.floats(-1, 1), st.sampled_from(["<", "<=", ">", ">=", "=="])
    )
)
HOLDS = {
    "<": lambda x, t: x < t,
    "<=": lambda x, t: x <= t,
    ">": lambda x, t: x > t,
    ">=": lambda x, t: x >= t,
    "==": lambda x, t: x == t,
}


@given(VALUE_WITHIN)
def test_an_interval_decides_only_if_all_its_points_agree(case):
    low, high, threshold, op = case
    inside = [low, high, (low + high) / 2] + ([threshold] if low <= threshold <= high else [])
    truths = {HOLDS[op](point, threshold) for point in inside}
    holds, why = compare((low + high) / 2, Interval(low=low, high=high, kind="wilson"), op, threshold)
    assert holds == (truths.pop() if len(truths) == 1 else None)
    assert (why == "straddles") == (holds is None)


@pytest.mark.parametrize(
    ("value", "op", "threshold", "expected"),
    [
        ("MIT", "in", ("MIT", "Apache-2.0"), True),
        ("GPL-3.0-only", "in", ("MIT", "Apache-2.0"), False),
        (("a", "b"), "in", ("a", "b", "c"), True),
        (("a", "z"), "in", ("a", "b", "c"), False),
        (("a", "b"), "contains", "a", True),
        (("a", "b"), "contains", ("a", "z"), False),
        ("health, justice", "contains", "justice", True),
        (True, "==", True, True),
        (False, "==", True, False),
        ("unknown", "==", True, None),
        (1, "==", True, None),
        ("3", "<", 4, None),
        (3, "in", "123", None),
        (0, "==", 0, True),
        (3, "==", 0, False),
    ],
)
def test_comparison_of_exact_values(value, op, threshold, expected):
    holds, why = compare(value, None, op, threshold)
    assert holds is expected
    assert (why == "mismatch") == (expected is None)


GAP = "fairness.selection_rate_gap"
FPR = "fairness.false_positive_rate"


def outcome_of(evidence, rule, *measurements):
    result = evaluate(rule, Facts.of(evidence(*measurements)))
    return result, result.leaves


def test_over_all_any_and_worst_by_the_measures_direction(evidence, measured):
    groups = [
        measured(FPR, value, (value - 0.02, value + 0.02), n=500, dimensions={"attribute": "race", "group": group})
        for group, value in (("a", 0.10), ("b", 0.30), ("c", 0.20))
    ]

    def rule(over, threshold):
        return Rule(measure=FPR, over=over, op="<=", threshold=threshold, threshold_source="test")

    assert outcome_of(evidence, rule("all", 0.4), *groups)[0].holds is True
    assert outcome_of(evidence, rule("all", 0.25), *groups)[0].holds is False
    assert outcome_of(evidence, rule("any", 0.15), *groups)[0].holds is True
    assert outcome_of(evidence, rule("any", 0.05), *groups)[0].holds is False
    worst, leaves = outcome_of(evidence, rule("worst", 0.25), *groups)
    assert worst.holds is False
    assert [leaf.outcome.dimensions["group"] for leaf in leaves] == ["b"]


@pytest.mark.parametrize(
    ("measure", "values", "worst"),
    [
        ("fairness.accuracy", (0.9, 0.6, 0.7), 0.6),
        ("fairness.false_positive_rate", (0.1, 0.6, 0.7), 0.7),
        ("fairness.selection_rate_difference", (0.1, -0.3, 0.2), -0.3),
        ("fairness.selection_rate_ratio", (1.5, 0.5, 0.9), 0.5),
        ("fairness.selection_rate_ratio", (1.5, 0.0, 3.0), 0.0),
    ],
)
def test_worst_follows_each_direction_of_the_catalogue(evidence, measured, measure, values, worst):
    rows = [measured(measure, value, n=500, dimensions={"group": str(value)}) for value in values]
    result = evaluate(Rule(measure=measure, over="worst", op="<="), Facts.of(evidence(*rows)))
    assert [leaf.outcome.value for leaf in result.leaves] == [worst]
    assert result.leaves[0].why == "no_threshold"


def test_worst_is_unknown_while_a_group_is_too_small_to_be_judged(evidence, measured):
    good = measured(FPR, 0.1, (0.05, 0.15), n=500, dimensions={"group": "a"})
    small = measured(FPR, 0.05, (0.0, 0.2), n=40, dimensions={"group": "b"})
    empty = measured(FPR, None, n=3, reason="3 trials; 30 are needed", dimensions={"group": "c"})
    rule = Rule(measure=FPR, over="worst", op="<=", threshold=0.3, threshold_source="test")
    assert outcome_of(evidence, rule, good)[0].holds is True
    result, leaves = outcome_of(evidence, rule, good, small, empty)
    assert result.holds is None
    assert {leaf.why for leaf in leaves} == {None, "small", "null"}
    assert next(leaf for leaf in leaves if leaf.why == "null").outcome.reason == "3 trials; 30 are needed"
    bad = measured(FPR, 0.6, (0.5, 0.7), n=500, dimensions={"group": "d"})
    assert outcome_of(evidence, rule, bad, small, empty)[0].holds is False


def test_a_rate_of_99_trials_is_not_judged_and_one_of_100_is(evidence, measured):
    rule = Rule(measure=FPR, op="<=", threshold=0.5, threshold_source="test")
    result, leaves = outcome_of(evidence, rule, measured(FPR, 0.1, (0.05, 0.2), n=99))
    assert result.holds is None
    assert "below the minimum for a verdict" in leaves[0].outcome.reason
    assert leaves[0].outcome.n_needed == 100
    assert outcome_of(evidence, rule, measured(FPR, 0.1, (0.05, 0.2), n=100))[0].holds is True
    without_interval = measured(FPR, 0.1, n=50)
    assert outcome_of(evidence, rule, without_interval)[0].holds is None


def test_shares_and_facts_of_small_things_are_exact(evidence, measured):
    complete = Rule(measure="data.completeness", op=">=", threshold=0.9, threshold_source="test")
    assert outcome_of(evidence, complete, measured("data.completeness", 1.0, n=20))[0].holds is True
    unlisted = Rule(measure="model_files.pickle_unlisted_globals", op="==", threshold=0, threshold_source="test")
    assert outcome_of(evidence, unlisted, measured("model_files.pickle_unlisted_globals", 0, n=5))[0].holds is True


def test_a_null_threshold_shows_the_value_and_decides_nothing(evidence, measured):
    result, leaves = outcome_of(evidence, Rule(measure=GAP, op="<="), measured(GAP, 0.2, (0.1, 0.3), n=500))
    assert result.holds is None
    assert (leaves[0].why, leaves[0].outcome.value) == ("no_threshold", 0.2)


def test_absence_is_unknown_for_every_operator(evidence, measured):
    for op in ("<", "<=", ">", ">=", "==", "in", "contains", "exists"):
        rule = Rule(measure=GAP, op=op, threshold=None if op == "exists" else 0.1)
        result, leaves = outcome_of(evidence, rule, measured(FPR, 0.1, n=500))
        assert result.holds is None
        assert [leaf.why for leaf in leaves] == ["missing"]


def test_where_by_value_any_value_and_absence(evidence, measured):
    whole = measured("fairness.accuracy", 0.9, n=500)
    group = measured("fairness.accuracy", 0.7, n=500, dimensions={"attribute": "sex", "group": "f"})

    def values(**where):
        result = evaluate(Rule(measure="fairness.accuracy", where=where, op="exists"), Facts.of(evidence(whole, group)))
        return [outcome.value for outcome in result.outcomes]

    assert values() == [0.9, 0.7]
    assert values(attribute="") == [0.9]
    assert values(attribute="*") == [0.7]
    assert values(attribute="sex", group="f") == [0.7]
    assert values(attribute="race") == [None]


def test_what_was_measured_outranks_what_was_declared(evidence, measured):
    rule = Rule(measure="fairness.accuracy", op=">=", threshold=0.6, threshold_source="test")
    truth = measured("fairness.accuracy", 0.65, (0.64, 0.66), n=5000)
    agreeing = measured("fairness.accuracy", 0.655, basis="declared", subject="sha256:card")
    boasting = measured("fairness.accuracy", 0.95, basis="declared", subject="sha256:card")
    result, leaves = outcome_of(evidence, rule, agreeing, truth)
    assert (result.holds, result.basis, len(leaves)) == (True, "measured", 1)
    result, leaves = outcome_of(evidence, rule, boasting, truth)
    assert (result.holds, leaves[0].why) == (None, "contradiction")
    assert leaves[0].outcome.reason == "declared as 0.95, measured as 0.65"
    assert outcome_of(evidence, rule, boasting)[0].basis == "declared"


def test_a_claim_about_one_part_is_held_against_that_part_only(evidence, measured):
    rule = Rule(measure="model_files.can_execute_code", op="==", threshold=False, threshold_source="test")
    safe = measured("model_files.can_execute_code", False, subject="sha256:safe")
    pickle = measured("model_files.can_execute_code", True, subject="sha256:pickle")
    claim = measured("model_files.can_execute_code", False, subject="sha256:pickle", basis="declared")
    _, leaves = outcome_of(evidence, rule, safe, pickle, claim)
    assert {leaf.outcome.subject: leaf.why for leaf in leaves} == {
        "sha256:safe": None,
        "sha256:pickle": "contradiction",
    }


def test_two_cards_that_differ_leave_the_fact_open(evidence, measured):
    def said(value, card):
        return measured("card.answer", value, dimensions={"question": "q"}, basis="declared", subject=card)

    rule = Rule(measure="card.answer", where={"question": "q"}, op="==", threshold=True)
    assert outcome_of(evidence, rule, said(True, "a"), said(True, "b"))[0].holds is True
    result, leaves = outcome_of(evidence, rule, said(True, "a"), said(False, "b"))
    assert result.holds is None
    assert {leaf.why for leaf in leaves} == {"contradiction"}


def test_the_weakest_basis_that_a_truth_needs(evidence, measured):
    good = Rule(measure="model_files.header_valid", op="==", threshold=True, threshold_source="test")
    said = Rule(measure="card.stated", where={"field": "system.purpose"}, op="exists")
    facts = Facts.of(
        evidence(
            measured("model_files.header_valid", True),
            measured("card.stated", "sorting mail", dimensions={"field": "system.purpose"}, basis="declared"),
        )
    )
    assert evaluate(Rule(all=(good, said)), facts).basis == "declared"
    assert evaluate(Rule(any=(good, said)), facts).basis == "measured"
    bad = Rule(measure="model_files.header_valid", op="==", threshold=False, threshold_source="test")
    assert evaluate(Rule(all=(bad, said)), facts).basis == "measured"
    assert evaluate(Rule(none=(bad,)), facts).basis == "measured"


def wilson(p, n, z=1.959963984540054):
    """Wilson's interval, written out independently (Brown, Cai, DasGupta 2001, equation 4)."""
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return centre - half, centre + half


@given(st.floats(0.02, 0.98), st.integers(100, 5000), st.floats(0.02, 0.98))
def test_the_n_that_would_decide_is_the_first_whose_wilson_interval_leaves_the_threshold_out(measured, p, n, threshold):
    low, high = wilson(p, n)
    if not low <= threshold <= high or abs(p - threshold) < 1e-4:
        return
    needed = trials_needed(measured(FPR, p, (low, high), n=n), threshold)
    assert needed is not None
    assert needed > n
    low, high = wilson(p, needed + 1)
    assert not low <= threshold <= high
    if needed > n + 1:
        low, high = wilson(p, needed - 1)
        assert low <= threshold <= high


def test_no_n_decides_where_the_value_is_the_threshold(measured):
    assert trials_needed(measured(FPR, 0.5, (0.4, 0.6), n=100), 0.5) is None
    assert trials_needed(measured(FPR, 0.5, (0.4, 0.6), n=100), "text") is None


def test_other_intervals_shrink_with_the_root_of_n(measured):
    gap = measured(GAP, 0.10, (0.02, 0.18), n=1000, kind="newcombe-simultaneous")
    assert trials_needed(gap, 0.14) == pytest.approx(4 * 1000, abs=2)
    assert trials_needed(gap, 0.06) == pytest.approx(4 * 1000, abs=2)


def test_numbers_too_large_for_a_float_are_judged_without_an_error(evidence, measured):
    huge = measured("model_files.pickle_unlisted_globals", 10**400, n=10**400)
    for op, holds in (("<=", False), (">=", True), ("==", False)):
        rule = Rule(
            measure="model_files.pickle_unlisted_globals", op=op, threshold=0, threshold_source="test", over="worst"
        )
        assert outcome_of(evidence, rule, huge)[0].holds is holds
    assert trials_needed(huge, 0) is None
    rate = measured(FPR, 0.5, (0.1, 0.9), n=10**400, kind="other")
    assert trials_needed(rate, 0.6) is None


def test_evidence_that_failed_counts_for_nothing(evidence, measured):
    items = [
        msgspec.structs.replace(item, status="failed", reason="error") for item in evidence(measured(FPR, 0.1, n=500))
    ]
    assert evaluate(Rule(measure=FPR, op="exists"), Facts.of(items)).holds is None
