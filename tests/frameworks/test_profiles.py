"""Profiles: whose threshold decides, where it is laid over a rule, and every mistake at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from accord.errors import UsageError
from accord.frameworks.loading import load, parse
from accord.frameworks.mistakes import InvalidFramework
from accord.frameworks.profiles import apply_profile, check_profile, open_profile, reviewers_needed
from accord.frameworks.terms import Terms, judge_all
from accord.records import Framework, Profile, ProfileThreshold
from accord.records.profile import ProfileReviewers

ACT = b"""
id: example-act
version: "1"
title: Example Act
issuer: Parliament
jurisdiction: KE
kind: law
source: {title: Example Act 2026, uri: "https://example.org/act", date: 2026-01-01}
text_licence: own words
status: stable
requirements:
- {id: s_1, label: s. 1, title: Quality}
- id: s_1.1
  parent: s_1
  label: s. 1(1)
  title: Accuracy
  verification: measured
  rules:
  - {measure: fairness.accuracy, where: {attribute: ""}, op: ">="}
- id: s_1.2
  parent: s_1
  label: s. 1(2)
  title: Few false alarms
  verification: measured
  rules:
  - any:
    - {measure: fairness.false_positive_rate, op: "<=", threshold: 0.3, threshold_source: s. 1(2)}
    - {measure: fairness.false_positive_rate_gap, over: worst, op: "<="}
