"""Assessments as OSCAL: accepted by schema and trestle, and nothing in them says more than the verdicts do."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import rfc8785

from accord.frameworks import library
from accord.frameworks.judging import points_to_judge
from accord.oscal import assessment_results, plan_of_action, render_catalog, render_plan_of_action, render_results
from accord.records import DISCLAIMER, Assessment, from_builtins, to_builtins
from accord.reports import Details, report

Judge = Callable[[dict[str, bytes]], None]
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture(scope="module")
def sample() -> SimpleNamespace:
    """The sample assessments of the reports' tests: one verdict of every kind, hostile text, nothing at all."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "reports"))
    import report_extremes
    import report_sample

    return SimpleNamespace(**vars(report_sample) | vars(report_extremes))


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in a document."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from objects(inner)


def findings(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [item for item in objects(document) if "target" in item and "related-observations" in item]


def verdict_of(item: dict[str, Any]) -> str:
    return next(prop["value"] for prop in item["props"] if prop["name"] == "verdict")


def test_schema_and_trestle_accept_them(accepted: Judge, sample: SimpleNamespace):
    whole, nothing = sample.compas(), sample.empty()
    accepted(
        {
            "results": render_results(whole, sample.frameworks()),
            "results-without-texts": render_results(whole),
            "results-many": render_results(sample.many()),
            "results-of-nothing": render_results(nothing),
            "plan": render_plan_of_action(whole, sample.frameworks()),
            "plan-many": render_plan_of_action(sample.many()),
            "plan-of-nothing": render_plan_of_action(nothing),
        }
    )


def test_the_judges_do_refuse(schemas: Path, sample: SimpleNamespace, tmp_path: Path):
    """The oracles find what is wrong in a document that was spoiled: they are no rubber stamp."""
    peers = Path(__file__).parents[2] / ".venv-peers" / "bin" / "python"
    if (
        not peers.is_file()
        or subprocess.run([peers, "-c", "import trestle, jsonschema"], capture_output=True).returncode
    ):
        pytest.skip("compliance-trestle and jsonschema are not installed in .venv-peers")
    document = assessment_results(sample.compas())
    document["assessment-results"]["results"][1]["findings"][0]["target"]["status"]["state"] = "certified"
    document["assessment-results"]["uuid"] = "not-a-uuid"
    (tmp_path / "spoiled.json").write_text(json.dumps(document))
    oracle = Path(__file__).with_name("oscal_oracle.py")
    done = subprocess.run([peers, oracle, schemas, tmp_path / "spoiled.json"], capture_output=True, check=True)
    complaints = json.loads(done.stdout)["spoiled.json"]["complaints"]
    assert any("status/state" in text for text in complaints)
    assert any("uuid" in text for text in complaints)
    assert any(text.startswith("trestle") for text in complaints)


def test_satisfied_is_said_of_met_and_of_nothing_else(sample: SimpleNamespace):
    record = sample.compas()
    found = findings(assessment_results(record, sample.frameworks()))
    states = {verdict_of(item): item["target"]["status"] for item in found}
    assert {name for name, status in states.items() if status["state"] == "satisfied"} == {"met"}
    assert {name: status["reason"] for name, status in states.items()} == {
        "met": "pass",
        "not_met": "fail",
        "inconclusive": "other",
        "documented": "other",
        "declared": "other",
        "judged": "other",
        "needs_review": "other",
    }
    expected = Counter(v.status for v in record.verdicts if v.status not in ("not_evaluated", "not_applicable"))
    assert Counter(map(verdict_of, found)) == expected
    assert "doesn't prove compliance" in states["met"]["remarks"]


def test_what_was_not_reviewed_is_excluded_by_name(sample: SimpleNamespace):
    record = sample.compas()
    results = assessment_results(record)["assessment-results"]["results"]
    for reference, result in zip(record.frameworks, results[1:], strict=True):
        (selection,) = result["reviewed-controls"]["control-selections"]
        left_out = {v.requirement for v in record.verdicts if v.status in ("not_evaluated", "not_applicable")}
        mine = {v.requirement for v in record.verdicts if v.framework == reference.id}
        included = {item["control-id"].lstrip("_") for item in selection.get("include-controls", ())}
        excluded = {item["control-id"].lstrip("_") for item in selection.get("exclude-controls", ())}
        assert excluded == mine & left_out
        assert included == mine - left_out


def test_every_reference_leads_somewhere_and_no_uuid_stands_for_two(sample: SimpleNamespace):
    for document in (assessment_results(sample.compas()), plan_of_action(sample.compas())):
        defined = [item["uuid"] for item in objects(document) if "uuid" in item]
        assert len(defined) == len(set(defined))
        pointed = {
            item[key]
            for item in objects(document)
            for key in ("observation-uuid", "risk-uuid", "finding-uuid", "subject-uuid")
            if key in item
        }
        pointed |= {item["href"][1:] for item in objects(document) if item.get("href", "").startswith("#")}
        assert pointed and pointed <= set(defined)


def test_targets_stand_in_the_catalogues_that_we_export():
    """What a finding points to is a statement of the catalogue of its framework."""
    from accord.oscal.document import control_of, statement_of

    for framework in library():
        catalog = json.loads(render_catalog(framework))
        ids = {item["id"] for item in objects(catalog) if "id" in item}
        for point in points_to_judge(framework):
            assert {control_of(point.id), statement_of(point.id)} <= ids


def test_evidence_is_named_by_the_digest_of_its_rfc_8785_form(sample: SimpleNamespace):
    record = sample.compas()
    expected = {f"sha256:{hashlib.sha256(rfc8785.dumps(to_builtins(item))).hexdigest()}" for item in record.evidence}
    resources = assessment_results(record)["assessment-results"]["back-matter"]["resources"]
    named = {prop["value"] for item in resources for prop in item.get("props", ()) if prop["name"] == "evidence-digest"}
    assert named == expected


def test_what_is_open_becomes_an_item_and_nothing_else(sample: SimpleNamespace):
    record = sample.compas()
    plan = plan_of_action(record, sample.frameworks())["plan-of-action-and-milestones"]
    *items, last = plan["poam-items"]
    open_ = [v for v in record.verdicts if v.status in ("not_met", "needs_review")]
    defects = [f for e in record.evidence for f in e.findings if f.severity != "info"]
    assert open_ and defects
    assert len(items) == len(open_) + len(defects)
    assert [verdict_of(item) for item in items[: len(open_)]] == [v.status for v in open_]
    assert {risk["status"] for risk in plan["risks"]} == {"open"}
    assert last["title"] == "What was not checked"
    assert record.summary.unchecked in last["description"]
    assert not [item for item in findings(plan) if item["target"]["status"]["state"] == "satisfied"]


def test_a_plan_of_nothing_says_that_nothing_was_checked(sample: SimpleNamespace):
    plan = plan_of_action(sample.empty())["plan-of-action-and-milestones"]
    assert [item["title"] for item in plan["poam-items"]] == ["What was not checked"]


def test_a_duty_that_comes_later_has_that_day_as_its_deadline(sample: SimpleNamespace):
    record = sample.compas()
    (first, *_rest) = [v for v in record.verdicts if v.status == "not_met"]
    for day, expected in (("2999-01-01", "2999-01-01T00:00:00Z"), ("2000-01-01", None)):
        verdict = sample.replaced(first, applies_from=day)
        plan = plan_of_action(sample.replaced(record, verdicts=(verdict,)))["plan-of-action-and-milestones"]
        assert plan["risks"][0].get("deadline") == expected


@pytest.mark.parametrize("name", ["oscal", "oscal-poam"])
def test_the_formats_say_that_they_are_a_measurement(name: str, sample: SimpleNamespace):
    data = report(name).render(sample.compas(), details=Details(frameworks=sample.frameworks()))
    (document,) = json.loads(data).values()
    assert document["metadata"]["remarks"].startswith(DISCLAIMER)
    assert sample.compas().summary.unchecked in document["metadata"]["remarks"]
    assert document["metadata"]["oscal-version"] == "1.2.1"
    assert "certified" not in data.decode().lower()
    assert data == report(name).render(sample.compas(), details=Details(frameworks=sample.frameworks()))


def test_another_assessment_has_other_uuids(sample: SimpleNamespace):
    def uuids(record: Assessment) -> set[str]:
        (document,) = json.loads(render_results(record)).values()
        return {item["uuid"] for result in document["results"] for item in objects(result) if "findings" in item}

    record = sample.compas()
    later = sample.replaced(record, environment=sample.replaced(record.environment, seconds=99.0))
    assert uuids(record).isdisjoint(uuids(later))


def readable(record: Assessment) -> Assessment:
    """The record without the lone surrogates that no file can hold: every reader of a record refuses them."""

    def clean(value: Any) -> Any:
        if isinstance(value, str):
            return value.encode("utf-8", "replace").decode()
        if isinstance(value, dict):
            return {clean(key): clean(inner) for key, inner in value.items()}
        return [clean(inner) for inner in value] if isinstance(value, list | tuple) else value

    return from_builtins(clean(to_builtins(record)), Assessment)


def test_hostile_text_stays_text(sample: SimpleNamespace):
    """Whatever a record holds, the document is JSON, on one line where OSCAL wants one, and of one shape."""
    for render in (render_results, render_plan_of_action):
        document = json.loads(render(readable(sample.hostile()), sample.frameworks()))
        for item in objects(document):
            for key in ("title", "value"):
                assert "\n" not in item.get(key, "") and item.get(key, "x").strip() == item.get(key, "x") != ""
            assert UUID.fullmatch(item.get("uuid", "00000000-0000-0000-0000-000000000000"))
