import pytest

from accord.inspectors.interface import HEADINGS, Inspection
from accord.inspectors.transparency.card import ESSENTIAL, FIELDS, INSPECTOR, STATES, read_card
from accord.measures.recompute import recompute
from accord.records import Card, Evidence, Part, Subject
from accord.subjects import open_target
from accord.subjects import read_card as parse

FULL = b"""
[system]
name = "Loans"
version = "2"
purpose = "rank applicants"
sector = "credit"
jurisdictions = ["EU", "CN"]
provider = "A"
affected = "applicants"
human_oversight = "a clerk decides"
sdgs = [8, 10]
[data]
label = { column = "repaid", positive = 1 }
prediction = { index = 3, positive = { op = ">=", value = 0.5 } }
[documents]
model_card = "docs/model_card.md"
[answers]
biometric = false
role = "deployer"
"""


def inspect(card, source="provider", root=None, contradictions=()):
    part = Part(role="code", kind="folder", path="", digest="sha256:00", size=1)
    subject = Subject(name="x", digest="sha256:11", parts=(part,))
    return read_card(
        Inspection(part=part, subject=subject, root=root, card=card, card_source=source, contradictions=contradictions)
    )


@pytest.fixture
def target(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "model_card.md").write_text("# Card")
    return tmp_path


def rules(outcome):
    return [finding.rule for finding in outcome.findings]


def test_what_the_card_states_becomes_declared_facts(target):
    outcome = inspect(parse(FULL), root=target)
    facts = {(m.measure, *m.dimensions.values()): m.value for m in outcome.measurements if m.basis == "declared"}
    assert facts == {
        ("card.stated", "system.name"): "Loans",
        ("card.stated", "system.version"): "2",
        ("card.stated", "system.purpose"): "rank applicants",
        ("card.stated", "system.sector"): "credit",
        ("card.stated", "system.jurisdictions"): ("EU", "CN"),
        ("card.stated", "system.provider"): "A",
        ("card.stated", "system.affected"): "applicants",
        ("card.stated", "system.human_oversight"): "a clerk decides",
        ("card.stated", "system.sdgs"): ("8", "10"),
        ("card.stated", "data.label"): ("column: repaid", "positive: 1"),
        ("card.stated", "data.prediction"): ("index: 3", "positive: >= 0.5"),
        ("card.stated", "documents.model_card"): "docs/model_card.md",
        ("card.answer", "biometric"): False,
        ("card.answer", "role"): "deployer",
    }
    assert rules(outcome) == []


def test_completeness_is_a_share_of_named_fields_with_its_counts(target):
    outcome = inspect(parse(FULL), root=target)
    (share,) = [m for m in outcome.measurements if m.measure == "transparency.card_completeness"]
    counts = outcome.statistics[share.statistics]
    assert [(axis.role, axis.name, axis.categories) for axis in counts.axes] == [
        ("column", "field", FIELDS),
        ("state", "state", STATES),
    ]
    present = {field for field, count in zip(FIELDS, counts.values[::2], strict=True) if count}
    assert present == {*ESSENTIAL, "system.version"}
    assert sum(counts.values) == share.n == len(FIELDS) == 17
    assert share.value == 8 / 17
    assert share.interval is None


def test_everything_can_be_recomputed(target):
    outcome = inspect(parse(FULL), root=target)
    evidence = Evidence(
        id="e",
        inspector="transparency.card",
        version="1",
        subject="sha256:11",
        status="measured",
        measurements=outcome.measurements,
        statistics=outcome.statistics,
        started="2026-01-01T00:00:00Z",
        seconds=0.0,
    )
    assert recompute(evidence) == []