- {id: s_2, label: s. 2, title: Complaints, verification: judged, question: "Where can people complain?"}
"""


@pytest.fixture(scope="module")
def act() -> Framework:
    return parse(ACT)


def profile(*thresholds: ProfileThreshold, reviewers: tuple[ProfileReviewers, ...] = ()) -> Profile:
    return Profile(
        id="p", title="Clinic", author="Board", date="2026-11-01", thresholds=thresholds, reviewers=reviewers
    )


def entry(**fields: object) -> ProfileThreshold:
    return ProfileThreshold(**{"source": "board, 1 November 2026", **fields})  # type: ignore[arg-type]


def test_a_threshold_decides_where_the_text_states_none(act, measured, evidence):
    items = evidence(measured("fairness.accuracy", 0.8, (0.78, 0.82), n=1000))
    before = judge_all([act], items, Terms())[0].verdicts[0]
    assert before.status == "needs_review"
    strict, lax, between = (
        judge_all([act], items, Terms(profile=profile(entry(measure="fairness.accuracy", threshold=limit))))[
            0
        ].verdicts[0]
        for limit in (0.9, 0.7, 0.79)
    )
    assert (strict.status, lax.status, between.status) == ("not_met", "met", "inconclusive")
    assert "profile “Clinic”: board, 1 November 2026" in lax.reason


def test_a_threshold_of_the_text_that_is_replaced_is_still_named(act):
    changed = apply_profile(profile(entry(measure="fairness.false_positive_rate", threshold=0.1)), [act])[0]
    rule = changed.requirements[2].rules[0].any[0]
    assert rule.threshold == 0.1
    assert rule.threshold_source == "profile “Clinic”: board, 1 November 2026, in place of 0.3 (s. 1(2))"
    assert changed.requirements[2].rules[0].any[1] == act.requirements[2].rules[0].any[1]


def test_an_entry_can_be_narrowed_to_framework_requirement_dimensions_and_operator(act):
    narrow: dict[str, object] = {
        "measure": "fairness.accuracy",
        "framework": "example-act",
        "requirement": "s_1.1",
        "where": {"attribute": ""},
        "threshold": 0.5,
    }

    def threshold(**changes: object) -> object:
        laid = apply_profile(profile(entry(**{**narrow, **changes})), [act])[0]
        return laid.requirements[1].rules[0].threshold

    assert threshold() == threshold(op=">=") == threshold(where=None, requirement=None, framework=None) == 0.5
    assert threshold(where={"attribute": "sex"}) is None
    assert threshold(op="<=") is None
    assert threshold(requirement="s_1.2") is None


def test_a_rule_is_added_to_a_point_that_is_measured_otherwise(act, measured, evidence):
    added = profile(entry(measure="data.rows", framework="example-act", requirement="s_1.1", op=">=", threshold=1000))
    check_profile(added, [act])
    items = evidence(measured("data.rows", 50), measured("fairness.accuracy", 0.8, (0.78, 0.82), n=1000))
    verdict = judge_all([act], items, Terms(profile=added))[0].verdicts[0]
    assert verdict.status == "not_met"
    assert [outcome.measure for outcome in verdict.outcomes] == ["fairness.accuracy", "data.rows"]


def test_what_only_a_person_can_judge_is_not_made_a_matter_of_numbers(act, measured, evidence):
    wrong = profile(entry(measure="data.rows", framework="example-act", requirement="s_2", op=">=", threshold=0))
    with pytest.raises(InvalidFramework, match="only to one that is measured"):
        check_profile(wrong, [act])
    verdicts = judge_all([act], evidence(measured("data.rows", 5000)), Terms(profile=wrong))[0].verdicts
    assert {v.requirement: v.status for v in verdicts}["s_2"] == "not_evaluated"


def test_frameworks_that_the_profile_does_not_speak_of_stay_the_same_object(act):
    other = load("action-plan")
    changed = apply_profile(profile(entry(measure="fairness.accuracy", framework="example-act", threshold=1)), [other])
    assert changed[0] is other


def test_what_fits_nowhere_is_reported_all_at_once(act):
    wrong = profile(
        entry(measure="data.rows", threshold=5),
        entry(measure="fairness.accuracy", framework="other-act", threshold=0.5),
        entry(measure="fairness.accuracy", framework="example-act", requirement="s_9", threshold=0.5),
        reviewers=(ProfileReviewers(framework="example-act", requirement="s_8", number=2),),
    )
    with pytest.raises(InvalidFramework) as raised:
        check_profile(wrong, [act])
    assert [mistake.path for mistake in raised.value.mistakes] == [
        "thresholds[0]",
        "thresholds[2]",
        "thresholds[1].framework",
        "thresholds[2].requirement",
        "reviewers[0].requirement",
    ]


def test_reviewers_are_counted_for_points_below_and_the_largest_number_wins(act):
    wanted = profile(
        reviewers=(
            ProfileReviewers(framework="example-act", number=1),
            ProfileReviewers(framework="example-act", requirement="s_1", number=3),
            ProfileReviewers(framework="other", number=5),
        )
    )
    assert reviewers_needed(wanted, act) == {"s_1": 3, "s_1.1": 3, "s_1.2": 3, "s_2": 1}
    assert reviewers_needed(None, act) == {}


GOOD = """
id: clinic
title: Clinic
author: Board
date: 2026-11-01
thresholds:
- {measure: fairness.accuracy, op: ">=", threshold: 0.9, source: board}
"""


def test_a_profile_is_read_from_yaml(tmp_path: Path):
    file = tmp_path / "clinic.yaml"
    file.write_text(GOOD)
    assert open_profile(file).thresholds[0].threshold == 0.9


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (("date: 2026-11-01", "date: 2026-13-01"), "date"),
        (("fairness.accuracy", "fairness.acuracy"), "thresholds[0].measure"),
        (("source: board", 'source: ""'), "thresholds[0].source"),
        (("threshold: 0.9", "threshold: many"), "thresholds[0].threshold"),
        (("threshold: 0.9", "threshold: null"), "thresholds[0].threshold"),
        (("author: Board", "auther: Board"), "auther"),
        (('thresholds:\n- {measure: fairness.accuracy, op: ">=", threshold: 0.9, source: board}', ""), "thresholds"),
        (('op: ">="', 'op: ">=", requirement: s_1'), "thresholds[0].framework"),
        (("thresholds:", "reviewers: [{framework: x, number: 0}]\nthresholds:"), "reviewers[0].number"),
        ((GOOD, "[]"), "(top)"),
    ],
)
def test_each_mistake_of_a_profile_has_its_place(tmp_path: Path, change: tuple[str, str], path: str):
    file = tmp_path / "clinic.yaml"
    assert change[0] in GOOD
    file.write_text(GOOD.replace(*change))
    with pytest.raises(InvalidFramework) as raised:
        open_profile(file)
    assert path in [mistake.path for mistake in raised.value.mistakes]


def test_a_profile_that_is_no_file_is_refused(tmp_path: Path):
    with pytest.raises(UsageError):
        open_profile(tmp_path)
