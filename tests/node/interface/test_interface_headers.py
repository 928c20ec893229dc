"""What every answer carries, whatever is answered and by whom: headers, methods, caching, cookies, rates."""

from __future__ import annotations

import gzip
import io
import json
import time

import httpx
import pytest
from litestar.connection import ASGIConnection

from accord.node.auth import accounts, clock, sessions, tokens
from accord.node.auth.signed_requests import HEADER, sign_request
from accord.node.auth.throttling import address_of
from accord.node.guarding import HEADERS, Rates
from accord.node.node import open_node
from accord.trust import VerifierKey
from accord.trust.ed25519 import SigningKey
from accord.trust.encoding import b64encode
from accord.trust.note import ED25519

EVERYWHERE = {
    "content-security-policy", "x-content-type-options", "referrer-policy", "cross-origin-opener-policy",
    "cross-origin-resource-policy", "permissions-policy", "x-frame-options", "cache-control",
}  # fmt: skip
PLACES = [
    ("GET", "/"), ("GET", "/systems"), ("GET", "/nothing"), ("GET", "/api/nothing"), ("GET", "/api/openapi.json"),
    ("GET", "/static/node.css"), ("GET", "/static/nothing"), ("GET", "/health"), ("GET", "/metrics"),
    ("GET", "/api/v1/me"), ("GET", "/api/v1/systems?limit=x"), ("GET", "/log/checkpoint"), ("GET", "/systems?q=%00"),
    ("GET", "/account"), ("GET", "/feed.atom"), ("GET", "/due.ics"), ("GET", "/badge/x.svg"), ("POST", "/login"),
    ("POST", "/api/v1/disputes"), ("POST", "/systems"), ("DELETE", "/"), ("TRACE", "/"), ("PATCH", "/nothing"),
    ("HEAD", "/"), ("HEAD", "/nothing"), ("OPTIONS", "/"), ("OPTIONS", "/nothing"), ("OPTIONS", "/api/v1/tokens"),
]  # fmt: skip


PEER, PEER_KEY = "peer.example.org/log", SigningKey.from_seed(bytes([45]) * 32)


@pytest.fixture(scope="module")
def place(tmp_path_factory, running):
    """A running node with a person, and a peer: its address, and the person's token and cookie."""
    with open_node(tmp_path_factory.mktemp("node"), jurisdiction="DE", requests_per_minute=10**9) as node:
        account = accounts.add(node, login="olga", name="Olga", office="Transport", roles=("officer",), by="t")
        token = tokens.make(node, account.viewer, "t", {"officer"}, 3)[1]
        cookie = sessions.start(node, account.id)
        with node.store.writing() as transaction:
            transaction.run(
                "INSERT INTO peers (origin, url, name, jurisdiction, key, log_key, added, state)"
                " VALUES (?, 'https://peer.invalid', 'Peer', 'KE', ?, ?, '2026-01-01T00:00:00Z', 'paused')",
                PEER, b64encode(PEER_KEY.public.raw), str(VerifierKey(PEER, PEER_KEY.public, ED25519)),
            )  # fmt: skip
        with running(node) as url:
            yield node, url, token, cookie


@pytest.fixture
def visitor(place):
    with httpx.Client(base_url=place[1], timeout=30) as client:
        yield client


@pytest.fixture
def browser(place):
    node, url, _, cookie = place
    cookies = {sessions.cookie_name(node): cookie}
    with httpx.Client(base_url=url, cookies=cookies, headers={"accept": "text/html"}, timeout=30) as client:
        yield client


@pytest.mark.parametrize(("method", "path"), PLACES)
@pytest.mark.parametrize("accept", ["text/html", "*/*"])
def test_every_answer_has_them(visitor, method, path, accept):
    answer = visitor.request(method, path, headers={"accept": accept})
    assert set(answer.headers) >= EVERYWHERE
    assert answer.headers.get_list("content-security-policy") == [HEADERS[b"content-security-policy"].decode()]
    assert "server" not in answer.headers
    assert "strict-transport-security" not in answer.headers  # There is no https here.
    assert "Traceback" not in answer.text


def test_the_policy_lets_nothing_in_from_elsewhere():
    policy = HEADERS[b"content-security-policy"].decode()
    rules = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert rules["default-src"] == "'none'" and rules["base-uri"] == "'none'" and rules["frame-ancestors"] == "'none'"
    assert "unsafe" not in policy and "http" not in policy and "*" not in policy