def test_documents_are_looked_for_inside_the_target_only(target, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "x.md"
    outside.write_text("x")
    (target / "out.md").symlink_to(outside)
    (target / "empty.md").touch()
    card = Card(documents={"a": "docs/model_card.md", "b": "none.md", "c": "out.md", "d": "docs", "e": "empty.md"})
    outcome = inspect(card, root=target)
    found = {
        m.dimensions["kind"]: m.value for m in outcome.measurements if m.measure == "transparency.document_present"
    }
    assert found == {"a": True, "b": False, "c": False, "d": True, "e": False}
    missing = [(f.where.path, f.arguments["field"]) for f in outcome.findings if f.rule == "CARD-003"]
    assert missing == [("none.md", "documents.b"), ("out.md", "documents.c"), ("empty.md", "documents.e")]


def test_a_data_file_that_is_not_there_is_a_finding(target):
    (target / "t.csv").write_text("a,b\n1,2\n")
    card = parse(b"[data]\nfile='gone.csv'\n[model]\nfile='t.csv'")
    assert [f.where.path for f in inspect(card, root=target).findings if f.rule == "CARD-003"] == ["gone.csv"]
    single = parse(b"[data]\nfile='t.csv'\n[model]\nfile='m.onnx'")
    outcome = inspect(single, root=target / "t.csv")
    assert [f.where.path for f in outcome.findings if f.rule == "CARD-003"] == ["m.onnx"]


def test_no_card_is_one_finding_not_many(target):
    outcome = inspect(Card(), "none", target)
    assert rules(outcome) == ["CARD-002"]
    assert [m.measure for m in outcome.measurements] == ["transparency.card_completeness"]
    assert outcome.measurements[0].value == 0


def test_each_missing_essential_field_is_named(target):
    outcome = inspect(parse(b"[system]\nname='x'"), root=target)
    assert [f.arguments["field"] for f in outcome.findings] == list(ESSENTIAL[1:])
    assert set(rules(outcome)) == {"CARD-004"}


def test_contradictions_name_both_words(target):
    outcome = inspect(parse(FULL), "assessor", target, (("system.sector", '"health"', '"credit"'),))
    (finding,) = outcome.findings
    assert finding.rule == "CARD-001"
    assert finding.message == 'The provider\'s and the assessor\'s card differ in system.sector: "health" and "credit".'


def test_contradictions_of_a_real_target_reach_the_inspector(tmp_path):
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "accord.toml").write_bytes(FULL)
    (tmp_path / "t" / "readme.md").write_text("# Loans\n")
    (tmp_path / "mine.toml").write_text("[system]\nsector = 'health'")
    with open_target(str(tmp_path / "t"), card=tmp_path / "mine.toml") as target:
        outcome = inspect(target.card, target.card_source, target.root, target.contradictions)
    assert rules(outcome) == ["CARD-001", "CARD-003"]


def test_braces_in_a_card_are_words_not_fields(target):
    card = parse(b"[documents]\n'{x}' = '{y}.md'")
    outcome = inspect(card, root=target, contradictions=(("a", "{0}", "{b!r}"),))
    assert "{0} and {b!r}" in outcome.findings[0].message
    assert any("{y}.md" in finding.message for finding in outcome.findings)


def test_its_own_card_is_complete():
    assert all(heading in INSPECTOR.card for heading in HEADINGS)
    assert (INSPECTOR.id, INSPECTOR.scope, INSPECTOR.isolation) == ("transparency.card", "subject", "none")
    assert INSPECTOR.reads_card
    assert not INSPECTOR.cacheable


def test_presence_is_told_of_the_digest_of_the_document(tmp_path):
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "card.md").write_text("# Card")
    (tmp_path / "t" / "accord.toml").write_text('[documents]\nmodel_card = "card.md"\nsecurity = "gone.md"\n')
    with open_target(str(tmp_path / "t")) as target:
        (part,) = [part for part in target.subject.parts if part.path == "card.md"]
        outcome = read_card(
            Inspection(part=part, subject=target.subject, root=target.root, card=target.card, card_source="provider")
        )
        found = {
            m.dimensions["kind"]: m.subject for m in outcome.measurements if m.measure.endswith("document_present")
        }
        assert found == {"model_card": part.digest, "security": target.subject.digest}
