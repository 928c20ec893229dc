"""The count tensor of a stream equals a plain count of its rows, however the stream is cut."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from accord.instruments.tables import MISSING, CrossTab
from accord.instruments.tables.crosstab import CountTensor
from accord.instruments.tables.kinds import count_kinds

cells = st.sampled_from(["a", "b", "", "NaN", None, "(missing)", "ü" * 200])
rows = st.lists(st.tuples(cells, st.sampled_from(["x", "y", None]), st.integers(-1, 3)), max_size=40)


def as_counter(tensor: CountTensor) -> Counter[tuple[str, ...]]:
    found: Counter[tuple[str, ...]] = Counter()
    for index, count in np.ndenumerate(tensor.values):
        names = tuple(group[place] for group, place in zip(tensor.categories, index[:-1], strict=True))
        if count:
            found[(*names, str(index[-1]))] = int(count)
    return found


def shown(text: str | None, other: bool) -> str:
    """Name a category as the tensor does: NaN is missing; our own word gives way to that of the data."""
    if text is None or text == "NaN":
        return f"{MISSING}#2" if other else MISSING
    return text if len(text) <= 120 else text[:119] + "…"


@settings(max_examples=150, deadline=None)
@given(rows, st.integers(1, 7), st.booleans())
def test_equals_a_plain_count(table: list[tuple[str | None, str | None, int]], size: int, dictionaries: bool) -> None:
    crosstab = CrossTab(["one", "two"], outcomes=4)
    for start in range(0, len(table), size):
        part = table[start : start + size]
        columns = [pa.array([row[place] for row in part], pa.string()) for place in (0, 1)]
        if dictionaries:
            columns = [column.dictionary_encode() for column in columns]
        crosstab.add(columns, np.array([row[2] for row in part]))
    kept = [row for row in table if row[2] >= 0]
    both = any(row[0] == MISSING for row in kept)
    expected = Counter((shown(one, both), shown(two, False), str(outcome)) for one, two, outcome in kept)
    (tensor,) = crosstab.tensors()
    assert as_counter(tensor) == expected
    assert all(tensor.values.sum(axis=(1, 2)) > 0), "a category without rows"


def count(names: list[str], columns: list[list[str]], **limits: int) -> CrossTab:
    crosstab = CrossTab(names, **limits)
    for start in range(0, len(columns[0]), 3):
        crosstab.add([pa.array(column[start : start + 3]) for column in columns])
    return crosstab


def test_a_column_with_too_many_values_is_summed_out() -> None:
    crosstab = count(["id", "sex"], [[str(number) for number in range(20)], ["f", "m"] * 10], maximum_categories=5)
    assert crosstab.too_many == ["id"]
    (tensor,) = crosstab.tensors()
    assert (tensor.names, as_counter(tensor)) == (("sex",), {("f", "0"): 10, ("m", "0"): 10})


def test_columns_that_do_not_fit_together_are_counted_alone() -> None:
    columns = [[str(number % size) for number in range(60)] for size in (2, 3, 10)]
    crosstab = count(["two", "three", "ten"], columns, maximum_cells=12)
    joint, alone = crosstab.tensors()
    assert (joint.names, alone.names, crosstab.alone) == (("two", "three"), ("ten",), ["ten"])
    assert as_counter(joint) == {(str(a), str(b), "0"): 10 for a in range(2) for b in range(3)}
    assert as_counter(alone) == {(str(number), "0"): 6 for number in range(10)}


def test_a_column_that_was_moved_out_can_still_be_given_up() -> None:
    crosstab = count(
        ["a", "id"], [["x"] * 30, [str(number) for number in range(30)]], maximum_cells=5, maximum_categories=9
    )
    (tensor,) = crosstab.tensors()
    assert (crosstab.too_many, crosstab.alone, tensor.names) == (["id"], [], ("a",))
    assert as_counter(tensor) == {("x", "0"): 30}


def test_more_than_eight_columns_are_not_crossed() -> None:
    names = [f"c{number}" for number in range(12)]
    crosstab = count(names, [["x"] * 4] * 12)
    assert len(crosstab.tensors()[0].names) == 8
    assert len(crosstab.alone) == 4


def test_numbers_and_truth_values_are_categories_too() -> None:
    crosstab = CrossTab(["n", "b", "f"])
    crosstab.add([pa.array([1, 2, None]), pa.array([True, None, False]), pa.array([1.0, float("nan"), 2.5])])
    (tensor,) = crosstab.tensors()
    assert tensor.categories == (("1", "2", MISSING), ("false", "true", MISSING), ("1", "2.5", MISSING))


def test_kinds_of_cells() -> None:
    texts = ["1", "-2", " 3 ", "1.5", "1e5", ".5", "true", "FALSE", "2024-05-01", "2024-05-01T10:00Z", "x", "", "1,5"]
    odd = ["NaN", "inf", "-Infinity", None]
    found = count_kinds(pa.array([*texts, *odd, "x", "x"]))
    assert found == {
        "integer": 3,
        "number": 3,
        "boolean": 2,
        "date": 2,
        "text": 5,
        "not a number": 1,
        "infinite": 2,
    }
