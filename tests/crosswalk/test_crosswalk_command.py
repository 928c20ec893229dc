"""`accord crosswalk` as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from accord.cli import cli
from accord.crosswalk import read_sssom
from accord.errors import AccordError, UsageError
from accord.records import Evidence, Measurement, Verdict, to_json

PAIR = ("sg-ai-verify", "nist-ai-rmf")
HEADING = "subject_id\tpredicate_id\tobject_id\tmapping_justification\tconfidence\n"
METADATA = "#curie_map:\n#  eu-ai-act: https://e.u/\n#  nist-ai-rmf: https://n.us/\n#license: https://example.org/\n"
GOOD = "nist-ai-rmf:measure_2.7\tskos:relatedMatch\teu-ai-act:art_15\tsemapv:ManualMappingCuration\t0.6\n"
BAD = "nist-ai-rmf:measure_2.77\tskos:relatedMatch\teu-ai-act:art_15\tsemapv:ManualMappingCuration\t0.6\n"


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(cli, ["crosswalk", *(str(argument) for argument in arguments)], standalone_mode=False)
    if result.exception:
        raise result.exception
    return result.return_value, result.output


@pytest.fixture
def record(assessment, tmp_path: Path) -> Path:
    """An assessment in which one check is documented and one is not met."""
    verdicts = tuple(
        Verdict(framework="sg-ai-verify", requirement=point, status=status, reason="test")
        for point, status in {"p_12.5.1": "documented", "p_12.2.1": "not_met", "p_12.1.1": "documented"}.items()
    )
    path = tmp_path / "assessment.json"
    path.write_bytes(to_json(replace(assessment, verdicts=verdicts)))
    return path


def test_text_says_what_carries_over_and_what_is_left() -> None:
    status, text = run(*PAIR)
    assert status == 0
    carried, rest = text.split("Only overlaps, so nothing carries over")
    assert "MEASURE 3.2" in carried and "sg-ai-verify#p_12.5.1 ⊃ nist-ai-rmf#measure_3.2" in carried
    assert "→ nothing more, once p_12.5.1 is shown" in carried
    assert "No relation is known" in rest
    assert "not a conformity assessment" in rest
    assert "Provisional" not in carried
    assert "Provisional, as the original was not read in full: eu-gpai-code." in run("eu-gpai-code", "eu-ai-act")[1]


def test_an_assessment_decides_what_is_shown(record: Path) -> None:
    _status, text = run(*PAIR, "--from", record)
    shown = text[text.index("Shown already") : text.index("Left to show")]
    assert "MEASURE 3.2" in shown and "[documented]" in shown
    assert "GOVERN 1.6" not in shown, "an overlap carries nothing, however well it is documented"
    _status, text = run(*PAIR, "--from", record, "--json")
    found = {crossing["requirement"]: crossing for crossing in json.loads(text)["crossings"]}
    assert found["nist-ai-rmf#measure_3.2"]["outcome"] == "shown"
    assert found["nist-ai-rmf#map_1.1"]["outcome"] == "not_met", "who asks for more asks for this too"
    assert found["nist-ai-rmf#govern_1.6"]["outcome"] == "open"


def test_every_format_is_what_it_says(record: Path, tmp_path: Path) -> None:
    _status, sssom = run(*PAIR, "--format", "sssom")
    assert read_sssom(sssom.encode(), name="out").problems == ()
    _status, svg = run(*PAIR, "--format", "svg")
    assert ElementTree.fromstring(svg).tag.endswith("svg")
    out = tmp_path / "page.html"
    _status, said = run(*PAIR, "--format", "html", "--from", record, "--out", out)
    assert said == f"Written: {out}\n"
    assert out.read_text().startswith("<!DOCTYPE html>")
    _status, said = run(*PAIR, "--out", out)
    assert out.read_text().startswith("From sg-ai-verify")


def test_without_frameworks_it_lists_the_pairs() -> None:
    _status, text = run("--json")
    counts = {tuple(entry["frameworks"]): entry["edges"] for entry in json.loads(text)}
    assert counts["eu-ai-act", "nist-ai-rmf"] >= 50
    assert "eu-ai-act" in run()[1]


def test_consensus_keeps_kinds_apart_and_names_what_is_provisional() -> None:
    _status, text = run("--consensus", "--at-least", 5)
    assert "frameworks in" in text and "overlapping:" in text and "provisional:" in text
    _status, text = run("--consensus", "--json")
    assert len(json.loads(text)) > len([topic for topic in json.loads(text) if len(topic["frameworks"]) >= 5])


def test_import_reports_and_writes_only_where_it_is_told(tmp_path: Path) -> None:
    path, out = tmp_path / "theirs.tsv", tmp_path / "good.tsv"
    path.write_text(METADATA + HEADING + GOOD + BAD)
    before = sorted(tmp_path.iterdir())
    status, text = run("--import", path)
    assert status == 1
    assert "✓ 6: nist-ai-rmf#measure_2.7 intersects eu-ai-act#art_15 (0.6)" in text
    assert "✗ line 7, subject_id: nist-ai-rmf has no requirement 'measure_2.77'. Nearest: measure_2.7" in text
    assert "2 rows: 1 good, 0 say that nothing matches; 1 errors." in text
    assert sorted(tmp_path.iterdir()) == before
    run("--import", path, "--out", out)
    assert run("--import", out)[0] == 0
    assert [edge.object for edge in read_sssom(out.read_bytes(), name="out").edges] == ["eu-ai-act#art_15"]


def test_a_users_file_of_edges_is_used(tmp_path: Path) -> None:
    path = tmp_path / "mine.tsv"
    path.write_text(METADATA + HEADING + GOOD.replace("relatedMatch", "narrowMatch"))
    _status, text = run("nist-ai-rmf", "eu-ai-act", "--edges", path, "--json")
    found = {crossing["requirement"]: crossing["standing"] for crossing in json.loads(text)["crossings"]}
    assert found["eu-ai-act#art_15"] == "carried"
    path.write_text(METADATA + HEADING + BAD)
    with pytest.raises(AccordError, match=r"line 6, subject_id: nist-ai-rmf has no requirement"):
        run("nist-ai-rmf", "eu-ai-act", "--edges", path)
    with pytest.raises(AccordError, match=r"line 6, subject_id: nist-ai-rmf has no requirement"):
        run("--consensus", "--edges", path)


def test_wrong_calls(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="needs two frameworks"):
        run("eu-ai-act")
    with pytest.raises(UsageError, match="there is no framework 'nothing'"):
        run("eu-ai-act", "nothing")
    broken = tmp_path / "assessment.json"
    broken.write_text("{")
    with pytest.raises(AccordError):
        run(*PAIR, "--from", broken)


def test_the_same_evidence_speaks_under_the_second_text_whatever_carries_over(assessment, tmp_path: Path) -> None:
    gap = Measurement(
        measure="fairness.false_positive_rate_gap",
        subject="sha256:aa",
        dimensions={"attribute": "sex"},
        value=0.2,
        unit="1",
        n=5000,
        method="test",
    )
    evidence = Evidence(
        id="e1",
        inspector="test.gap",
        version="1",
        subject="sha256:aa",
        status="measured",
        measurements=(gap,),
        started="2026-11-23T00:00:00Z",
        seconds=0.0,
    )
    path = tmp_path / "assessment.json"
    path.write_bytes(to_json(replace(assessment, evidence=(evidence,))))
    _status, text = run("nist-ai-rmf", "eu-ai-act", "--from", path, "--json")
    found = {crossing["requirement"]: crossing for crossing in json.loads(text)["crossings"]}
    bias = found["eu-ai-act#art_10.2.f"]
    assert (bias["standing"], bias["outcome"], bias["own"]) == ("touched", "open", "needs_review")
    assert bias["left"].startswith("a person answers: ") and "measure" not in bias["left"]
    assert found["eu-ai-act#art_12.1"]["own"] == "not_evaluated"
    assert found["eu-ai-act#art_40"]["own"] == "not_applicable"
    _status, text = run("nist-ai-rmf", "eu-ai-act", "--from", path)
    speaks = text[text.index("The evidence at hand speaks for itself") : text.index("Left to show")]
    assert "Art. 10(2)(f)" in speaks and "Art. 12(1)" not in speaks
    assert "Does not apply, by what is declared" in text
