"""A node at work for the tests of a file, accounts with tokens of their own, and a small real table."""

from __future__ import annotations

import hashlib
import random
import threading
import time

import httpx
import pytest

from accord.node.auth import accounts, tokens
from accord.node.node import open_node
from accord.node.serving import make_server, serve
from accord.node.workers import working
from accord.records import Assessment, from_json


def gone(folder, seconds=10):
    """Whether a folder is away, in a moment: a job has ended before all of it is tidied up."""
    deadline = time.monotonic() + seconds
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    return not folder.exists()


class Client(httpx.Client):
    """An account's client, which can hand in a job and wait for it."""

    def hand_in(self, files, **fields):
        answer = self.post("/api/v1/jobs", files=[("file", (name, data)) for name, data in files.items()], data=fields)
        assert answer.status_code == 202, answer.text
        return answer.json()["id"]

    def ended(self, job, seconds=90):
        deadline = time.monotonic() + seconds
        while (found := self.get(f"/api/v1/jobs/{job}").json())["state"] in ("queued", "running"):
            assert time.monotonic() < deadline, found
            time.sleep(0.1)
        return found

    def record_of(self, job):
        done = self.ended(job)
        assert done["state"] == "done", done
        data = self.get(f"/api/v1/statements/{done['result'][7:]}/files/assessment.json").content
        return from_json(data, Assessment)


def token_of(node, login, *roles):
    """Make an account, and a token with all its roles."""
    account = accounts.add(node, login=login, name=login, by="test", roles=roles)
    return tokens.make(node, account.viewer, "t", roles, 1)[1]


@pytest.fixture(scope="module", name="node")
def node_at_work(tmp_path_factory):
    made = open_node(tmp_path_factory.mktemp("node"), jurisdiction="DE", requests_per_minute=1_000_000, workers=2)
    yield made
    made.close()


@pytest.fixture(scope="module")
def url(node):
    ports, ready = [], threading.Event()
    server = make_server(node, "127.0.0.1", 0)
    thread = threading.Thread(target=serve, args=(server, lambda port: (ports.append(port), ready.set())))
    thread.start()
    assert ready.wait(20)
    try:
        with working(node):
            yield f"http://127.0.0.1:{ports[0]}"
    finally:
        server.should_exit = True
        thread.join(20)


@pytest.fixture
def as_(node, url, request):
    """Makes clients, each of an account of its own with the roles that are named."""
    clients, test = [], hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:12]

    def make(*roles):
        token = token_of(node, f"{test}-{len(clients)}", *roles)
        clients.append(Client(base_url=url, headers={"authorization": f"Bearer {token}"}, timeout=60))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def lab(as_):
    return as_("publisher")


@pytest.fixture(scope="session")
def table():
    """Makes cases of two groups, one with twice the false positives; always the same bytes."""

    def made(rows=1_200):
        chance, lines = random.Random(4), ["sex,case,predicted,outcome"]
        for number in range(rows):
            sex, outcome = "fm"[number % 2], chance.random() < 0.4
            predicted = chance.random() < (0.7 if outcome else 0.4 if sex == "m" else 0.2)
            lines.append(f"{sex},{number},{int(predicted)},{int(outcome)}")
        return "\n".join(lines).encode() + b"\n"

    return made


@pytest.fixture(scope="session")
def large(table):
    """A table that takes some seconds."""
    head, _line, rows = table(100_000).partition(b"\n")
    return head + b"\n" + rows * 12


@pytest.fixture(scope="session")
def card():
    """What the form says of the table."""
    return {
        "system.name": "Small", "system.jurisdictions": "US", "data.label.column": "outcome",
        "data.label.positive": "1", "data.prediction.column": "predicted", "data.prediction.positive.value": "1",
        "data.sensitive": "sex",
    }  # fmt: skip
