"""Verdicts: what a framework makes of the evidence. Pure: the same evidence gives the same verdicts, anywhere.

Every leaf, and every group that has rules or documents of its own, gets exactly one verdict; a group that only
gathers points gets none, so that nothing is counted twice. Nothing measured is never a pass.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct

from ..records import (
    VERDICT_STATUSES,
    Coverage,
    Evidence,
    Framework,
    Requirement,
    Review,
    RuleOutcome,
    Tier,
    Verdict,
)
from ..records.verdict import VerdictStatus
from .applicability import Applicability
from .documenting import judge_documents
from .facts import Facts
from .reviewing import Reviews
from .rules import Evaluation, Leaf, evaluate_all
from .tiers import classify

_WEAKEST_FIRST: tuple[VerdictStatus, ...] = (
    "not_met",
    "needs_review",
    "inconclusive",
    "not_evaluated",
    "declared",
    "documented",
    "met",
)
"""A point that asks for a measurement and for documents is as good as the weaker of the two."""


class Judgement(Struct, frozen=True):
    """What one framework says: a verdict a point, a tier a scheme of its classes, the coverage."""

    verdicts: tuple[Verdict, ...]
    tiers: tuple[Tier, ...]
    coverage: Coverage


class _Part(Struct, frozen=True):
    """The outcome of one way to show a point: by its rules, or by its documents."""

    status: VerdictStatus
    reason: str
    outcomes: tuple[RuleOutcome, ...] = ()


def judge(
    framework: Framework,
    evidence: Sequence[Evidence],
    *,
    reviews: Sequence[Review] = (),
    on: str = "",
    reviewers_needed: Mapping[str, int] | None = None,
    known_digests: Collection[str] = (),
    facts: Facts | None = None,
) -> Judgement:
    """Judge the measurements in `evidence` under `framework`, and what they leave open by the `reviews` of people.

    `on` is the day of judging (YYYY-MM-DD), needed if there are reviews; `reviewers_needed` says how many people a
    requirement needs; `known_digests` are those of the subject and its parts, beside those that evidence speaks of.
    `facts` is the index of that evidence, for a caller who judges it under many frameworks.
    """
    facts = (facts or Facts.of(evidence)).with_implied(framework.questions)
    applicability = Applicability(framework, facts)
    weighing = Reviews(framework, reviews, evidence, on, reviewers_needed or {}, known_digests)
    verdicts = tuple(
        _verdict(framework, requirement, facts, applicability, weighing) for requirement in points_to_judge(framework)
    )
    return Judgement(verdicts, classify(framework, facts), coverage(framework.id, verdicts))


def points_to_judge(framework: Framework) -> tuple[Requirement, ...]:
    """Return the requirements that get a verdict: leaves, and groups with rules or documents of their own."""
    groups = {requirement.parent for requirement in framework.requirements}
    return tuple(
        requirement
        for requirement in framework.requirements
        if requirement.id not in groups or requirement.rules or requirement.documents
    )


def coverage(framework: str, verdicts: Sequence[Verdict]) -> Coverage:
    """Count verdicts. `applicable` leaves out `not_applicable`.

    `evaluated` counts the verdicts that rest on measurements or documents: met, not met, inconclusive and
    documented ones, and those that need a review of a value that was measured. Declarations, open questions and what
    people judged don't count.
    """
    found = Counter(verdict.status for verdict in verdicts)
    counts: dict[str, int] = {status: found[status] for status in VERDICT_STATUSES}
    evaluated = sum(_is_evaluated(verdict) for verdict in verdicts)
    return Coverage(
        framework=framework,
        applicable=len(verdicts) - counts["not_applicable"],
        evaluated=evaluated,
        counts=counts,
    )


def _is_evaluated(verdict: Verdict) -> bool:
    status = verdict.before_review or verdict.status
    if status == "needs_review":
        return any(outcome.basis == "measured" and outcome.value is not None for outcome in verdict.outcomes)
    return status in ("met", "not_met", "inconclusive", "documented")


def _verdict(
    framework: Framework, requirement: Requirement, facts: Facts, applicability: Applicability, reviews: Reviews
) -> Verdict:
    applies, why = applicability.of(requirement)
    part = _Part("not_applicable", why) if applies is False else _shown(requirement, facts, framework.id)
    weighed = reviews.weigh(requirement, part.status, part.reason)
    open_ = f"; whether this point applies is open: {why}" if applies is None else ""
    return Verdict(
        framework=framework.id,
        requirement=requirement.id,
        status=weighed.status,
        reason=f"{weighed.reason}{open_}",
        outcomes=part.outcomes,
        evidence=tuple(dict.fromkeys(outcome.evidence for outcome in part.outcomes if outcome.evidence)),
        applies_from=applicability.date_of(requirement),
        reviews=weighed.outcomes,
        before_review=part.status if weighed.status != part.status else None,
    )


def _shown(requirement: Requirement, facts: Facts, framework: str) -> _Part:
    """Return the weakest of what rules and documents show, or what is left to a person."""
    parts: list[_Part] = []
    if requirement.rules:
        parts.append(_by_rules(evaluate_all(requirement.rules, facts)))
    if requirement.documents:
        parts.append(_Part(*judge_documents(requirement.documents, facts, framework)))
    if not parts:
        return _Part("not_evaluated", _left_to_a_person(requirement))
    weakest = min(parts, key=lambda part: _WEAKEST_FIRST.index(part.status))
    reasons = [part.reason for part in sorted(parts, key=lambda part: part is not weakest)]
    if weakest.status == "not_evaluated" and requirement.question:
        reasons.append(_left_to_a_person(requirement))
    return _Part(weakest.status, "; ".join(reasons), tuple(outcome for part in parts for outcome in part.outcomes))


def _left_to_a_person(requirement: Requirement) -> str:
    if requirement.question:
        return f"a person must answer: {requirement.question}"
    return "nothing measures this today, and no document or question shows it"


def _by_rules(result: Evaluation) -> _Part:
    """Turn the truth of the rules into a status: a contradiction or a missing threshold is for a person to decide."""
    leaves = result.leaves
    if result.holds is not None:
        decisive = [leaf for leaf in leaves if leaf.outcome.holds is result.holds] or list(leaves)
        verb = "meets" if result.holds else "doesn't meet"
        if result.basis == "declared":
            return _Part(
                "declared", f"what is declared {verb} {_thresholds(decisive)}; nobody measured it", result.outcomes
            )
        status: VerdictStatus = "met" if result.holds else "not_met"
        return _Part(status, f"evidence {verb} {_thresholds(decisive)}", result.outcomes)
    by_why = {leaf.why: leaf for leaf in reversed(leaves)}
    missing = _missing(leaves)
    also = f"; {missing}" if missing else ""
    if "contradiction" in by_why:
        return _Part("needs_review", f"contradiction: {by_why['contradiction'].outcome.reason}{also}", result.outcomes)
    if "no_threshold" in by_why:
        return _to_decide(leaves, also, result.outcomes)
    open_leaf = by_why.get("straddles") or by_why.get("small") or by_why.get("null")
    if open_leaf is not None:
        return _Part("inconclusive", f"{_inconclusive(open_leaf)}{also}", result.outcomes)
    if "mismatch" in by_why:
        return _Part("needs_review", f"{by_why['mismatch'].outcome.reason}{also}", result.outcomes)
    return _Part("not_evaluated", missing or "not measured", result.outcomes)


def _to_decide(leaves: Sequence[Leaf], also: str, outcomes: tuple[RuleOutcome, ...]) -> _Part:
    values = [leaf.outcome for leaf in leaves if leaf.why == "no_threshold"]
    names = ", ".join(dict.fromkeys(outcome.measure for outcome in values))
    if all(outcome.basis == "declared" for outcome in values):
        return _Part("declared", f"declared without a measurement: {names}{also}", outcomes)
    reason = f"measured, but the source states no threshold, so a person decides: {names}{also}"
    return _Part("needs_review", reason, outcomes)


def _thresholds(leaves: Sequence[Leaf]) -> str:
    sources = list(dict.fromkeys(leaf.outcome.threshold_source for leaf in leaves if leaf.outcome.threshold_source))
    if sources:
        return f"the threshold of {'; '.join(sources)}"
    return f"what is asked: {', '.join(dict.fromkeys(_name(leaf.outcome) for leaf in leaves))}"


def _inconclusive(leaf: Leaf) -> str:
    outcome = leaf.outcome
    needed = f" (n = {outcome.n_needed} would decide, if the value stays)" if outcome.n_needed else ""
    return f"inconclusive: {_name(outcome)}: {outcome.reason}{needed}"


def _missing(leaves: Sequence[Leaf]) -> str:
    names = dict.fromkeys(_name(leaf.outcome) for leaf in leaves if leaf.why == "missing")
    return f"no measurement of {', '.join(names)}" if names else ""


def _name(outcome: RuleOutcome) -> str:
    dimensions = ", ".join(value for value in outcome.dimensions.values() if value)
    return f"{outcome.measure} ({dimensions})" if dimensions else outcome.measure
