"""From the count tensor to measurements: rates per group, and how groups differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from ...measures.derive import measurement
from ...measures.tensor import Tensor
from ...records import Context, Counts, Measurement
from .views import View

RATES: Final = (
    "selection_rate",
    "true_positive_rate",
    "false_positive_rate",
    "false_negative_rate",
    "positive_predictive_value",
    "accuracy",
    "base_rate",
)
MEASURES: Final = (
    *(f"fairness.{rate}" for rate in RATES),
    *(f"fairness.{rate}_{form}" for rate in RATES for form in ("gap", "min_ratio", "difference", "ratio")),
    "fairness.equalized_odds_gap",
)


class Measuring:
    """Derives measurements of one part from its named tensors."""

    def __init__(self, tensors: Mapping[str, Counts], subject: str, context: Context, minimum: int) -> None:
        self._tensors = {name: Tensor(counts) for name, counts in tensors.items()}
        self._subject = subject
        self._context = context
        self._minimum = minimum

    def overall(self) -> Iterator[Measurement]:
        """Yield each rate over all rows."""
        for rate in RATES:
            yield self._one(rate, "counts", {})

    def of_view(self, view: View, reference: str) -> Iterator[Measurement]:
        """Yield the rates of each group, the gaps over groups, and how each group compares with the reference."""
        attribute = {"attribute": view.attribute}
        for rate in RATES:
            for group in view.groups:
                yield self._one(rate, view.statistic, attribute | {"group": group})
            if len(view.groups) < 2:
                continue
            yield self._one(f"{rate}_gap", view.statistic, attribute)
            yield self._one(f"{rate}_min_ratio", view.statistic, attribute)
            for group in view.groups:
                if group != reference:
                    pair = attribute | {"group": group, "reference": reference}
                    yield self._one(f"{rate}_difference", view.statistic, pair)
                    yield self._one(f"{rate}_ratio", view.statistic, pair)
        if len(view.groups) > 1:
            yield self._one("equalized_odds_gap", view.statistic, attribute)

    def _one(self, name: str, statistic: str, dimensions: dict[str, str]) -> Measurement:
        return measurement(
            f"fairness.{name}",
            statistic,
            self._tensors[statistic],
            dimensions,
            subject=self._subject,
            context=self._context,
            minimum=self._minimum,
        )
