"""`accord recognise` and `accord assess --only-missing-for`, from the trust lists to the signed decision."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace
from tests.recognition.conftest import (
    AGREEMENT,
    BERLIN,
    GERMANY_ROOT,
    KENYA_ROOT,
    agreed,
    as_toml,
    assessed,
    ended,
    germany,
    kenya,
    make_system,
    sealed,
)

from accord.cli import cli
from accord.errors import MalformedInput, UsageError
from accord.records.recognition import Recognition
from accord.trust import KeyStore
from accord.trust.saying import hear
from accord.trust.trust_list_shelf import Shelf

TODAY = datetime.now(UTC)
END = f"{TODAY + timedelta(days=200):%Y-%m-%d}"
FRAMEWORKS = ("--framework", "oecd-ai-principles", "--framework", "owasp-llm-top10")
SUPPLY, FAIR = "owasp-llm-top10#llm03.8", "oecd-ai-principles#p_1.2.a"


class Office(NamedTuple):
    """Germany's: a foreign report, what it knows, its own system, and how it calls the command."""

    report: Path
    statements: Path
    local: Path

    def ask(self, *options: object) -> Result:
        here = ("--statements", self.statements, "--for", "de", *FRAMEWORKS)
        return run("recognise", self.report, *here, *options)

    def answer(self, *options: object) -> dict[str, Any]:
        done = self.ask("--json", *options)
        assert done.exception is None, done.exception
        loaded: dict[str, Any] = json.loads(done.stdout)
        return loaded


def run(*arguments: object) -> Result:
    done = CliRunner().invoke(cli, [str(item) for item in arguments], standalone_mode=False)
    if isinstance(done.exception, AssertionError):
        raise done.exception
    return done


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Office:
    folder = tmp_path_factory.mktemp("office")
    report = sealed(assessed(make_system(folder / "kenya")), folder / "report", at=TODAY - timedelta(days=20))
    statements = folder / "statements"
    statements.mkdir()
    for heard in agreed(replace(AGREEMENT, valid_until=END)):
        (statements / f"{heard.kind}.intoto.jsonl").write_bytes(heard.raw + b"\n")
    return Office(report, statements, make_system(folder / "berlin", BERLIN))


