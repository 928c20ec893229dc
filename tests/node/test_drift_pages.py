"""Drift on an entry of the register: what got worse or better between its last two assessments, and for whom."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import httpx
import pytest
from tests.node.page_text import text_of

from accord.commons.systems.drafting import Answers
from accord.commons.systems.measured import Assessed, last_two
from accord.compare import compare
from accord.node import drifting
from accord.node.auth import accounts, sessions
from accord.node.receiving import PARTS, receive
from accord.node.registering import publish
from accord.records import Assessment, from_json
from accord.records.said import Disclosure, Revocation
from accord.store.viewer import Viewer

PUBLISHER = Viewer(account="a1", name="Lab", roles=frozenset({"publisher"}), office="Testing")
TODAY = datetime.now(UTC).date()
ACT = """
id: example
version: "{version}"
title: Example Act
issuer: test
jurisdiction: INT
kind: law
source: {{title: test, uri: "https://example.org", date: "2026-01-01"}}
text_licence: own words
status: stable
requirements:
- id: better
  label: Art. 1
  title: It is accurate enough
  verification: measured
  rules: [{{measure: fairness.accuracy, where: {{attribute: ""}}, op: ">=", threshold: 0.75, threshold_source: Art. 1}}]
- id: worse
  label: Art. 2
  title: It selects some
  verification: measured
  rules:
  - {{measure: fairness.selection_rate, where: {{attribute: ""}}, op: ">=", threshold: 0.4, threshold_source: Art. 2}}
