"""Reviews that are due, and the calendar: read by the rules of RFC 5545, written down here once more."""

import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.commons.systems.calendar import calendar
from accord.commons.systems.drafting import Answers
from accord.commons.systems.page import Listed
from accord.node.auth import accounts, sessions
from accord.node.registering import disclose, publish
from accord.store.viewer import Viewer

TODAY = datetime.now(UTC).date()


def read_calendar(data):
    """Unfold lines (section 3.1) and return components as (name, properties, children)."""
    assert data.endswith(b"\r\n")
    physical = data[:-2].split(b"\r\n")
    assert all(len(line) <= 75 and b"\n" not in line and b"\r" not in line for line in physical)
    for line in physical:
        line.decode()  # no character is cut
    lines = re.sub(rb"\r\n[ \t]", b"", data).decode().removesuffix("\r\n").split("\r\n")
    root, stack = ("", {}, []), []
    stack.append(root)
    for line in lines:
        match = re.fullmatch(r"([A-Z-]+)((?:;[A-Z-]+=[^:;]+)*):(.*)", line, re.DOTALL)
        assert match, line
        name, _parameters, value = match.groups()
        if name == "BEGIN":
            stack.append((value, {}, []))
        elif name == "END":
            done = stack.pop()
            assert done[0] == value
            stack[-1][2].append(done)
        else:
            assert name not in stack[-1][1]
            stack[-1][1][name] = value
    assert stack == [root]
    return root[2][0]


def plain(value):
    return re.sub(r"\\([\\;,nN])", lambda m: "\n" if m[1] in "nN" else m[1], value)


def listed(name="A", due="2026-03-01", version=1, about="sha256:" + "ab" * 32):
    return Listed(
        seq=1, id="sha256:" + "00" * 32, about=about, origin="o", entry="0" * 16, version=version, name=name,
        kind="system", status="in_use", office="Of; fice", sector="", purpose="", grade="none", due=due,
        disclosure="public", measured=0, revoked=False,
    )  # fmt: skip


@given(st.text(max_size=200))
def test_any_name_makes_a_sound_calendar(name):
    made = calendar([listed(name)], name=name, origin="node.example/ä", url="", stamp="2026-01-01T00:00:00Z")
    top = read_calendar(made)
    assert top[0] == "VCALENDAR" and top[1]["VERSION"] == "2.0"
    (event,) = top[2]
    kept = re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", "", name.replace("\r\n", "\n").replace("\r", "\n"))
    assert plain(event[1]["SUMMARY"]) == "Review: " + kept.encode("utf-8", "replace").decode()


def test_an_event_keeps_its_name_when_its_day_moves():
    def event(**fields):
        made = calendar([listed(**fields)], name="n", origin="o", url="https://n.example", stamp="2026-01-01T00:00:00Z")
        return read_calendar(made)[2][0]

    first, later = event(), event(due="2026-09-01", version=2)
    assert first[1]["UID"] == later[1]["UID"] != event(about="sha256:" + "cd" * 32)[1]["UID"]
    assert (first[1]["DTSTART"], first[1]["DTEND"], first[1]["DTSTAMP"]) == ("20260301", "20260302", "20260101T000000Z")
    assert later[1]["SEQUENCE"] == "2" and first[1]["URL"] == "https://n.example/systems/" + "ab" * 32
    assert first[1]["DESCRIPTION"] == "Of\\; fice"
    (alarm,) = first[2]
    assert alarm[0] == "VALARM" and alarm[1]["TRIGGER"] == "-P7D" and alarm[1]["ACTION"] == "DISPLAY"


@pytest.fixture
def register(node):
    """An officer, and three entries: one overdue, one due soon, one withheld and due soon."""
    account = accounts.add(node, login="olga", name="Olga", by="test", office="Transport", roles=["officer"])
    for name, days, ago in (("Overdue one", 10, 30), ("Soon one", 60, 1), ("Hidden one", 60, 1), ("Far one", 365, 0)):
        answers = Answers(
            values={"name": name, "kind": "system", "status": "in_use", "office": "Transport"},
            days=str(days), reason="r", last=(TODAY - timedelta(days=ago)).isoformat(),
        )  # fmt: skip
        entry, _ = publish(node, account.viewer, answers)
        if name == "Hidden one":
            disclose(node, account.viewer, entry, "none", "tender")
    return account


def names(data):
    return sorted(plain(event[1]["SUMMARY"]).removeprefix("Review: ") for event in read_calendar(data)[2])


def test_what_is_due_is_shown_and_subscribed_to(node, running, register):
    cookies = {sessions.cookie_name(node): sessions.start(node, register.id)}
    with running(node) as url:
        visitor = httpx.get(f"{url}/due", headers={"accept": "text/html"}).text
        overdue, soon = visitor.index(">Overdue<"), visitor.index("In the next 90 days")
        assert overdue < visitor.index("Overdue one") < soon < visitor.index("Soon one")
        assert "Hidden one" not in visitor and "Far one" not in visitor
        assert "Hidden one" in httpx.get(f"{url}/due", cookies=cookies).text
        public = httpx.get(f"{url}/due.ics", cookies=cookies)
        assert public.headers["content-type"] == "text/calendar; charset=utf-8"
        assert names(public.content) == ["Far one", "Overdue one", "Soon one"]
        assert httpx.post(f"{url}/due").status_code == 401
        page = httpx.post(f"{url}/due", cookies=cookies).text
        token = re.search(r"/due\.ics\?token=([\w-]+)", page)[1]
        own = httpx.get(f"{url}/due.ics", params={"token": token})
        assert names(own.content) == ["Far one", "Hidden one", "Overdue one", "Soon one"]
        httpx.post(f"{url}/due", cookies=cookies)
        assert httpx.get(f"{url}/due.ics", params={"token": token}).status_code == 404
        again = re.search(r"token=([\w-]+)", httpx.post(f"{url}/due", cookies=cookies).text)[1]
        accounts.change(node, register.id, by="test", name="Olga", office="Transport", roles=["reader"])
        assert httpx.get(f"{url}/due.ics", params={"token": again}).status_code == 404


def test_a_retired_entry_is_due_for_nothing(node, register):
    answers = Answers(values={"name": "Old", "kind": "system", "status": "retired", "office": "Transport"})
    publish(node, Viewer(account=register.id, roles=frozenset({"officer"}), office="Transport"), answers)
    with running_free(node) as transaction:
        from accord.commons.systems.page import due

        assert "Old" not in {item.name for item in due(transaction, Viewer(), "9999-12-31", "2026-01-01T00:00:00Z")}


def running_free(node):
    return node.store.reading()
