"""The risks that an assessment names: by findings, by missed or undecided thresholds, by points nobody has shown.

Nothing is a risk here that no finding and no verdict names. A value that a text sets no threshold for is a point that a
person has to judge, not a risk by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ..records import SEVERITIES, Assessment, Evidence, Finding, Framework, Place, RuleOutcome, Verdict
from ..records.prevention import Reading, Risk

COMBINED = " × "
"""How an attribute that combines several is written ("race × sex")."""
OPEN = ("not_met", "needs_review", "not_evaluated")
_MOST_PLACES = 20
_BOUND = ("attribute", "group", "reference", "column")


@dataclass(frozen=True, slots=True)
class Case:
    """One finding or rule outcome behind a risk: the part, the measure, the attribute, group or column, the values."""

    subject: str | None
    measure: str
    bindings: dict[str, str]
    readings: tuple[Reading, ...] = ()

    @property
    def combined(self) -> bool:
        """Whether it is about groups by several attributes at once."""
        return COMBINED in self.bindings.get("attribute", "")


@dataclass(frozen=True, slots=True)
class Named:
    """A risk with all cases of it, gravest first."""

    risk: Risk
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class OpenPoint:
    """A requirement that nobody has shown: its reference, those of the points above it, the documents it asks for."""

    verdict: Verdict
    references: tuple[str, ...]
    documents: tuple[str, ...] = ()
    title: str = ""


@dataclass(slots=True)
class _Group:
    findings: list[Finding] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)


def risks_found(assessment: Assessment) -> tuple[Named, ...]:
    """Return the risks that findings and rules with thresholds name: defects, gravest first; then doubts."""
    named = [*_from_findings(assessment.evidence), *_from_verdicts(assessment)]
    return tuple(
        sorted(
            named,
            key=lambda item: (
                item.risk.nature != "found",
                -SEVERITIES.index(item.risk.severity) if item.risk.severity else 0,
            ),
        )
    )


def open_points(assessment: Assessment, frameworks: Sequence[Framework]) -> Iterator[OpenPoint]:
    """Yield the requirements that apply and that nobody has shown. Of an unknown framework only the id is known."""
    known = {framework.id: framework for framework in frameworks}
    trees = {name: {item.id: item for item in framework.requirements} for name, framework in known.items()}
    for verdict in assessment.verdicts:
        if verdict.status not in OPEN:
            continue
        tree = trees.get(verdict.framework, {})
        references: list[str] = []
        step, requirement = verdict.requirement, tree.get(verdict.requirement)
        while step and len(references) <= len(tree):  # a tree without a circle is no deeper than it has points
            references.append(f"{verdict.framework}#{step}")
            point = tree.get(step)
            step = point.parent or "" if point else ""
        yield OpenPoint(
            verdict,
            tuple(references),
            requirement.documents if requirement else (),
            f"{requirement.label}: {requirement.title}" if requirement else verdict.requirement,
        )


def _from_findings(evidence: Sequence[Evidence]) -> Iterator[Named]:
    groups: dict[tuple[bool, str, str], _Group] = {}
    found = [(item, finding) for item in evidence for finding in item.findings]
    found.sort(key=lambda pair: -SEVERITIES.index(pair[1].severity))
    for item, finding in found:
        measure = finding.arguments.get("measure")
        measure = measure if isinstance(measure, str) else ""
        group = groups.setdefault((finding.severity == "info", finding.rule, measure), _Group())
        group.findings.append(finding)
        group.cases.append(_case(item, finding, measure))
    for (is_doubt, rule, measure), group in groups.items():
        first = group.findings[0]
        places = dict.fromkeys(_without_row(item.where) for item in group.findings)
        yield Named(
            Risk(
                nature="doubt" if is_doubt else "found",
                rule=rule,
                severity=first.severity,
                measure=measure,
                message=first.message,
                where=tuple(place for place in places if place != Place())[:_MOST_PLACES],
                n=len(group.findings),
            ),
            tuple(group.cases),
        )


def _without_row(where: Place) -> Place:
    """Return file, member and column of a place: what tells the places of one rule apart; rows and bytes don't."""
    return Place(path=where.path, member=where.member, column=where.column)


def _case(item: Evidence, finding: Finding, measure: str) -> Case:
    bindings = {name: value for name in _BOUND if isinstance(value := finding.arguments.get(name), str)}
    if finding.where.column:
        bindings["column"] = finding.where.column
    compared = {bindings.get("group"), bindings.get("reference")} - {None}
    measured = [
        measurement
        for measurement in item.measurements
        if measure
        and measurement.measure == measure
        and measurement.subject == finding.subject
        and measurement.dimensions.get("attribute") == bindings.get("attribute")
        and measurement.dimensions.get("group") in compared
    ]
    measured.sort(key=lambda measurement: measurement.dimensions.get("group") != bindings.get("group"))
    readings = tuple(
        Reading(
            measure=m.measure, dimensions=m.dimensions, value=m.value, unit=m.unit, interval=m.interval, n=m.n
        )
        for m in measured
    )  # fmt: skip
    return Case(finding.subject, measure, bindings, readings)


def _from_verdicts(assessment: Assessment) -> Iterator[Named]:
    units = {m.measure: m.unit for item in assessment.evidence for m in item.measurements}
    groups: dict[tuple[str, str], list[tuple[Verdict, RuleOutcome]]] = {}
    for verdict in assessment.verdicts:
        if verdict.status in ("not_met", "inconclusive"):
            sought = False if verdict.status == "not_met" else None
            for outcome in verdict.outcomes:
                if outcome.holds is sought and outcome.value is not None and outcome.threshold is not None:
                    groups.setdefault((verdict.status, outcome.measure), []).append((verdict, outcome))
    for (status, measure), members in groups.items():
        verdicts = {f"{verdict.framework}#{verdict.requirement}": verdict for verdict, _ in members}
        yield Named(
            Risk(
                nature="found" if status == "not_met" else "doubt",
                measure=measure,
                requirements=tuple(verdicts),
                message=members[0][0].reason,
                n=len(verdicts),
            ),
            tuple(_outcome_case(outcome, units.get(measure, "")) for _, outcome in members),
        )


def _outcome_case(outcome: RuleOutcome, unit: str) -> Case:
    reading = Reading(
        measure=outcome.measure,
        dimensions=outcome.dimensions,
        value=outcome.value,
        unit=unit,
        interval=outcome.interval,
        n=outcome.n,
    )
    bindings = {name: outcome.dimensions[name] for name in _BOUND if name in outcome.dimensions}
    return Case(outcome.subject, outcome.measure, bindings, (reading,))
