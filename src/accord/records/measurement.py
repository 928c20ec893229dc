"""Measurements, their intervals, and the counts that they are derived from."""

from __future__ import annotations

import math
from typing import Literal

from msgspec import Struct

Value = int | float | bool | str | tuple[str, ...] | None


class Record(Struct, frozen=True, forbid_unknown_fields=True):
    """Base of all records: immutable; unknown fields are refused. `kw_only` is not inherited: subclasses repeat it."""


class Interval(Record, frozen=True, kw_only=True):
    """A confidence interval `[low, high]` at `level` (0.95), made by the method `kind`."""

    low: float
    high: float
    level: float = 0.95
    kind: str

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low <= self.high):
            raise ValueError("an interval has finite ends, the low one first")


class Axis(Record, frozen=True, kw_only=True):
    """One axis of a count tensor. `role` says what it means (attribute, label, prediction, column, state …)."""

    role: str
    name: str
    categories: tuple[str, ...]


class Counts(Record, frozen=True, kw_only=True):
    """A tensor of counts: the sufficient statistic of every measurement. `values` is row-major over `axes`.

    Two tensors of the same axes add up, so shards and countries can share counts instead of rows.
    """

    axes: tuple[Axis, ...]
    values: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.values) != math.prod(len(axis.categories) for axis in self.axes):
            raise ValueError("a count tensor holds one value per combination of categories")
        if any(value < 0 for value in self.values):
            raise ValueError("a count is not negative")
        for axis in self.axes:
            if len(set(axis.categories)) != len(axis.categories):
                raise ValueError(f"axis {axis.name!r} names a category twice")


class Context(Record, frozen=True, kw_only=True):
    """Where a measurement holds: who was measured, where, when, in which languages, and who held the data."""

    population: str | None = None
    places: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    period: str | None = None
    sampling: str | None = None
    holder: str | None = None


class Measurement(Record, frozen=True, kw_only=True):
    """A value of a measure for a part of the subject.

    `measure` is an id of the catalogue, `subject` the digest of the part, `unit` the unit of value and interval.
    `statistics` names the count tensor, in the same evidence, from which `measures.derive` computes value,
    interval and n again; it is null for a fact that was read, not computed. `interval` null means exact.
    A value of null has its `reason` (0/0, or a group too small to judge).
    """

    measure: str
    subject: str
    dimensions: dict[str, str] = {}
    value: Value
    unit: str
    interval: Interval | None = None
    n: int | None = None
    method: str
    statistics: str | None = None
    basis: Literal["declared", "measured"] = "measured"
    context: Context = Context()
    reason: str | None = None

    def __post_init__(self) -> None:
        if isinstance(self.value, float) and not math.isfinite(self.value):
            raise ValueError("NaN and infinities do not exist; the value is null, with a reason")
        if self.value is None and not self.reason:
            raise ValueError("a value of null needs its reason")
