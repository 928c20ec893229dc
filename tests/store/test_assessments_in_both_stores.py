"""Assessments on SQLite and PostgreSQL: taken in, found, judged, rebuilt; and what a record does that came later."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from accord.commons.assessments.page import about, choices, of_digest, search
from accord.commons.assessments.projection import PROJECTION, describe
from accord.commons.interface import rebuild
from accord.errors import AccordError, MalformedInput
from accord.node.hearing import hear_lines
from accord.node.intake import Batch
from accord.node.judging import Pass, judge_what_is_here, judgement_of, settings_of
from accord.node.node import open_node
from accord.node.receiving import PARTS, receive
from accord.node.vouching import signer_of
from accord.records.recheck import Recheck
from accord.store.viewer import VISITOR, Viewer
from accord.trust.dsse import sign, to_line
from accord.trust.ed25519 import SigningKey
from accord.trust.encoding import b64encode
from accord.trust.predicates import AssessmentPredicate, Harness, StatedKey, StatedLog
from accord.trust.saying import hear, say
from accord.trust.statement import ASSESSMENT_TYPE, build, subject

NOW = "2027-01-01T00:00:00Z"
PUBLISHER = Viewer(account="a", roles=frozenset({"publisher"}))
STAFF = Viewer(account="s", roles=frozenset({"officer"}))


@pytest.fixture(scope="session")
def report(make_report, tmp_path_factory):
    system = 'provider = "Umoja Credit"\nlanguages = ["sw", "sw"]\n'
    return make_report(tmp_path_factory.mktemp("report"), system=system)


@pytest.fixture
def node(tmp_path, address):
    with open_node(tmp_path / "node", jurisdiction="KE", store=str(address)) as made:
        yield made


@pytest.fixture
def digest(node, report):
    sent = {part: (report / name).read_bytes() for part, name in PARTS.items() if (report / name).is_file()}
    return receive(node, PUBLISHER, sent, "none", "under embargo").id


def dump(node):
    with node.store.reading() as transaction:
        tables = {name: sorted(transaction.rows(f"SELECT * FROM {name}")) for name in PROJECTION.tables}
        return tables | {"search": sorted(transaction.rows("SELECT term, seq FROM search WHERE kind = 'assessment'"))}


def test_found_and_judged(node, digest):
    assert judge_what_is_here(node) == 1
    with node.store.reading() as transaction:
        assert [item.id for item in search(transaction, STAFF, NOW, words="umoja").items] == [digest]
        assert not search(transaction, VISITOR, NOW, words="umoja").items
        assert choices(transaction, STAFF)["language"] == ["sw"]
        assert choices(transaction, VISITOR)["language"] == []
        found = about(transaction, STAFF, digest, NOW, node.origin)
        assert found.whole
        assert found.listed.provider == "Umoja Credit"
        judged = judgement_of(transaction, found)
        assert judged.state == "judged"
        assert [item.id for item in of_digest(transaction, STAFF, found.kept.subject, NOW)] == [digest]
        assert signer_of(node, transaction, found).assurance == "self_measured"


def test_rebuilding_gives_the_same(node, digest):
    before = dump(node)
    assert before["assessments"]
    assert before["assessment_coverage"]
    with node.store.writing() as transaction:
        assert rebuild(transaction, PROJECTION) == 1
    assert dump(node) == before


def test_a_record_that_comes_later_is_noted_the_same(node, report):
    """As from a peer: the statement is applied before the file is there."""
    lines = (report / "assessment.intoto.jsonl").read_bytes().splitlines()
    node.intake.submit(Batch(hear_lines(lines))).result()
    bare = dump(node)
    sent = {part: (report / name).read_bytes() for part, name in PARTS.items() if (report / name).is_file()}
    assert receive(node, PUBLISHER, sent, "public", "").known
    noted = dump(node)
    assert noted != bare
    with node.store.writing() as transaction:
        rebuild(transaction, PROJECTION)
    assert dump(node) == noted
    with node.store.writing() as transaction:
        transaction.run("UPDATE assessments SET described = 0")
        describe(transaction, len(lines), b"[" * 100_000)  # a signer can sign anything as a record
        assert transaction.one("SELECT described FROM assessments") == (1,)


def test_what_its_signer_wrote_badly_changes_nothing(node):
    """Any key can sign anything of this type: it is kept and logged, and noted as unread."""
    key = SigningKey.generate()
    stated = StatedKey(key.keyid, b64encode(key.public.raw))
    for predicate in ({}, {"verdicts": 5}, {"verdicts": [], "frameworks": "\x00"}):
        whole = build(
            ASSESSMENT_TYPE, [subject("x\x00", "sha256:" + "ab" * 32)], {**predicate, "signer": stated}, valid_days=1
        )
        node.intake.submit(Batch(hear_lines([to_line(sign(whole, [key]))]))).result()
    with node.store.reading() as transaction:
        assert transaction.one("SELECT COUNT(*) FROM unread WHERE projection = 'assessments'") == (3,)
        assert transaction.one("SELECT COUNT(*) FROM assessments") == (0,)


def test_a_name_that_a_store_can_not_hold_is_shown_otherwise(node):
    key = SigningKey.generate()
    predicate = AssessmentPredicate(
        verdicts=(),
        tiers=(),
        frameworks=(),
        card=None,
        evidence=(),
        files=(),
        harness=Harness("other", "1"),
        signer=StatedKey(key.keyid, b64encode(key.public.raw)),
        log=StatedLog("x", "y"),
        disclaimer="",
        salt="",
        timeCreated="",
        validUntil="",
    )
    plain = {name: getattr(predicate, name) for name in predicate.__struct_fields__}
    whole = build(ASSESSMENT_TYPE, [subject("x\x00" + "y" * 9_000, "sha256:" + "ab" * 32)], plain, valid_days=1)
    node.intake.submit(Batch(hear_lines([to_line(sign(whole, [key]))]))).result()
    with node.store.reading() as transaction:
        (item,) = search(transaction, VISITOR, NOW).items
    assert item.name.startswith("x\ufffdy")
    assert len(item.name) == 300
    assert item.lapsed
    assert not item.described


def test_a_recheck_by_nobody_known_raises_no_assurance(node, digest):
    stranger = SigningKey.generate()
    record = Recheck(
        statement=digest, target="sha256:" + "0" * 64, body="k", measurers={}, results=(), outcome="agrees", accord="1"
    )
    line = say(record, "recheck", [subject("statement", digest)], signers=[stranger])
    node.intake.submit(Batch(hear_lines([line]))).result()
    with node.store.reading() as transaction:
        found = about(transaction, STAFF, digest, NOW, node.origin)
        assert [(item.id, item.outcome) for item in found.rechecks] == [(hear(line).id, "agrees")]
        assert signer_of(node, transaction, found).assurance == "self_measured"


def test_settings_that_name_what_is_not_there_are_said(node):
    node.config = replace(node.config, frameworks=("no-such-law",))
    with pytest.raises(AccordError, match="no-such-law"):
        Pass(node, settings_of(node))
    node.config = replace(node.config, frameworks=(), profile="/no/such/file.yaml")
    with pytest.raises(AccordError, match=r"file\.yaml"):
        settings_of(node)
    node.config = replace(node.config, profile="", jurisdiction="XX")
    assert {file.framework.jurisdiction for file in settings_of(node).files} == {"INT"}


def test_what_is_sent_must_be_statements(node, report):
    sent = {part: (report / name).read_bytes() for part, name in PARTS.items() if (report / name).is_file()}
    with pytest.raises(MalformedInput):
        receive(node, PUBLISHER, sent | {"statements": b""}, "public", "")
