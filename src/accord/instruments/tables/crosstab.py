"""Counting the rows of a table by several columns at once: one tensor, added up batch by batch.

Every rate per group, and its interval, is a function of such a tensor; its size depends on the number of groups, not
on the number of rows, and two tensors of the same axes add up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, Final

from .cells import encode
from .kinds import NOT_A_NUMBER
from .names import clip, make_unique

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

MISSING: Final = "(missing)"
MAXIMUM_AXES: Final = 8


class _Categories:
    """The distinct texts of one column, numbered as they appear. Gives up beyond `maximum`."""

    def __init__(self, maximum: int) -> None:
        self.maximum = maximum
        self.places: dict[str | None, int] = {}
        self.overflow = False

    def codes(self, cells: pa.Array) -> NDArray[np.intp] | None:
        """Return each row's category, or None once there are too many."""
        import numpy as np

        if self.overflow:
            return None
        texts, places = encode(cells)
        used = np.bincount(places + 1, minlength=len(texts) + 1) > 0
        table = np.zeros(len(texts) + 1, dtype=np.intp)
        for place in np.flatnonzero(used).tolist():
            text = texts[place - 1] if place else None
            known = None if text in NOT_A_NUMBER else text
            table[place] = self.places.setdefault(known, len(self.places))
            if len(self.places) > self.maximum:
                self.overflow, self.places = True, {}
                return None
        return table[places + 1]


@dataclass(frozen=True, slots=True)
class CountTensor:
    """Counts over the categories of the columns `names` (axes in that order), then over the fixed outcome."""

    names: tuple[str, ...]
    categories: tuple[tuple[str, ...], ...]
    values: NDArray[np.int64]

    def without(self, name: str) -> CountTensor:
        """Return the tensor summed over the column `name`."""
        axis = self.names.index(name)
        return CountTensor(
            self.names[:axis] + self.names[axis + 1 :],
            self.categories[:axis] + self.categories[axis + 1 :],
            self.values.sum(axis=axis),
        )


class CrossTab:
    """Counts rows by the categories of columns and by an outcome code from 0 to `outcomes` - 1.

    A column with more than `maximum_categories` is given up (`too_many`). Where the joint tensor would have more than
    `maximum_cells`, or more than eight axes, the column with the most categories is counted by itself (`alone`).
    """

    def __init__(
        self, names: Sequence[str], outcomes: int = 1, *, maximum_categories: int = 50, maximum_cells: int = 100_000
    ) -> None:
        import numpy as np

        self.outcomes = outcomes
        self.maximum_cells = maximum_cells
        self.too_many: list[str] = []
        self.alone: list[str] = []
        self._names = tuple(names)
        self._categories = {name: _Categories(maximum_categories) for name in names}
        self._tensors: list[tuple[tuple[str, ...], NDArray[np.int64]]] = [
            (self._names, np.zeros((*(0 for _ in names), outcomes), dtype=np.int64))
        ]

    def add(self, columns: Sequence[pa.Array], outcome: NDArray[Any] | None = None) -> None:
        """Count the rows of a batch. Rows of outcome -1 are left out; without outcomes, each row counts."""
        import numpy as np

        codes: dict[str, Any] = {}
        kept = None if outcome is None else outcome >= 0
        everything = kept is None or bool(kept.all())
        for name, cells in zip(self._names, columns, strict=True):
            if name in self.too_many:
                continue
            found = self._categories[name].codes(cells)
            if found is None:
                self._give_up(name)
            else:
                codes[name] = found if everything else found[kept]
        rows = len(columns[0]) if columns else len(outcome) if outcome is not None else 0
        last = np.zeros(rows, dtype=np.intp) if outcome is None else outcome if everything else outcome[kept]
        self._fit()
        for place, (names, values) in enumerate(self._tensors):
            shape = (*(len(self._categories[name].places) for name in names), self.outcomes)
            flat = last
            scale = self.outcomes
            for name in reversed(names):
                flat = flat + codes[name] * scale
                scale *= len(self._categories[name].places)
            if values.shape != shape:
                values = np.pad(values, [(0, new - old) for new, old in zip(shape, values.shape, strict=True)])
            self._tensors[place] = (names, values + np.bincount(flat, minlength=prod(shape)).reshape(shape))

    def tensors(self) -> list[CountTensor]:
        """Return the joint tensor, then those of columns counted alone. Categories in order of text, missing last."""
        import numpy as np

        finished = []
        for names, values in self._tensors:
            categories = []
            for axis, name in enumerate(names):
                places = self._categories[name].places
                totals = values.sum(axis=tuple(other for other in range(values.ndim) if other != axis))
                order = sorted(text for text in places if text is not None and totals[places[text]])
                kept = [places[text] for text in order]
                shown = [clip(text) for text in order]
                if None in places and totals[places[None]]:
                    kept.append(places[None])
                    shown.append(MISSING)
                categories.append(make_unique(shown))
                values = np.take(values, kept, axis=axis)
            finished.append(CountTensor(names, tuple(categories), values))
        return finished

    def _give_up(self, name: str) -> None:
        """Sum a column with too many categories out of the tensor that it is in."""
        self.too_many.append(name)
        if name in self.alone:
            self.alone.remove(name)
            self._tensors = [tensor for tensor in self._tensors if tensor[0] != (name,)]
        else:
            names, values = self._tensors[0]
            axis = names.index(name)
            self._tensors[0] = (names[:axis] + names[axis + 1 :], values.sum(axis=axis))

    def _fit(self) -> None:
        """Move columns out of the joint tensor until it fits."""
        while True:
            names, values = self._tensors[0]
            sizes = {name: len(self._categories[name].places) for name in names}
            if len(names) < 2 or (
                len(names) <= MAXIMUM_AXES and prod(sizes.values()) * self.outcomes <= self.maximum_cells
            ):
                return
            moved = max(reversed(names), key=lambda name: sizes[name])
            axis = names.index(moved)
            others = tuple(other for other in range(len(names)) if other != axis)
            self.alone.append(moved)
            self._tensors[0] = (names[:axis] + names[axis + 1 :], values.sum(axis=axis))
            self._tensors.append(((moved,), values.sum(axis=others)))
