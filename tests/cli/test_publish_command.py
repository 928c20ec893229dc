"""`accord publish` against a node on this machine: what it sends, what it checks, what it says."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import contextmanager

import pytest
from click.testing import CliRunner

from accord.cli import cli
from accord.errors import AccordError, MalformedInput, Unavailable, UsageError
from accord.node.auth import accounts, tokens
from accord.node.node import open_node
from accord.node.serving import make_server, serve
from accord.store.viewer import Viewer
from accord.trust import KeyStore, SigningKey, VerifierKey


@contextmanager
def served(node):
    server, ready, ports = make_server(node, "127.0.0.1", 0), threading.Event(), []

    def note(port):
        ports.append(port)
        ready.set()

    thread = threading.Thread(target=serve, args=(server, note))
    thread.start()
    try:
        assert ready.wait(20)
        yield f"http://127.0.0.1:{ports[0]}"
    finally:
        server.should_exit = True
        thread.join(20)


@pytest.fixture
def place(tmp_path):
    """A node, its address, and a token to publish with."""
    with open_node(tmp_path / "node", jurisdiction="KE", requests_per_minute=10**6) as node, served(node) as url:
        account = accounts.add(node, login="lab", name="Lab", roles=("publisher",), by="command-line")
        viewer = Viewer(account=account.id, roles=frozenset({"publisher"}))
        yield node, url, tokens.make(node, viewer, "t", {"publisher"}, 30)[1]


@pytest.fixture(scope="module")
def report(make_report, tmp_path_factory):
    return make_report(tmp_path_factory.mktemp("whole"))


def publish(folder, url, token, *more):
    environment = {"ACCORD_TOKEN": token} if token else {}
    done = CliRunner().invoke(
        cli, ["publish", str(folder), "--node", url, *more], standalone_mode=False, env=environment
    )
    if done.exception and not isinstance(done.exception, AccordError):
        raise done.exception
    return done


def test_published_twice_is_published_once(report, place):
    node, url, token = place
    first = publish(report, url, token)
    assert first.exception is None
    assert "Published: http://127.0.0.1" in first.output
    assert "Proven to be entry" in first.output
    assert "accord keys trust NAME" in first.output
    size = node.size
    again = publish(report, url, token)
    assert "It was published before" in again.output
    assert node.size == size
    found = json.loads(publish(report, url, token, "--json").output)
    assert found["known"]
    assert found["log_key"] == str(node.log.verifier_key)
    assert not found["log_known"]


def test_a_log_that_the_user_knows(report, place):
    node, url, token = place
    keys = KeyStore()
    try:
        keys.trust(str(node.log.verifier_key), name="The register", role="log")
        done = publish(report, url, token)
        assert done.exception is None
        assert "do not know that log" not in done.output
        keys.distrust("The register")
        other = VerifierKey(node.origin, SigningKey.generate().public)
        keys.trust(str(other), name="The register", role="log")
        done = publish(report, url, token)
        assert isinstance(done.exception, MalformedInput)
        assert done.exception.code == "other-log-key"
    finally:
        keys.distrust("The register")


def test_small_counts_are_left_out_first(make_report, tmp_path, place):
    node, url, token = place
    report = make_report(tmp_path / "few", rows="x,9001,1,0\nx,9002,1,1\n")
    done = publish(report, url, token)
    assert done.exception is None, done.exception
    assert "fewer than five persons" in done.output
    public = report.with_name("report-published")
    assert public.is_dir()
    size = node.size
    again = publish(report, url, token)
    assert "It was published before" in again.output
    assert node.size == size
    other = publish(report, url, token, "--out", str(tmp_path / "elsewhere"))
    assert other.exception is None
    assert (tmp_path / "elsewhere" / "assessment.json").is_file()
    kept = publish(report, url, token, "--disclosure", "community", "--reason", "it counts few")
    assert kept.exception is None
    with node.store.reading() as transaction:
        levels = transaction.rows("SELECT disclosure FROM statements WHERE kind = 'assessment' ORDER BY seq")
    assert levels == [("public",), ("public",), ("community",)]


def test_a_disclosure_is_kept_and_said(report, place):
    node, url, token = place
    done = publish(report, url, token, "--disclosure", "none", "--reason", "embargo until the decision")
    assert done.exception is None, done.exception
    with node.store.reading() as transaction:
        assert ("embargo until the decision",) in transaction.rows("SELECT DISTINCT reason FROM withheld")
    again = publish(report, url, token)
    assert "Its disclosure stays what it was: none" in again.output


def test_what_the_call_lacks_is_said_before_anything_is_sent(report, tmp_path):
    away = "https://node.example.org"
    for arguments, code in (
        ((report, away, ""), "no-token"),
        ((report, away, "accord_x\u00e9"), "no-token"),
        ((report, "http://node.example.org", "t"), "no-tls"),
        ((report, "ftp://x", "t"), "bad-address"),
        ((report, "https://u:p@x", "t"), "bad-address"),
        ((report, away, "t", "--disclosure", "none"), "no-reason"),
    ):
        done = publish(*arguments)
        assert isinstance(done.exception, UsageError), arguments
        assert done.exception.code == code
    (tmp_path / "empty").mkdir()
    assert isinstance(publish(tmp_path / "empty", away, "t").exception, MalformedInput)


def test_an_altered_report_is_not_sent(make_report, tmp_path, place):
    node, url, token = place
    report = make_report(tmp_path / "mine")
    path = report / "assessment.json"
    path.write_bytes(path.read_bytes().replace(b'"Small"', b'"Large"', 1))
    for more in ((), ("--disclosure", "community", "--reason", "x")):
        done = publish(report, url, token, *more)
        assert isinstance(done.exception, MalformedInput)
        assert done.exception.code == "altered-report"
    assert node.size == 0 or all(kind != "assessment" for kind in kinds(node))


def kinds(node):
    with node.store.reading() as transaction:
        return [row[0] for row in transaction.rows("SELECT kind FROM statements")]


def test_what_the_node_refuses_is_passed_on(report, place):
    _node, url, _token = place
    done = publish(report, url, "accord_not_a_token")
    assert isinstance(done.exception, UsageError)
    assert done.exception.code == "bad-token"
    done = publish(report, f"{url}/nowhere", "t")
    assert isinstance(done.exception, UsageError)


def test_a_node_that_does_not_answer(report):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    done = publish(report, f"http://127.0.0.1:{port}", "t")
    assert isinstance(done.exception, Unavailable)
    assert "not published twice" in done.exception.remedy


@contextmanager
def liar(answers):
    """A server that answers each path with what `answers` says."""
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Handler(BaseHTTPRequestHandler):
        def answer(self):
            self.rfile.read(int(self.headers.get("content-length") or 0))
            status, body = next((v for k, v in answers.items() if self.path.startswith(k)), (404, b"{}"))
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = answer

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_node_that_lies_is_not_believed(report, place):
    node, url, token = place
    honest = json.loads(publish(report, url, token, "--json").output)
    keys = ("id", "log", "index", "known", "disclosure", "page", "proof")
    said = {key: honest[key] for key in keys}
    about = json.dumps({"log_key": str(node.log.verifier_key)}).encode()
    other = json.dumps({"log_key": str(VerifierKey(node.origin, SigningKey.generate().public))}).encode()
    good = {"/api/v1/reports": (200, json.dumps(said).encode()), "/api/v1/node": (200, about)}
    with liar(good) as address:
        assert publish(report, address, "t").exception is None
    lies = [
        said | {"id": "sha256:" + "0" * 64},
        said | {"proof": said["proof"].replace("index ", "index 1")},
        said | {"proof": "\x00\ud7ff"},
        said | {"proof": None},
        [],
    ]
    for change in (
        *({"/api/v1/reports": (200, json.dumps(lie).encode())} for lie in lies),
        {"/api/v1/node": (200, other)},
        {"/api/v1/node": (200, b'{"log_key": "nonsense"}')},
        {"/api/v1/node": (200, b"[]")},
        {"/api/v1/node": (404, b"{}")},
        {"/api/v1/reports": (500, b"<html>")},
        {"/api/v1/reports": (200, b"[" * 50_000)},
        {"/api/v1/reports": (302, b"")},
    ):
        with liar(good | change) as address:
            done = publish(report, address, "t")
            assert isinstance(done.exception, AccordError), (change, done.output)
