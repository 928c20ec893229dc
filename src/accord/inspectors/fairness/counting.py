"""From a table's rows to one count tensor: protected attributes × label × prediction, in one pass."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from ...instruments.tables import CrossTab
from ...instruments.tables.crosstab import CountTensor
from ...instruments.tables.names import make_unique
from ...records import Axis, Counts
from .positive import MISSING, UNREADABLE, PositiveRule, plain

if TYPE_CHECKING:
    import pyarrow as pa

BETWEEN: Final = " × "
"""Joins the names and categories of an intersection; inside a name it becomes ` x `."""
NUMERIC_GROUPS: Final = 12
"""More different numbers than this in an attribute are a quantity (age), not groups."""


@dataclass(slots=True)
class GroupCounts:
    """What was counted. `tensors`: the joint one first, then attributes that were too many to be crossed.

    `left_out` counts rows by reason; `not_judged` says of attributes why they are no groups.
    """

    tensors: tuple[Counts, ...]
    rows: int
    left_out: dict[str, int]
    labels: tuple[str, ...]
    not_judged: dict[str, str] = field(default_factory=dict)
    alone: tuple[str, ...] = ()

    @property
    def used(self) -> int:
        """How many rows were counted."""
        return self.rows - sum(self.left_out.values())


def count_groups(
    batches: Iterable[tuple[pa.Array, pa.Array, Sequence[pa.Array]]],
    names: Sequence[str],
    label: PositiveRule,
    prediction: PositiveRule,
    *,
    maximum_groups: int = 50,
) -> GroupCounts:
    """Count rows given as batches of (label, prediction, attributes). Rows without label or prediction are left out.

    A missing attribute is a group of its own, "(missing)". Which texts are positive, the two rules say.
    """
    import numpy as np

    crosstab = CrossTab(names, outcomes=4, maximum_categories=maximum_groups)
    left_out = {"the label is missing": 0, "the prediction is missing": 0, "the prediction is no number": 0}
    rows = 0
    for truth, guess, attributes in batches:
        rows += len(truth)
        actual, predicted = label.codes(truth), prediction.codes(guess)
        unknown, absent, unreadable = actual < 0, predicted == MISSING, predicted == UNREADABLE
        left_out["the label is missing"] += int(np.count_nonzero(unknown))
        left_out["the prediction is missing"] += int(np.count_nonzero(~unknown & absent))
        left_out["the prediction is no number"] += int(np.count_nonzero(~unknown & unreadable))
        outcome = np.where(unknown | (predicted < 0), -1, 2 * actual + predicted)
        crosstab.add(attributes, outcome)
    tensors, not_judged = _without_quantities(crosstab.tensors())
    for name in crosstab.too_many:
        not_judged[name] = f"it has more than {maximum_groups} different values"
    return GroupCounts(
        tensors=tuple(_counts(tensor) for tensor in tensors),
        rows=rows,
        left_out={reason: count for reason, count in left_out.items() if count},
        labels=tuple(sorted(label.seen)),
        not_judged=not_judged,
        alone=tuple(tensor.names[0] for tensor in tensors[1:]),
    )


def _without_quantities(tensors: list[CountTensor]) -> tuple[list[CountTensor], dict[str, str]]:
    """Sum out attributes that are quantities: to cut them into bands is a person's choice, not ours."""
    kept, not_judged = [], {}
    for place, tensor in enumerate(tensors):
        for name, categories in zip(tensor.names, tensor.categories, strict=True):
            numbers = sum(isinstance(plain(category), float) for category in categories)
            if numbers > NUMERIC_GROUPS:
                not_judged[name] = f"it is a quantity with {numbers} different values"
                tensor = tensor.without(name)
        if tensor.names or place == 0:
            kept.append(tensor)
    return kept, not_judged


def _counts(tensor: CountTensor) -> Counts:
    shape = tensor.values.shape[:-1]
    axes = [
        Axis(role="attribute", name=_whole(name), categories=make_unique(_whole(category) for category in categories))
        for name, categories in zip(tensor.names, tensor.categories, strict=True)
    ]
    outcome: list[Any] = [Axis(role=role, name=role, categories=("0", "1")) for role in ("label", "prediction")]
    return Counts(axes=(*axes, *outcome), values=tuple(tensor.values.reshape(*shape, 2, 2).ravel().tolist()))


def _whole(text: str) -> str:
    return text.replace(BETWEEN, " x ")
