"""`accord node backup|restore|regain|rebuild|status|check`, as an operator calls them."""

import json
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest
from click.testing import CliRunner

from accord.cli import cli
from accord.errors import UsageError
from accord.node.federation.following import follow
from accord.node.federation.peers import add, find, meet
from accord.node.node import open_node
from accord.node.serving import make_server, serve
from accord.records.said import Dispute, Person

TARGET = "sha256:" + "ab" * 32


def run(*arguments):
    """Return (exit status, output)."""
    done = CliRunner().invoke(cli, [str(item) for item in arguments], standalone_mode=False)
    if done.exception:
        raise done.exception
    return done.return_value or 0, done.stdout


def plain(*arguments):
    status, output = run(*arguments, "--json")
    return status, json.loads(output)


def object_to(node, text):
    record = Dispute(target=TARGET, objection=text, by=Person(name="A", role="citizen"))
    return node.say(record, "dispute", [TARGET])


@pytest.fixture
def folder(tmp_path):
    with open_node(tmp_path / "node", name="Office node", requests_per_minute=10**6) as node:
        for number in range(5):
            object_to(node, f"it is wrong {number}")
    return tmp_path / "node"


@contextmanager
def serving(node):
    server, ready, found = make_server(node, "127.0.0.1", 0), threading.Event(), []

    def note(port):
        found.append(port)
        ready.set()

    thread = threading.Thread(target=serve, args=(server, note))
    thread.start()
    assert ready.wait(20)
    yield f"http://127.0.0.1:{found[0]}"
    server.should_exit = True
    thread.join(20)


def test_a_node_is_copied_and_put_back(folder, tmp_path):
    status, made = plain("node", "backup", tmp_path / "copy", "--with-keys", "--folder", folder)
    assert (status, made["size"], made["keys"]) == (0, 5, True)
    status, done = plain("node", "restore", tmp_path / "copy", "--folder", tmp_path / "new")
    assert (status, done["takes_in"], done["peers"]) == (1, False, [])  # Nobody could be asked.
    assert plain("node", "status", "--folder", tmp_path / "new")[0] == 1
    status, done = plain("node", "regain", "--alone", "--folder", tmp_path / "new")
    assert (status, done["takes_in"]) == (0, True)
    status, found = plain("node", "status", "--folder", tmp_path / "new")
    assert (status, found["entries"], found["halted"]) == (0, 5, "")
    with open_node(tmp_path / "new") as node:
        assert object_to(node, "it goes on").index == 5


def test_what_came_after_the_backup_comes_back_from_a_peer(folder, tmp_path):
    with open_node(tmp_path / "peer", requests_per_minute=10**6) as peer, serving(peer) as url:
        with open_node(folder) as node, serving(node) as node_url:
            add(peer.store, meet(node_url, private=True), peer.origin)
            run("node", "backup", tmp_path / "copy", "--folder", folder)
            object_to(node, "after the backup")
            with peer.store.reading() as transaction:
                found = find(transaction, node.origin)
            follow(peer, found, lambda peer, target: {})
        status, done = plain(
            "node", "restore", tmp_path / "copy", "--folder", tmp_path / "new", "--keys", folder / "keys",
            "--from-peer", url, "--private",
        )  # fmt: skip
        assert (status, done["takes_in"]) == (0, True)
        assert done["regained"] == [{"entries": 1, "statements": 1, "lost": 0}]
        assert [(item["url"], item["state"], item["size"]) for item in done["peers"]] == [(url, "fits", 6)]
        status, output = run(
            "node", "restore", tmp_path / "copy", "--folder", tmp_path / "newer", "--keys", folder / "keys"
        )
        assert status == 1
        assert "accord node regain" in output
        status, output = run("node", "regain", url, "--private", "--folder", tmp_path / "newer")
        assert status == 0
        assert "1 entries and 1 statements" in output
    assert plain("node", "check", "--folder", tmp_path / "new")[1]["faults"] == []


def test_a_rebuild_says_what_differed(folder):
    assert run("node", "rebuild", "--folder", folder) == (0, "Everything is as it was.\n")
    with open_node(folder) as node, node.store.writing() as transaction:
        transaction.run("INSERT INTO unread (seq, projection, reason) VALUES (1, 'disputes', 'made up')")
    status, output = run("node", "rebuild", "--dry-run", "--folder", folder)
    assert (status, "Nothing was changed." in output) == (1, True)
    status, done = plain("node", "rebuild", "--folder", folder)
    assert (status, [item["table"] for item in done["differences"]]) == (1, ["unread"])
    assert run("node", "rebuild", "--folder", folder)[0] == 0


def test_a_check_and_a_status_for_people(folder):
    status, output = run("node", "check", "--folder", folder)
    assert (status, "All fits together." in output) == (0, True)
    status, output = run("node", "status", "--folder", folder)
    assert status == 0
    assert "\x1b" not in output
    assert "dispute 5" in output
    with open_node(folder) as node, node.store.writing() as transaction:
        transaction.run("UPDATE statements SET kind = ? WHERE seq = 3", "\x1b[2J")
    status, output = run("node", "check", "--folder", folder)
    assert (status, "1 fault." in output) == (1, True)
    assert "\x1b" not in run("node", "status", "--folder", folder)[1]


def test_where_there_is_no_node_it_says_so(tmp_path):
    for command in ("status", "check", "rebuild", "regain"):
        with pytest.raises(UsageError, match="no node"):
            run("node", command, "--folder", tmp_path / "nothing")
    with pytest.raises(UsageError, match="no node"):
        run("node", "backup", tmp_path / "copy", "--folder", tmp_path / "nothing")


def test_a_failure_is_two_lines_and_status_two(folder, tmp_path):
    (tmp_path / "copy").write_bytes(b"no backup")
    command = ["node", "restore", str(tmp_path / "copy"), "--folder", str(tmp_path / "new")]
    done = subprocess.run([sys.executable, "-m", "accord", *command], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 2
    assert "no backup" in done.stderr
    assert done.stdout == ""
