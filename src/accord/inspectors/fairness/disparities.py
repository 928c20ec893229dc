"""FAIR-001 and FAIR-002: groups that differ beyond what the number of rows explains."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from ...measures.intervals import ratio
from ...records import Finding, Interval, Measurement, Place, Severity
from . import rules
from .views import Outcomes, View

ERRORS: Final = {
    "false_positive_rate": (
        "false-positive rate",
        "Of people whose outcome was negative, the system wrongly marked as positive",
    ),
    "false_negative_rate": ("false-negative rate", "Of people whose outcome was positive, the system missed"),
    "accuracy": ("accuracy", "The system was right about"),
}
"""Each error rate's name, and the beginning of a sentence that says it to somebody who never heard the name."""
HARMFUL: Final = {"negative": "false_positive_rate", "positive": "false_negative_rate"}
"""The error that hurts the person, by which prediction is favourable."""
FOUR_FIFTHS: Final = 0.8
ATTENTION: Final[tuple[tuple[float, Severity], ...]] = ((0.10, "high"), (0.05, "medium"))

Favourable = Literal["positive", "negative"]


@dataclass(frozen=True, slots=True)
class Disparity:
    """A finding with what it is sorted by."""

    finding: Finding
    urgency: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """The measurements of one view, by measure and group."""

    view: View
    reference: str
    measurements: Sequence[Measurement]

    def one(self, measure: str, **dimensions: str) -> Measurement:
        """Return the measurement of a measure with just these dimensions beside the attribute."""
        wanted = {"attribute": self.view.attribute, **dimensions}
        name = f"fairness.{measure}"
        return next(item for item in self.measurements if item.measure == name and item.dimensions == wanted)


def error_differences(
    compared: Compared, subject: str, favourable: str | None, path: str | None
) -> Iterator[Disparity]:
    """Yield FAIR-001 per error rate and group that differs from the reference, where the gap over all groups, with its
    simultaneous interval, is not zero. Of an intersection, only the group that differs most.
    """
    view, reference = compared.view, compared.reference
    if len(view.groups) < 2:
        return
    for measure in ERRORS:
        gap = compared.one(f"{measure}_gap")
        if gap.interval is None or gap.interval.low <= 0:
            continue
        pairs: list[tuple[str, str, float, Interval]] = []
        for group in view.groups:
            if group == reference:
                continue
            difference = compared.one(f"{measure}_difference", group=group, reference=reference)
            value, interval = difference.value, difference.interval
            if isinstance(value, float) and interval and (interval.low > 0 or interval.high < 0):
                pairs.append((group, reference, value, interval))
        if not pairs and isinstance(gap.value, float):
            rates = {group: compared.one(measure, group=group).value for group in view.groups}
            known = {group: float(rate) for group, rate in rates.items() if isinstance(rate, float | int)}
            pairs = [(max(known, key=known.__getitem__), min(known, key=known.__getitem__), gap.value, gap.interval)]
        found = [_difference(compared, measure, pair, subject, favourable, path) for pair in pairs]
        found.sort(key=lambda disparity: disparity.urgency)
        yield from found[:1] if view.crossed else found


def _difference(
    compared: Compared,
    measure: str,
    pair: tuple[str, str, float, Interval],
    subject: str,
    favourable: str | None,
    path: str | None,
) -> Disparity:
    group, reference, value, interval = pair
    one, other = compared.one(measure, group=group), compared.one(measure, group=reference)
    rate, reference_rate = _number(one), _number(other)
    low, high = interval.low, interval.high
    beyond = max(low, -high, 0.0)
    severity: Severity = next((name for least, name in ATTENTION if beyond >= least), "low")
    harmful = HARMFUL.get(favourable or "") == measure
    worse_off = group if (value > 0) != (measure == "accuracy") else reference
    finding = rules.DIFFERENCE.at(
        subject,
        Place(path=path),
        severity=severity,
        measure=f"fairness.{measure}",
        measure_name=ERRORS[measure][0],
        what=ERRORS[measure][1],
        attribute=compared.view.attribute,
        group=group,
        reference=reference,
        worse_off=worse_off,
        harmful=int(harmful),
        rate=rate,
        reference_rate=reference_rate,
        difference=value,
        low=low,
        high=high,
        n=one.n or 0,
        reference_n=other.n or 0,
        rate_percent=100 * rate,
        reference_percent=100 * reference_rate,
        points=100 * abs(value),
        more="more" if value > 0 else "less",
        points_low=100 * min(abs(low), abs(high)) if low * high > 0 else 0.0,
        points_high=100 * max(abs(low), abs(high)),
    )
    return Disparity(finding, (_rank(severity), 0 if harmful else 1, int(compared.view.crossed), -beyond))


def selection_ratios(
    view: View, subject: str, favourable: Favourable, minimum: int, path: str | None
) -> Iterator[Disparity]:
    """Yield FAIR-002 per group that gets the favourable prediction less than four fifths as often as the best group."""

    def chosen(outcomes: Outcomes) -> int:
        return outcomes.selected if favourable == "positive" else outcomes.rows - outcomes.selected

    large = {group: outcomes for group, outcomes in view.groups.items() if outcomes.rows >= minimum}
    if len(large) < 2 or view.crossed:
        return
    best = max(large, key=lambda group: chosen(large[group]) / large[group].rows)
    top = large[best]
    if not chosen(top):
        return
    for group, outcomes in large.items():
        rate, best_rate = chosen(outcomes) / outcomes.rows, chosen(top) / top.rows
        interval = ratio(chosen(outcomes), outcomes.rows, chosen(top), top.rows)
        if group == best or interval is None or rate / best_rate >= FOUR_FIFTHS:
            continue
        severity: Severity = "high" if interval.high < FOUR_FIFTHS else "medium"
        finding = rules.FOUR_FIFTHS.at(
            subject,
            Place(path=path),
            severity=severity,
            measure="fairness.selection_rate",
            favourable=favourable,
            attribute=view.attribute,
            group=group,
            reference=best,
            rate=rate,
            reference_rate=best_rate,
            ratio=rate / best_rate,
            low=interval.low,
            high=interval.high,
            n=outcomes.rows,
            reference_n=top.rows,
            rate_percent=100 * rate,
            reference_percent=100 * best_rate,
        )
        yield Disparity(finding, (_rank(severity), 2, 0, rate / best_rate))


def _number(measurement: Measurement) -> float:
    value = measurement.value
    return float(value) if isinstance(value, int | float) else 0.0


def _rank(severity: Severity) -> int:
    return ("critical", "high", "medium", "low", "info").index(severity)
