"""The page and the summary in other languages: direction, what stays English and says so, numbers, completeness."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from rich.cells import cell_len
from rich.console import Console

from accord import i18n
from accord.i18n import in_language
from accord.records import Interval
from accord.reports import figures, report
from accord.reports.terminal import LINES, print_summary

VOID = {"meta", "link", "br", "input"}
ARABIC = re.compile("[\u0620-\u064a]")
LATIN_WORDS = re.compile(r"\b[A-Za-z]{4,} [a-z]{3,} [a-z]{2,}\b")


class Languages(HTMLParser):
    """Collects each text with the language and direction that its nearest elements state."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[tuple[str, str, str]] = []
        self.texts: list[tuple[str, str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        _tag, language, direction = self.open[-1] if self.open else ("", "", "")
        stated = given.get("dir") or ("auto" if tag == "bdi" else direction)
        if tag not in VOID:
            self.open.append((tag, given.get("lang") or language, stated))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        if data.strip() and self.open and self.open[-1][0] not in ("style", "title"):
            self.texts.append((data.strip(), *self.open[-1][1:]))


@pytest.fixture(params=["compas", "empty"])
def arabic(request: pytest.FixtureRequest, sample, details) -> Iterator[str]:
    with in_language("ar"):
        yield report("html").render(getattr(sample, request.param)(), details=details).decode()


def test_an_arabic_page_runs_from_right_to_left(arabic: str) -> None:
    assert '<html lang="ar" dir="rtl">' in arabic
    found = Languages()
    found.feed(arabic)
    own = [text for text, language, _direction in found.texts if language == "ar" and ARABIC.search(text)]
    assert len(own) > 40


def test_what_is_english_on_an_arabic_page_says_so(sample, details) -> None:
    with in_language("ar"):
        page = report("html").render(sample.compas(), details=details).decode()
    found = Languages()
    found.feed(page)
    texts = {text: (language, direction) for text, language, direction in found.texts}
    record = sample.compas()
    for finding in (finding for item in record.evidence for finding in item.findings):
        shown = next(text for text in texts if text.startswith(finding.message[:40]))
        assert texts[shown] == ("en", "auto")
    for verdict in record.verdicts:
        assert texts[verdict.reason] == ("en", "auto")
    unmarked = [text for text, language, _dir in found.texts if language == "ar" and LATIN_WORDS.search(text)]
    # Names of measures and of the system stand within sentences; a card's words are in a language that nobody knows.
    names = {record.subject.name} | {
        details.measure(item.measure) for evidence in record.evidence for item in evidence.measurements
    }
    names |= {"True positive rate", "Positive predictive value"}  # what a measure of prevention moves
    quoted = repr(record.card) + repr(record.evidence)
    assert [text for text in unmarked if text not in quoted and not any(name in text for name in names)] == []


def test_dates_and_commands_keep_their_order(sample, details) -> None:
    with in_language("ar"):
        page = report("html").render(sample.compas(), details=details).decode()
    found = Languages()
    found.feed(page)
    days = [(text, direction) for text, _language, direction in found.texts if re.search(r"\d{4}-\d\d-\d\d", text)]
    assert len(days) > 5
    # Among Arabic letters the parts of a day would change places (Unicode bidirectional algorithm, rule W2).
    assert [text for text, direction in days if direction == "rtl"] == []
    assert all(direction == "ltr" for text, _language, direction in found.texts if text == "accord verify .")


def test_an_english_page_says_nothing_of_languages(page: str) -> None:
    assert page.count('lang="en"') == 1 and "<bdi lang" not in page and "are translated into it" not in page


def test_the_page_says_how_complete_the_translation_is(sample, details, monkeypatch: pytest.MonkeyPatch) -> None:
    known = i18n.language("fr")
    with in_language("fr"):
        page = report("html").render(sample.compas(), details=details).decode().replace("\xa0", " ")
    assert f"Langue de cette page : français. De tous les textes d&#39;Accord, {known.percent} %" in page
    assert "Aucun locuteur de la langue n&#39;a encore relu la traduction." in page


def test_numbers_are_written_as_the_language_does() -> None:
    between = Interval(low=0.426, high=0.4725, kind="wilson")
    assert figures.estimate(0.448, between, "1") == "44.8\u202f% [42.6, 47.2]"
    with in_language("fr"):
        assert figures.estimate(0.448, between, "1") == "44,8\u202f% [42,6; 47,2]"
        assert figures.count(1_234_567) == "1\u202f234\u202f567" and figures.size(2_500_000) == "2,5\u202fMB"
        assert figures.figure(-1234.5, "x") == "\u22121\u202f234,50" and figures.duration(3.14) == "3,1\u202fs"
    with in_language("de"):
        assert figures.count(1_234_567) == "1.234.567" and figures.figure(1234.5, "x") == "1.234,50"
    with in_language("ar"):
        assert figures.count(7214) == "7,214"


@pytest.mark.parametrize("code", i18n.codes())
@pytest.mark.parametrize("kind", ["compas", "empty", "many"])
def test_the_summary_fits_a_screen_in_every_language(code: str, kind: str, sample) -> None:
    out = io.StringIO()
    with in_language(code):
        print_summary(getattr(sample, kind)(), Console(file=out, width=80), folder="accord-report")
    lines = out.getvalue().splitlines()
    assert len(lines) <= LINES and all(cell_len(line) <= 80 for line in lines)
    assert "accord verify accord-report" in out.getvalue()


@pytest.mark.parametrize("code", i18n.codes())
def test_every_page_renders_in_every_language(code: str, sample, details) -> None:
    for kind in ("compas", "hostile", "many"):
        with in_language(code):
            page = report("html").render(getattr(sample, kind)(), details=details).decode()
        assert f'<html lang="{code}"' in page and "\u202e" not in page and "<script" not in page.lower()
