"""kill -9 at random moments, under load: what was acknowledged is there, and the log only ever grew."""

import os
import random
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import httpx
import pytest

from accord.node.federation.peers import add, meet
from accord.node.node import open_node
from accord.node.operating.auditing import check
from accord.store.log import head_of
from accord.trust.checkpoint import parse_checkpoint
from accord.trust.note import parse_note, verify_note
from accord.trust.proof import parse_proof, verify_proof
from accord.trust.saying import hear
from accord.trust.tiles import WIDTH, decode_bundle, tile_path
from accord.trust.tree import leaf_hash, root_hash

SENDERS = 4
_DOUBLES = "SELECT seq FROM logged WHERE origin = ? GROUP BY seq HAVING COUNT(*) > 1"


class Witness:
    """Somebody outside: what it was told, and every checkpoint it ever saw."""

    def __init__(self, served, lines):
        self.served = served
        heard = {line: hear(line) for line in lines}
        self.ids = {line: item.id for line, item in heard.items()}
        self.leaf = {line: leaf_hash(item.entry) for line, item in heard.items()}
        self.told = {}  # line -> index
        self.heads = {}  # size -> root
        self.checked = set()
        self.leaves = []
        self.resent = 0
        self._lock = threading.Lock()

    def send(self, client, lines):
        answer = client.post("/api/v1/statements", content=b"\n".join(lines), headers=self.served.headers)
        if answer.status_code != 200:
            return
        with self._lock:
            for line, said in zip(lines, answer.json()["lines"], strict=True):
                self.resent += said["known"]
                assert said["id"] == self.ids[line]
                assert self.told.setdefault(line, said["index"]) == said["index"]

    def look(self, client):
        note = parse_note(client.get("/log/checkpoint").content)
        verify_note(note, [self.served.log_key])
        head = parse_checkpoint(note)
        with self._lock:
            assert self.heads.setdefault(head.size, head.root) == head.root, "two roots of one size"
        return head

    def compare(self, client):
        """Read the entries that are new, and compare all that was told and seen until now; return the head."""
        with self._lock:
            told, heads = dict(self.told), dict(self.heads)
        head = self.look(client)
        while len(self.leaves) < head.size:
            index, skip = divmod(len(self.leaves), WIDTH)
            width = min(WIDTH, head.size - index * WIDTH)
            data = client.get(f"/log/{tile_path('entries', index, width)}").content
            self.leaves += [leaf_hash(entry) for entry in decode_bundle(data, width)[skip:]]
        assert root_hash(self.leaves) == head.root
        for size in heads.keys() - self.checked:
            assert size <= head.size, "a checkpoint was signed for entries that are gone"
            assert root_hash(self.leaves[:size]) == heads[size]
            self.checked.add(size)
        for line, index in told.items():
            assert self.leaf[line] == self.leaves[index]
        return head

    def prove(self, client, line):
        digest = self.ids[line].removeprefix("sha256:")
        assert client.get(f"/api/v1/statements/{digest}/envelope").content == line
        proof = parse_proof(client.get(f"/api/v1/statements/{digest}/proof").content)
        assert proof.index == self.told[line]
        verify_proof(proof, self.leaf[line], self.served.log_key)


@contextmanager
def load(witness, batches):
    """Send batches with several senders, and watch the log, while the block lasts, whoever serves or is gone."""
    stop = threading.Event()

    def sending():
        with httpx.Client(base_url=witness.served.url, timeout=10) as client:
            while batches and not stop.is_set():
                lines = batches.pop()
                try:
                    witness.send(client, lines)
                except httpx.HTTPError:
                    batches.append(lines)  # Whoever got no answer sends again: it may be known already.
                    time.sleep(0.005)

    def watching():
        with httpx.Client(base_url=witness.served.url, timeout=10) as client:
            while not stop.wait(0.005):
                with suppress(httpx.HTTPError):
                    witness.look(client)

    with ThreadPoolExecutor(SENDERS + 1) as pool:
        waiting = [pool.submit(watching), *(pool.submit(sending) for _ in range(SENDERS))]
        try:
            yield
        finally:
            stop.set()
    for future in waiting:
        future.result()


