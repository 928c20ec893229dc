"""The columns of a review form: what the reviewer is shown, and what the reviewer fills in."""

from __future__ import annotations

from ..i18n import N_

SHOWN = (
    "framework",
    "version",
    "requirement",
    "state",
    "label",
    "title",
    "verdict",
    "why_open",
    "question",
    "evidence",
    "documents_on_card",
)
FILLED = (
    "decision",
    "reason",
    "measurements_relied_on",
    "documents_relied_on",
    "reviewer",
    "role",
    "interest",
    "valid_until",
)
COLUMNS = (*SHOWN, *FILLED)
RETURNED = ("framework", "requirement", "state", *FILLED)
"""What must come back."""
ANSWERS = ("decision", "reason", "documents_relied_on")
"""A row with none of these is not answered, whoever's name stands in it."""

ALL, NO_MEASUREMENT = "all", "none"
"""What may stand in `measurements_relied_on` in place of digests: all those that are shown, or none."""
OTHER = "other:"
"""What begins a document that is no part of the assessed system."""

HELP = {
    "decision": N_("met, partly, not_met, not_applicable or undecided"),
    "reason": N_("Why, in your own words. Without a reason nothing is accepted."),
    "measurements_relied_on": N_("all (those shown), none, or the digests of some, apart by spaces"),
    "documents_relied_on": N_(
        "one a line: kind | its date | page or section | valid until, if it says so. "
        "Begin with “other:” for a document that the card does not name."
    ),
    "reviewer": N_("your name or a pseudonym"),
    "role": N_("in which role you judge: auditor, lawyer, user, person affected …"),
    "interest": N_("your interest in the outcome: employer, client, owner; “none” if there is none"),
    "valid_until": N_("until which day your judgement holds (YYYY-MM-DD), at most five years"),
}
