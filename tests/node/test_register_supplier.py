"""A supplier answers by a link, without an account, what the officer asked and nothing else."""

import re

import httpx
import pytest
from tests.node.page_text import text_of

from accord.node.auth import accounts, sessions


@pytest.fixture
def officer(node, running):
    with running(node) as url:
        account = accounts.add(node, login="olga", name="Olga", by="test", office="Transport", roles=["officer"])
        cookies = {sessions.cookie_name(node): sessions.start(node, account.id)}
        with httpx.Client(base_url=url, timeout=30, cookies=cookies, headers={"accept": "text/html"}) as made:
            yield made


@pytest.fixture
def visitor(officer):
    with httpx.Client(base_url=officer.base_url, timeout=30, headers={"accept": "text/html"}) as made:
        yield made


@pytest.fixture
def draft(officer):
    made = officer.post("/register").headers["location"].removesuffix("/what")
    what = {"name": "Park finder", "kind": "system", "status": "pilot", "purpose": "A secret of ours", "do": "next"}
    assert officer.post(f"{made}/what", data=what).status_code == 303
    return made


def make_link(officer, draft, **fields):
    answer = officer.post(draft.replace("/drafts/", "/supplier-links/"), data={"days": "14", **fields})
    assert answer.status_code == 200 and "no-store" in answer.headers["cache-control"]
    return re.search(r"/supplier/[\w-]{43}", answer.text)[0]


def test_what_a_supplier_says_is_marked_until_the_officer_changes_it(officer, visitor, draft):
    link = make_link(officer, draft, **{"ask-supplier": "1", "ask-languages": "1", "ask-contract_until": "1"})
    page = visitor.get(link)
    assert "Park finder" in page.text and "A secret of ours" not in page.text and 'name="oversight"' not in page.text
    assert page.headers["referrer-policy"] == "no-referrer"
    wrong = visitor.post(link, data={"contract_until": "soon", "supplier": "ACME"})
    assert wrong.status_code == 422 and 'value="ACME"' in wrong.text and 'role="alert"' in wrong.text
    sent = {"supplier": "ACME", "languages": "en, de", "oversight": "nobody", "office": "Ours", "name": "Stolen"}
    assert visitor.post(link, data=sent).status_code == 303
    assert 'value="ACME"' in visitor.get(link).text
    shown = officer.get(f"{draft}/supplier")
    assert "said by the supplier" in text_of(shown) and "Stolen" not in shown.text and "nobody" not in shown.text
    answer = officer.post(
        draft.replace("/drafts/", "/supplier-answers/"),
        data={"take-supplier": "1", "take-languages": "1", "take-name": "1"},
    )
    assert answer.status_code == 303
    assert visitor.get(link).status_code == 404  # taken: the link has ended
    officer.post(f"{draft}/where", data={"languages": "en, de, fr", "do": "next"})
    place = officer.post(f"{draft}/check", data={"do": "publish", "level": "public"}).headers["location"]
    entry = visitor.get(f"/api/v1{place.partition('?')[0]}").json()["versions"][0]["entry"]
    assert (entry["supplier"], entry["languages"], entry["supplied"]) == ("ACME", ["en", "de", "fr"], ["supplier"])
    assert entry["oversight"] == "" and entry["name"] == "Park finder"
    assert text_of(visitor.get(place)).count("said by the supplier") == 1


def test_a_link_ends_with_a_new_one_with_its_draft_and_with_time(officer, visitor, draft, node):
    first = make_link(officer, draft, **{"ask-supplier": "1"})
    second = make_link(officer, draft, **{"ask-supplier": "1"})
    assert visitor.get(first).status_code == 404 and visitor.get(second).status_code == 200
    with node.store.writing() as transaction:
        (kept,) = transaction.rows("SELECT hash, expires FROM supplier_links")
        assert second.rpartition("/")[2] not in kept[0]
        transaction.run("UPDATE supplier_links SET expires = '2020-01-01T00:00:00Z'")
    assert visitor.get(second).status_code == 404
    assert visitor.post(second, data={"supplier": "x"}).status_code == 404
    third = make_link(officer, draft, **{"ask-supplier": "1"})
    officer.post(f"{draft}/check", data={"do": "drop"})
    assert visitor.get(third).status_code == 404
    assert visitor.get("/supplier/short").status_code in (400, 404)


def test_a_link_asks_something_and_for_some_days(officer, visitor, draft):
    for fields in ({"days": "14"}, {"days": "0", "ask-supplier": "1"}, {"days": "x", "ask-supplier": "1"}):
        assert officer.post(draft.replace("/drafts/", "/supplier-links/"), data=fields).status_code == 422
    assert (
        officer.post(draft.replace("/drafts/", "/supplier-links/"), data={"days": "1", "ask-office": "1"}).status_code
        == 422
    )
    assert visitor.post(
        draft.replace("/drafts/", "/supplier-links/"), data={"days": "1", "ask-supplier": "1"}
    ).status_code in (303, 401)
    assert officer.post(draft.replace("/drafts/", "/supplier-answers/"), data={"take-supplier": "1"}).status_code == 404
    link = make_link(officer, draft, **{"ask-supplier": "1"})
    assert visitor.post(link, data={"supplier": " "}).status_code == 422
