"""What a report says of the plan that its run followed, in words."""

from __future__ import annotations

from ..i18n import N_, _, ngettext
from ..records import Assessment
from ..records.deviation import Deviated, Deviation

_WORDS: dict[Deviated, str] = {
    "subject": N_("another system: planned {planned}, found {found}"),
    "part": N_("part {name}: planned {planned}, found {found}"),
    "card": N_("another system card: planned {planned}, found {found}"),
    "framework": N_("text {name}: planned {planned}, judged under {found}"),
    "profile": N_("another profile: planned {planned}, used {found}"),
    "version": N_("{name}: planned version {planned}, version {found} was run"),
    "parameters": N_("{name}: planned {planned}, run with {found}"),
    "seed": N_("{name}: planned seed {planned}, run with seed {found}"),
    "not_run": N_("{name}: planned, but not measured ({found})"),
    "not_planned": N_("{name}: measured, but not planned"),
}


def deviation_in_words(deviation: Deviation) -> str:
    """Return one deviation as a phrase."""
    nothing = _("nothing")
    said, found = deviation.planned or nothing, deviation.found or nothing
    return _(_WORDS[deviation.what]).format(name=deviation.name, planned=said, found=found)


def plan_in_short(assessment: Assessment) -> str:
    """Return whether the run followed a plan, in a few words. The report says so; `accord verify` proves it."""
    if assessment.plan is None:
        return _("no plan before the run")
    n = len(assessment.plan.deviations)
    if not n:
        return _("as planned before the run")
    return ngettext("planned, but {n} deviation", "planned, but {n} deviations", n).format(n=n)
