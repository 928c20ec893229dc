"""Derive a measurement from counts: pure, so that anybody can do it again and get the same number."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from ..errors import UsageError
from ..records import Context, Counts, Interval, Measurement, Value
from . import intervals
from .catalogue import catalogue, measure
from .measure import Kind, Measure
from .tensor import Tensor, Totals

MINIMUM = 30
"""Trials below which a rate is not given (contract, "Intervals"). Our choice, not a law's."""
MAX_GROUPS = 512
"""Groups beyond which no gap is given: their pairs are too many to hold at once."""

METHODS: Mapping[Kind, str] = {
    "count": "counted",
    "share": "share of all, exact",
    "rate": "events / trials",
    "gap": "largest - smallest over groups",
    "min_ratio": "smallest / largest over groups",
    "difference": "group - reference",
    "ratio": "group / reference",
}


@dataclass(frozen=True, slots=True)
class Derived:
    """What follows from the counts. `n` is the number of trials behind it; a value of None has its `reason`."""

    value: int | float | None
    interval: Interval | None
    n: int | None
    method: str
    unit: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class _Case:
    """One question to the counts."""

    item: Measure
    tensor: Tensor
    dimensions: Mapping[str, str]
    minimum: int

    def derived(self, value: float | int | None, interval: Interval | None, n: int | None) -> Derived:
        return Derived(value, interval, n, METHODS[self.item.derivation.kind], self.item.unit)

    def nothing(self, reason: str, n: int | None = None) -> Derived:
        return Derived(None, None, n, METHODS[self.item.derivation.kind], self.item.unit, reason)


def derive(
    measure_id: str, statistic: Counts | Tensor, dimensions: Mapping[str, str], *, minimum: int = MINIMUM
) -> Derived:
    """Compute the measure from the counts, for these dimensions.

    Groups with fewer than `minimum` trials get no rate and don't count in a gap. Hand in a `Tensor` to ask several
    questions of the same counts: it adds them up once. Raises UsageError if the measure is unknown or a fact,
    if it doesn't have these dimensions, or if the counts aren't of the right kind; LimitExceeded if they are too
    many.
    """
    item = measure(measure_id)
    kind = item.derivation.kind
    if kind == "fact":
        raise UsageError("not-derived", f"{measure_id} is read, not computed", "Name no statistic for it.")
    if set(dimensions) not in (set(names) for names in item.dimensions):
        allowed = " or ".join(f"({', '.join(names)})" for names in item.dimensions)
        raise UsageError(
            "wrong-dimensions",
            f"{measure_id} has the dimensions {allowed}, not ({', '.join(dimensions)})",
            "Hand in the dimensions that the catalogue lists.",
        )
    if minimum < 1:
        raise UsageError("bad-minimum", f"a minimum of {minimum} trials", "Ask for at least one trial.")
    tensor = statistic if isinstance(statistic, Tensor) else Tensor(statistic)
    return _BY_KIND[kind](_Case(item, tensor, dimensions, minimum))


def measurement(
    measure_id: str,
    statistic_name: str,
    statistic: Counts | Tensor,
    dimensions: Mapping[str, str],
    *,
    subject: str,
    context: Context | None = None,
    minimum: int = MINIMUM,
) -> Measurement:
    """Return the measurement that follows from the counts that the evidence keeps as `statistic_name`."""
    derived = derive(measure_id, statistic, dimensions, minimum=minimum)
    return Measurement(
        measure=measure_id,
        subject=subject,
        dimensions=dict(dimensions),
        value=derived.value,
        unit=derived.unit,
        interval=derived.interval,
        n=derived.n,
        method=derived.method,
        statistics=statistic_name,
        context=context or Context(),
        reason=derived.reason,
    )


def measure_all(
    measure_ids: Iterable[str],
    statistic_name: str,
    statistic: Counts | Tensor,
    dimensions: Iterable[Mapping[str, str]],
    *,
    subject: str,
    context: Context | None = None,
    minimum: int = MINIMUM,
) -> tuple[Measurement, ...]:
    """Return the measurements of every measure for every one of the `dimensions`, the counts added up once."""
    tensor = statistic if isinstance(statistic, Tensor) else Tensor(statistic)
    wanted = tuple(dimensions)
    return tuple(
        measurement(name, statistic_name, tensor, where, subject=subject, context=context, minimum=minimum)
        for name in measure_ids
        for where in wanted
    )


def fact(
    measure_id: str,
    value: Value,
    *,
    subject: str,
    method: str,
    dimensions: Mapping[str, str] | None = None,
    basis: Literal["declared", "measured"] = "measured",
    context: Context | None = None,
    reason: str | None = None,
) -> Measurement:
    """Return the measurement of a measure that is read, not computed, in the catalogue's unit."""
    item = measure(measure_id)
    if item.derivation.kind != "fact":
        raise UsageError("derived", f"{measure_id} is computed, not read", "Use `measurement` and keep the counts.")
    return Measurement(
        measure=measure_id,
        subject=subject,
        dimensions=dict(dimensions or {}),
        value=value,
        unit=item.unit,
        method=method,
        basis=basis,
        context=context or Context(),
        reason=reason,
    )


def zero_event_bound(measured: Measurement) -> Interval | None:
    """Return the one-sided bound of a rate of which no event, or nothing but events, was seen; else None.

    "0 of 300" is at most 1.0 % at 95 %: the sentence to print beside such a value.
    """
    item = catalogue().get(measured.measure)
    if item is None or item.derivation.kind != "rate" or not measured.n or measured.value not in (0, 1):
        return None
    if measured.value == 0:
        return Interval(low=0.0, high=intervals.one_sided_upper(0, measured.n), kind="clopper-pearson-one-sided")
    low = intervals.one_sided_lower(measured.n, measured.n)
    return Interval(low=low, high=1.0, kind="clopper-pearson-one-sided")


