"""What verdicts carry over: relation by status, groups, evidence that was never judged under the first framework."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from accord.crosswalk import between, carry
from accord.records import VERDICT_STATUSES, Evidence, Measurement, Requirement, Rule, Verdict
from accord.records.crosswalk import RELATIONS
from accord.records.profile import Profile

SHOWN = ("met", "documented")


@pytest.fixture
def crosswalk(small, edge, tmp_path):
    """crosswalk("a#1 subset b#1", …): the crosswalk of two small frameworks with these edges in a user's file."""
    from accord.crosswalk import write_sssom

    def build(*texts, a=("g", "g/1", "g/2"), b=("g", "g/1", "g/2")):
        first, second = small("a", *a), small("b", *b)
        path = tmp_path / "edges.tsv"
        path.write_text(write_sssom(map(edge, texts), {"a": first, "b": second}, title="test"))
        return first, between(first, second, files=[path])

    return build


def outcomes(crosswalk, assessment, *texts, verdicts, **points):
    first, walked = crosswalk(*texts, **points)
    given = tuple(Verdict(framework="a", requirement=k, status=v, reason="") for k, v in verdicts.items())
    carried = carry(walked, replace(assessment, verdicts=given), subject=first)
    return {crossing.requirement: crossing for crossing in carried.crossings}


@pytest.mark.parametrize("status", VERDICT_STATUSES)
@pytest.mark.parametrize("relation", RELATIONS)
def test_outcome_by_relation_and_status(crosswalk, assessment, relation, status) -> None:
    """The whole table, written out by what a reader of the contract expects."""
    found = outcomes(crosswalk, assessment, f"a#1 {relation} b#1", verdicts={"1": status})["b#1"]
    expected = "open"
    if status in SHOWN and relation in ("equal", "equivalent", "superset"):
        expected = "shown"
    elif status in SHOWN and relation == "subset":
        expected = "part_shown"
    elif status == "not_met" and relation in ("equal", "equivalent", "subset"):
        expected = "not_met"
    assert found.outcome == expected
    assert found.verdict == (status if expected in ("shown", "not_met") else None)
    assert bool(found.left) == (expected != "shown")
    assert [link.verdict for link in found.links] == [status]


def test_documents_carry_over_as_documents_and_measurements_outrank_them(crosswalk, assessment) -> None:
    edges = ("a#1 superset b#1", "a#2 superset b#1")
    found = outcomes(crosswalk, assessment, *edges, verdicts={"1": "documented", "2": "met"})["b#1"]
    assert (found.outcome, found.verdict) == ("shown", "met")
    found = outcomes(crosswalk, assessment, *edges, verdicts={"1": "documented", "2": "declared"})["b#1"]
    assert (found.outcome, found.verdict) == ("shown", "documented")


def test_a_contradiction_is_said_and_never_a_pass(crosswalk, assessment) -> None:
    edges = ("a#1 superset b#1", "a#2 subset b#1")
    found = outcomes(crosswalk, assessment, *edges, verdicts={"1": "met", "2": "not_met"})["b#1"]
    assert found.outcome == "not_met"
    assert "contradict" in found.left


@pytest.mark.parametrize(
    ("verdicts", "outcome"),
    [
        ({"1": "met", "2": "documented"}, "shown"),
        ({"1": "met", "2": "met"}, "shown"),
        ({"1": "met", "2": "not_applicable"}, "part_shown"),
        ({"1": "met", "2": "inconclusive"}, "part_shown"),
        ({"1": "judged", "2": "declared"}, "open"),
        ({"1": "not_applicable", "2": "not_applicable"}, "open"),
        ({}, "open"),
    ],
)
def test_a_group_is_shown_by_all_of_its_points(crosswalk, assessment, verdicts, outcome) -> None:
    verdicts = {"3": "declared", **verdicts}
    points = ("g", "g/1", "g/2", "3")
    assert outcomes(crosswalk, assessment, "a#g equal b#1", verdicts=verdicts, a=points)["b#1"].outcome == outcome


def test_one_point_not_met_leaves_its_group_not_met(crosswalk, assessment) -> None:
    found = outcomes(crosswalk, assessment, "a#g equal b#1", verdicts={"1": "met", "2": "not_met"})["b#1"]
    assert (found.outcome, found.verdict) == ("not_met", "not_met")
    assert {link.subject: link.verdict for link in found.links} == {"a#g": "not_met", "a#1": "met", "a#2": "not_met"}


def test_a_profile_that_verdicts_may_rest_on_is_named(crosswalk, assessment) -> None:
    profile = Profile(id="strict", title="Strict", author="us", date="2026-11-22")
    first, walked = crosswalk("a#1 equal b#1")
    assert carry(walked, replace(assessment, profile=profile), subject=first).profile == "strict"
    assert carry(walked, assessment, subject=first).profile is None


def test_evidence_is_judged_now_if_it_was_not(small, edge, assessment, tmp_path) -> None:
    from accord.crosswalk import write_sssom

    rule = Rule(measure="data.completeness", op=">=", threshold=0.9, threshold_source="test")
    point = Requirement(id="1", label="1", title="Complete", verification="measured", rules=(rule,))
    first, second = small("a", requirements=(point,)), small("b", "1")
    (tmp_path / "e.tsv").write_text(write_sssom([edge("a#1 equal b#1")], {"a": first, "b": second}, title="t"))
    value = Measurement(measure="data.completeness", subject="sha256:aa", value=1.0, unit="1", method="test")
    evidence = Evidence(
        id="e1", inspector="test", version="1", subject="sha256:aa", status="measured", measurements=(value,),
        started="2026-11-22T00:00:00Z", seconds=0.0,
    )  # fmt: skip
    walked = between(first, second, files=[tmp_path / "e.tsv"])
    assert carry(walked, replace(assessment, evidence=(evidence,)), subject=first).crossings[0].outcome == "shown"
    assert carry(walked, assessment, subject=first).crossings[0].outcome == "open"


def test_what_is_left_names_the_measure_documents_and_question(small) -> None:
    point = Requirement(
        id="1", label="1", title="Fair", rules=(Rule(measure="fairness.accuracy"),), documents=("test_report",),
        question="Is it fair?",
    )  # fmt: skip
    left = between(small("a", "1"), small("b", requirements=(point,))).crossings[0].left
    assert left == "measure fairness.accuracy; show the documents test_report; a person answers: Is it fair?"