def test_with_https_browsers_are_told_to_stay_there(tmp_path, running):
    settings = {"url": "https://node.example.org", "requests_per_minute": 10**9}
    with (
        open_node(tmp_path / "node", jurisdiction="DE", **settings) as node,
        running(node) as url,
        httpx.Client(base_url=url, timeout=30) as client,
    ):
        for path in ("/", "/nothing", "/static/node.css", "/api/v1/me"):
            assert client.get(path).headers["strict-transport-security"] == "max-age=31536000"
        accounts.add(node, login="olga", name="Olga", password="a sentence of my own", by="t")
        answer = client.post("/login", data={"login": "olga", "password": "a sentence of my own"})
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-accord=")
        assert {"secure", "httponly", "samesite=lax", "path=/"} <= {part.strip().lower() for part in cookie.split(";")}


def test_a_session_cookie_is_for_this_node_and_no_script(place, visitor):
    node = place[0]
    accounts.add(node, login="omar", name="Omar", password="a sentence of my own", by="t")
    cookie = visitor.post("/login", data={"login": "omar", "password": "a sentence of my own"}).headers["set-cookie"]
    parts = {part.strip().lower() for part in cookie.split(";")}
    assert {"httponly", "samesite=lax", "path=/"} <= parts
    assert not [part for part in parts if part.startswith("domain")]


@pytest.mark.parametrize(
    "path",
    [
        "/", "/systems", "/api/v1/me", "/api/v1/systems", "/nothing", "/api/v1/jobs", "/account",
        "/api/v1/log/statements", "/api/v1/statements/" + "ab" * 32, "/badge/" + "ab" * 32 + ".svg", "/feed.atom",
        "/due.ics", "/api/v1/statements/" + "ab" * 32 + "/envelope", "/log/checkpoint",
    ],
)  # fmt: skip
def test_what_is_for_somebody_is_kept_nowhere(place, visitor, browser, path):
    node, _, token, _ = place
    signed = sign_request(PEER_KEY, PEER, "GET", path, b"", node.origin, clock.now())
    for headers in ({"authorization": f"Bearer {token}"}, {HEADER: signed}, {HEADER: "nonsense"}):
        answer = visitor.get(path, headers=headers)
        assert answer.headers["cache-control"] == "private, no-store", headers
    assert browser.get(path).headers["cache-control"] == "private, no-store"


def test_what_depends_on_who_asks_says_so_and_all_else_may_be_kept(place, visitor, browser):
    """So that no cache between gives one what was meant for another, whatever it thinks of cache-control."""
    for path in ("/", "/systems", "/nothing", "/api/nothing", "/api/v1/systems", "/api/v1/register.csv", "/metrics"):
        answer = visitor.get(path, headers={"accept": "text/html"})
        varies = {item.strip().lower() for item in answer.headers["vary"].split(",")}
        assert answer.headers.get_list("vary") == [answer.headers["vary"]]
        assert varies >= {"cookie", "authorization", "accord-node"}, path
        assert varies >= {"accept", "accept-language"} or answer.status_code == 200
        assert answer.headers["cache-control"] == "no-cache"
    for path, seconds in (("/static/node.css", 3600), ("/feed.atom", 60), ("/due.ics", 3600), ("/badge/x.svg", 300)):
        assert visitor.get(path).headers["cache-control"] == f"public, max-age={seconds}"
    for client in (visitor, browser):  # What is the same for all is so for who is logged in.
        answer = client.get("/static/node.css", headers={"accept-encoding": "identity"})
        assert (answer.headers["cache-control"], answer.headers.get("vary")) == ("public, max-age=3600", None)
    for path in ("/feed.atom", "/due.ics", "/badge/x.svg"):
        assert "accept-language" in visitor.get(path).headers["vary"]


def test_an_answer_that_gives_a_cookie_is_kept_nowhere(visitor):
    answer = visitor.get("/?lang=de")
    assert answer.headers["set-cookie"].startswith("accord_language=de")
    assert answer.headers["cache-control"] == "private, no-store"


def test_head_is_get_without_its_body(visitor):
    for path in ("/", "/nothing", "/static/node.css", "/api/v1/me", "/health", "/api/openapi.json", "/log/checkpoint"):
        got, head = visitor.get(path), visitor.head(path)
        assert (head.status_code, head.content) == (got.status_code, b"")
        skip = ("date", "content-length") if path == "/health" else ("date",)
        assert {k: v for k, v in head.headers.items() if k not in skip} == {
            k: v for k, v in got.headers.items() if k not in skip
        }
    assert visitor.get("/health").status_code == 200  # The connection is still in step.


