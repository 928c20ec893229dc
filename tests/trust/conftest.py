"""What the tests of the trust room share: keys from fixed seeds, a small assessment, a sealed report."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from accord.records import (
    Assessment,
    Axis,
    Card,
    Counts,
    Environment,
    Evidence,
    FrameworkReference,
    Interval,
    Measurement,
    Part,
    Subject,
    Summary,
    Tier,
    Verdict,
    to_readable_json,
)
from accord.trust.ed25519 import SigningKey
from accord.trust.log import Log
from accord.trust.sealing import Sealed, seal

NOW = datetime(2026, 9, 1, 12, 0, 0, tzinfo=UTC)
TABLE = "sha256:" + hashlib.sha256(b"table").hexdigest()
MODEL = "sha256:" + hashlib.sha256(b"model").hexdigest()


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def signer() -> SigningKey:
    return SigningKey.from_seed(b"s" * 32)


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path / "log", SigningKey.from_seed(b"l" * 32), "accord.local/test")


def _evidence(inspector: str, subject: str, number: int) -> Evidence:
    counts = Counts(axes=(Axis(role="label", name="two_year", categories=("0", "1")),), values=(3963, 3251))
    rate = Measurement(
        measure="fairness.base_rate",
        subject=subject,
        value=3251 / 7214,
        unit="1",
        interval=Interval(low=0.4392, high=0.4622, kind="wilson"),
        n=7214,
        method="count",
        statistics="outcomes",
    )
    return Evidence(
        id=f"{inspector}-{number}",
        inspector=inspector,
        version="1",
        subject=subject,
        status="measured",
        measurements=(rate,),
        statistics={"outcomes": counts},
        started="2026-09-01T11:59:00Z",
        seconds=1.0,
    )


@pytest.fixture
def assessment() -> Assessment:
    parts = (
        Part(role="data", kind="csv", path="scores.csv", digest=TABLE, size=5),
        Part(role="model", kind="onnx", path="model.onnx", digest=MODEL, size=5),
    )
    evidence = (
        _evidence("fairness.groups", TABLE, 1),
        _evidence("data.profile", TABLE, 1),
        _evidence("data.profile", MODEL, 2),
    )
    return Assessment(
        version="0.1.0",
        subject=Subject(name="compas ü", digest="sha256:" + "ab" * 32, parts=parts),
        card=Card(),
        card_digest="sha256:" + "cd" * 32,
        evidence=evidence,
        verdicts=(Verdict(framework="eu-ai-act", requirement="10.2.f", status="needs_review", reason="shown"),),
        tiers=(Tier(framework="eu-ai-act", tier="high", title="High risk"),),
        frameworks=(
            FrameworkReference(
                id="eu-ai-act",
                version="1",
                title="EU AI Act",
                jurisdiction="EU",
                status="stable",
                digest="sha256:" + "0" * 64,
            ),
        ),
        summary=Summary(
            checked="a",
            worst="b",
            certainty="c",
            unchecked="d",
            findings={},
            verdicts={},
            coverage=(),
            measured=3,
            skipped=0,
            failed=0,
        ),
        environment=Environment(
            accord="0.1.0", python="3.11", platform="linux", started="2026-09-01T11:59:00Z", seconds=2.0, cores=2
        ),
    )


@pytest.fixture
def report(tmp_path: Path, assessment: Assessment) -> Path:
    folder = tmp_path / "accord-report"
    folder.mkdir()
    (folder / "assessment.json").write_bytes(to_readable_json(assessment))
    (folder / "report.html").write_text("<!doctype html><title>report</title>")
    return folder


@pytest.fixture
def sealed(report: Path, assessment: Assessment, signer: SigningKey, log: Log) -> Sealed:
    return seal(report, assessment, signer=signer, log=log, now=NOW)