def _count(case: _Case) -> Derived:
    derivation = case.item.derivation
    if derivation.categories_of is not None:
        return case.derived(case.tensor.size(derivation.categories_of), None, None)
    return case.derived(case.tensor.total(derivation)[0], None, None)


def _totals(case: _Case, rate: Measure, group: str | None) -> Totals:
    """Return events and trials of a group, or of everything."""
    by = rate.derivation.by
    if by is None or group is None:
        return case.tensor.total(rate.derivation)
    return case.tensor.group(rate.id, rate.derivation, case.dimensions[by.name] if by.name else None, group)


def _share(case: _Case) -> Derived:
    by = case.item.derivation.by
    events, trials = _totals(case, case.item, case.dimensions.get(by.category) if by else None)
    if by is not None and by.of_all:
        trials = sum(case.tensor.counts.values)
    if trials == 0:
        return case.nothing("nothing was counted (0/0)", 0)
    return case.derived(events / trials, None, trials)


def _too_few(totals: Totals, minimum: int) -> str | None:
    if totals[1] == 0:
        return "there is no trial (0/0)"
    return f"{totals[1]} trials, fewer than {minimum}" if totals[1] < minimum else None


def _rate(case: _Case) -> Derived:
    totals = _totals(case, case.item, case.dimensions.get("group"))
    reason = _too_few(totals, case.minimum)
    if reason is not None:
        return case.nothing(reason, totals[1])
    return case.derived(totals[0] / totals[1], intervals.rate(*totals), totals[1])


def _groups(case: _Case, rate: Measure) -> list[Totals]:
    """Return the groups that are large enough to have a rate."""
    totals = case.tensor.by_group(rate.id, rate.derivation, case.dimensions["attribute"])
    return [total for total in totals if total[1] >= case.minimum]


def _extremes(groups: list[Totals]) -> tuple[float, float]:
    rates = [events / trials for events, trials in groups]
    return min(rates), max(rates)


def _comparable(groups: list[Totals], minimum: int) -> str | None:
    if len(groups) < 2:
        return f"fewer than two groups have {minimum} trials"
    return f"{len(groups)} groups are too many to compare" if len(groups) > MAX_GROUPS else None


def _gap(case: _Case) -> Derived:
    """The largest gap of the rates in `of`. Their intervals hold at once: the error is split between them."""
    rates = [measure(name) for name in case.item.derivation.of]
    level = 1.0 - 0.05 / len(rates)
    gaps: list[tuple[float, Interval, int]] = []
    for rate in rates:
        groups = _groups(case, rate)
        reason = _comparable(groups, case.minimum)
        if reason is not None:
            return case.nothing(f"{rate.title}: {reason}" if len(rates) > 1 else reason)
        low, high = _extremes(groups)
        gaps.append((high - low, intervals.gap(groups, level=level), sum(trials for _, trials in groups)))
    interval = Interval(
        low=max(interval.low for _, interval, _ in gaps),
        high=max(interval.high for _, interval, _ in gaps),
        kind=gaps[0][1].kind,
    )
    return case.derived(max(gap for gap, _, _ in gaps), interval, sum(n for _, _, n in gaps))


def _min_ratio(case: _Case) -> Derived:
    groups = _groups(case, measure(case.item.derivation.of[0]))
    reason = _comparable(groups, case.minimum)
    if reason is not None:
        return case.nothing(reason)
    n = sum(trials for _, trials in groups)
    low, high = _extremes(groups)
    if high == 0.0:
        return case.nothing("no group has an event (0/0)", n)
    return case.derived(low / high, intervals.min_ratio(groups), n)


def _pair(case: _Case) -> tuple[Totals, Totals] | Derived:
    """Return the counts of the group and of the reference, or why they can't be compared."""
    rate = measure(case.item.derivation.of[0])
    names = case.dimensions["group"], case.dimensions["reference"]
    if names[0] == names[1]:
        raise UsageError("same-group", f"{names[0]!r} is compared with itself", "Choose another reference.")
    group, reference = (_totals(case, rate, name) for name in names)
    for name, totals in zip(names, (group, reference), strict=True):
        reason = _too_few(totals, case.minimum)
        if reason is not None:
            return case.nothing(f"{name}: {reason}", group[1] + reference[1])
    return group, reference


def _difference(case: _Case) -> Derived:
    pair = _pair(case)
    if isinstance(pair, Derived):
        return pair
    group, reference = pair
    value = group[0] / group[1] - reference[0] / reference[1]
    return case.derived(value, intervals.difference(*group, *reference), group[1] + reference[1])


def _ratio(case: _Case) -> Derived:
    pair = _pair(case)
    if isinstance(pair, Derived):
        return pair
    group, reference = pair
    n = group[1] + reference[1]
    if reference[0] == 0:
        return case.nothing("the reference has no event: the ratio is unbounded", n)
    value = (group[0] / group[1]) / (reference[0] / reference[1])
    return case.derived(value, intervals.ratio(*group, *reference), n)


_BY_KIND: Mapping[Kind, Callable[[_Case], Derived]] = {
    "count": _count,
    "share": _share,
    "rate": _rate,
    "gap": _gap,
    "min_ratio": _min_ratio,
    "difference": _difference,
    "ratio": _ratio,
}
