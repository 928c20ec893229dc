"""Edges that follow from shared measures: two requirements whose rules look at the same measurement.

Such an edge says that the same evidence serves both, never that the two demand the same: their thresholds, and all
that they ask besides, may differ. So its relation is always "intersects".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..records import Framework, Requirement, Rule
from ..records.crosswalk import Edge

Looked = tuple[str, tuple[tuple[str, str], ...]]
"""What a rule looks at: the measure, and the dimensions that it must have."""

SOURCE = "the rules of both framework files"


def edges_from_measures(first: Framework, second: Framework) -> Iterator[Edge]:
    """Yield an edge for each pair of requirements that look at the same measure with the same dimensions.

    Confidence is the overlap of what they look at: shared over all (Jaccard).
    """
    by_look: dict[Looked, list[Requirement]] = {}
    looks_of = {requirement.id: looks(requirement.rules) for requirement in second.requirements}
    for requirement in second.requirements:
        for look in looks_of[requirement.id]:
            by_look.setdefault(look, []).append(requirement)
    for subject in first.requirements:
        own = looks(subject.rules)
        others = {other.id: other for look in sorted(own) for other in by_look.get(look, ())}
        for other in others.values():
            theirs = looks_of[other.id]
            shared = own & theirs
            yield Edge(
                subject=f"{first.id}#{subject.id}",
                relation="intersects",
                object=f"{second.id}#{other.id}",
                justification="computed",
                confidence=round(len(shared) / len(own | theirs), 3),
                source=SOURCE,
                author="Accord",
                comment=f"the same evidence serves both: {', '.join(_names(shared))}",
            )


def looks(rules: Iterable[Rule]) -> frozenset[Looked]:
    """Return what the leaves of rules look at."""
    found: set[Looked] = set()
    waiting = list(rules)
    while waiting:
        rule = waiting.pop()
        if rule.measure is not None:
            found.add((rule.measure, tuple(sorted(rule.where.items()))))
        waiting += (*rule.all, *rule.any, *rule.none)
    return frozenset(found)


def _names(found: Iterable[Looked]) -> list[str]:
    names = []
    for measure, where in sorted(found):
        dimensions = ", ".join(value for _name, value in where if value)
        names.append(f"{measure} ({dimensions})" if dimensions else measure)
    return names
