"""The pages of accounts over HTTP: first start, invitations, the own account, and who may see what."""

import html
import re
from html.parser import HTMLParser

import httpx
import pytest

from accord.node.auth import accounts, clock, sessions, tokens
from accord.node.auth.links import make_link

SENTENCE = "my hovercraft is full of eels"


@pytest.fixture
def boss(node):
    return accounts.add(node, login="boss", name="Boss", roles=["operator"], password=SENTENCE, by="command-line")


@pytest.fixture
def desk(node, client, boss):
    """The operator's browser."""
    client.cookies.set("accord_session", sessions.start(node, boss.id))
    return client


@pytest.fixture
def other(client):
    """Another browser."""
    with httpx.Client(base_url=client.base_url) as made:
        yield made


def shown_secret(page):
    return html.unescape(re.search(r'<code class="secret" dir="ltr">([^<]+)</code>', page.text)[1])


def test_the_first_account_is_made_by_a_link_that_works_once(node, client, other):
    link = make_link(node)
    page = client.get(link)
    assert page.status_code == 200
    assert "no-store" in page.headers["cache-control"]
    assert "set-cookie" not in page.headers
    answer = client.post(link, data={"login": "Ada!", "name": "", "password": "tiny-pw"})
    assert answer.status_code == 422
    for field in ("login", "name", "password"):
        assert f'id="{field}-error"' in answer.text
        assert f'href="#{field}"' in answer.text
    assert 'role="alert"' in answer.text
    assert 'value="Ada!"' in answer.text
    assert "tiny-pw" not in answer.text
    answer = client.post(link, data={"login": "Ada", "name": "Ada L", "password": SENTENCE})
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    assert "operator" in client.get("/api/v1/me").json()["roles"]
    assert client.get("/people").status_code == 200
    for browser in (client, other):
        assert browser.get(link).status_code == 404
        assert browser.post(link, data={"login": "eve", "name": "Eve", "password": SENTENCE}).status_code == 404
    assert client.get(make_link(node)).status_code == 404  # there is an operator


def test_a_link_ends_after_a_day_and_when_there_is_a_newer_one(monkeypatch, node, client):
    first, second = make_link(node), make_link(node)
    assert [client.get(link).status_code for link in (first, second)] == [404, 200]
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + 24 * 3600 + 1)
    assert client.get(second).status_code == 404


def test_two_who_use_a_link_at_once_make_one_account(node, client, other):
    from concurrent.futures import ThreadPoolExecutor

    link = make_link(node)

    def use(n):
        with httpx.Client(base_url=client.base_url, timeout=30) as browser:
            return browser.post(link, data={"login": f"user{n}", "name": "A", "password": SENTENCE}).status_code

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(use, range(4))) == [303, 404, 404, 404]
    assert len(accounts.page_of(node)) == 1


@pytest.mark.parametrize("secret", ["x", "x" * 5_000, "%00", "..%2f..%2fetc", "é"])
def test_a_link_that_nobody_made_is_not_there(client, secret):
    assert client.get(f"/welcome/{secret}").status_code == 404
    assert client.post(f"/welcome/{secret}", data={"password": SENTENCE}).status_code == 404


def test_an_operator_invites_and_the_link_sets_the_password(node, desk, other):
    page = desk.post(
        "/people", data={"login": "Eva@Office.example", "name": "Eva", "office": "Health", "role-officer": "yes"}
    )
    assert page.status_code == 200
    link = shown_secret(page)
    assert link.startswith(str(desk.base_url).rstrip("/") + "/welcome/")
    assert link not in desk.get("/people").text
    assert "invited" in desk.get("/people").text
    welcome = other.get(link)
    assert "eva@office.example" in welcome.text
    answer = other.post(link, data={"login": "boss", "password": SENTENCE})
    assert answer.status_code == 303
    me = other.get("/api/v1/me").json()
    assert (me["name"], me["office"], me["roles"]) == ("Eva", "Health", ["officer"])
    assert other.get(link).status_code == 404
    assert other.get("/people").status_code == 403
    assert other.get("/account").status_code == 200
    assert "It is made when you first sign." in other.get("/account").text


def test_mistakes_of_an_invitation_come_back_all_at_once(node, desk):
    answer = desk.post("/people", data={"login": "boss", "name": "\u202eBoss", "office": "x" * 121})
    assert answer.status_code == 422
    for field in ("login", "name", "office", "roles"):
        assert f'id="{field}-error"' in answer.text
    assert "There is an account with this login already." in answer.text
    assert "\u202e" not in answer.text
    assert len(accounts.page_of(node)) == 1
    german = desk.post("/people?lang=de", data={"login": "x y", "name": "Y", "role-reader": "yes"})
    assert german.headers["content-language"] == "de"


