"""Logging in over HTTP: cookies, sessions, throttling, and what an attacker on another site or machine tries."""

import json
import logging

import httpx
import pytest
from msgspec.structs import replace

from accord.node.auth import accounts, clock, sessions, throttling, tokens
from accord.node.pages.login import page_here

SENTENCE = "my hovercraft is full of eels"


@pytest.fixture
def ada(node):
    return accounts.add(
        node, login="ada", name="Ada", roles=("reader", "officer"), password=SENTENCE, by="command-line"
    )


@pytest.fixture
def later(monkeypatch):
    """Stops the clock; it goes on by the seconds that it is turned by."""
    stopped = [clock.now()]
    monkeypatch.setattr(clock, "now", lambda: stopped[0])

    def turn(seconds):
        stopped[0] += seconds

    return turn


def log_in(client, login="ada", password=SENTENCE, headers=None, **more):
    return client.post("/login", data={"login": login, "password": password, **more}, headers=headers)


def me(client):
    return client.get("/api/v1/me").status_code


def set_cookie(answer):
    name, *flags = [part.strip() for part in answer.headers["set-cookie"].split(";")]
    return name.partition("="), {flag.lower() for flag in flags}


def test_a_login_opens_a_session_and_a_logout_ends_it_on_the_server(client, ada):
    assert me(client) == 401
    answer = log_in(client)
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    assert me(client) == 200
    secret = client.cookies["accord_session"]
    page = client.get("/account")
    assert page.status_code == 200
    assert page.headers["cache-control"] == "private, no-store"
    assert client.post("/logout").headers["location"] == "/"
    assert me(client) == 401
    client.cookies.set("accord_session", secret)
    assert me(client) == 401


def test_the_cookie_cannot_be_read_by_scripts_nor_sent_from_elsewhere(client, ada):
    (name, _, secret), flags = set_cookie(log_in(client))
    assert name == "accord_session"
    assert len(secret) == 43
    assert {"httponly", "samesite=lax", "path=/"} <= flags
    assert "secure" not in flags
    assert not any(flag.startswith("domain") for flag in flags)


def test_with_https_the_cookie_is_bound_to_host_and_tls(node, client, ada):
    node.config = replace(node.config, url="https://node.example.org")
    (name, _, _), flags = set_cookie(log_in(client))
    assert name == "__Host-accord"
    assert {"secure", "httponly", "samesite=lax", "path=/"} <= flags
    assert not any(flag.startswith("domain") for flag in flags)


def test_a_session_that_somebody_planted_is_not_the_one_after_the_login(node, client, ada):
    client.cookies.set("accord_session", "planted-by-an-attacker")
    first = set_cookie(log_in(client))[0][2]
    assert first != "planted-by-an-attacker"
    second = set_cookie(log_in(client))[0][2]
    assert second != first
    assert sessions.viewer_in(node, "planted-by-an-attacker") is None
    assert sessions.viewer_in(node, first) is None  # the browser's session before this one has ended
    assert sessions.viewer_in(node, second).account == ada.id


def test_what_is_kept_opens_nothing(node, client, ada):
    secret = set_cookie(log_in(client))[0][2]
    _, shown = tokens.make(node, ada.viewer, "ci", ["reader"], 1)
    database = (node.folder / "node.sqlite").read_bytes() + (node.folder / "node.sqlite-wal").read_bytes()
    for text in (secret, shown, SENTENCE):
        assert text.encode() not in database
    with node.store.reading() as transaction:
        hashes = [row[0] for row in transaction.rows("SELECT hash FROM sessions UNION SELECT hash FROM tokens")]
    for stolen in hashes:
        client.cookies.clear()
        client.cookies.set("accord_session", stolen)
        assert me(client) == 401
        assert client.get("/api/v1/me", headers={"authorization": f"Bearer accord_{stolen}"}).status_code == 401


