"""Gates decide the exit status: 3 (could not run) before 1 (fails) before 0."""

from __future__ import annotations

import pytest

from accord.cli.gates import exit_status, parse_gate
from accord.errors import UsageError
from accord.records import Assessment, Coverage, Evidence, Finding, Subject, Summary, Verdict
from accord.records.assessment import Environment
from accord.records.card import Card


def assessment(*, severity: str = "low", status: str = "met", evaluated: int = 1, failed: bool = False) -> Assessment:
    evidence = Evidence(
        id="x",
        inspector="data.profile",
        version="1",
        subject="sha256:0",
        status="failed" if failed else "measured",
        reason="error" if failed else None,
        findings=(Finding(rule="R-1", severity=severity, subject="sha256:0", message="m", remedy="r"),),
        started="2026-01-01T00:00:00Z",
        seconds=0,
    )
    coverage = Coverage(framework="law", applicable=4, evaluated=evaluated, counts={})
    return Assessment(
        version="0.1",
        subject=Subject(name="s", digest="sha256:0", parts=()),
        card=Card(),
        evidence=(evidence,),
        verdicts=(Verdict(framework="law", requirement="art_1", status=status, reason=""),),
        summary=Summary(
            checked="",
            worst="",
            certainty="",
            unchecked="",
            findings={},
            verdicts={},
            coverage=(coverage,),
            measured=1,
            skipped=0,
            failed=0,
        ),
        environment=Environment(accord="0", python="3", platform="p", started="", seconds=0, cores=1),
    )


@pytest.mark.parametrize(
    ("gate", "record", "status"),
    [
        ("finding:high", assessment(severity="medium"), 0),
        ("finding:high", assessment(severity="high"), 1),
        ("finding:high", assessment(severity="critical"), 1),
        ("finding:high", assessment(severity="low", failed=True), 3),
        ("verdict:not_met", assessment(status="met"), 0),
        ("verdict:not_met", assessment(status="not_met"), 1),
        ("verdict:not_met", assessment(status="inconclusive"), 1),
        ("verdict:not_met", assessment(status="not_evaluated"), 1),
        ("verdict:not_met@law/art_1", assessment(status="not_met"), 1),
        ("verdict:not_met@law/art_2", assessment(status="not_met"), 3),
        ("verdict:not_met@other", assessment(status="met"), 3),
        ("coverage<0.5", assessment(evaluated=1), 1),
        ("coverage<0.5", assessment(evaluated=2), 0),
        ("coverage<0.5@other", assessment(evaluated=2), 3),
    ],
)
def test_gate_decides_the_exit_status(gate: str, record: Assessment, status: int) -> None:
    found, reasons = exit_status(record, [parse_gate(gate)], (), nothing=False)
    assert found == status
    assert bool(reasons) == (status != 0)


@pytest.mark.parametrize(
    "text", ["", "finding", "finding:grave", "verdict:good", "coverage>0.5", "coverage<5", "finding:low@law"]
)
def test_a_gate_that_says_nothing_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_gate(text)


def test_what_was_asked_for_and_did_not_run_is_status_3() -> None:
    assert exit_status(assessment(), [], ("fairness.groups",), nothing=False)[0] == 3
    assert exit_status(assessment(), [], ("data.profile",), nothing=False)[0] == 0


def test_could_not_run_outranks_fails() -> None:
    gates = [parse_gate("finding:low"), parse_gate("verdict:met@other")]
    assert exit_status(assessment(), gates, (), nothing=False)[0] == 3
    assert exit_status(assessment(), [], (), nothing=True)[0] == 3
