"""Amounts that a card states and that classes of risk have thresholds for: today the computing spent on training.

The thresholds of the rules cut the line of all amounts into bands that no rule tells apart. So an amount that is
not stated, or only as a range, leaves a few bands to try, as an open question leaves yes and no.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from .comparing import as_float, is_number
from .facts import Facts


class AmountText(NamedTuple):
    """How an amount is spoken of: the field of the card that states it, its name, its unit, the question for it."""

    field: str
    name: str
    unit: str
    question: str
    help: str
    source: str


AMOUNTS = {
    "card.training_compute": AmountText(
        field="model.training.flop",
        name="training compute",
        unit="FLOP",
        question="How many operations (FLOP) did training take in all, or between which two numbers does that lie?",
        help="Over pre-training, synthetic data and fine-tuning. For a dense transformer about 6 × parameters × "
        "tokens. Write one number (3e23), or the lowest and the highest that you hold possible (3e23 9e24).",
        source="in the card: [model.training] flop",
    )
}
"""The measures that count as amounts, each stated in one field of the card."""


class Band(NamedTuple):
    """Amounts that no threshold tells apart: exactly one (`low == high`), or all between two, these left out."""

    low: float
    high: float

    def satisfies(self, op: str, threshold: float) -> bool:
        """Return whether the amounts of this band are `op` `threshold`; no threshold lies inside a band."""
        if self.low == self.high:
            return {
                "<": self.low < threshold,
                "<=": self.low <= threshold,
                ">": self.low > threshold,
                ">=": self.low >= threshold,
                "==": self.low == threshold,
            }[op]
        if op == "==":
            return False
        return self.high <= threshold if op in ("<", "<=") else self.low >= threshold


OPS = ("<", "<=", ">", ">=", "==")


def bands(thresholds: Iterable[float]) -> tuple[Band, ...]:
    """Return the bands that the thresholds cut the line into, from the lowest."""
    found: list[Band] = []
    for low, high in pairwise((-math.inf, *sorted(set(thresholds)), math.inf)):
        found += [Band(low, high), Band(high, high)]
    return tuple(found[:-1])


def bands_within(all_bands: Sequence[Band], low: float, high: float) -> tuple[Band, ...]:
    """Return the bands that an amount from `low` to `high` may lie in."""
    return tuple(
        band
        for band in all_bands
        if (low <= band.low <= high if band.low == band.high else band.low < high and low < band.high)
    )


def stated_range(measure: str, facts: Facts) -> tuple[float, float] | None:
    """Return the lowest and the highest amount that is possible; null if two statements contradict each other."""
    found = set()
    for fact in facts.matching(measure, {}):
        value, interval = fact.measurement.value, fact.measurement.interval
        if is_number(value):
            point = as_float(value)
            low, high = (interval.low, interval.high) if interval else (point, point)
            found.add((min(low, point), max(high, point)))
    if len(found) > 1:
        return None
    return found.pop() if found else (-math.inf, math.inf)


def described(some: Sequence[Band], text: AmountText) -> str:
    """Say in words which amounts lie in bands that follow each other: "training compute above 1e25 FLOP"."""
    first, last = some[0], some[-1]
    ends = []
    if first.low > -math.inf:
        ends.append(f"{'of at least' if first.low == first.high else 'above'} {shown_amount(first.low)}")
    if last.high < math.inf:
        ends.append(f"{'of at most' if last.low == last.high else 'below'} {shown_amount(last.high)}")
    return f"{text.name} {' and '.join(ends) or 'of any size'} {text.unit}"


def shown_amount(amount: float) -> str:
    """Return an amount as people write it: 1e25, 1.5e25, 400."""
    return f"{amount:.6g}".replace("e+", "e")


def shown_range(low: float, high: float) -> str:
    """Return an amount, or a range with its two ends: 7e24–1.5e25."""
    return shown_amount(low) if low == high else f"{shown_amount(low)}–{shown_amount(high)}"
