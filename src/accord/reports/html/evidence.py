"""Evidence as the page shows it: what each inspector did, with what, at which cost, and what it did not look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...i18n import _
from ...records import Assessment, Counts, Evidence
from .. import figures
from ..interface import Details
from ..wording import REASON_WORDS, name_of, word
from .anchors import Anchors

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """One inspector's result, written out. `name` is its id made readable.

    `reused` says that an earlier run on the same bytes made it.
    """

    anchor: str
    title: str
    name: str
    part: str
    part_anchor: str | None
    evidence: Evidence
    reason: str
    measurements: str
    findings: str
    parameters: Pairs
    tools: Pairs
    cost: str
    contexts: tuple[Pairs, ...]
    statistics: Pairs
    reused: bool


def evidence_of(assessment: Assessment, details: Details) -> tuple[EvidenceView, ...]:
    """Return all evidence in the order of the record."""
    anchors = Anchors(assessment)
    paths = {part.digest: part.path for part in assessment.subject.parts}
    return tuple(
        EvidenceView(
            anchor=f"e-{i}",
            title=details.inspector(evidence.inspector),
            name=name_of(evidence.inspector),
            part=paths.get(evidence.subject, "") or assessment.subject.name,
            part_anchor=anchors.part(evidence.subject),
            evidence=evidence,
            reason=word(REASON_WORDS, evidence.reason) if evidence.reason else "",
            measurements=figures.count(len(evidence.measurements)),
            findings=figures.count(len(evidence.findings)),
            parameters=_pairs(evidence.parameters),
            tools=_pairs(evidence.tools),
            cost=_cost(evidence),
            contexts=_contexts(evidence),
            statistics=tuple((name, _axes(counts)) for name, counts in evidence.statistics.items()),
            reused=evidence.id in assessment.environment.reused,
        )
        for i, evidence in enumerate(assessment.evidence, 1)
    )


def _pairs(values: Mapping[str, int | float | bool | str | tuple[str, ...] | None]) -> Pairs:
    return tuple((name, _("none") if value is None else _exact(value)) for name, value in values.items())


def _exact(value: float | bool | str | tuple[str, ...]) -> str:
    """Return a parameter unrounded: with it the run can be repeated."""
    return repr(value) if isinstance(value, float) else figures.figure(value, "")


def _cost(evidence: Evidence) -> str:
    cost = evidence.cost
    parts = [
        _("{time} of computing").format(time=figures.duration(cost.cpu_seconds)),
        _("{size} read").format(size=figures.size(cost.bytes_read)),
    ]
    if cost.requests:
        parts.append(_("{n} requests").format(n=figures.count(cost.requests)))
    if cost.tokens:
        parts.append(_("{n} tokens").format(n=figures.count(cost.tokens)))
    if cost.money is not None:
        parts.append(f"{figures.written(f'{cost.money:,.2f}')} {cost.currency or ''}".strip())
    return " · ".join(parts)


def _contexts(evidence: Evidence) -> tuple[Pairs, ...]:
    found = dict.fromkeys(
        (
            (_("population"), context.population or ""),
            (_("places"), ", ".join(context.places)),
            (_("languages"), ", ".join(context.languages)),
            (_("period"), context.period or ""),
            (_("sampling"), context.sampling or ""),
            (_("data held by"), context.holder or ""),
        )
        for context in (measurement.context for measurement in evidence.measurements)
    )
    stated = (tuple((name, value) for name, value in pairs if value) for pairs in found)
    return tuple(pairs for pairs in stated if pairs)


def _axes(counts: Counts) -> str:
    return " × ".join(f"{axis.name} ({len(axis.categories)})" for axis in counts.axes) or _("one count")
