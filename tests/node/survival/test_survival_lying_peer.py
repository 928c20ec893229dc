"""A peer that lies: what it serves is refused with a reason, in bounded time and memory, and what was good is kept."""

import base64
import gzip
import http.client
import json
import re
import shutil
import threading
import time
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from accord.errors import AccordError, Unavailable
from accord.node import witnessing
from accord.node.federation import fetching
from accord.node.federation import peers as peering
from accord.node.federation.following import Followers, follow
from accord.node.federation.mirroring import SplitView, mirror_path
from accord.node.federation.own_log import compare_own
from accord.node.federation.peers import ISOLATED, add, find, meet, set_state
from accord.node.hearing import hear_lines
from accord.node.intake import Batch
from accord.node.node import open_node
from accord.node.operating.auditing import check
from accord.node.witnessing import gather
from accord.records.said import Dispute, Person
from accord.store.log import cosigned_of, halted, head_of
from accord.trust.checkpoint import Checkpoint
from accord.trust.ed25519 import SigningKey
from accord.trust.saying import say
from accord.trust.statement import subject

SECONDS, MEGABYTES = 6.0, 160
ID = "sha256:" + "ab" * 32
_KEPT = "SELECT COUNT(*) FROM logged JOIN statements ON statements.seq = logged.seq WHERE origin = ?"
DEADLINE = 0.6
"""Seconds that a request may take while somebody lies: as long as a deadline is, a liar uses it up."""


class Liar:
    """Serves what the node at `url` serves, but where `lies` has another answer: a pattern of the path, and bytes that
    are sent as they are, or a function of the honest body that returns such bytes, or writes to the socket itself."""

    def __init__(self, url):
        self.honest, self.lies, self.asked, self.mistakes = url, {}, [], []
        liar = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                liar.asked.append(self.path)
                try:
                    liar.answer(self)
                except OSError:
                    pass  # whoever asked has hung up
                except Exception as error:
                    liar.mistakes.append(error)
                self.close_connection = True

            do_POST = do_GET

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, handler):
        status, body = self.fetch(handler.path)
        for pattern, lie in self.lies.items():
            if re.search(pattern, handler.path):
                data = lie(handler, body) if callable(lie) else lie
                if data is not None:
                    handler.wfile.write(data)
                return
        handler.wfile.write(whole(body, f"{status} OK"))

    def fetch(self, path):
        connection = http.client.HTTPConnection(self.honest.removeprefix("http://"))
        connection.request("GET", path)
        answer = connection.getresponse()
        status, body = answer.status, answer.read()
        connection.close()
        return status, body


def whole(body, status="200 OK", headers=""):
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


def changed(change):
    """A lie that sends the honest body, changed."""
    return lambda handler, body: whole(change(body))


def endless(handler, body):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        handler.wfile.write(b"10000\r\n" + bytes(0x10000) + b"\r\n")


def endless_without_length(handler, body):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        handler.wfile.write(bytes(65_536))


def endless_heads(handler, body):
    while True:
        handler.wfile.write(b"HTTP/1.1 100 Continue\r\nX: " + b"a" * 1_000 + b"\r\n\r\n")


def dripping(handler, body):
    for byte in whole(body):
        handler.wfile.write(bytes([byte]))
        time.sleep(0.2)


def dripping_chunks(handler, body):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        handler.wfile.write(b"1\r\nx\r\n")
        time.sleep(0.05)


def silent(handler, body):
    time.sleep(4)


