"""What no page of ours sends: answered with what is wrong, never with an error of our own, on both stores."""

from __future__ import annotations

import json
import socket

import httpx
import pytest

from accord.node.auth import accounts, sessions, tokens
from accord.node.node import open_node
from accord.records.said import Dispute, Person
from accord.trust.ed25519 import SigningKey
from accord.trust.saying import say
from accord.trust.statement import subject

ROLES = ("reader", "publisher", "officer", "decider", "operator")
on_one_store = pytest.mark.parametrize("asked", ["sqlite"], indirect=True)
"""For what no store ever sees."""
BAD_TEXTS = ("\0", "a\0b", "\x1b[2J", "\u202e", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"), "ﷺ" * 90)
HUGE = ("9" * 5_000, "-1", "0", "1e9", "1.5", "²", "٣", "0x1", "", " ", "null", "NaN", str(2**63), str(2**64))


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def asked(request, running, tmp_path_factory):
    """A node, with a client that sends a token of every role, one in a browser, and a statement that is there."""
    settings = {"store": request.getfixturevalue("postgres")()} if request.param == "postgres" else {}
    place = tmp_path_factory.mktemp("node")
    with open_node(place, jurisdiction="DE", requests_per_minute=10**9, **settings) as node, running(node) as url:
        account = accounts.add(node, login="all", name="All", office="Transport", roles=ROLES, by="t")
        token = tokens.make(node, account.viewer, "t", set(ROLES), 3)[1]
        cookies = {sessions.cookie_name(node): sessions.start(node, account.id)}
        with (
            httpx.Client(base_url=url, headers={"authorization": f"Bearer {token}"}, timeout=30) as program,
            httpx.Client(base_url=url, cookies=cookies, headers={"accept": "text/html"}, timeout=30) as browser,
        ):
            yield node, program, browser


@pytest.fixture
def visitor(asked):
    with httpx.Client(base_url=asked[1].base_url, timeout=30) as client:
        yield client


def dispute(node, **texts):
    target = "sha256:" + "ab" * 32
    record = Dispute(target=target, by=Person(name=texts.pop("name", "A"), role="citizen"), **texts)
    return say(record, "dispute", [subject("t", target)], signers=[SigningKey.from_seed(bytes([9]) * 32)])


@pytest.mark.parametrize("text", BAD_TEXTS[:4])
def test_a_statement_with_such_text_is_kept_or_refused(asked, text):
    node, program, _ = asked
    for fields in ({"objection": text}, {"objection": "x", "about": text}, {"objection": "x", "name": text}):
        answer = program.post("/api/v1/statements", content=dispute(node, **fields))
        assert answer.status_code == 200, (fields, answer.text)
        assert answer.json()["accepted"] == 1
    with node.store.reading() as transaction:
        assert not transaction.rows("SELECT reason FROM unread")


@pytest.mark.parametrize("text", BAD_TEXTS)
def test_a_form_with_such_text_is_answered(asked, text):
    node, program, browser = asked
    sound = program.post("/api/v1/statements", content=dispute(node, objection=f"{len(text)} {text!r}")).json()
    digest = sound["lines"][0]["id"][7:]
    draft = browser.post("/register").headers["location"].rpartition("/")[0]
    forms = {
        f"/statements/{digest}/dispute": ("objection", "about", "name", "role"),
        f"/statements/{digest}/answer": ("decision", "answer", "show"),
        f"{draft}/what": ("name", "purpose", "url", "kind", "status", "since", "do"),
        f"{draft}/where": ("sector", "places", "jurisdictions", "sdgs", "languages"),
        f"{draft}/people": ("affected", "affected_about", "complaint", "oversight"),
        f"/supplier-links{draft.removeprefix('/drafts')}": ("days", "ask-name"),
        "/people": ("login", "name", "office", "roles"),
        "/account": ("do", "current", "password", "again", "name", "days"),
        "/login": ("login", "password", "next"),
        "/agreements/new": ("id", "of", "recognises", "valid_from", "valid_until", "reason", "level"),
        "/trust-lists/pin": ("statement", "pins"),
        "/register": ("from",),
    }
    for place, names in forms.items():
        answer = browser.post(place, data=dict.fromkeys(names, text))
        assert answer.status_code < 500, (place, answer.text[-2_000:])
    assert browser.get(draft + "/what").status_code == 200
    assert browser.get("/people").status_code == 200


@pytest.mark.parametrize("text", BAD_TEXTS)
def test_json_with_such_text_is_answered(asked, text):
    _, program, _ = asked
    names = ("name", "purpose", "office", "sector", "places", "url", "kind", "status")
    bodies = {
        "/api/v1/systems": {"values": dict.fromkeys(names, text), "change": text, "reason": text, "level": "none"},
        "/api/v1/systems/0000000000abc012": {"values": {text: text}, "unknown": [text], "answers": {text: True}},
        "/api/v1/tokens": {"name": text, "roles": ["reader"]},
    }
    for place, body in bodies.items():
        answer = program.post(place, json=body)
        assert answer.status_code < 500, (place, answer.text)
        raw = json.dumps(body).replace('"', '"\\ud800', 3).encode()
        assert program.post(place, content=raw, headers={"content-type": "application/json"}).status_code in (400, 422)
    values = {"name": f"Entry {text}", "purpose": text, "office": "Transport", "kind": "system", "status": "pilot",
              "sector": text, "places": f"x{text}", "decision": text, "affected": f"y{text}"}  # fmt: skip
    answer = program.post("/api/v1/systems", json={"values": values, "change": text})
    assert answer.status_code in (201, 422), answer.text
    assert program.get("/api/v1/systems").status_code == 200


@on_one_store
@pytest.mark.parametrize("body", [b"\xff\xfe", b"objection=%ff%fe&name=%00", b"a=" + b"%", b"=&=&=", b"a" * 2_000_000,
                                  b"&".join(b"a%d=1" % n for n in range(3_000)), b"\0", b""])  # fmt: skip
def test_a_form_that_is_none_is_answered(asked, body):
    _, _, browser = asked
    for place in (
        "/login",
        "/people",
        "/account",
        "/trust-lists/pin",
        "/agreements/new",
        "/due",
        "/register",
        "/logout",
    ):
        answer = browser.post(place, content=body, headers={"content-type": "application/x-www-form-urlencoded"})
        assert answer.status_code < 500, (place, answer.text)
    for place in ("/register/import", "/trust-lists", "/assess", "/api/v1/reports", "/api/v1/jobs"):
        for kind in KINDS:
            answer = browser.post(place, content=body, headers={"content-type": kind})
            assert 400 <= answer.status_code < 500, (place, kind, answer.text)


KINDS = (
    "multipart/form-data; boundary=x",
    "multipart/form-data",
    "multipart/form-data; boundary=" + "y" * 300,
    "multipart/form-data; boundary=x; charset=nonsense",
    "text/plain",
)
PART = b'--x\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'


@on_one_store
@pytest.mark.parametrize(
    "part",
    [
        PART % (b"file", b'; filename="a\0b.csv"', b"x"),
        PART % (b"record", b"", b"\x89PNG"),
        PART % (b"record", b"\r\nContent-Type: text/plain; charset=nonsense", b"x"),
        PART % (b"table", b'; filename="../../etc/passwd"', b"name\nx"),
        PART % (b"\xff", b"; filename*=utf-8''%ff%00", b"x"),
        (PART % (b"record", b'; filename="r"', b"{}")) * 40,
        b"--x\r\n\r\n\r\n",
        b"--x",
    ],
)
def test_a_form_of_several_parts_with_nonsense_is_answered(asked, part):
    _, program, browser = asked
    for place in ("/register/import", "/trust-lists", "/api/v1/reports", "/api/v1/jobs", "/assess"):
        for client in (program, browser):
            answer = client.post(
                place, content=part + b"--x--\r\n", headers={"content-type": "multipart/form-data; boundary=x"}
            )
            assert 400 <= answer.status_code < 500 or answer.status_code == 303, (place, answer.text)


def test_numbers_and_names_out_of_bounds_are_answered(asked):
    _, program, browser = asked
    for number in HUGE:
        for place in ("/log?before=", "/assessments?before=", "/plans?before=", "/certificates?before=",
                      "/api/v1/assessments?before=", "/api/v1/jobs?before=", "/api/v1/register.csv?before=",
                      "/api/v1/register.json?before=", "/api/v1/log/growth?size=", "/api/v1/log/statements?start=",
                      "/api/v1/log/statements?limit=", "/api/v1/systems?limit=", "/api/v1/systems?after=",
                      "/systems?after=", "/systems?sdg=", "/log/tile/0/", "/log/tile/", "/jobs/", "/api/v1/jobs/",
                      "/drafts/", "/people/", "/register/import/", "/systems/", "/badge/", "/recognition?at=",
                      "/api/v1/recognition?at=", "/feed.atom?subject=", "/crosswalk/"):  # fmt: skip
            client = program if place.startswith("/api/") else browser
            answer = client.get(f"{place}{number}")
            assert answer.status_code < 500, (place, number, answer.text)


@on_one_store
def test_what_is_no_text_in_an_address_is_refused(asked):
    _, program, browser = asked
    for client in (program, browser):
        for place in ("/systems?q=a%00b", "/systems?q=%c3%28", "/?%00=1", "/api/v1/systems?q=%ff"):
            answer = client.get(place)
            assert (answer.status_code, answer.json()["type"]) == (400, "urn:accord:problem:bad-address"), place
        for place in ("/systems/%00", "/%ff", "/statements/%ed%a0%80", "/api/v1/systems/%00", "/static/%00"):
            answer = client.get(place)
            assert (answer.status_code, answer.json()["type"]) == (404, "urn:accord:problem:not-found"), place
            assert "content-security-policy" in answer.headers


@on_one_store
def test_a_parameter_that_is_given_twice_is_refused_and_a_list_is_not(asked):
    _, program, browser = asked
    for place in (
        "/api/v1/systems?q=a&q=b",
        "/api/v1/log/growth?seconds=0&seconds=30",
        "/systems?q=a&q=a",
        "/?lang=de&lang=ar",
    ):
        for client in (program, browser):
            assert client.get(place).status_code == 400
            assert "twice" in client.get(place).text
    answer = program.get(f"/api/v1/assessments/{'ab' * 32}/recognition?for=DE&places=a&places=b")
    assert answer.status_code == 404  # Two places are two places.


def raw(client, data):
    """Send bytes as they are; return all that comes."""
    with socket.create_connection((client.base_url.host, client.base_url.port), timeout=20) as connection:
        connection.sendall(data)
        found = b""
        while part := connection.recv(65_536):
            found += part
            if b"\r\n\r\n" in found and b"connection: close" not in found.lower():
                break
    return found


@on_one_store
@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /?" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nCookie: a=" + b"b" * 100_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(20_000)) + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n",
        b"GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x/../\r\n\r\n",
    ],
)
def test_a_head_that_is_too_large_or_none_is_refused(asked, head):
    try:
        found = raw(asked[1], head)
    except ConnectionResetError:  # It was closed while the rest of the head was on its way.
        return
    assert found.startswith(b"HTTP/1.1 4"), found[:300]
    assert b"server:" not in found.lower()
    assert b"traceback" not in found.lower()


