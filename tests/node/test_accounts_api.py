"""`/api/v1/me` and `/api/v1/tokens` over HTTP, and what the log says of the changes."""

import hashlib
import hmac
import re

import pytest

from accord.node.auth import accounts, clock, people, tokens
from accord.node.auth.auditing import pseudonym_of
from accord.node.problems import Forbidden, NotFound
from accord.records.account_change import AccountChange
from accord.store.statements import line_of
from accord.trust.saying import hear


@pytest.fixture
def ada(node):
    return accounts.add(node, login="ada", name="Ada", office="Audit", roles=("reader", "publisher"), by="command-line")


def bearer(node, account, roles, days=30):
    return {"authorization": f"Bearer {tokens.make(node, account.viewer, 'test', roles, days)[1]}"}


def test_a_token_has_some_of_the_roles_of_its_account(node, client, ada):
    answer = client.get("/api/v1/me", headers=bearer(node, ada, ["publisher"]))
    assert answer.json() == {
        "account": ada.id, "name": "Ada", "office": "Audit", "roles": ["publisher"], "peer": "",
    }  # fmt: skip
    headers = bearer(node, ada, ["reader", "publisher"])
    accounts.change(node, ada.id, by="command-line", name="Ada", office="", roles=["reader", "officer"])
    assert client.get("/api/v1/me", headers=headers).json()["roles"] == ["reader"]


def test_what_a_token_may_do_is_checked_where_it_is_done(node, client, ada, objections):
    body = b"\n".join(objections(1))
    asked = [
        client.post("/api/v1/statements", content=body, headers=headers).status_code
        for headers in ({}, bearer(node, ada, ["reader"]), bearer(node, ada, ["publisher"]))
    ]
    assert asked == [401, 403, 200]


def test_tokens_are_made_listed_and_revoked(node, client, ada):
    headers = bearer(node, ada, ["reader", "publisher"])
    answer = client.post("/api/v1/tokens", headers=headers, json={"name": "ci", "roles": ["publisher"], "days": 7})
    assert answer.status_code == 201
    made = answer.json()
    assert re.fullmatch(r"accord_[\w-]{43}", made["secret"])
    assert made["token"]["roles"] == ["publisher"]
    child = {"authorization": f"Bearer {made['secret']}"}
    assert client.get("/api/v1/me", headers=child).json()["roles"] == ["publisher"]
    listed = client.get("/api/v1/tokens", headers=headers)
    assert {token["name"] for token in listed.json()} == {"test", "ci"}
    assert made["secret"] not in listed.text
    assert made["token"]["parent"] in {token["id"] for token in listed.json()}
    assert client.delete(f"/api/v1/tokens/{made['token']['id']}", headers=headers).status_code == 204
    assert client.get("/api/v1/me", headers=child).status_code == 401
    assert client.delete(f"/api/v1/tokens/{made['token']['id']}", headers=headers).status_code == 404


def test_a_token_gives_no_more_than_it_has_and_its_children_end_with_it(monkeypatch, node, client, ada):
    parent, secret = tokens.make(node, ada.viewer, "narrow", ["reader"], 2)
    headers = {"authorization": f"Bearer {secret}"}
    wide = client.post("/api/v1/tokens", headers=headers, json={"name": "wide", "roles": ["publisher"]})
    assert wide.status_code == 422
    made = client.post("/api/v1/tokens", headers=headers, json={"name": "long", "roles": ["reader"], "days": 300})
    assert made.json()["token"]["expires"] == clock.written(parent.expires)
    child = {"authorization": f"Bearer {made.json()['secret']}"}
    third = client.post("/api/v1/tokens", headers=child, json={"name": "third", "roles": ["reader"]})
    assert (third.status_code, third.json()["type"]) == (403, "urn:accord:problem:made-by-a-token")
    assert client.delete(f"/api/v1/tokens/{parent.id}", headers=headers).status_code == 204
    assert [client.get("/api/v1/me", headers=h).status_code for h in (headers, child)] == [401, 401]


def test_a_token_of_somebody_else_is_not_there(node, client, ada):
    eve = accounts.add(node, login="eve", name="Eve", by="command-line")
    token, _ = tokens.make(node, ada.viewer, "hers", ["reader"], 1)
    headers = bearer(node, eve, ["reader"])
    assert client.delete(f"/api/v1/tokens/{token.id}", headers=headers).status_code == 404
    assert [item["name"] for item in client.get("/api/v1/tokens", headers=headers).json()] == ["test"]


def test_a_token_ends_when_it_says(monkeypatch, node, client, ada):
    headers = bearer(node, ada, ["reader"], days=1)
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + 24 * 3600 - 60)
    assert client.get("/api/v1/me", headers=headers).status_code == 200
    monkeypatch.setattr(clock, "now", lambda: now + 24 * 3600 + 60)
    assert client.get("/api/v1/me", headers=headers).status_code == 401
    assert tokens.tokens_of(node, ada.id) == []


