"""FAIR-003 to FAIR-006: what could not be judged, and on which rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...instruments.tables import clip
from ...records import Finding, Place
from . import rules
from .counting import GroupCounts
from .views import View

NAMED = 20


def too_small(view: View, minimum: int, subject: str, path: str | None) -> Finding | None:
    """Return FAIR-003 with the groups that have fewer than `minimum` rows of a label."""
    small = {
        group: outcomes
        for group, outcomes in view.groups.items()
        if min(outcomes.positives, outcomes.negatives) < minimum
    }
    if not small:
        return None
    named = [
        f"{clip(group, 60)} ({outcomes.positives} positive, {outcomes.negatives} negative)"
        for group, outcomes in list(small.items())[:NAMED]
    ]
    more = f" and {len(small) - NAMED} more" if len(small) > NAMED else ""
    return rules.TOO_SMALL.at(
        subject,
        Place(path=path),
        attribute=view.attribute,
        groups=", ".join(named) + more,
        count=len(small),
        n=sum(outcomes.rows for outcomes in small.values()),
        minimum=minimum,
    )


def of_counting(counted: GroupCounts, subject: str, path: str | None) -> Iterator[Finding]:
    """Yield FAIR-005 per reason for which rows were left out, FAIR-006 per attribute that has no groups."""
    for reason, count in counted.left_out.items():
        percent = 100 * count / counted.rows
        yield rules.LEFT_OUT.at(
            subject,
            Place(path=path),
            severity="medium" if percent > 5 else "low",
            count=count,
            rows=counted.rows,
            percent=percent,
            reason=reason,
        )
    for attribute, reason in counted.not_judged.items():
        shown = clip(attribute)
        yield rules.NO_GROUPS.at(subject, Place(path=path, column=shown), attribute=shown, reason=reason)


def choose_reference(
    view: View, given: Mapping[str, str], chosen: Mapping[str, str], subject: str, path: str | None
) -> tuple[str, str, Finding | None]:
    """Return the group that others are compared with, and why: the card's, for an intersection that of its parts, else
    the largest. With FAIR-004 if the card's is not in the table. `chosen` holds the references of single attributes.
    """
    wanted = given.get(view.attribute)
    if wanted is not None and wanted in view.groups:
        return wanted, "the card's", None
    joined = None
    if view.crossed:
        parts = tuple(chosen.get(part, "") for part in view.parts)
        joined = next((group for group, categories in view.categories.items() if categories == parts), None)
    reference, why = (view.largest, "the largest") if joined is None else (joined, "that of its attributes")
    if wanted is None:
        return reference, why, None
    finding = rules.NO_REFERENCE.at(
        subject, Place(path=path), attribute=view.attribute, reference=clip(wanted), used=reference
    )
    return reference, why, finding
