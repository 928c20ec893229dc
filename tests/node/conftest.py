import threading
from contextlib import contextmanager

import httpx
import pytest

from accord.node.auth import passwords
from accord.node.node import open_node
from accord.node.serving import make_server, serve
from accord.records.said import Dispute, Person
from accord.trust.ed25519 import SigningKey
from accord.trust.saying import say
from accord.trust.statement import subject


@contextmanager
def running(node):
    """Serve a node on a free port of this machine; yields its address."""
    server, ready, found = make_server(node, "127.0.0.1", 0), threading.Event(), []

    def note(port):
        found.append(port)
        ready.set()

    thread = threading.Thread(target=serve, args=(server, note))
    thread.start()
    try:
        assert ready.wait(20)
        yield f"http://127.0.0.1:{found[0]}"
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


@pytest.fixture(autouse=True)
def cheap_passwords(request, monkeypatch):
    """Hash passwords in a moment, but where that they are costly is what is tested."""
    if request.path.name != "test_auth_passwords.py":
        from argon2 import PasswordHasher

        cheap = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
        monkeypatch.setattr(passwords, "_hasher", lambda: cheap)
        monkeypatch.setattr(passwords, "_nobodys_hash", lambda: cheap.hash(b"nobody's"))


@pytest.fixture(name="running", scope="session")
def running_fixture():
    return running


@pytest.fixture
def node(tmp_path):
    made = open_node(tmp_path / "node", name="Test node", jurisdiction="DE", requests_per_minute=1_000_000)
    yield made
    made.close()


@pytest.fixture
def client(node):
    """A visitor of the running node."""
    with running(node) as url, httpx.Client(base_url=url, timeout=30) as made:
        yield made


@pytest.fixture
def lab():
    """A key of a laboratory."""
    return SigningKey.from_seed(bytes(range(32)))


@pytest.fixture
def objections(lab):
    """Makes signed lines of a short kind."""

    def make(count, text="it is wrong"):
        target = "sha256:" + "ab" * 32
        return [
            say(
                Dispute(target=target, objection=f"{text} {i}", by=Person(name="A", role="citizen")),
                "dispute",
                [subject("t", target)],
                signers=[lab],
            )
            for i in range(count)
        ]

    return make
