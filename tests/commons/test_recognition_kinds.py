"""Trust lists, agreements, decisions, rechecks, plans and papers as views on statements: rebuilt, bounded, by key."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace
from tests.recognition.conftest import list_line

from accord.commons.agreements.page import by_strangers, revocations_of, said_of_agreements
from accord.commons.certificates.page import papers
from accord.commons.interface import apply, projections, rebuild, set_up
from accord.commons.plans.page import plans
from accord.commons.rechecks.page import rechecks_of, repeats_of
from accord.commons.recognitions import drafts
from accord.commons.recognitions.drafts import Pending
from accord.commons.recognitions.page import decisions, decisions_on, examinations_of, others_on
from accord.commons.signed import by_keys
from accord.commons.trust_lists.page import hidden, latest, published, successors
from accord.recheck import agreement_rates, rates
from accord.recognition.agreements import agreement_subject
from accord.recognition.deciding import begin, finished, settle, sign
from accord.records.agreement import Agreement, AgreementAcceptance, AgreementEnd
from accord.records.certificate import Certificate, CertificateConfirmation, Paper
from accord.records.plan import Plan
from accord.records.recheck import Recheck, Repeated
from accord.records.recognition import CheckTest, Examination, Path, Recognition
from accord.records.said import Disclosure, Erasure, Person, Revocation
from accord.records.subject import Subject
from accord.store import open_store
from accord.store.statements import Incoming, add, by_seq, next_seq, note_logged
from accord.store.viewer import VISITOR, Viewer
from accord.trust.ed25519 import SigningKey
from accord.trust.keys import local_name
from accord.trust.saying import hear, say
from accord.trust.statement import subject
from accord.trust.trust_list import subject_digest
from accord.trust.trust_list_editing import first_list, next_list

ORIGIN = "node.example/log"
NOW = "2026-06-01T00:00:00Z"
AT = datetime(2026, 6, 1, tzinfo=UTC)
STAFF = Viewer(account="a", roles=frozenset({"officer"}))
SPEAKER, GERMANY, KENYA, LAB, OTHER, STRANGER = (SigningKey.from_seed(bytes([n]) * 32) for n in range(110, 116))
ANNA, BEN = Person(name="Anna", role="clerk"), Person(name="Ben", role="head")
TARGET = "sha256:" + "ab" * 32
MINE = ("trust_lists", "agreements", "recognitions", "rechecks", "plans", "certificates")


@dataclass
class Commons:
    """A store with the projections, and statements as they come."""

    store: object

    def take(self, line, level="public"):
        heard = hear(line)
        with self.store.writing() as t:
            seq = next_seq(t)
            add(t, seq, [Incoming.of(heard)], NOW, level)
            note_logged(t, ORIGIN, [(seq - 1, seq)])
            apply(t, by_seq(t, seq), heard)
        return heard.id

    def dump(self):
        with self.store.reading() as t:
            tables = {
                table: sorted(t.rows(f"SELECT * FROM {table}"))
                for item in projections()
                if item.name in MINE
                for table in item.tables
            }
            return tables, sorted(t.rows("SELECT * FROM unread"))

    def unread(self):
        with self.store.reading() as t:
            return [row[0] for row in t.rows("SELECT reason FROM unread ORDER BY seq")]

    def ask(self, function, *arguments, viewer=VISITOR, **named):
        with self.store.reading() as t:
            return function(t, viewer, *arguments, **named)


@pytest.fixture
def commons(store):
    with store.writing() as t:
        set_up(t)
        t.run(
            "INSERT INTO logs (origin, speaker, own, size, root, note) VALUES (?, ?, 1, 0, ?, ?)",
            ORIGIN, SPEAKER.keyid, b"", b"",
        )  # fmt: skip
    return Commons(store)


def agreement(**changes):
    known = {
        "id": "de-ke", "recognises": "DE", "of": "KE", "level": "same_method", "valid_from": "2026-01-01",
        "valid_until": "2027-01-01", "by": ANNA,
    }  # fmt: skip
    return Agreement(**(known | changes))


def made(*signers, **changes):
    found = agreement(**changes)
    return say(found, "agreement", [agreement_subject(found)], signers=signers)


def accepted(target, *signers):
    return say(
        AgreementAcceptance(agreement=target, by=ANNA), "agreement-acceptance", [subject("", target)], signers=signers
    )


def ended(target, *signers):
    record = AgreementEnd(agreement=target, effective=NOW, reason="over", by=ANNA)
    return say(record, "agreement-end", [subject("", target)], signers=signers)


def revoked(target, *signers):
    record = Revocation(target=target, reason="x", effective=NOW)
    return say(record, "revocation", [subject("", target)], signers=signers)


def rechecked(target, by, outcome="agrees", body=LAB, measurers=None):
    result = Repeated(inspector="x", measure="data.rows", part=target, outcome=outcome)
    record = Recheck(
        statement=target, target=target, body=body.keyid, measurers=measurers or {}, results=(result,),
        outcome="agrees" if outcome == "agrees" else "differs", accord="0",
    )  # fmt: skip
    return say(record, "recheck", [subject("", target)], signers=[by])


def decision(*, decider=BEN, keys=(GERMANY, LAB, OTHER), target=TARGET, about=None, **changes):
    """A decision as a node says it: office, preparer, decider."""
    record = Recognition(
        assessment=target, subject=target, jurisdiction="DE", outcome="refused", at=NOW, valid_until="2027-01-01",
        paths=(Path(statement=target, keyid="", steps=()),), frameworks=(), check_test=CheckTest(), remedy="object",
        prepared_by=ANNA,
    )  # fmt: skip
    if about or changes or decider is None:
        record = replace(record, decided_by=decider, **changes)
        return say(record, "recognition", [subject("", about or target)], signers=keys)
    office, preparer, who = keys
    draft = settle(begin(record, preparer.public, office.public), who.public, decider, now=AT)
    return finished(sign(sign(sign(draft, preparer), who), office))


def examined():
    record = Examination(assessment=TARGET, jurisdiction="DE", by=ANNA)
    return say(record, "examination", [subject("", TARGET)], signers=[GERMANY])


def plan(why=""):
    return say(
        Plan(accord="0", subject=Subject(name="Loans", digest=TARGET, parts=()), runs=(), why=why), "plan",
        [subject("", TARGET)], signers=[LAB],
    )  # fmt: skip


def paper(**changes):
    known = {
        "paper": Paper(digest="sha256:" + "1" * 64, size=1, media_type="application/pdf"), "issuer": "Institute",
        "scope": ("ISO",), "issued": "2025-01-01", "claims": ("Fair.",), "about": "Loans", "language": "en",
        "transcribed_by": ANNA,
    }  # fmt: skip
    record = Certificate(**(known | changes))
    return say(record, "certificate", [subject("", record.paper.digest)], signers=[LAB])


def confirmed(target, by=BEN, key=OTHER, digest="sha256:" + "1" * 64):
    record = CertificateConfirmation(certificate=target, paper=digest, by=by)
    return say(record, "certificate-confirmation", [subject("", target)], signers=[key])


def first(root=KENYA, code="KE"):
    return first_list("Office", code, [str(local_name(root.public))], 1, days=90, at=AT)


def everything():
    """Statements of every kind, sound and unsound ones."""
    offer = made(GERMANY, LAB)
    target = hear(offer).id
    one = hear(list_line(first(), KENYA))
    certificate = paper(about_digest=TARGET)
    return [
        offer, accepted(target, KENYA), ended(target, KENYA), made(STRANGER, id="forged"), revoked(target, GERMANY),
        one.raw, rechecked(TARGET, OTHER), rechecked(TARGET, STRANGER, "differs"), decision(),
        decision(decider=None), examined(),
        plan(), certificate, confirmed(hear(certificate).id), confirmed(hear(certificate).id, key=LAB),
    ]  # fmt: skip


def test_each_view_is_rebuilt_to_the_same_and_whatever_the_order(commons, tmp_path):
    for line in everything():
        commons.take(line)
    before = commons.dump()
    assert all(before[0].values()) or not [name for name, rows in before[0].items() if not rows and name != "plan_runs"]
    with commons.store.writing() as t:
        for item in projections():
            if item.name in MINE:
                assert rebuild(t, item) > 0
    assert commons.dump() == before
    random.seed(3)
    lines = everything()
    for number in range(3):
        random.shuffle(lines)
        other = open_store(tmp_path / f"other-{number}.sqlite")
        again = Commons(other)
        with other.writing() as t:
            set_up(t)
        for line in lines:
            again.take(line)
        counts = {name: len(rows) for name, rows in again.dump()[0].items()}
        assert counts == {name: len(rows) for name, rows in before[0].items()}
        other.close()


def test_agreements_are_asked_for_by_key(commons):
    target = commons.take(made(GERMANY, LAB))
    answer = commons.take(accepted(target, OTHER, KENYA))
    over = commons.take(ended(target, KENYA))
    commons.take(accepted(target, STRANGER))
    for n in range(20):
        commons.take(made(STRANGER, id=f"forged {n}"))
    ids = [item.heard.id for item in commons.ask(said_of_agreements, {GERMANY.keyid, KENYA.keyid})]
    assert ids == [target, answer, over], "the second signer counts as well as the first"
    assert commons.ask(said_of_agreements, {LAB.keyid})[0].heard.id == target
    assert commons.ask(said_of_agreements, set()) == []
    assert commons.ask(by_strangers, {GERMANY.keyid}) == 20
    took = commons.take(revoked(target, GERMANY))
    commons.take(revoked(target, STRANGER))
    found = commons.ask(said_of_agreements, {GERMANY.keyid})
    assert [item.heard.id for item in found] == [target, took] and found[0].received == NOW
    assert len(commons.ask(revocations_of, [target], {STRANGER.keyid, GERMANY.keyid})) == 2


def test_so_many_keys_and_so_many_statements_are_no_burden(commons):
    target = commons.take(made(GERMANY))
    many = {f"{n:064x}" for n in range(3_000)} | {GERMANY.keyid}
    assert [item.heard.id for item in commons.ask(said_of_agreements, many)] == [target]
    newest = [commons.take(made(STRANGER, id=f"{n}")) for n in range(12)][-5:]
    found = commons.ask(by_keys, "agreement_statements", {STRANGER.keyid}, most=5)
    assert [item.heard.id for item in found] == newest


def test_a_decision_takes_two_people_and_is_about_what_it_says(commons):
    good = commons.take(decision())
    for line in (
        decision(decider=None),
        decision(decider=Person(name="ANNA ", role="head"), outcome="recognised"),
        decision(keys=(GERMANY,), outcome="recognised"),
        decision(about="sha256:" + "cd" * 32),
        decision(valid_until="soon"),
    ):
        commons.take(line)
    assert len(commons.unread()) == 5
    assert sum("two people" in text for text in commons.unread()) == 3
    for key in (GERMANY, LAB, OTHER):
        assert [i.heard.id for i in commons.ask(decisions_on, {key.keyid}, TARGET)] == [good]
    assert [item.heard.id for item in commons.ask(decisions, {GERMANY.keyid, OTHER.keyid})] == [good]
    assert commons.ask(decisions_on, {STRANGER.keyid}, TARGET) == []
    assert commons.ask(others_on, {STRANGER.keyid}, TARGET) == 1 and commons.ask(others_on, {LAB.keyid}, TARGET) == 0
    commons.take(line := examined())
    assert [i.heard.raw for i in commons.ask(examinations_of, {GERMANY.keyid}, TARGET)] == [line]


def test_trials_are_those_that_the_rates_are_made_of(commons):
    """Oracle: `agreement_rates`, which reads the statements themselves."""
    lines = [
        rechecked(f"sha256:{n:064x}", by, outcome, measurers={"x": body.keyid} if n % 2 else None, body=body)
        for n, (by, outcome, body) in enumerate(
            (a, b, c)
            for a in (OTHER, STRANGER, LAB)
            for b in ("agrees", "differs", "not_repeated")
            for c in (LAB, KENYA)
        )
    ]
    for line in lines:
        commons.take(line)
    known = {OTHER.keyid, LAB.keyid}
    expected = agreement_rates(hear(line) for line in lines if hear(line).keys[0].keyid in known)
    found = commons.ask(repeats_of, {LAB.keyid, KENYA.keyid}, known)
    assert rates(item.trial for item in found) == expected and set(expected) == {LAB.keyid, KENYA.keyid}
    assert {item.trial.by for item in found} <= known
    one = hear(lines[0])
    target = one.record(Recheck).statement
    assert [item.heard.id for item in commons.ask(rechecks_of, [target], {OTHER.keyid})] == [one.id]
    assert commons.ask(rechecks_of, [target], {STRANGER.keyid}) == []


def test_a_list_that_is_not_sound_is_unread_with_the_reason(commons):
    held = hear(list_line(first(), KENYA))
    commons.take(held.raw)
    commons.take(list_line(first(), STRANGER))  # signed by another than it names
    other = say(first(), "trust-list", [subject("", TARGET)], signers=[KENYA])
    commons.take(other)
    assert ["0 of its own keys" in commons.unread()[0], "not about the list" in commons.unread()[1]] == [True, True]
    assert [item.id for item in commons.ask(published)] == [held.id]


def test_successors_are_those_that_a_key_of_the_list_signed(commons):
    from accord.trust.trust_list import accept

    held = accept(None, list_line(first(), KENYA), [KENYA.keyid])
    commons.take(held.heard.raw)
    two = accept(held, list_line(next_list(held, at=AT), KENYA))
    three = accept(two, list_line(next_list(two, at=AT), KENYA))
    about = subject_digest(held.record)
    for n in range(70):  # of the same name, by a key of their own: more than are looked at
        record = first_list("Office", "KE", [str(local_name(STRANGER.public))], 1, days=90 + n, at=AT)
        numbered = replace(record.information, LoTESequenceNumber=2)
        previous = replace(record.signers, previous=held.id)
        extension = replace(record.information.SchemeExtensions[0], AccordSigners=previous)
        numbered = replace(numbered, SchemeExtensions=(extension,))
        commons.take(list_line(replace(record, LoTE=replace(record.LoTE, ListAndSchemeInformation=numbered)), STRANGER))
    commons.take(three.heard.raw)
    commons.take(two.heard.raw)
    assert commons.unread() == []
    with commons.store.reading() as t:
        found = successors(t, about, 1, [KENYA.keyid])
        assert [identity for identity, _line in found] == [two.id, three.id]
        assert [line for _id, line in found] == [two.heard.raw, three.heard.raw]
        assert latest(t) == 73


def test_a_confirmation_counts_if_it_is_a_second_persons(commons):
    target = commons.take(paper(about_digest=TARGET))
    for line in (
        confirmed(target, key=LAB),
        confirmed(target, by=Person(name=" ANNA", role="x")),
        confirmed(target, digest="sha256:" + "2" * 64),
    ):
        commons.take(line)
    (shown,), further = commons.ask(papers, "2026-06-01")
    assert shown.confirmed == () and further is None and shown.standing == "Claimed on paper, not measured."
    commons.take(confirmed(target))
    (shown,), _ = commons.ask(papers, "2026-06-01", about=TARGET)
    assert [by.name for by in shown.confirmed] == ["Ben"]
    commons.take(paper(valid_until="2025-12-31"))
    found, _ = commons.ask(papers, "2026-06-01")
    assert "It ended on 2025-12-31" in found[0].standing and len(found) == 2
    assert commons.ask(papers, "2026-06-01", about="sha256:" + "9" * 64) == ((), None)


def test_plans_come_page_by_page(commons):
    ids = [commons.take(plan(f"number {n}")) for n in range(53)]
    page, further = commons.ask(plans)
    rest, last = commons.ask(plans, before=further)
    assert [item.id for item in (*page, *rest)] == ids[::-1] and last is None
    assert page[0].why == "number 52" and page[0].followed == () and page[0].subject == TARGET
    assert commons.ask(plans, subject="sha256:" + "9" * 64) == ((), None)


QUESTIONS = [
    (published, ()), (said_of_agreements, ({GERMANY.keyid, KENYA.keyid},)), (by_strangers, (set(),)),
    (decisions, ({GERMANY.keyid},)), (decisions_on, ({GERMANY.keyid}, TARGET)), (others_on, (set(), TARGET)),
    (examinations_of, ({GERMANY.keyid}, TARGET)), (repeats_of, ({LAB.keyid}, {OTHER.keyid})),
    (rechecks_of, ([TARGET], {OTHER.keyid})), (plans, ()), (papers, ("2026-06-01",)),
]  # fmt: skip


def test_what_is_withheld_shows_in_no_answer_until_it_is_shown(commons):
    nothing = [commons.ask(function, *arguments) for function, arguments in QUESTIONS]
    ids = [commons.take(line, "none") for line in everything()]
    assert [commons.ask(function, *arguments) for function, arguments in QUESTIONS] == nothing
    for function, arguments in QUESTIONS:
        assert commons.ask(function, *arguments, viewer=STAFF) != nothing[QUESTIONS.index((function, arguments))]
    held = hear(everything()[5]).id
    assert commons.ask(hidden, ids) == frozenset(ids) and commons.ask(hidden, ids, viewer=STAFF) == frozenset()
    assert commons.ask(hidden, [held]) == frozenset(), "what is not here is not hidden"
    record = Disclosure(targets=tuple(ids), level="public", reason="over")
    commons.take(say(record, "disclosure", [subject("", TARGET)], signers=[SPEAKER]))
    for function, arguments in QUESTIONS:
        assert commons.ask(function, *arguments) == commons.ask(function, *arguments, viewer=STAFF)
    for identity in ids:
        commons.take(say(Erasure(target=identity, reason="x"), "erasure", [subject("", TARGET)], signers=[SPEAKER]))
    for (function, arguments), before in zip(QUESTIONS, nothing, strict=True):
        if function is not by_strangers:
            assert commons.ask(function, *arguments, viewer=STAFF) == before, function.__name__


def test_a_statement_that_only_calls_itself_one_is_unread(commons):
    for kind in ("agreement", "agreement-end", "recognition", "recheck", "plan", "certificate", "trust-list"):
        record = Examination(assessment=TARGET, jurisdiction="DE", by=ANNA)
        line = say(record, "examination", [subject("", TARGET)], signers=[LAB])
        from accord.trust.dsse import parse, to_line
        from accord.trust.dsse import sign as sign_envelope

        payload = parse(line).payload.replace(b"urn:accord:examination:v0.1", f"urn:accord:{kind}:v0.1".encode())
        commons.take(to_line(sign_envelope(payload, [LAB])))
    assert len(commons.unread()) == 7
    assert not any(rows for name, rows in commons.dump()[0].items())


def test_of_two_who_change_a_draft_one_is_told(store):
    record = hear(decision()).record(Recognition)
    held = Pending(
        id="a" * 32, assessment=TARGET, preparer="olga", created=NOW, changed=NOW, draft=begin(record, LAB.public)
    )
    with store.writing() as t:
        drafts.add(t, held)
        assert drafts.find(t, held.id) == held and drafts.find(t, "b" * 32) is None
        assert drafts.save(t, replace(held, state="handed", decider="dita"))
        assert not drafts.save(t, replace(held, remark="too late")), "somebody else was faster"
        now = drafts.find(t, held.id)
        assert (now.state, now.decider, now.remark, now.version) == ("handed", "dita", "", 2)
        drafts.drop(t, now)
        assert drafts.pending(t) == (now,), "what somebody has signed is not dropped"
        assert drafts.save(t, replace(now, state="decided", statement=TARGET))
        assert drafts.pending(t) == ()
