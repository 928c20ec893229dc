"""The form in Chromium: axe finds nothing, and a person answers the served one without script."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
from msgspec.structs import replace

from accord.cli.review import _serve, _Task
from accord.frameworks import judge
from accord.records import Assessment
from accord.reports import Details, report
from accord.reports.html.review_form import Served, render_form
from accord.reviews import accept, serving
from accord.reviews.columns import RETURNED
from accord.reviews.sheet import open_sheet

pytestmark = pytest.mark.browser

HERE = Path(__file__).parent


def judged(assessment: Assessment, opened, framework_file, row) -> Assessment:
    """The assessment with a review that stands, one that has lapsed, and one that dissents from nobody."""
    rows = [row(2, "q"), row(3, "m"), row(4, "m", reviewer="Bo", valid_until="2026-09-01", decision="not_met")]
    drafts = accept(rows, assessment, opened, made="2026-09-01T12:00:00Z").reviews
    reviews = tuple(
        replace(review, signer="own", keyid="ab" * 32, envelope=f"sha256:{n}") for n, review in enumerate(drafts)
    )
    known = assessment.subject.digests
    found = judge(framework_file.framework, assessment.evidence, reviews=reviews, on="2026-09-02", known_digests=known)
    return replace(assessment, verdicts=found.verdicts, reviews=reviews)


def test_people_can_read_it_and_answer(assessment, opened, framework_file, row, in_browser, tmp_path, monkeypatch):
    details = Details(frameworks=(framework_file.framework,))
    pages = {
        "paper.html": render_form(assessment, opened, details),
        "corrected.html": render_form(assessment, opened, details, Served("/x/", {"1.reason": "so"}, ["wrong", "<b>"])),
        "judged.html": report("html").render(judged(assessment, opened, framework_file, row), details=details),
    }
    assert pages["judged.html"].count(b'class="review"') == 2
    assert pages["judged.html"].count(b'class="review lapsed"') == 1
    for name, page in pages.items():
        (tmp_path / name).write_bytes(page)
    started: list[serving.FormServer] = []
    original = serving.FormServer.run
    monkeypatch.setattr(serving.FormServer, "run", lambda self: (started.append(self), original(self))[1])
    task = _Task(assessment, opened, tmp_path / "out", None)
    thread = Thread(target=_serve, args=(task, Path("report")), daemon=True)
    thread.start()
    while not started:
        assert thread.is_alive()
    until = f"{datetime.now(UTC).date() + timedelta(days=30)}"
    seen = in_browser(HERE / "form.mjs", started[0].url, until, *(tmp_path / name for name in pages))
    assert len(seen["results"]) == 2 * len(pages)
    assert not [result for result in seen["results"] if result["violations"]], json.dumps(seen["results"], indent=1)
    assert {result["overflow"] for result in seen["results"]} == {0}
    assert {result["requests"] for result in seen["results"]} <= {1, 2}, "the page itself, and its data: icon"
    assert "it is not said until when the review holds" in seen["alert"]
    assert "1 answer is stored" in seen["last"]
    thread.join(10)
    (stored,) = (tmp_path / "out").glob("review-filled-*.csv")
    (first, *_) = open_sheet(stored, RETURNED)
    assert (first.cells["decision"], first.cells["reason"]) == ("not_met", "\n=first\nsecond")
    assert first.cells["valid_until"] == until
