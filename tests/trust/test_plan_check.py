"""Planned before the run? Plans that came too late, lie in another log, or are not what the report names."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.trust.test_trust_list_use import COURT, WITNESS, day, listing

from accord.records import Assessment, to_readable_json
from accord.records.deviation import PlanFollowed
from accord.records.plan import Plan, PlannedRun
from accord.trust.checking import SealCheck, check
from accord.trust.ed25519 import SigningKey
from accord.trust.keys import KnownKey, Trust, local_name
from accord.trust.log import Log
from accord.trust.note import Note, NoteSignature
from accord.trust.plan_check import PLAN, PLAN_PROOF
from accord.trust.proof import LogProof, parse_proof
from accord.trust.saying import hear, say
from accord.trust.sealing import seal
from accord.trust.statement import subject

EARLY = timedelta(hours=1)


@dataclass
class Bench:
    """Everything that a planned report is made of, to be put together rightly or wrongly."""

    folder: Path
    assessment: Assessment
    signer: SigningKey
    log: Log
    now: object

    def plan(self, *, signed=-EARLY, by=None, kind="plan"):
        found = self.assessment
        runs = tuple(
            PlannedRun(evidence=item.id, inspector=item.inspector, version="1", part=item.subject)
            for item in found.evidence
        )
        plan = Plan(accord="0.1.0", subject=found.subject, runs=runs)
        about = [subject(found.subject.name, found.subject.digest)]
        return hear(say(plan, kind, about, signers=[by or self.signer], now=self.now + signed))

    def proof(self, heard, log=None):
        log = log or self.log
        appended = log.append([heard.entry])
        return log.prove(appended.indices[0], appended.note).encode()

    def report(self, heard, proof, log=None, trusted=()) -> SealCheck:
        planned = replace(self.assessment, plan=PlanFollowed(statement=heard.id))
        self.folder.mkdir()
        (self.folder / "assessment.json").write_bytes(to_readable_json(planned))
        (self.folder / PLAN).write_bytes(heard.raw + b"\n")
        (self.folder / PLAN_PROOF).write_bytes(proof)
        seal(self.folder, planned, signer=self.signer, log=log or self.log, now=self.now)
        return self.check(trusted)

    def check(self, trusted=()) -> SealCheck:
        return check(self.folder, trusted=Trust(keys=tuple(trusted)), now=self.now)


@pytest.fixture
def bench(tmp_path, assessment, signer, log, now):
    return Bench(tmp_path / "planned", assessment, signer, log, now)


def test_a_plan_that_was_logged_first(bench):
    heard = bench.plan()
    found = bench.report(heard, bench.proof(heard))
    assert found.unchanged, found.changes
    assert found.plan.planned
    assert (found.plan.statement, found.plan.keyid, found.plan.index) == (heard.id, bench.signer.keyid, 0)
    assert "same key" in found.plan.reason
    assert found.intended == heard.record(Plan)
    assert not any("no plan was logged" in sentence for sentence in found.not_proven)
    assert any("before the plan was signed" in sentence for sentence in found.not_proven)


def test_without_a_plan(sealed, report, now):
    found = check(report, trusted=Trust(), now=now)
    assert not found.plan.planned and found.plan.statement is None and found.intended is None
    assert "No plan" in found.plan.reason
    assert any("no plan was logged" in sentence for sentence in found.not_proven)


def test_who_signed_the_plan_is_said(bench):
    other = SigningKey.from_seed(b"o" * 32)
    heard = bench.plan(by=other)
    found = bench.report(heard, bench.proof(heard))
    assert found.plan.planned and "do not know" in found.plan.reason
    known = KnownKey(role="signer", name="Ministry", why="trust_list", vkey=str(local_name(other.public)))
    assert "Ministry signed the plan" in bench.check([known]).plan.reason


def test_who_signed_the_plan_is_known_by_a_list_as_it_stood_then(bench):
    """The plan is signed on day 243; a witness saw it on day 244."""
    other = SigningKey.from_seed(b"o" * 32)
    heard = bench.plan(by=other)
    proof = parse_proof(bench.proof(heard))
    message = f"cosignature/v1\ntime {int(day(244).timestamp())}\n{proof.note.text}".encode()
    said = int(day(244).timestamp()).to_bytes(8, "big") + WITNESS.sign(message)
    note = Note(proof.note.text, (*proof.note.signatures, NoteSignature(COURT.name, COURT.key_id, said)))
    bench.report(heard, LogProof(proof.index, proof.hashes, note).encode())
    court = KnownKey(role="witness", name="The court", why="trust_list", vkey=str(COURT))

    def by(*changes, witnesses=()):
        trusted = Trust(keys=witnesses, lists=(listing(other, *changes),))
        return check(bench.folder, trusted=trusted, now=day(250)).plan.reason

    assert "The lab signed the plan" in by()
    assert "do not know" in by((200, "suspended"), (244, "granted"))
    assert "do not know" in by((245, "withdrawn"))
    assert "The lab signed the plan" in by((245, "withdrawn"), witnesses=(court,))
    assert "do not know" in by((243.9, "withdrawn"), witnesses=(court,))


def test_a_plan_that_was_logged_after_the_report_is_not_before_it(bench, tmp_path):
    """The same log key over two trees: in the report's own tree the plan could only have come later."""
    heard = bench.plan()
    bench.log.append([b"filler %d" % number for number in range(9)])
    fork = Log(tmp_path / "fork", SigningKey.from_seed(b"l" * 32), bench.log.origin)
    found = bench.report(heard, bench.proof(heard), log=fork)
    assert found.log.index == 2
    assert not found.plan.planned
    assert "after the report" in found.plan.reason


