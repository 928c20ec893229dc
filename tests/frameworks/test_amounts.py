"""Amounts and their bands: against the judge's own comparison, and against every world that a range allows."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accord.frameworks.amounts import AMOUNTS, Band, bands, bands_within, described
from accord.frameworks.comparing import compare
from accord.frameworks.facts import Facts
from accord.frameworks.tiers import UNDETERMINED, classify
from accord.records import Framework, Interval, Question, Requirement, Rule, Source, TierClass

EDGES = (10.0, 20.0, 30.0)
SAMPLES = (5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 35.0)
OPS = ("<", "<=", ">", ">=", "==")
TEXT = AMOUNTS["card.training_compute"]
NUMBERS = st.sampled_from((0.0, 3.0, *SAMPLES, 99.0))


@given(NUMBERS, NUMBERS, st.sampled_from(OPS), st.sampled_from(EDGES))
def test_bands_say_what_the_comparison_of_the_judge_says(one, other, op, threshold):
    low, high = sorted((one, other))
    held = {band.satisfies(op, threshold) for band in bands_within(bands(EDGES), low, high)}
    interval = Interval(low=low, high=high, level=1.0, kind="declared") if low < high else None
    assert (held.pop() if len(held) == 1 else None) is compare((low + high) / 2, interval, op, threshold)[0]


@given(st.lists(st.sampled_from(SAMPLES), min_size=1, max_size=5), st.floats(0, 50))
def test_each_amount_lies_in_exactly_one_band(thresholds, amount):
    assert len(bands_within(bands(thresholds), amount, amount)) == 1


@pytest.mark.parametrize(
    ("some", "words"),
    [
        ([Band(1e25, float("inf"))], "training compute above 1e25 FLOP"),
        ([Band(1e23, 1e25), Band(1e25, 1e25)], "training compute above 1e23 and of at most 1e25 FLOP"),
        ([Band(1e26, 1e26), Band(1e26, float("inf"))], "training compute of at least 1e26 FLOP"),
        ([Band(-float("inf"), 1e26)], "training compute below 1e26 FLOP"),
        (list(bands([1e23])), "training compute of any size FLOP"),
    ],
)
def test_bands_in_words(some, words):
    assert described(some, TEXT) == words


QUESTIONS = ("a", "b", "b-1")
LEAVES = st.one_of(
    st.sampled_from(QUESTIONS).map(
        lambda name: Rule(measure="card.answer", where={"question": name}, op="==", threshold=True)
    ),
    st.tuples(st.sampled_from((">", ">=", "<", "<=")), st.sampled_from(EDGES)).map(
        lambda pair: Rule(measure="card.training_compute", op=pair[0], threshold=pair[1])
    ),
)
RULES = st.recursive(
    LEAVES,
    lambda inner: st.tuples(st.sampled_from(["all", "any", "none"]), st.lists(inner, min_size=1, max_size=3)).map(
        lambda pair: Rule(**{pair[0]: tuple(pair[1])})
    ),
    max_leaves=6,
)


def small_framework(rules):
    rest = TierClass(id="rest", title="Rest", source="test")
    return Framework(
        id="small",
        version="1",
        title="Small",
        issuer="test",
        jurisdiction="INT",
        kind="law",
        source=Source(title="test", uri="urn:test", date="2026"),
        text_licence="own",
        status="provisional",
        questions=tuple(Question(id=name, text=f"{name}?", source="test") for name in QUESTIONS),
        tiers=(*(TierClass(id=f"t{n}", title=f"T{n}", rule=rule, source="test") for n, rule in enumerate(rules)), rest),
        requirements=(Requirement(id="r", label="R", title="R", verification="not_testable"),),
    )


def holds(rule, world, amount):
    if rule.measure == "card.answer":
        return world[rule.where["question"]]
    if rule.measure is not None:
        return compare(amount, None, rule.op, rule.threshold)[0]
    if rule.all:
        return all(holds(child, world, amount) for child in rule.all)
    some = any(holds(child, world, amount) for child in (rule.any or rule.none))
    return some if rule.any else not some


WORLDS = [
    dict(zip(QUESTIONS, values, strict=True))
    for values in itertools.product((False, True), repeat=3)
    if values[1] or not values[2]
]


@given(
    st.lists(RULES, min_size=1, max_size=3),
    st.dictionaries(st.sampled_from(QUESTIONS), st.booleans()),
    st.one_of(st.none(), st.tuples(st.sampled_from(SAMPLES), st.sampled_from(SAMPLES)).map(sorted)),
)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=200)
def test_the_tier_is_right_in_every_world_that_answers_and_range_allow(measured, evidence, rules, answers, range_):
    worlds = [world for world in WORLDS if all(world[name] == said for name, said in answers.items())]
    if not worlds:
        return
    said = [measured("card.answer", value, dimensions={"question": name}) for name, value in answers.items()]
    low, high = range_ or (SAMPLES[0], SAMPLES[-1])
    if range_:
        interval = (low, high) if low < high else None
        said.append(measured("card.training_compute", (low + high) / 2, interval, kind="declared"))
    framework = small_framework(rules)
    tier = classify(framework, Facts.of(evidence(*said), framework.questions))[0]
    true = {
        next((f"t{n}" for n, rule in enumerate(rules) if holds(rule, world, amount)), "rest")
        for world in worlds
        for amount in SAMPLES
        if low <= amount <= high
    }
    assert true <= set(tier.candidates)
    if tier.tier != UNDETERMINED:
        assert true == {tier.tier}
    else:
        assert set(tier.candidates) == true
    if tier.tier == UNDETERMINED and len(true) > 1:
        assert tier.missing
