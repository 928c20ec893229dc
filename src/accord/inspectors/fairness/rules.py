"""The defects that `fairness.groups` names."""

from __future__ import annotations

from typing import Final

from ...i18n import N_
from ..interface import FindingRule

DIFFERENCE: Final = FindingRule(
    "FAIR-001",
    "medium",
    N_(
        "{what} {rate_percent:.1f} % where {attribute} is {group}, {reference_percent:.1f} % where it is {reference}: "
        "{points:.1f} percentage points {more} [{points_low:.1f}, {points_high:.1f}] ({measure_name})."
    ),
    N_(
        "Find out where the difference comes from (label, features, threshold, who is in the data) before the system "
        "decides about people; then decide, state who decided, and measure again."
    ),
    ("Hardt, Price, Srebro 2016", "Chouldechova 2017"),
)
FOUR_FIFTHS: Final = FindingRule(
    "FAIR-002",
    "medium",
    N_(
        "The favourable prediction is given to {rate_percent:.1f} % of {attribute} = {group} and to "
        "{reference_percent:.1f} % of {reference}, the group with the highest share: a ratio of {ratio:.2f} "
        "[{low:.2f}, {high:.2f}], where the four-fifths rule of thumb asks for 0.80."
    ),
    N_("Justify the selection by the task itself, or change it; the rule of thumb is evidence, not a judgement."),
    ("29 CFR 1607.4(D)",),
)
TOO_SMALL: Final = FindingRule(
    "FAIR-003",
    "info",
    N_("Too few rows to judge for {attribute}: {groups} (at least {minimum} with each label are needed)."),
    N_("Collect more rows of these groups; no result about them is not a good result."),
)
NO_REFERENCE: Final = FindingRule(
    "FAIR-004",
    "medium",
    N_("The card compares {attribute} with the group {reference}, which the table does not hold; {used} was taken."),
    N_("Correct the group's name under data.reference in the card."),
)
LEFT_OUT: Final = FindingRule(
    "FAIR-005",
    "low",
    N_("{count:,} of {rows:,} rows ({percent:.1f} %) were left out: {reason}."),
    N_("Find out why, and whether these rows are of people of certain groups."),
)
NO_GROUPS: Final = FindingRule(
    "FAIR-006",
    "info",
    N_("{attribute} was not judged: {reason}."),
    N_("Add a column with the groups that matter (for an age: bands that you can justify) and name it in the card."),
)
RULES: Final = (DIFFERENCE, FOUR_FIFTHS, TOO_SMALL, NO_REFERENCE, LEFT_OUT, NO_GROUPS)
