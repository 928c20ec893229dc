"""Prevention on the page and on the terminal: a disclosure a risk, nothing raw, nothing promised."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from accord.cli import cli
from accord.errors import MalformedInput
from accord.prevention import MOST, for_assessment, library
from accord.records import Assessment, to_json
from accord.reports import Details, known_details, report
from accord.reports.html.prevention import prevention_of
from accord.reports.prevention import Wording


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments], standalone_mode=False)


@pytest.fixture(scope="module")
def record(compas: Assessment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("prevent") / "assessment.json"
    file.write_bytes(to_json(compas))
    return file


@pytest.fixture(scope="module")
def page(compas: Assessment) -> str:
    return report("html").render(compas, details=known_details(compas)).decode()


class Section(HTMLParser):
    """The disclosures and code marks inside the section `prevention`."""

    def __init__(self) -> None:
        super().__init__()
        self.inside = 0
        self.summaries = 0
        self.codes: list[str] = []
        self._code = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "section":
            self.inside = 1 if dict(attrs).get("id") == "prevention" else self.inside + (self.inside > 0)
        if self.inside:
            self.summaries += tag == "summary"
            self._code = tag == "code"

    def handle_endtag(self, tag: str) -> None:
        if tag == "section" and self.inside:
            self.inside -= 1
        self._code = False

    def handle_data(self, data: str) -> None:
        if self.inside and self._code:
            self.codes.append(data)


def test_the_page_has_a_disclosure_a_risk(compas: Assessment, page: str) -> None:
    section = Section()
    section.feed(page)
    details = known_details(compas)
    offered = for_assessment(compas, details.frameworks)
    found = [item for item in offered if item.risk.nature != "open"]
    assert section.summaries == len(found) + 1  # and one for the requirements that nobody has shown
    ids = [code for code in section.codes if code.startswith("mp.")]
    expected = [offer.mitigation.id for item in found for offer in item.offers]
    assert ids[: len(expected)] == expected
    rest = ids[len(expected) :]
    assert len(rest) == len(set(rest))  # each once, whatever it answers
    assert '<a href="#prevention">' in page


def test_the_page_says_what_called_for_it_and_what_is_not_known(page: str) -> None:
    text = re.sub(r"<[^>]+>|\s+", " ", page.partition('id="prevention"')[2].partition('id="measurements"')[0])
    text = re.sub(r"\s+", " ", text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " "))
    assert "False-positive rate, race – African-American: 44.8 % [42.6, 47.2], Caucasian: 23.5 %" in text
    assert "No source says how much" in text
    assert "not opened by us" in text
    assert "none known to us" in text


def test_offers_are_few_and_the_rest_is_counted(compas: Assessment) -> None:
    view = prevention_of(compas, known_details(compas))
    assert max(len(risk.offers) for risk in view.found) == MOST
    everything = {item.risk.message: len(item.offers) for item in for_assessment(compas, most=None)}
    for risk in view.found:
        assert any(len(risk.offers) + risk.more == n for n in everything.values())


def test_text_of_the_input_stays_text(compas: Assessment) -> None:
    evil = "<script>alert(1)</script>\u202e\x1b[31m"
    evidence = tuple(
        replace(item, findings=tuple(replace(finding, message=evil) for finding in item.findings))
        for item in compas.evidence
    )
    made = report("html").render(replace(compas, evidence=evidence), details=Details()).decode()
    assert "<script" not in made
    assert "\u202e" not in made
    assert "\x1b" not in made
    lines = Wording(Details()).risk(for_assessment(replace(compas, evidence=evidence))[0].risk)
    assert evil in lines  # shown raw to nobody: the command and the page escape it


def test_without_findings_the_page_says_so(compas: Assessment) -> None:
    evidence = tuple(replace(item, findings=()) for item in compas.evidence)
    made = report("html").render(replace(compas, evidence=evidence, verdicts=()), details=Details()).decode()
    assert "No finding and no missed threshold calls for one" in made


def test_the_command_shows_the_worst_first(record: Path) -> None:
    done = run("prevent", record)
    assert done.exception is None
    assert done.output.startswith("[high] Of people whose outcome was negative")
    assert "mp.fairness.threshold-per-group" in done.output
    assert "--all" in done.output
    assert max(map(len, done.output.splitlines())) <= 100


def test_one_finding_in_full(record: Path) -> None:
    done = run("prevent", record, "--finding", "FAIR-003")
    assert "Collect more rows of the groups" in done.output
    assert "Art. 4a" in done.output
    assert "threshold-per-group" not in done.output


def test_by_measure_and_as_json(record: Path) -> None:
    offered = json.loads(run("prevent", record, "--measure", "data.completeness", "--json").output)
    assert {item["risk"]["rule"] for item in offered} == {"DATA-002"}
    everything = json.loads(run("prevent", record, "--all", "--json").output)
    few = json.loads(run("prevent", record, "--json").output)
    assert len(everything) == len(few)
    assert all(item["more"] == 0 for item in everything)
    assert any(item["more"] > 0 for item in few)


def test_all_shows_open_requirements(record: Path) -> None:
    assert "mp.organisation.oversight" in run("prevent", record, "--all").output
    assert "mp.organisation.oversight" not in run("prevent", record).output


def test_the_library_is_listed() -> None:
    listed = json.loads(run("prevent", "--list", "--json").output)
    assert [item["id"] for item in listed] == [item.id for item in library()]
    assert "measures of prevention" in run("prevent", "--list").output
    pickles = json.loads(run("prevent", "--list", "--finding", "MOD-001", "--json").output)
    assert pickles
    assert all("MOD-001" in item["addresses"]["findings"] for item in pickles)


def test_what_can_not_be_read_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "assessment.json").write_text("{")
    assert isinstance(run("prevent", tmp_path / "assessment.json").exception, MalformedInput)
    (tmp_path / "empty").mkdir()
    assert isinstance(run("prevent", tmp_path / "empty").exception, MalformedInput)
    done = run("prevent", "--list", "--measure", "data.rows")
    assert done.exception is None
