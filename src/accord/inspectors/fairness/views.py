"""Views of the count tensor: one attribute, or attributes crossed, with the counts of each group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

from ...records import Counts
from .counting import BETWEEN, GroupCounts


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Rows of a group by label and prediction."""

    true_negative: int
    false_positive: int
    false_negative: int
    true_positive: int

    @property
    def rows(self) -> int:
        """All rows."""
        return self.true_negative + self.false_positive + self.false_negative + self.true_positive

    @property
    def positives(self) -> int:
        """Rows whose label is positive."""
        return self.false_negative + self.true_positive

    @property
    def negatives(self) -> int:
        """Rows whose label is negative."""
        return self.true_negative + self.false_positive

    @property
    def selected(self) -> int:
        """Rows whose prediction is positive."""
        return self.false_positive + self.true_positive


@dataclass(frozen=True, slots=True)
class View:
    """The groups of one attribute, or of an intersection (`race × sex`), with the statistic that they come from."""

    attribute: str
    parts: tuple[str, ...]
    statistic: str
    groups: Mapping[str, Outcomes]
    categories: Mapping[str, tuple[str, ...]]

    @property
    def crossed(self) -> bool:
        """Whether this is an intersection."""
        return len(self.parts) > 1

    @property
    def largest(self) -> str:
        """The group with the most rows; of equal ones the first in order of text."""
        return max(self.groups, key=lambda group: self.groups[group].rows)

    def of_at_least(self, rows: int) -> View:
        """Return the view without the groups that have fewer rows."""
        large = {group: outcomes for group, outcomes in self.groups.items() if outcomes.rows >= rows}
        return replace(self, groups=large)


def statistics(counted: GroupCounts) -> dict[str, Counts]:
    """Name the tensors: `counts`, and `counts:<attribute>` for those that could not be crossed."""
    joint, *others = counted.tensors
    return {"counts": joint, **{f"counts:{tensor.axes[0].name}": tensor for tensor in others}}


def views(tensors: Mapping[str, Counts], *, intersections: bool) -> Iterator[View]:
    """Yield a view per attribute, then the pairs, then the triples and so on of the attributes that were crossed."""
    for name, tensor in tensors.items():
        for place in range(len(tensor.axes) - 2):
            yield _view(name, tensor, (place,))
    if intersections:
        joint = tensors["counts"]
        attributes = range(len(joint.axes) - 2)
        for order in range(2, len(attributes) + 1):
            for places in combinations(attributes, order):
                yield _view("counts", joint, places)


def _view(statistic: str, tensor: Counts, places: tuple[int, ...]) -> View:
    import numpy as np

    shape = [len(axis.categories) for axis in tensor.axes]
    values = np.array(tensor.values, dtype=np.int64).reshape(shape)
    rest = tuple(place for place in range(len(shape) - 2) if place not in places)
    small: Any = values.sum(axis=rest)
    axes = [tensor.axes[place] for place in places]
    groups: dict[str, Outcomes] = {}
    categories: dict[str, tuple[str, ...]] = {}
    for index in np.argwhere(small.sum(axis=(-1, -2)) > 0).tolist():
        parts = tuple(axis.categories[place] for axis, place in zip(axes, index, strict=True))
        groups[BETWEEN.join(parts)] = Outcomes(*small[tuple(index)].ravel().tolist())
        categories[BETWEEN.join(parts)] = parts
    names = tuple(axis.name for axis in axes)
    return View(BETWEEN.join(names), names, statistic, groups, categories)
