"""`accord recheck`: another house measures again. A lie that every signature and every sum bears out is found."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from accord.cli import cli
from accord.errors import MalformedInput, UsageError
from accord.records import Assessment, from_json, to_readable_json
from accord.records.recheck import Recheck


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(item) for item in arguments], standalone_mode=False)


class Laboratory:
    """A house with keys and a log of its own."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home, self._monkeypatch = home, monkeypatch

    def run(self, *arguments: object) -> Result:
        self._monkeypatch.setenv("ACCORD_HOME", str(self.home))
        return run(*arguments)

    def assess(self, system: Any, out: Path, *options: object) -> Path:
        done = self.run("assess", system.table, "--card", system.card, "--out", out, "--json", *options)
        assert done.exception is None, done.exception
        return out

    def seal(self, assessment: Assessment, out: Path) -> Path:
        from accord.trust import KeyStore, own_log, seal

        self._monkeypatch.setenv("ACCORD_HOME", str(self.home))
        out.mkdir()
        (out / "assessment.json").write_bytes(to_readable_json(assessment))
        seal(out, assessment, signer=KeyStore().own(), log=own_log())
        return out

    def recheck(self, *arguments: object) -> tuple[int, dict[str, Any]]:
        done = self.run("recheck", *arguments, "--json", "--out", self.home / "said")
        assert done.exception is None, done.exception
        return done.return_value, json.loads(done.stdout)


