"""`accord node user` and `accord node token`, beside a node that serves; and the first start of `accord serve`."""

import json
import os
import re
import signal
import subprocess
import sys

import httpx
import pytest
from click.testing import CliRunner

from accord.cli import cli
from accord.errors import AccordError
from accord.node.auth.logging_in import log_in
from accord.node.node import open_node

SENTENCE = "my hovercraft is full of eels"


@pytest.fixture
def run(tmp_path):
    def call(*arguments, given="", error=None):
        told = ["node", *arguments, "--folder", str(tmp_path / "node")]
        result = CliRunner().invoke(cli, told, input=given, standalone_mode=False)
        if error is None:
            if result.exception:
                raise result.exception
            return result.output
        assert isinstance(result.exception, AccordError), result.exception
        assert result.exception.code == error
        assert result.exception.remedy
        return result.exception.message

    return call


def test_accounts_are_made_listed_changed_and_disabled(tmp_path, run):
    assert "no node" in run("user", "list", error="no-node")
    made = json.loads(
        run("user", "add", "Ada@example.org", "--name", "Ada", "--role", "operator", "--json", given=SENTENCE + "\n")
    )
    assert (made["login"], made["roles"], made["disabled"]) == ("ada@example.org", ["operator"], False)
    assert SENTENCE not in json.dumps(made)
    run("user", "add", "bob", "--role", "officer", "--role", "reader", "--office", "Tax", given=SENTENCE)
    listed = json.loads(run("user", "list", "--json"))
    assert [(item["login"], item["office"]) for item in listed] == [("ada@example.org", ""), ("bob", "Tax")]
    table = run("user", "list")
    assert "ada@example.org" in table
    assert "officer reader" in table
    assert json.loads(run("user", "role", "bob", "decider", "--json"))["roles"] == ["decider"]
    run("user", "password", "bob", given="another long sentence\n")
    with open_node(tmp_path / "node") as node:
        assert log_in(node, "BOB", "another long sentence", "192.0.2.1").roles == {"decider"}
    assert json.loads(run("user", "disable", "bob", "--json"))["disabled"]
    assert "disabled" in run("user", "list")
    assert not json.loads(run("user", "enable", "bob", "--json"))["disabled"]


def test_mistakes_are_said_with_what_to_do(run):
    said = run("user", "add", "x y", "--name", "\u202e", given="short\n", error="bad-input")
    for field in ("login", "name", "password"):
        assert f"{field}: " in said
    run("user", "add", "ada", "--role", "operator", given=SENTENCE)
    run("user", "add", "ADA", given=SENTENCE, error="bad-input")
    run("user", "disable", "ada", error="last-operator")
    run("user", "role", "ada", "reader", error="last-operator")
    run("user", "disable", "nobody", error="no-such-account")
    run("token", "make", "nobody", "--name", "x", error="no-such-account")
    run("token", "make", "ada", "--name", "x", "--role", "decider", error="bad-input")
    run("token", "revoke", "ada", "0" * 16, error="not-found")


def test_what_a_name_holds_cannot_steer_the_terminal(tmp_path, run):
    run("user", "add", "ada", "--role", "operator", given=SENTENCE)
    with open_node(tmp_path / "node") as node, node.store.writing() as transaction:
        transaction.run("UPDATE accounts SET name = ?", "\x1b[31mred\u202e")
    assert not re.search("[\x1b\u202e]", run("user", "list") + run("user", "list", "--json"))


@pytest.fixture
def served(tmp_path):
    """A node served by a process of its own: its first lines of output, and the process."""
    command = [sys.executable, "-m", "accord", "serve", "--port", "0", "--folder", str(tmp_path / "node")]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    )
    yield process
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)


def test_the_first_start_shows_a_link_and_commands_work_beside_the_server(tmp_path, run, served):
    url = re.search(r"http://\S+", served.stdout.readline())[0].rstrip("/")
    link = re.search(r"http://\S+/welcome/\S+", served.stdout.readline())[0]
    assert link.startswith(f"{url}/welcome/")
    with httpx.Client(base_url=url, timeout=30) as browser:
        answer = browser.post(link, data={"login": "ada", "name": "Ada", "password": SENTENCE})
        assert answer.status_code == 303
        assert browser.get("/people").status_code == 200
        secret = run("token", "make", "ada", "--name", "ci", "--role", "publisher", "--days", "3").strip()
        headers = {"authorization": f"Bearer {secret}"}
        assert httpx.get(f"{url}/api/v1/me", headers=headers).json()["roles"] == ["publisher"]
        [token] = json.loads(run("token", "list", "ada", "--json"))
        assert secret not in json.dumps(token)
        assert token["id"] in run("token", "list", "ada")
        run("token", "revoke", "ada", token["id"])
        assert httpx.get(f"{url}/api/v1/me", headers=headers).status_code == 401
        run("user", "add", "second", "--role", "operator", given=SENTENCE)
        run("user", "disable", "ada")
        assert browser.get("/api/v1/me").status_code == 401
        path = json.loads(run("user", "add", "eva", "--link", "--json"))["link"]
        assert browser.post(path, data={"password": SENTENCE}).status_code == 303
        assert browser.get("/api/v1/me").json()["roles"] == ["reader"]
    served.send_signal(signal.SIGTERM)
    said, logged = served.communicate(timeout=30)
    assert "welcome" not in said
    assert "/welcome/…" in json.loads(next(line for line in logged.splitlines() if "welcome" in line))["path"]
    for text in (link.rpartition("/")[2], secret, SENTENCE):
        assert text not in said + logged
