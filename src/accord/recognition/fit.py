"""Whether a result that was measured elsewhere says something here: the fields of its context, held against ours.

What is read from bytes is the same wherever the bytes are: the safety of a file, its format, its licence, the form of a
document. How people fare is known for the people, places and languages that it was measured with, and for no others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal, get_args

from msgspec.structs import replace

from ..frameworks.jurisdictions import INTERNATIONAL, applies_in
from ..i18n import N_, _
from ..records import Context, Evidence, Measurement
from ..records.recognition import Fit, ResultHere

Field = Literal["population", "places", "languages", "period", "sampling"]
PEOPLE: tuple[Field, ...] = get_args(Field)
_CODE = re.compile(r"[A-Z]{2,5}(-[A-Z0-9]{1,3})?")
_YEAR = re.compile(r"(?<![0-9])[0-9]{4}(?![0-9])")


@dataclass(frozen=True, slots=True)
class Travel:
    """On which fields of the context the results of a theme or measure depend, and why."""

    depends_on: tuple[Field, ...]
    why: str


BYTES = N_("It is read from the bytes, which are the same everywhere.")
TRAVELS: dict[str, Travel] = {
    "model_files": Travel((), BYTES),
    "openness": Travel((), N_("The licence and its text are the same everywhere.")),
    "transparency": Travel((), N_("The card and the documents are the same everywhere, in form.")),
    "card": Travel((), N_("It is the provider's word, here as there.")),
    "data": Travel((), N_("It is counted in the very table, which is the same everywhere.")),
    "data.class_share": Travel(PEOPLE, N_("How frequent an outcome is depends on the people who are counted.")),
    "data.group_share": Travel(PEOPLE, N_("Whether a table stands for people depends on which people live here.")),
    "fairness": Travel(PEOPLE, N_("How a system treats people is known for those with whom it was measured.")),
}
"""By theme or measure, the longest name first. What is not listed depends on all fields, until somebody says less."""
UNLISTED = Travel(PEOPLE, N_("Nobody has said on what it depends, so it is taken to depend on the people."))


@dataclass(frozen=True, slots=True)
class Here:
    """The conditions here: the jurisdiction, what is known of people, languages …, and the bytes that are used here.

    `digests` are those of the local target and its parts; null if it is not at hand, and then taken to be the same.
    """

    jurisdiction: str
    context: Context = field(default_factory=Context)
    digests: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Fitting:
    """Whether a result fits; the field that decides, "" if none does; why, in a sentence."""

    fit: Fit
    field: str
    reason: str


def travel_of(measure: str) -> Travel:
    """Return on what the results of a measure depend."""
    return TRAVELS.get(measure) or TRAVELS.get(measure.partition(".")[0]) or UNLISTED


def fitting(measured: Measurement, here: Here) -> Fitting:
    """Say whether a measurement fits here: one field that does not fit decides, else one that is unknown."""
    travel = travel_of(measured.measure)
    if not travel.depends_on:
        if here.digests is not None and measured.basis == "measured" and measured.subject not in here.digests:
            return Fitting("does_not_fit", "subject", _("It was read from bytes that are not part of the system here."))
        return Fitting("fits", "", _(travel.why))
    found = [answer for name in travel.depends_on if (answer := _COMPARED[name](measured.context, here)) is not None]
    for fit in ("does_not_fit", "unknown"):
        decisive = next((answer for answer in found if answer.fit == fit), None)
        if decisive:
            return decisive
    return Fitting("fits", "", _("It was measured for the people, the place and the languages here."))


def _population(there: Context, here: Here) -> Fitting | None:
    return _same_words("population", there.population, here.context.population, required=True)


def _sampling(there: Context, here: Here) -> Fitting | None:
    return _same_words("sampling", there.sampling, here.context.sampling, required=False)


def _same_words(name: Field, there: str | None, here: str | None, *, required: bool) -> Fitting | None:
    """Compare two descriptions. Whether other words mean the same people is for a person, who then uses the same."""
    if not here and not (required and there):
        return _silent_there(name) if required else None
    if not there:
        return _silent_there(name)
    if not here:
        return _silent_here(name)
    if " ".join(there.split()).casefold() == " ".join(here.split()).casefold():
        return Fitting("fits", name, "")
    text = _("{field}: it was measured for “{there}”, here it is “{here}”.")
    return Fitting("does_not_fit", name, text.format(field=name, there=there, here=here))


def _places(there: Context, here: Here) -> Fitting | None:
    """Compare places by their codes, the last word of each: “Broward County, Florida, US”. Here is the jurisdiction."""
    if not there.places:
        return _silent_there("places")
    wanted = here.context.places or (here.jurisdiction,)
    known = [_place(place) for place in there.places]
    for place in map(_place, wanted):
        if any(place == other or (_is_code(place, other) and applies_in(other, place)) for other in known):
            continue
        names = {"there": ", ".join(there.places), "here": place}
        if any(_is_code(place, other) and applies_in(place, other) for other in known):
            return Fitting("unknown", "places", _("places: it was measured in a part of {here} only.").format(**names))
        if not _CODE.fullmatch(place) or not all(_CODE.fullmatch(other) for other in known):
            text = _("places: nobody can tell whether {there} is {here}; give codes such as KE or DE-BY.")
            return Fitting("unknown", "places", text.format(**names))
        text = _("places: it was measured in {there}, not in {here}.")
        return Fitting("does_not_fit", "places", text.format(**names))
    return Fitting("fits", "places", "")


def _place(text: str) -> str:
    last = text.rpartition(",")[2].strip()
    return last if _CODE.fullmatch(last) else " ".join(text.split()).casefold()


def _is_code(*places: str) -> bool:
    return all(_CODE.fullmatch(place) and place != INTERNATIONAL for place in places)


def _languages(there: Context, here: Here) -> Fitting | None:
    """Every language here must be among those measured: “de” covers “de-AT”, not the other way round (RFC 4647)."""
    if not there.languages and not here.context.languages:
        return None
    if not there.languages:
        return _silent_there("languages")
    if not here.context.languages:
        return _silent_here("languages")
    known = [language.casefold() for language in there.languages]
    lacking = [
        language
        for language in here.context.languages
        if not any(language.casefold() == other or language.casefold().startswith(f"{other}-") for other in known)
    ]
    if not lacking:
        return Fitting("fits", "languages", "")
    text = _("languages: it was measured in {there}, not in {here}.")
    return Fitting("does_not_fit", "languages", text.format(there=", ".join(there.languages), here=", ".join(lacking)))


def _period(there: Context, here: Here) -> Fitting | None:
    """Where a period is asked for here, that of the measurement must overlap with it, by its years."""
    if not here.context.period:
        return None
    if not there.period:
        return _silent_there("period")
    years = [sorted(int(year) for year in _YEAR.findall(text)) for text in (there.period, here.context.period)]
    if not all(years):
        return Fitting("unknown", "period", _("period: nobody can tell the years; write 2024-01-01 to 2024-12-31."))
    if years[0][0] <= years[1][-1] and years[1][0] <= years[0][-1]:
        return Fitting("fits", "period", "")
    text = _("period: it was measured for {there}, not for {here}.")
    return Fitting("does_not_fit", "period", text.format(there=there.period, here=here.context.period))


def _silent_there(name: Field) -> Fitting:
    return Fitting("unknown", name, _("{field}: the measurement does not say.").format(field=name))


def _silent_here(name: Field) -> Fitting:
    return Fitting("unknown", name, _("{field}: nobody has said what holds here.").format(field=name))


_COMPARED: dict[Field, Callable[[Context, Here], Fitting | None]] = {
    "population": _population,
    "places": _places,
    "languages": _languages,
    "period": _period,
    "sampling": _sampling,
}


def as_far_as_it_fits(evidence: Iterable[Evidence], here: Here) -> tuple[Evidence, ...]:
    """Return the evidence with each value that does not surely fit here unknown, for that reason.

    Not left out: rules are three-valued, so a value made unknown can settle nothing, while one that is missing could
    let the worst of several look better.
    """
    return tuple(
        replace(item, measurements=tuple(_here(measured, here) for measured in item.measurements)) for item in evidence
    )


def _here(measured: Measurement, here: Here) -> Measurement:
    found = fitting(measured, here)
    if found.fit == "fits" or measured.value is None:
        return measured
    return replace(measured, value=None, interval=None, reason=found.reason)


def results_here(evidence: Iterable[Evidence], here: Here) -> tuple[ResultHere, ...]:
    """Return, for each measure of each inspector, how many results fit, do not, or may, and why."""
    counted: dict[tuple[str, str, Fitting], int] = {}
    for item in evidence:
        for measured in item.measurements:
            key = (measured.measure, item.inspector, fitting(measured, here))
            counted[key] = counted.get(key, 0) + 1
    return tuple(
        ResultHere(measure=name, inspector=by, results=n, fit=found.fit, field=found.field, reason=found.reason)
        for (name, by, found), n in counted.items()
    )
