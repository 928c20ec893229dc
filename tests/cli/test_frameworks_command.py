"""`accord frameworks`: the library with its counts, and an author's way from a first file to a checked one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from accord.cli import cli
from accord.errors import UsageError
from accord.frameworks import library, library_ids, load
from accord.frameworks.judging import points_to_judge
from accord.inspectors.registry import all_inspectors

TABLE = "id,title,parent,measure,op\ns1,Duties,,,\ns1.1,Rows are counted,s1,data.rows,>=\n"
SAID = (
    *("--id", "ke-mine", "--title", "Mine", "--issuer", "Parliament", "--jurisdiction", "KE", "--kind", "law"),
    *("--source-title", "The law", "--source-uri", "https://example.org/law", "--source-date", "2026-01"),
)


def run(*arguments: str) -> Result:
    found = CliRunner().invoke(cli, ("frameworks", *arguments), standalone_mode=False)
    if found.exception:
        raise found.exception
    return found


def failed(*arguments: str) -> UsageError:
    found = CliRunner().invoke(cli, ("frameworks", *arguments), standalone_mode=False)
    assert isinstance(found.exception, UsageError)
    return found.exception


def test_the_list_counts_what_is_measured_today():
    """Counted again here from the rules and the installed inspectors."""
    rows, run_list = {row["id"]: row for row in json.loads(run("--json").stdout)}, run().stdout
    assert tuple(rows) == library_ids()
    produced = {measure for inspector in all_inspectors() for measure in inspector.measures}
    for framework in library():
        row, points = rows[framework.id], points_to_judge(framework)
        named = [json.dumps([str(rule) for rule in point.rules]) for point in points]
        measured = [text for text in named if any(f"measure='{m}'" in text for m in produced if m[:5] != "card.")]
        assert row["measured"] == len(measured), framework.id
        assert row["requirements"] == len(points)
        assert row["documents"] == sum(bool(point.documents) for point in points)
        assert row["person"] == sum(point.verification == "judged" for point in points)
    assert rows["eu-ai-act"]["measured"] > 0
    for row in rows.values():
        assert f"{row['id']} ({row['version']}, " in run_list
        assert f"  {row['requirements']} requirements: {row['measured']} measured today, " in run_list


def test_the_old_way_of_showing_one_still_works():
    assert run("nist-ai-rmf").stdout == run("show", "nist-ai-rmf").stdout
    assert json.loads(run("nist-ai-rmf", "--json").stdout) == json.loads(run("--json", "nist-ai-rmf").stdout)
    assert json.loads(run("nist-ai-rmf", "--json").stdout)["id"] == "nist-ai-rmf"
    assert failed("no-such").code == "unknown-framework"


def test_the_tree_shows_every_requirement_under_its_parent():
    framework = load("eu-ai-act")
    lines = run("show", "eu-ai-act").stdout.splitlines()
    tree = [line for line in lines[lines.index("") + 1 :] if line]
    assert len(tree) == len(framework.requirements)
    depth = {line.split()[0]: (len(line) - len(line.lstrip())) // 2 for line in tree}
    for requirement in framework.requirements:
        assert depth[requirement.id] == (depth[requirement.parent] + 1 if requirement.parent else 0)
    assert framework.source.uri in lines[1]


def test_one_requirement_with_who_else_asks_for_its_measures():
    text = run("eu-ai-act", "art_10.2.f").stdout
    assert "Art. 10(2)(f)" in text and "Shown by: measured" in text
    found = json.loads(run("eu-ai-act", "Art. 10(2)(f)", "--json").stdout)
    assert found["requirement"]["id"] == "art_10.2.f"
    others = found["same_measures"]["fairness.false_positive_rate_gap"]
    assert "eu-ai-act#art_10.2.f" not in others
    for reference in others:
        name, _hash, point = reference.partition("#")
        (requirement,) = (item for item in load(name).requirements if item.id == point)
        assert "fairness.false_positive_rate_gap" in str(requirement.rules)
    assert failed("eu-ai-act", "no-such").code == "unknown-requirement"


def test_new_check_diff(tmp_path: Path):
    file = tmp_path / "ke-mine.yaml"
    run("new", "ke-mine", "--jurisdiction", "KE", "--out", str(file))
    done = run("check", str(file))
    assert done.return_value == 0 and "no mistake" in done.stdout
    before = file.read_bytes()
    assert failed("new", "ke-mine", "--out", str(file)).code == "file-exists"
    assert file.read_bytes() == before

    other = tmp_path / "two.yaml"
    other.write_text(file.read_text().replace("threshold: 0.1", "threshold: 0.2"))
    said = run("diff", str(file), str(other))
    assert said.return_value in (None, 0)
    assert "threshold: 0.1 → 0.2" in said.stdout
    changed = json.loads(run("diff", str(file), str(other), "--json").stdout)["requirements"]["changed"]
    assert [(item["id"], len(item["fields"])) for item in changed] == [("sec_1.1", 1)]
    assert "They say the same." in run("diff", str(file), str(file)).stdout


def test_check_lists_every_mistake_with_its_remedy(tmp_path: Path):
    file = tmp_path / "bad.yaml"
    run("new", "ke-mine", "--out", str(file))
    text = file.read_text().replace("parent: sec_1\n", "parent: sec_9\n").replace('"2027-01-01"', '"2027-13-01"')
    text = text.replace("id: sec_2", "id: SEC 2").replace("fairness.false_positive_rate_gap", "no.such")
    file.write_text(text + "  see: ['eu-ai-act#no_such']\n")
    done = run("check", str(file), "--json")
    assert done.return_value == 1
    mistakes = json.loads(done.stdout)["mistakes"]
    assert {item["path"] for item in mistakes} == {
        "requirements[0].verification",  # nothing is below it any more
        "requirements[1].parent",
        "requirements[1].applies_from",
        "requirements[1].rules[0].measure",
        "requirements[2].parent",
        "requirements[3].id",
    }
    assert all(item["remedy"] for item in mistakes)
    assert run("check", str(file)).stdout.count("→") == 6


def test_check_follows_references_into_the_library(tmp_path: Path):
    file = tmp_path / "see.yaml"
    run("new", "ke-mine", "--out", str(file))
    file.write_text(file.read_text() + "  see: ['eu-ai-act#no_such', 'eu-ai-act#art_10.2.f', 'elsewhere#x']\n")
    done = run("check", str(file), "--json")
    assert done.return_value == 1
    assert [item["path"] for item in json.loads(done.stdout)["mistakes"]] == ["requirements[3].see[0]"]


@pytest.mark.parametrize("content", [b"", b"\xff", b"a: [", b"- 1\n", b"x" * (5 * 1024 * 1024)])
def test_check_of_what_is_no_framework(content: bytes, tmp_path: Path):
    file = tmp_path / "x.yaml"
    file.write_bytes(content)
    done = run("check", str(file))
    assert done.return_value == 1 and "→" in done.stdout


def test_import_from_a_table_loads(tmp_path: Path):
    table, file = tmp_path / "t.csv", tmp_path / "out.yaml"
    table.write_text(TABLE)
    done = run("import", str(table), *SAID, "--out", str(file), "--json")
    assert json.loads(done.stdout)["requirements"] == 2
    framework = load(file)
    assert [item.id for item in framework.requirements] == ["s1", "s1.1"]
    assert (framework.source.date, framework.status) == ("2026-01", "provisional")
    assert "nobody has compared it" in (framework.read or "")


def test_import_names_every_missing_option_at_once(tmp_path: Path):
    table = tmp_path / "t.csv"
    table.write_text(TABLE)
    error = failed("import", str(table), "--id", "ke-mine")
    assert error.code == "missing-options"
    assert all(option in error.message for option in ("--title", "--issuer", "--kind", "--source-uri", "--source-date"))


def test_export_and_import_as_oscal(tmp_path: Path):
    catalog, file = tmp_path / "rmf.json", tmp_path / "rmf.yaml"
    run("export", "nist-ai-rmf", "--format", "oscal", "--out", str(catalog))
    assert json.loads(catalog.read_text()) == json.loads(run("export", "nist-ai-rmf").stdout)
    run("import", str(catalog), "--out", str(file))
    before, after = load("nist-ai-rmf"), load(file)
    assert (after.id, after.version, after.source) == (before.id, before.version, before.source)
    assert {item.id: item.title for item in before.requirements}.items() <= {
        item.id: item.title for item in after.requirements
    }.items()


def test_import_of_a_profile_needs_its_catalogue(tmp_path: Path):
    catalog, profile = tmp_path / "rmf.json", tmp_path / "profile.json"
    run("export", "nist-ai-rmf", "--out", str(catalog))
    metadata = {"title": "Two", "last-modified": "2026-01-01T00:00:00Z", "version": "1", "oscal-version": "1.2.1"}
    wanted = [{"href": "rmf.json", "include-controls": [{"with-ids": ["govern_1.1", "map_1.1"]}]}]
    content = {"profile": {"uuid": "11111111-1111-4111-8111-111111111111", "metadata": metadata, "imports": wanted}}
    profile.write_text(json.dumps(content))
    assert failed("import", str(profile), "--id", "two").code == "catalogs-missing"
    run("import", str(profile), "--id", "two", "--catalog", str(catalog), "--out", str(tmp_path / "two.yaml"))
    chosen = [item.id for item in load(tmp_path / "two.yaml").requirements]
    assert chosen == ["govern", "govern_1", "govern_1.1", "map", "map_1", "map_1.1"]


def test_export_as_a_table_says_what_stays_behind(tmp_path: Path):
    out = tmp_path / "eu.csv"
    done = run("export", "eu-ai-act", "--format", "csv", "--out", str(out))
    assert "classes" in done.stderr and "questions" in done.stderr
    assert out.read_bytes().startswith(b"\xef\xbb\xbfid,label,title,parent,")
