"""The register over HTTP: the guided form, versions, offices, withholding, and what a visitor may know."""

import re

import httpx
import pytest
from tests.node.page_text import text_of

from accord.node.auth import accounts, sessions
from accord.trust.saying import hear


def login(node, url, name, roles, office=""):
    account = accounts.add(node, login=name, name=name.title(), by="test", office=office, roles=roles)
    cookies = {sessions.cookie_name(node): sessions.start(node, account.id)}
    return httpx.Client(base_url=url, timeout=30, cookies=cookies, headers={"accept": "text/html"})


@pytest.fixture
def people(node, running):
    """The running node's address, and who is logged in."""
    with running(node) as url:
        made = {
            "officer": login(node, url, "olga", ["officer"], "Transport"),
            "other": login(node, url, "otto", ["officer"], "Health"),
            "operator": login(node, url, "opal", ["operator"]),
            "reader": login(node, url, "rita", ["reader"]),
            "visitor": httpx.Client(base_url=url, timeout=30, headers={"accept": "text/html"}),
        }
        yield made
        for client in made.values():
            client.close()


def follow(answer):
    assert answer.status_code == 303, (answer.status_code, text_of(answer)[:2000])
    return answer.headers["location"]


def fill(client, draft, **steps):
    for step, fields in steps.items():
        follow(client.post(f"{draft}/{step}", data={"do": "on", **fields}))


ANSWERS = {
    "what": {
        "name": "Park finder",
        "kind": "system",
        "status": "pilot",
        "purpose": "Finds lots.",
        "since": "2025-05-01",
    },
    "where": {"sector": "public-transport", "jurisdictions": "DE", "sdgs": "11", "places": "Lille Øst"},
    "decision": {"decision": "Where to send drivers", "influence": "informs"},
    "people": {"affected": "drivers", "unknown-affected_about": "1", "complaint": "Write to us."},
}


def register(client, level="public", reason="", **changed):
    draft = follow(client.post("/register")).removesuffix("/what")
    fill(client, draft, **{**ANSWERS, **changed})
    place = follow(client.post(f"{draft}/check", data={"do": "publish", "level": level, "reason": reason}))
    return place.partition("?")[0]


def test_an_officer_registers_a_system_in_steps_and_everybody_reads_it(node, people):
    officer, visitor = people["officer"], people["visitor"]
    assert "I don't know" in text_of(officer.get(follow(officer.post("/register"))))
    entry = register(officer)
    page = visitor.get(entry)
    text = text_of(page)
    assert page.status_code == 200
    for said in (
        "Park finder",
        "Finds lots.",
        "Transport",
        "Registered, nothing measured.",
        "Write to us.",
        "not known",
    ):
        assert said in text, said
    assert "The office does not know." in text  # about how many persons
    assert text.index("Signs of prohibition") < text.index("What the office says") < text.index("How to complain")
    assert "Change it" not in text
    listed = text_of(visitor.get("/systems", params={"q": "park lille ost"}))
    assert "Park finder" in listed and "registered, nothing measured" in listed
    assert "There is no such entry." in text_of(visitor.get("/systems", params={"q": "park", "status": "retired"}))
    assert "Park finder" in text_of(
        visitor.get("/systems", params={"sdg": "11", "jurisdiction": "DE", "kind": "system"})
    )
    statement = visitor.get("/api/v1" + entry).json()["versions"][0]["statement"]
    line = visitor.get(f"/api/v1/statements/{statement[7:]}/envelope").content
    keys = [key.keyid for key in hear(line).keys]
    account = accounts.find(node, "olga")
    assert keys == [node.speaker.keyid, node.keys.load(f"person-{account.id}").keyid]


def test_questions_of_the_law_follow_from_the_answers(people):
    officer = people["officer"]
    draft = follow(officer.post("/register")).removesuffix("/what")
    fill(officer, draft, **ANSWERS)
    asked = re.findall(r'name="q-([^"]+)"', officer.get(f"{draft}/risk").text)
    assert "eu-art_5" in asked and "eu-art_5-c" not in asked
    # "I don't know" on the wide question: the narrow ones are asked instead.
    place = follow(officer.post(f"{draft}/risk", data={"do": "next", "q-eu-art_5": "unknown", "q-eu-art_2": "no"}))
    assert place == f"{draft}/risk?more=true"
    assert "eu-art_5-c" in re.findall(r'name="q-([^"]+)"', officer.get(place).text)
    follow(officer.post(f"{draft}/risk", data={"do": "on", "q-eu-art_5-c": "yes"}))
    text = text_of(officer.get(f"{draft}/check"))
    assert "yes: prohibited practice (Article 5)" in text and "every 30 days" in text
    entry = follow(officer.post(f"{draft}/check", data={"do": "publish", "level": "public"})).partition("?")[0]
    assert "sign of prohibition" in text_of(people["visitor"].get(entry))
    register(officer, what={**ANSWERS["what"], "name": "Newer, harmless"})
    found = people["visitor"].get("/api/v1/systems").json()["items"]
    assert [item["grade"] for item in found] == ["prohibited", "unknown"]


