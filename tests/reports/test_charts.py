"""Axes are honest: they hold what they draw, start at zero, and keep the order of the values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.reports.html.charts import scale_for

SHARE = st.floats(0, 1)


@given(st.lists(SHARE, min_size=1, max_size=20), st.lists(SHARE, max_size=20))
def test_a_share_axis_starts_at_zero_and_holds_everything(values: list[float], ends: list[float]) -> None:
    scale = scale_for(values, ends, "1")
    assert scale.low == 0 and max(*values, *ends, 0) <= scale.high + 1e-9 <= 1 + 1e-6
    places = [scale.at(value) for value in sorted(values)]
    assert places == sorted(places) and all(0 < place < 100 for place in places)
    assert 1 <= len(scale.ticks) <= 12
    assert all(0 < tick.x < 100 for tick in scale.ticks)
    assert len({tick.label for tick in scale.ticks}) == len(scale.ticks)


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=9))
def test_a_difference_axis_contains_no_difference(values: list[float]) -> None:
    scale = scale_for(values, [], "points")
    assert scale.low <= 0 <= scale.high
    assert all(scale.low - 1e-9 <= value <= scale.high + 1e-9 for value in values)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=9), st.lists(st.floats(0, 1e6), max_size=9))
def test_a_ratio_axis_holds_one_and_every_value(values: list[float], ends: list[float]) -> None:
    scale = scale_for(values, ends, "ratio")
    assert scale.low == 0 and scale.high >= 1
    assert all(value <= scale.high * (1 + 1e-9) for value in values)


def test_an_interval_that_leaves_the_axis_is_cut_and_says_so() -> None:
    scale = scale_for([0.9, 1.9], [0.7, 60.0], "ratio")
    assert scale.high == 4
    mark = scale.mark(0.9, 0.7, 60.0)
    assert mark.cut_high and not mark.cut_low and mark.high == scale.at(scale.high)


@pytest.mark.parametrize(
    ("values", "unit", "labels"),
    [
        ([0.448, 0.235], "1", ["0 %", "10 %", "20 %", "30 %", "40 %", "50 %"]),
        ([1.0], "1", ["0 %", "20 %", "40 %", "60 %", "80 %", "100 %"]),
        ([0.0], "1", ["0 %", "20 %", "40 %", "60 %", "80 %", "100 %"]),
        ([-0.1, 0.2], "points", ["−10", "0", "10", "20"]),
        ([0.004], "1", ["0.0 %", "0.1 %", "0.2 %", "0.3 %", "0.4 %"]),
    ],
)
def test_ticks_are_round(values: list[float], unit: str, labels: list[str]) -> None:
    shown = [tick.label.replace("\u202f", " ") for tick in scale_for(values, [], unit).ticks]
    assert shown == labels