@on_one_store
@pytest.mark.parametrize(
    "cookie",
    [
        "accord_session=" + "a" * 5_000, "accord_session=", "=;=;", 'accord_session=%00"\\',
        "accord_language=" + "x" * 5_000, "accord_language=%ff; accord_language=de",
    ],
)  # fmt: skip
def test_a_cookie_of_nonsense_is_a_visitors(visitor, cookie):
    for place in ("/", "/systems", "/account", "/login"):
        answer = visitor.get(place, headers={"cookie": cookie, "accept": "text/html"})
        assert answer.status_code in (200, 303), place


@on_one_store
@pytest.mark.parametrize(
    "value", ["Bearer", "Bearer accord_", "Basic eDp5", "bearer  x", "Bearer accord_" + "a" * 9_000, "é", ""]
)
def test_an_authorization_that_is_none_is_no_visitor(visitor, value):
    for place in ("/api/v1/me", "/api/v1/systems", "/", "/api/v1/statements/" + "ab" * 32):
        answer = visitor.get(place, headers={"authorization": value.encode()})
        assert answer.status_code == 401, (place, answer.text)
        assert answer.headers["www-authenticate"] == "Bearer"
    for header in ("x", "a;1;b", "é;1;" + "A" * 86 + "==", "a" * 300 + ";1;" + "A" * 86 + "==", ";;"):
        answer = visitor.get("/api/v1/me", headers={"accord-node": header.encode()})
        assert answer.status_code == 401, header
