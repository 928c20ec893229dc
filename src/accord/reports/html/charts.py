"""Scales of the dot-and-whisker charts: from values to places on a common axis, in percent of its width.

A chart is a column of the table whose numbers it draws, so the two can't disagree. The template writes the marks;
here is only the arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from .. import figures

# Space at both ends of the axis, in percent, so that a mark or label at the end isn't cut.
_MARGIN = 5.0


@dataclass(frozen=True, slots=True)
class Tick:
    """A labelled line of the grid at `x` percent."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A point at `x` with its whisker from `low` to `high`, in percent; an end off the scale is said to be cut."""

    x: float
    low: float | None = None
    high: float | None = None
    cut_low: bool = False
    cut_high: bool = False


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear axis from `low` to `high` in the unit of the values."""

    low: float
    high: float
    ticks: tuple[Tick, ...]
    label: str

    def at(self, value: float) -> float:
        """Return the place of a value in percent of the width, held to the ends of the axis."""
        share = (value - self.low) / (self.high - self.low)
        return round(_MARGIN + min(max(share, 0.0), 1.0) * (100 - 2 * _MARGIN), 2)

    def mark(self, value: float, low: float | None, high: float | None) -> Mark:
        """Return the mark of a value with the ends of its interval."""
        return Mark(
            x=self.at(value),
            low=None if low is None else self.at(low),
            high=None if high is None else self.at(high),
            cut_low=low is not None and low < self.low,
            cut_high=high is not None and high > self.high,
        )


def scale_for(values: Sequence[float], ends: Sequence[float], unit: str) -> Scale:
    """Return an axis that holds all `values` and the `ends` of their intervals.

    Shares, counts and ratios start at 0 and differences contain 0: a cut axis would make small differences look
    large. Shares stop at 1. A ratio's axis holds 1 and stops at twice its largest value, for the interval of a tiny
    group has no useful upper end; what is cut gets an arrow.
    """
    low, high = min(0.0, *values, *ends), max(0.0, *values, *ends)
    if unit == "ratio":
        high = min(max(1.0, high), max(1.5, 2 * max(0.0, *values)))
    if high - low < 1e-9:
        high = low + 1.0
    step = _step((high - low) / 5)
    low, high = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
    if figures.is_percentage(unit):
        high = min(high, 1.0)
    steps = round((high - low) / step)
    places = [low + i * step for i in range(steps + 1)]
    bare = Scale(low=low, high=high, ticks=(), label="")
    return Scale(
        low=low,
        high=high,
        ticks=tuple(Tick(bare.at(place), tick_label(place, step, unit)) for place in places),
        label=f"{tick_label(low, step, unit)} – {tick_label(high, step, unit)}",
    )


def tick_label(value: float, step: float, unit: str) -> str:
    """Return the label of a tick, with no more digits than its step needs."""
    percent = figures.is_percentage(unit)
    factor = 100 if percent else 1
    digits = max(0, -math.floor(math.log10(step * factor) + 1e-9))
    shown = value * factor
    text = figures.written(f"{0.0 if abs(shown) < step * factor / 1e6 else shown:,.{digits}f}".replace("-", "\u2212"))
    return f"{text}\u202f%" if unit == figures.PROPORTION else text


def _step(rough: float) -> float:
    magnitude = 10.0 ** math.floor(math.log10(rough))
    return next(magnitude * nice for nice in (1, 2, 5, 10) if rough <= magnitude * nice * (1 + 1e-9))
