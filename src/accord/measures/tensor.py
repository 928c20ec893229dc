"""A count tensor, seen by group: which cells belong to which group, added up once and kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from math import prod

from ..errors import LimitExceeded, UsageError
from ..records import Counts
from .measure import ANY, Derivation

MAX_CELLS = 1_000_000
MAX_AXES = 12
MAX_TOTAL = 2**53
MAX_OUTCOMES = 4096
MAX_WORK = 30_000_000
"""Cells that a tensor adds up in all, a group's name counted as twenty: half a minute and 200 MB at the very most."""
JOINT = " × "
"""Between the names of attributes, and of categories, of an intersection."""

Totals = tuple[int, int]
"""Events and trials."""


@dataclass(frozen=True, slots=True)
class _Groups:
    """The axes that make the groups, each group's name, and its place: -1 if two share the name."""

    axes: tuple[int, ...]
    names: tuple[str, ...]
    places: Mapping[str, int]


class Tensor:
    """A view of `counts` that adds up groups once. Raises LimitExceeded for more than 10^6 cells or 12 axes."""

    def __init__(self, counts: Counts) -> None:
        """Take the counts; nothing is added up yet."""
        # An axis without categories empties the tensor, but not the names on its other axes.
        cells = prod(len(axis.categories) or 1 for axis in counts.axes)
        if cells > MAX_CELLS or len(counts.axes) > MAX_AXES or sum(counts.values) > MAX_TOTAL:
            raise LimitExceeded(
                "tensor-too-large",
                f"a count tensor of {cells} cells on {len(counts.axes)} axes",
                f"Count at most {MAX_CELLS} cells on {MAX_AXES} axes, and at most 2^53 things.",
            )
        self.counts = counts
        self._work = 0
        self._groups: dict[tuple[str, str | None], _Groups] = {}
        self._marginals: dict[tuple[int, ...], list[int]] = {}
        self._totals: dict[tuple[str, str | None], tuple[Totals, ...]] = {}

    def groups(self, role: str, name: str | None) -> tuple[str, ...]:
        """Return the groups of the axes of `role` named `name` ("race", "race × sex"), in the tensor's order."""
        return self._find(role, name).names

    def size(self, role: str) -> int:
        """Return the number of categories of the one axis of `role`."""
        return len(self.counts.axes[self._axis(role)].categories)

    def total(self, derivation: Derivation) -> Totals:
        """Return events and trials over everything."""
        kept = self._kept(derivation, ())
        events, trials = self._weights(derivation, kept)
        cells = self._marginal(kept)
        return sum(cells[i] for i in events), sum(cells[i] for i in trials)

    def by_group(self, key: str, derivation: Derivation, name: str | None) -> tuple[Totals, ...]:
        """Return events and trials of each group, in the order of `groups`; `key` is the measure's id."""
        known = self._totals.get((key, name))
        if known is None:
            groups = self._find(_role(derivation), name)
            kept = self._kept(derivation, groups.axes)
            events, trials = self._weights(derivation, kept)
            cells = self._marginal((*groups.axes, *kept))
            width = prod(len(self.counts.axes[i].categories) for i in kept)
            starts = range(0, len(groups.names) * width, width) if width else [0] * len(groups.names)
            known = tuple((sum(cells[at + i] for i in events), sum(cells[at + i] for i in trials)) for at in starts)
            self._totals[key, name] = known
        return known

    def group(self, key: str, derivation: Derivation, name: str | None, group: str) -> Totals:
        """Return events and trials of one group. Raises UsageError if there is none of that name, or two."""
        groups = self._find(_role(derivation), name)
        found = groups.places.get(group)
        if found is None:
            raise UsageError(
                "unknown-group",
                f"{name or _role(derivation)} has no category {group!r}",
                f"There are: {', '.join(groups.names[:20])}.",
            )
        if found < 0:
            raise UsageError(
                "ambiguous-group",
                f"two groups of {name!r} are called {group!r}",
                f"Rename the categories that contain {JOINT!r}.",
            )
        return self.by_group(key, derivation, name)[found]

    def _spend(self, cells: int) -> None:
        """Refuse to go on when the questions to the same counts cost too much."""
        self._work += cells
        if self._work > MAX_WORK:
            raise LimitExceeded(
                "too-many-questions",
                "the combinations of attributes that are asked for cost too much",
                "Ask for fewer combinations, or count fewer categories.",
            )

    def _axis(self, role: str) -> int:
        axes = [i for i, axis in enumerate(self.counts.axes) if axis.role == role]
        if len(axes) != 1:
            raise UsageError(
                "wrong-statistic",
                f"the counts have {len(axes)} axes of role {role!r}; the measure needs one",
                "Name the statistic that was counted for this measure.",
            )
        return axes[0]

    def _find(self, role: str, name: str | None) -> _Groups:
        known = self._groups.get((role, name))
        if known is None:
            axes = self._named(role, name) if name is not None else (self._axis(role),)
            self._spend(20 * prod(len(self.counts.axes[i].categories) for i in axes))
            names = [JOINT.join(parts) for parts in product(*(self.counts.axes[i].categories for i in axes))]
            places: dict[str, int] = {}
            for place, joined in enumerate(names):
                places[joined] = -1 if joined in places else place
            known = self._groups[role, name] = _Groups(axes, tuple(names), places)
        return known

    def _named(self, role: str, name: str) -> tuple[int, ...]:
        """Find the axes whose joined names are `name`; a column's own name may contain the joint, so try them all."""
        axes = [i for i, axis in enumerate(self.counts.axes) if axis.role == role]
        found = [
            chosen
            for size in range(1, len(axes) + 1)
            for chosen in combinations(axes, size)
            if JOINT.join(self.counts.axes[i].name for i in chosen) == name
        ]
        if len(found) != 1:
            there = ", ".join(repr(self.counts.axes[i].name) for i in axes) or "none"
            raise UsageError(
                "ambiguous-attribute" if found else "unknown-attribute",
                f"{len(found)} choices of axes of role {role!r} are called {name!r}",
                f"There are: {there}. Join several with {JOINT!r}, in this order.",
            )
        return found[0]

    def _kept(self, derivation: Derivation, groups: tuple[int, ...]) -> tuple[int, ...]:
        """Return the axes, beside those of the groups, that the selectors look at."""
        own = {self.counts.axes[i].role for i in groups}
        return tuple(sorted(self._axis(role) for role in derivation.roles - own))

    def _weights(self, derivation: Derivation, kept: Sequence[int]) -> tuple[list[int], list[int]]:
        """Return which cells of the kept axes are events, and which are trials."""
        axes = [self.counts.axes[i] for i in kept]
        if prod(len(axis.categories) for axis in axes) > MAX_OUTCOMES:
            raise LimitExceeded(
                "tensor-too-large",
                f"more than {MAX_OUTCOMES} combinations of {', '.join(axis.name for axis in axes)}",
                "Count fewer categories.",
            )
        for selector in (*derivation.events, *derivation.trials):
            for axis in axes:
                wanted = selector.get(axis.role, ANY)
                if wanted != ANY and wanted not in axis.categories:
                    raise UsageError(
                        "wrong-statistic",
                        f"the axis {axis.name!r} of role {axis.role!r} has no category {wanted!r}",
                        "Name the statistic that was counted for this measure.",
                    )
        cells = [dict(zip((a.role for a in axes), c, strict=True)) for c in product(*(a.categories for a in axes))]
        return _fitting(cells, derivation.events), _fitting(cells, derivation.trials)

    def _marginal(self, kept: tuple[int, ...]) -> list[int]:
        """Return the counts added up to the axes `kept`, row-major in the order given."""
        known = self._marginals.get(kept)
        if known is None:
            self._spend(len(self.counts.values))
            known = self._marginals[kept] = _reorder(*_add_up(self.counts, kept), kept)
        return known


