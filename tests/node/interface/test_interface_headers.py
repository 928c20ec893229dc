"""What every answer carries, whatever is answered and by whom: headers, methods, caching, cookies, rates."""

from __future__ import annotations

import gzip
import io

import httpx
import pytest

from accord.node.auth import accounts, sessions, tokens
from accord.node.guarding import HEADERS, Rates
from accord.node.node import open_node

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


@pytest.fixture(scope="module")
def place(tmp_path_factory, running):
    """A running node with a person: its address, and the person's token and cookie."""
    with open_node(tmp_path_factory.mktemp("node"), jurisdiction="DE", requests_per_minute=10**9) as node:
        account = accounts.add(node, login="olga", name="Olga", office="Transport", roles=("officer",), by="t")
        token = tokens.make(node, account.viewer, "t", {"officer"}, 3)[1]
        cookie = sessions.start(node, account.id)
        with running(node) as url:
            yield node, url, token, cookie


@pytest.fixture
def visitor(place):
    with httpx.Client(base_url=place[1]) as client:
        yield client


@pytest.fixture
def browser(place):
    node, url, _, cookie = place
    with httpx.Client(
        base_url=url, cookies={sessions.cookie_name(node): cookie}, headers={"accept": "text/html"}
    ) as client:
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
    with open_node(tmp_path / "node", jurisdiction="DE", **settings) as node, running(node) as url:
        for path in ("/", "/nothing", "/static/node.css", "/api/v1/me"):
            assert httpx.get(url + path).headers["strict-transport-security"] == "max-age=31536000"
        accounts.add(node, login="olga", name="Olga", password="a sentence of my own", by="t")
        answer = httpx.post(f"{url}/login", data={"login": "olga", "password": "a sentence of my own"})
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
        "/api/v1/log/statements", "/api/v1/statements/" + "ab" * 32,
    ],
)  # fmt: skip
def test_what_is_for_somebody_is_kept_nowhere(place, browser, path):
    _, url, token, _ = place
    for answer in (browser.get(path), httpx.get(url + path, headers={"authorization": f"Bearer {token}"})):
        assert answer.headers["cache-control"] == "private, no-store", path


@pytest.mark.parametrize("path", ["/log/checkpoint", "/static/node.css", "/feed.atom"])
def test_what_is_for_everybody_may_be_kept(visitor, path):
    assert "private" not in visitor.get(path).headers["cache-control"]


def test_head_is_get_without_its_body(visitor):
    for path in ("/", "/nothing", "/static/node.css", "/api/v1/me", "/health", "/api/openapi.json", "/log/checkpoint"):
        got, head = visitor.get(path), visitor.head(path)
        assert (head.status_code, head.content) == (got.status_code, b"")
        skip = ("date", "content-length") if path == "/health" else ("date",)
        assert {k: v for k, v in head.headers.items() if k not in skip} == {
            k: v for k, v in got.headers.items() if k not in skip
        }
    assert visitor.get("/health").status_code == 200  # The connection is still in step.


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


def test_pages_of_somebody_logged_in_are_not_compressed(place, visitor, browser):
    """What is compressed together with words of an attacker tells them by its length (BREACH): so it is not."""
    accepts = {"accept-encoding": "gzip"}
    assert visitor.get("/systems", headers=accepts).headers["content-encoding"] == "gzip"
    assert "content-encoding" not in browser.get("/systems?q=guess", headers=accepts).headers
    _, url, token, _ = place
    program = httpx.get(f"{url}/api/openapi.json", headers={**accepts, "authorization": f"Bearer {token}"})
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
    with open_node(tmp_path / "node", jurisdiction="DE", requests_per_minute=5) as node, running(node) as url:
        one, other = {"x-forwarded-for": "198.51.100.7"}, {"x-forwarded-for": "203.0.113.9"}
        statuses = [httpx.get(f"{url}/health", headers=one).status_code for _ in range(7)]
        assert statuses[:5] == [200] * 5 and 429 in statuses[5:]
        assert httpx.get(f"{url}/health", headers=other).status_code == 200  # A proxy on this machine says who asks.
        refused = httpx.get(f"{url}/health", headers=one)
        assert int(refused.headers["retry-after"]) >= 1
        assert refused.json()["status"] == 429 and set(refused.headers) >= EVERYWHERE
        # What a client says before the proxy adds to it is not believed; the /64 of IPv6 is one client.
        assert httpx.get(f"{url}/health", headers={"x-forwarded-for": "8.8.8.8, 198.51.100.7"}).status_code == 429
        network = [f"2001:db8::{n}" for n in range(1, 8)]
        assert 429 in [httpx.get(f"{url}/health", headers={"x-forwarded-for": ip}).status_code for ip in network]


def test_rates_forget_whom_they_have_not_seen_for_long():
    rates = Rates(1)
    for number in range(20_000):
        assert rates.wait(f"client {number}") == 0
    assert rates.wait("client 19999") > 0
    assert len(rates._buckets) <= 10_000
