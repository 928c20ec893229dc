"""What changed between two assessments of a system, and what of it is more than chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .measures.catalogue import catalogue
from .measures.intervals import difference
from .records import Assessment, Finding, Measurement

Key = tuple[str, str, tuple[tuple[str, str], ...]]
Judged = Literal["changed", "within_chance", "undecided"]


@dataclass(frozen=True, slots=True)
class Change:
    """One measurement in both assessments whose value differs.

    "changed": beyond what the intervals allow, or an exact fact; "within_chance": the interval of the difference
    contains zero; "undecided": the intervals overlap and no test of the difference applies.
    """

    measure: str
    part: str
    dimensions: dict[str, str]
    before: Measurement
    after: Measurement
    judged: Judged


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that differs: parts, measurements, findings, verdicts (requirement → before, after), tiers."""

    same_subject: bool
    parts_changed: tuple[str, ...]
    parts_added: tuple[str, ...]
    parts_removed: tuple[str, ...]
    changes: tuple[Change, ...]
    unchanged: int
    only_before: int
    only_after: int
    new_findings: tuple[Finding, ...]
    gone_findings: tuple[Finding, ...]
    verdicts: dict[str, tuple[str, str]]
    tiers: dict[str, tuple[str, str]]


def compare(before: Assessment, after: Assessment) -> Comparison:
    """Compare two assessments. Parts are matched by role and path, a lone part by its role."""
    old_parts, new_parts = _parts(before), _parts(after)
    old, new = _measurements(before), _measurements(after)
    both = [(key, old[key], new[key]) for key in old if key in new]
    changes = [
        Change(key[0], key[1], dict(key[2]), a, b, _judge(a, b))
        for key, a, b in both
        if a.value != b.value or a.n != b.n
    ]
    old_findings, new_findings = _findings(before), _findings(after)
    return Comparison(
        same_subject=before.subject.digest == after.subject.digest,
        parts_changed=tuple(name for name in old_parts if name in new_parts and old_parts[name] != new_parts[name]),
        parts_added=tuple(name for name in new_parts if name not in old_parts),
        parts_removed=tuple(name for name in old_parts if name not in new_parts),
        changes=tuple(changes),
        unchanged=len(both) - len(changes),
        only_before=len(old.keys() - new.keys()),
        only_after=len(new.keys() - old.keys()),
        new_findings=tuple(f for key, f in new_findings.items() if key not in old_findings),
        gone_findings=tuple(f for key, f in old_findings.items() if key not in new_findings),
        verdicts=_moves(
            {f"{v.framework} {v.requirement}": v.status for v in before.verdicts},
            {f"{v.framework} {v.requirement}": v.status for v in after.verdicts},
        ),
        tiers=_moves(_tiers(before), _tiers(after)),
    )


def _tiers(assessment: Assessment) -> dict[str, str]:
    return {" ".join(filter(None, (t.framework, t.scheme))): t.tier for t in assessment.tiers}


def _names(assessment: Assessment) -> dict[str, str]:
    """Digest → the name by which a part is matched: role and path, or the role alone where it is the only part."""
    parts = assessment.subject.parts
    names = {part.digest: f"{part.role}:{part.path}" if len(parts) > 1 else part.role for part in parts}
    return {**names, assessment.subject.digest: "system"}


def _parts(assessment: Assessment) -> dict[str, str]:
    names = _names(assessment)
    return {names[part.digest]: part.digest for part in assessment.subject.parts}


def _measurements(assessment: Assessment) -> dict[Key, Measurement]:
    names = _names(assessment)
    return {
        (m.measure, names.get(m.subject, "system"), tuple(sorted(m.dimensions.items()))): m
        for item in assessment.evidence
        for m in item.measurements
    }


def _findings(assessment: Assessment) -> dict[tuple[str, str, str], Finding]:
    found = {}
    for item in assessment.evidence:
        for finding in item.findings:
            where = finding.where
            place = f"{where.path}|{where.member}|{where.column}|{finding.arguments.get('group', '')}"
            found[finding.rule, place, str(finding.arguments.get("measure", ""))] = finding
    return found


def _moves(before: dict[str, str], after: dict[str, str]) -> dict[str, tuple[str, str]]:
    keys = list(dict.fromkeys([*before, *after]))
    return {key: (before.get(key, "-"), after.get(key, "-")) for key in keys if before.get(key) != after.get(key)}


def _judge(a: Measurement, b: Measurement) -> Judged:
    if a.interval is None and b.interval is None:
        return "changed"
    if a.interval is None or b.interval is None:
        return "undecided"
    if a.interval.low > b.interval.high or b.interval.low > a.interval.high:
        return "changed"
    measure = catalogue().get(a.measure)
    events, trials = _counts(a), _counts(b)
    if measure is None or measure.derivation.kind != "rate" or events is None or trials is None:
        return "undecided"
    found = difference(*events, *trials)
    return "within_chance" if found.low <= 0 <= found.high else "changed"


def _counts(measurement: Measurement) -> tuple[int, int] | None:
    """Events and trials of a rate, whose value is events / n; None if they can't be had, as in a record made up."""
    value, n = measurement.value, measurement.n
    if not isinstance(value, int | float) or n is None or not 1 <= n < 2**53 or not 0 <= value <= 1:
        return None
    return min(round(value * n), n), n
