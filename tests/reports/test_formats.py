"""A format is found by its file; the report folder is written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from accord.errors import UsageError
from accord.i18n import N_
from accord.records import SEVERITIES, VERDICT_STATUSES
from accord.reports import choose, formats, known_details, report
from accord.reports.wording import REASON_WORDS, SEVERITY_WORDS, VERDICT_MEANINGS, VERDICT_ORDER, VERDICT_WORDS


def test_formats_are_the_modules_that_hold_a_report() -> None:
    assert formats() == ("html", "json", "oscal", "oscal-poam")
    assert report("html").file_name == "report.html" and report("json").file_name == "assessment.json"
    assert [item.name for item in choose(("json", "html", "json"))] == ["json", "html"]


@pytest.mark.parametrize("name", ["pdf", "interface", "terminal", "", "../json", "json.x"])
def test_an_unknown_format_is_named_with_those_there_are(name: str) -> None:
    with pytest.raises(UsageError, match="html, json"):
        report(name)


def test_every_term_of_the_records_has_its_words() -> None:
    from typing import get_args

    from accord.records import Reason

    assert set(SEVERITY_WORDS) == set(SEVERITIES)
    assert set(VERDICT_WORDS) == set(VERDICT_MEANINGS) == set(VERDICT_ORDER) == set(VERDICT_STATUSES)
    assert set(REASON_WORDS) == set(get_args(Reason))
    assert len(VERDICT_ORDER) == len(VERDICT_STATUSES)
    assert N_("x") == "x"


def test_a_framework_is_described_only_if_its_digest_is_the_one_that_was_judged(sample) -> None:
    from accord.frameworks.loading import library_ids, open_framework

    if not library_ids():
        pytest.skip("the library holds no framework")
    reference = open_framework(library_ids()[0]).reference
    base = sample.empty()
    same = sample.replaced(base, frameworks=(reference,))
    other = sample.replaced(base, frameworks=(sample.replaced(reference, digest="sha256:" + "00" * 32),))
    assert [item.id for item in known_details(same).frameworks] == [reference.id]
    assert known_details(other).frameworks == ()
    assert "fairness.false_positive_rate" in known_details(other).measures


def test_names_come_from_the_catalogue(sample, tmp_path: Path) -> None:
    page = report("html").render(sample.compas()).decode()
    assert "False-positive rate by race" in page
    assert "wrongly marks as positive" in page