def test_no_page_of_another_site_can_post_here(client, ada):
    """Login CSRF too: a page elsewhere must not log a victim into the attacker's account."""
    log_in(client)
    for headers in (
        {"sec-fetch-site": "cross-site", "origin": "https://evil.example"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ):
        for path in ("/login", "/logout", "/account", "/people", "/welcome/x"):
            data = {"login": "ada", "password": SENTENCE, "do": "end-others"}
            answer = client.post(path, data=data, headers=headers)
            assert answer.status_code == 403, (path, headers)
            assert "set-cookie" not in answer.headers
    assert me(client) == 200


def test_own_pages_and_programs_can_post(client, ada):
    assert log_in(client, headers={"sec-fetch-site": "same-origin"}).status_code == 303
    assert log_in(client, headers={"origin": str(client.base_url).rstrip("/")}).status_code == 303


ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example",
    "\\\\evil.example",
    "javascript:alert(1)",
    "/a b",
    "/\x0d\x0aset-cookie: a=b",
    "/\t/evil.example",
    "evil.example",
    "",
    " //evil.example",
    "/é",
]


def test_a_login_sends_nobody_to_another_site(client, ada):
    for target in ELSEWHERE:
        assert log_in(client, next=target).headers["location"] == "/account", target
        page = client.get("/login", params={"next": target}).text
        assert 'name="next" value="/account"' in page
        assert page_here(target) == "/account"


def test_a_login_goes_on_to_the_page_that_asked_for_it(client, ada):
    asked = client.get("/account?lang=de", headers={"accept": "text/html"})
    assert (asked.status_code, asked.headers["location"]) == (303, "/login?next=%2Faccount%3Flang%3Dde")
    assert log_in(client, next="/account?lang=de").headers["location"] == "/account?lang=de"


def test_every_failure_says_the_same(node, client, ada):
    accounts.add(node, login="gone", name="Gone", password=SENTENCE, by="command-line")
    accounts.disable(node, accounts.find(node, "gone").id, by="command-line")
    accounts.add(node, login="invited", name="Invited", by="command-line")
    tried = [("ada", "wrong password"), ("nobody", SENTENCE), ("gone", SENTENCE), ("invited", SENTENCE), ("", "")]
    pages = set()
    for login, password in tried:
        answer = log_in(client, login, password)
        assert answer.status_code == 422
        assert "set-cookie" not in answer.headers
        assert password not in answer.text or not password
        pages.add(answer.text.replace(f'value="{login}"', 'value=""'))
    assert len(pages) == 1
    assert "The login or the password is wrong." in pages.pop()


def test_who_guesses_a_password_waits_ever_longer(client, ada, later):
    statuses = [log_in(client, password=f"guess number {n}").status_code for n in range(7)]
    assert statuses == [422] * 5 + [429] * 2
    refused = log_in(client)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")  # the right one, too, while it waits
    waits = []
    for _ in range(11):
        later(int(log_in(client, password="again wrong").headers["retry-after"]))
        assert log_in(client, password="again wrong").status_code == 422
        waits.append(int(log_in(client, password="again wrong").headers["retry-after"]))
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]
    later(900)
    assert log_in(client).status_code == 303
    assert log_in(client, password="wrong once more").status_code == 422  # the success has forgotten the failures
    assert log_in(client).status_code == 303


def test_unknown_logins_are_slowed_down_alike(client, ada, later):
    statuses = [log_in(client, "Nobody", f"guess number {n}").status_code for n in range(6)]
    assert statuses == [422] * 5 + [429]
    assert log_in(client, "NOBODY", "guess").status_code == 429


def test_who_tries_one_password_on_many_accounts_is_slowed_down_by_address(monkeypatch, client, ada, later):
    assert throttling.FREE["address"] == 20
    monkeypatch.setitem(throttling.FREE, "address", 3)

    def spray(n, address):
        return log_in(client, f"user-{n}", "Summer2025!", headers={"x-forwarded-for": address}).status_code

    assert [spray(n, "203.0.113.9, 198.51.100.7") for n in range(3)] == [422] * 3
    assert spray(3, "198.51.100.7") == 429
    assert spray(4, "spoofed, 198.51.100.7") == 429  # only what our own proxy added counts
    assert [spray(n, f"2001:db8::{n:x}") for n in (5, 6, 7)] == [422] * 3
    assert spray(8, "2001:db8::ffff:1") == 429  # a /64 is one address
    assert log_in(client, headers={"x-forwarded-for": "192.0.2.55"}).status_code == 303


