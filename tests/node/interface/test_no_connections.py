"""Addresses that come from others are text: nobody is asked at them, nothing is read there, no page leads a browser in.

A server that listens counts who comes; a hook in the process sees every connection, name that is looked up, and file.
"""

from __future__ import annotations

import socket
import sys
import threading
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
from tests.node.interface.world import ALL_KINDS, say_kind

from accord.node.federation.contents import read_contents
from accord.node.federation.following import follow
from accord.node.federation.peers import add, find, meet
from accord.node.federation.showing import headers_of
from accord.node.node import open_node
from accord.node.workers import working
from accord.trust.saying import hear

SCHEMES = ("http://127.0.0.1:{port}/{n}", "http://169.254.169.254/latest/{n}", "file://{canary}", "ftp://127.0.0.1:{port}/{n}",
           "javascript:alert(document.domain)//{n}", "data:text/html,<script>alert({n})</script>",
           "//127.0.0.1:{port}/{n}", "https://localhost:{port}/{n}", "gopher://127.0.0.1:{port}/{n}")  # fmt: skip
PAGES = (
    "/", "/systems", "/assessments", "/portfolio", "/due", "/due.ics", "/log", "/objections", "/feed.atom", "/plans",
    "/certificates", "/recognition", "/trust-lists", "/decisions", "/crosswalk", "/people", "/jobs", "/account",
    "/api/v1/systems", "/api/v1/register.csv", "/api/v1/trust-lists", "/api/v1/recognition", "/api/v1/log/statements",
)  # fmt: skip


THEIRS = ("127.0.0.1", "169.254.169.254", "localhost", "example.org")
LEADING = (
    "href", "src", "action", "formaction", "data", "poster", "ping", "srcset", "background", "xlink:href",
)  # fmt: skip


class _Watch:
    """What the process does while it is on: a hook can't be removed, so it has a switch."""

    def __init__(self):
        self.on = False
        self.allowed: set[int] = set()
        self.canary = ""
        self.seen: list[tuple[str, object]] = []
        sys.addaudithook(self._look)

    def _look(self, event, arguments):
        if not self.on:
            return
        if event == "socket.connect":
            address = arguments[1]
            if not (isinstance(address, tuple) and address[1] in self.allowed):
                self.seen.append((event, address))
        elif event == "socket.getaddrinfo" and arguments[1] not in self.allowed:
            self.seen.append((event, arguments[:2]))
        elif event == "open" and self.canary and self.canary in str(arguments[0]):
            self.seen.append((event, arguments[0]))


_watch = _Watch()


@pytest.fixture(scope="module")
def listener():
    """A server that counts who connects: its port, and the list of who did."""
    came = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        ended = threading.Event()

        def listen():
            server.settimeout(0.1)
            while not ended.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                came.append(connection.recv(200) if connection.settimeout(1) is None else b"")
                connection.close()

        thread = threading.Thread(target=listen)
        thread.start()
        yield server.getsockname()[1], came
        ended.set()
        thread.join()


@pytest.fixture(scope="module")
def addresses(listener, tmp_path_factory):
    canary = tmp_path_factory.mktemp("elsewhere") / "canary.txt"
    canary.write_text("the words of another file\n")
    _watch.canary = str(canary)
    return [form.format(port=listener[0], canary=canary, n=number) for number, form in enumerate(SCHEMES)]


@pytest.fixture(scope="module")
def watched(open_world, listener, addresses):
    """The node with its workers, watched, once it has statements of every kind in which all texts are addresses."""
    with open_world() as world, working(world.node):
        _watch.allowed = {httpx.URL(world.url).port}
        with world.node.store.writing() as transaction:
            transaction.run("DELETE FROM peers")  # They are its operator's, and asked.
        world.statements.clear()
        _watch.seen.clear()
        _watch.on = True
        for number, word in enumerate(addresses):
            for kind in ALL_KINDS:
                # A list holds web addresses and names; of others the node takes no list.
                if kind != "trust-list" or (number == 0 and word.startswith("http")):
                    world.statements.append(say_kind(world, kind, "public", word))
        yield world
        _watch.on = False


def nobody_came(listener):
    assert not _watch.seen
    assert not listener[1]


