"""The summary: one screen, the sentence first, nothing of the input takes effect."""

from __future__ import annotations

import io
import unicodedata

import pytest
from rich.console import Console

from accord.records import Assessment, Coverage
from accord.reports.terminal import LINES, print_summary


def printed(assessment: Assessment, *, width: int = 80, colour: bool = False, folder: str = "accord-report") -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=colour, color_system="standard" if colour else None)
    print_summary(assessment, console, folder=folder)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["compas", "hostile", "empty", "many"])
@pytest.mark.parametrize("width", [60, 80, 200])
def test_fits_a_screen(kind: str, width: int, sample) -> None:
    lines = printed(getattr(sample, kind)(), width=width).splitlines()
    assert len(lines) <= LINES
    assert all(len(line) <= width for line in lines)


def test_says_what_matters_in_order(sample) -> None:
    assessment = sample.compas()
    text = " ".join(printed(assessment).split())
    summary = assessment.summary
    parts = (
        summary.checked,
        summary.worst,
        summary.certainty,
        summary.unchecked,
        "Findings 1 critical · 1 high · 1 medium · 1 for information",
        "Checks 3 ran · 2 skipped · 1 failed",
        "Likely class High-risk (EU AI Act)",
        "EU AI Act: 4 of 8 requirements evaluated",
        "1 misses the threshold",
        "Action Plan: 1 of 1 requirements evaluated",
        "accord-report/report.html",
        "accord verify accord-report",
        assessment.disclaimer,
    )
    places = [text.index(part) for part in parts]
    assert places == sorted(places)


def test_hostile_text_is_shown_and_does_nothing(sample) -> None:
    text = printed(sample.hostile(), folder="out\x1b[2J[bold]x[/]")
    assert "\\x1b[2J" in text and "\\u202e" in text and "[bold red]markup[/]" in text
    assert "out\\x1b[2J[bold]x[/]/report.html" in text
    assert {c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs")} <= {"\n"}


def test_no_escape_sequence_but_our_own_on_a_terminal(sample) -> None:
    import re

    coloured = printed(sample.hostile(), colour=True)
    assert "\x1b[1m" in coloured, "the worst thing stands out"
    assert "\x1b" not in re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert "31" not in {code for codes in re.findall(r"\x1b\[([0-9;]*)m", coloured) for code in codes.split(";")}


def test_many_frameworks_leave_room_for_the_way_to_the_report(sample) -> None:
    base = sample.compas()
    coverage = tuple(Coverage(framework=f"f{i}", applicable=9, evaluated=3, counts={"met": 3}) for i in range(40))
    used = tuple(sample.replaced(base.frameworks[0], id=f"f{i}", jurisdiction=f"X{i}") for i in range(40))
    assessment = sample.replaced(base, frameworks=used, summary=sample.replaced(base.summary, coverage=coverage))
    lines = printed(assessment).splitlines()
    assert len(lines) <= LINES
    assert "… more in the report" in "\n".join(lines)
    assert any("accord verify" in line for line in lines)


def test_many_frameworks_of_one_jurisdiction_are_added_up(sample) -> None:
    base = sample.compas()
    coverage = tuple(Coverage(framework=f"f{i}", applicable=9, evaluated=3, counts={"met": 3}) for i in range(40))
    used = tuple(
        sample.replaced(base.frameworks[0], id=f"f{i}", jurisdiction="INT" if i < 30 else "KE") for i in range(40)
    )
    assessment = sample.replaced(base, frameworks=used, summary=sample.replaced(base.summary, coverage=coverage))
    text = printed(assessment)
    assert "international, 30 texts: 90 of 270 requirements evaluated" in text
    assert "KE, 10 texts: 30 of 90 requirements evaluated" in text
