"""What changed between two assessments, and what of it is more than chance."""

from __future__ import annotations

import msgspec
import pytest

from accord.compare import compare
from accord.measures.intervals import rate
from accord.records import Assessment, Card, Environment, Evidence, Finding, Measurement, Part, Subject, Summary

MEASURE = "fairness.false_positive_rate"


def assessment(events: int, trials: int, *, digest: str = "sha256:a", findings: tuple[Finding, ...] = ()) -> Assessment:
    interval = rate(events, trials)
    measurement = Measurement(
        measure=MEASURE, subject=digest, dimensions={"attribute": "sex", "group": "F"}, value=events / trials, unit="1",
        interval=interval, n=trials, method=interval.kind, statistics="groups",
    )  # fmt: skip
    rows = Measurement(measure="data.rows", subject=digest, value=trials, unit="count", method="counted")
    evidence = Evidence(
        id="e", inspector="fairness.groups", version="1", subject=digest, status="measured",
        measurements=(measurement, rows), findings=findings, started="2026-01-01T00:00:00Z", seconds=0,
    )  # fmt: skip
    part = Part(role="predictions", kind="csv", path="", digest=digest, size=1)
    return Assessment(
        version="0.1",
        subject=Subject(name="s", digest=f"system-{digest}", parts=(part,)),
        card=Card(),
        evidence=(evidence,),
        summary=Summary(
            checked="", worst="", certainty="", unchecked="", findings={}, verdicts={}, coverage=(), measured=1,
            skipped=0, failed=0,
        ),
        environment=Environment(accord="0", python="3", platform="p", started="", seconds=0, cores=1),
    )  # fmt: skip


def test_an_assessment_does_not_differ_from_itself() -> None:
    found = compare(assessment(30, 100), assessment(30, 100))
    assert found.same_subject and not found.changes and found.unchanged == 2


@pytest.mark.parametrize(
    ("after", "judged"),
    # Newcombe's 95 % interval of 40/100 − 30/100 is [-0.032, 0.228]: chance; of 50/100 − 30/100 it is [0.064, 0.325].
    # The single intervals of 50/100 and 30/100 hardly overlap, so a test by overlap alone would be blind to it.
    [(40, "within_chance"), (44, "changed"), (50, "changed"), (60, "changed")],
)
def test_a_rate_changed_only_beyond_the_interval_of_the_difference(after: int, judged: str) -> None:
    found = compare(assessment(30, 100), assessment(after, 100, digest="sha256:b"))
    change = next(change for change in found.changes if change.measure == MEASURE)
    assert change.judged == judged
    assert found.parts_changed == ("predictions",)


def test_a_count_that_differs_has_changed() -> None:
    found = compare(assessment(30, 100), assessment(30, 101, digest="sha256:b"))
    assert {change.measure: change.judged for change in found.changes}["data.rows"] == "changed"


def test_findings_come_and_go() -> None:
    finding = Finding(rule="DATA-003", severity="low", subject="sha256:a", message="m", remedy="r")
    worse = compare(assessment(30, 100), assessment(30, 100, findings=(finding,)))
    assert [f.rule for f in worse.new_findings] == ["DATA-003"] and not worse.gone_findings
    better = compare(assessment(30, 100, findings=(finding,)), assessment(30, 100))
    assert [f.rule for f in better.gone_findings] == ["DATA-003"] and not better.new_findings


def test_what_only_one_of_them_measured_is_counted() -> None:
    before = assessment(30, 100)
    without = msgspec.structs.replace(before, evidence=())
    found = compare(before, without)
    assert (found.only_before, found.only_after) == (2, 0)
