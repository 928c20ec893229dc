"""`accord plan`: drafted, signed, run, shown and verified; refused where something is not what was planned."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from accord.cli import cli
from accord.errors import MalformedInput, UsageError

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
  - id: a
    label: Art. 1
    title: It is better than a coin
    verification: measured
    rules: [{measure: fairness.accuracy, op: ">=", threshold: 0.5, threshold_source: "Example Act, Art. 1"}]
"""


def run(*arguments: object) -> Result:
    done = CliRunner().invoke(cli, [str(item) for item in arguments], standalone_mode=False)
    if isinstance(done.exception, AssertionError):
        raise done.exception
    return done


def ok(*arguments: object) -> Result:
    done = run(*arguments)
    assert done.exception is None, done.exception
    return done


def verified(report: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(
        ok("verify", report, "--framework", report.parent / "act.yaml", "--json").stdout
    )
    return loaded


@pytest.fixture
def act(tmp_path: Path) -> Path:
    path = tmp_path / "act.yaml"
    path.write_text(FRAMEWORK)
    return path


Edit = Callable[[dict[str, Any]], None]


@pytest.fixture
def signed(small_system, act: Path, tmp_path: Path) -> Callable[..., Path]:
    """signed(edit): the path of a signed plan for the small system, its draft changed by `edit` first."""

    def made(edit: Edit | None = None, *options: object) -> Path:
        draft = tmp_path / "plan.json"
        ok("plan", "new", small_system.table, "--card", small_system.card, "--framework", act, "--out", draft, *options)
        if edit:
            plan = json.loads(draft.read_bytes())
            edit(plan)
            draft.write_text(json.dumps(plan))
        done = ok("plan", "sign", draft, "--out", tmp_path / "signed", "--json")
        return Path(json.loads(done.stdout)["statement"])

    return made


def carried_out(plan: Path, small_system, *options: object) -> Result:
    arguments = ("--framework", plan.parents[1] / "act.yaml", "--out", plan.parents[1] / "report")
    return run("plan", "run", plan, small_system.table, *arguments, *options)


def test_the_way_of_a_plan(signed, small_system, tmp_path: Path) -> None:
    plan = signed(None, "--fail-on", "verdict:not_met", "--seed", 7, "--why", "yearly check")
    shown = ok("plan", "show", plan).output
    assert "fairness.groups" in shown and "yearly check" in shown and "Signed at" in shown
    done = carried_out(plan, small_system)
    assert done.exception is None and done.return_value == 0
    assert "as planned before the run" in " ".join(done.stdout.split())
    report = tmp_path / "report"
    found = verified(report)
    assert found["outcome"] == "proven"
    said = found["seal"]["plan"]
    assert said["planned"] and said["deviations"] == []
    assert said["index"] < found["seal"]["log"]["index"]
    spoken = ok("verify", report, "--framework", tmp_path / "act.yaml").output
    assert "✓ planned: Planned before the run" in spoken
    assert "planned gate verdict:not_met: holds" in spoken
    assert "signed and logged before the run" in (report / "report.html").read_text()
    record = json.loads((report / "assessment.json").read_bytes())
    assert {item["seed"] for item in record["evidence"] if item["status"] == "measured"} == {7}
    assert not record["environment"]["reused"]
    names = {item["name"] for item in _predicate(report)["files"]}
    assert {"plan.intoto.jsonl", "plan.tlog-proof"} <= names
    assert _predicate(report)["plan"] == record["plan"]["statement"]


def _predicate(report: Path) -> dict[str, Any]:
    from accord.cli.statements import read_statement

    return read_statement(report).statement.predicate


def test_without_a_plan_everything_says_so(small_system, tmp_path: Path, act: Path) -> None:
    report = tmp_path / "report"
    done = ok("assess", small_system.table, "--card", small_system.card, "--framework", act, "--out", report)
    assert "no plan before the run" in " ".join(done.stdout.split())
    assert "No plan was logged before the run" in (report / "report.html").read_text()
    assert verified(report)["seal"]["plan"]["planned"] is False


def test_parameters_and_gates_of_the_plan_are_those_of_the_run(signed, small_system, tmp_path: Path) -> None:
    def stricter(plan: dict[str, Any]) -> None:
        for item in plan["runs"]:
            if item["inspector"] == "fairness.groups":
                item["parameters"]["minimum"] = 50

    done = carried_out(signed(stricter, "--fail-on", "finding:low"), small_system)
    assert done.return_value == 1, "a finding of the gate's severity was made"
    record = json.loads((tmp_path / "report" / "assessment.json").read_bytes())
    (groups,) = [item for item in record["evidence"] if item["inspector"] == "fairness.groups"]
    assert groups["parameters"]["minimum"] == 50
    assert verified(tmp_path / "report")["seal"]["plan"]["deviations"] == []


def test_another_system_is_refused_unless_there_is_a_reason(signed, small_system, tmp_path: Path) -> None:
    plan = signed()
    with small_system.table.open("a") as file:
        file.write("f,1200,1,1\n")
    refused = carried_out(plan, small_system)
    assert isinstance(refused.exception, UsageError) and refused.exception.code == "not-as-planned"
    digest = json.loads((tmp_path / "plan.json").read_bytes())["subject"]["digest"]
    assert "subject" in refused.exception.message and digest in refused.exception.message
    assert not (tmp_path / "report").exists()
    assert carried_out(plan, small_system, "--deviate", "one case came in late").exception is None
    found = verified(tmp_path / "report")
    assert found["outcome"] == "proven"
    assert [item["what"] for item in found["seal"]["plan"]["deviations"]] == ["subject", "part"]
    spoken = ok("verify", tmp_path / "report", "--framework", tmp_path / "act.yaml").output
    assert "✗ planned" in spoken and "another system" in spoken and "one case came in late" in spoken
    page = (tmp_path / "report" / "report.html").read_text()
    assert "planned, but 2 deviations" in page and "one case came in late" in page


def test_another_text_is_refused(signed, small_system, act: Path) -> None:
    plan = signed()
    act.write_text(FRAMEWORK.replace("threshold: 0.5", "threshold: 0.4"))
    refused = carried_out(plan, small_system)
    assert isinstance(refused.exception, UsageError) and "framework example" in refused.exception.message


def test_another_version_of_an_inspector_is_refused(signed, small_system, tmp_path: Path) -> None:
    def older(plan: dict[str, Any]) -> None:
        plan["runs"][0]["version"] = "0"

    plan = signed(older)
    refused = carried_out(plan, small_system)
    assert isinstance(refused.exception, UsageError)
    assert "version data.profile: planned 0, found 1" in refused.exception.message
    carried_out(plan, small_system, "--deviate", "the old one is gone")
    (one,) = verified(tmp_path / "report")["seal"]["plan"]["deviations"]
    assert (one["what"], one["planned"], one["found"]) == ("version", "0", "1")


def test_the_providers_card_that_changed_is_refused(act: Path, small_system, tmp_path: Path) -> None:
    folder = small_system.table.parent
    shutil.copy(small_system.card, folder / "accord.toml")
    ok("plan", "new", folder, "--framework", act, "--out", tmp_path / "plan.json")
    done = ok("plan", "sign", tmp_path / "plan.json", "--out", tmp_path / "signed", "--json")
    plan = json.loads(done.stdout)["statement"]
    arguments = ("plan", "run", plan, folder, "--framework", act, "--out", tmp_path / "report")
    assert ok(*arguments).return_value == 0
    (folder / "accord.toml").write_text(small_system.card.read_text().replace('"Small"', '"Tiny"'))
    refused = run(*arguments)
    assert isinstance(refused.exception, UsageError) and "\n  card " in refused.exception.message


def test_what_was_planned_and_not_run_is_named(signed, small_system, tmp_path: Path) -> None:
    def more(plan: dict[str, Any]) -> None:
        plan["runs"].append({**plan["runs"][0], "evidence": "data.profile:0123456789ab"})

    assert carried_out(signed(more), small_system).exception is None
    (one,) = verified(tmp_path / "report")["seal"]["plan"]["deviations"]
    assert (one["what"], one["name"]) == ("not_run", "data.profile:0123456789ab")


def test_a_report_that_hides_a_deviation_is_altered(signed, small_system, tmp_path: Path) -> None:
    from msgspec.structs import replace

    from accord.records import Assessment, from_json, to_readable_json
    from accord.trust import KeyStore, own_log, seal

    def more(plan: dict[str, Any]) -> None:
        plan["runs"].append({**plan["runs"][0], "evidence": "data.profile:0123456789ab"})

    carried_out(signed(more), small_system)
    report = tmp_path / "report"
    honest = from_json((report / "assessment.json").read_bytes(), Assessment)
    assert honest.plan is not None
    kinder = replace(honest, plan=replace(honest.plan, deviations=()))
    (report / "assessment.json").write_bytes(to_readable_json(kinder))
    seal(report, kinder, signer=KeyStore().own(), log=own_log())
    done = ok("verify", report, "--framework", tmp_path / "act.yaml")
    assert done.return_value == 1
    assert "does not say all that deviated" in done.output and "0123456789ab" in done.output


def test_judged_again_under_another_text_is_said_to_deviate(signed, small_system, tmp_path: Path) -> None:
    carried_out(signed(), small_system)
    again = tmp_path / "again"
    ok("judge", tmp_path / "report", "--framework", "eu-ai-act", "--out", again)
    found = json.loads(ok("verify", again, "--json").stdout)
    assert found["outcome"] == "proven" and found["seal"]["plan"]["planned"]
    deviated = {(item["what"], item["name"]) for item in found["seal"]["plan"]["deviations"]}
    assert deviated == {("framework", "example"), ("framework", "eu-ai-act")}


def test_a_plan_of_somebody_else_is_logged_here_before_the_run(
    signed, small_system, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = signed()
    monkeypatch.setenv("ACCORD_HOME", str(tmp_path / "laboratory"))
    done = carried_out(plan, small_system)
    assert "logged here now" in done.stderr
    found = json.loads(ok("verify", tmp_path / "report", "--framework", tmp_path / "act.yaml", "--json").stdout)
    assert found["seal"]["plan"]["planned"] and found["seal"]["plan"]["index"] == 0
    assert "A key you do not know signed the plan" in found["seal"]["plan"]["reason"]


def test_a_plan_with_one_byte_changed_is_not_run(signed, small_system) -> None:
    plan = signed()
    data = bytearray(plan.read_bytes())
    for place in range(0, len(data), 211):
        changed = data.copy()
        changed[place] ^= 1
        plan.write_bytes(changed)
        refused = carried_out(plan, small_system)
        assert isinstance(refused.exception, UsageError | MalformedInput), place


def test_wrong_calls(signed, small_system, tmp_path: Path) -> None:
    plan = signed()
    again = run("plan", "new", small_system.table, "--out", tmp_path / "plan.json")
    assert isinstance(again.exception, UsageError) and again.exception.code == "plan-exists"
    other = run("plan", "run", plan, small_system.table, "--out", tmp_path / "report")
    assert isinstance(other.exception, UsageError) and other.exception.code == "texts-not-as-planned"
    (tmp_path / "broken.json").write_text('{"runs": 1}')
    assert isinstance(run("plan", "sign", tmp_path / "broken.json").exception, MalformedInput)
    (tmp_path / "deep.json").write_text("[" * 100_000)
    assert isinstance(run("plan", "sign", tmp_path / "deep.json").exception, MalformedInput)
    bad_gate = run("plan", "new", small_system.table, "--fail-on", "sometimes", "--out", tmp_path / "p.json")
    assert isinstance(bad_gate.exception, UsageError) and not (tmp_path / "p.json").exists()
    assert json.loads(ok("plan", "show", plan, "--json").stdout)["runs"]
    assert "nobody has signed" in ok("plan", "show", tmp_path / "plan.json").output


def test_a_statement_of_another_kind_is_no_plan(small_system, tmp_path: Path, act: Path) -> None:
    ok("assess", small_system.table, "--framework", act, "--out", tmp_path / "report")
    line = (tmp_path / "report" / "assessment.intoto.jsonl").read_bytes().splitlines()[-1]
    (tmp_path / "x.intoto.jsonl").write_bytes(line + b"\n")
    refused = run("plan", "run", tmp_path / "x.intoto.jsonl", small_system.table)
    assert isinstance(refused.exception, MalformedInput) and refused.exception.code == "no-plan"
