"""The page as a document: well-formed, self-contained, complete, and inert whatever the input says."""

from __future__ import annotations

import base64
import hashlib
import re
import unicodedata
from dataclasses import dataclass, field
from html.parser import HTMLParser
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord.records import VERDICT_STATUSES, from_json
from accord.records.assessment import Assessment
from accord.reports import Details, report
from accord.reports.html.panels import MOST_ROWS
from accord.reports.wording import SEVERITY_WORDS, VERDICT_WORDS

VOID = {"meta", "link", "br", "input"}


@dataclass
class Document(HTMLParser):
    """A strict reader: every element must be closed in order. Collects what the tests ask for."""

    open: list[str] = field(default_factory=list)
    tags: set[str] = field(default_factory=set)
    attributes: list[tuple[str, str, str]] = field(default_factory=list)
    text: dict[str, str] = field(default_factory=dict)
    headings: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._seen(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._seen(tag, attrs)

    def _seen(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> names an attribute twice"
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        inside = self.open[-1] if self.open else ""
        self.text[inside] = self.text.get(inside, "") + data

    @property
    def ids(self) -> list[str]:
        return [value for _, name, value in self.attributes if name == "id"]

    @property
    def links(self) -> list[str]:
        return [value for tag, name, value in self.attributes if (tag, name) == ("a", "href")]

    @property
    def all_text(self) -> str:
        return "\n".join(text for tag, text in self.text.items() if tag != "style")


def read(page: str) -> Document:
    document = Document()
    document.feed(page)
    document.close()
    assert not document.open, f"never closed: {document.open}"
    return document


def row(page: str, anchor: str) -> str:
    """The table row with this id, tags replaced by spaces."""
    found = re.search(rf'<tr id="{anchor}".*?</tr>', page, re.DOTALL)
    assert found, f"no row {anchor}"
    return " ".join(re.sub(r"<[^>]+>", " ", found[0]).split())


@pytest.mark.parametrize("kind", ["compas", "hostile", "empty", "many"])
def test_is_well_formed_and_every_link_has_its_place(kind: str, sample, render) -> None:
    document = read(render(getattr(sample, kind)()))
    assert len(document.ids) == len(set(document.ids))
    inner = {link[1:] for link in document.links if link.startswith("#")}
    used = {value.removeprefix("#") for tag, name, value in document.attributes if (tag, name) == ("use", "href")}
    assert (inner | used) <= set(document.ids)
    assert {"main", "header", "footer", "nav", "h1"} <= document.tags
    assert document.headings[0] == 1 and document.headings.count(1) == 1
    steps = zip(document.headings, document.headings[1:], strict=False)
    assert all(after - before <= 1 for before, after in steps), "a heading level is left out"


@pytest.mark.parametrize("kind", ["compas", "hostile"])
def test_loads_nothing_and_runs_nothing(kind: str, sample, render) -> None:
    page = render(getattr(sample, kind)())
    document = read(page)
    assert document.tags.isdisjoint({"script", "img", "iframe", "object", "embed", "form", "base", "audio", "video"})
    names = {name for _, name, _ in document.attributes}
    assert not any(name.startswith("on") or name in ("src", "srcset", "style", "action") for name in names)
    loads = {value for tag, name, value in document.attributes if tag == "link" and name == "href"}
    assert all(value.startswith("data:image/svg+xml,") for value in loads)
    assert all(link.startswith(("#", "https://", "http://")) for link in document.links), (
        "only frameworks' sources lead outside"
    )
    assert "url(" not in document.text["style"] and "@import" not in document.text["style"]


def test_policy_allows_its_own_style_sheet_and_nothing_else(page: str) -> None:
    document = read(page)
    policy = next(value for _, _, value in document.attributes if value.startswith("default-src"))
    digest = base64.b64encode(hashlib.sha256(document.text["style"].encode()).digest()).decode()
    assert policy.split("; ")[:2] == ["default-src 'none'", f"style-src 'sha256-{digest}'"]


def test_hostile_text_adds_no_element_and_no_attribute(page: str, hostile_page: str, sample) -> None:
    clean, hostile = read(page), read(hostile_page)
    assert hostile.tags <= clean.tags
    assert {(tag, name) for tag, name, _ in hostile.attributes} <= {(tag, name) for tag, name, _ in clean.attributes}
    assert "<script>alert(1)</script>" in hostile.all_text, "it is shown as what it is"
    assert "safe\\u202egnp.exe\\u2066\\u2069" in hostile.all_text
    assert "\\x1b[2J\\x1b[31mred\\x07\\x00" in hostile.all_text
    assert "\\ud800lone" in hostile.all_text
    assert "W" * 5_000 not in hostile.all_text and "(+3,000)" in hostile.all_text
    steering = {c for c in hostile_page if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    assert steering <= {"\n"}


TEXT = st.text(st.characters(exclude_categories=[]), max_size=30)


@settings(max_examples=15, deadline=None)
@given(TEXT, TEXT, TEXT)
def test_any_text_is_inert_in_every_place(sample, render, name: str, group: str, message: str) -> None:
    base = sample.compas()
    evidence = sample.fairness((group,) if group not in sample.MATRICES else ())
    found = sample.replaced(
        evidence.findings[0], message=message, rule=group, where=sample.Place(path=name, column=group)
    )
    document = read(
        render(
            sample.replaced(
                base,
                subject=sample.replaced(base.subject, name=name),
                evidence=(sample.replaced(evidence, findings=(found,), detail=message, tools={name: group}),),
                summary=sample.replaced(base.summary, worst=message),
            )
        )
    )
    assert document.tags.isdisjoint({"script", "img"})
    assert len(document.ids) == len(set(document.ids))


def test_every_measurement_is_on_the_page(page: str, sample) -> None:
    assessment = sample.compas()
    thin = str.maketrans({"\u202f": " "})
    for i, evidence in enumerate(assessment.evidence, 1):
        for j, measurement in enumerate(evidence.measurements, 1):
            shown = row(page, f"m-{i}-{j}").translate(thin)
            if measurement.unit == "1" and isinstance(measurement.value, float):
                unit = "points" if measurement.measure.endswith(("gap", "difference")) else "%"
                assert f"{measurement.value * 100:.1f} {unit}".replace("-", "\u2212") in shown
                if measurement.interval:
                    low, high = measurement.interval.low * 100, measurement.interval.high * 100
                    assert f"[{low:.1f}, {high:.1f}]".replace("-", "\u2212") in shown
            elif measurement.value is None:
                assert measurement.reason in shown
            if measurement.n is not None:
                assert f"{measurement.n:,}" in shown
            if "group" in measurement.dimensions:
                assert measurement.dimensions["group"] in shown


def test_the_published_table_is_first_among_the_measurements(page: str) -> None:
    """Dressel & Farid 2018, Table 2: false-positive rates 44.8 and 23.5 %, false-negative rates 28.0 and 47.7 %."""
    panels = re.findall(r'<section class="panel".*?</section>', page, re.DOTALL)
    first, second = (" ".join(re.sub(r"<[^>]+>", " ", panel).split()) for panel in panels[:2])
    assert first.startswith("False positive rate by race") and second.startswith("False negative rate by race")
    assert "African-American 44.8 % [42.6, 47.2] 1,795 Wilson" in first
    assert "Caucasian 23.5 % [21.4, 25.7] 1,488 Wilson" in first
    assert "African-American 28.0 % [26.0, 30.0] 1,901" in second and "Caucasian 47.7 %" in second
    assert "Dashed line: Caucasian" in first
    assert "Not judged, too few cases: Asian, Native American." in first


def test_every_verdict_severity_and_outcome_is_in_words(page: str, sample) -> None:
    document = read(page)
    for status in VERDICT_STATUSES:
        assert f"The reason for the verdict {status}." in document.all_text
        assert VERDICT_WORDS[status] in document.all_text
        assert f"show-{status}" in document.ids
        assert f":has(#show-{status}:checked)" in document.text["style"]
    for severity in ("critical", "high", "medium", "info"):
        assert SEVERITY_WORDS[severity] in document.all_text
    assert "n = 412 would decide" in document.all_text
    assert "Art. 10(2)(f)" in document.all_text
    outcome = re.search(
        r'<a href="#(m-\d+-\d+)">False positive rate</a> <span class="aside">race · African-American', page
    )
    assert outcome and "44.8" in row(page, outcome[1]), "a verdict leads to its measurement"
    assert "too few cases" in document.all_text


def test_skipped_failed_and_unsafe_runs_are_said(page: str) -> None:
    text = read(page).all_text
    assert "it runs the target's own code: give --run-target" in text
    assert "the header says 4 GB, the file has 1 kB" in text
    assert "Run without isolation" in text
    assert "not available: landlock" in text
    assert "whether the label itself is biased" in text


def test_first_screen_says_what_who_how_sure_and_what_not(page: str, sample) -> None:
    first = page[page.index('<section class="first"') : page.index('<nav class="contents"')]
    text = " ".join(re.sub(r"<[^>]+>", " ", first).split()).replace("&#39;", "'")
    summary = sample.compas().summary
    for sentence in (summary.checked, summary.worst, summary.certainty, summary.unchecked):
        assert sentence in text
    assert sample.compas().disclaimer in text
    assert "4 of 8" in text and "2 were skipped" in text and "1 failed" in text and "High-risk" in text
    assert not re.search(r"score of|\d+ % (compliant|passed)", text)


def test_the_disclaimer_stays_near_the_top_whatever_the_names_are(hostile_page: str, sample) -> None:
    first = hostile_page[hostile_page.index('<section class="first"') : hostile_page.index('<p class="disclaimer"')]
    assert len(re.sub(r"<[^>]+>", "", first)) < 3_000


def test_verification_is_explained_and_digests_are_given(page: str, sample) -> None:
    assessment, text = sample.compas(), read(page).all_text
    assert "accord verify ." in text and "assessment.intoto.jsonl" in text and "assessment.tlog-proof" in text
    for digest in (assessment.subject.digest, assessment.card_digest, assessment.frameworks[0].digest):
        assert digest in text


def test_a_source_that_is_no_web_address_is_not_a_link(page: str) -> None:
    assert "https://eur-lex.europa.eu/eli/reg/2024/1689/oj" in read(page).links
    assert not [link for link in read(page).links if "javascript" in link]


def test_is_complete_without_details(sample) -> None:
    page = report("html").render(sample.compas(), details=Details()).decode()
    assert "art-not_met" in read(page).all_text, "the id stands for the title that is not known"


def test_an_empty_assessment_claims_nothing(sample, render) -> None:
    text = read(render(sample.empty())).all_text
    assert "Nothing was assessed." in text and "Nothing was measured." in text
    assert "0 checks ran" in text and "0 findings" in text
    assert "This says nothing about what was not checked." in text


def test_a_thousand_measurements_fit(sample, render) -> None:
    assessment = sample.many()
    render(assessment)
    started = perf_counter()
    page = render(assessment)
    assert perf_counter() - started < 3
    assert sum(len(item.measurements) for item in assessment.evidence) > 1_000
    assert len(page.encode()) < 1_500_000
    assert "details" in read(page).tags


def test_what_does_not_fit_is_counted(sample, render) -> None:
    assessment = sample.many(groups=200)
    total = sum(len(item.measurements) for item in assessment.evidence)
    page = render(assessment)
    assert f"{total - MOST_ROWS:,} more measurements are in assessment.json" in read(page).all_text
    assert len(re.findall(r'<tr id="m-', page)) == MOST_ROWS


def test_same_record_same_bytes(sample, details: Details) -> None:
    once, twice = (report("html").render(sample.compas(), details=details) for _ in range(2))
    assert once == twice


def test_json_is_the_record(sample) -> None:
    data = report("json").render(sample.compas())
    assert from_json(data, Assessment) == sample.compas()
    assert data.endswith(b"\n") and b"\n " in data
