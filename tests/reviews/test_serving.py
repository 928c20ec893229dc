"""The served form: it takes an answer from its own page, and from nobody else."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from threading import Thread
from urllib.parse import urlencode

import pytest

from accord.errors import UsageError
from accord.reviews import serving
from accord.reviews.answers import field_count, rows_of, sheet_of
from accord.reviews.columns import RETURNED
from accord.reviews.serving import FormServer
from accord.reviews.sheet import read_sheet

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def taken() -> list[dict[str, str]]:
    return []


@pytest.fixture
def server(taken) -> Iterator[FormServer]:
    def answer(fields):
        taken.append(dict(fields))
        if fields.get("a") == "fails":
            raise UsageError("full", "the disk is full", "Make room.")
        return fields.get("a") == "done", b"<p>thanks</p>"

    made = FormServer(lambda path: f"<form action={path}>".encode(), answer, most_fields=3)
    thread = Thread(target=made.run)
    thread.start()
    yield made
    if thread.is_alive():
        made.shutdown()
    thread.join(5)
    assert not thread.is_alive()


def ask(server, method="GET", path=None, body=None, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=5)
    connection.request(method, path or server.path, body, headers or {})
    response = connection.getresponse()
    return response.status, response.read(), response


def test_the_page_is_shown_and_framed_by_nobody(server):
    status, body, response = ask(server)
    assert (status, body) == (200, f"<form action={server.path}>".encode())
    policy = response.getheader("Content-Security-Policy")
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert response.getheader("Cache-Control") == "no-store"
    assert server.url.startswith("http://127.0.0.1:")
    assert len(server.path) > 30


def test_an_answer_ends_it(server, taken):
    origin = {**FORM, "Origin": server.url.removesuffix(server.path), "Sec-Fetch-Site": "same-origin"}
    assert ask(server, "POST", body=urlencode({"a": "again", "b": "ü\r\n="}), headers=origin)[0] == 200
    assert ask(server)[0] == 200, "it goes on until the answer is whole"
    assert ask(server, "POST", body="a=done", headers=origin)[1] == b"<p>thanks</p>"
    assert taken == [{"a": "again", "b": "ü\r\n="}, {"a": "done"}]


REFUSED = [
    ("GET", {"path": "/"}, 404),
    ("GET", {"path": "/x"}, 404),
    ("POST", {"path": "/", "body": "a=1", "headers": FORM}, 404),
    ("GET", {"headers": {"Host": "evil.example"}}, 403),
    ("GET", {"headers": {"Host": "localhost"}}, 403),
    ("POST", {"body": "a=1", "headers": {**FORM, "Host": "evil.example"}}, 403),
    ("POST", {"body": "a=1", "headers": {**FORM, "Origin": "https://evil.example"}}, 403),
    ("POST", {"body": "a=1", "headers": {**FORM, "Origin": "null"}}, 403),
    ("POST", {"body": "a=1", "headers": {**FORM, "Sec-Fetch-Site": "cross-site"}}, 403),
    ("POST", {"body": "a=1", "headers": {"Content-Type": "text/plain"}}, 400),
    ("POST", {"body": "a=1", "headers": {**FORM, "Content-Length": "-1"}}, 400),
    ("POST", {"body": "a=1", "headers": {**FORM, "Content-Length": "99999999999999999"}}, 413),
    ("POST", {"body": "a=1", "headers": {**FORM, "Content-Length": str(serving.MAX_BODY + 1)}}, 413),
    ("POST", {"body": "a=1&b=2&c=3&d=4", "headers": FORM}, 400),
    ("POST", {"body": "a=fails", "headers": FORM}, 500),
    ("PUT", {"body": "a=1", "headers": FORM}, 501),
]


@pytest.mark.parametrize(("method", "what", "status"), REFUSED)
def test_strangers_are_refused(server, taken, method, what, status):
    assert ask(server, method, **what)[0] == status
    assert taken == ([{"a": "fails"}] if status == 500 else [])
    assert ask(server)[0] == 200, "and it still serves"


def test_a_connection_that_says_nothing_holds_nobody_up(server):
    with socket.create_connection(("127.0.0.1", server.server_address[1])) as silent:
        silent.sendall(b"GET /")
        assert ask(server)[0] == 200


def test_what_was_typed_becomes_the_table(opened):
    values = {
        "reviewer": "Ada",
        "role": "auditor",
        "interest": "none",
        "valid_until": "2027-09-01",
        "2.decision": "met",
        "2.reason": "line one\r\n=line two",
        "stranger": "x",
    }
    rows = rows_of(opened, values)
    assert [row.cells["reviewer"] for row in rows] == ["", "Ada"], "who answers nothing signs nothing"
    back = read_sheet(sheet_of(opened, values), RETURNED, name="t")
    assert [(row.number, dict(row.cells)) for row in back] == [(row.number, dict(row.cells)) for row in rows]
    assert back[1].cells["reason"] == "line one\n=line two"
    assert back[1].cells["measurements_relied_on"] == "all"
    assert field_count(opened) == 4 + 4 * 2
