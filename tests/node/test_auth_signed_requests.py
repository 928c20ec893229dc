"""Requests that another node signs: the message is written here a second time, from its description."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.node.auth import clock
from accord.node.auth.signed_requests import HEADER, WINDOW, read_header, sign_request
from accord.node.federation.peers import ISOLATED, set_state
from accord.node.hearing import hear_lines
from accord.node.intake import Batch
from accord.node.problems import Unauthenticated
from accord.trust.ed25519 import SigningKey

ORIGIN = "peer.example.org/log"
KEY = SigningKey.from_seed(bytes([7]) * 32)


@pytest.fixture
def peer(node):
    """A node that is followed here."""
    with node.store.writing() as transaction:
        transaction.run(
            "INSERT INTO peers (origin, url, name, jurisdiction, key, log_key, added)"
            " VALUES (?, 'https://peer.example.org', 'Peer', 'KE', ?, '', '2026-01-01T00:00:00Z')",
            ORIGIN,
            base64.b64encode(KEY.public.raw).decode(),
        )


def signed(node, method="GET", target="/api/v1/me", body=b"", *, key=KEY, origin=ORIGIN, audience=None, now=None):
    now = clock.now() if now is None else now
    return {HEADER: sign_request(key, origin, method, target, body, audience or node.origin, now)}


def test_the_signed_text_is_the_one_of_the_description():
    value = sign_request(KEY, ORIGIN, "POST", "/a/b?c=d", b"body", "node.example/log", 1_700_000_000)
    origin, time, signature = value.split(";")
    text = (
        "accord-node-request/v1\nPOST\n/a/b?c=d\n"
        + hashlib.sha256(b"body").hexdigest()
        + "\n1700000000\nnode.example/log"
    )
    assert (origin, time) == (ORIGIN, "1700000000")
    assert KEY.public.verify(text.encode(), base64.b64decode(signature))


def test_a_peer_is_known_by_its_signature(node, client, peer):
    answer = client.get("/api/v1/me", headers=signed(node))
    assert answer.status_code == 200
    assert (answer.json()["peer"], answer.json()["account"], answer.json()["roles"]) == (ORIGIN, "", [])
    target = "/api/v1/me?lang=de&x=%C3%A9%2F"
    assert client.get(target, headers=signed(node, target=target)).status_code == 200
    assert client.get("/api/v1/me", headers=signed(node)).status_code == 200  # sent again, it reads again


def test_a_peer_sees_what_is_for_the_community_and_no_more(node, client, peer, objections):
    ids = []
    for level, line in zip(("public", "community", "none"), objections(3), strict=True):
        receipt = node.intake.submit(Batch(hear_lines([line]), level=level)).result()[0]
        ids.append(receipt.id.removeprefix("sha256:"))
    for headers, seen in ((None, [200, 404, 404]), (True, [200, 200, 404])):
        found = []
        for digest in ids:
            target = f"/api/v1/statements/{digest}"
            found.append(client.get(target, headers=headers and signed(node, target=target)).status_code)
        assert found == seen


def test_a_peer_that_was_isolated_is_a_visitor(node, client, peer, objections):
    level = Batch(hear_lines(objections(1)), level="named", peers=(ORIGIN,))
    digest = node.intake.submit(level).result()[0].id.removeprefix("sha256:")
    target = f"/api/v1/statements/{digest}"
    assert client.get(target, headers=signed(node, target=target)).status_code == 200
    with node.store.writing() as transaction:
        set_state(transaction, ORIGIN, ISOLATED, "it has shown two histories")
    assert client.get(target, headers=signed(node, target=target)).status_code == 404
    assert client.get("/api/v1/me", headers=signed(node)).status_code == client.get("/api/v1/me").status_code == 401
    stranger = SigningKey.from_seed(bytes([8]) * 32)
    answer = client.get(target, headers=signed(node, target=target, key=stranger))
    assert answer.json()["type"] == "urn:accord:problem:bad-signature"


def test_a_body_is_signed_too_and_read_by_the_handler_as_well(node, client, peer):
    body = b'{"name": "x", "roles": ["reader"]}'
    headers = {"content-type": "application/json"}
    right = signed(node, "POST", "/api/v1/tokens", body)
    answer = client.post("/api/v1/tokens", content=body, headers={**headers, **right})
    assert (answer.status_code, answer.json()["type"]) == (401, "urn:accord:problem:log-in-first")  # a peer has none
    wrong = signed(node, "POST", "/api/v1/tokens", body + b" ")
    answer = client.post("/api/v1/tokens", content=body, headers={**headers, **wrong})
    assert (answer.status_code, answer.json()["type"]) == (401, "urn:accord:problem:bad-signature")
    large = client.post("/api/v1/tokens", content=b" " * (1024 * 1024 + 1), headers={**headers, **right})
    assert large.status_code == 413
    endless = client.post("/api/v1/tokens", content=iter([b"{", b"}"]), headers={**headers, **right})
    assert endless.status_code == 413


def test_another_request_another_node_or_another_time_is_refused(node, client, peer):
    now = clock.now()
    bad = {
        "bad-signature": [
            signed(node, method="POST"),
            signed(node, target="/api/v1/me?a=b"),
            signed(node, target="/other"),
            signed(node, body=b"x"),
            signed(node, audience="other.example/log"),
            signed(node, key=SigningKey.generate()),
            signed(node, now=now - WINDOW - 5),
            signed(node, now=now + WINDOW + 5),
            {HEADER: signed(node)[HEADER].replace(f";{now}", f";{now - 1}")},
            {HEADER: ""},
            {HEADER: "a;b;c"},
            {HEADER: f"{ORIGIN};{now};{'A' * 85}B=="},
        ],
        "unknown-node": [signed(node, origin="stranger.example/log")],
        "two-credentials": [{**signed(node), "authorization": "Bearer accord_x"}],
    }
    for code, many in bad.items():
        for headers in many:
            answer = client.get("/api/v1/me", headers=headers)
            assert (answer.status_code, answer.json()["type"]) == (401, f"urn:accord:problem:{code}"), headers
            # Never a visitor, where a visitor would have been served.
            assert client.get("/", headers=headers).status_code == 401
    assert client.get("/api/v1/me", headers=signed(node, now=now - WINDOW + 20)).status_code == 200


def test_a_peer_that_is_no_longer_followed_is_unknown(node, client, peer):
    with node.store.writing() as transaction:
        transaction.run("DELETE FROM peers")
    answer = client.get("/api/v1/me", headers=signed(node))
    assert (answer.status_code, answer.json()["type"]) == (401, "urn:accord:problem:unknown-node")


@given(st.text(max_size=300) | st.from_regex(r"[a-z./]{1,20};[0-9]{1,14};[A-Za-z0-9+/]{80,90}=*", fullmatch=True))
def test_whatever_the_header_holds_it_is_read_or_refused(value):
    try:
        origin, time, signature = read_header(value)
    except Unauthenticated:
        return
    assert f"{origin};{time};{base64.b64encode(signature).decode()}" == value
    assert len(signature) == 64
