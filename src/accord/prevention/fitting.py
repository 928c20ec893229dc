"""Whether a measure of prevention answers a case and fits what was measured, and which values called for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from msgspec.structs import replace

from ..frameworks.comparing import as_float, is_number
from ..frameworks.facts import ANY_VALUE, Fact, Facts
from ..frameworks.rules import Evaluation, evaluate
from ..measures.catalogue import catalogue
from ..records import Assessment, Measurement, Rule
from ..records.prevention import COSTS, STRENGTHS, Mitigation, Reading, SideEffect
from .naming import Case, Named

Rank = tuple[bool, int, int, str]


@dataclass(frozen=True, slots=True)
class Fit:
    """How one mitigation fits one case: the values that its condition rests on, the side effects to expect."""

    readings: tuple[Reading, ...]
    side_effects: tuple[SideEffect, ...]


class Fitting:
    """The measurements of one assessment, asked condition by condition. Each is evaluated once a part and binding."""

    def __init__(self, assessment: Assessment) -> None:
        facts = [Fact(m, e.id) for e in assessment.evidence if e.status == "measured" for m in e.measurements]
        self._units = {fact.measurement.measure: fact.measurement.unit for fact in facts}
        self._declared = [fact for fact in facts if fact.measurement.basis == "declared"]
        self._measured: dict[str | None, list[Fact]] = {None: []}
        for fact in facts:
            if fact.measurement.basis == "measured":
                self._measured.setdefault(fact.measurement.subject, []).append(fact)
                self._measured[None].append(fact)
        self._of_part: dict[str | None, Facts] = {}
        self._known: dict[tuple[str, str | None, tuple[tuple[str, str], ...]], Fit | None] = {}

    def fit(self, item: Mitigation, case: Case) -> Fit | None:
        """Return how `item` fits `case`, or nothing where its condition doesn't hold or nobody can tell."""
        key = (item.id, case.subject, tuple(sorted(case.bindings.items())))
        if key not in self._known:
            self._known[key] = self._fit(item, case)
        return self._known[key]

    def _fit(self, item: Mitigation, case: Case) -> Fit | None:
        result = self._evaluate(item.fits_if, case) if item.fits_if else None
        if result is not None and result.holds is not True:
            return None
        effects = tuple(
            effect
            for effect in item.side_effects
            if effect.only_if is None or self._evaluate(effect.only_if, case).holds
        )
        readings = [*self._moved(item, case), *(self._true_leaves(result) if result else ())]
        return Fit(tuple(readings), effects)

    def _evaluate(self, rule: Rule, case: Case) -> Evaluation:
        return evaluate(bound(rule, case.bindings), self._part(case.subject))

    def _part(self, subject: str | None) -> Facts:
        """Return what was measured of one part, and what is declared of the whole."""
        if subject not in self._of_part:
            self._of_part[subject] = Facts((*self._measured.get(subject, ()), *self._declared))
        return self._of_part[subject]

    def _moved(self, item: Mitigation, case: Case) -> Iterator[Reading]:
        """Yield, for a case that names no measure, the values addressed that should move, the farthest first."""
        if case.measure:
            return
        for move in item.moves:
            if move.measure in item.addresses.measures:
                wanted = {k: v for k, v in case.bindings.items() if k in _dimensions(move.measure)}
                found = [fact.measurement for fact in self._part(case.subject).matching(move.measure, wanted)]
                if move.direction in ("higher", "lower") and all(is_number(m.value) for m in found):
                    found.sort(key=lambda m: as_float(m.value), reverse=move.direction == "lower")
                yield from (_reading(m) for m in found)

    def _true_leaves(self, result: Evaluation) -> Iterator[Reading]:
        for outcome in result.outcomes:
            if outcome.holds is True and not outcome.measure.startswith("card."):
                yield Reading(
                    measure=outcome.measure,
                    dimensions=outcome.dimensions,
                    value=outcome.value,
                    unit=self._units.get(outcome.measure, ""),
                    interval=outcome.interval,
                    n=outcome.n,
                )


def bound(rule: Rule, bindings: dict[str, str]) -> Rule:
    """Return the rule with its placeholders filled; one that the case doesn't know stands for any value."""
    where = {
        name: bindings.get(value[1:], ANY_VALUE) if value.startswith("$") else value
        for name, value in rule.where.items()
    }
    groups = {name: tuple(bound(child, bindings) for child in getattr(rule, name)) for name in ("all", "any", "none")}
    return replace(rule, where=where, **groups)


def answers(item: Mitigation, named: Named, case: Case) -> bool:
    """Return whether `item` is meant for this case of a risk: by the finding's rule and measure, or by the measure."""
    if named.risk.nature not in item.against:
        return False
    if item.groups != "any" and case.combined != (item.groups == "combined"):
        return False
    to = item.addresses
    if named.risk.rule:
        about = not case.measure or not to.measures or concerns(to.measures, case.measure)
        return named.risk.rule in to.findings and about
    return case.measure in to.measures


def concerns(measures: Iterable[str], measure: str) -> bool:
    """Return whether one of `measures` is `measure`, or compares it between groups."""
    return any(name == measure or measure in catalogue()[name].derivation.of for name in measures)


def rank(item: Mitigation, measure: str) -> Rank:
    """Return the place of a mitigation among those that fit: what moves the measure first, then cheap, then proven.

    What moves it in a direction that nobody can tell is not counted as moving it.
    """
    direct = bool(measure) and concerns((move.measure for move in item.moves if move.direction != "either"), measure)
    return (not direct, COSTS.index(item.cost), STRENGTHS.index(item.evidence), item.id)


def _dimensions(measure: str) -> frozenset[str]:
    return frozenset(name for names in catalogue()[measure].dimensions for name in names)


def _reading(m: Measurement) -> Reading:
    return Reading(measure=m.measure, dimensions=m.dimensions, value=m.value, unit=m.unit, interval=m.interval, n=m.n)