def _role(derivation: Derivation) -> str:
    if derivation.by is None:
        raise UsageError("not-by-group", "the measure is not taken by group", "Leave its dimensions out.")
    return derivation.by.role


def _fitting(cells: list[dict[str, str]], selectors: Sequence[Mapping[str, str]]) -> list[int]:
    def fits(cell: Mapping[str, str]) -> bool:
        return any(
            all(wanted == ANY or cell.get(role, wanted) == wanted for role, wanted in selector.items())
            for selector in selectors
        )

    return [i for i, cell in enumerate(cells) if fits(cell)]


def _add_up(counts: Counts, kept: tuple[int, ...]) -> tuple[list[int], list[int], list[int]]:
    """Sum over every axis that isn't kept. Returns the values, the axes that are left, and their sizes."""
    values, left = list(counts.values), list(range(len(counts.axes)))
    sizes = [len(axis.categories) for axis in counts.axes]
    for axis in sorted(set(left) - set(kept), key=lambda i: -sizes[left.index(i)]):
        at = left.index(axis)
        inner, size = prod(sizes[at + 1 :]), sizes[at]
        block = inner * size
        values = (
            [0] * prod(sizes[:at] + sizes[at + 1 :])
            if not size
            else [
                sum(values[start + offset : start + block : inner])
                for start in range(0, len(values), block)
                for offset in range(inner)
            ]
        )
        del left[at], sizes[at]
    return values, left, sizes


def _reorder(values: list[int], left: list[int], sizes: list[int], kept: tuple[int, ...]) -> list[int]:
    """Bring the axes into the order of `kept`."""
    if left == list(kept):
        return values
    strides = {axis: prod(sizes[at + 1 :]) for at, axis in enumerate(left)}
    steps = [range(0, sizes[left.index(axis)] * strides[axis], strides[axis]) for axis in kept]
    return [values[sum(offsets)] for offsets in product(*steps)]