def test_a_session_ends_when_it_is_not_used_and_ends_for_good_after_a_week(node, client, ada, later):
    log_in(client)
    for _ in range(14):
        later(sessions.IDLE - 60)
        assert me(client) == 200
    later(sessions.IDLE - 60)
    assert me(client) == 401  # seven days
    client.cookies.clear()
    log_in(client)
    later(sessions.IDLE)
    answer = client.get("/")  # an expired session is a visitor, and no error
    assert (answer.status_code, me(client)) == (200, 401)


def test_a_disabled_account_loses_everything_at_once(node, client, ada):
    log_in(client)
    _, secret = tokens.make(node, ada.viewer, "ci", ["reader"], 1)
    bearer = {"authorization": f"Bearer {secret}"}
    assert (me(client), httpx.get(f"{client.base_url}/api/v1/me", headers=bearer).status_code) == (200, 200)
    accounts.disable(node, ada.id, by="command-line")
    assert (me(client), httpx.get(f"{client.base_url}/api/v1/me", headers=bearer).status_code) == (401, 401)
    assert log_in(client).status_code == 422
    accounts.enable(node, ada.id, by="command-line")
    assert me(client) == 401  # what ended stays ended
    assert log_in(client).status_code == 303


def test_roles_change_in_the_middle_of_a_session(node, client, ada):
    log_in(client)
    accounts.change(node, ada.id, by="command-line", name="Ada", office="", roles=["publisher"])
    assert client.get("/api/v1/me").json()["roles"] == ["publisher"]


def test_a_bad_token_is_never_a_visitor_nor_the_owner_of_the_cookie(client, ada):
    log_in(client)
    for header in ("Bearer accord_wrong", "Bearer", "Bearer wrong", "Basic YWRhOmFkYQ==", "Bearer accord_\udcff"):
        raw = [(b"authorization", header.encode("utf-8", "surrogateescape"))]
        answer = client.get("/", headers=raw)
        assert answer.status_code == 401, header
        assert answer.headers["www-authenticate"] == "Bearer"


def test_logs_hold_neither_secrets_nor_queries(node, client, ada, caplog):
    caplog.set_level(logging.DEBUG)
    from accord.node.auth.links import make_link

    link = make_link(node, ada.id)
    log_in(client, next="/account?where=secret-page")
    session = client.cookies["accord_session"]
    log_in(client, password="a wrong but telling password")
    client.get("/login?next=/secret-page")
    client.get("/login/oidc/back?code=secret-code&state=secret-state")
    client.get(link)
    client.post(link, data={"password": "short"})
    made = client.post("/api/v1/tokens", json={"name": "ci", "roles": ["reader"]}).json()["secret"]
    client.get("/api/v1/me", headers={"authorization": f"Bearer {made}"})
    client.get("/api/v1/me", headers={"authorization": "Bearer accord_wrong-secret"})
    assert not logging.getLogger("uvicorn.access").propagate  # silent, but for pytest, which listens to it by force
    others = ("httpx", "httpcore", "asyncio", "uvicorn.access")
    ours = [record for record in caplog.records if not record.name.startswith(others)]
    said = "\n".join(f"{record.getMessage()} {record.exc_text} {record.args}" for record in ours)
    paths = [json.loads(r.getMessage())["path"] for r in ours if r.name == "accord.requests"]
    assert len(paths) == 9
    assert paths.count("/welcome/…") == 2
    for secret in (link, link.rpartition("/")[2], session, made, SENTENCE, "telling", "secret", "ada"):
        assert secret not in said


def test_too_large_or_odd_forms_are_refused(client, ada):
    assert client.post("/login", data={"login": "a" * 2_000_000}).status_code == 413
    assert client.post("/login", json={"login": "ada"}).status_code == 422
    assert client.post("/login", content=b"login=%ff%fe&password=%00", headers=FORM).status_code == 422
    assert client.post("/login", content=b"\xff", headers=FORM).status_code == 422
    assert client.post("/login", data={f"f{n}": "x" for n in range(3_000)}).status_code == 422
    assert log_in(client, "x" * 10_000, "y" * 10_000).status_code == 422


FORM = {"content-type": "application/x-www-form-urlencoded"}
