"""Frameworks, their coverage, and each requirement with its verdict and the measurements that led to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...frameworks.judging import coverage as count_coverage
from ...frameworks.tiers import fact_text
from ...i18n import _
from ...records import (
    Assessment,
    Coverage,
    FrameworkReference,
    Requirement,
    Review,
    ReviewOutcome,
    RuleOutcome,
    Tier,
    Verdict,
)
from .. import figures
from ..interface import Details
from ..wording import VERDICT_ORDER, name_of, operator
from .anchors import Anchors
from .findings import Link

MOST_OUTCOMES = 60


@dataclass(frozen=True, slots=True)
class OutcomeView:
    """How one rule came out on one measurement, written out."""

    link: str | None
    measure: str
    dimensions: str
    value: str
    n: str
    condition: str
    source: str
    holds: bool | None
    reason: str
    n_needed: str
    declared: bool
    text: bool


@dataclass(frozen=True, slots=True)
class ReviewView:
    """A person's review and how it stands; `review` is null where the record holds only its outcome."""

    outcome: ReviewOutcome
    review: Review | None
    relied_on: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RequirementView:
    """A requirement and its verdict. `label` is how the source cites it."""

    anchor: str
    status: str
    label: str
    title: str
    addressee: str
    question: str
    note: str
    reason: str
    applies_from: str
    documents: tuple[str, ...]
    outcomes: tuple[OutcomeView, ...]
    more_outcomes: int
    evidence: tuple[Link, ...]
    reviews: tuple[ReviewView, ...]
    before_review: str


@dataclass(frozen=True, slots=True)
class FrameworkView:
    """One framework: what it is, how much of it was evaluated, and its requirements."""

    anchor: str
    reference: FrameworkReference
    issuer: str
    source_title: str
    source_uri: str
    source_date: str
    note: str
    coverage: Coverage
    counts: tuple[tuple[str, int], ...]
    requirements: tuple[RequirementView, ...]


@dataclass(frozen=True, slots=True)
class TierView:
    """A likely class of risk, with the title of its framework and the texts of the facts that are missing."""

    framework: str
    anchor: str | None
    tier: Tier
    candidates: tuple[str, ...]
    missing: tuple[tuple[str, str], ...]

    @property
    def undetermined(self) -> bool:
        """Whether the answers leave several classes open."""
        return self.tier.tier == "undetermined"


def frameworks_of(assessment: Assessment, details: Details) -> tuple[FrameworkView, ...]:
    """Return the frameworks in the order of the record."""
    known = {(framework.id, framework.version): framework for framework in details.frameworks}
    coverage = {item.framework: item for item in assessment.summary.coverage}
    anchors = Anchors(assessment)
    views = []
    for i, reference in enumerate(assessment.frameworks, 1):
        framework = known.get((reference.id, reference.version))
        verdicts = [verdict for verdict in assessment.verdicts if verdict.framework == reference.id]
        requirements = {item.id: item for item in framework.requirements} if framework else {}
        views.append(
            FrameworkView(
                anchor=f"fw-{i}",
                reference=reference,
                issuer=framework.issuer if framework else "",
                source_title=framework.source.title if framework else "",
                source_uri=framework.source.uri if framework else "",
                source_date=framework.source.date if framework else "",
                note=(framework.note or "") if framework else "",
                coverage=coverage.get(reference.id) or count_coverage(reference.id, verdicts),
                counts=verdict_counts(verdicts),
                requirements=tuple(
                    _requirement(f"r-{i}-{j}", verdict, requirements, assessment, details, anchors)
                    for j, verdict in enumerate(verdicts, 1)
                ),
            )
        )
    return tuple(views)


def tiers_of(assessment: Assessment, details: Details) -> tuple[TierView, ...]:
    """Return the likely classes of risk; facts that are missing come with the question that asks for them."""
    titles = {reference.id: reference.title for reference in assessment.frameworks}
    frameworks = {framework.id: framework for framework in details.frameworks}
    anchors = Anchors(assessment)
    views = []
    for tier in assessment.tiers:
        framework = frameworks.get(tier.framework)
        classes = {item.id: item.title for item in framework.tiers} if framework else {}
        views.append(
            TierView(
                framework=titles.get(tier.framework, tier.framework),
                anchor=anchors.framework(tier.framework),
                tier=tier,
                candidates=tuple(classes.get(candidate, candidate) for candidate in tier.candidates),
                missing=tuple((fact, fact_text(framework, fact)) for fact in tier.missing),
            )
        )
    return tuple(views)


