"""`accord dispute` and `accord revoke`: on this machine alone, and with a node."""

from __future__ import annotations

import json
import threading

import pytest
from click.testing import CliRunner

from accord.cli import cli
from accord.errors import AccordError, MalformedInput, UsageError
from accord.node.auth import accounts, tokens
from accord.node.node import open_node
from accord.node.serving import make_server, serve
from accord.records.said import Dispute, Person, Revocation
from accord.store.viewer import Viewer
from accord.trust import KeyStore
from accord.trust.saying import hear, say
from accord.trust.statement import subject

TARGET = "sha256:" + "ab" * 32


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("ACCORD_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def place(tmp_path):
    """A node, its address, a token, and a statement of our own in its log."""
    with open_node(tmp_path / "node", requests_per_minute=10**6) as node:
        server, ready, ports = make_server(node, "127.0.0.1", 0), threading.Event(), []
        thread = threading.Thread(target=serve, args=(server, lambda port: (ports.append(port), ready.set())))
        thread.start()
        assert ready.wait(20)
        account = accounts.add(node, login="lab", name="Lab", roles=("publisher",), by="command-line")
        viewer = Viewer(account=account.id, roles=frozenset({"publisher"}))
        own = say(
            Dispute(target=TARGET, objection="x", by=Person(name="A", role="b")), "dispute", [subject("", TARGET)],
            signers=[KeyStore().own()],
        )  # fmt: skip
        node.intake.say([own])
        yield node, f"http://127.0.0.1:{ports[0]}", tokens.make(node, viewer, "t", {"publisher"}, 30)[1], hear(own).id
        server.should_exit = True
        thread.join(20)


def run(*arguments):
    done = CliRunner().invoke(cli, list(arguments), standalone_mode=False)
    if done.exception and not isinstance(done.exception, AccordError):
        raise done.exception
    if done.exception:
        raise done.exception
    return done.output


OBJECTION = ("--objection", "another year", "--name", "Amina", "--role", "researcher")


def test_an_objection_is_signed_and_logged_here(home):
    shown = json.loads(run("dispute", TARGET[7:], *OBJECTION, "--json"))
    heard = hear((home / shown["file"]).read_bytes().strip())
    assert (heard.kind, heard.record(Dispute).target, heard.record(Dispute).objection) == (
        "dispute",
        TARGET,
        "another year",
    )
    assert (home / shown["file"].replace(".intoto.jsonl", ".tlog-proof")).exists()


def test_a_node_takes_an_objection_without_an_account(place, home):
    node, url, _, own = place
    shown = json.loads(run("dispute", own, *OBJECTION, "--node", url, "--json"))
    assert shown["node"]["index"] == node.size - 2  # and then that it waits to be looked at
    with node.store.reading() as transaction:
        assert transaction.one("SELECT disclosure FROM statements WHERE id = ?", shown["node"]["id"]) == ("none",)


def test_what_is_revoked_here_is_revoked_there(place):
    node, url, token, own = place
    shown = json.loads(run("revoke", own, "--reason", "a mistake", "--node", url, "--token", token, "--json"))
    assert shown["node"][0]["id"]
    with node.store.reading() as transaction:
        assert transaction.one("SELECT reason FROM revoked WHERE target = ?", own) == ("a mistake",)


def test_a_time_can_be_given_and_a_reason_must_be(home):
    shown = json.loads(run("revoke", TARGET, "--reason", "wrong", "--from", "2026-02-03", "--json"))
    heard = hear((home / shown["file"]).read_bytes().strip())
    assert heard.record(Revocation).effective == "2026-02-03T00:00:00Z"
    with pytest.raises(UsageError, match="reason"):
        run("revoke", TARGET, "--reason", "  ")
    with pytest.raises(MalformedInput, match="time"):
        run("revoke", TARGET, "--reason", "x", "--from", "yesterday")


def test_a_statement_is_named_by_digest_or_file(home, place):
    _, url, token, _ = place
    with pytest.raises(UsageError, match="No such file"):
        run("dispute", "nothing-like-it", *OBJECTION)
    shown = json.loads(run("dispute", TARGET, *OBJECTION, "--json"))
    again = json.loads(run("dispute", shown["file"], *OBJECTION, "--json"))
    assert again["target"] == hear((home / shown["file"]).read_bytes().strip()).id
    published = json.loads(run("publish", shown["file"], "--node", url, "--token", token, "--json"))
    assert published[0]["id"] == again["target"]


def test_tokens_do_not_travel_unencrypted(home):
    with pytest.raises(UsageError, match="unencrypted"):
        run("revoke", TARGET, "--reason", "x", "--node", "http://register.example.org", "--token", "t")