CHECKPOINT, ENTRIES, PAGE = r"^/log/checkpoint", r"^/log/tile/entries/", r"^/api/v1/log/statements"
ANY_BODY = {
    "endless": endless,
    "endless, without a length": endless_without_length,
    "endless heads": endless_heads,
    "dripping": dripping,
    "dripping chunks": dripping_chunks,
    "silent": silent,
    "no answer": b"",
    "no http": b"\x00\xff\xfe" * 1_000,
    "another status": whole(b"", "500 Oops"),
    "a status that is none": b"HTTP/1.1 99999 X\r\n\r\n",
    "a redirect": whole(b"", "302 Found", "Location: http://169.254.169.254/latest/meta-data\r\n"),
    "a permanent redirect": whole(b"", "308 Moved", "Location: http://localhost:22/\r\n"),
    "a length of 10^18": b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000000000\r\n\r\nabc",
    "a negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nabc",
    "a length that is none": b"HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\nabc",
    "a chunk that is none": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
    "a negative chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nabc\r\n0\r\n\r\n",
    "a head of a million lines": b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 1_000_000 + b"\r\n",
    "a line without end": b"HTTP/1.1 200 OK\r\nA: " + b"b" * 10_000_000 + b"\r\n\r\n",
    "a bomb": lambda handler, body: whole(
        gzip.compress(bytes(200 * 10**6), 1), headers="Content-Encoding: gzip\r\n"
    ),
    "packed": lambda handler, body: whole(gzip.compress(body), headers="Content-Encoding: gzip\r\n"),
    "an empty body": whole(b""),
    "nonsense": whole(b"\x1b[2J\x00\xff" * 1_000),
    "a page": whole(b"<html><script>alert(1)</script></html>"),
    "deep nesting": whole(b"[" * 200_000),
    "deep objects": whole(b'{"a":' * 100_000),
    "cut in the middle": lambda handler, body: whole(body)[: len(whole(body)) - len(body) // 2 - 1],
}  # fmt: skip


def rows(change):
    """A lie that changes the rows of a page."""

    def lie(body):
        found = [json.loads(line) for line in body.splitlines()]
        return b"".join(json.dumps(row).encode() + b"\n" for row in change(found))

    return changed(lie)


def each(**values):
    return rows(lambda found: [{**row, **values} for row in found])


def swapped(found):
    found[0]["line"], found[1]["line"] = found[1]["line"], found[0]["line"]
    return found


def altered(found):
    envelope = json.loads(found[0]["line"])
    payload = base64.b64decode(envelope["payload"]).replace(b"it is wrong", b"it is right")
    envelope["payload"] = base64.b64encode(payload).decode()
    found[0]["line"] = json.dumps(envelope, separators=(",", ":"))
    return found


def numbered(digits):
    return changed(lambda body: re.sub(rb'"index":\d+', b'"index":' + digits, body))


def turned(body):
    return body[len(body) // 2 :] + body[: len(body) // 2]


PAGES = {
    "a line of another entry": ("not-that-entry", rows(swapped)),
    "a line that was altered": ("signature-invalid", rows(altered)),
    "a line that is none": ("malformed-json", each(line="{}")),
    "a line of control characters": ("malformed-json", each(line="\x1b[31m\x00\u202e")),
    "a line of NaN": ("malformed-json", each(line='{"payload": NaN}')),
    "a line nested deeply": ("malformed-json", each(line="[" * 300_000)),
    "one line too many": ("bad-page", rows(lambda found: [*found, {**found[-1], "index": found[-1]["index"] + 1}])),
    "no lines": ("malformed-json", whole(b"")),
    "lines of others": ("bad-page", rows(lambda found: [{**row, "index": row["index"] + 1} for row in found])),
    "lines twice": ("bad-page", rows(lambda found: [item for row in found for item in (row, row)])),
    "lines backwards": ("bad-page", rows(lambda found: found[::-1])),
    "an index that is text": ("malformed-json", each(index="1")),
    "an index that is negative": ("bad-page", each(index=-1)),
    "an index of 400 digits": (
        "bad-page",
        numbered(b"9" * 400),
    ),
    "an index of NaN": ("malformed-json", numbered(b"NaN")),
    "a million lines": ("bad-page", whole(b'{"index":0}\n' * 1_000_000)),
    "forty million line ends": ("bad-page", whole(b"\n" * (40 * 1024 * 1024 - 1))),
    "a text that never ends": (
        "malformed-json",
        whole(b'{"index":300,"disclosure":"public","line":"' + b"a" * (39 * 10**6)),
    ),
    "no text": ("malformed-json", changed(lambda body: body.replace(b'"line":"', b'"line":"\xff'))),
    "half a surrogate": ("malformed-json", changed(lambda body: body.replace(b'"line":"', b'"line":"\\ud800'))),
}
TILES = {
    "entries that are cut off": ("malformed-bundle", changed(lambda body: body[:-1])),
    "entries that were altered": ("entries-do-not-fit", changed(lambda body: body[:-70] + b"AAAA" + body[-66:])),
    "entries of length 65535": ("malformed-bundle", whole(b"\xff\xff" + b"a" * 65_535)),
    "no entries": ("no-tile", whole(b"", "404 Not Found")),
    "entries of nothing": ("entries-do-not-fit", whole(bytes(512))),
    "entries in another order": (
        "malformed-bundle",
        changed(turned),
    ),
}


@contextmanager
def bounded(most_seconds=SECONDS, megabytes=MEGABYTES):
    """Require that the block takes no longer, and no more memory than there was before."""
    place = Path("/proc/self/status")

    def memory(name):
        return int(re.search(rf"{name}:\s+(\d+)", place.read_text())[1]) / 1024

    Path("/proc/self/clear_refs").write_text("5")
    before, started = memory("VmRSS"), time.monotonic()
    yield
    seconds, grown = time.monotonic() - started, memory("VmHWM") - before
    assert seconds < most_seconds, f"{seconds:.1f} s"
    assert grown < megabytes, f"{grown:.0f} MiB more"


class World:
    """b follows a through a liar, who is honest until told otherwise. `more` lets a have more to say than b knows."""

    def __init__(self, place, url, a, b, lines):
        self.a, self.b, self.lines, self.liar = a, b, lines, Liar(url)
        self.place = place
        peer = meet(self.liar.url, private=True)
        add(b.store, peer, b.origin)
        self.origin = peer.origin
        self.more(290)
        self.sync()

    def more(self, count=3):
        give(self.a, [self.lines.pop() for _ in range(count)])

    def lie(self, at, answer):
        self.liar.lies = {at: answer}

    @property
    def peer(self):
        with self.b.store.reading() as transaction:
            return find(transaction, self.origin)

    @property
    def mirrored(self):
        with self.b.store.reading() as transaction:
            return head_of(transaction, self.origin)[0]

    def sync(self):
        return follow(self.b, self.peer, lambda peer, target: {})

    def require_refusal(self):
        """Follow while somebody lies: refused with a reason, in bounded time and memory, and what was good is kept.

        Returns the code of the refusal.
        """
        known = self.mirrored.size
        with bounded(), pytest.raises(AccordError) as refused:
            self.sync()
        assert refused.value.message
        assert refused.value.remedy
        assert self.peer.state == "following"
        assert self.mirrored.size in (known, self.a.size)
        with self.b.store.reading() as transaction:
            assert halted(transaction) == ""
            assert transaction.one(_KEPT, self.origin)[0] >= known
        assert check(self.b).faults == ()
        assert self.liar.mistakes == []
        self.require_recovery()
        return refused.value.code

    def require_recovery(self):
        """Once the peer is honest again, all comes, each once."""
        self.liar.lies = {}
        self.sync()
        assert self.mirrored == self.a.head()[0]
        with self.b.store.reading() as transaction:
            assert transaction.one(_KEPT, self.origin) == (self.a.size,)
        assert check(self.b).faults == ()


def give(node, lines):
    return node.intake.submit(Batch(hear_lines(lines))).result()


def signed_lines(count, text="it is wrong"):
    key = SigningKey.from_seed(bytes(range(32)))
    records = (Dispute(target=ID, objection=f"{text} {n}", by=Person(name="A", role="citizen")) for n in range(count))
    return [say(record, "dispute", [subject("t", ID)], signers=[key]) for record in records]


@pytest.fixture(scope="module")
def everlasting(tmp_path_factory, running):
    place = tmp_path_factory.mktemp("lied")
    with ExitStack() as stack:
        a = stack.enter_context(open_node(place / "a", name="a", requests_per_minute=10**7))
        b = stack.enter_context(open_node(place / "b", name="b"))
        made = World(place, stack.enter_context(running(a)), a, b, signed_lines(1_000))
        stack.callback(made.liar.close)
        real = fetching.fetch

        def hurried(*arguments, seconds, **rest):
            return real(*arguments, seconds=min(seconds, DEADLINE) if made.liar.lies else seconds, **rest)

        patched = stack.enter_context(pytest.MonkeyPatch.context())
        patched.setattr(peering, "fetch", hurried)
        patched.setattr(witnessing, "fetch", hurried)
        yield made


@pytest.fixture
def world(everlasting):
    everlasting.more()
    yield everlasting
    everlasting.liar.lies = {}


@pytest.mark.parametrize("lie", ANY_BODY)
@pytest.mark.parametrize("at", [CHECKPOINT, ENTRIES, PAGE], ids=["checkpoint", "entries", "page"])
def test_whatever_comes_instead_of_an_answer(world, at, lie):
    world.lie(at, ANY_BODY[lie])
    world.require_refusal()


@pytest.mark.parametrize("lie", PAGES)
def test_statements_that_are_not_those_of_the_log(world, lie):
    code, answer = PAGES[lie]
    world.lie(PAGE, answer)
    assert world.require_refusal() == code


@pytest.mark.parametrize("lie", TILES)
def test_entries_that_do_not_lead_to_what_was_signed(world, lie):
    code, answer = TILES[lie]
    world.lie(ENTRIES, answer)
    assert world.require_refusal() == code


def heads(a):
    """Checkpoints that are not the log's: name -> bytes."""
    head, note = a.head()
    text, key = note.encode().decode(), a.keys.own("log")

    def signed(by, **values):
        return Checkpoint(**{"origin": a.origin, "size": head.size, "root": head.root, **values}).sign(by).encode()

    return {
        "of another key": signed(SigningKey.generate()),
        "of another log": signed(key, origin="log.example/other"),
        "unsigned": text.partition("\n\n")[0].encode() + b"\n\n",
        "with another size": text.replace(f"\n{head.size}\n", f"\n{head.size + 1}\n").encode(),
        "of a size beyond all": signed(key, size=2**62),
        "of more than there is": signed(key, size=head.size + 1),
        "with another root": signed(key, root=bytes(32)),
        "of a negative size": text.replace(f"\n{head.size}\n", "\n-1\n").encode(),
        "with control characters": text.replace("\n", "\n\x1b[2J", 1).encode(),
        "with a megabyte of signatures": text.encode() + "— x AAAAAAAA\n".encode() * 60_000,
        "of lines only": b"a\n" * 400_000,
        "with a root that is none": text.replace("=", "", 1).encode(),
    }


@pytest.mark.parametrize("number", range(12))
def test_checkpoints_that_are_not_those_of_the_log(world, number):
    name, data = list(heads(world.a).items())[number]
    print(name)
    world.lie(CHECKPOINT, whole(data))
    world.require_refusal()


def test_a_checkpoint_of_before_takes_nothing_back(world):
    _, old = world.liar.fetch("/log/checkpoint")
    world.more()
    world.sync()
    empty = Checkpoint(world.a.origin, 0, sha256().digest()).sign(world.a.keys.own("log")).encode()
    for note in (old, empty):
        world.lie(CHECKPOINT, whole(note))
        assert world.sync() == 0
        assert world.mirrored == world.a.head()[0]


def test_who_claims_to_have_more_of_our_log_must_show_our_signature(world):
    world.sync()
    for key in (SigningKey.generate(), world.a.keys.own("log")):
        claimed = Checkpoint(world.b.origin, 10**6, bytes(32)).sign(key)
        world.lie("^" + mirror_path(world.b.origin), whole(claimed.encode()))
        assert compare_own(world.b, world.peer).state == "unreached"
    with world.b.store.reading() as transaction:
        assert halted(transaction) == ""


_WITNESS = {
    "a size beyond all": whole(b"9" * 18 + b"\n", "409 Conflict", "Content-Type: text/x.tlog.size\r\n"),
    "a size that is none": whole(b"many\n", "409 Conflict", "Content-Type: text/x.tlog.size\r\n"),
    "a size that is always another": whole(b"0\n", "409 Conflict", "Content-Type: text/x.tlog.size\r\n"),
    "signatures of nobody": whole("— nobody AAAAAAAA\n".encode()),
    "signatures of nothing": whole(b"\n" * 100),
}


@pytest.mark.parametrize("lie", [*ANY_BODY, *_WITNESS])
def test_a_witness_that_lies_is_left_out(world, lie):
    assert world.peer.witness
    world.sync()
    world.b.say(Dispute(target=ID, objection=lie, by=Person(name="A", role="citizen")), "dispute", [ID])
    world.lie("add-checkpoint", {**ANY_BODY, **_WITNESS}[lie])
    with bounded():
        assert gather(world.b) == ()
    with world.b.store.reading() as transaction:
        assert cosigned_of(transaction, world.b.origin) is None


def test_a_peer_that_always_has_news_does_not_make_us_run_in_circles(world):
    world.sync()
    world.lie("/log/growth", whole(b'{"size": 99999}'))
    world.liar.asked.clear()
    followers = Followers(world.b, lambda peer, target: {})
    try:
        time.sleep(4)
    finally:
        followers.close()
    assert 1 < sum(path.startswith("/log/checkpoint") for path in world.liar.asked) < 20


def test_nothing_is_connected_to_that_a_peer_names(world):
    trap = Liar(world.liar.honest)
    try:
        world.lie(".", whole(b"", "302 Found", f"Location: {trap.url}/log/checkpoint\r\n"))
        with pytest.raises(Unavailable, match="answers 302"):
            world.sync()
        with pytest.raises(Unavailable, match="302"):
            meet(world.liar.url, private=True)
        assert trap.asked == []
    finally:
        trap.close()


def test_a_forked_log_is_isolated_and_what_was_said_before_stays(world, running):
    known = world.mirrored.size
    fork_place = world.place / "fork"
    shutil.copytree(world.place / "a" / "keys", fork_place / "keys")
    shutil.copy(world.place / "a" / "node.toml", fork_place / "node.toml")
    honest = world.liar.honest
    with open_node(fork_place) as fork, running(fork) as url:
        give(fork, signed_lines(world.a.size + 1, "another history"))
        world.liar.honest = url
        with bounded(20), pytest.raises(SplitView):
            world.sync()
    world.liar.honest = honest
    assert world.peer.state == ISOLATED
    assert world.mirrored.size == known
    assert check(world.b).faults == ()
    with world.b.store.writing() as transaction:
        set_state(transaction, world.origin, "following", "")
