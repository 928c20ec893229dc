"""Numbers as a person reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.records import Interval
from accord.reports import figures

THIN = "\u202f"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (805 / 1795, "1", "44.8_%"),
        (0.0, "1", "0.0_%"),
        (1, "1", "100.0_%"),
        (0.0004, "1", "0.040_%"),
        (-0.025, "points", "\u22122.5_points"),
        (7214, "count", "7,214"),
        (0.349, "ratio", "0.35"),
        (1.0, "ratio", "1"),
        (0.00012, "", "0.00012"),
        (1e300, "count", "1e+300"),
        (True, "bool", "yes"),
        (False, "bool", "no"),
        (None, "1", "–"),
        ("pickle", "text", "pickle"),
        (("os system", "a b"), "list", "os system, a b"),
        ((), "list", "none"),
        (-0.0, "1", "0.0_%"),
    ],
)
def test_values(value: object, unit: str, text: str) -> None:
    assert figures.figure(value, unit) == text.replace("_", THIN)  # type: ignore[arg-type]


def test_an_estimate_carries_its_interval() -> None:
    interval = Interval(low=0.4256, high=0.4716, kind="wilson")
    assert figures.estimate(805 / 1795, interval, "1") == f"44.8{THIN}% [42.6, 47.2]"
    assert figures.estimate(3, None, "count") == "3"


@given(st.floats(0, 1))
def test_a_percentage_is_never_off_by_more_than_its_last_digit(value: float) -> None:
    shown = figures.figure(value, "1").removesuffix(f"{THIN}%")
    assert abs(float(shown) - value * 100) <= 0.051


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_any_number_can_be_written(value: float) -> None:
    for unit in ("1", "points", "ratio", "count", "bytes", ""):
        assert figures.figure(value, unit)


def test_sizes_durations_and_moments() -> None:
    assert figures.size(999) == f"999{THIN}B" and figures.size(2_546_489) == f"2.5{THIN}MB"
    assert figures.size(3_200_000_000_000) == f"3.2{THIN}TB"
    assert figures.duration(0.24) == f"240{THIN}ms" and figures.duration(725) == f"12{THIN}min 5{THIN}s"
    assert figures.moment("2026-08-02T14:03:09Z") == "2026-08-02 14:03 UTC"
    assert figures.moment("<b>") == "<b>"


def test_differences_of_shares_are_read_in_points() -> None:
    assert figures.reading_unit("fairness.accuracy_gap", "1") == "points"
    assert figures.reading_unit("fairness.accuracy", "1") == "1"
    assert figures.reading_unit("fairness.accuracy_ratio", "ratio") == "ratio"