def test_mistakes_come_back_with_what_was_typed(people):
    officer = people["officer"]
    draft = follow(officer.post("/register")).removesuffix("/what")
    answer = officer.post(f"{draft}/what", data={"name": "X", "kind": "robot", "since": "31.1.2025", "do": "next"})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text and 'value="31.1.2025"' in answer.text
    assert re.search(r'id="since"[^>]*aria-describedby="since-help since-error"', answer.text)
    assert "2 answers have to be corrected" in text_of(answer)
    answer = officer.post(f"{draft}/check", data={"do": "publish", "level": "none"})
    assert answer.status_code == 422 and "How far is it?" in text_of(answer)
    fill(officer, draft, **ANSWERS)
    answer = officer.post(f"{draft}/check", data={"do": "publish", "level": "none", "reason": " "})
    assert answer.status_code == 422 and "has a reason" in text_of(answer)
    assert officer.post(f"{draft}/nothing", data={"do": "next"}).status_code == 404


def test_a_change_is_a_version_and_two_at_once_conflict(people):
    officer = people["officer"]
    entry = register(officer)
    one = follow(officer.post(f"{entry}/edit")).removesuffix("/what")
    two = follow(officer.post(f"{entry}/edit")).removesuffix("/what")
    fill(officer, one, what={**ANSWERS["what"], "purpose": "Finds lots and books them."})
    follow(officer.post(f"{one}/check", data={"do": "publish", "level": "public", "change": "It books now."}))
    late = officer.post(f"{two}/check", data={"do": "publish", "level": "public"})
    assert late.status_code == 422 and "changed since" in text_of(late)
    current = officer.get("/api/v1" + entry).json()["versions"][0]["statement"]
    follow(officer.post(f"{entry}/status", data={"status": "retired", "change": "Over.", "replaces": current}))
    stale = officer.post(f"{entry}/status", data={"status": "paused", "replaces": current})
    assert stale.status_code == 409 and "changed since" in text_of(stale)
    text = text_of(people["visitor"].get(entry))
    for said in (
        "Version 3",
        "How far is it?: pilot → retired",
        "Finds lots. → Finds lots and books them.",
        "It books now.",
    ):
        assert said in text, said
    assert "No review is planned." in text


def test_an_office_keeps_its_own_entries_the_operator_all(people):
    entry = register(people["officer"])
    draft = follow(people["officer"].post("/register"))
    current = people["visitor"].get("/api/v1" + entry).json()["versions"][0]["statement"]
    for path, data in (
        ("edit", {}),
        ("status", {"status": "paused", "replaces": current}),
        ("revoke", {"reason": "x"}),
    ):
        assert people["other"].post(f"{entry}/{path}", data=data).status_code == 403
        assert people["reader"].post(f"{entry}/{path}", data=data).status_code == 403
        assert people["visitor"].post(f"{entry}/{path}", data=data).status_code == 401
    assert people["other"].get(draft).status_code == 404
    assert follow(people["visitor"].get(draft)).startswith("/login")
    assert people["reader"].get("/register").status_code == 403
    assert "Keep this entry" not in text_of(people["other"].get(entry))
    # An officer can't take an entry, or make one, in another office's name.
    other = follow(people["other"].post("/register")).removesuffix("/what")
    fill(people["other"], other, **{**ANSWERS, "where": {**ANSWERS["where"], "office": "Transport"}})
    place = follow(people["other"].post(f"{other}/check", data={"do": "publish", "level": "public"})).partition("?")[0]
    assert people["visitor"].get("/api/v1" + place).json()["versions"][0]["entry"]["office"] == "Health"
    follow(people["operator"].post(f"{entry}/status", data={"status": "paused", "change": "", "replaces": current}))
    assert "paused" in text_of(people["visitor"].get(entry))


SECRET = "Zzyzx"
ROUTES = (
    "/systems", f"/systems?q={SECRET}", "/systems?status=pilot", "/portfolio", "/due", "/due.ics", "/api/v1/systems",
    f"/api/v1/systems?q={SECRET}", "/api/v1/register.csv", "/api/v1/register.json", "/", "/register",
)  # fmt: skip


