"""Which cells are positive: the card's value against what a file may hold."""

from __future__ import annotations

import operator

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.inspectors.fairness.positive import MISSING, NEGATIVE, POSITIVE, UNREADABLE, PositiveRule, Scalar


@pytest.mark.parametrize("value", [1, 1.0, True, "1", "1.0", "true", "TRUE", " 1 ", "+1", "1e0"])
def test_one_in_all_its_spellings(value: Scalar) -> None:
    rule = PositiveRule("==", value)
    for cell in ("1", "1.0", "true", "True", "1e0", " 1"):
        assert rule.judge(cell) == POSITIVE
    for cell in ("0", "2", "false", "yes", "", "1x", "11", "1_0", "١"):
        assert rule.judge(cell) == NEGATIVE


def test_texts_are_compared_as_they_are() -> None:
    rule = PositiveRule("==", ">50K")
    assert [rule.judge(cell) for cell in (">50K", " >50K", ">50k", "50000")] == [POSITIVE, NEGATIVE, NEGATIVE, NEGATIVE]


def test_in_a_list() -> None:
    rule = PositiveRule("in", ("high", 3, True))
    assert [rule.judge(cell) for cell in ("high", "3.0", "1", "low")] == [POSITIVE, POSITIVE, POSITIVE, NEGATIVE]


@given(st.floats(allow_nan=False), st.floats(allow_nan=False), st.sampled_from(["lt", "le", "gt", "ge"]))
def test_orders_are_those_of_numbers(cell: float, threshold: float, name: str) -> None:
    rule = PositiveRule({"lt": "<", "le": "<=", "gt": ">", "ge": ">="}[name], threshold)
    assert rule.judge(repr(cell)) == int(getattr(operator, name)(cell, threshold))


def test_what_is_no_number_is_unreadable_where_order_is_asked_for() -> None:
    rule = PositiveRule(">=", "5")
    assert [rule.judge(cell) for cell in ("5", "4.9", "high", "NaN", "inf", "-inf")] == [
        POSITIVE,
        NEGATIVE,
        UNREADABLE,
        MISSING,
        POSITIVE,
        NEGATIVE,
    ]


@pytest.mark.parametrize(
    ("op", "value"), [(">", "high"), ("<", float("nan")), ("in", 1), ("==", (1, 2)), ("!=", 1), ("__class__", 1)]
)
def test_rules_that_make_no_sense(op: str, value: Scalar | tuple[Scalar, ...]) -> None:
    with pytest.raises(ValueError, match=r"needs|none of"):
        PositiveRule(op, value)


def test_codes_of_a_column() -> None:
    rule = PositiveRule("==", 1)
    assert rule.codes(pa.array(["1", None, "0", "nan", "1"])).tolist() == [1, MISSING, 0, MISSING, 1]
    assert rule.codes(pa.array([True, None, False])).tolist() == [1, MISSING, 0]
    assert rule.codes(pa.array([None, None], pa.null())).tolist() == [MISSING, MISSING]
    assert rule.codes(pa.array([], pa.string())).tolist() == []
    assert rule.seen == {"1", "0", "true", "false"}
