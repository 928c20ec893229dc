"""The catalogue of kinds is complete and its words can be found; nobody is held to a form that isn't theirs."""

from __future__ import annotations

import pytest

from accord.documents import document_kinds, wording
from accord.frameworks import library
from accord.instruments.documents.phrases import all_of, fold, pattern

WITH_FORM = [kind for kind in document_kinds().values() if kind.sections]


@pytest.mark.parametrize("kind", WITH_FORM, ids=lambda kind: kind.id)
def test_a_form_has_a_source_and_sections_that_can_be_found(kind):
    assert kind.source
    assert len({section.id for section in kind.sections}) == len(kind.sections)
    for section in kind.sections:
        assert section.words or section.says, section.id
        assert section.least > 0
        for words in (section.words, section.says):
            if words:
                assert {"en", "de", "fr", "es", "pt"} <= set(words), section.id
            for phrase in all_of(words):
                assert pattern((phrase,)).search(f"x {fold(phrase.replace('*', 'x'))} y"), phrase


def test_as_many_sections_as_the_sources_have():
    sizes = {kind.id: len(kind.sections) for kind in WITH_FORM}
    assert sizes["model_card"] == 9  # Mitchell et al., section 4
    assert sizes["datasheet"] == 7  # Gebru et al., section 3
    assert sizes["technical_documentation"] == 9  # Annex IV, points 1 to 9
    assert sizes["quality_management"] == 13  # Art. 17(1)(a) to (m)
    assert sizes["impact_assessment"] == 6  # Art. 27(1)(a) to (f)
    assert sizes["declaration_of_conformity"] == 8 - 2  # Annex V without points 5 and 7, which are conditional


def test_forms_of_a_law_are_for_that_law_only():
    known = {framework.id for framework in library()}
    for kind in WITH_FORM:
        assert set(kind.form_for) <= known
        assert bool(kind.form_for) == ("Regulation (EU)" in kind.source)
        assert kind.has_form_for("ke-data-protection-act") == (not kind.form_for)
        assert all(map(kind.has_form_for, kind.form_for))


def test_a_kind_without_sections_has_no_form():
    assert not document_kinds()["contract"].has_form_for("eu-ai-act")


def test_months_are_twelve_in_each_language():
    assert {len(names) for names in wording().months.values()} == {12}
