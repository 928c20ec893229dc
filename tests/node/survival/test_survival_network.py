"""A network that cuts in the middle, delays, and says things twice: federation goes on from where it was."""

import random
import select
import socket
import threading
import time
from contextlib import contextmanager, suppress

import pytest

from accord.errors import AccordError
from accord.node.federation.fetching import fetch
from accord.node.federation.following import Followers, follow
from accord.node.federation.peers import add, find, meet
from accord.node.hearing import hear_lines
from accord.node.intake import Batch
from accord.node.node import open_node
from accord.node.operating.auditing import check
from accord.store.log import head_of
from accord.trust.saying import hear


class Proxy:
    """Passes TCP on to `port`. `plan()` says for each connection: bytes of the answer before it cuts, seconds between
    pieces, and whether each piece is sent twice; None lets all pass."""

    def __init__(self, port, plan):
        self.port, self.plan, self.cuts = port, plan, 0
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self):
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(5)

    def _accept(self):
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._pass, args=(client, self.plan()), daemon=True).start()

    def _pass(self, client, planned):
        left, pause, twice = planned or (None, 0.0, False)
        with client, socket.create_connection(("127.0.0.1", self.port)) as server, suppress(OSError):
            while True:
                readable, _, _ = select.select([client, server], [], [], 30)
                if not readable:
                    return
                if client in readable:
                    data = client.recv(65_536)
                    if not data:
                        return
                    server.sendall(data)
                if server in readable:
                    data = server.recv(4_096)
                    if not data:
                        return
                    if left is not None:
                        data, left = data[:left], left - len(data)
                    time.sleep(pause)
                    client.sendall(data * (2 if twice else 1))
                    if left is not None and left <= 0:
                        self.cuts += 1
                        return


@contextmanager
def proxied(port, plan):
    proxy = Proxy(port, plan)
    try:
        yield proxy
    finally:
        proxy.close()


@pytest.fixture
def pair(tmp_path, running, objections):
    """A node with 1,500 statements, its address, and one that follows it by another address."""
    with open_node(tmp_path / "a", name="a", requests_per_minute=10**7) as a, open_node(tmp_path / "b") as b:
        lines = objections(1_500)
        a.intake.submit(Batch(hear_lines(lines))).result()
        with running(a) as url:
            yield a, url, b, lines


def follow_through(b, url, proxy):
    peer = meet(url, private=True)
    add(b.store, peer, b.origin)
    with b.store.writing() as transaction:
        transaction.run("UPDATE peers SET url = ?", proxy.url)
    return peer.origin


def sync(b, origin):
    with b.store.reading() as transaction:
        peer = find(transaction, origin)
    return follow(b, peer, lambda peer, target: {})


def require_all(a, b, lines):
    found = check(b)
    assert found.faults == ()
    mirror = next(log for log in found.logs if log.origin == a.origin)
    assert (mirror.size, mirror.elsewhere) == (a.size, 0)
    with b.store.reading() as transaction:
        assert head_of(transaction, a.origin)[0] == a.head()[0]
        rows = transaction.rows("SELECT id FROM statements ORDER BY seq")
        assert [row[0] for row in rows] == [hear(line).id for line in lines]  # each once, in the order of the log
        assert find(transaction, a.origin).state == "following"


def test_cut_anywhere_it_goes_on_without_loss_or_doubles(pair):
    a, url, b, lines = pair
    chance = random.Random(4)
    with proxied(int(url.rpartition(":")[2]), lambda: chance.choice(
        (None, None, None, (chance.randrange(1, 400), 0, False), (chance.randrange(400, 300_000), 0, False))
    )) as proxy:  # fmt: skip
        origin, failures = follow_through(b, url, proxy), 0
        while True:
            try:
                sync(b, origin)
                break
            except AccordError as error:
                assert error.code in ("peer-unreachable", "peer-cut-off")
                failures += 1
                assert failures < 200
        assert failures > 3
        assert proxy.cuts > 3
        require_all(a, b, lines)


@pytest.mark.soak
def test_the_workers_bring_it_about_by_themselves(pair):
    a, url, b, lines = pair
    chance = random.Random(5)
    with b.store.writing() as transaction:
        transaction.run("SELECT 1")
    with proxied(int(url.rpartition(":")[2]), lambda: chance.choice(
        (None, None, None, None, (chance.randrange(200_000), 0, False))
    )) as proxy:  # fmt: skip
        origin = follow_through(b, url, proxy)
        followers = Followers(b, lambda peer, target: {})
        try:
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline:
                with b.store.reading() as transaction:
                    if find(transaction, origin).asked == 1_500:
                        break
                time.sleep(0.1)
        finally:
            followers.close()
        require_all(a, b, lines)


@pytest.mark.soak
def test_what_comes_twice_or_late_is_refused_or_waited_for(pair):
    a, url, b, lines = pair
    port = int(url.rpartition(":")[2])
    with proxied(port, lambda: (None, 0.0, True)) as proxy:
        origin = follow_through(b, url, proxy)
        with pytest.raises(AccordError):
            sync(b, origin)
        with b.store.reading() as transaction:
            assert find(transaction, origin).state == "following"  # A bad network is no second history.
    with proxied(port, lambda: (None, 0.002, False)) as proxy:
        with b.store.writing() as transaction:
            transaction.run("UPDATE peers SET url = ?", proxy.url)
        assert sync(b, origin) == 1_500
    require_all(a, b, lines)


@pytest.mark.soak
def test_one_byte_at_a_time_ends_at_the_deadline(pair):
    _a, url, _b, _lines = pair

    class Dripping(Proxy):
        def _pass(self, client, planned):
            with client, socket.create_connection(("127.0.0.1", self.port)) as server, suppress(OSError):
                server.sendall(client.recv(65_536))
                for byte in iter(lambda: server.recv(1), b""):
                    client.sendall(byte)
                    time.sleep(0.1)

    proxy = Dripping(int(url.rpartition(":")[2]), lambda: None)
    try:
        for path in ("/log/checkpoint", "/log/tile/entries/000"):
            started = time.monotonic()
            with pytest.raises(AccordError, match="not done within 1 seconds"):
                fetch(proxy.url + path, private=True, most=10**6, seconds=1)
            assert time.monotonic() - started < 2
    finally:
        proxy.close()
