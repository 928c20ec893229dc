"""Running an inspector always ends in evidence: measured, skipped or failed, each with its reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from accord.errors import MalformedInput
from accord.inspectors.cache import EvidenceCache
from accord.inspectors.interface import FindingRule, Inspection, Inspector, Outcome, Skip
from accord.inspectors.running import Request, evidence_id, parameters_of, run
from accord.records import Card, Measurement, Part, Subject

PART = Part(role="data", kind="csv", path="a.csv", digest="sha256:a", size=3)
SUBJECT = Subject(name="s", digest="sha256:s", parts=(PART,))
RULE = FindingRule("TEST-001", "low", "{n} things are wrong", "Mend them")


def asked(**changes: object) -> Request:
    request = Request(inspector="test.it", part=PART, subject=SUBJECT, root="/", card=Card(), card_source="none")
    return replace_record(request, **changes)


def replace_record(request: Request, **changes: object) -> Request:
    import msgspec

    return msgspec.structs.replace(request, **changes)


def inspector(function: Callable[..., Outcome]) -> Inspector:
    return Inspector(
        id="test.it",
        version="1",
        function=function,
        kinds=frozenset({"csv"}),
        scope="part",
        measures=("data.rows",),
        rules=(RULE,),
        isolation="none",
        cacheable=True,
        reads_card=False,
        parameters={"limit": 3},
    )


def rows(measure: str = "data.rows", subject: str = "sha256:a") -> Measurement:
    return Measurement(measure=measure, subject=subject, value=3, unit="count", method="counted")


def test_an_outcome_becomes_evidence() -> None:
    def good(inspection: Inspection, *, limit: int = 3) -> Outcome:
        return Outcome(measurements=(rows(),), findings=(RULE.at(inspection.part.digest, n=limit),))

    evidence = run(inspector(good), asked(parameters={"limit": 4}), None)
    assert (evidence.status, evidence.reason, evidence.subject) == ("measured", None, "sha256:a")
    assert evidence.findings[0].message == "4 things are wrong"
    assert evidence.parameters == {"limit": 4}
    assert evidence.cost.cpu_seconds >= 0 and evidence.tools["accord"]


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        (Outcome(measurements=(rows("fairness.accuracy"),)), "fairness.accuracy"),
        (Outcome(measurements=(rows(subject="sha256:another"),)), "sha256:another"),
        (Outcome(findings=(replace(RULE, id="TEST-002").at("sha256:a", n=1),)), "TEST-002"),
    ],
)
def test_what_was_not_announced_is_refused(outcome: Outcome, text: str) -> None:
    evidence = run(inspector(lambda _: outcome), asked(), None)
    assert (evidence.status, evidence.reason) == ("failed", "error")
    assert text in evidence.detail
    assert not evidence.measurements and not evidence.findings


def test_a_skip_says_why() -> None:
    def nothing(_: Inspection) -> Outcome:
        raise Skip("missing_input", "the card names no label")

    evidence = run(inspector(nothing), asked(), None)
    assert (evidence.status, evidence.reason, evidence.detail) == (
        "skipped",
        "missing_input",
        "the card names no label",
    )


def test_an_error_of_the_input_is_a_failure_not_a_crash() -> None:
    def broken(_: Inspection) -> Outcome:
        raise MalformedInput("bad", "line 3 is no row", "Mend it.")

    evidence = run(inspector(broken), asked(), None)
    assert (evidence.status, evidence.reason) == ("failed", "error")
    assert "line 3" in evidence.detail


def test_ids_tell_parts_apart_and_parameters_fall_back_to_defaults() -> None:
    it = inspector(lambda _: Outcome())
    other = Part(role="data", kind="csv", path="b.csv", digest="sha256:a", size=3)
    assert evidence_id(it, PART) != evidence_id(it, other)
    assert parameters_of(it, {}) == {"limit": 3}
    assert parameters_of(it, {"limit": 9, "other": 1}) == {"limit": 9}


def test_evidence_is_kept_for_exactly_the_same_question(tmp_path: Path) -> None:
    it = inspector(lambda _: Outcome(measurements=(rows(),)))
    cache = EvidenceCache(tmp_path)
    evidence = run(it, asked(), None)
    assert cache.get(it, asked()) is None
    cache.put(it, asked(), evidence)
    assert cache.get(it, asked()) == evidence
    for question in (asked(seed=1), asked(parameters={"limit": 1}), asked(part=replace_part("sha256:b"))):
        assert cache.get(it, question) is None
    assert cache.get(replace(it, version="2"), asked()) is None
    assert cache.get(replace(it, reads_card=True), asked()) is None


def replace_part(digest: str) -> Part:
    return Part(role="data", kind="csv", path="a.csv", digest=digest, size=3)


def test_kept_evidence_that_somebody_altered_is_not_used(tmp_path: Path) -> None:
    it = inspector(lambda _: Outcome(measurements=(rows(),)))
    cache = EvidenceCache(tmp_path)
    cache.put(it, asked(), run(it, asked(), None))
    (kept,) = (path for path in tmp_path.rglob("*") if path.is_file() and path.name != "seal.key")
    kept.write_bytes(kept.read_bytes().replace(b'"value":3', b'"value":4'))
    assert cache.get(it, asked()) is None


def test_skips_and_failures_are_never_kept(tmp_path: Path) -> None:
    def nothing(_: Inspection) -> Outcome:
        raise Skip("offline", "no network")

    it, cache = inspector(nothing), EvidenceCache(tmp_path)
    cache.put(it, asked(), run(it, asked(), None))
    assert cache.get(it, asked()) is None


def test_the_seal_is_for_its_owner_only(tmp_path: Path) -> None:
    it, cache = inspector(lambda _: Outcome(measurements=(rows(),))), EvidenceCache(tmp_path)
    cache.put(it, asked(), run(it, asked(), None))
    assert (tmp_path / "seal.key").stat().st_mode & 0o077 == 0
