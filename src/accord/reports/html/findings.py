"""Findings, worst first, each with its place, its remedy and the way to what it rests on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from ...i18n import _
from ...records import Assessment, Finding, Place
from .. import figures
from ..wording import WORST_FIRST, name_of
from .anchors import Anchors
from .panels import Panel

MOST_FINDINGS = 300
_HARMFUL = ("fairness.false_positive_rate", "fairness.false_negative_rate")


@dataclass(frozen=True, slots=True)
class Link:
    """A link within the page."""

    anchor: str
    text: str


@dataclass(frozen=True, slots=True)
class FindingView:
    """A finding as the page shows it."""

    anchor: str
    finding: Finding
    part: str
    where: tuple[tuple[str, str], ...]
    evidence: Link
    panel: Link | None


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """Findings of one rule, severity and remedy: the first in full, the others below it."""

    first: FindingView
    others: tuple[FindingView, ...]


def grouped(findings: Sequence[FindingView]) -> tuple[FindingGroup, ...]:
    """Return the findings in groups of those that one remedy answers, in the order of their first one."""
    groups: dict[tuple[str, ...], list[FindingView]] = defaultdict(list)
    for view in findings:
        finding = view.finding
        groups[finding.severity, finding.rule, finding.remedy, view.evidence.anchor].append(view)
    return tuple(FindingGroup(first, tuple(others)) for first, *others in groups.values())


def findings_of(assessment: Assessment, panels: Sequence[Panel]) -> tuple[FindingView, ...]:
    """Return all findings of the record, the gravest first, else in the order of the record."""
    found = [
        (i, evidence, finding) for i, evidence in enumerate(assessment.evidence, 1) for finding in evidence.findings
    ]
    found.sort(key=lambda item: WORST_FIRST.index(item[2].severity))
    anchors = Anchors(assessment)
    parts = {part.digest: part.path for part in assessment.subject.parts}
    by_evidence: dict[int, list[Panel]] = defaultdict(list)
    for panel in panels:
        by_evidence[panel.evidence].append(panel)
    views = []
    for number, (i, evidence, finding) in enumerate(found, 1):
        related = related_panel(finding, by_evidence[i])
        part = anchors.part(finding.subject)
        views.append(
            FindingView(
                anchor=f"f-{number}",
                finding=finding,
                part=parts.get(finding.subject, "") if part else "",
                where=place(finding.where),
                evidence=Link(f"e-{i}", name_of(evidence.inspector)),
                panel=Link(related.anchor, related.name) if related else None,
            )
        )
    return tuple(views)


def related_panel(finding: Finding, panels: Sequence[Panel]) -> Panel | None:
    """Return the panel whose measure and attribute the finding's arguments name, if there is one.

    A finding about an attribute that names no measure is shown with the errors that harm people.
    """
    texts = {str(value) for value in finding.arguments.values()} | {finding.where.column or ""}
    named = [panel for panel in panels if panel.of and panel.of in texts]
    by_measure = [panel for panel in named if panel.measure and {panel.measure, panel.measure.split(".")[-1]} & texts]
    by_harm = [panel for measure in _HARMFUL for panel in named if panel.measure == measure]
    return next(iter(by_measure or by_harm or named), None)


def highlights(
    assessment: Assessment, findings: Sequence[FindingView], panels: Sequence[Panel], most: int = 6
) -> tuple[Panel, ...]:
    """Return the panels to show first: what findings rest on, then the harmful errors of each declared attribute."""
    anchors = {panel.anchor: panel for panel in panels}
    from_findings = [anchors[view.panel.anchor] for view in findings if view.panel]
    sensitive = assessment.card.data.sensitive
    harmful = [
        panel
        for measure in _HARMFUL
        for panel in panels
        if panel.measure == measure and (panel.of in sensitive or (not sensitive and panel.size == 1))
    ]
    candidates = list({panel.anchor: panel for panel in (*from_findings, *harmful)}.values())
    attributes = list(dict.fromkeys(panel.of for panel in candidates))
    order = {measure: i for i, measure in enumerate(_HARMFUL)}
    # Single attributes before intersections, harmful errors before other rates; the errors of one attribute together,
    # for a gap in one of them says little without the other.
    candidates.sort(
        key=lambda panel: (
            panel.size,
            panel.measure not in order,
            attributes.index(panel.of),
            order.get(panel.measure, len(order)),
        )
    )
    return tuple(candidates[:most])


def place(where: Place) -> tuple[tuple[str, str], ...]:
    """Return the parts of a place as pairs of name and value."""
    pairs = (
        (_("file"), where.path),
        (_("member"), where.member),
        (_("column"), where.column),
        (_("row"), None if where.row is None else figures.count(where.row)),
        (_("byte"), None if where.offset is None else figures.count(where.offset)),
    )
    return tuple((name, value) for name, value in pairs if value)
