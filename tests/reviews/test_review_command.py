"""From a report to signed reviews to a judged report that verifies, by the commands that people use."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from threading import Thread
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from accord.errors import AccordError, MalformedInput, UsageError
from accord.frameworks import Terms, judge_all, open_framework
from accord.inspectors.registry import all_inspectors
from accord.judge import open_stored
from accord.records import from_json, to_readable_json
from accord.records.assessment import Assessment
from accord.reports import known_details
from accord.reports.html.review_form import Served, render_form
from accord.reports.review_sheet import render_sheet
from accord.reviews import load_reviews
from accord.reviews.columns import COLUMNS
from accord.summary import summarise
from accord.trust import KeyStore, Trust, own_log, seal
from accord.verify import verify

CARD = """
[system]
name = "Lending score"
purpose = "Decides who gets a loan"
[data]
file = "scores.csv"
label = {column = "repaid", positive = 1}
prediction = {column = "score", positive = {op = ">=", value = 5}}
favourable = "positive"
sensitive = ["sex"]
[documents]
instructions_for_use = "manual.txt"
"""


@pytest.fixture(scope="module")
def target(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("target")
    rows = [("f" if n % 2 else "m", n % 10, int(n % 10 > 3)) for n in range(2000)]
    (folder / "scores.csv").write_text("sex,score,repaid\n" + "".join(f"{a},{b},{c}\n" for a, b, c in rows))
    (folder / "manual.txt").write_text("How to use the score.\n")
    (folder / "accord.toml").write_text(CARD)
    return folder


@pytest.fixture(scope="module")
def sealed(target, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("sealed") / "report"
    run("assess", str(target), "--framework", "nist-ai-rmf", "--out", str(out))
    return out


def run(*arguments: str, status: int = 0):
    from accord.cli import cli

    done = CliRunner().invoke(cli, arguments, standalone_mode=False, catch_exceptions=True)
    if isinstance(done.exception, AccordError):
        raise done.exception
    assert done.exception is None, done.exception
    assert (done.return_value or 0) == status, done.output
    return done.output


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))


def filled(path: Path, place: Path, *answers: dict[str, str]) -> Path:
    rows = table(path)
    for row, answer in zip(rows, answers, strict=False):
        row |= answer
    with place.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0], delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    return place


def answer(**changed: str) -> dict[str, str]:
    return {
        "decision": "partly",
        "reason": "The plan names nobody.",
        "documents_relied_on": "other: interview | 2026-01-05",
        "reviewer": "Ada",
        "role": "auditor",
        "interest": "paid by the provider",
        "valid_until": in_a_year(),
    } | changed


def in_a_year() -> str:
    return f"{datetime.now(UTC).date() + timedelta(days=365)}"


def test_the_whole_way(sealed, tmp_path):
    out = tmp_path / "reviews"
    said = run("review", str(sealed), "--out", str(out))
    form = out / "review-form.csv"
    rows = table(form)
    assert f"{len(rows)} requirements wait for a person." in said
    assert set(rows[0]) == set(COLUMNS)
    assert {row["framework"] for row in rows} == {"nist-ai-rmf"}
    assert all(row["question"] or row["evidence"] for row in rows)
    measured = next(n for n, row in enumerate(rows) if row["evidence"])
    given = [{} for _ in rows]
    given[0], given[measured] = answer(), answer(reason="Seen.", measurements_relied_on="all", decision="met")
    handed = filled(form, tmp_path / "filled.csv", *given)

    signed = json.loads(run("review", str(sealed), "--import", str(handed), "--out", str(out), "--json"))
    assert len(signed["signed"]) == 2
    assert signed["refused"] == []
    assert signed["unanswered"] == len(rows) - 2
    known = KeyStore().known()
    loaded = load_reviews(out, known)
    assert loaded.problems == ()
    assert {review.signer for review in loaded.reviews} == {"own"}

    before = open_stored(sealed, known).assessment
    file = open_framework("nist-ai-rmf")
    terms = Terms(reviews=loaded.reviews, on=before.judged, known_digests=before.subject.digests)
    judgements = judge_all([file.framework], before.evidence, terms)
    after = replace(
        before,
        reviews=loaded.reviews,
        verdicts=judgements[0].verdicts,
        summary=summarise(before.subject, before.card, before.evidence, judgements, all_inspectors()),
    )
    changed = {v.requirement for v, w in zip(after.verdicts, before.verdicts, strict=True) if v != w}
    assert changed == {rows[0]["requirement"], rows[measured]["requirement"]}
    assert after.summary.verdicts["judged"] == 2
    assert after.summary.coverage[0].evaluated == before.summary.coverage[0].evaluated

    folder = tmp_path / "judged"
    said = run("judge", str(sealed), "--reviews", str(out), "--out", str(folder))
    assert "→ judged: judged:" in said
    checked = verify(folder, known)
    assert checked.recomputed.disagreements == ()
    assert checked.outcome == "proven"
    assert checked.reviews.count == 2
    page = (folder / "report.html").read_bytes()
    assert page.count(b'class="review"') == 2
    assert b"paid by the provider" in page
    assert b"Without these reviews:" in page

    again = tmp_path / "again"
    run("judge", str(folder), "--framework", "nist-ai-rmf", "--out", str(again))
    assert verify(again, known).reviews.count == 2, "reviews stay with a report that is judged again"
    assert verify(folder, Trust()).reviews.unknown, "a reader who does not know the reviewer's key is told"


def test_two_reviewers_where_the_profile_asks_and_dissent_stays_visible(sealed, target, tmp_path):
    profile = tmp_path / "two.yaml"
    profile.write_text(
        "id: two\ntitle: Two\nauthor: Board\ndate: 2026-11-01\nreviewers:\n- {framework: nist-ai-rmf, number: 2}\n"
    )
    run("review", str(sealed), "--out", str(tmp_path / "form"))
    form = tmp_path / "form" / "review-form.csv"
    point = table(form)[0]["requirement"]
    out = tmp_path / "reviews"

    def status_after(**said: str) -> tuple[str, str]:
        handed = filled(form, tmp_path / "filled.csv", answer(**said))
        run("review", str(sealed), "--import", str(handed), "--out", str(out))
        arguments = ("--framework", "nist-ai-rmf", "--reviews", str(out), "--profile", str(profile), "--json")
        judged = json.loads(run("judge", str(sealed), *arguments))
        again = json.loads(run("assess", str(target), *arguments, "--out", str(tmp_path / "assessed")))
        verdicts = {v["requirement"]: (v["status"], v["reason"]) for v in judged["verdicts"]}
        assert verdicts == {v["requirement"]: (v["status"], v["reason"]) for v in again["verdicts"]}
        return verdicts[point]

    status, reason = status_after(reviewer="Ada")
    assert status != "judged" and "1 of 2 reviews" in reason
    status, reason = status_after(reviewer="Ben")
    assert status == "judged"
    status, reason = status_after(reviewer="Cleo", decision="not_met", reason="I saw otherwise.")
    assert status == "needs_review" and "reviewers disagree" in reason and "I saw otherwise." in reason
    assert verify(tmp_path / "assessed", KeyStore().known()).outcome == "proven"


def resealed(folder: Path, assessment: Assessment) -> Path:
    (folder / "assessment.json").write_bytes(to_readable_json(assessment))
    seal(folder, assessment, signer=KeyStore().own(), log=own_log())
    return folder


def test_reviews_that_nobody_signed_are_found(sealed, tmp_path):
    out, folder = tmp_path / "reviews", tmp_path / "judged"
    run("review", str(sealed), "--out", str(out))
    handed = filled(out / "review-form.csv", tmp_path / "filled.csv", answer())
    run("review", str(sealed), "--import", str(handed), "--out", str(out))
    run("judge", str(sealed), "--reviews", str(out), "--out", str(folder))
    known = KeyStore().known()
    record = open_stored(folder, known).assessment

    forged = replace(record, reviews=tuple(replace(item, reason="All is well.") for item in record.reviews))
    found = verify(resealed(folder, forged), known)
    assert found.outcome == "altered"
    assert "it is not what was signed" in found.reviews.altered[0]

    (folder / "reviews.intoto.jsonl").unlink()
    found = verify(resealed(folder, record), known)
    assert found.outcome == "altered"
    assert "nobody's signature comes with it" in found.reviews.altered[0]


def test_a_form_is_never_overwritten_nor_put_into_the_report(sealed, tmp_path):
    run("review", str(sealed), "--out", str(tmp_path / "r"))
    with pytest.raises(UsageError, match="form-exists"):
        run("review", str(sealed), "--out", str(tmp_path / "r"))
    for place in (sealed, sealed / "reviews"):
        with pytest.raises(UsageError, match="sealed-folder"):
            run("review", str(sealed), "--out", str(place))
    assert verify(sealed, KeyStore().known()).outcome == "proven"


def test_an_altered_report_is_not_reviewed(sealed, tmp_path):
    copy = tmp_path / "report"
    shutil.copytree(sealed, copy)
    record = copy / "assessment.json"
    record.write_bytes(record.read_bytes().replace(b"Lending score", b"Landing score"))
    with pytest.raises(MalformedInput, match="altered-report"):
        run("review", str(copy), "--out", str(tmp_path / "r"))


def test_all_or_nothing_unless_partial(sealed, tmp_path):
    out = tmp_path / "r"
    run("review", str(sealed), "--out", str(out))
    mixed = filled(out / "review-form.csv", tmp_path / "f.csv", answer(), answer(reason="", reviewer="Bo"))
    with pytest.raises(MalformedInput, match="row 3, reason: there is no reason"):
        run("review", str(sealed), "--import", str(mixed), "--out", str(out))
    assert not list(out.glob("*.jsonl"))
    said = run("review", str(sealed), "--import", str(mixed), "--out", str(out), "--partial", status=1)
    assert "1 review is signed and logged" in said
    assert len(list(out.glob("*.jsonl"))) == len(list(out.glob("*.tlog-proof"))) == 1
    people = tmp_path / "people.yaml"
    people.write_text("reviewers: [{id: c, name: Cy, role: judge}]")
    with pytest.raises(MalformedInput, match="is not among the reviewers"):
        run("review", str(sealed), "--import", str(mixed), "--out", str(out), "--reviewers", str(people))
    empty = filled(out / "review-form.csv", tmp_path / "e.csv")
    with pytest.raises(UsageError, match="nothing-answered"):
        run("review", str(sealed), "--import", str(empty), "--out", str(out))


def test_only_some_verdicts(sealed, tmp_path):
    asked = json.loads(run("review", str(sealed), "--only", "needs_review", "--out", str(tmp_path / "r"), "--json"))
    assert {point["verdict"] for point in asked["points"]} == {"needs_review"}
    assert all(point["measurements"] for point in asked["points"])
    with pytest.raises(UsageError, match="unknown-verdict"):
        run("review", str(sealed), "--only", "met", "--out", str(tmp_path / "s"))


def test_the_served_form_stores_what_is_sent(sealed, tmp_path, monkeypatch):
    from accord.reviews import serving

    started = []
    original = serving.FormServer.run
    monkeypatch.setattr(serving.FormServer, "run", lambda self: (started.append(self), original(self))[1])
    out = tmp_path / "r"
    said: list[str] = []
    arguments = ("review", str(sealed), "--serve", "--only", "needs_review", "--out", str(out))
    thread = Thread(target=lambda: said.append(run(*arguments)))
    thread.start()
    while not started:
        assert thread.is_alive()
    server = started[0]
    page = urlopen(server.url).read().decode()
    assert f'action="{server.path}"' in page
    assert "form-action &#39;self&#39;" in page or "form-action 'self'" in page
    fields = {
        "reviewer": 'Ada "the\u200f first"',
        "role": "auditor",
        "interest": "none",
        "1.decision": "met",
        "1.reason": "first\r\n<second>",
    }
    page = urlopen(Request(server.url, urlencode(fields).encode())).read().decode()
    assert "it is not said until when the review holds" in page
    seen = Fields()
    seen.feed(page)
    assert seen.values["reviewer"] == fields["reviewer"], "what was typed stands there again, letter by letter"
    assert seen.values["1.reason"] == "first\n<second>".replace("\n", "\r\n")
    assert seen.values["1.decision"] == "met"
    page = urlopen(Request(server.url, urlencode({**fields, "valid_until": in_a_year()}).encode())).read()
    assert b"1 answer is stored" in page
    thread.join(10)
    (stored,) = out.glob("review-filled-*.csv")
    assert stored.name in said[0]
    run("review", str(sealed), "--import", str(stored), "--out", str(out))
    (review,) = load_reviews(out, KeyStore().known()).reviews
    assert (review.reviewer.name, review.reason) == (fields["reviewer"], "first\n<second>")


class Fields(HTMLParser):
    """The fields of a form as a browser would send them."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self.ids: list[str] = []
        self.labels: list[str] = []
        self.tags: set[str] = set()
        self._area: str | None = None

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.tags.add(tag)
        self.ids += [found["id"]] if "id" in found else []
        self.labels += [found["for"]] if tag == "label" and "for" in found else []
        if tag == "input" and (found.get("type") != "radio" or "checked" in found):
            self.values[found["name"]] = found.get("value") or ""
        if tag == "textarea":
            self._area = found["name"]
            self.values[self._area] = ""

    def handle_endtag(self, tag):
        if tag == "textarea":
            self._area = None

    def handle_data(self, data):
        if self._area is not None:
            self.values[self._area] += data