def test_head_is_for_whom_get_is(place, visitor):
    node, _, token, cookie = place
    for path in ("/api/v1/me", "/api/v1/jobs", "/account"):
        signed = sign_request(PEER_KEY, PEER, "HEAD", path, b"", node.origin, clock.now())
        for_get = sign_request(PEER_KEY, PEER, "GET", path, b"", node.origin, clock.now())
        for given, to_get in (
            ({"authorization": f"Bearer {token}"}, None),
            ({"cookie": f"{sessions.cookie_name(node)}={cookie}"}, None),
            ({HEADER: signed}, {HEADER: for_get}),
        ):
            head, got = visitor.head(path, headers=given), visitor.get(path, headers=to_get or given)
            assert (head.status_code, head.content) == (got.status_code, b""), (path, list(given))
            assert head.headers["cache-control"] == "private, no-store"
    assert visitor.head("/api/v1/me", headers={HEADER: for_get}).status_code == 401  # It is of another request.


def test_head_of_an_answer_without_end_ends(place, make_world_job):
    _, url, token, _ = place
    with httpx.Client(base_url=url, headers={"authorization": f"Bearer {token}"}, timeout=5) as client:
        answer = client.head(f"/api/v1/jobs/{make_world_job}/events")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert client.get("/health").status_code == 200


@pytest.fixture
def make_world_job(place):
    """The id of a job of Olga's that waits."""
    from accord.node.jobs import table
    from accord.node.jobs.asked import Asked, Uploaded

    node = place[0]
    account = accounts.find(node, "olga")
    with node.store.writing() as transaction:
        table.add(transaction, "ab" * 16, account.id, Asked(files=(Uploaded(name="a.csv", size=1),)))
    return "ab" * 16


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/health", "GET, HEAD, OPTIONS"),
        ("/api/v1/tokens", "GET, HEAD, OPTIONS, POST"),
        ("/api/v1/tokens/" + "ab" * 8, "DELETE, OPTIONS"),
        ("/api/v1/systems/x", "GET, HEAD, OPTIONS, POST"),
        ("/login", "GET, HEAD, OPTIONS, POST"),
        ("/logout", "OPTIONS, POST"),
    ],
)
def test_options_and_405_name_all_methods_of_a_path(visitor, path, methods):
    answer = visitor.options(path)
    assert (answer.status_code, answer.headers["allow"], answer.content) == (204, methods, b"")
    refused = visitor.request("PATCH", path)
    assert (refused.status_code, refused.headers["allow"]) == (405, methods)
    assert visitor.options("/nothing").status_code == 404


def test_no_other_page_can_read_an_answer(visitor):
    """There is no CORS: what is public is fetched by servers, or shown by a link."""
    for method in ("GET", "OPTIONS"):
        headers = {"origin": "https://elsewhere.example", "access-control-request-method": "POST"}
        answer = visitor.request(method, "/api/v1/systems", headers=headers)
        assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"origin": "https://elsewhere.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "same-origin"}, 422),
        ({}, 422),
    ],
)
def test_another_sites_page_changes_nothing(visitor, headers, status):
    answer = visitor.post("/api/v1/disputes", content=b"{}", headers=headers)
    assert answer.status_code == status


SITES = ("cross-site", "same-site")


