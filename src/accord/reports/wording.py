"""The words for the fixed terms of the records: severities, verdicts, reasons, roles."""

from __future__ import annotations

import re

from ..i18n import N_, SOURCE, _, current_language
from ..records import SEVERITIES, VERDICT_STATUSES

SEVERITY_WORDS = {
    "critical": N_("critical"),
    "high": N_("high"),
    "medium": N_("medium"),
    "low": N_("low"),
    "info": N_("for information"),
}

VERDICT_WORDS = {
    "met": N_("Meets the threshold"),
    "not_met": N_("Misses the threshold"),
    "inconclusive": N_("Inconclusive"),
    "not_evaluated": N_("Not evaluated"),
    "documented": N_("Documents in form"),
    "declared": N_("Declared only"),
    "judged": N_("Judged by a person"),
    "needs_review": N_("Needs a person"),
    "not_applicable": N_("Does not apply"),
}

VERDICT_MEANINGS = {
    "met": N_("What was measured meets the threshold that the named source states. It does not prove compliance."),
    "not_met": N_("What was measured lies beyond the threshold that the named source states."),
    "inconclusive": N_("The interval contains the threshold: too little data to say."),
    "not_evaluated": N_("Nothing was measured or handed in that speaks to this."),
    "documented": N_("The documents are there and complete in form. Nobody judged what they say."),
    "declared": N_("The system card says so. Nobody checked."),
    "judged": N_("A named person decided and signed it. A judgement, not a measurement."),
    "needs_review": N_("The source states no threshold, or claims contradict each other: a person has to decide."),
    "not_applicable": N_("The facts on the card put this requirement out of scope."),
}

DECISION_WORDS = {
    "met": N_("met"),
    "partly": N_("partly met"),
    "not_met": N_("not met"),
    "not_applicable": N_("does not apply"),
    "undecided": N_("undecided"),
}

SIGNER_WORDS = {
    "own": N_("the assessor's own"),
    "trust_list": N_("on the assessor's trust list"),
    "unknown key": N_("an unknown key"),
}

REASON_WORDS = {
    "not_applicable": N_("does not apply to this target"),
    "missing_extra": N_("an optional library is not installed"),
    "missing_input": N_("something that it needs was not given"),
    "needs_consent": N_("it runs the target's own code and nobody allowed that"),
    "no_isolation": N_("this machine can't isolate the code"),
    "user": N_("left out at the caller's wish"),
    "budget": N_("the budget was spent"),
    "offline": N_("it needs a network"),
    "error": N_("it ran into an error"),
}

ROLE_WORDS = {
    "model": N_("model"),
    "training_data": N_("training data"),
    "test_data": N_("test data"),
    "predictions": N_("predictions"),
    "data": N_("data"),
    "code": N_("code"),
    "endpoint": N_("endpoint"),
    "document": N_("document"),
}

CARD_SOURCE_WORDS = {
    "none": N_("No system card was given."),
    "provider": N_("Stated by the provider in the system card. Nobody checked these statements."),
    "assessor": N_("Stated by the assessor in the system card. Nobody checked these statements."),
}

# Intervals are named after those who found them.
INTERVAL_WORDS = {
    "wilson": N_("Wilson"),
    "clopper-pearson": N_("Clopper–Pearson"),
    "clopper-pearson-one-sided": N_("Clopper–Pearson, one-sided"),
    "newcombe": N_("Newcombe"),
    "newcombe-simultaneous": N_("Newcombe, all pairs at once"),
    "koopman": N_("Koopman"),
    "koopman-simultaneous": N_("Koopman, all pairs at once"),
}

OPERATOR_SIGNS = {"<": "<", "<=": "≤", ">": ">", ">=": "≥", "==": "="}
OPERATOR_WORDS = {"in": N_("is one of"), "contains": N_("contains"), "exists": N_("is there")}

WORST_FIRST = tuple(reversed(SEVERITIES))
# What a reader must act on comes first.
VERDICT_ORDER = tuple(
    sorted(
        VERDICT_STATUSES,
        key=(
            "not_met",
            "inconclusive",
            "needs_review",
            "met",
            "judged",
            "documented",
            "declared",
            "not_evaluated",
            "not_applicable",
        ).index,
    )
)


def word(words: dict[str, str], term: str) -> str:
    """Return the translated words for a term, or the term itself where there are none."""
    return _(words[term]) if term in words else term


def verdict_in_line(status: str) -> str:
    """Return the words for a verdict as they follow its number: `2 meets the threshold`."""
    words = word(VERDICT_WORDS, status)
    # Other languages have rules of their own for capitals.
    return words.lower() if current_language() == SOURCE else words


def operator(op: str) -> str:
    """Return a rule's operator as a sign or in words."""
    return OPERATOR_SIGNS.get(op) or word(OPERATOR_WORDS, op)


def name_of(identifier: str) -> str:
    """Return a readable name for the id of an inspector: `model_files.pickles` is `Model files: pickles`."""
    theme, _dot, rest = identifier.partition(".")
    return ": ".join(filter(None, (_sentence(theme), rest.replace("_", " "))))


def measure_name(identifier: str) -> str:
    """Return a readable name for the id of a measure that no catalogue names: `False positive rate`."""
    return _sentence(identifier.rpartition(".")[2])


def _sentence(text: str) -> str:
    words = re.sub(r"_+", " ", text).strip()
    return words[:1].upper() + words[1:]
