from pathlib import Path

import pytest

from accord.inspectors.interface import HEADINGS, Inspection
from accord.inspectors.openness.licence_files import INSPECTOR, inspect_licence_files
from accord.records import Card, Part, Subject

APACHE = (Path(__file__).parents[3] / "LICENSE").read_text()
GOOD = {"pyproject.toml": "[project]\nlicense = 'Apache-2.0'", "LICENSE": APACHE}


def inspect(root, files):
    for path, content in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content)
    part = Part(role="code", kind="folder", path="", digest="sha256:00", size=1)
    subject = Subject(name="x", digest="sha256:11", parts=(part,))
    return inspect_licence_files(Inspection(part=part, subject=subject, root=root, card=Card()))


def facts(outcome):
    return {m.measure.removeprefix("openness."): m.value for m in outcome.measurements}


def rules(outcome):
    return [(finding.rule, finding.where.path) for finding in outcome.findings]


def test_a_folder_in_order(tmp_path):
    outcome = inspect(tmp_path, GOOD)
    assert facts(outcome) == {
        "declared_licence": "Apache-2.0",
        "licence_expression_valid": True,
        "licence_text_present": True,
    }
    assert rules(outcome) == []


def test_lic_001_nothing_says_what_is_allowed(tmp_path):
    outcome = inspect(tmp_path, {"main.py": "print()", "README.md": "# About licences\n"})
    assert rules(outcome) == [("LIC-001", None)]
    assert outcome.findings[0].severity == "high"
    assert facts(outcome) == {
        "declared_licence": None,
        "licence_expression_valid": None,
        "licence_text_present": False,
    }
    assert all(m.reason for m in outcome.measurements if m.value is None)


@pytest.mark.parametrize(
    "files", [{"LICENSE": APACHE}, {"LICENSE": "our own words"}, {"setup.cfg": "[metadata]\nlicense=MIT"}]
)
def test_lic_001_is_silent_where_something_is_said(tmp_path, files):
    assert rules(inspect(tmp_path, files)) == []


def test_lic_002_the_text_is_of_another_licence(tmp_path):
    outcome = inspect(tmp_path, {**GOOD, "pyproject.toml": "[project]\nlicense = 'MIT'"})
    assert rules(outcome) == [("LIC-002", "LICENSE")]
    assert outcome.findings[0].message == "pyproject.toml declares MIT, but LICENSE says Apache-2.0."


def test_lic_002_two_declarations_differ(tmp_path):
    outcome = inspect(tmp_path, {**GOOD, "setup.cfg": "[metadata]\nlicense = MIT"})
    assert rules(outcome) == [("LIC-002", "setup.cfg")]
    assert facts(outcome)["declared_licence"] == "Apache-2.0 AND MIT"


@pytest.mark.parametrize(
    "declared",
    ["apache-2.0", "MIT OR Apache-2.0", "Apache License, Version 2.0"],
)
def test_lic_002_is_silent_where_they_agree(tmp_path, declared):
    outcome = inspect(tmp_path, {**GOOD, "pyproject.toml": f"[project]\nlicense = '{declared}'"})
    assert "LIC-002" not in [rule for rule, _ in rules(outcome)]


def test_lic_002_does_not_guess_at_a_text_that_it_does_not_know(tmp_path):
    assert rules(inspect(tmp_path, {**GOOD, "LICENSE": "our own words"})) == []
    assert (
        rules(inspect(tmp_path, {**GOOD, "LICENSE-2": "more words", "pyproject.toml": "[project]\nlicense='MIT'"}))
        == []
    )


@pytest.mark.parametrize("tag", ["openrail", "other", "cc", "bsd"])
def test_lic_005_a_family_is_no_licence(tmp_path, tag):
    outcome = inspect(tmp_path, {"README.md": f"---\nlicense: {tag}\n---\n# Model\n"})
    assert rules(outcome) == [("LIC-005", "README.md")]
    assert outcome.findings[0].severity == "medium"
    assert facts(outcome)["licence_expression_valid"] is False


def test_lic_005_is_silent_on_a_licence(tmp_path):
    assert rules(inspect(tmp_path, {"README.md": "---\nlicense: cc-by-4.0\n---\n# Model\n"})) == []


@pytest.mark.parametrize(
    ("declared", "problem"),
    [
        ("GPL-2.0", "deprecated by SPDX (GPL-2.0)"),
        ("Apache 2.0", "no SPDX expression"),
        ("creativeml-openrail-m", "no SPDX expression"),
        ("MIT OR", "no SPDX expression"),
    ],
)
def test_lic_008_is_no_current_spdx_id(tmp_path, declared, problem):
    outcome = inspect(tmp_path, {"setup.cfg": f"[metadata]\nlicense = {declared}"})
    assert rules(outcome) == [("LIC-008", "setup.cfg")]
    assert problem in outcome.findings[0].message


@pytest.mark.parametrize("declared", ["GPL-2.0-only", "LicenseRef-Own", "MIT AND (ISC OR 0BSD)"])
def test_lic_008_is_silent_on_current_ids(tmp_path, declared):
    assert rules(inspect(tmp_path, {"setup.cfg": f"[metadata]\nlicense = {declared}"})) == []


def test_braces_in_a_declaration_are_words(tmp_path):
    outcome = inspect(tmp_path, {"setup.cfg": "[metadata]\nlicense = {path} %(x)s {0!r}"})
    assert "{path} %(x)s {0!r}" in outcome.findings[0].message


def test_its_own_card_is_complete():
    assert all(heading in INSPECTOR.card for heading in HEADINGS)
    assert INSPECTOR.kinds == {"folder"}
    assert INSPECTOR.isolation == "decode"
