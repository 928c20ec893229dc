"""What an assessment under the first framework really shows of the second.

A verdict carries over only as sets allow: `met` and `documented` over equal, equivalent and superset; over subset they
show a part; `not_met` carries over equal, equivalent and subset, since whoever demands more demands that too. Nothing
is ever carried over an overlap, and nothing but what was measured or documented: a declaration, an answer or a review
speaks of the requirement that it was given for.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ..frameworks import judge, library_ids, load
from ..i18n import _
from ..records import Assessment, Framework, Requirement, Verdict
from ..records.crosswalk import Crossing, Crosswalk, Link, Outcome
from ..records.verdict import VerdictStatus
from .references import Tree, requirement_of
from .relations import REFUTES, SHOWS, SHOWS_PART

_CARRIED: tuple[VerdictStatus, ...] = ("documented", "met")


def carry(
    crosswalk: Crosswalk,
    assessment: Assessment,
    *,
    subject: Framework | None = None,
    object_: Framework | None = None,
) -> Crosswalk:
    """Return a crosswalk with the verdicts of an assessment, and the outcome that follows for each requirement.

    Where the assessment was not judged under the first framework, its evidence is judged now. `subject` is that
    framework and `object_` the second, if they are not of the library. The second is judged on the same evidence, under
    its own rules alone: no profile, no review.
    """
    framework = load(crosswalk.subject) if subject is None else subject
    stated = {v.requirement: v.status for v in assessment.verdicts if v.framework == framework.id}
    if not stated:
        stated = {v.requirement: v.status for v in judge(framework, assessment.evidence).verdicts}
    statuses = _with_groups(Tree(framework), {f"{framework.id}#{name}": status for name, status in stated.items()})
    second = object_ or (load(crosswalk.object) if crosswalk.object in library_ids() else None)
    own = _own(second, assessment) if second else {}
    return msgspec.structs.replace(
        crosswalk,
        crossings=tuple(_on_evidence(_judged(crossing, statuses), own) for crossing in crosswalk.crossings),
        assessment=assessment.subject.digest,
        profile=assessment.profile.id if assessment.profile else None,
    )


def _with_groups(tree: Tree, statuses: Mapping[str, VerdictStatus]) -> dict[str, VerdictStatus]:
    """Add the status of groups: what all their points show, or that one of them is not met.

    A point that doesn't apply under the first framework shows nothing: what the second one asks may apply all the same.
    """
    found = dict(statuses)
    for reference in tree.requirements:
        if not tree.children(reference):
            continue
        members = [name for name in (reference, *tree.below(reference)) if name in statuses or not tree.children(name)]
        inside = {statuses.get(name) for name in members}
        if "not_met" in inside:
            found[reference] = "not_met"
        elif all(status in _CARRIED for status in inside):
            found[reference] = "met" if inside == {"met"} else "documented"
        else:
            found[reference] = "not_evaluated"
    return found


def _judged(crossing: Crossing, statuses: Mapping[str, VerdictStatus]) -> Crossing:
    its = tuple(msgspec.structs.replace(link, verdict=statuses.get(link.subject)) for link in crossing.links)
    shown = [link for link in its if link.relation in SHOWS and link.verdict in _CARRIED]
    refuted = [link for link in its if link.relation in REFUTES and link.verdict == "not_met"]
    parts = [link for link in its if link.relation in SHOWS_PART and link.verdict in _CARRIED]
    outcome: Outcome = "not_met" if refuted else "shown" if shown else "part_shown" if parts else "open"
    verdict: VerdictStatus | None = None
    left = crossing.left
    if refuted:
        verdict = "not_met"
        left = _("it asks for {points} too, which is not met").format(points=_points(refuted))
        if shown:
            left += "; " + _("yet {points} would show it: the edges or the verdicts contradict each other").format(
                points=_points(shown)
            )
    elif shown:
        verdict = "met" if any(link.verdict == "met" for link in shown) else "documented"
        left = ""
    elif parts:
        left = _("shown in part by {points}; left: {rest}").format(points=_points(parts), rest=crossing.left)
    return msgspec.structs.replace(crossing, links=its, outcome=outcome, verdict=verdict, left=left)


def _own(framework: Framework, assessment: Assessment) -> dict[str, tuple[Verdict, Requirement]]:
    """Return what the same evidence says under `framework`, by reference."""
    points = {requirement.id: requirement for requirement in framework.requirements}
    verdicts = judge(framework, assessment.evidence).verdicts
    return {f"{framework.id}#{v.requirement}": (v, points[v.requirement]) for v in verdicts}


def _on_evidence(crossing: Crossing, own: Mapping[str, tuple[Verdict, Requirement]]) -> Crossing:
    """Add what the evidence itself says; what is measured already is no longer left to measure."""
    if crossing.requirement not in own:
        return crossing
    verdict, requirement = own[crossing.requirement]
    left = crossing.left
    if crossing.outcome == "open" and verdict.status in ("met", "documented", "not_applicable"):
        left = ""
    elif crossing.outcome == "open" and verdict.status == "needs_review" and requirement.question:
        left = _("a person answers: {question}").format(question=requirement.question)
    return msgspec.structs.replace(crossing, own=verdict.status, own_reason=verdict.reason, left=left)


def _points(links: list[Link]) -> str:
    return ", ".join(dict.fromkeys(requirement_of(link.subject) for link in links))