def test_a_plan_under_a_checkpoint_that_has_the_report_already_is_not_before_it(bench, tmp_path):
    heard = bench.plan()
    bench.log.append([heard.entry, *(b"filler %d" % number for number in range(9))])
    fork = Log(tmp_path / "fork", SigningKey.from_seed(b"l" * 32), bench.log.origin)
    found = bench.report(heard, bench.log.prove(0).encode(), log=fork)
    assert not found.plan.planned


def test_a_plan_that_was_signed_after_measuring_is_not_before_it(bench):
    heard = bench.plan(signed=timedelta(seconds=-1))  # the evidence began a minute before it was signed
    found = bench.report(heard, bench.proof(heard))
    assert not found.plan.planned
    assert "was measured before" in found.plan.reason


def test_a_plan_in_another_log(bench, tmp_path):
    heard = bench.plan()
    elsewhere = Log(tmp_path / "else", SigningKey.from_seed(b"e" * 32), "elsewhere.example/log")
    found = bench.report(heard, bench.proof(heard, elsewhere))
    assert found.unchanged
    assert not found.plan.planned
    assert "not proven to be in the log" in found.plan.reason


def test_a_proof_of_another_plan(bench):
    heard, other = bench.plan(), bench.plan()
    found = bench.report(heard, bench.proof(other))
    assert not found.plan.planned


@pytest.mark.parametrize("name", [PLAN, PLAN_PROOF])
def test_a_plan_that_was_altered_or_taken_out(bench, name):
    heard = bench.plan()
    assert bench.report(heard, bench.proof(heard)).plan.planned
    path = bench.folder / name
    data = path.read_bytes()
    for altered in (data[:-9], data.replace(b"a", b"b", 1), b"", b"\x00\xff", b"{" * 50_000):
        path.write_bytes(altered)
        found = bench.check()
        assert not found.unchanged and {change.path for change in found.changes} == {name}
        assert not found.plan.planned
    path.unlink()
    found = bench.check()
    assert [(change.path, change.change) for change in found.changes] == [(name, "missing")]
    assert not found.plan.planned and name in found.plan.reason


def test_another_plan_put_in_its_place(bench):
    heard, other = bench.plan(), bench.plan()
    bench.report(heard, bench.proof(heard))
    (bench.folder / PLAN).write_bytes(other.raw + b"\n")
    found = bench.check()
    assert not found.unchanged and not found.plan.planned
    assert "not the plan that is named" in found.plan.reason


def test_the_record_and_the_statement_must_name_the_same_plan(bench, assessment, signer, log, now):
    heard = bench.plan()
    bench.report(heard, bench.proof(heard))
    (bench.folder / "assessment.json").write_bytes(to_readable_json(assessment))
    found = bench.check()
    assert not found.unchanged