def survive(serve, objections, kills, longest, seed):
    """Kill a node and one that follows it `kills` times; return what was counted."""
    chance = random.Random(seed)
    served, follower = serve("a"), serve("b")
    lines = objections(kills * 150)
    witness = Witness(served, lines)
    peer = meet(served.url, private=True)
    with open_node(follower.folder) as b:
        add(b.store, peer, b.origin)
    batches = []
    while lines:
        batches.append([lines.pop() for _ in range(min(chance.choice((1, 1, 2, 5, 10, 16)), len(lines)))])
    with httpx.Client(base_url=served.url, timeout=30) as client:
        with load(witness, batches):
            for number in range(kills):
                time.sleep(chance.uniform(0.005, longest))
                served.kill()
                if number % 4 == 0:
                    follower.kill()
                    follower.start()
                served.start()
                witness.compare(client)
        head = witness.compare(client)
        for line in chance.sample(sorted(witness.told), min(100, len(witness.told))):
            witness.prove(client, line)
    follower.stop()
    follower.start()
    caught_up(follower, served.origin, head)
    hidden = 0
    for one in (served, follower):
        one.kill()
        with open_node(one.folder) as node:
            found = check(node)
            assert found.faults == ()
            mirror = next(log for log in found.logs if log.origin == served.origin)
            assert (mirror.size, mirror.elsewhere) == (head.size, hidden)
            with node.store.reading() as transaction:
                assert transaction.rows(_DOUBLES, served.origin) == []
                (hidden,) = transaction.one("SELECT COUNT(*) FROM statements WHERE disclosure <> 'public'")
    return {
        "kills": kills,
        "acknowledged": len(witness.told),
        "checkpoints seen": len(witness.heads),
        "entries": head.size,
        "committed, but cut off before the answer": witness.resent,
    }


def caught_up(follower, origin, head, seconds=30.0):
    deadline = time.monotonic() + seconds
    with open_node(follower.folder) as b:
        while time.monotonic() < deadline:
            with b.store.reading() as transaction:
                found = head_of(transaction, origin)
                row = transaction.one("SELECT asked FROM peers WHERE origin = ?", origin)
            if found and found[0] == head and row[0] == head.size:
                return
            time.sleep(0.05)
    raise AssertionError(f"{found} {row} {head}")


def test_nothing_acknowledged_is_lost_by_ten_kills(serve, objections):
    counted = survive(serve, objections, 10, 0.25, seed=4)
    assert counted["acknowledged"] > 50


@pytest.mark.soak
def test_nothing_acknowledged_is_lost_by_five_hundred_kills(serve, objections):
    counted = survive(serve, objections, 500, 0.4, seed=44)
    print(counted)
    assert counted["acknowledged"] > 5_000


def test_a_node_that_is_killed_leaves_no_process_behind(serve, objections):
    served = serve("a")
    lines = objections(300)
    answer = httpx.post(
        f"{served.url}/api/v1/statements", content=b"\n".join(lines), headers=served.headers, timeout=30
    )
    assert answer.json()["accepted"] == 300
    group = served.pid

    def left():
        listed = subprocess.run(["ps", "-eww", "-o", "pid,sid"], capture_output=True, text=True, check=True).stdout
        return [row.split()[0] for row in listed.splitlines()[1:] if row.split()[1] == str(group)]

    assert len(left()) > 2  # the pool that heard them
    served.kill()
    deadline = time.monotonic() + 10
    while left() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left() == []


def test_a_helper_that_dies_is_replaced(serve, objections):
    served = serve("a")
    lines = objections(600)

    def send(some):
        content = b"\n".join(some)
        return httpx.post(f"{served.url}/api/v1/statements", content=content, headers=served.headers, timeout=30)

    assert send(lines[:300]).json()["accepted"] == 300
    listed = subprocess.run(["ps", "-eww", "-o", "pid,sid,args"], capture_output=True, text=True, check=True).stdout
    helpers = [
        int(row.split()[0]) for row in listed.splitlines()[1:] if row.split()[1] == str(served.pid) and "fork" in row
    ]
    os.kill(max(helpers), 9)
    assert send(lines[300:]).json()["accepted"] == 300


def test_the_command_itself_is_killed_while_it_starts(tmp_path):
    """`accord serve` as people start it, killed at any moment of its first seconds: keys, settings, empty log."""
    from accord.node.config import read_config
    from accord.node.node import Node

    folder, chance = tmp_path / "node", random.Random(4)
    command = [sys.executable, "-m", "accord", "serve", "--folder", str(folder), "--port", "0", "--quiet"]
    for _ in range(4):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.3, 1.6))
        process.kill()
        process.wait()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline().startswith("Node ")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    config = read_config(folder)
    with Node(folder, config) as node:
        assert check(node).faults == ()


def test_a_node_that_is_asked_to_stop_ends_well(tmp_path):
    """SIGTERM: what waits is written, workers end, the exit is clean."""
    folder = tmp_path / "node"
    command = [sys.executable, "-m", "accord", "serve", "--folder", str(folder), "--port", "0", "--quiet"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline().startswith("Node ")
    process.terminate()
    _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")
    assert not list(folder.glob("*-wal"))  # The store was closed.
