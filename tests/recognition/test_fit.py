"""What travels, and what does not: each field of the context by itself, and what follows for all of the evidence."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from accord.measures.catalogue import catalogue
from accord.recognition.fit import PEOPLE, Here, as_far_as_it_fits, fitting, results_here, travel_of
from accord.records import Context, Evidence, Measurement

FULL = Context(population="Adults", places=("KE",), languages=("sw",), period="2025", sampling="All")


def measured(measure: str = "fairness.accuracy", context: Context = FULL, **more) -> Measurement:
    named = {"measure": measure, "subject": "sha256:aa", "value": 0.8, "unit": "1", "method": "m", "context": context}
    return Measurement(**(named | more))


def fit(there: Context, here: Context, code: str = "KE", measure: str = "fairness.accuracy") -> tuple[str, str]:
    found = fitting(measured(measure, there), Here(code, here))
    return found.fit, found.field


def with_(**changes) -> Context:
    return replace(FULL, **changes)


def test_the_same_people_fit():
    assert fit(FULL, FULL) == ("fits", "")
    assert fit(FULL, with_(population="  ADULTS ", period=None, sampling=None)) == ("fits", "")


@pytest.mark.parametrize(
    ("there", "here", "field"),
    [
        (FULL, with_(population="Children"), "population"),
        (with_(places=("DE",)), FULL, "places"),
        (with_(places=("Broward County, Florida, US",)), FULL, "places"),
        (FULL, with_(languages=("sw", "en")), "languages"),
        (with_(languages=("de-AT",)), with_(languages=("de",)), "languages"),
        (FULL, with_(period="2026-01-01 to 2026-12-31"), "period"),
        (FULL, with_(sampling="One in ten"), "sampling"),
    ],
)
def test_what_does_not_fit_and_by_which_field(there: Context, here: Context, field: str):
    assert fit(there, here) == ("does_not_fit", field)


@pytest.mark.parametrize(
    ("there", "here", "field"),
    [
        (Context(), FULL, "population"),
        (FULL, Context(places=("KE",), languages=("sw",)), "population"),
        (with_(places=()), FULL, "places"),
        (with_(places=("the coast",)), FULL, "places"),
        (with_(places=("KE-30",)), FULL, "places"),
        (with_(languages=()), FULL, "languages"),
        (FULL, with_(languages=()), "languages"),
        (with_(period=None), FULL, "period"),
        (with_(period="last year"), FULL, "period"),
        (with_(sampling=None), FULL, "sampling"),
    ],
)
def test_silence_and_vagueness_are_unknown(there: Context, here: Context, field: str):
    assert fit(there, here) == ("unknown", field)


@pytest.mark.parametrize(
    ("there", "here", "code"),
    [
        (with_(places=("EU",)), with_(places=()), "DE"),
        (with_(places=("DE",)), with_(places=("DE-BY",)), "DE"),
        (with_(places=("Nairobi, KE", "DE")), with_(places=("DE", "KE")), "DE"),
        (with_(languages=("de",)), with_(languages=("de-AT",)), "KE"),
        (with_(period="2020 to 2025"), with_(period="2025-06 to 2026"), "KE"),
    ],
)
def test_what_covers_more_fits(there: Context, here: Context, code: str):
    assert fit(there, here, code) == ("fits", "")


def test_where_nobody_names_a_place_here_the_jurisdiction_is_meant():
    here = with_(places=())
    assert fit(FULL, here, "DE") == ("does_not_fit", "places")
    assert fit(FULL, here, "KE") == ("fits", "")


@pytest.mark.parametrize(
    "measure", ["model_files.can_execute_code", "openness.declared_licence", "data.completeness", "card.stated"]
)
def test_what_is_read_from_bytes_travels(measure: str):
    assert fit(Context(), Context(), "DE", measure) == ("fits", "")
    item = measured(measure, Context())
    other = Here("DE", Context(), frozenset(["sha256:bb"]))
    assert fitting(item, other).field == "subject"
    assert fitting(item, replace_digests(other, "sha256:aa")).fit == "fits"
    assert fitting(replace(item, basis="declared"), other).fit == "fits"


def replace_digests(here: Here, *digests: str) -> Here:
    return Here(here.jurisdiction, here.context, frozenset(digests))


def test_measures_of_people_never_travel_alone():
    people = [name for name in catalogue() if name.startswith("fairness.") or name == "data.group_share"]
    assert len(people) > 30
    assert all(travel_of(name).depends_on == PEOPLE for name in people)
    assert travel_of("robustness.new").depends_on == PEOPLE, "what nobody has listed is not taken to travel"


def evidence(*items: Measurement) -> Evidence:
    return Evidence(
        id="e",
        inspector="i",
        version="1",
        subject="sha256:aa",
        status="measured",
        measurements=items,
        started="2026-01-01T00:00:00Z",
        seconds=0.0,
    )


def test_a_value_that_does_not_fit_is_unknown_not_left_out():
    fits, other = measured(), measured(context=with_(places=("DE",)))
    licence = measured("openness.declared_licence", Context(), value="MIT", unit="text")
    (found,) = as_far_as_it_fits([evidence(fits, other, licence)], Here("KE", FULL))
    assert found.measurements[0] == fits and found.measurements[2] == licence
    assert found.measurements[1].value is None and "not in KE" in (found.measurements[1].reason or "")


def test_results_are_counted_by_why():
    found = results_here([evidence(measured(), measured(), measured(context=Context()))], Here("KE", FULL))
    assert [(item.results, item.fit, item.field) for item in found] == [(2, "fits", ""), (1, "unknown", "population")]


texts = st.sampled_from([None, "Adults", "Children", ""])
contexts = st.builds(
    Context,
    population=texts,
    places=st.lists(st.sampled_from(["KE", "DE", "EU", "DE-BY", "the coast", "INT", "", ","]), max_size=2).map(tuple),
    languages=st.lists(st.sampled_from(["sw", "de", "de-AT", ""]), max_size=2).map(tuple),
    period=st.sampled_from([None, "2025", "2026 to 2020", "99", "\u0662\u0660\u0662\u0665"]),
    sampling=texts,
)


@given(contexts, contexts, st.sampled_from(["KE", "DE", "US-CA"]))
@settings(max_examples=300)
def test_only_what_is_said_on_both_sides_fits(there: Context, here: Context, code: str):
    found, field = fit(there, here, code)
    if found == "fits":
        assert there.population and here.population and there.places
        assert there.population.casefold() == here.population.casefold()
        assert bool(there.languages) == bool(here.languages)
    else:
        assert field in PEOPLE
    silent = replace(there, population=None)
    assert fit(silent, here, code)[0] != "fits"