@pytest.mark.parametrize("site", SITES)
def test_another_sites_page_may_lead_here_and_show_a_badge_and_no_more(place, visitor, browser, site):
    """All else it asks for in the name of who looks at it; its browser would keep the answer from it anyway."""
    for client in (visitor, browser):
        for method in ("GET", "HEAD", "OPTIONS"):
            for path in ("/", "/systems", "/login/oidc", "/api/v1/systems", "/compare?a=1&b=2", "/static/node.css"):
                for mode, target in (("no-cors", "image"), ("cors", "empty"), ("navigate", "iframe"),
                                     ("navigate", "object")):  # fmt: skip
                    headers = {"sec-fetch-site": site, "sec-fetch-mode": mode, "sec-fetch-dest": target}
                    answer = client.request(method, path, headers=headers)
                    assert answer.status_code == 403, (method, path, target)
                    assert set(answer.headers) >= EVERYWHERE
        led = {"sec-fetch-site": site, "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
        assert client.get("/systems", headers=led).status_code == 200
        shown = {"sec-fetch-site": site, "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}
        badge = client.get("/badge/x.svg", headers=shown)
        assert (badge.status_code, badge.headers["cross-origin-resource-policy"]) == (404, "cross-origin")
        own = {"sec-fetch-site": "same-origin", "sec-fetch-mode": "cors", "sec-fetch-dest": "empty"}
        assert client.get("/api/v1/systems", headers=own).status_code == 200
        typed = {"sec-fetch-site": "none", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
        assert client.get("/", headers=typed).status_code == 200


def test_pages_of_somebody_logged_in_are_not_compressed(place, visitor, browser):
    """What is compressed together with words of an attacker tells them by its length (BREACH): so it is not."""
    accepts = {"accept-encoding": "gzip"}
    assert visitor.get("/systems", headers=accepts).headers["content-encoding"] == "gzip"
    assert "content-encoding" not in browser.get("/systems?q=guess", headers=accepts).headers
    program = visitor.get("/api/openapi.json", headers={**accepts, "authorization": f"Bearer {place[2]}"})
    assert program.headers["content-encoding"] == "gzip"
    guesses = {len(browser.get(f"/systems?q={word}", headers=accepts).content) for word in ("transport", "trensport")}
    assert len(guesses) == 1


def test_a_compressed_request_is_not_unpacked(visitor):
    """Nothing here is sent compressed; so nothing can grow."""
    held = io.BytesIO()
    with gzip.GzipFile(fileobj=held, mode="wb") as packed:
        packed.write(b"0" * 1_000_000)
    answer = visitor.post("/api/v1/disputes", content=held.getvalue(), headers={"content-encoding": "gzip"})
    assert answer.status_code == 422


def test_rates_count_a_client_by_itself(tmp_path, running):
    with (
        open_node(tmp_path / "node", jurisdiction="DE", requests_per_minute=5) as node,
        running(node) as url,
        httpx.Client(base_url=url, timeout=30) as client,
    ):
        one, other = {"x-forwarded-for": "198.51.100.7"}, {"x-forwarded-for": "203.0.113.9"}
        statuses = [client.get("/health", headers=one).status_code for _ in range(7)]
        assert statuses[:5] == [200] * 5 and 429 in statuses[5:]
        assert client.get("/health", headers=other).status_code == 200  # A proxy on this machine says who asks.
        refused = client.get("/health", headers=one)
        assert int(refused.headers["retry-after"]) >= 1
        assert refused.json()["status"] == 429 and set(refused.headers) >= EVERYWHERE
        # What a client says before the proxy adds to it is not believed; the /64 of IPv6 is one client.
        assert client.get("/health", headers={"x-forwarded-for": "8.8.8.8, 198.51.100.7"}).status_code == 429
        before = [("x-forwarded-for", "8.8.4.4"), ("x-forwarded-for", "198.51.100.7")]  # Some proxies add a line.
        assert client.get("/health", headers=before).status_code == 429
        network = [f"2001:db8::{n}" for n in range(1, 8)]
        assert 429 in [client.get("/health", headers={"x-forwarded-for": ip}).status_code for ip in network]


def test_a_client_that_no_proxy_speaks_for_says_nothing_of_where_it_is():
    """Only a proxy on this machine is believed; nobody gets a share of their own by a header."""
    for peer, given, counted in (
        ("192.0.2.1", ["198.51.100.7"], "192.0.2.1"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["nonsense"], "127.0.0.1"),
        ("127.0.0.1", ["198.51.100.7, 203.0.113.9"], "203.0.113.9"),
        ("127.0.0.1", ["198.51.100.7", "203.0.113.9"], "203.0.113.9"),
        ("::1", ["2001:db8:1:2:3::4"], "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", [], "192.0.2.1"),
        ("::ffff:127.0.0.1", ["203.0.113.9"], "203.0.113.9"),
    ):
        headers = [(b"x-forwarded-for", value.encode()) for value in given]
        scope = {"type": "http", "client": (peer, 1), "headers": headers}
        assert address_of(ASGIConnection(scope)) == counted, (peer, given)


def test_the_log_of_requests_holds_no_secret_of_a_link(place, visitor, caplog):
    with caplog.at_level("INFO", "accord.requests"):
        for path in ("/welcome/SECRET", "/supplier/SECRET", "/due.ics?token=SECRET", "//supplier//SECRET",
                     "/%73upplier/SECRET", "/systems?q=SECRET"):  # fmt: skip
            visitor.get(f"{place[1]}{path}")
        deadline = time.monotonic() + 20  # A line is written once its answer is on the way.
        while len(said := [item.getMessage() for item in caplog.records if item.name == "accord.requests"]) < 6:
            assert time.monotonic() < deadline, said
            time.sleep(0.01)
    assert "SECRET" not in "".join(said)
    assert "/supplier/…" in json.loads(said[1])["path"]


def test_rates_forget_whom_they_have_not_seen_for_long():
    rates = Rates(1)
    for number in range(20_000):
        assert rates.wait(f"client {number}") == 0
    assert rates.wait("client 19999") > 0
    assert len(rates._buckets) <= 10_000
