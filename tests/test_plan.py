"""What deviates from a plan, from the two records alone; and which plans are not sound."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from accord.errors import AccordError, MalformedInput
from accord.plan import check_plan, deviations
from accord.records import (
    Assessment,
    Card,
    Environment,
    Evidence,
    FrameworkReference,
    Part,
    Profile,
    ProfileThreshold,
    Subject,
    Summary,
)
from accord.records.plan import Plan, PlannedRun
from accord.subjects.digest import canonical_digest

PART = Part(role="data", kind="csv", path="a.csv", digest="sha256:" + "a" * 64, size=5)
SUBJECT = Subject(name="S", digest=canonical_digest([["data", "csv", PART.digest]]), parts=(PART,))
TEXT = FrameworkReference(
    id="act", version="1", title="Act", jurisdiction="INT", status="stable", digest="sha256:" + "1" * 64
)
RUN = PlannedRun(evidence="x.y:1", inspector="x.y", version="1", part=PART.digest, parameters={"minimum": 30})
PLAN = Plan(accord="0.1.0", subject=SUBJECT, card_digest="sha256:" + "c" * 64, runs=(RUN,), frameworks=(TEXT,), seed=3)
PROFILE = Profile(
    id="p",
    title="P",
    author="A",
    date="2026-01-01",
    thresholds=(ProfileThreshold(measure="fairness.accuracy", threshold=0.5, source="A, today"),),
)
ITEM = Evidence(
    id="x.y:1",
    inspector="x.y",
    version="1",
    subject=PART.digest,
    status="measured",
    parameters={"minimum": 30},
    seed=3,
    started="2026-09-01T11:59:00Z",
    seconds=1.0,
)


def assessment(*evidence: Evidence, **changes: object) -> Assessment:
    made = Assessment(
        version="0.1",
        subject=SUBJECT,
        card=Card(),
        card_digest=PLAN.card_digest,
        evidence=evidence,
        frameworks=(TEXT,),
        summary=Summary(
            checked="",
            worst="",
            certainty="",
            unchecked="",
            findings={},
            verdicts={},
            coverage=(),
            measured=1,
            skipped=0,
            failed=0,
        ),
        environment=Environment(
            accord="0.1.0", python="3", platform="x", started="2026-09-01T11:59:00Z", seconds=1.0, cores=1
        ),
    )
    return replace(made, **changes)


def found(*evidence: Evidence, plan: Plan = PLAN, **changes: object) -> list[tuple[str, str, str, str]]:
    return [(d.what, d.name, d.planned, d.found) for d in deviations(plan, assessment(*evidence, **changes))]


def test_as_planned() -> None:
    assert found(ITEM) == []


def test_planned_but_not_run() -> None:
    assert found() == [("not_run", "x.y:1", "", "")]
    skipped = replace(ITEM, status="skipped", reason="missing_input")
    assert found(skipped) == [("not_run", "x.y:1", "", "skipped: missing_input")]


def test_run_but_not_planned() -> None:
    assert found(ITEM, replace(ITEM, id="x.y:2")) == [("not_planned", "x.y:2", "", "")]
    assert ("not_planned", "x.y:1", "", "") in found(replace(ITEM, inspector="z.z"))


def test_run_otherwise() -> None:
    assert found(replace(ITEM, version="2")) == [("version", "x.y:1", "1", "2")]
    assert found(replace(ITEM, seed=4)) == [("seed", "x.y:1", "3", "4")]
    assert found(replace(ITEM, parameters={"minimum": 5})) == [("parameters", "x.y:1.minimum", "30", "5")]
    assert found(replace(ITEM, parameters={"minimum": True})) == [("parameters", "x.y:1.minimum", "30", "True")]
    more = replace(ITEM, parameters={"minimum": 30, "extra": "e"})
    assert found(more) == [("parameters", "x.y:1.extra", "", "'e'")]


def test_long_values_that_differ_at_their_end_differ() -> None:
    plan = replace(PLAN, runs=(replace(RUN, parameters={"text": "a" * 1000 + "x"}),))
    (only,) = found(replace(ITEM, parameters={"text": "a" * 1000 + "y"}), plan=plan)
    assert only[:2] == ("parameters", "x.y:1.text") and len(only[2]) == 300


def test_another_system_card_text_or_profile() -> None:
    part = replace(PART, digest="sha256:" + "b" * 64)
    other = replace(SUBJECT, parts=(part,), digest="sha256:" + "d" * 64)
    assert found(ITEM, subject=other) == [
        ("subject", "", SUBJECT.digest, other.digest),
        ("part", "a.csv", PART.digest, part.digest),
    ]
    assert found(ITEM, card_digest=None) == [("card", "", PLAN.card_digest, "")]
    later = replace(TEXT, digest="sha256:" + "2" * 64)
    assert found(ITEM, frameworks=(later,)) == [("framework", "act", TEXT.digest, later.digest)]
    more = replace(TEXT, id="bill")
    assert found(ITEM, frameworks=(TEXT, more)) == [("framework", "bill", "", more.digest)]
    assert found(ITEM, profile=PROFILE) == [("profile", "", "", "p (2026-01-01)")]
    stricter = replace(PROFILE, thresholds=(replace(PROFILE.thresholds[0], threshold=0.6),))
    assert [d[0] for d in found(ITEM, plan=replace(PLAN, profile=PROFILE), profile=stricter)] == ["profile"]


def test_a_sound_plan() -> None:
    assert check_plan(PLAN, name="plan.json") is PLAN


def test_all_mistakes_of_a_plan_at_once() -> None:
    wrong = replace(
        PLAN,
        subject=replace(SUBJECT, digest="sha256:00"),
        runs=(RUN, replace(RUN, part="sha256:" + "f" * 64)),
        frameworks=(replace(TEXT, digest="md5:1"),),
        seed=-1,
        sample=" ",
        profile=replace(PROFILE, author=""),
    )
    with pytest.raises(MalformedInput) as error:
        check_plan(wrong, name="plan.json")
    for place in (
        "subject.digest",
        "runs[1].evidence",
        "runs[1].part",
        "frameworks[0].digest",
        "seed",
        "sample",
        "profile.author",
    ):
        assert place in error.value.message


@pytest.mark.parametrize(
    "card",
    [
        Card(documents={"manual": "../../etc/passwd"}),
        Card(documents={"manual": "x" * 2_000_000}),
    ],
    ids=["path", "size"],
)
def test_a_card_in_a_plan_is_held_to_what_a_file_is_held_to(card: Card) -> None:
    with pytest.raises(AccordError):
        check_plan(replace(PLAN, card=card), name="plan.json")


def test_a_plan_of_nothing_is_none() -> None:
    with pytest.raises(MalformedInput, match="nothing would be measured"):
        check_plan(replace(PLAN, runs=()), name="plan.json")