def test_an_operator_changes_roles_and_disables(node, desk):
    eva = accounts.add(node, login="eva", name="Eva", password=SENTENCE, by="command-line")
    path = f"/people/{eva.id}"
    assert desk.get(path).status_code == 200
    answer = desk.post(path, data={"do": "save", "name": "Eva M", "office": "Tax", "role-decider": "yes"})
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    changed = accounts.get(node, eva.id)
    assert (changed.name, changed.office, changed.roles) == ("Eva M", "Tax", {"decider"})
    assert desk.post(path, data={"do": "save", "name": "Eva", "office": ""}).status_code == 422
    secret = sessions.start(node, eva.id)
    link = shown_secret(desk.post(path, data={"do": "link"}))
    assert desk.post(path, data={"do": "disable"}).status_code == 303
    assert sessions.viewer_in(node, secret) is None
    assert desk.get(link).status_code == 404
    assert desk.post(path, data={"do": "link"}).status_code == 422
    assert desk.post(path, data={"do": "enable"}).status_code == 303
    assert not accounts.get(node, eva.id).disabled
    assert desk.post(path, data={"do": "make-me-king"}).status_code == 422
    assert desk.get(f"/people/{'0' * 32}").status_code == 404
    assert desk.post(f"/people/{'0' * 32}", data={"do": "disable"}).status_code == 404


def test_the_last_operator_stays(node, desk, boss):
    path = f"/people/{boss.id}"
    answer = desk.post(path, data={"do": "save", "name": "Boss", "office": "", "role-reader": "yes"})
    assert answer.status_code == 422
    assert "This is the only operator." in answer.text
    assert desk.post(path, data={"do": "disable"}).status_code == 422
    second = accounts.add(node, login="second", name="Second", roles=["operator"], by="command-line")
    accounts.disable(node, second.id, by="command-line")
    assert desk.post(path, data={"do": "disable"}).status_code == 422  # one who is disabled runs nothing
    accounts.enable(node, second.id, by="command-line")
    assert desk.post(path, data={"do": "disable"}).status_code == 303
    assert desk.get("/api/v1/me").status_code == 401


@pytest.mark.parametrize("role", ["", "reader", "publisher", "officer", "decider"])
def test_only_operators_see_accounts(node, client, boss, role):
    if role:
        other = accounts.add(node, login="other", name="Other", roles=[role], by="command-line")
        client.cookies.set("accord_session", sessions.start(node, other.id))
    for path in ("/people", f"/people/{boss.id}"):
        page = client.get(path, headers={"accept": "text/html"})
        assert page.status_code == (403 if role else 303)
        assert "boss" not in page.text
        before = accounts.get(node, boss.id)
        answer = client.post(path, data={"do": "disable", "login": "new", "name": "N", "role-operator": "yes"})
        assert answer.status_code == (403 if role else 401)
        assert accounts.get(node, boss.id) == before
        assert accounts.find(node, "new") is None


def test_a_program_changes_no_account(node, client, boss):
    _, secret = tokens.make(node, boss.viewer, "robot", ["operator"], 1)
    headers = {"authorization": f"Bearer {secret}"}
    assert client.post("/people", data={"login": "new"}, headers=headers).status_code == 403
    assert client.post("/account", data={"do": "make-token"}, headers=headers).status_code == 403
    assert client.get("/account", headers=headers).status_code == 403


def test_many_accounts_are_shown_page_by_page(node, desk):
    with node.store.writing() as transaction:
        transaction.many(
            "INSERT INTO accounts (id, login, name, office, roles, created) VALUES (?, ?, 'A', '', 'reader', 0)",
            [(f"id{n:04}", f"user{n:04}") for n in range(450)],
        )
    found, path = [], "/people"
    while path:
        page = desk.get(path).text
        found += re.findall(r'dir="ltr">(user\d{4})</a>', page)
        following = re.search(r'href="(/people\?after=[^"]+)"', page)
        path = following and html.unescape(following[1])
    assert found == [f"user{n:04}" for n in range(450)]


def test_a_password_is_changed_with_the_old_one_and_ends_other_sessions(node, desk, boss):
    elsewhere = sessions.start(node, boss.id)
    wrong = desk.post("/account", data={"do": "password", "old_password": "wrong", "password": "a new long sentence"})
    assert wrong.status_code == 422
    assert 'id="old_password-error"' in wrong.text
    short = desk.post("/account", data={"do": "password", "old_password": SENTENCE, "password": "short"})
    assert short.status_code == 422
    assert 'id="password-error"' in short.text
    assert sessions.viewer_in(node, elsewhere)
    data = {"do": "password", "old_password": SENTENCE, "password": "a new long sentence"}
    assert desk.post("/account", data=data).status_code == 303
    assert sessions.viewer_in(node, elsewhere) is None
    assert desk.get("/account").status_code == 200
    assert desk.post("/login", data={"login": "boss", "password": SENTENCE}).status_code == 422
    assert desk.post("/login", data={"login": "boss", "password": "a new long sentence"}).status_code == 303