def hostile(assessment: Assessment) -> Assessment:
    text = to_readable_json(assessment).decode()
    text = text.replace("scores ü", "<script>alert(1)</script>\\u202e\\u0007")
    return from_json(text, Assessment)


def test_the_form_shows_hostile_text_as_text(assessment, opened):
    attacked = hostile(assessment)
    details = known_details(attacked)
    page = render_form(attacked, opened, details).decode()
    assert "<script" not in page
    assert "\u202e" not in page
    assert "\x07" not in page
    assert "form-action 'none'" in page.replace("&#39;", "'")
    assert "<button" not in page, "a page that can't save has no button"
    assert "=cmd|" in page, "a group's name is shown"
    seen = Fields()
    seen.feed(page)
    assert "script" not in seen.tags
    assert len(seen.ids) == len(set(seen.ids))
    assert set(seen.labels) <= set(seen.ids)
    sheet = render_sheet(opened, details).decode("utf-8-sig")
    for cells in csv.reader(io.StringIO(sheet, newline="")):
        assert not any(re.match("[=+@-]", cell) for cell in cells)


def test_what_lies_beside_the_question(assessment, opened):
    page = render_form(assessment, opened, known_details(assessment)).decode()
    assert "Is the accuracy enough for its purpose?" in page
    assert "65.0\u202f% [64.0, 66.0], n = 7,214" in page
    assert opened.points[1].measurements[0].digest[7:23] in page
    assert "instructions_for_use: docs/manual.pdf (sha256:dddd" in page
    assert "privacy_notice: docs/lost.pdf (no part of what was assessed)" in page
    served = render_form(assessment, opened, known_details(assessment), Served("/x/", {"1.reason": "</textarea>'\""}))
    seen = Fields()
    seen.feed(served.decode())
    assert seen.values["1.reason"] == "</textarea>'\""


def test_a_form_is_never_written_through_a_link(sealed, tmp_path):
    (tmp_path / "review-form.csv").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="is there already"):
        run("review", str(sealed), "--out", str(tmp_path))
    assert not (tmp_path / "elsewhere").exists()