class Links(HTMLParser):
    """The addresses in a page that a browser would go to, or could be led to."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        for name in LEADING:
            if name in given:
                self.found.append((tag, name, given[name] or "", set((given.get("rel") or "").split())))
        assert not [name for name in given if name.startswith("on")], (tag, given)
        assert tag not in ("iframe", "object", "embed", "base"), tag
        assert not (tag == "meta" and "http-equiv" in given)


def wrong_links(text):
    """Return what leads out and may not. Sources of our own texts, such as laws, are links like any other."""
    wrong = []
    for tag, name, target, rel in Links(text).found:
        inside = target.startswith(("/", "#")) and not target.startswith("//")
        outside = tag == "a" and target.startswith(("https://", "http://"))
        ours = not any(host in target for host in THEIRS)
        if not (inside or (outside and (ours or {"noreferrer", "nofollow"} <= rel))):
            wrong.append((tag, name, target))
    return wrong


def test_statements_of_every_kind_lead_nowhere(watched, listener, addresses):
    officer, led = watched.clients["operator in a browser"], set()
    for kept in watched.statements:
        page = officer.get(f"/statements/{kept.digest}")
        # Of what a statement of another standing did to its target, the statement itself stays.
        assert page.status_code == 200, (kept.kind, page.text)
        assert not wrong_links(page.text), kept.kind
    entries = [kept for kept in watched.statements if kept.kind == "registration"]
    for kept in entries:
        heard = hear(kept.line)
        page = officer.get(f"/systems/{heard.subjects[0][7:]}")
        assert page.status_code == 200
        assert not wrong_links(page.text)
        led |= {target for _tag, _name, target, _rel in Links(page.text).found if target.startswith("http")}
    assert addresses[0] in led  # What is a web address is a link: without this, the test above could not fail.
    for kind in ("agreement", "recognition", "certificate", "plan"):
        for kept in (item for item in watched.statements if item.kind == kind):
            for place in (f"/agreements/{kept.digest}", f"/subjects/{hear(kept.line).subjects[0][7:]}"):
                assert not wrong_links(officer.get(place).text)
    nobody_came(listener)


@pytest.mark.parametrize("who", ["visitor", "operator in a browser"])
def test_no_list_leads_away(watched, listener, who):
    client = watched.clients[who]
    for place in (*PAGES, f"/assessments/{watched.base.digest}", f"/statements/{watched.base.digest}",
                  f"/assessments/{watched.base.digest}/recognition"):  # fmt: skip
        answer = client.get(place, headers={"accept": "text/html"})
        assert answer.status_code < 500
        if answer.headers["content-type"].startswith("text/html"):
            assert not wrong_links(answer.text), place
    nobody_came(listener)


def test_a_search_for_an_address_shows_it_and_no_more(watched, listener, addresses):
    client = watched.clients["visitor"]
    for word in addresses:
        for place, name in (("/systems", "q"), ("/assessments", "q"), ("/compare", "a"), ("/subjects", "digest"),
                            ("/recognition", "at"), ("/login", "next"), ("/systems", "lang")):  # fmt: skip
            answer = client.get(place, params={name: word}, headers={"accept": "text/html"})
            assert not wrong_links(answer.text), (place, word)
            assert answer.headers.get("location", "/").startswith("/") and "//" not in answer.headers.get(
                "location", ""
            )
    nobody_came(listener)


def test_forms_with_addresses_lead_nowhere(watched, listener, addresses):
    visitor, officer = watched.clients["visitor"], watched.clients["officer in a browser"]
    draft = officer.post("/register").headers["location"].rpartition("/")[0]
    for word in addresses:
        form = {"objection": word, "about": word, "name": word, "role": word}
        answer = visitor.post(f"/statements/{watched.base.digest}/dispute", data=form)
        assert answer.status_code == 303 and answer.headers["location"].startswith("/statements/")
        answer = visitor.post(f"/supplier/{watched.secrets['link']}", data={"purpose": word})
        assert answer.status_code == 303
        assert not wrong_links(visitor.get(f"/supplier/{watched.secrets['link']}").text)
        what = {"name": word, "purpose": word, "url": word, "kind": "system", "status": "pilot", "do": "next"}
        answer = officer.post(f"{draft}/what", data=what)
        assert answer.status_code == (303 if word.startswith("http") else 422), (word, answer.text)
        for step in ("what", "where", "supplier", "check"):
            assert not wrong_links(officer.get(f"{draft}/{step}").text)
        answer = visitor.post("/login", data={"login": word, "password": word, "next": word})
        assert answer.headers.get("location", "/").startswith("/")
    table = "name,kind,status,purpose,url\n" + "".join(
        f'"{word}",system,pilot,"{word}","{word}"\n' for word in addresses
    )
    answer = officer.post("/register/import", files={"table": (addresses[2], table.encode())})
    assert answer.status_code == 303, answer.text
    preview = officer.get(answer.headers["location"])
    assert preview.status_code == 200 and not wrong_links(preview.text)
    nobody_came(listener)


def test_an_upload_with_addresses_leads_nowhere(watched, listener, addresses):
    """What a job's own processes do, its listening server and the canary tell; see also tests/node/jobs."""
    publisher = watched.clients["publisher"]
    card = {"system.name": addresses[0], "system.purpose": addresses[2], "system.provider": addresses[4]}
    data = b"sex,predicted,outcome,link\n" + b"".join(
        b"%s,%d,%d,%s\n" % (b"fm"[n % 2 :][:1], n % 3 // 2, n % 2, addresses[n % 3].encode()) for n in range(200)
    )
    described = f'{{"@context": "{addresses[0]}", "distribution": [{{"contentUrl": "{addresses[0]}"}}]}}'.encode()
    files = [("file", ("scores.csv", data)), ("file", ("croissant.json", described))]
    for word in addresses:
        assert publisher.post("/api/v1/jobs", files=[*files, ("file", (word, data))]).status_code == 422
    answer = publisher.post("/api/v1/jobs", files=files, data=card)
    assert answer.status_code == 202, answer.text
    place = f"/api/v1/jobs/{answer.json()['id']}"
    while (found := publisher.get(place).json())["state"] in ("queued", "running"):
        threading.Event().wait(0.2)
    assert found["state"] == "done", found
    shown = watched.clients["operator in a browser"].get(f"/assessments/{found['result'][7:]}")
    assert shown.status_code == 200 and not wrong_links(shown.text)
    assert (
        "words of another file"
        not in publisher.get(f"/api/v1/statements/{found['result'][7:]}/files/assessment.json").text
    )
    _watch.seen[:] = [item for item in _watch.seen if not isinstance(item[1], (str, bytes))]  # its own socket files
    nobody_came(listener)


def test_what_a_peer_says_leads_nowhere(watched, listener, running, tmp_path):
    """Another node follows this one and takes in all that it says: it asks this one, and nobody else."""
    with open_node(tmp_path / "other", jurisdiction="KE") as other:
        peer = meet(watched.url, private=True)
        add(other.store, peer, other.origin)

        def known():
            with other.store.reading() as transaction:
                return find(transaction, peer.origin)

        for _ in range(5):
            follow(other, known(), headers_of(other))
            read_contents(other, known(), known().asked, headers_of(other))
        with other.store.reading() as transaction:
            ids = {row[0] for row in transaction.rows("SELECT id FROM statements WHERE line IS NOT NULL")}
        assert {kept.id for kept in watched.statements if kept.kind in ("dispute", "plan")} <= ids
        with running(other) as url, httpx.Client(base_url=url, headers={"accept": "text/html"}) as visitor:
            _watch.allowed.add(httpx.URL(url).port)
            for place in ("/", "/systems", "/log", "/plans", "/certificates", "/feed.atom"):
                assert not wrong_links(visitor.get(place).text)
            for kept in watched.statements[::4]:
                if kept.id in ids:
                    assert not wrong_links(visitor.get(f"/statements/{kept.digest}").text)
    nobody_came(listener)


def test_the_watch_sees(listener, addresses):
    """That the hook and the server notice: else the tests above could not fail."""
    _watch.seen.clear()
    _watch.on = True
    with socket.create_connection(("127.0.0.1", listener[0])) as connection:
        connection.sendall(b"hello")
        threading.Event().wait(0.3)
    Path(_watch.canary).read_text()
    _watch.on = False
    assert {event for event, _ in _watch.seen} == {"socket.getaddrinfo", "socket.connect", "open"}
    assert listener[1] == [b"hello"]
