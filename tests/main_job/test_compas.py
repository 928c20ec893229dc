"""COMPAS, end to end: the numbers that Dressel and Farid published, from the command line, signed and proven."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import re2

from accord.cli.demo import compas_card

PUBLISHED = {  # Science Advances 4(1) eaao5580, table 2, per cent
    ("fairness.accuracy", None): 65.4,
    ("fairness.accuracy", "African-American"): 63.8,
    ("fairness.accuracy", "Caucasian"): 67.0,
    ("fairness.false_positive_rate", "African-American"): 44.8,
    ("fairness.false_positive_rate", "Caucasian"): 23.5,
    ("fairness.false_negative_rate", "African-American"): 28.0,
    ("fairness.false_negative_rate", "Caucasian"): 47.7,
}


def accord(*arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "accord", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={"ACCORD_HOME": str(home), "PATH": "/usr/bin:/bin", "HOME": str(home)},
        timeout=120,
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def report(compas_table: Path, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compas") / "report"
    arguments = ("assess", str(compas_table), "--card", str(compas_card()), "--jurisdiction", "EU,US")
    done = accord(*arguments, "--out", str(folder), home=home)
    assert done.returncode == 0, done.stderr
    assert "44.8 %" in done.stdout and "African-American" in done.stdout
    assert len(done.stdout.splitlines()) <= 24, "the summary fits a screen"
    return folder


@pytest.fixture(scope="module")
def record(report: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((report / "assessment.json").read_bytes())
    return loaded


def measured(record: dict[str, Any], measure: str, group: str | None) -> dict[str, Any]:
    dimensions = {} if group is None else {"attribute": "race", "group": group}
    (found,) = [
        m
        for e in record["evidence"]
        for m in e["measurements"]
        if (m["measure"], m["dimensions"]) == (measure, dimensions)
    ]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(("key", "published"), PUBLISHED.items(), ids=str)
def test_published_value(record: dict[str, Any], key: tuple[str, str | None], published: float) -> None:
    found = measured(record, *key)
    assert 100 * found["value"] == pytest.approx(published, abs=0.0501)
    assert found["interval"]["low"] < published / 100 < found["interval"]["high"]


def test_all_rows_were_assessed(record: dict[str, Any]) -> None:
    assert measured(record, "data.rows", None)["value"] == 7214


def test_the_summary_says_the_worst_and_for_whom(record: dict[str, Any]) -> None:
    summary = record["summary"]
    assert "7,214" in summary["checked"]
    assert "44.8 %" in summary["worst"] and "African-American" in summary["worst"]
    assert summary["worst_finding"]["rule"] == "FAIR-001"
    assert "licence" in summary["unchecked"]


def test_no_person_reaches_the_report(report: Path, compas_table: Path) -> None:
    with compas_table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    columns = ("name", "dob", "c_case_number", "r_case_number", "vr_case_number")
    secrets = {row[column] for row in rows for column in columns} - {""}
    assert len(secrets) > 15_000
    options = re2.Options()
    options.max_mem = 1 << 30
    anyone = re2.compile("|".join(re2.escape(secret) for secret in sorted(secrets)), options)
    for path in sorted(report.iterdir()):
        found = anyone.search(path.read_text())
        assert found is None, f"{found[0]!r} is in {path.name}"
    assert anyone.search(f"… {rows[0]['name']} …"), "the search itself works"


def test_the_report_verifies_and_every_number_is_computed_again(report: Path, home: Path) -> None:
    done = accord("verify", str(report), "--json", home=home)
    assert done.returncode == 0, done.stdout
    found = json.loads(done.stdout)
    assert found["outcome"] == "proven"
    assert found["recomputed"]["measurements"] > 500
    assert found["recomputed"]["verdicts"] > 100


def test_a_stranger_is_told_that_the_signer_is_unknown(report: Path, tmp_path: Path) -> None:
    done = accord("verify", str(report), home=tmp_path)
    assert done.returncode == 3
    assert "unknown" in done.stdout


@pytest.mark.parametrize("name", ["report.html", "assessment.json", "assessment.intoto.jsonl", "assessment.tlog-proof"])
def test_one_byte_changed_is_named(report: Path, home: Path, tmp_path: Path, name: str) -> None:
    copy = tmp_path / "report"
    shutil.copytree(report, copy)
    data = bytearray((copy / name).read_bytes())
    data[len(data) // 2] ^= 1
    (copy / name).write_bytes(data)
    done = accord("verify", str(copy), home=home)
    assert done.returncode == 1
    assert name in done.stdout


def test_a_file_added_or_removed_is_named(report: Path, home: Path, tmp_path: Path) -> None:
    copy = tmp_path / "report"
    shutil.copytree(report, copy)
    (copy / "extra.txt").write_text("x")
    done = accord("verify", str(copy), home=home)
    assert done.returncode == 1 and "extra.txt: added" in done.stdout
    (copy / "extra.txt").unlink()
    (copy / "report.html").unlink()
    done = accord("verify", str(copy), home=home)
    assert done.returncode == 1 and "report.html: missing" in done.stdout


def sign_anew(report: Path, home: Path, folder: Path, forged: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    """Do as a forger who holds the key: change the record, sign and log it again, and have it verified."""
    from accord.records import Assessment, from_json, to_readable_json
    from accord.trust import KeyStore, own_log, seal

    assessment = from_json(json.dumps(forged), Assessment)
    shutil.copytree(report, folder)
    (folder / "assessment.json").write_bytes(to_readable_json(assessment))
    store = KeyStore(home / "config" / "keys")
    seal(folder, assessment, signer=store.own(), log=own_log(store, home / "data" / "log"))
    done = accord("verify", str(folder), home=home)
    assert "unchanged: every file" in done.stdout, "the signature itself holds"
    return done


def test_a_wrong_rate_signed_anew_fails(report: Path, home: Path, tmp_path: Path) -> None:
    forged = json.loads((report / "assessment.json").read_text())
    rates = [m for e in forged["evidence"] for m in e["measurements"] if m["measure"] == "fairness.false_positive_rate"]
    rates[0]["value"] -= 0.01
    done = sign_anew(report, home, tmp_path / "forged", forged)
    assert done.returncode == 1
    assert "fairness.false_positive_rate" in done.stdout


def test_a_wrong_verdict_signed_anew_fails(report: Path, home: Path, tmp_path: Path) -> None:
    forged = json.loads((report / "assessment.json").read_text())
    verdict = next(v for v in forged["verdicts"] if v["requirement"] == "art_10.2.f")
    verdict["status"] = "met"
    done = sign_anew(report, home, tmp_path / "forged", forged)
    assert done.returncode == 1
    assert "art_10.2.f: the report says met" in done.stdout


@pytest.mark.parametrize("lie", ["No defect was found in what was checked.", None])
def test_a_kinder_summary_signed_anew_fails(report: Path, home: Path, tmp_path: Path, lie: str | None) -> None:
    forged = json.loads((report / "assessment.json").read_text())
    if lie:
        forged["summary"]["worst"] = lie
    else:
        forged["summary"]["worst_finding"] = None
    done = sign_anew(report, home, tmp_path / "forged", forged)
    assert done.returncode == 1
    assert "the summary's" in done.stdout


def test_a_second_run_reuses_the_evidence_and_says_so(
    report: Path, compas_table: Path, home: Path, tmp_path: Path
) -> None:
    arguments = ("assess", str(compas_table), "--card", str(compas_card()), "--out", str(tmp_path / "again"))
    done = accord(*arguments, home=home)
    assert done.returncode == 0
    assert "taken from an earlier run" in done.stderr
    again = accord("compare", str(report), str(tmp_path / "again"), home=home)
    assert again.returncode == 0 and "same bytes" in again.stdout


def test_the_plan_runs_nothing(compas_table: Path, tmp_path: Path) -> None:
    done = accord("assess", str(compas_table), "--plan", "--json", "--out", str(tmp_path / "r"), home=tmp_path)
    assert done.returncode == 0
    plan = {step["inspector"]: step for step in json.loads(done.stdout)}
    assert plan["data.profile"]["runs"]
    assert not plan["fairness.groups"]["runs"] and "data.label" in plan["fairness.groups"]["detail"]
    assert not (tmp_path / "r").exists()
