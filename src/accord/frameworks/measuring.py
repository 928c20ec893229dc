"""Which measures a requirement asks for."""

from __future__ import annotations

from collections.abc import Iterator

from ..records import Requirement, Rule


def measures_of(requirement: Requirement) -> tuple[str, ...]:
    """Return the ids of the measures that a requirement's rules ask for, each once, in the order of the rules."""
    return tuple(dict.fromkeys(measure for rule in requirement.rules for measure in _measures(rule)))


def _measures(rule: Rule) -> Iterator[str]:
    if rule.measure is not None:
        yield rule.measure
    for child in (*rule.all, *rule.any, *rule.none):
        yield from _measures(child)
