"""`accord judge`: stored evidence under other laws and thresholds, with the measurer's signature kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from accord.cli import cli
from accord.errors import MalformedInput, UsageError
from accord.records import Profile, ProfileThreshold

PROFILE = """
id: court
title: A court's thresholds
author: Court
date: 2026-11-01
thresholds:
- {measure: fairness.false_positive_rate_gap, threshold: 0.1, source: an order}
"""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments, standalone_mode=False)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory, compas_table: Path) -> Path:
    out = tmp_path_factory.mktemp("judge") / "report"
    card = Path(__file__).parents[2] / "examples" / "compas" / "accord.toml"
    done = run("assess", str(compas_table), "--card", str(card), "--framework", "eu-ai-act", "--out", str(out))
    assert done.return_value == 0, done.output
    return out


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    file = tmp_path / "court.yaml"
    file.write_text(PROFILE)
    return file


def statuses(record: dict) -> dict[tuple[str, str], str]:
    return {(v["framework"], v["requirement"]): v["status"] for v in record["verdicts"]}


def test_the_same_terms_give_the_same_verdicts(report: Path):
    before = json.loads((report / "assessment.json").read_text())
    after = json.loads(run("judge", str(report), "--json").stdout)
    assert after["verdicts"] == before["verdicts"]
    assert after["tiers"] == before["tiers"]


def test_another_framework_and_a_threshold_without_the_target(report: Path, profile: Path):
    done = run("judge", str(report), "--framework", "nist-ai-rmf", "--profile", str(profile), "--json")
    record = json.loads(done.stdout)
    assert [used["id"] for used in record["frameworks"]] == ["nist-ai-rmf"]
    assert statuses(record)["nist-ai-rmf", "measure_2.11"] == "not_met"
    assert record["profile"]["title"] == "A court's thresholds"


def test_a_judged_report_verifies_and_says_who_measured(report: Path, profile: Path, tmp_path: Path, monkeypatch):
    out = tmp_path / "again"
    monkeypatch.setenv("ACCORD_HOME", str(tmp_path / "another-home"))
    done = run("judge", str(report), "--profile", str(profile), "--out", str(out))
    assert done.exception is None, done.exception
    assert "needs_review → not_met" in done.output
    checked = run("verify", str(out))
    assert "by thresholds of the profile “A court's thresholds” (Court, 2026-11-01)" in checked.output
    assert checked.return_value == 3  # the judge is known here, the measurer is not
    assert "measured by another than judged" in checked.output
    measured = (report / "assessment.intoto.jsonl").read_bytes().splitlines()[:-1]
    assert (out / "assessment.intoto.jsonl").read_bytes().splitlines()[:-1] == measured


def test_a_kinder_verdict_in_a_judged_report_is_found(report: Path, profile: Path, tmp_path: Path):
    out = tmp_path / "again"
    run("judge", str(report), "--profile", str(profile), "--out", str(out))
    assert run("verify", str(out)).return_value == 0
    record = out / "assessment.json"
    record.write_bytes(record.read_bytes().replace(b'"threshold": 0.1', b'"threshold": 0.9', 1))
    assert run("verify", str(out)).return_value == 1


def test_an_altered_report_is_not_judged(report: Path, tmp_path: Path):
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(report, copy)
    (copy / "note.txt").write_text("added")
    done = run("judge", str(copy))
    assert isinstance(done.exception, MalformedInput)
    assert "note.txt" in str(done.exception)


def test_a_bare_record_is_judged_but_not_signed(report: Path, tmp_path: Path):
    record = report / "assessment.json"
    assert run("judge", str(record)).return_value == 0
    done = run("judge", str(record), "--out", str(tmp_path / "no"))
    assert isinstance(done.exception, UsageError)


def test_what_the_card_says_chooses_the_laws(compas_table: Path, tmp_path: Path):
    card = tmp_path / "accord.toml"
    card.write_text('[system]\njurisdictions = ["KE", "CL"]\nsector = "health"\n')
    done = run("assess", str(compas_table), "--card", str(card), "--out", str(tmp_path / "r"), "--json")
    used = json.loads(done.stdout)["frameworks"]
    assert {item["jurisdiction"] for item in used} == {"KE", "AFU", "INT"}
    assert "sector-health" in {item["id"] for item in used}
    assert not {"sector-climate", "eu-ai-act"} & {item["id"] for item in used}


def test_a_mistake_in_the_profile_is_told_before_the_work(compas_table: Path, tmp_path: Path, profile: Path):
    profile.write_text(PROFILE.replace("fairness.false_positive_rate_gap", "model_files.tensors"))
    done = run(
        "assess", str(compas_table), "--framework", "eu-ai-act", "--profile", str(profile), "--out", str(tmp_path / "r")
    )
    assert isinstance(done.exception, MalformedInput)
    assert "no rule asks for model_files.tensors" in str(done.exception)


def resealed(report: Path, out: Path, **changed: Any) -> int:
    """What `verify` says of a report that its own signer changed and signed anew."""
    from accord.judge import open_stored
    from accord.records import to_readable_json
    from accord.trust import KeyStore, own_log, seal

    store = KeyStore()
    forged = replace(open_stored(report, store.known()).assessment, **changed)
    out.mkdir()
    (out / ".accord-report").touch()
    (out / "assessment.json").write_bytes(to_readable_json(forged))
    seal(out, forged, signer=store.own(), log=own_log())
    return run("verify", str(out)).return_value


@pytest.mark.parametrize("day", ["2020-01-01", "2099-01-01", "yesterday"])
def test_a_report_as_of_another_day_than_it_was_signed_is_found(report: Path, tmp_path: Path, day: str):
    assert resealed(report, tmp_path / "honest") == 0
    assert resealed(report, tmp_path / "forged", judged=day) == 1


def test_a_profile_that_no_file_could_hold_is_found(report: Path, tmp_path: Path):
    nothing = ProfileThreshold(measure="fairness.accuracy", threshold=None, source="")
    unsound = Profile(id="p", title="T", author="A", date="2026-11-01", thresholds=(nothing,))
    assert resealed(report, tmp_path / "forged", profile=unsound) == 1


def test_a_kinder_summary_beside_a_text_that_is_not_here_is_found(report: Path, tmp_path: Path):
    from accord.records import Assessment, from_json

    record = from_json((report / "assessment.json").read_bytes(), Assessment)
    elsewhere = tuple(replace(used, digest=f"sha256:{'0' * 64}") for used in record.frameworks)
    kinder = replace(record.summary, worst_finding=None, findings={}, worst="No defect was found.")
    assert resealed(report, tmp_path / "other", frameworks=elsewhere) == 3, "valid, but nobody could judge again"
    assert resealed(report, tmp_path / "forged", frameworks=elsewhere, summary=kinder) == 1


def test_verdicts_under_a_text_that_is_not_here_are_not_called_proven(report: Path, tmp_path: Path):
    law = tmp_path / "example-act.yaml"
    assert run("frameworks", "new", "example-act", "--out", str(law)).exception is None
    out = tmp_path / "own"
    done = run("judge", str(report), "--framework", str(law), "--out", str(out))
    assert done.exception is None, done.exception
    alone = run("verify", str(out))
    assert alone.return_value == 3
    assert "not every verdict could be judged again" in alone.output
    assert run("verify", str(out), "--framework", str(law)).return_value == 0
    law.write_text(law.read_text() + "# another text\n")
    assert run("verify", str(out), "--framework", str(law)).return_value == 3