@pytest.fixture
def office(made: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setenv("ACCORD_HOME", str(tmp_path / "home"))
    for accepted, root in ((germany(), GERMANY_ROOT), (kenya(), KENYA_ROOT)):
        Shelf().take([accepted.heard.raw], [root.keyid])
    for name in ("anna", "ben"):
        KeyStore().make(name)
    return made


def states(answer: dict[str, Any]) -> dict[str, str]:
    return {f"{p['framework']}#{p['requirement']}": p["status"] for p in answer["requirements"]}


def test_what_counts_is_said_with_its_path(office: Office) -> None:
    done = office.ask("--context", office.local / "accord.toml")
    assert done.exception is None
    said = " ".join(done.stdout.split())
    assert "recognised: 1," in said and "Recognised: The lab" in said
    assert "✓ agreement: By the agreement de-ke" in said
    assert "places: it was measured in Nairobi, KE, not in DE." in said.replace("│", "")
    assert "Still to be shown" in said


def test_local_conditions_by_options(office: Office) -> None:
    there = office.answer("--population", "Loan applicants", "--place", "KE", "--language", "sw")
    assert states(there)[FAIR] == states(there)[SUPPLY] == "recognised"
    here = office.answer("--population", "Loan applicants", "--language", "sw")
    assert states(here)[FAIR] == "still_to_be_shown" and states(here)[SUPPLY] == "recognised"
    assert {r["field"] for r in here["results"] if r["measure"].startswith("fairness.")} == {"places"}


def test_a_profile_of_our_own(office: Office, tmp_path: Path) -> None:
    profile = tmp_path / "ours.yaml"
    profile.write_text(
        "id: ours\ntitle: Ours\nauthor: DE\ndate: 2026-01-01\nthresholds:\n"
        "- {measure: model_files.header_valid, threshold: false, source: an odd rule}\n"
    )
    assert states(office.answer("--profile", profile))[SUPPLY] == "not_met_by_our_threshold"


def test_without_trust_lists_nobody_is_known(office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCORD_HOME", str(tmp_path / "another"))
    done = office.ask()
    assert "Not recognised" in done.stdout and "✗ body" in done.stdout


def test_an_ended_agreement_and_a_line_that_cannot_be_read(office: Office, tmp_path: Path) -> None:
    folder = tmp_path / "more"
    folder.mkdir()
    for file in office.statements.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    offer = hear((folder / "agreement.intoto.jsonl").read_bytes().strip())
    (folder / "end.intoto.jsonl").write_bytes(ended(offer, 90).raw + b"\n")
    (folder / "odd.intoto.jsonl").write_text("{\n")
    done = run("recognise", office.report, "--statements", folder, "--for", "DE", *FRAMEWORKS)
    assert "✗ agreement: de-ke: DE ended it: no longer" in " ".join(done.stdout.split())
    assert "odd.intoto.jsonl" in done.stderr


def test_a_decision_is_drafted_edited_and_signed_by_two(office: Office, tmp_path: Path) -> None:
    draft, out = tmp_path / "draft.json", tmp_path / "out"
    by = ("--decide", draft, "--key", "anna", "--name", "Anna", "--role", "clerk", "--reason", "Known lab.")
    done = office.ask(*by)
    assert done.exception is None, done.exception
    assert f"Drafted: recognised in part, until {END}" in " ".join(done.stdout.split())
    assert isinstance(office.ask(*by).exception, UsageError), "no draft is replaced"
    said = json.loads(draft.read_bytes())
    said["record"]["reasons"].append("Good experience.")
    draft.write_text(json.dumps(said))

    signing = ("recognise", "sign", draft, office.report, "--statements", office.statements, "--out", out)
    assert isinstance(run(*signing, "--key", "anna").exception, UsageError)
    same = run(*signing, "--key", "ben", "--name", "ANNA", "--role", "head")
    assert isinstance(same.exception, UsageError) and "same person" in str(same.exception)
    first = run(*signing, "--key", "ben", "--name", "Ben", "--role", "head")
    assert first.exception is None and "Now Anna signs" in first.stdout and not out.exists()
    last = run(*signing, "--key", "anna", "--json")
    assert last.exception is None, last.exception
    answer = json.loads(last.stdout)
    heard = hear(Path(answer["file"]).read_bytes().strip())
    record = heard.record(Recognition)
    assert heard.id == answer["statement"] and record.reasons == ("Known lab.", "Good experience.")
    assert [key.keyid for key in heard.keys] == [KeyStore().load(name).keyid for name in ("anna", "ben")]
    assert SUPPLY in record.recognised and record.decided_by is not None and record.decided_by.name == "Ben"


def test_a_draft_is_the_same_in_every_language_and_can_be_signed_in_another(office: Office, tmp_path: Path) -> None:
    now = f"{TODAY:%Y-%m-%dT%H:%M:%SZ}"
    records, shown = {}, {}
    for code in ("en", "de", "ar"):
        draft = tmp_path / f"{code}.json"
        by = ("--decide", draft, "--key", "anna", "--name", "Anna", "--role", "clerk", "--at", now, "--lang", code)
        done = office.ask(*by)
        assert done.exception is None, done.exception
        records[code], shown[code] = json.loads(draft.read_bytes())["record"], done.stdout
        records[code]["check_test"] = None  # what is drawn hangs from the log, which has grown
    assert records["en"] == records["de"] == records["ar"]
    assert "Recognised: " in shown["en"] and "Recognised: " not in shown["de"] and "Recognised: " not in shown["ar"]
    keys = ("--key", "anna", "--key", "ben", "--name", "Ben", "--role", "head", "--out", tmp_path / "out")
    signing = ("recognise", "sign", tmp_path / "ar.json", office.report, "--statements", office.statements)
    done = run(*signing, *keys, "--lang", "de", "--json")
    assert done.exception is None, done.exception
    assert json.loads(done.stdout)["decision"]["remedy"].startswith("Whoever is concerned may object")


def test_both_keys_in_one_call(office: Office, tmp_path: Path) -> None:
    draft = tmp_path / "draft.json"
    office.ask("--decide", draft, "--key", "anna", "--name", "Anna", "--role", "clerk")
    keys = ("--key", "anna", "--key", "ben", "--name", "Ben", "--role", "head")
    done = run(
        "recognise", "sign", draft, office.report, "--statements", office.statements, "--out", tmp_path / "o", *keys
    )
    assert done.exception is None and "Both have signed" in done.stdout
    assert len(list((tmp_path / "o").glob("recognition-*"))) == 2


def test_a_draft_with_a_computed_part_changed(office: Office, tmp_path: Path) -> None:
    draft = tmp_path / "draft.json"
    office.ask("--decide", draft, "--key", "anna", "--name", "Anna", "--role", "clerk")
    said = json.loads(draft.read_bytes())
    said["record"]["recognised"].append(FAIR)
    draft.write_text(json.dumps(said))
    signing = ("recognise", "sign", draft, office.report, "--statements", office.statements)
    done = run(*signing, "--key", "ben", "--name", "Ben", "--role", "head")
    assert isinstance(done.exception, MalformedInput) and "recognised" in str(done.exception)
    assert json.loads(draft.read_bytes())["signatures"] == {}


@pytest.mark.parametrize(
    "options",
    [
        ("--decide", "d.json"),
        ("--at", "someday"),
        ("--for", "XX"),
        ("--until", "x", "--decide", "d.json", "--name", "A"),
    ],
)
def test_calls_that_are_wrong(office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple) -> None:
    monkeypatch.chdir(tmp_path)
    given = ("--for", "DE") if "--for" not in options else ()
    done = run("recognise", office.report, "--statements", office.statements, *given, *options)
    assert isinstance(done.exception, UsageError | MalformedInput), done.exception
    assert not (tmp_path / "d.json").exists()


def test_the_past_is_asked_by_its_day(office: Office) -> None:
    before = office.answer("--at", f"{TODAY - timedelta(days=21):%Y-%m-%d}")
    assert [step["name"] for step in before["paths"][0]["steps"]] == ["signed"]


def test_help_names_both_ways() -> None:
    assert "sign" in run("recognise", "--help").stdout
    assert "--population" in run("recognise", "assessment", "--help").stdout


def missing(office: Office, target: Path, *options: object) -> Result:
    here = ("--only-missing-for", "de", "--from", office.report, "--statements", office.statements)
    return run("assess", target, *here, *options)


def test_only_what_is_missing_is_planned(office: Office) -> None:
    planned = json.loads(missing(office, office.local, *FRAMEWORKS, "--plan", "--json").stdout)
    assert planned["gap"]["inspectors"] == ["fairness.groups"]
    assert {step["inspector"] for step in planned["steps"]} == {"fairness.groups"}
    samples = {plan["measure"]: plan for plan in planned["samples"]}
    gap = samples["fairness.selection_rate_gap"]
    assert (gap["groups"], gap["languages"], gap["attribute"]) == (["f", "m"], ["de"], "sex")
    assert gap["per_group"] > 100 and gap["people"] == 2 * gap["per_group"]
    shown = " ".join(missing(office, office.local, *FRAMEWORKS, "--plan").stdout.split())
    assert "Still to be measured for DE" in shown and "The local sample" in shown
    assert "What no measurement gives" in shown and "Nothing was run" in shown


def test_only_what_is_missing_is_measured(office: Office, tmp_path: Path) -> None:
    done = missing(office, office.local, *FRAMEWORKS, "--out", tmp_path / "r", "--json")
    assert done.exception is None and done.return_value == 0
    record = json.loads(done.stdout)
    ran = {item["inspector"] for item in record["evidence"] if item["status"] == "measured"}
    assert ran == {"fairness.groups"}
    assert {m["context"]["places"][0] for e in record["evidence"] for m in e["measurements"]} == {"DE"}
    assert run("verify", tmp_path / "r").return_value == 0


def test_where_nothing_is_missing_nothing_runs(office: Office, tmp_path: Path) -> None:
    """The very system that was measured, for the people whom it was measured with."""
    same = office.report.parent / "kenya"
    card = tmp_path / "card.toml"
    text = (same / "accord.toml").read_text().partition("[context]")[0]
    card.write_text(text + "[context]\n" + as_toml(BERLIN).replace('"DE"', '"KE"').replace('"de"', '"sw"'))
    done = missing(office, same, *FRAMEWORKS, "--card", card, "--out", tmp_path / "r")
    assert done.exception is None and done.return_value == 0
    assert "Nothing is missing for DE that can be measured" in " ".join(done.stdout.split())
    assert "What no measurement gives" in done.stdout
    assert not (tmp_path / "r").exists()


def test_half_a_call_is_refused(office: Office) -> None:
    for options in (("--only-missing-for", "DE"), ("--from", office.report)):
        assert isinstance(run("assess", office.local, *options).exception, UsageError)
    assert isinstance(missing(office, office.local, "--only", "data.profile").exception, UsageError)
