"""Every page of a node in Chromium, found by its route: nobody can add one that is not looked at here."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from pathlib import Path

import httpx
import pytest

from accord.node.app import make_app

from .conftest import REVIEWED, ROLES

pytestmark = pytest.mark.browser
HERE = Path(__file__).parent
STAFF, VISITOR = "staff", ""
NOTHING = "/systems/none"

NOT_PAGES = frozenset({
    "/api/openapi.json", "/badge/{name:str}", "/due.ics", "/feed.atom", "/login/oidc", "/login/oidc/back",
    "/register/template.csv", "/static/{name:str}",
})  # fmt: skip
"""What is answered with no page; a log-in elsewhere only leads away."""

SHOWN = {
    "/agreements/{digest:str}": ("/agreements/{agreement}", "/agreements/{proposed}"),
    "/assessments": ("/assessments", "/assessments?q=zebra"),
    "/assessments/{digest:str}": ("/assessments/{assessment}", "/assessments/{older}", "/assessments/{withheld}"),
    "/assessments/{digest:str}/decide": ("/assessments/{assessment}/decide",),
    "/assessments/{digest:str}/recognition": (
        "/assessments/{assessment}/recognition", "/assessments/{newer}/recognition?for=KE",
    ),
    "/assessments/{digest:str}/review": (
        "/assessments/{newer}/review", f"/assessments/{{newer}}/review?framework={REVIEWED}",
    ),
    "/bodies/{identity:str}": ("/bodies/{body}",),
    "/compare": ("/compare", "/compare?a={older}&b={newer}", "/compare?a=x&b=y"),
    "/crosswalk": ("/crosswalk", "/crosswalk?subject=eu-ai-act&other=eu-ai-act"),
    "/crosswalk/{subject:str}/{other:str}": ("/crosswalk/nist-ai-rmf/eu-ai-act",),
    "/decisions/{draft:str}": ("/decisions/{open}", "/decisions/{handed}"),
    "/drafts/{draft:str}/{step:str}": tuple(
        f"/drafts/{{draft}}/{step}"
        for step in ("what", "where", "decision", "people", "supplier", "risk", "review", "check")
    ),
    "/jobs/{job_id:str}": ("/jobs/{done}", "/jobs/{failed}"),
    "/people/{identity:str}": ("/people/{account_of_reader}",),
    "/recognition": ("/recognition", "/recognition?at=2020-01-01", "/recognition?at=soon"),
    "/register/import/{upload_id:str}": ("/register/import/{table}",),
    "/statements/{digest:str}": ("/statements/{assessment}", "/statements/{older}", "/statements/{decision}"),
    "/statements/{digest:str}/dispute": ("/statements/{assessment}/dispute",),
    "/subjects": ("/subjects", "/subjects?digest=x"),
    "/subjects/{digest:str}": ("/subjects/{subject}",),
    "/supplier/{secret:str}": ("/supplier/{supplier}",),
    "/systems": ("/systems", "/systems?q=zebra"),
    "/systems/{entry:str}": (
        "/systems/{entry}", "/systems/{not_measured}", "/systems/{withheld_entry}", NOTHING,
    ),
    "/trust-lists/{subject:str}": ("/trust-lists/{list_of_KE}",),
    "/welcome/{secret:str}": ("/welcome/{link_of_reader}",),
}  # fmt: skip
"""Addresses of the pages that have parts to fill in, or more than one state. All others are looked at as they are."""

NEVER_WRONG = frozenset({
    "/logout", "/register", "/supplier-answers/{draft:str}", "/systems/{entry:str}/edit",
})  # fmt: skip
"""Forms of buttons alone: nothing in them can be filled in wrongly."""

A_FILE = {"file": ("x.csv", b"a,b\n1,2\n")}
FAULTS = {
    "/account": (
        ("/account", {"do": "password", "old_password": "x", "password": "short"}),
        ("/account", {"do": "make-token", "name": "", "days": "0"}),
    ),
    "/agreements/new": (("/agreements/new", {"max_age_days": "x"}),),
    "/agreements/{digest:str}/accept": (("/agreements/{agreement}/accept", {}),),
    "/agreements/{digest:str}/end": (("/agreements/{agreement}/end", {}),),
    "/assess": (("/assess", {"disclosure": "none", "data.label.column": "b"}, A_FILE),),
    "/assessments/{digest:str}/decide": (("/assessments/{assessment}/decide", {"until": "2020-01-01"}),),
    "/assessments/{digest:str}/review": (
        ("/assessments/{newer}/review", {"framework": REVIEWED, "valid_until": "2020-01-01"}),
    ),
    "/assessments/{digest:str}/review/revoke": (("/assessments/{newer}/review/revoke", {"review": "{review}"}),),
    "/decisions/{draft:str}": (
        ("/decisions/{open}", {"do": "hand"}), ("/decisions/{open}", {"do": "save", "until": "2020-01-01"}),
    ),
    "/drafts/{draft:str}/{step:str}": (
        ("/drafts/{draft}/what", {"do": "next", "kind": "robot", "since": "soon"}),
        ("/drafts/{draft}/review", {"do": "next", "days": "often"}),
        ("/drafts/{draft}/check", {"do": "publish", "level": "none"}),
    ),
    "/due": (("/due", {}),),  # shows an address once
    "/jobs/{job_id:str}/cancel": (("/jobs/{done}/cancel", {}),),
    "/login": (("/login", {"login": "nobody", "password": "wrong"}),),
    "/people": (("/people", {"login": "!", "name": ""}),),
    "/people/{identity:str}": (("/people/{account_of_reader}", {"do": "save", "name": ""}),),
    "/register/import": (("/register/import", {}, {"table": ("x.csv", b"notes\nx\n")}),),
    "/register/import/{upload_id:str}": (("/register/import/{table}", {"do": "drafts"}),),
    "/statements/{digest:str}/answer": (("/statements/{waiting}/answer", {"decision": "maybe"}),),
    "/statements/{digest:str}/erase": (("/statements/{assessment}/erase", {"erase-reason": "x"}),),
    "/statements/{digest:str}/readers": (("/statements/{assessment}/readers", {"level": "none"}),),
    "/statements/{digest:str}/revoke": (("/statements/{assessment}/revoke", {"revoke-reason": ""}),),
    "/statements/{digest:str}/dispute": (("/statements/{assessment}/dispute", {"about": "all of it"}),),
    "/supplier-links/{draft:str}": (("/supplier-links/{draft}", {"days": "x"}),),
    "/supplier/{secret:str}": (("/supplier/{supplier}", {"training_flop": "much"}),),
    "/systems/{entry:str}/disclosure": (("/systems/{entry}/disclosure", {"level": "none"}),),
    "/systems/{entry:str}/reviewed": (("/systems/{entry}/reviewed", {}),),
    "/systems/{entry:str}/revoke": (("/systems/{entry}/revoke", {}),),
    "/systems/{entry:str}/status": (("/systems/{entry}/status", {"status": "robot"}),),
    "/trust-lists": (("/trust-lists", {}, {"list": ("x.jsonl", b"{}\n")}),),
    "/trust-lists/pin": (("/trust-lists/pin", {"keys": ""}),),
    "/welcome/{secret:str}": (("/welcome/{link_of_reader}", {"password": "short"}),),
}  # fmt: skip
"""Forms filled in wrongly, by where they are sent: address, fields, files."""


def routes_of(node, method: str) -> set[str]:
    """The routes of all pages that take a method."""
    return {
        route.path
        for route in make_app(node).app.routes
        for handler in getattr(route, "route_handlers", ())
        if method in handler.http_methods and ".node.pages." in handler.fn.__module__
    }


def test_every_route_is_looked_at(node) -> None:
    pages = routes_of(node, "GET")
    assert set(SHOWN) <= pages and pages >= NOT_PAGES, "a route is gone"
    unknown = {path for path in pages - NOT_PAGES if "{" in path} - set(SHOWN)
    assert not unknown, f"name an address in SHOWN for {unknown}"
    assert set(FAULTS) | NEVER_WRONG == routes_of(node, "POST"), "fill in each form wrongly in FAULTS"


def addresses(seeded) -> list[str]:
    """The address of every page, in each of its states."""
    pages = routes_of(seeded.node, "GET") - NOT_PAGES
    return [made.format_map(seeded.ids) for path in sorted(pages) for made in SHOWN.get(path, (path,))]


def shown_to(seeded, who: str) -> dict[str, str]:
    """What each page that somebody may see holds, by its address. That there is nothing is looked at once."""
    with seeded.client(who) as client:
        answers = {path: client.get(path) for path in addresses(seeded)}
    shown = {path: answer for path, answer in answers.items() if answer.status_code in (200, 422) or path == NOTHING}
    assert all(answer.headers["content-type"].startswith("text/html") for answer in shown.values())
    return {path: answer.text.partition("<main")[2] for path, answer in shown.items()}


def faults(seeded) -> list[dict]:
    """Visits that show forms as they come back."""
    made = []
    for path, data, *files in (item for items in FAULTS.values() for item in items):
        address, data = path.format_map(seeded.ids), {key: text.format_map(seeded.ids) for key, text in data.items()}
        sent = httpx.Request("POST", seeded.url + address, data=data, files=files[0] if files else None)
        body = {"type": sent.headers.get("content-type", FORM), "body": base64.b64encode(sent.read()).decode()}
        who = VISITOR if path.startswith(("/login", "/welcome", "/supplier/")) else STAFF
        made.append({"path": address, "who": who, "post": body})
    return made


FORM = "application/x-www-form-urlencoded"


def look(seeded, in_browser, folder: Path, visits: Iterable[dict], seconds: float = 600) -> list[dict]:
    """What the browser saw at each visit."""
    tasks = {"url": seeded.url, "cookie": seeded.cookie, "sessions": seeded.sessions}
    plain = {"lang": "en", "who": VISITOR, "width": 1280, "dark": False}
    (folder / "visits.json").write_text(json.dumps({**tasks, "visits": [{**plain, **one} for one in visits]}))
    return in_browser(HERE / "pages.mjs", folder / "visits.json", seconds=seconds)


def faulty(seen: list[dict], *names: str) -> str:
    """The visits in which something was found under one of these names, for reading."""
    found = [
        {"page": f"{one['path']} {one['lang']} {one['who']} {one['width']}", **{name: one[name] for name in names}}
        for one in seen
        if any(one[name] for name in names)
    ]
    return json.dumps(found, indent=1, ensure_ascii=False) if found else ""


ENGLISH, ARABIC = {"lang": "en"}, {"lang": "ar"}
LARGE, PHONE = {"width": 1280, "dark": False}, {"width": 360, "dark": True}
WALKED = ("/", "/systems", "/recognition", "/statements/{assessment}", "/drafts/{draft}/where", "/people")


def once(seeded) -> list[dict]:
    """Every page in English, large and light, as a visitor, and in Arabic, narrow and dark, as staff, who see more.

    Of what repeats on a page axe looks at the first; the keyboard walks over a few.
    """
    open_to_all, inside = shown_to(seeded, VISITOR), shown_to(seeded, STAFF)
    walked = [path.format_map(seeded.ids) for path in WALKED]
    visits = []
    for path in {**open_to_all, **inside}:
        first, second = VISITOR if path in open_to_all else STAFF, STAFF if path in inside else VISITOR
        visits.append({"path": path, "who": first, **ENGLISH, **LARGE, "thin": True, "walk": path in walked})
        visits.append({"path": path, "who": second, **ARABIC, **PHONE, "thin": True})
    return visits


def in_every_look(seeded) -> list[dict]:
    """Every page as it is for everybody: in each language, width and colour for a visitor and for staff."""
    looks = [{**language, **size, "dark": dark} for language in (ENGLISH, ARABIC) for size in (LARGE, PHONE)
             for dark in (False, True)]  # fmt: skip
    return [
        {"path": path, "who": who, **one, "walk": who in (VISITOR, STAFF) and one in (looks[0], looks[-1])}
        for who in (VISITOR, STAFF, *ROLES)
        for path in shown_to(seeded, who)
        for one in (looks if who in (VISITOR, STAFF) else looks[:1])
    ]


@pytest.fixture(scope="module", params=[once, pytest.param(in_every_look, marks=pytest.mark.soak)])
def seen(request, seeded, in_browser, tmp_path_factory) -> list[dict]:
    """What the browser saw: of every page once in each language; `make soak`, in every look for every role."""
    visits = request.param(seeded)
    for language in ("en", "ar"):
        assert {one["path"] for one in visits if one["lang"] == language} == set(addresses(seeded))
    seconds = 600 if request.param is once else 7200
    return look(seeded, in_browser, tmp_path_factory.mktemp("visits"), visits, seconds)


def test_axe_finds_nothing_on_any_page(seen) -> None:
    assert not (found := faulty(seen, "violations")), found


def test_no_page_is_wider_than_its_window(seen) -> None:
    wide = [one for one in seen if one["overflow"] > 0 or one["narrow"] > 0]
    assert not (found := faulty(wide, "overflow", "narrow")), found


def test_nothing_is_loaded_from_elsewhere_and_no_browser_complains(seeded, seen) -> None:
    for one in seen:
        own = (seeded.url + "/", "data:")
        one["elsewhere"] = [address for address in one["requests"] if not address.startswith(own)]
    assert not (found := faulty(seen, "elsewhere", "messages")), found


def test_every_page_says_what_it_is_in_its_language(seen) -> None:
    for one in seen:
        direction = "rtl" if one["lang"] == "ar" else "ltr"
        assert (one["language"], one["direction"]) == (one["lang"], direction), one["path"]
        assert one["headings"] == 1, one["path"]


def test_the_keyboard_reaches_everything_and_gets_out(seen) -> None:
    walked = [{**one, **one["steps"]} for one in seen if "steps" in one]
    assert len(walked) >= len(WALKED)
    assert not (found := faulty(walked, "faults", "missed")), found
    assert {one["first"] for one in walked} == {"#content"}, "the first stop skips to the content"


def test_forms_that_come_back_are_sound_too(seeded, in_browser, tmp_path) -> None:
    made = faults(seeded)
    looks = ({**ENGLISH, **PHONE}, {**ARABIC, **LARGE})
    sent = [{**one, **looks[number % 2], "thin": True} for number, one in enumerate(made)]
    back = look(seeded, in_browser, tmp_path, sent)
    assert not (found := faulty(back, "violations", "messages")), found
    assert not (found := faulty([one for one in back if one["overflow"] > 0 or one["narrow"] > 0], "narrow")), found
    silent = [one["path"] for one in back if one["status"] == 422 and not one["alerts"]]
    assert not silent, "a mistake is said in an alert"
    assert {one["status"] for one in back} <= {200, 400, 401, 403, 409, 422}


def test_the_browser_notices_what_it_looks_for(seeded, in_browser, tmp_path) -> None:
    spoilt = (
        '<main id="content"><h1>x</h1><h1>y</h1><img src="https://elsewhere.example/x.png"><p style="color:red">red</p>'
        f"<pre>{'wide ' * 400}</pre><input></main>"
    )
    (one,) = look(seeded, in_browser, tmp_path, [{"path": "/login", "main": spoilt, "walk": True}])
    assert {"image-alt", "label"} <= {found["id"] for found in one["violations"]}
    assert "https://elsewhere.example/x.png" in one["requests"]
    assert any("Content Security Policy" in message["text"] for message in one["messages"])
    assert one["overflow"] > 0 and one["narrow"] > 0
    assert one["headings"] == 2