@pytest.mark.parametrize("how", ["published so", "withheld later", "community", "a later version"])
def test_what_is_withheld_shows_nowhere(people, how):
    officer = people["officer"]
    what = {"what": {**ANSWERS["what"], "name": f"{SECRET} finder"}, "where": {**ANSWERS["where"], "sector": SECRET}}
    if how in ("published so", "community"):
        level = "none" if how == "published so" else "community"
        entry = register(officer, level, "a tender is open", **what)
    elif how == "withheld later":
        entry = register(officer, **what)
        follow(officer.post(f"{entry}/disclosure", data={"level": "none", "reason": "a tender is open"}))
    else:
        entry = register(officer, what=what["what"])
        draft = follow(officer.post(f"{entry}/edit")).removesuffix("/what")
        fill(officer, draft, where=what["where"])
        follow(officer.post(f"{draft}/check", data={"do": "publish", "level": "none", "reason": "a tender is open"}))
    found = officer.get("/api/v1" + entry).json()
    addresses = [entry, "/api/v1" + entry, "/systems/" + found["about"][7:]]
    addresses += [f"/api/v1/statements/{version['statement'][7:]}/envelope" for version in found["versions"]]
    for who in ("visitor", "reader") if how != "community" else ("visitor",):
        for route in (*ROUTES, *addresses):
            answer = people[who].get(route)
            echoed = answer.text.replace(f'value="{SECRET}"', "").replace(f"q={SECRET}", "")
            assert SECRET.lower() not in echoed.lower(), (who, route)
        assert all(people[who].get(address).status_code == 404 for address in addresses)
        assert re.search(r"pilot\s+0\b", text_of(people[who].get("/systems")))
    assert SECRET in text_of(officer.get(entry)) and "a tender is open" in text_of(officer.get(entry))
    follow(officer.post(f"{entry}/disclosure", data={"level": "public", "reason": "the tender is over"}))
    assert SECRET in text_of(people["visitor"].get(entry))


def test_a_new_version_of_what_is_withheld_stays_withheld(people):
    entry = register(people["officer"], "none", "a tender")
    current = people["officer"].get("/api/v1" + entry).json()["versions"][0]["statement"]
    follow(people["officer"].post(f"{entry}/reviewed", data={"change": "Looked.", "replaces": current}))
    assert people["visitor"].get(entry).status_code == 404
    assert "Last reviewed on" in text_of(people["officer"].get(entry))


def test_a_revoked_version_says_so(people):
    entry = register(people["officer"])
    assert people["officer"].post(f"{entry}/revoke", data={"reason": " "}).status_code == 400
    follow(people["officer"].post(f"{entry}/revoke", data={"reason": "The purpose was wrong."}))
    assert "The purpose was wrong." in text_of(people["visitor"].get(entry))
    assert people["visitor"].get("/api/v1/systems").json()["items"][0]["revoked"] is True


def test_programs_register_and_change_entries(people):
    officer, body = (
        people["officer"],
        {"values": {"name": "=cmd|x", "kind": "model", "status": "planned", "office": "Transport"}},
    )
    made = officer.post("/api/v1/systems", json=body)
    assert made.status_code == 201, made.text
    address = f"/api/v1/systems/{made.json()['entry']}"
    assert officer.post(address, json=body).status_code == 409
    body["replaces"], body["values"]["status"] = made.json()["statement"], "in_use"
    assert officer.post(address, json=body).status_code == 201
    assert [v["entry"]["status"] for v in officer.get(address).json()["versions"]] == ["in_use", "planned"]
    table = people["visitor"].get("/api/v1/register.csv").content.decode("utf-8-sig")
    assert '"\'=cmd|x"' in table and table.count("\r\n") == 2
    assert people["visitor"].get("/api/v1/register.json").json()[0]["name"] == "=cmd|x"
    for wrong, status in (
        ({"values": {"name": "x"}}, 403), ({"values": {"names": "x"}}, 422), ({"values": {}, "level": "named"}, 422),
        ({"values": {**body["values"], "since": "x", "url": "y"}}, 422), ({**body, "answers": {"a b": True}}, 409),
        ({"values": body["values"], "answers": {"a b": True}}, 422), ({}, 400),
        ({"values": body["values"], "level": "none"}, 422),
    ):  # fmt: skip
        path = address if wrong.get("replaces") else "/api/v1/systems"
        assert officer.post(path, json=wrong).status_code == status, wrong
    assert people["visitor"].post("/api/v1/systems", json=body).status_code == 401
    assert people["reader"].post("/api/v1/systems", json=body).status_code == 403


def test_the_pages_speak_arabic_and_hold_no_script_or_style(people):
    entry = register(people["officer"], what={**ANSWERS["what"], "name": "<script>alert(1)</script>\u202e"})
    for route in (entry, "/systems", "/due", "/portfolio"):
        answer = people["visitor"].get(route, params={"lang": "ar"})
        assert 'dir="rtl"' in answer.text and "<script>" not in answer.text and "\u202e" not in answer.text
        assert not re.search(r"\sstyle=|\son[a-z]+=|<style", answer.text)


def test_strange_addresses_are_not_found(people):
    for name in ("0" * 16, "x", "0" * 64, "urn:uuid:00000000-0000-0000-0000-000000000000", "%00", "'--"):
        assert people["visitor"].get(f"/systems/{name}").status_code == 404, name
    for query in ("after=9.9", "after=0.99999999999999999999", "after=x", "grade=9", "sdg=x", "q=%3Cb", "status=%27"):
        assert people["visitor"].get(f"/systems?{query}").status_code == 200, query
    for query in ("q=%00", "q=%ff"):
        assert people["visitor"].get(f"/systems?{query}").status_code == 400, query