def verdict_counts(verdicts: Sequence[Verdict]) -> tuple[tuple[str, int], ...]:
    """Return how many verdicts of each status there are, what to act on first, without the zeros."""
    counted = Counter(verdict.status for verdict in verdicts)
    return tuple((status, counted[status]) for status in VERDICT_ORDER if counted[status])


def _requirement(
    anchor: str,
    verdict: Verdict,
    requirements: Mapping[str, Requirement],
    assessment: Assessment,
    details: Details,
    anchors: Anchors,
) -> RequirementView:
    requirement = requirements.get(verdict.requirement)
    names = {evidence.id: name_of(evidence.inspector) for evidence in assessment.evidence}
    units = {item.measure: item.unit for evidence in assessment.evidence for item in evidence.measurements}
    # What speaks against comes first, then what is open.
    outcomes = sorted(verdict.outcomes, key=lambda outcome: {False: 0, None: 1, True: 2}[outcome.holds])
    links = ((anchors.evidence(identifier), names.get(identifier, "")) for identifier in verdict.evidence)
    return RequirementView(
        anchor=anchor,
        status=verdict.status,
        label=requirement.label if requirement else verdict.requirement,
        title=requirement.title if requirement else "",
        addressee=(requirement.addressee or "") if requirement else "",
        question=(requirement.question or "") if requirement else "",
        note=(requirement.note or "") if requirement else "",
        reason=verdict.reason,
        applies_from=verdict.applies_from or "",
        documents=requirement.documents if requirement else (),
        outcomes=tuple(_outcome(outcome, units, details, anchors) for outcome in outcomes[:MOST_OUTCOMES]),
        more_outcomes=max(0, len(outcomes) - MOST_OUTCOMES),
        evidence=tuple(Link(link, name) for link, name in links if link),
        reviews=tuple(_review(outcome, assessment, details) for outcome in verdict.reviews),
        before_review=verdict.before_review or "",
    )


def _review(outcome: ReviewOutcome, assessment: Assessment, details: Details) -> ReviewView:
    review = next((item for item in assessment.reviews if item.envelope == outcome.review), None)
    relied = review.relied_on if review else ()
    names = Counter(details.measure(item.name) for item in relied if item.kind == "measurement")
    lines = [name if times == 1 else f"{name} (× {times})" for name, times in names.items()]
    documents = (item for item in relied if item.kind != "measurement")
    lines += [", ".join(filter(None, (item.name, item.date, item.page))) for item in documents]
    return ReviewView(outcome, review, tuple(lines))


def _outcome(outcome: RuleOutcome, units: Mapping[str, str], details: Details, anchors: Anchors) -> OutcomeView:
    unit = figures.reading_unit(outcome.measure, units.get(outcome.measure, ""))
    return OutcomeView(
        link=anchors.measurement(outcome.measure, outcome.subject, outcome.dimensions, outcome.evidence),
        measure=details.measure(outcome.measure),
        dimensions=" · ".join(outcome.dimensions.values()),
        value=figures.estimate(outcome.value, outcome.interval, unit) if outcome.value is not None else "–",
        n="" if outcome.n is None else figures.count(outcome.n),
        condition=_condition(outcome, unit),
        source=outcome.threshold_source or "",
        holds=outcome.holds,
        reason=outcome.reason,
        n_needed="" if outcome.n_needed is None else figures.count(outcome.n_needed),
        declared=outcome.basis == "declared",
        text=isinstance(outcome.value, str | tuple),
    )


def _condition(outcome: RuleOutcome, unit: str) -> str:
    if outcome.op == "exists":
        return operator("exists")
    if outcome.threshold is None:
        return _("no threshold is stated")
    return f"{operator(outcome.op)} {figures.figure(outcome.threshold, unit)}"
