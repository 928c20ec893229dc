"""What else could tell of something that is withheld: the work that an answer takes, objections to it, old secrets."""

from __future__ import annotations

import secrets

import httpx
import pytest

from accord.node.auth import links
from accord.node.auth.secret import hash_of, new_secret
from accord.records.said import Dispute, Person
from accord.store import sqlite
from accord.trust.ed25519 import SigningKey
from accord.trust.saying import say
from accord.trust.statement import subject


@pytest.fixture
def told(monkeypatch):
    """The SQL that the store is asked, in order."""
    found = []
    kind = next(item for name, item in vars(sqlite).items() if name.endswith("Transaction") and hasattr(item, "rows"))
    for name in ("rows", "one", "run"):
        method = getattr(kind, name)

        def asked(self, sql, *values, method=method):
            found.append(sql)
            return method(self, sql, *values)

        monkeypatch.setattr(kind, name, asked)
    return found


@pytest.mark.parametrize(
    "target",
    [
        "/statements/{}", "/statements/{}/dispute", "/assessments/{}", "/badge/{}.svg", "/compare?a={}",
        "/api/v1/statements/{}", "/api/v1/statements/{}/envelope", "/api/v1/statements/{}/proof",
        "/api/v1/statements/{}/files/assessment.json", "/api/v1/statements/{}/disputes", "/agreements/{}",
        "/api/v1/assessments/{}/judgement", "/api/v1/assessments/{}/recognition?for=DE",
        "/api/v1/assessments/{}/decisions", "/api/v1/systems/{}",
    ],
)  # fmt: skip
def test_what_is_withheld_takes_the_same_work_as_what_is_not_there(whole, told, target):
    """The clock of a busy machine proves nothing; that the store is asked the same questions does."""
    visitor = whole.clients["visitor"]

    def work(digest):
        told.clear()
        visitor.get(target.format(digest))
        return list(told)

    work(secrets.token_hex(32))  # what is made once
    absent = work(secrets.token_hex(32))
    for item in whole.of("none"):
        if item.kind in ("assessment", "registration", "dispute", "agreement", "trust-list"):
            assert work(item.digest) == absent, item.kind


def test_nobody_learns_by_an_objection_whether_there_is_something(whole):
    visitor, key = whole.clients["visitor"], SigningKey.from_seed(bytes([9]) * 32)

    def object_to(target):
        record = Dispute(target=target, objection="No.", by=Person(name="A", role="citizen"))
        return visitor.post("/api/v1/disputes", content=say(record, "dispute", [subject("t", target)], signers=[key]))

    absent = object_to("sha256:" + secrets.token_hex(32))
    assert absent.status_code == 404
    for level in ("community", "named", "none"):
        for item in whole.of(level):
            answer = object_to(item.id)
            assert (answer.status_code, answer.content) == (404, absent.content), item.kind
    assert object_to(whole.base.id).status_code == 200


def test_what_is_said_of_the_withheld_in_public_is_this_and_no_more(whole):
    """By design: how many entries there are, that one is withheld, and of a subject how many are, and why."""
    visitor = whole.clients["visitor"]
    lines = visitor.get("/api/v1/log/statements?limit=256").text.splitlines()
    assert '"id":null,"disclosure":"none","line":null' in "".join(lines)
    assert {line.partition(",")[2] for line in lines if '"line":null' in line} == {
        '"id":null,"disclosure":"none","line":null}'
    }
    page = visitor.get(f"/statements/{whole.of('public', 'dispute')[0].digest}").text  # Others are about the same.
    assert "as agreed" in page  # The reason that the node gave.
    objections = visitor.get(f"/api/v1/statements/{whole.base.digest}/disputes").json()
    assert objections["hidden"] >= 3
    assert {item["level"] for item in objections["shown"]} == {"public"}


def test_a_secret_that_has_ended_is_answered_like_one_that_never_was(whole):
    visitor = whole.clients["visitor"]
    secret, welcome = whole.secrets["link"], links.make_link(whole.node, whole.secrets["owner"])
    assert whole.words["draft"] in visitor.get(f"/supplier/{secret}").text
    assert visitor.get(welcome).status_code == 200
    never = {
        place: told_of(visitor, f"{place}{new_secret()}") for place in ("/supplier/", "/welcome/", "/due.ics?token=")
    }
    assert {status for status, _ in never.values()} == {404}
    with whole.node.store.writing() as transaction:
        changed = transaction.run("UPDATE links SET expires = 1 WHERE hash = ?", hash_of(welcome.rpartition("/")[2]))
        names = [name for (name,) in transaction.rows("SELECT name FROM sqlite_master WHERE name LIKE '%link%'")]
        table = next(name for name in names if name not in ("links",) and not name.startswith("sqlite_"))
        changed += transaction.run(f"UPDATE {table} SET expires = '2000-01-01T00:00:00Z'")
    assert changed == 2
    assert told_of(visitor, f"/supplier/{secret}") == never["/supplier/"]
    assert told_of(visitor, welcome) == never["/welcome/"]


def told_of(client: httpx.Client, target: str) -> tuple[int, bytes]:
    """Return what an answer tells."""
    answer = client.get(target)
    return answer.status_code, answer.content
