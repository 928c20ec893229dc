"""Clients that send slowly, without end, or never take their answer: others are served, and they are let go in time.

Run against the real server with its limits of time shortened; the limits of size are the real ones.
"""

import contextlib
import re
import selectors
import socket
import threading
import time
from pathlib import Path

import httpx
import pytest

SHORT = """
import accord.node.serving as serving
serving.GRACE_SECONDS, serving.DRAIN_SECONDS = 1.5, 1.5
"""
GRACE = 1.5


@pytest.fixture(scope="module")
def impatient(make_mother):
    return make_mother(within=f"exec({SHORT!r})")


@pytest.fixture
def served(serve, impatient):
    return serve("a", mother=impatient)


def connected(served, count=1):
    return [socket.create_connection(("127.0.0.1", served.port), 10) for _ in range(count)]


def require_served(served, most=2.0):
    started = time.monotonic()
    with httpx.Client(base_url=served.url, timeout=10) as client:
        assert client.get("/health").status_code == 200
    assert time.monotonic() - started < most


def closed_within(sockets, seconds):
    """Return how many of the sockets the server closes in time."""
    deadline, done = time.monotonic() + seconds, 0
    with selectors.DefaultSelector() as selector:
        for one in sockets:
            one.setblocking(False)
            selector.register(one, selectors.EVENT_READ)
        while selector.get_map() and time.monotonic() < deadline:
            for key, _ in selector.select(0.05):
                try:
                    data = key.fileobj.recv(65_536)
                except BlockingIOError:
                    continue
                except OSError:
                    data = b""
                if not data:
                    selector.unregister(key.fileobj)
                    done += 1
    return done


@contextlib.contextmanager
def dripping(sockets, piece, pause=0.2):
    """Send a piece on every socket, again and again, while the block lasts."""
    stop = threading.Event()

    def drip():
        while not stop.wait(pause):
            for one in sockets:
                with contextlib.suppress(OSError):
                    one.send(piece)

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        for one in sockets:
            one.close()


def soak(*values):
    return pytest.param(*values, marks=pytest.mark.soak)


@pytest.mark.parametrize(
    ("begin", "piece"),
    [
        soak(b"", b""),
        soak(b"GET / HTTP/1.1\r\n", b""),
        (b"GET / HTTP/1.1\r\n", b"X: a\r\n"),
        soak(b"GET / HTTP/1.1\r\nHost: a\r\nX-Header: ", b"a"),
        soak(b"G", b"E"),
        soak(b"POST /login HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n", b"a"),
        soak(b"POST /api/v1/statements HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
    ],
    ids=["nothing", "half a head", "headers", "one header", "a method", "a body", "chunks"],
)
def test_slow_senders_are_let_go_and_others_served_meanwhile(served, begin, piece):
    sockets = connected(served, 100)
    for one in sockets:
        one.sendall(begin)
    with dripping(sockets, piece):
        require_served(served)
        assert closed_within(sockets, GRACE + 3) == 100
    require_served(served)


@pytest.mark.soak
def test_more_connections_than_there_is_room_for_give_way_to_who_asks(served):
    before = served.memory()[0]
    sockets = []
    try:
        for _ in range(900):
            sockets += connected(served)
            sockets[-1].sendall(b"GET / HTTP/1.1\r\nHost: a\r\nX: ")
        for _ in range(10):
            require_served(served)
        assert served.memory()[0] - before < 60
    finally:
        for one in sockets:
            one.close()


@pytest.mark.soak
def test_who_is_being_answered_does_not_give_way(served):
    with httpx.Client(base_url=served.url, timeout=20) as client:
        size = client.get("/health").json()["size"]
        found = []

        def wait():
            answer = client.get(f"/api/v1/log/growth?size={size}&seconds=3")
            found.append(answer.json())

        waiting = threading.Thread(target=wait)
        waiting.start()
        time.sleep(0.3)
        sockets = connected(served, 450)
        waiting.join()
        for one in sockets:
            one.close()
    assert found == [{"size": size}]


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nX: " + b"a" * 50_000_000,
        soak(b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 5_000_000),
        soak(b"GET /" + b"a" * 50_000_000),
        soak(b"A" * 50_000_000),
        soak(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 400_000),
    ],
    ids=["a header", "headers", "an address", "no http", "requests without end"],
)
def test_huge_heads_take_no_memory(served, head):
    require_served(served)
    served.forget_most()
    before = served.memory()[0]
    one = connected(served)[0]
    one.settimeout(5)
    with one, contextlib.suppress(OSError):
        one.sendall(head)
        while one.recv(65_536):
            pass
    require_served(served)
    assert served.memory()[1] - before < 40


def test_a_body_that_nobody_asked_for_takes_no_memory(served):
    """Without an account, nothing large is read, whatever the address."""
    with httpx.Client(base_url=served.url, timeout=20) as client:
        paths = client.get("/api/openapi.json").json()["paths"]
        posts = {path for path, methods in paths.items() for method in methods if method in ("post", "put", "patch")}
    posts |= {"/login", "/account/password", "/witness/add-checkpoint", "/register", "/no/such/page"}

    def send(chunks):
        for path in sorted(posts):
            address = path.replace("{", "").replace("}", "")
            for kind in ("application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
                one = connected(served)[0]
                one.settimeout(30)
                head = f"POST {address} HTTP/1.1\r\nHost: a\r\nContent-Type: {kind}\r\n"
                head += "Transfer-Encoding: chunked\r\n\r\n"
                with one, contextlib.suppress(OSError):
                    one.sendall(head.encode())
                    for _ in range(chunks):
                        one.sendall(b"100000\r\n" + b"a" * 0x100000 + b"\r\n")
                    one.sendall(b"0\r\n\r\n")
                    one.recv(65_536)

    send(1)  # What is loaded for the first answer stays.
    served.forget_most()
    before = served.memory()[0]
    send(40)
    require_served(served)
    assert served.memory()[1] - before < 100


@pytest.mark.soak
def test_who_never_takes_an_answer_is_let_go(served, objections):
    lines = objections(2_000)
    for start in range(0, 2_000, 500):
        content = b"\n".join(lines[start : start + 500])
        httpx.post(f"{served.url}/api/v1/statements", content=content, headers=served.headers, timeout=30)
    served.forget_most()
    before = served.memory()[0]
    sockets = []
    for _ in range(40):
        one = socket.socket()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        one.connect(("127.0.0.1", served.port))
        for _ in range(10):
            one.sendall(b"GET /api/v1/log/statements HTTP/1.1\r\nHost: a\r\n\r\n")
        sockets.append(one)
    time.sleep(0.5)
    require_served(served)
    deadline = time.monotonic() + 15
    while connections(served) > 1 and time.monotonic() < deadline:
        time.sleep(0.2)
    assert connections(served) <= 1
    assert served.memory()[1] - before < 150
    for one in sockets:
        one.close()


def connections(served):
    """Return how many connections the server holds."""
    rows = Path(f"/proc/{served.pid}/net/tcp").read_text().splitlines()[1:]
    port = f":{served.port:04X}"
    return sum(bool(re.search(rf"\S+{port} \S+ 01 ", row)) for row in rows)