"""


@pytest.fixture(scope="session")
def reports(make_report, tmp_path_factory):
    """Three reports of a system: as it was, with 1,500 cases more that are all well predicted as 0, and as it was under
    another text."""
    place = tmp_path_factory.mktemp("drift")
    made = {}
    for name, rows, version in (
        ("old", "", "1"),
        ("new", "m,9000,0,0\n" * 1500, "1"),
        ("text", "m,9,0,0\n" * 1500, "2"),
    ):
        act = place / f"act{version}.yaml"
        act.write_text(ACT.format(version=version))
        made[name] = make_report(place / name, rows=rows, frameworks=(str(act),))
    return made


@pytest.fixture
def give(node, reports):
    """give(name, level): the digest of an assessment, published."""

    def made(name, level="public"):
        folder = reports[name]
        parts = {part: (folder / file).read_bytes() for part, file in PARTS.items() if (folder / file).is_file()}
        return receive(node, PUBLISHER, parts, level, "" if level == "public" else "an embargo").id[7:]

    return made


@pytest.fixture
def enter(node, reports):
    """enter(*names): the address of an entry whose subjects are those of the reports, due soon."""
    olga = accounts.add(node, login="olga", name="Olga", by="test", office="Transport", roles=["officer"])

    def made(*names, name="Small"):
        digests = " ".join(record_of(reports[item]).subject.digest for item in names)
        values = {"name": name, "kind": "system", "status": "in_use", "office": "Transport", "subjects": digests}
        answers = Answers(values=values, days="60", reason="r", last=TODAY.isoformat())
        return f"/systems/{publish(node, olga.viewer, answers)[0]}"

    made.officer = {sessions.cookie_name(node): sessions.start(node, olga.id)}
    return made


def record_of(folder):
    return from_json((folder / "assessment.json").read_bytes(), Assessment)


def due_of(client, name="Small"):
    """What the line of an entry says on the page of what is due."""
    row = next(row for row in re.findall(r"<tr>.*?</tr>", client.get("/due").text) if name in row)
    return " ".join(re.sub(r"<[^>]+>", " ", row).split())


def test_what_got_worse_and_better_is_on_the_entry_and_on_what_is_due(client, give, enter, reports):
    """Oracle: the comparison of both records, as `accord compare` makes it."""
    entry = enter("old", "new")
    old, new = give("old"), give("new")
    found = compare(record_of(reports["old"]), record_of(reports["new"]))
    assert found.verdicts == {"example better": ("not_met", "met"), "example worse": ("met", "not_met")}
    page = text_of(client.get(entry))
    assert "1 verdict got worse." in page and " drift " in page
    worse = page.index("worse : Meets")
    assert "example" in page[:worse] and "better : Misses" in page[worse:]
    apart = {c.measure for c in found.changes if c.judged == "changed" and c.before.interval and c.after.interval}
    assert apart and page.count(" → ") == 2
    listed = page.partition("Measures whose intervals no longer overlap")[2]
    assert "Accuracy" in listed
    assert f"/compare?a={old}&amp;b={new}" in client.get(entry).text
    assert due_of(client).count("drift") == 1
    assert '#drift">drift</a>' in client.get("/due").text


def test_the_other_way_round_is_no_drift(client, give, enter, monkeypatch, node):
    entry = enter("old", "new")
    give("old"), give("new")
    with node.store.writing() as transaction:  # as if the better one had been signed last
        row = transaction.one("SELECT MIN(seq) FROM assessments")
        transaction.run("UPDATE statements SET created = '2999-01-01T00:00:00Z' WHERE seq = ?", row[0])
    page = text_of(client.get(entry))
    assert "1 verdict got worse." in page  # accuracy: met → not met
    assert "better : Meets" in page


def test_a_change_of_the_text_is_no_drift(client, give, enter):
    entry = enter("old", "text")
    give("old"), give("text")
    page = text_of(client.get(entry))
    assert "No verdict got worse." in page and "Measures whose intervals no longer overlap" in page
    assert "drift" not in due_of(client)


def test_one_assessment_or_a_revoked_one_shows_no_drift(node, client, give, enter):
    entry = enter("old", "new")
    give("old")
    assert "What changed since" not in text_of(client.get(entry))
    new = f"sha256:{give('new')}"
    assert "What changed since" in text_of(client.get(entry))
    said = Revocation(target=new, reason="wrong table", effective="2026-01-01T00:00:00Z")
    node.say(said, "revocation", [new])
    assert "What changed since" not in text_of(client.get(entry))
    assert "drift" not in due_of(client)


def test_who_may_not_read_one_of_them_learns_of_no_drift(node, client, running, give, enter):
    entry = enter("old", "new")
    give("old"), give("new", "none")
    assert "What changed since" not in text_of(client.get(entry))
    assert "drift" not in due_of(client)
    with httpx.Client(base_url=client.base_url, cookies=enter.officer, timeout=30) as officer:
        assert "1 verdict got worse." in text_of(officer.get(entry))
        assert "drift" in due_of(officer)
    assert "What changed since" not in text_of(client.get(entry)), "what is kept for one is not shown to another"


def test_who_may_not_read_all_evidence_is_shown_no_comparison(node, client, give, enter, reports):
    entry = enter("old", "new")
    give("old"), give("new")
    assert "1 verdict got worse." in text_of(client.get(entry))
    with node.store.reading() as transaction:
        evidence = transaction.one("SELECT id FROM statements WHERE kind = 'evidence' ORDER BY seq")[0]
    node.say(Disclosure(targets=(evidence,), level="none", reason="personal data"), "disclosure", [evidence])
    page = text_of(client.get(entry))
    assert "1 verdict got worse." not in page and "may not be shown" in page
    assert "drift" not in due_of(client)


def test_comparing_is_bounded_and_what_was_compared_is_kept(node, client, give, enter, monkeypatch):
    enter("old", "new")
    give("old"), give("new")
    seen = []
    monkeypatch.setattr(drifting, "_kept", type(drifting._kept)())
    monkeypatch.setattr(drifting, "compare", lambda a, b: seen.append(1) or compare(a, b))
    for _again in range(3):
        assert "drift" in due_of(client)
    assert len(seen) == 1
    monkeypatch.setattr("accord.node.pages.due.got_worse", lambda *given: drifting.got_worse(*given, seconds=-1))
    assert "Not all assessments are compared yet" in text_of(client.get("/due"))


def assessed(number, name="a", revoked=False):
    return Assessed(
        id=str(number), subject="s", name=name, keyid="k", created="", valid_until="", revoked=revoked
    )  # fmt: skip


def test_the_two_that_are_compared_are_the_last_of_one_name():
    a, b, c, d = assessed(4), assessed(3, "b"), assessed(2, revoked=True), assessed(1)
    assert last_two([a, b, c, d]) == (d, a)
    assert last_two([b, c, d]) is None
    assert last_two([c, d]) is None
    assert last_two([]) is None
    assert last_two([assessed(9, revoked=True), a, d]) == (d, a)