@pytest.fixture(scope="module")
def measured(make_small_system, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a laboratory's home and the report that it made: the same bytes lie in every test's own folder."""
    place = tmp_path_factory.mktemp("measured")
    with pytest.MonkeyPatch.context() as monkeypatch:
        Laboratory(place / "home", monkeypatch).assess(make_small_system(place), place / "report")
    return place


@pytest.fixture
def laboratory(measured: Path, monkeypatch: pytest.MonkeyPatch) -> Laboratory:
    return Laboratory(measured / "home", monkeypatch)


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Laboratory:
    return Laboratory(tmp_path / "office", monkeypatch)


@pytest.fixture
def report(measured: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(measured / "report", tmp_path / "report"))


def stored(report: Path) -> Assessment:
    return from_json((report / "assessment.json").read_bytes(), Assessment)


def differing(found: dict[str, Any]) -> set[str]:
    return {item["measure"] for item in found["recheck"]["results"] if item["outcome"] == "differs"}


def test_an_honest_report_is_found_again(report: Path, office: Laboratory, small_system) -> None:
    from accord.cli.statements import read_statement

    status, found = office.recheck(report, small_system.table)
    assert status == 0
    assert found["recheck"]["outcome"] == "agrees"
    results = found["recheck"]["results"]
    assert len(results) > 40 and {item["outcome"] for item in results} == {"agrees"}
    assert all(item["inspector"] != "transparency.card" for item in results)
    heard = read_statement(Path(found["statement"][0]))
    assert heard.kind == "recheck"
    theirs = read_statement(report)
    assert heard.subjects == (theirs.id, stored(report).subject.digest)
    said = heard.record(Recheck)
    assert said.body == theirs.keys[0].keyid != heard.keys[0].keyid
    assert set(said.measurers.values()) == {said.body}


def test_a_lying_laboratory_is_caught(
    laboratory: Laboratory, office: Laboratory, report: Path, small_system, tmp_path: Path
) -> None:
    """It counts a kinder table and says that it was this one: signature, sums and verdicts are all in order."""
    doctored = tmp_path / "doctored" / "scores.csv"
    doctored.parent.mkdir()
    lines = small_system.table.read_text().splitlines()
    kinder = [line.replace(",1,0", ",0,0") if line.startswith("m") else line for line in lines]
    doctored.write_text("\n".join(kinder) + "\n")
    lie = laboratory.assess(replace_table(small_system, doctored), tmp_path / "lie")
    true, false = stored(report).subject, stored(lie).subject
    text = (lie / "assessment.json").read_text()
    text = text.replace(false.digest, true.digest).replace(false.parts[0].digest, true.parts[0].digest)
    forged = laboratory.seal(from_json(text, Assessment), tmp_path / "forged")
    assert laboratory.run("verify", forged, "--json").return_value == 0, "whoever knows the key is told: proven"
    status, found = office.recheck(forged, small_system.table)
    assert status == 1
    assert found["recheck"]["outcome"] == "differs"
    assert "fairness.false_positive_rate" in differing(found)
    assert "data.rows" not in differing(found)
    rates = {
        item["dimensions"]["group"]: (item["theirs"], item["ours"])
        for item in found["recheck"]["results"]
        if item["measure"] == "fairness.false_positive_rate" and "group" in item["dimensions"]
    }
    assert rates["m"][0] == 0.0 and rates["m"][1] > 0.3, "what the lie was for"
    assert rates["f"][0] == rates["f"][1]
    spoken = office.run("recheck", forged, small_system.table, "--out", tmp_path / "said").output
    assert "DIFFERS" in spoken and "they do not report: FAIR" in spoken


def replace_table(system: Any, table: Path) -> Any:
    from dataclasses import replace as changed

    return changed(system, table=table)


def test_a_laboratory_that_keeps_silent_is_caught(
    laboratory: Laboratory, office: Laboratory, report: Path, small_system, tmp_path: Path
) -> None:
    honest = stored(report)
    evidence = tuple(
        replace(
            item,
            findings=(),
            measurements=tuple(m for m in item.measurements if m.dimensions.get("group") != "m"),
        )
        for item in honest.evidence
    )
    silent = laboratory.seal(replace(honest, evidence=evidence), tmp_path / "silent")
    status, found = office.recheck(silent, small_system.table)
    assert status == 1
    reasons = {item["reason"] for item in found["recheck"]["results"] if item["outcome"] == "differs"}
    assert reasons == {"they do not report it"}
    assert {item["side"] for item in found["recheck"]["findings"]} == {"ours"}


def test_another_target_is_refused_with_both_digests(report: Path, office: Laboratory, small_system) -> None:
    before = stored(report).subject.digest
    with small_system.table.open("a") as file:
        file.write("f,1,1,1\n")
    refused = office.run("recheck", report, small_system.table)
    assert isinstance(refused.exception, UsageError) and refused.exception.code == "another-target"
    assert before in refused.exception.message and refused.exception.message.count("sha256:") == 2


def test_an_altered_report_is_refused(report: Path, office: Laboratory, small_system) -> None:
    path = report / "assessment.json"
    path.write_bytes(path.read_bytes().replace(b"0.5", b"0.6", 1))
    refused = office.run("recheck", report, small_system.table)
    assert isinstance(refused.exception, MalformedInput) and refused.exception.code == "altered-report"


def test_statements_alone_need_the_card(report: Path, office: Laboratory, small_system, tmp_path: Path) -> None:
    alone = tmp_path / "alone.intoto.jsonl"
    shutil.copy(report / "assessment.intoto.jsonl", alone)
    refused = office.run("recheck", alone, small_system.table)
    assert isinstance(refused.exception, UsageError) and refused.exception.code == "another-card"
    assert office.recheck(alone, small_system.table, "--card", small_system.card)[0] == 0
    lines = alone.read_bytes().splitlines(keepends=True)
    alone.write_bytes(b"".join(lines[1:]))
    short = office.run("recheck", alone, small_system.table, "--card", small_system.card)
    assert isinstance(short.exception, MalformedInput)
    alone.write_bytes(lines[0])
    none = office.run("recheck", alone, small_system.table, "--card", small_system.card)
    assert isinstance(none.exception, MalformedInput) and none.exception.code == "no-assessment"


def test_their_card_is_used_whatever_the_target_says_now(
    laboratory: Laboratory, office: Laboratory, small_system, tmp_path: Path
) -> None:
    folder = small_system.table.parent
    (folder / "accord.toml").write_text(small_system.card.read_text())
    done = laboratory.run("assess", folder, "--out", tmp_path / "report", "--json")
    assert done.exception is None
    (folder / "accord.toml").write_text(small_system.card.read_text() + "favourable = 'negative'\n")
    assert office.recheck(tmp_path / "report", folder)[0] == 0


def test_only_part_of_it(report: Path, office: Laboratory, small_system) -> None:
    status, found = office.recheck(report, small_system.table, "--only", "data.profile")
    assert status == 0
    by_inspector: dict[str, set[str]] = {}
    for item in found["recheck"]["results"]:
        by_inspector.setdefault(item["inspector"], set()).add(item["outcome"])
    assert by_inspector == {"data.profile": {"agrees"}, "fairness.groups": {"not_repeated"}}
    wrong = office.run("recheck", report, small_system.table, "--only", "no.such")
    assert isinstance(wrong.exception, UsageError)


def test_nothing_repeated_is_no_agreement_and_is_not_signed(report: Path, office: Laboratory, small_system) -> None:
    status, found = office.recheck(report, small_system.table, "--only", "model_files.format")
    assert status == 3
    assert found["recheck"]["outcome"] == "nothing_repeated" and found["statement"] == []
    assert {item["outcome"] for item in found["recheck"]["results"]} == {"not_repeated"}
    assert not (office.home / "said").exists()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"inspector": "nobody.knows"}, "there is no inspector"),
        ({"parameters": {"no_such": 1}}, "takes no parameter no_such"),
        ({"parameters": {"maximum_columns": "many"}}, "takes no parameter maximum_columns"),
        ({"parameters": {"maximum_columns": True}}, "takes no parameter maximum_columns"),
        ({"seed": -1}, "the seed -1 is none"),
        ({"seed": 2**40}, "is none"),
        ({"id": "data.profile:000000000000"}, "no such part here"),
    ],
    ids=str,
)
def test_what_can_not_be_repeated_is_listed_with_its_reason(
    change: dict[str, Any], why: str, laboratory: Laboratory, office: Laboratory, report: Path, small_system, tmp_path
) -> None:
    honest = stored(report)
    evidence = tuple(replace(item, **change) if item.inspector == "data.profile" else item for item in honest.evidence)
    odd = laboratory.seal(replace(honest, evidence=evidence), tmp_path / "odd")
    status, found = office.recheck(odd, small_system.table)
    rest = [item for item in found["recheck"]["results"] if item["inspector"] != "fairness.groups"]
    assert status == 0, "the other inspector's were found again"
    assert rest and {item["outcome"] for item in rest} == {"not_repeated"}
    assert all(why in item["reason"] for item in rest)


def test_an_older_inspector_is_named(
    laboratory: Laboratory, office: Laboratory, report: Path, small_system, tmp_path: Path
) -> None:
    honest = stored(report)
    evidence = tuple(
        replace(item, version="0", tools={**item.tools, "accord": "0.0.9"})
        if item.inspector == "data.profile"
        else item
        for item in honest.evidence
    )
    older = laboratory.seal(replace(honest, evidence=evidence), tmp_path / "older")
    status, found = office.recheck(older, small_system.table)
    assert status == 0
    named = {(item["inspector"], item["tool"], item["theirs"]) for item in found["recheck"]["versions"]}
    assert named == {("data.profile", "", "0"), ("data.profile", "accord", "0.0.9")}


def test_their_parameters_and_seed_are_used(
    laboratory: Laboratory, office: Laboratory, small_system, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a minimum of 300 cases a group of 240 has no rate; with the usual 30 it would have one."""
    draft, card = tmp_path / "plan.json", small_system.card
    laboratory.run("plan", "new", small_system.table, "--card", card, "--out", draft, "--seed", 5)
    plan = json.loads(draft.read_bytes())
    for item in plan["runs"]:
        if item["inspector"] == "fairness.groups":
            item["parameters"]["minimum"] = 300
    draft.write_text(json.dumps(plan))
    laboratory.run("plan", "sign", draft, "--out", tmp_path / "signed")
    (signed,) = (tmp_path / "signed").glob("*.jsonl")
    done = laboratory.run("plan", "run", signed, small_system.table, "--out", tmp_path / "report", "--json")
    assert done.exception is None
    status, found = office.recheck(tmp_path / "report", small_system.table)
    assert status == 0
    empty = [item for item in found["recheck"]["results"] if "rate" in item["measure"] and item["ours"] is None]
    assert empty, "the minimum of the report was in force"
