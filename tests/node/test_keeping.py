"""What a node's people decide of statements: who reads them, that they no longer hold, that they go."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import httpx
import pytest
from tests.node.page_text import text_of

from accord.node import keeping
from accord.node.auth import accounts, sessions
from accord.node.operating.auditing import check
from accord.node.problems import Conflict, Forbidden
from accord.node.receiving import PARTS, receive
from accord.records.agreement import AgreementEnd
from accord.records.said import Person
from accord.store.statements import find, line_of
from accord.store.viewer import Viewer


@pytest.fixture(scope="session")
def report(make_report, tmp_path_factory):
    return make_report(tmp_path_factory.mktemp("kept"))


@pytest.fixture(scope="session")
def small_report(make_report, tmp_path_factory):
    return make_report(tmp_path_factory.mktemp("kept-few"), rows="x,9001,1,0\nx,9002,1,1\n")


@pytest.fixture
def give(node):
    """give(folder, level): hand in a report for the office Testing; returns its assessment and all its evidence."""
    account = accounts.add(node, login="lab", name="Lab", office="Testing", roles=("publisher",), by="test")
    viewer = Viewer(account=account.id, name="Lab", roles=frozenset({"publisher"}), office="Testing")

    def given(folder, level="public", reason=""):
        parts = {part: (folder / name).read_bytes() for part, name in PARTS.items() if (folder / name).is_file()}
        made = receive(node, viewer, parts, level, reason)
        return made.id, [item for item in made.statements if item != made.id]

    return given


@pytest.fixture
def browser(node, client):
    """browser(*roles, office): somebody who is logged in."""
    made = []

    def open_one(*roles, office="Testing"):
        login = f"person-{len(made)}"
        account = accounts.add(node, login=login, name=login, office=office, roles=roles, by="test")
        cookies = {sessions.cookie_name(node): sessions.start(node, account.id)}
        made.append(
            httpx.Client(base_url=client.base_url, timeout=30, cookies=cookies, headers={"accept": "text/html"})
        )
        return made[-1]

    yield open_one
    for one in made:
        one.close()


def on_disk(node):
    """What the file of the store holds."""
    with closing(sqlite3.connect(node.store.path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return node.store.path.read_bytes() + node.store.path.with_name(node.store.path.name + "-wal").read_bytes()


def levels(node, *statements):
    with node.store.reading() as transaction:
        return [find(transaction, item).disclosure for item in statements]


def test_an_assessment_is_withheld_with_its_evidence_and_shown_again(node, client, give, report, browser):
    whole, evidence = give(report)
    place, officer = f"/statements/{whole[7:]}", browser("officer")
    assert client.get(f"/assessments/{whole[7:]}").status_code == 200
    assert "Decide on it" not in client.get(place).text
    answer = officer.post(f"{place}/readers", data={"level": "none", "readers-reason": "A court asks for it."})
    assert answer.status_code == 303, answer.text
    assert set(levels(node, whole, *evidence)) == {"none"}
    assert client.get(f"/assessments/{whole[7:]}").status_code == 404
    assert "A court asks for it." in text_of(officer.get(place))
    answer = officer.post(f"{place}/readers", data={"level": "public", "readers-reason": "The court has decided."})
    assert answer.status_code == 303
    assert set(levels(node, whole, *evidence)) == {"public"}
    assert client.get(f"/api/v1/statements/{whole[7:]}/files/assessment.json").status_code == 200


def test_evidence_that_another_assessment_needs_stays(node, give, report, make_report, tmp_path):
    whole, evidence = give(report)
    with node.store.writing() as transaction:  # as a second report on the same measurements
        seq = find(transaction, evidence[0]).seq
        transaction.run(
            "INSERT INTO assessment_facets (seq, facet, value, n) SELECT ?, 'evidence', ?, 1", seq, evidence[1]
        )
    keeping.decide_readers(node, None, whole, "none", "a reason")
    assert levels(node, whole, evidence[0], evidence[1]) == ["none", "none", "public"]


def test_what_can_not_be_meant_is_said_at_the_form(node, give, report, small_report, browser):
    whole, evidence = give(report)
    officer, place = browser("officer"), f"/statements/{whole[7:]}"
    for fields, said in (
        ({"level": "none", "readers-reason": " "}, "A decision has a reason. Say why."),
        ({"level": "public", "readers-reason": "x"}, "That is how it is already."),
        ({"level": "everybody", "readers-reason": "x"}, "is none of none, named, community, public"),
        ({"level": "named", "readers-reason": "x", "peer.nobody.example": "yes"}, "Name at least one node"),
        ({"level": "none", "readers-reason": "x" * 2_001}, "2001 characters"),
    ):
        answer = officer.post(f"{place}/readers", data=fields)
        assert answer.status_code == 422 and said in text_of(answer), fields
    assert set(levels(node, whole, *evidence)) == {"public"}
    alone = officer.post(f"/statements/{evidence[0][7:]}/readers", data={"level": "none", "readers-reason": "x"})
    assert alone.status_code == 422 and "decided with its assessment" in text_of(alone)
    few, _ = give(small_report, "community", "small counts")
    answer = officer.post(f"/statements/{few[7:]}/readers", data={"level": "public", "readers-reason": "x"})
    assert answer.status_code == 422 and "fewer than five persons" in text_of(answer)


def test_who_may_not_is_refused(node, client, give, report, browser):
    whole, _ = give(report)
    place, data = f"/statements/{whole[7:]}", {"level": "none", "readers-reason": "x", "revoke-reason": "x"}
    for act in ("readers", "revoke", "erase"):
        assert client.post(f"{place}/{act}", data=data).status_code == 401
        assert browser("reader").post(f"{place}/{act}", data=data).status_code == 403
    assert browser("officer").post(f"{place}/erase", data={"erase-reason": "x", "erase-sure": "yes"}).status_code == 403
    assert browser("officer", office="Another").post(f"{place}/readers", data=data).status_code == 403
    assert levels(node, whole) == ["public"]


def test_the_node_revokes_what_it_logged(node, client, give, report, browser):
    whole, _ = give(report)
    officer = browser("officer")
    for reason, status in ((" ", 422), ("The labels were wrong.", 303), ("again", 422)):
        assert officer.post(f"/statements/{whole[7:]}/revoke", data={"revoke-reason": reason}).status_code == status
    assert "The labels were wrong." in text_of(client.get(f"/assessments/{whole[7:]}"))


def test_what_is_erased_is_gone_and_the_log_still_holds(node, client, give, report, browser):
    whole, evidence = give(report)
    with node.store.reading() as transaction:
        line = bytes(line_of(transaction, find(transaction, whole).seq))
    assert line[300:360] in on_disk(node)
    operator, place = browser("operator"), f"/statements/{whole[7:]}"
    data = {"erase-reason": "A person asked.", "erase-basis": "GDPR Art. 17"}
    assert operator.post(f"{place}/erase", data=data).status_code == 422
    assert operator.post(f"{place}/erase", data=data | {"erase-sure": "yes"}).status_code == 303
    with node.store.reading() as transaction:
        assert [line_of(transaction, find(transaction, item).seq) for item in (whole, *evidence)] == [None] * (
            1 + len(evidence)
        )
        assert transaction.rows("SELECT 1 FROM files") == []
    assert client.get(place).status_code == 404
    assert "GDPR" not in client.get("/assessments").text
    found = check(node)
    assert found.faults == () and found.logs[0].size == node.size
    assert line[300:360] not in on_disk(node)
    with pytest.raises(Conflict, match="erased already"):
        keeping.erase(node, None, whole, "again")


def test_decisions_last_and_others_logs_are_theirs(node, give, report):
    whole, _ = give(report)
    keeping.decide_readers(node, None, whole, "none", "a reason")
    with node.store.reading() as transaction:
        decision = transaction.one("SELECT id FROM statements WHERE kind = 'disclosure' ORDER BY seq DESC LIMIT 1")[0]
    for act in (
        lambda: keeping.decide_readers(node, None, decision, "none", "x"),
        lambda: keeping.revoke(node, None, decision, "x"),
        lambda: keeping.erase(node, None, decision, "x"),
    ):
        with pytest.raises(Conflict, match="nobody decides of it here"):
            act()
    with node.store.writing() as transaction:
        transaction.run("UPDATE logged SET origin = 'other.example/log' WHERE seq = ?", find(transaction, whole).seq)
    with pytest.raises(Conflict, match="another node's log"):
        keeping.decide_readers(node, None, whole, "public", "x")


def test_an_officer_undoes_no_decision_of_others(node, client, browser):
    target = "sha256:" + "ab" * 32
    end = AgreementEnd(agreement=target, reason="x", effective="2027-01-01", by=Person(name="D", role="decider"))
    said = node.say(end, "agreement-end", [target]).id
    officer, place = browser("officer"), f"/statements/{said[7:]}"
    assert "Decide on it" not in officer.get(place).text
    for act, data in (("revoke", {"revoke-reason": "x"}), ("readers", {"level": "none", "readers-reason": "x"})):
        assert officer.post(f"{place}/{act}", data=data).status_code == 403
    assert browser("operator").post(f"{place}/revoke", data={"revoke-reason": "x"}).status_code == 303


def test_an_operator_of_another_office_may(node, give, report):
    whole, _ = give(report)
    stranger = accounts.add(node, login="olu", name="Olu", office="Another", roles=("officer",), by="test")
    with pytest.raises(Forbidden):
        keeping.decide_readers(node, stranger.viewer, whole, "none", "x")
    boss = accounts.add(node, login="bea", name="Bea", office="Another", roles=("operator",), by="test")
    assert keeping.decide_readers(node, boss.viewer, whole, "none", "x") > 1