def test_visitors_have_no_tokens(client):
    for answer in (
        client.get("/api/v1/me"),
        client.get("/api/v1/tokens"),
        client.post("/api/v1/tokens", json={"name": "x", "roles": ["reader"]}),
        client.delete("/api/v1/tokens/0123456789abcdef"),
    ):
        assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": "", "roles": ["reader"]}, 400),
        ({"name": "x", "roles": []}, 400),
        ({"name": "x", "roles": ["root"]}, 400),
        ({"name": "x", "roles": ["reader"], "days": 0}, 400),
        ({"name": "x", "roles": ["reader"], "days": 10**30}, 400),
        ({"name": "x", "roles": ["operator"]}, 422),
        ({"name": "\u202ex", "roles": ["reader"]}, 422),
        ({"name": "x", "roles": ["reader"], "more": 1}, 400),
        ([], 400),
    ],
)
def test_bad_requests_for_a_token_are_refused(node, client, ada, body, status):
    headers = bearer(node, ada, ["reader"])
    assert client.post("/api/v1/tokens", headers=headers, json=body).status_code == status
    assert len(tokens.tokens_of(node, ada.id)) == 1


def test_an_account_has_fifty_tokens_at_most(node, client, ada):
    headers = bearer(node, ada, ["reader"])
    with node.store.writing() as transaction:
        transaction.many(
            "INSERT INTO tokens (id, hash, account, parent, name, roles, created, expires)"
            " VALUES (?, ?, ?, '', 'x', 'reader', 0, 9999999999)",
            [(f"{n:016x}", f"{n}", ada.id) for n in range(49)],
        )
    assert client.post("/api/v1/tokens", headers=headers, json={"name": "x", "roles": ["reader"]}).status_code == 413


def test_every_change_is_a_statement_without_names_that_only_staff_may_read(node, client, ada):
    boss = accounts.add(node, login="boss", name="Boss", roles=["operator"], by="command-line")
    accounts.change(node, ada.id, by=boss.id, name="Ada L", office="Audit", roles=["reader"])
    token, _ = tokens.make(node, ada.viewer, "secret project", ["reader"], 1)
    tokens.revoke(node, ada.id, token.id)
    accounts.set_password(node, ada.id, "a sentence of hers", by=boss.id)
    accounts.disable(node, ada.id, by=boss.id)
    accounts.enable(node, ada.id, by=boss.id)
    with node.store.reading() as transaction:
        rows = transaction.rows("SELECT seq, id, disclosure FROM statements WHERE kind = 'account-change' ORDER BY seq")
        lines = [line_of(transaction, row[0]) for row in rows]
    assert {row[2] for row in rows} == {"none"}
    said = [hear(line).record(AccountChange) for line in lines]
    secret = hashlib.sha256(node.speaker.sign(b"accord-pseudonyms/v1\n")).digest()
    pseudonyms = {a: hmac.new(secret, a.encode(), "sha256").hexdigest() for a in (ada.id, boss.id)}
    a, b = pseudonyms.values()
    assert [(s.what, s.account, s.by, s.roles) for s in said] == [
        ("created", a, "command-line", ("publisher", "reader")),
        ("created", b, "command-line", ("operator",)),
        ("changed", a, b, ("reader",)),
        ("token-made", a, a, ("reader",)),
        ("token-revoked", a, a, ("reader",)),
        ("password", a, b, ("reader",)),
        ("disabled", a, b, ("reader",)),
        ("enabled", a, b, ("reader",)),
    ]
    for text in (b"Ada", b"ada", b"Boss", b"Audit", b"project", ada.id.encode(), boss.id.encode()):
        assert not any(text in line for line in lines), text
    assert pseudonym_of(node, ada.id) == a
    readers = ({}, bearer(node, accounts.get(node, ada.id), ["reader"]), bearer(node, boss, ["operator"]))
    digest = rows[0][1].removeprefix("sha256:")
    found = [client.get(f"/api/v1/statements/{digest}/envelope", headers=h).status_code for h in readers]
    assert found == [404, 404, 200]


def test_nothing_changes_that_the_log_cannot_note(monkeypatch, node, ada):
    from accord.errors import Unavailable

    def full(*_, **__):
        raise Unavailable("store-unavailable", "disk full", "")

    monkeypatch.setattr(type(node), "say", full)
    with pytest.raises(Unavailable):
        accounts.change(node, ada.id, by="command-line", name="Ada", office="", roles=["operator"])
    with pytest.raises(Unavailable):
        accounts.add(node, login="new", name="New", by="command-line")
    with pytest.raises(Unavailable):
        tokens.make(node, ada.viewer, "x", ["reader"], 1)
    assert accounts.get(node, ada.id).roles == {"reader", "publisher"}
    assert accounts.find(node, "new") is None
    assert tokens.tokens_of(node, ada.id) == []


def test_who_signs_has_a_key_that_the_node_holds(node, ada):
    officer = accounts.add(node, login="officer", name="Officer", roles=["officer"], by="command-line")
    assert people.keyid_of(node, officer.id) == ""
    key = people.key_of(node, officer.id)
    assert people.key_of(node, officer.id).keyid == key.keyid == people.keyid_of(node, officer.id)
    assert (node.folder / "keys" / f"person-{officer.id}.key").stat().st_mode & 0o077 == 0
    accounts.add(node, login="boss", name="Boss", roles=["operator"], by="command-line")
    with pytest.raises(Forbidden):
        people.key_of(node, ada.id)
    accounts.disable(node, officer.id, by="command-line")
    with pytest.raises(Forbidden):
        people.key_of(node, officer.id)
    for nobody in ("x" * 32, "../../etc/passwd", ""):
        with pytest.raises(NotFound):
            people.key_of(node, nobody)


def test_the_document_describes_the_calls(client):
    paths = client.get("/api/openapi.json").json()["paths"]
    assert set(paths["/api/v1/tokens"]) >= {"get", "post"}
    assert paths["/api/v1/me"]["get"]["operationId"] == "me"
    assert "delete" in paths["/api/v1/tokens/{token}"]
