"""What is missing, which inspectors would produce it, and on how many people."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.recognition.conftest import BERLIN, LAB_PROFILE, Scene

from accord.inspectors.registry import all_inspectors
from accord.recognition.fit import Here
from accord.recognition.gap import gap, producers
from accord.recognition.local_sample import plan_samples
from accord.recognition.recognise import Rules, appraise
from accord.recognition.sampling import for_difference, for_half_width, for_rate
from accord.records import Context, Profile, ProfileThreshold

EVERYTHING = ("eu-ai-act", "oecd-ai-principles", "owasp-llm-top10", "profile-women-children")


@pytest.fixture(scope="module")
def abroad(scene: Scene) -> Scene:
    return scene.but(here=Here("DE", BERLIN), profile=LAB_PROFILE, frameworks=EVERYTHING)


def test_producers_are_the_inspectors_that_name_the_measure():
    found = producers(all_inspectors())
    assert found["fairness.accuracy"] == ("fairness.groups",)
    assert all(name in {i.id for i in all_inspectors()} for names in found.values() for name in names)


def test_only_what_does_not_fit_is_measured_again(abroad: Scene):
    found = gap(abroad.ask())
    assert found.inspectors == ("data.profile", "fairness.groups")
    names = {item.missing.name for item in found.measures}
    assert "fairness.selection_rate_gap" in names and "data.group_share" in names
    assert not {name for name in names if name.startswith(("model_files.", "transparency.", "card."))}
    kinds = {item.missing.kind for item in found.others}
    assert kinds >= {"document", "answer", "review", "threshold"}
    for item in (*found.measures, *found.others):
        assert item.requirements and item.missing.name.strip()


def test_every_open_requirement_says_what_it_lacks(abroad: Scene):
    for point in abroad.ask().requirements:
        assert bool(point.missing) == (point.status == "still_to_be_shown"), point


def test_with_the_same_people_nothing_is_to_be_measured(scene: Scene):
    found = gap(scene.but(profile=LAB_PROFILE, frameworks=("owasp-llm-top10",)).ask())
    assert not [item for item in found.measures if item.missing.name.startswith("model_files.")]
    at_hand = scene.but(
        here=Here("DE", scene.here.context, frozenset(["sha256:" + "0" * 64])), frameworks=("owasp-llm-top10",)
    )
    names = {item.missing.name for item in gap(at_hand.ask()).measures}
    assert "model_files.header_valid" in names, "facts of other bytes are not facts of these"


def test_a_licence_that_nobody_declared_is_not_measured_again(scene: Scene):
    found = gap(scene.but(frameworks=("owasp-llm-top10",)).ask())
    lacking = [item for item in found.others if item.missing.name == "openness.declared_licence"]
    assert lacking and lacking[0].missing.kind == "review"


def one_threshold(measure: str, value: float) -> Profile:
    item = ProfileThreshold(measure=measure, threshold=value, source="Ours")
    return Profile(id="one", title="One", author="DE", date="2026-01-01", thresholds=(item,))


def plans(scene: Scene, **changes):
    asked = scene.but(**({"here": Here("DE", BERLIN), "frameworks": EVERYTHING} | changes))
    return plan_samples(gap(asked.ask()), asked.case.assessment.evidence, asked.here)


def rates(scene: Scene, measure: str) -> dict[str, float]:
    found = [m for e in scene.case.assessment.evidence for m in e.measurements if m.measure == measure]
    return {m.dimensions["group"]: float(m.value) for m in found if "group" in m.dimensions}  # type: ignore[arg-type]


def test_the_sample_of_a_gap_decides_about_its_threshold(scene: Scene):
    (plan,) = [
        item
        for item in plans(scene, profile=one_threshold("fairness.selection_rate_gap", 0.1))
        if item.measure == "fairness.selection_rate_gap"
    ]
    known = rates(scene, "fairness.selection_rate")
    assert (plan.attribute, set(plan.groups), plan.languages) == ("sex", {"f", "m"}, ("de",))
    assert plan.assumed == pytest.approx(known)
    assert plan.per_group == for_difference(max(known.values()), min(known.values()), 0.1)
    assert plan.people == 2 * plan.per_group and "0.1" in plan.aim


def test_people_are_more_than_trials_where_a_rate_is_of_some_only(scene: Scene):
    """A false-positive rate is taken over people whose true outcome is negative: about every second one here."""
    (plan,) = [item for item in plans(scene) if item.measure == "fairness.false_positive_rate_gap"]
    assert 1.8 * 2 * plan.per_group < plan.people < 2.2 * 2 * plan.per_group


def test_the_sample_of_a_rate(scene: Scene):
    found = {
        (plan.measure, plan.attribute): plan
        for plan in plans(scene, profile=one_threshold("fairness.accuracy", 0.7))
        if plan.measure == "fairness.accuracy"
    }
    assert set(found) == {("fairness.accuracy", ""), ("fairness.accuracy", "sex")}
    (overall,) = [
        m.value
        for e in scene.case.assessment.evidence
        for m in e.measurements
        if m.measure == "fairness.accuracy" and not m.dimensions
    ]
    assert found["fairness.accuracy", ""].per_group == for_rate(overall, 0.7)
    without = [plan for plan in plans(scene) if plan.measure == "fairness.accuracy" and not plan.attribute]
    assert without[0].per_group == for_half_width(overall) and without[0].threshold is None


def test_where_nothing_is_known_the_widest_is_planned(scene: Scene):
    """Evidence without a single rate: groups are not known, and each rate is taken for one half."""
    assessment = scene.case.assessment
    bare = tuple(replace(item, measurements=()) for item in assessment.evidence)
    asked = scene.but(here=Here("DE", BERLIN), frameworks=("oecd-ai-principles",))
    from accord.recognition.case import Case

    case = Case(replace(assessment, evidence=bare), scene.case.said, scene.case.evidence)
    found = appraise(case, asked.here, asked.world, Rules(asked.rules.frameworks, all_inspectors()))
    planned = {plan.measure: plan for plan in plan_samples(gap(found), bare, asked.here)}
    assert planned["fairness.accuracy"].per_group == for_half_width(0.5)
    assert planned["fairness.selection_rate_gap"].groups == ()
    assert planned["fairness.selection_rate_gap"].people == 2 * planned["fairness.selection_rate_gap"].per_group


def test_silent_local_conditions_name_no_language(scene: Scene):
    found = plans(scene, here=Here("DE", Context()))
    assert found and {plan.languages for plan in found} == {()}


def test_a_report_of_the_local_run_closes_the_gap(scene: Scene, tmp_path: Path):
    """What was missing is measured at home, and then it is missing no more."""
    from tests.recognition.conftest import assessed, make_system

    from accord.frameworks import Terms, judge_all, select

    local = assessed(make_system(tmp_path / "berlin", BERLIN), "DE", LAB_PROFILE)
    texts = select(("oecd-ai-principles",))
    verdicts = judge_all(texts, local.evidence, Terms(profile=LAB_PROFILE))[0].verdicts
    assert {v.status for v in verdicts if v.requirement in ("p_1.2.a", "p_1.4.a")} == {"met"}
