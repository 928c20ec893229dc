"""The pages of jobs as a browser without JavaScript gets them: form, mistakes at their fields, progress, result."""

from __future__ import annotations

import hashlib
import re
import time
from html.parser import HTMLParser

import httpx
import pytest

from accord.node.auth import accounts, sessions


class Page(HTMLParser):
    """What of a page a test asks for: ids, fields with their labels, references, headings, text."""

    VOID = frozenset(("br", "hr", "img", "input", "link", "meta"))

    def __init__(self, text):
        super().__init__()
        self.ids, self.labels, self.described, self.fields, self.headings = [], set(), [], [], []
        self.open, self.text, self.links = [], [], []
        self.feed(text)
        assert self.open == [], self.open

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if "id" in found:
            self.ids.append(found["id"])
        if tag == "label":
            self.labels.add(found.get("for"))
        self.described += found.get("aria-describedby", "").split() + found.get("aria-labelledby", "").split()
        if tag in ("input", "select", "textarea"):
            self.fields.append((found, "label" in self.open))
        if tag == "a":
            self.links.append(found["href"])
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        assert not any(name.startswith("on") or name == "style" for name in found)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def require_usable(self):
        """Every field has a label, every reference leads somewhere, no id is there twice, no heading is skipped."""
        assert len(self.ids) == len(set(self.ids))
        assert set(self.described) <= set(self.ids)
        assert all(inside or found.get("id") in self.labels for found, inside in self.fields)
        assert self.headings[0] == 1
        assert all(later - earlier <= 1 for earlier, later in zip(self.headings, self.headings[1:], strict=False))


def page_of(answer, status=200):
    assert answer.status_code == status, answer.text[:2_000]
    found = Page(answer.text)
    found.require_usable()
    return found


@pytest.fixture
def browser(node, url, request):
    """A publisher's browser: a session cookie, Accept and Sec-Fetch-Site as browsers send them."""
    login = hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:16]
    account = accounts.add(node, login=login, name="B", by="test", roles=["publisher"])
    headers = {"accept": "text/html", "sec-fetch-site": "same-origin"}
    cookies = {sessions.cookie_name(node): sessions.start(node, account.id)}
    with httpx.Client(base_url=url, headers=headers, cookies=cookies, timeout=60) as client:
        yield client


def upload(browser, files, **fields):
    fields = {"consent": "yes", **fields}
    return browser.post("/assess", files=[("file", item) for item in files.items()], data=fields)


def settled(browser, place):
    """The page of a job that has ended."""
    deadline = time.monotonic() + 60
    while "/static/progress.js" in (answer := browser.get(place)).text:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return answer


@pytest.mark.parametrize("language", ["en", "ar"])
def test_the_form(browser, language):
    answer = browser.get(f"/assess?lang={language}")
    found = page_of(answer)
    names = {field["name"] for field, _ in found.fields if "name" in field}
    assert {"file", "consent", "disclosure", "data.label.column", "skip", "framework", "system.purpose"} <= names
    assert "fairness.groups" in answer.text and 'enctype="multipart/form-data"' in answer.text
    assert f'lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}"' in answer.text


def test_mistakes_stand_at_their_fields_and_what_was_typed_stays(browser):
    typed = {
        "system.name": "Ünïque <b>",
        "data.label.column": "outcome",
        "seed": "-1",
        "disclosure": "none",
        "consent": "",
    }
    answer = upload(browser, {"a.csv": b"a,b\n1,2\n"}, **typed, skip="data.profile")
    page_of(answer, 422)
    assert 'role="alert"' in answer.text and 'href="#data.label.positive"' in answer.text
    assert 'id="data.label.positive-error"' in answer.text and 'id="consent-error"' in answer.text
    assert 'value="Ünïque &lt;b&gt;"' in answer.text and 'value="outcome"' in answer.text
    assert re.search(r'value="none"\s+checked', answer.text) and re.search(
        r'value="data.profile"\s+checked', answer.text
    )
    assert browser.get("/jobs").text.count("<tr>") == 0


@pytest.mark.parametrize(
    ("files", "said"),
    [({}, "Choose at least one file"), ({"../../x": b"a"}, "parent folder"), ({".x": b"a"}, "hidden")],
)
def test_a_mistake_with_the_files(browser, files, said):
    answer = upload(browser, files or {"": b""}, **{"system.name": "Kept"})
    page_of(answer, 422)
    assert said in answer.text and 'id="file-error"' in answer.text


def test_an_assessment_without_javascript(browser, table, card):
    sent = upload(browser, {"scores.csv": table(300)}, **card)
    assert sent.status_code == 303
    place = sent.headers["location"]
    first = browser.get(place)
    page_of(first)
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in first.text
    assert "http-equiv" not in browser.get(f"{place}?refresh=off").text
    assert f'action="{place}/cancel"' in first.text
    answer = settled(browser, place)
    found = page_of(answer)
    result = next(link for link in found.links if re.fullmatch("/assessments/[0-9a-f]{64}", link))
    text = " ".join(" ".join(found.text).split())
    assert "Done: the assessment is published" in text
    assert "Not a conformity assessment" in text
    assert re.search(r"How predictions and errors fall on groups of people · Small : \d+ measurements", text)
    assert "refresh" not in answer.text and "/cancel" not in answer.text
    assert "%" not in text
    listed = page_of(browser.get("/jobs"))
    assert place in listed.links and result in listed.links
    for language in ("ar", "de", "zh"):
        page_of(browser.get(f"{place}?lang={language}"))


def test_cancelling_by_form_and_a_failure_with_its_remedy(browser, large, card):
    place = upload(browser, {"scores.csv": large}, **card).headers["location"]
    assert browser.post(f"{place}/cancel").headers["location"] == place
    assert "Cancelled" in browser.get(place).text
    again = browser.post(f"{place}/cancel")
    page_of(again, 409)
    place = upload(browser, {"accord.toml": b"[nonsense\n", "a.csv": b"a,b\n1,2\n"}).headers["location"]
    answer = settled(browser, place)
    page_of(answer)
    assert "is not TOML" in answer.text and "Correct the line named" in answer.text


def test_another_sites_page_can_hand_in_nothing(browser):
    cross = {"sec-fetch-site": "cross-site"}
    assert browser.post("/assess", files={"file": ("a.csv", b"x")}, headers=cross).status_code == 403
    assert browser.post(f"/jobs/{'0' * 32}/cancel", headers=cross).status_code == 403


def test_visitors_and_readers(url):
    with httpx.Client(base_url=url, headers={"accept": "text/html"}) as visitor:
        for path in ("/assess", "/jobs", f"/jobs/{'0' * 32}"):
            answer = visitor.get(path)
            assert answer.status_code == 303 and answer.headers["location"].startswith("/login")


def test_the_script_is_served(browser):
    answer = browser.get("/static/progress.js")
    assert answer.status_code == 200 and "EventSource" in answer.text
