"""The local sample for what is missing: how many people of which groups, in which languages, before any is drawn.

It is planned with the rates that were found abroad, as the best guess there is: they may be others here, which is why
it must be measured.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ..frameworks.comparing import as_float, is_number
from ..i18n import _
from ..measures.catalogue import catalogue
from ..measures.measure import Kind
from ..records import Evidence
from ..records.recognition import SamplePlan
from .fit import Here, travel_of
from .gap import Gap
from .sampling import (
    HALF_WIDTH,
    LEVEL,
    NEAR,
    POWER,
    for_difference,
    for_half_width,
    for_rate,
    for_ratio,
    for_width_of_difference,
    pairs_of,
    worst_pair,
)

_SAMPLED: tuple[Kind, ...] = ("rate", "gap", "min_ratio", "difference", "ratio")
_RATIOS: tuple[Kind, ...] = ("min_ratio", "ratio")
_ANYBODY = 0.5


@dataclass
class _Group:
    """What was found abroad of a group: its rate, its trials, and all people in it."""

    rate: float
    trials: int
    people: int


@dataclass
class _Abroad:
    """Rates found abroad, by measure and attribute ("" for everybody), then by group."""

    found: dict[tuple[str, str], dict[str, _Group]] = field(default_factory=dict)

    @classmethod
    def of(cls, evidence: Iterable[Evidence]) -> _Abroad:
        """Take the rates out of the evidence; everybody of a group is the largest number that a rate was taken over."""
        abroad = cls()
        largest: dict[tuple[str, str], int] = {}
        for item in evidence:
            for m in item.measurements:
                if not set(m.dimensions) <= {"attribute", "group"} or not is_number(m.value) or not m.n:
                    continue
                attribute, group = m.dimensions.get("attribute", ""), m.dimensions.get("group", "")
                known = catalogue().get(m.measure)
                if known is not None and known.derivation.kind == "rate":
                    groups = abroad.found.setdefault((m.measure, attribute), {})
                    groups[group] = _Group(as_float(m.value), m.n, m.n)
                    largest[attribute, group] = max(m.n, largest.get((attribute, group), 0))
        for (_measure, attribute), groups in abroad.found.items():
            for name, known_group in groups.items():
                known_group.people = largest[attribute, name]
        return abroad

    def attributes(self, measure: str) -> list[str]:
        """Return the attributes whose groups a rate was found for."""
        return [attribute for name, attribute in self.found if name == measure and attribute]


def plan_samples(gap: Gap, evidence: Iterable[Evidence], here: Here) -> tuple[SamplePlan, ...]:
    """Return a plan for each measure, attribute and threshold that is missing. What is counted exactly has none."""
    abroad = _Abroad.of(evidence)
    found: dict[tuple[str, str, float | None], SamplePlan] = {}
    for asked in gap.measures:
        item = asked.missing
        known = catalogue().get(item.name)
        if known is None or known.derivation.kind not in _SAMPLED:
            continue
        threshold = as_float(item.threshold) if is_number(item.threshold) else None
        for attribute in _attributes(item.name, item.dimensions, abroad):
            key = (item.name, attribute, threshold)
            if key not in found:
                found[key] = _plan(item.name, attribute, threshold, abroad, here)
    return tuple(found.values())


def _attributes(measure: str, dimensions: Mapping[str, str], abroad: _Abroad) -> Iterator[str]:
    named = dimensions.get("attribute", "*" if catalogue()[measure].derivation.of else "")
    rates = catalogue()[measure].derivation.of or (measure,)
    if named == "*":
        yield from abroad.attributes(rates[0]) or [""]
    else:
        yield named


def _plan(measure: str, attribute: str, threshold: float | None, abroad: _Abroad, here: Here) -> SamplePlan:
    derivation = catalogue()[measure].derivation
    per_group, people, aim = 0, 0, ""
    assumed: Mapping[str, float] = {}
    groups: tuple[str, ...] = ()
    for rate in derivation.of or (measure,):
        found = abroad.found.get((rate, attribute), {})
        groups = tuple(found) if attribute else ()
        rates = {name: group.rate for name, group in found.items()}
        n, told = _size(derivation.kind, rates, threshold)
        drawn = sum(math.ceil(n * group.people / group.trials) for group in found.values())
        if n > per_group:
            per_group, aim, assumed = n, told, rates
        people = max(people, drawn or n * (1 if derivation.kind == "rate" else 2))
    return SamplePlan(
        measure=measure,
        attribute=attribute,
        groups=groups,
        per_group=per_group,
        people=people,
        languages=here.context.languages if "languages" in travel_of(measure).depends_on else (),
        threshold=threshold,
        assumed=dict(assumed) if attribute else {},
        aim=aim,
    )


def _size(kind: Kind, rates: Mapping[str, float], threshold: float | None) -> tuple[int, str]:
    """Return how many trials each group needs, and what for."""
    pairs = pairs_of(tuple(rates))
    one, other = worst_pair(rates)
    decides = _("decides about {threshold:g} ({percent:.0%} interval, power {power:g})")
    if threshold is not None:
        told = decides.format(percent=LEVEL, threshold=threshold, power=POWER)
        if kind == "rate" and 0.0 < threshold < 1.0:
            away = [rate for rate in rates.values() or (_ANYBODY,) if abs(rate - threshold) >= NEAR]
            if away:
                return max(for_rate(rate, threshold) for rate in away), told
        elif kind in _RATIOS and other > 0.0 and threshold > 0.0 and abs(other / one - threshold) >= NEAR:
            return for_ratio(one, other, threshold, pairs=pairs), told
        elif kind in ("gap", "difference") and 0.0 < threshold < 1.0 and abs(one - other - threshold) >= NEAR:
            return for_difference(one, other, threshold, pairs=pairs), told
    told = _("±{half:g} ({percent:.0%} interval)").format(percent=LEVEL, half=HALF_WIDTH)
    if kind == "rate":
        return max(for_half_width(rate) for rate in rates.values() or (_ANYBODY,)), told
    return for_width_of_difference(one, other, pairs=pairs), told
