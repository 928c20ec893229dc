"""An assessment with a point of every kind, under a framework of its own, and filled forms for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from accord.frameworks import FrameworkFile, judge, open_framework
from accord.records import (
    Assessment,
    Card,
    Environment,
    Evidence,
    Interval,
    Measurement,
    Part,
    Subject,
    Summary,
)
from accord.reviews.columns import COLUMNS
from accord.reviews.opening import Opened, open_points
from accord.reviews.sheet import Row

SYSTEM, TABLE, MANUAL = ("sha256:" + digit * 64 for digit in "5ad")
FRAMEWORK = """
id: example
version: "1"
title: Example Act
issuer: test
jurisdiction: INT
kind: law
source: {title: test, uri: "https://example.org", date: "2026-01-01"}
text_licence: own words
status: stable
requirements:
  - {id: q, label: Art. 1, title: Oversight is arranged, verification: judged, question: "Who, = how, and when?"}
  - id: m
    label: Art. 2
    title: It is accurate enough
    verification: measured
    question: Is the accuracy enough for its purpose?
    rules: [{measure: fairness.accuracy, op: ">="}]
  - id: met
    label: Art. 3
    title: It is better than a coin
    verification: measured
    rules: [{measure: fairness.accuracy, op: ">=", threshold: 0.5, threshold_source: "Example Act, Art. 3"}]
  - {id: state, label: Art. 4, title: States act, addressee: state, verification: judged, question: "Do they?"}
  - {id: mute, label: Art. 5, title: Nobody can say, verification: not_testable}
"""


@pytest.fixture(scope="session")
def framework_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("framework") / "example.yaml"
    path.write_text(FRAMEWORK, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def framework_file(framework_path: Path) -> FrameworkFile:
    return open_framework(framework_path)


def _accuracy(value: float, **dimensions: str) -> Measurement:
    return Measurement(
        measure="fairness.accuracy",
        subject=TABLE,
        dimensions=dimensions,
        value=value,
        unit="1",
        interval=Interval(low=value - 0.01, high=value + 0.01, kind="wilson"),
        n=7214,
        method="test",
    )


@pytest.fixture(scope="session")
def assess_example(framework_file: FrameworkFile) -> Callable[..., Assessment]:
    """assess_example(accuracy): an assessment as the main job would make it."""

    def made(value: float = 0.65) -> Assessment:
        item = Evidence(
            id="e1",
            inspector="fairness.groups",
            version="1",
            subject=TABLE,
            status="measured",
            measurements=(_accuracy(value), _accuracy(value - 0.05, sex="=cmd|' /C calc'!A0")),
            started="2026-09-01T11:59:00Z",
            seconds=1.0,
        )
        parts = (
            Part(role="data", kind="csv", path="scores.csv", digest=TABLE, size=5),
            Part(role="document", kind="pdf", path="docs/manual.pdf", digest=MANUAL, size=5),
        )
        judgement = judge(framework_file.framework, [item])
        return Assessment(
            version="0.1",
            subject=Subject(name="scores ü", digest=SYSTEM, parts=parts),
            card=Card(documents={"instructions_for_use": "docs/manual.pdf", "privacy_notice": "docs/lost.pdf"}),
            evidence=(item,),
            verdicts=judgement.verdicts,
            frameworks=(framework_file.reference,),
            summary=Summary(
                checked="a",
                worst="b",
                certainty="c",
                unchecked="d",
                findings={},
                verdicts={},
                coverage=(judgement.coverage,),
                measured=1,
                skipped=0,
                failed=0,
            ),
            environment=Environment(
                accord="0.1.0", python="3.11", platform="linux", started="2026-09-01T11:59:00Z", seconds=2.0, cores=2
            ),
        )

    return made


@pytest.fixture(scope="session")
def assessment(assess_example: Callable[..., Assessment]) -> Assessment:
    return assess_example()


@pytest.fixture(scope="session")
def opened(assessment: Assessment, framework_path: Path) -> Opened:
    return open_points(assessment, [str(framework_path)])


@pytest.fixture(scope="session")
def row(opened: Opened) -> Callable[..., Row]:
    """row(number, requirement, column=text, …): a sound row, but for what is changed."""
    states = {point.requirement.id: point.state for point in opened.points}

    def made(number: int = 2, requirement: str = "q", **cells: str) -> Row:
        sound = {
            "framework": "example",
            "requirement": requirement,
            "state": states.get(requirement, ""),
            "decision": "met",
            "reason": "A person watches every decision.",
            "reviewer": "Ada",
            "role": "auditor",
            "interest": "none",
            "valid_until": "2027-09-01",
        }
        return Row(number, dict.fromkeys(COLUMNS, "") | sound | cells)

    return made
