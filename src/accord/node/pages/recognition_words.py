"""What recognition is called on pages, in plain words; and the names of countries in the reader's language."""

from __future__ import annotations

from ...frameworks.jurisdictions import INTERNATIONAL
from ...i18n import N_, _, current_language
from ...recognition.agreements import State
from ...records.agreement import Scope
from ...records.recognition import DecisionOutcome, Fit, RequirementStatus, StepName
from ...records.trust_list import ServiceRole
from ...reports.figures import PROPORTION, figure

STATES: dict[State, str] = {
    "in_force": N_("in force"),
    "proposed": N_("proposed, not accepted yet"),
    "not_yet": N_("agreed, begins later"),
    "lapsed": N_("over: its time has passed"),
    "ended": N_("ended"),
    "invalid": N_("does not count"),
}
METHODS = {
    "same_method": N_("results by the same method, held to our thresholds"),
    "equivalent_outcome": N_("results by the other side's own method and thresholds"),
}
STATUSES: dict[RequirementStatus, str] = {
    "recognised": N_("Recognised"),
    "met_by_our_threshold": N_("Met by our own threshold, on their measurement"),
    "not_met_by_our_threshold": N_("Not met by our own threshold"),
    "still_to_be_shown": N_("Still to be shown"),
    "not_applicable": N_("Does not apply"),
}
FITS: dict[Fit, str] = {"fits": N_("fits here"), "does_not_fit": N_("does not fit here"), "unknown": N_("unknown")}
FIELDS = {
    "": N_("none"),
    "population": N_("the people"),
    "places": N_("the places"),
    "languages": N_("the languages"),
    "period": N_("the time"),
    "sampling": N_("how people were chosen"),
    "subject": N_("the files"),
}
STEPS: dict[StepName, str] = {
    "signed": N_("It is signed, and still holds"),
    "body": N_("Who measured is on a trust list"),
    "agreement": N_("There is an agreement"),
    "scope": N_("The agreement covers it"),
    "assurance": N_("It is as sure as the agreement asks"),
    "age": N_("It is recent enough"),
    "witnesses": N_("Others have seen it in the log"),
    "not_revoked": N_("Nobody has taken it back"),
}
MISSING: dict[str, str] = {
    "measure": N_("to be measured"),
    "sample": N_("too few cases"),
    "threshold": N_("no threshold is set"),
    "document": N_("a document"),
    "answer": N_("an answer on the card"),
    "review": N_("a person's judgement"),
}
OUTCOMES: dict[DecisionOutcome, str] = {
    "recognised": N_("recognised"),
    "in_part": N_("recognised in part"),
    "on_condition": N_("recognised on condition"),
    "refused": N_("refused"),
}
ROLES: dict[ServiceRole, str] = {
    "laboratory": N_("measures"),
    "authority": N_("decides, and makes agreements"),
    "node": N_("keeps a register"),
    "log": N_("keeps a log"),
    "witness": N_("watches logs"),
}
STANDINGS = {
    "granted": N_("granted"),
    "suspended": N_("suspended"),
    "withdrawn": N_("withdrawn"),
    "replaced": N_("goes on with other keys"),
}
_OWN = {INTERNATIONAL: N_("International"), "AFU": N_("African Union"), "ASEAN": "ASEAN"}


def place_name(code: str) -> str:
    """Return a jurisdiction as a reader knows it: its name, and the code behind it."""
    from babel import Locale, UnknownLocaleError

    if code in _OWN:
        return f"{_(_OWN[code])} ({code})"
    country, _dash, _part = code.partition("-")
    try:
        name = Locale.parse(current_language(), sep="-").territories.get(country, "")
    except (UnknownLocaleError, ValueError):
        name = ""
    return f"{name} ({code})" if name else code


def percent(share: float) -> str:
    """Return a share (0 to 1) as a percentage."""
    return figure(share, PROPORTION)


def scope_lines(scope: Scope) -> list[str]:
    """Return what a scope covers, a line for each bound; one line if it has none."""
    named = (
        (_("results under: {names}"), scope.frameworks),
        (_("these measures: {names}"), scope.measures),
        (_("these inspections: {names}"), scope.inspectors),
        (_("these parts of a system: {names}"), scope.parts),
        (_("these sectors: {names}"), scope.sectors),
    )
    return [text.format(names=", ".join(names)) for text, names in named if names] or [_("everything")]