def test_a_stolen_session_guesses_the_password_no_faster(desk):
    data = {"do": "password", "old_password": "guess", "password": "a new long sentence"}
    statuses = [desk.post("/account", data=data).status_code for _ in range(6)]
    assert statuses[:5] == [422] * 5
    assert statuses[5] in (422, 429)  # the first wait is a second
    assert 429 in [desk.post("/account", data=data).status_code for _ in range(3)]


def test_tokens_are_made_on_the_page_shown_once_and_revoked(node, desk, other, boss):
    page = desk.post("/account", data={"do": "make-token", "name": "ci <b>", "days": "7", "role-operator": "yes"})
    assert page.status_code == 200
    secret = shown_secret(page)
    headers = {"authorization": f"Bearer {secret}"}
    assert other.get("/api/v1/me", headers=headers).json()["roles"] == ["operator"]
    again = desk.get("/account").text
    assert secret not in again
    assert "ci &lt;b&gt;" in again
    for data in (
        {"name": "x", "days": "7"},
        {"name": "", "days": "7", "role-operator": "yes"},
        {"name": "x", "days": "-7", "role-operator": "yes"},
        {"name": "x", "days": "9" * 5_000, "role-operator": "yes"},
        {"name": "x", "days": "\u0667", "role-officer": "yes"},
    ):
        assert desk.post("/account", data={"do": "make-token", **data}).status_code == 422
    [token] = tokens.tokens_of(node, boss.id)
    assert desk.post("/account", data={"do": "revoke-token", "token": token.id}).status_code == 303
    assert other.get("/api/v1/me", headers=headers).status_code == 401
    assert desk.post("/account", data={"do": "revoke-token", "token": token.id}).status_code == 404


def test_sessions_are_listed_and_ended(node, desk, boss):
    second, third = sessions.start(node, boss.id), sessions.start(node, boss.id)
    eve = accounts.add(node, login="eve", name="Eve", by="command-line")
    hers = sessions.start(node, eve.id)
    page = desk.get("/account").text
    ids = re.findall(r'name="session" value="([0-9a-f]{16})"', page)
    assert len(ids) == 2
    assert desk.post("/account", data={"do": "end-session", "session": ids[0]}).status_code == 303
    assert sum(sessions.viewer_in(node, item) is not None for item in (second, third)) == 1
    [hers_shown] = sessions.sessions_of(node, eve.id, "")
    desk.post("/account", data={"do": "end-session", "session": hers_shown.id})
    assert desk.post("/account", data={"do": "end-others"}).status_code == 303
    assert [sessions.viewer_in(node, item) for item in (second, third)] == [None, None]
    assert sessions.viewer_in(node, hers)
    assert desk.get("/account").status_code == 200


def test_an_account_has_twenty_sessions_at_most(node, boss):
    secrets = [sessions.start(node, boss.id) for _ in range(25)]
    assert sum(sessions.viewer_in(node, secret) is not None for secret in secrets) == 20
    assert sessions.viewer_in(node, secrets[-1])


class _Outline(HTMLParser):
    """Notes what a screen reader needs: labels, ids, headings, captions; and what the policy forbids."""

    def __init__(self):
        super().__init__()
        self.ids, self.labelled, self.fields, self.headings, self.described, self.faults = [], set(), [], [], [], []
        self._label = 0

    def handle_starttag(self, tag, attributes):
        a = dict(attributes)
        self.ids += [a["id"]] if "id" in a else []
        self.described += a.get("aria-describedby", "").split()
        if tag == "label":
            self._label += 1
            self.labelled.add(a.get("for"))
        if (
            tag in ("input", "select", "textarea")
            and a.get("type") != "hidden"
            and "hidden" not in a
            and not self._label
        ):
            self.fields.append(a.get("id"))
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if (
            tag == "style"
            or "style" in a
            or any(name.startswith("on") for name in a)
            or (tag == "script" and "src" not in a)
        ):
            self.faults.append(tag)

    def handle_endtag(self, tag):
        self._label -= tag == "label"


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("path", ["/login", "/account", "/people", "person", "welcome", "invalid"])
def test_pages_are_labelled_in_order_and_without_inline_code(node, desk, boss, path, language):
    tokens.make(node, boss.viewer, "ci", ["operator"], 1)
    invited = accounts.add(node, login="eva", name="Eva", by="command-line")
    address = {"person": f"/people/{boss.id}", "welcome": make_link(node, invited.id), "invalid": "/people"}.get(
        path, path
    )
    ask = {"url": address, "params": {"lang": language}}
    page = desk.post(**ask, data={"login": "?"}) if path == "invalid" else desk.get(**ask)
    assert page.status_code in (200, 422)
    assert f'dir="{"rtl" if language == "ar" else "ltr"}"' in page.text
    outline = _Outline()
    outline.feed(page.text)
    assert len(outline.ids) == len(set(outline.ids)), outline.ids
    assert set(outline.fields) <= outline.labelled
    assert set(outline.described) <= set(outline.ids)
    assert outline.headings[0] == 1
    assert all(b - a <= 1 for a, b in zip(outline.headings, outline.headings[1:], strict=False))
    assert outline.faults == []
