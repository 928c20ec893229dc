"""Verdicts: every status, the words that go with it, and what must never happen."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accord.frameworks import judge, library, load
from accord.frameworks.applicability import BODIES
from accord.frameworks.judging import coverage, points_to_judge
from accord.records import (
    VERDICT_STATUSES,
    Framework,
    Question,
    Requirement,
    Rule,
    Source,
    TierClass,
    Verdict,
    from_json,
    to_json,
)

ACCURACY = "fairness.accuracy"


def leaf(**fields):
    return Rule(
        **{"measure": ACCURACY, "op": ">=", "threshold": 0.6, "threshold_source": "the Example Act, Art. 3", **fields}
    )


def framework_of(*requirements, questions=(), tiers=()):
    return Framework(
        id="example",
        version="1",
        title="Example",
        issuer="test",
        jurisdiction="INT",
        kind="law",
        source=Source(title="test", uri="urn:test", date="2026"),
        text_licence="own",
        status="provisional",
        requirements=requirements,
        questions=tuple(Question(id=question, text=f"Is it {question}?", source="test") for question in questions),
        tiers=tiers,
    )


def point(**fields):
    return Requirement(**{"id": "p", "label": "P", "title": "Point", **fields})


def verdict_of(evidence, *requirements, **fields):
    return judge(framework_of(*requirements, **fields), evidence).verdicts[0]


def test_met_says_whose_threshold(evidence, measured):
    verdict = verdict_of(evidence(measured(ACCURACY, 0.65, (0.64, 0.66), n=7000)), point(rules=(leaf(),)))
    assert (verdict.status, verdict.reason) == ("met", "evidence meets the threshold of the Example Act, Art. 3")
    assert verdict.evidence == ("e1",)
    assert verdict.outcomes[0].holds is True


def test_not_met(evidence, measured):
    verdict = verdict_of(evidence(measured(ACCURACY, 0.55, (0.54, 0.56), n=7000)), point(rules=(leaf(),)))
    assert (verdict.status, verdict.reason) == (
        "not_met",
        "evidence doesn't meet the threshold of the Example Act, Art. 3",
    )


def test_inconclusive_names_the_n_that_would_decide(evidence, measured):
    verdict = verdict_of(evidence(measured(ACCURACY, 0.61, (0.58, 0.64), n=1000)), point(rules=(leaf(),)))
    assert verdict.status == "inconclusive"
    assert verdict.outcomes[0].n_needed == 9220  # 1.96² · 0.6 · 0.4 / 0.01², rounded up
    assert "n = 9220 would decide" in verdict.reason


def test_a_group_that_is_too_small_is_named_not_judged(evidence, measured):
    small = measured(ACCURACY, None, n=12, reason="12 trials; 30 are needed", dimensions={"group": "x"})
    verdict = verdict_of(evidence(small), point(rules=(leaf(),)))
    assert verdict.status == "inconclusive"
    assert "fairness.accuracy (x): 12 trials; 30 are needed" in verdict.reason


def test_no_threshold_is_for_a_person_with_the_value_shown(evidence, measured):
    rule = leaf(threshold=None, threshold_source=None)
    verdict = verdict_of(evidence(measured(ACCURACY, 0.65, (0.64, 0.66), n=7000)), point(rules=(rule,)))
    assert verdict.status == "needs_review"
    assert "the source states no threshold" in verdict.reason
    assert verdict.outcomes[0].value == 0.65


def test_a_contradiction_is_for_a_person(evidence, measured):
    said = measured(ACCURACY, 0.99, basis="declared")
    verdict = verdict_of(evidence(said, measured(ACCURACY, 0.65, (0.64, 0.66), n=7000)), point(rules=(leaf(),)))
    assert (verdict.status, verdict.reason) == ("needs_review", "contradiction: declared as 0.99, measured as 0.65")


@pytest.mark.parametrize("value", [0.99, 0.2])
@pytest.mark.parametrize("threshold", [0.6, None])
def test_a_declaration_alone_is_only_declared(evidence, measured, value, threshold):
    rule = leaf(threshold=threshold)
    verdict = verdict_of(evidence(measured(ACCURACY, value, basis="declared")), point(rules=(rule,)))
    assert verdict.status == "declared"


def test_nothing_measured_is_not_evaluated(evidence):
    verdict = verdict_of([], point(rules=(leaf(),)))
    assert (verdict.status, verdict.reason) == ("not_evaluated", "no measurement of fairness.accuracy")
    asked = verdict_of([], point(rules=(leaf(),), question="Is it good enough?"))
    assert asked.reason.endswith("a person must answer: Is it good enough?")


def test_a_question_alone_is_for_a_person_and_not_evaluated():
    verdict = verdict_of([], point(verification="judged", question="Who answers for it?"))
    assert (verdict.status, verdict.reason) == ("not_evaluated", "a person must answer: Who answers for it?")
    assert verdict_of([], point(verification="not_testable")).status == "not_evaluated"


def document(measured, kind, there):
    return measured("transparency.document_present", there, dimensions={"kind": kind})


def complete(measured, kind):
    """A document that is there and states all that a kind without a form needs."""
    stated = {"readable": True, "date": "2026-01-01", "version": "1", "owner_stated": True}
    facts = [
        measured(f"transparency.document_{name}", value, dimensions={"kind": kind}) for name, value in stated.items()
    ]
    return [document(measured, kind, True), *facts]


def test_documents_make_documented_never_met(evidence, measured):
    asked = point(documents=("a", "b"))
    both = verdict_of(evidence(*complete(measured, "a"), *complete(measured, "b")), asked)
    assert (both.status, both.evidence) == ("documented", ("e1",))
    one = verdict_of(evidence(*complete(measured, "a")), asked)
    assert (one.status, one.reason) == ("not_evaluated", "no document handed in: b (there: a)")
    lost = verdict_of(evidence(*complete(measured, "a"), document(measured, "b", False)), asked)
    assert (lost.status, lost.reason) == ("needs_review", "the card names a document that isn't there: b")


def test_rules_and_documents_are_as_good_as_the_weaker(evidence, measured):
    asked = point(rules=(leaf(),), documents=("a",))
    good = measured(ACCURACY, 0.65, (0.64, 0.66), n=7000)
    bad = measured(ACCURACY, 0.55, (0.54, 0.56), n=7000)
    there = document(measured, "a", True)
    assert verdict_of(evidence(good, *complete(measured, "a")), asked).status == "documented"
    assert verdict_of(evidence(good, there), asked).status == "needs_review"
    assert verdict_of(evidence(good), asked).status == "not_evaluated"
    assert verdict_of(evidence(bad, there), asked).status == "not_met"
    assert verdict_of(evidence(bad), asked).status == "not_met"


def applies_if(question):
    return Rule(measure="card.answer", where={"question": question}, op="==", threshold=True)


def test_what_does_not_apply_says_why_and_what_may_apply_says_what_is_missing(answered):
    asked = point(applies_if=applies_if("fast"), question="How fast?")
    no = verdict_of(answered({"fast": False}), asked, questions=("fast",))
    assert no.status == "not_applicable"
    assert "“Is it fast?”: no" in no.reason
    unknown = verdict_of([], asked, questions=("fast",))
    assert unknown.status == "not_evaluated"
    assert "whether this point applies is open: nobody answered “Is it fast?”" in unknown.reason
    assert verdict_of(answered({"fast": True}), asked, questions=("fast",)).reason == "a person must answer: How fast?"


def test_children_inherit_what_applies_and_from_when(answered):
    top = point(id="top", applies_if=applies_if("fast"), applies_from="2027-12-02")
    child = point(id="child", parent="top", question="How?")
    verdict = verdict_of(answered({"fast": False}), top, child, questions=("fast",))
    assert (verdict.requirement, verdict.status, verdict.applies_from) == ("child", "not_applicable", "2027-12-02")


def test_a_class_calls_for_its_requirements_and_those_below(answered):
    tiers = (
        TierClass(id="high", title="High", rule=applies_if("fast"), requirements=("top",), source="test"),
        TierClass(id="low", title="Low", source="test"),
    )
    points = (point(id="top"), point(id="child", parent="top", question="How?"))
    fields = {"questions": ("fast",), "tiers": tiers}
    low = verdict_of(answered({"fast": False}), *points, **fields)
    assert (low.status, low.reason) == ("not_applicable", "it applies to systems of this class only: High")
    assert verdict_of(answered({"fast": True}), *points, **fields).status == "not_evaluated"
    assert "of this class: High" in verdict_of([], *points, **fields).reason


def test_a_group_has_no_verdict_of_its_own_unless_it_has_rules_or_documents():
    group, child = point(id="g"), point(id="c", parent="g", question="How?")
    assert [item.id for item in points_to_judge(framework_of(group, child))] == ["c"]
    with_rules = point(id="g", rules=(leaf(),))
    assert [item.id for item in points_to_judge(framework_of(with_rules, child))] == ["g", "c"]


def test_coverage_counts_what_rests_on_measurements_or_documents(evidence, measured):
    review = leaf(threshold=None)
    requirements = (
        point(id="met", rules=(leaf(),)),
        point(id="review", rules=(review,)),
        point(id="open", question="How?"),
        point(id="documented", documents=("a",)),
    )
    items = evidence(measured(ACCURACY, 0.65, (0.64, 0.66), n=7000), document(measured, "a", True))
    found = judge(framework_of(*requirements), items).coverage
    assert (found.applicable, found.evaluated) == (4, 3)
    assert sum(found.counts.values()) == 4
    lost = judge(framework_of(*requirements), evidence(document(measured, "a", False))).coverage
    assert (lost.applicable, lost.evaluated) == (4, 1)
    none = coverage("x", [Verdict(framework="x", requirement="r", status="not_applicable", reason="")])
    assert (none.applicable, none.evaluated) == (0, 0)


@pytest.mark.parametrize("framework", library(), ids=lambda framework: framework.id)
def test_nothing_measured_is_never_a_pass(framework):
    judgement = judge(framework, [])
    points = {requirement.id: requirement for requirement in framework.requirements}
    for verdict in judgement.verdicts:
        line = [points[verdict.requirement]]
        while line[-1].parent:
            line.append(points[line[-1].parent])
        binds_bodies = any(point.addressee in BODIES for point in line)
        assert verdict.status == ("not_applicable" if binds_bodies else "not_evaluated"), verdict.requirement
    assert judgement.coverage.evaluated == 0
    assert len(judgement.verdicts) == len(points_to_judge(framework))


def test_compas_like_evidence_is_shown_to_a_person_and_never_met(evidence, measured):
    items = evidence(
        measured(ACCURACY, 0.654, (0.643, 0.665), n=7214),
        *(
            measured(f"fairness.{rate}_gap", 0.2, (0.1, 0.3), n=7214, dimensions={"attribute": "race"}, kind="newcombe")
            for rate in ("base_rate", "selection_rate", "false_positive_rate", "false_negative_rate", "equalized_odds")
        ),
    )
    verdicts = {verdict.requirement: verdict for verdict in judge(load("eu-ai-act"), items).verdicts}
    for requirement in ("art_10.2.f", "art_15.1"):
        assert verdicts[requirement].status == "needs_review"
        assert verdicts[requirement].applies_from == "2027-12-02"
    assert [outcome.value for outcome in verdicts["art_10.2.f"].outcomes] == [0.2] * 4
    assert not {"met", "not_met"} & {verdict.status for verdict in verdicts.values()}


MEASURES = [
    "fairness.accuracy",
    "fairness.base_rate_gap",
    "fairness.selection_rate_gap",
    "fairness.false_positive_rate_gap",
    "fairness.equalized_odds_gap",
    "data.completeness",
    "data.rows",
    "model_files.can_execute_code",
    "openness.licence_expression_valid",
    "transparency.card_completeness",
]
VALUES = st.one_of(st.booleans(), st.floats(0, 1), st.integers(0, 10**6), st.text("abc", max_size=3), st.none())


@st.composite
def measurements(draw, build):
    value = draw(VALUES)
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    return build(
        draw(st.sampled_from(MEASURES)),
        value,
        (float(value), float(value) + draw(st.floats(0, 0.5))) if numeric and draw(st.booleans()) else None,
        n=draw(st.one_of(st.none(), st.integers(0, 10_000))),
        basis=draw(st.sampled_from(["measured", "declared"])),
        dimensions=draw(st.sampled_from([{}, {"attribute": "sex"}, {"attribute": "sex", "group": "f"}])),
        reason="none" if value is None else None,
    )


@pytest.fixture(scope="session")
def lists_of_measurements(measured):
    return st.lists(measurements(measured), max_size=8)


@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_evidence_gives_one_verdict_a_point_and_unrelated_evidence_changes_none(
    lists_of_measurements, evidence, measured, data
):
    items = evidence(*data.draw(lists_of_measurements))
    unrelated = evidence(
        measured("data.column_type", "text", dimensions={"column": "x"}),
        measured("model_files.tensors", 12),
        measured("card.answer", True, dimensions={"question": "nobody-asked"}, basis="declared"),
        id="e2",
    )
    for framework in library():
        judgement = judge(framework, items)
        ids = [verdict.requirement for verdict in judgement.verdicts]
        assert ids == [requirement.id for requirement in points_to_judge(framework)]
        assert len(set(ids)) == len(ids)
        assert {verdict.status for verdict in judgement.verdicts} <= set(VERDICT_STATUSES)
        out = sum(verdict.status == "not_applicable" for verdict in judgement.verdicts)
        assert judgement.coverage.evaluated <= judgement.coverage.applicable == len(ids) - out
        assert sum(judgement.coverage.counts.values()) == len(ids)
        for verdict in judgement.verdicts:
            assert verdict.status != "met"  # no law in the library states a number
            if verdict.status == "needs_review":
                assert any(outcome.value is not None for outcome in verdict.outcomes)
        assert judge(framework, [*items, *unrelated]) == judgement
        assert judge(framework, [*unrelated, *items]) == judgement


def test_verdicts_survive_json(evidence, measured):
    items = evidence(measured(ACCURACY, 0.65, (0.64, 0.66), n=7000))
    for framework in library():
        for verdict in judge(framework, items).verdicts:
            assert from_json(to_json(verdict), Verdict) == verdict


def test_stored_evidence_is_judged_the_same_again(evidence, measured):
    items = evidence(measured(ACCURACY, 0.61, (0.58, 0.64), n=1000))
    again = msgspec.json.decode(msgspec.json.encode(items), type=list[type(items[0])])
    for framework in library():
        assert judge(framework, again) == judge(framework, items)
