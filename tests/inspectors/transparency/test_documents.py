"""`transparency.documents` on real folders: every rule with a bad and a good document, and nothing personal kept."""

from __future__ import annotations

import datetime

import pytest

from accord.documents import document_kinds
from accord.inspectors.interface import Inspection, Skip
from accord.inspectors.transparency.documents import INSPECTOR, RULES, inspect_document
from accord.measures.recompute import recompute
from accord.records import Card, Evidence, to_json
from accord.subjects import open_target

SENTENCE = (
    "The system ranks applicants for small loans, and two clerks of the bank look at each refusal before it is sent."
)
TITLES = ("Motivation", "Composition", "Collection process", "Preprocessing", "Uses", "Distribution", "Maintenance")
TODAY = datetime.datetime.now(datetime.UTC).date()


def datasheet(head="Version: 1.0\n\nDate: 2026-01-31\n\nOwner: Jane Example, data unit", titles=TITLES, text=SENTENCE):
    return f"# Datasheet\n\n{head}\n\n" + "\n\n".join(f"## {title}\n\n{text}" for title in titles)


@pytest.fixture
def outcome_of(tmp_path):
    def inspect(content, kinds=("datasheet",), name="doc.md"):
        root = tmp_path / "target"
        root.mkdir()
        (root / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        card = "[documents]\n" + "".join(f'{kind} = "{name}"\n' for kind in kinds)
        (root / "accord.toml").write_text(card)
        with open_target(str(root)) as target:
            (part,) = [part for part in target.subject.parts if part.path == name]
            return inspect_document(
                Inspection(
                    part=part, subject=target.subject, root=target.root, card=target.card, card_source="provider"
                )
            )

    return inspect


def values(outcome, kind="datasheet"):
    return {
        m.measure.removeprefix("transparency.document_"): m.value
        for m in outcome.measurements
        if m.dimensions == {"kind": kind}
    }


def rules(outcome):
    return [finding.rule for finding in outcome.findings]


def test_a_complete_document(outcome_of):
    outcome = outcome_of(datasheet())
    assert values(outcome) == {
        "readable": True,
        "date": "2026-01-31",
        "version": "1.0",
        "owner_stated": True,
        "sections": 1.0,
        "sections_missing": (),
    }
    assert rules(outcome) == []


def test_who_the_owner_is_is_not_kept(outcome_of):
    assert b"Jane" not in to_json(outcome_of(datasheet()))


BAD = {
    "DOC-001": b"%PDF-1.4 nothing",
    "DOC-002": datasheet(titles=TITLES[:5]),
    "DOC-003": datasheet(text="Few words."),
    "DOC-004": datasheet() + "\n\n## Notes\n\nTODO\n",
    "DOC-005": datasheet("Version: 1\n\nOwner: unit"),
    "DOC-006": datasheet("Date: 2026-01-31\n\nOwner: unit"),
    "DOC-007": datasheet("Date: 2026-01-31\n\nVersion: 1"),
    "DOC-008": datasheet("Date: 03/04/2026\n\nVersion: 1\n\nOwner: unit"),
    "DOC-009": datasheet("Date: 2199-01-01\n\nVersion: 1\n\nOwner: unit"),
    "DOC-010": datasheet(f"Date: {TODAY.year - 4}-01\n\nVersion: 1\n\nOwner: unit"),
}


@pytest.mark.parametrize("rule", BAD)
def test_each_defect_is_one_finding_that_names_the_file(outcome_of, rule):
    outcome = outcome_of(BAD[rule])
    assert rules(outcome) == [rule]
    (finding,) = outcome.findings
    assert finding.where.path == "doc.md"
    assert "doc.md (datasheet)" in finding.message


def test_the_missing_sections_are_named(outcome_of):
    outcome = outcome_of(BAD["DOC-002"])
    assert values(outcome)["sections_missing"] == ("distribution", "maintenance")
    assert values(outcome)["sections"] == 5 / 7
    assert "has 5 of 7 sections that Gebru et al." in outcome.findings[0].message
    assert "who maintains it, and how" in outcome.findings[0].message


def test_a_placeholder_is_no_section(outcome_of):
    outcome = outcome_of(datasheet(text="To be completed."))
    assert (values(outcome)["sections"], rules(outcome)) == (0.0, ["DOC-004"])


def test_what_can_not_be_read_is_never_a_pass(outcome_of):
    outcome = outcome_of(BAD["DOC-001"])
    assert values(outcome) == {"readable": False}
    assert outcome.statistics == {}


def test_a_date_of_the_file_is_named_so(outcome_of):
    import io

    import pypdf

    writer = pypdf.PdfWriter()
    writer.add_blank_page(100, 100)
    writer.add_metadata({"/ModDate": "D:20260203000000Z"})
    stream = io.BytesIO()
    writer.write(stream)
    assert rules(outcome_of(stream.getvalue(), name="s.pdf")) == ["DOC-001"]  # a page without text


def test_a_date_that_only_the_file_has(outcome_of):
    import io
    import zipfile

    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        text = "".join(f"<w:p><w:r><w:t>{line}</w:t></w:r></w:p>" for line in ("Owner: unit", "Version: 1"))
        space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
        archive.writestr("word/document.xml", f"<w:document {space}><w:body>{text}</w:body></w:document>")
        core = '<c xmlns:d="http://purl.org/dc/terms/"><d:modified>2026-05-06T07:08:09Z</d:modified></c>'
        archive.writestr("docProps/core.xml", core)
    outcome = outcome_of(stream.getvalue(), ("security",), "s.docx")
    assert rules(outcome) == ["DOC-011"]
    (dated,) = [m for m in outcome.measurements if m.measure == "transparency.document_date"]
    assert (dated.value, dated.method) == (
        "2026-05-06",
        "read from the file's metadata: the document states none",
    )


def test_one_file_can_be_two_kinds_and_an_unknown_one_is_told(outcome_of):
    outcome = outcome_of(datasheet(), ("datasheet", "readme"))
    assert values(outcome, "datasheet")["sections"] == 1.0
    assert "sections" not in values(outcome, "readme")
    assert rules(outcome) == ["DOC-012"]


def test_a_licence_needs_no_date_version_or_owner(outcome_of):
    outcome = outcome_of("Permission is hereby granted, free of charge, to any person", ("licence",), "LICENSE")
    assert values(outcome, "licence")["readable"] is True
    assert rules(outcome) == []


def test_a_declaration_of_conformity_has_statements_for_sections(outcome_of):
    text = """EU DECLARATION OF CONFORMITY

1. AI system: Loan ranker, type LR-2, serial 7
2. Name and address of the provider: Example Bank AG, Hauptplatz 1, 1010 Wien
3. This declaration of conformity is issued under the sole responsibility of the provider.
4. The system is in conformity with Regulation (EU) 2024/1689.
6. Harmonised standards: EN ISO/IEC 42001:2023

Place and date of issue: Wien, 3 March 2026
Signed for and on behalf of: Example Bank AG, head of compliance
"""
    kind = "declaration_of_conformity"
    outcome = outcome_of(text, (kind,), "doc.txt")
    assert values(outcome, kind)["sections_missing"] == ()
    assert rules(outcome) == []


def test_a_declaration_without_its_statements(outcome_of):
    kind = "declaration_of_conformity"
    outcome = outcome_of(
        "Declaration\n\nAI system: Ranker\n\nDate: 2026-01-01\n\nProvider: Example Bank", (kind,), "d.txt"
    )
    assert values(outcome, kind)["sections_missing"] == ("responsibility", "conformity", "standards", "signature")


def test_everything_can_be_recomputed(outcome_of):
    outcome = outcome_of(BAD["DOC-002"], ("datasheet", "model_card"))
    evidence = Evidence(
        id="e",
        inspector=INSPECTOR.id,
        version="1",
        subject="sha256:11",
        status="measured",
        measurements=outcome.measurements,
        statistics=outcome.statistics,
        started="2026-01-01T00:00:00Z",
        seconds=0.0,
    )
    assert recompute(evidence) == []
    counts = outcome.statistics["sections of datasheet"]
    assert sum(counts.values) == len(document_kinds()["datasheet"].sections) == 7


def test_a_document_that_the_card_does_not_name_is_skipped(tmp_path):
    (tmp_path / "readme.md").write_text("# Loans\n")
    with open_target(str(tmp_path / "readme.md")) as target:
        (part,) = target.subject.parts
        with pytest.raises(Skip, match="no kind of document"):
            inspect_document(Inspection(part=part, subject=target.subject, root=target.root, card=Card()))


def test_every_rule_is_tried_here():
    tried = {*BAD, "DOC-011", "DOC-012"}
    assert {rule.id for rule in RULES} == tried
