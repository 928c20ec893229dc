"""Derived values against published tables, fairlearn, and what must hold whatever the counts."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from fairlearn import metrics as oracle
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, precision_score

from accord.errors import LimitExceeded, UsageError
from accord.measures import intervals
from accord.measures.derive import derive, fact, measure_all, measurement, zero_event_bound
from accord.measures.tensor import Tensor
from accord.records import Axis, Counts

OUTCOMES = (
    Axis(role="label", name="two_year_recid", categories=("0", "1")),
    Axis(role="prediction", name="decile_score", categories=("0", "1")),
)
BLACK, WHITE = (990, 805, 532, 1369), (1139, 349, 461, 505)
COMPAS = Counts(
    axes=(Axis(role="attribute", name="race", categories=("African-American", "Caucasian")), *OUTCOMES),
    values=BLACK + WHITE,
)


def by_race(name: str, group: str):
    return derive(f"fairness.{name}", COMPAS, {"attribute": "race", "group": group})


@pytest.mark.parametrize(
    ("name", "black", "white"),
    [
        ("false_positive_rate", 44.85, 23.45),
        ("false_negative_rate", 27.99, 47.72),
        ("true_positive_rate", 72.01, 52.28),
        ("accuracy", 63.83, 66.99),
        ("positive_predictive_value", 62.97, 59.13),
        ("selection_rate", 58.82, 34.80),
        ("base_rate", 51.43, 39.36),
    ],
)
def test_compas_as_published(name, black, white):
    """Dressel & Farid, Science Advances 4(1), Table 2; ProPublica, 2016, for the predictive values."""
    for group, percent in (("African-American", black), ("Caucasian", white)):
        found = by_race(name, group)
        assert round(100 * found.value, 2) == percent
        assert found.interval.low < found.value < found.interval.high
        assert found.interval.kind == "wilson"
        assert found.unit == "1"


def test_compas_interval_of_the_false_positive_rate():
    found = by_race("false_positive_rate", "African-American")
    assert (round(100 * found.interval.low, 2), round(100 * found.interval.high, 2)) == (42.56, 47.16)
    assert found.n == 1795


def test_compas_comparisons():
    gap = derive("fairness.false_positive_rate_gap", COMPAS, {"attribute": "race"})
    assert gap.value == 805 / 1795 - 349 / 1488
    assert gap.n == 1795 + 1488
    assert gap.interval == intervals.gap([(805, 1795), (349, 1488)])
    pair = {"attribute": "race", "group": "African-American", "reference": "Caucasian"}
    ratio = derive("fairness.false_positive_rate_ratio", COMPAS, pair)
    assert ratio.value == pytest.approx(1.912, abs=5e-4)
    assert ratio.interval == intervals.ratio(805, 1795, 349, 1488)
    difference = derive("fairness.false_positive_rate_difference", COMPAS, pair)
    assert difference.interval == intervals.difference(805, 1795, 349, 1488)
    smallest = derive("fairness.false_positive_rate_min_ratio", COMPAS, {"attribute": "race"})
    assert smallest.value == pytest.approx(1 / ratio.value)
    odds = derive("fairness.equalized_odds_gap", COMPAS, {"attribute": "race"})
    assert odds.value == gap.value
    assert odds.n == sum(BLACK + WHITE)
    assert odds.interval.low < gap.interval.low
    assert odds.interval.high >= gap.interval.high
    assert odds.interval.level == 0.95


rows = st.integers(0, 2**32 - 1).map(np.random.default_rng)
ORACLES = {
    "selection_rate": oracle.selection_rate,
    "true_positive_rate": oracle.true_positive_rate,
    "false_positive_rate": oracle.false_positive_rate,
    "false_negative_rate": oracle.false_negative_rate,
    "accuracy": accuracy_score,
    "positive_predictive_value": lambda y, p: precision_score(y, p, zero_division=np.nan),
    "base_rate": lambda y, p: float(np.mean(y)),
}


def table(rng, size: int) -> tuple[np.ndarray, ...]:
    race, sex = rng.integers(0, 3, size), rng.integers(0, 2, size)
    label = rng.random(size) < 0.3 + 0.1 * race
    prediction = rng.random(size) < np.where(label, 0.7, 0.2 + 0.1 * sex)
    return race, sex, label.astype(int), prediction.astype(int)


def counted(columns) -> Counts:
    sizes = (3, 2, 2, 2)
    cells = np.bincount(np.ravel_multi_index(columns, sizes), minlength=24)
    axes = (
        Axis(role="attribute", name="race", categories=("a", "b", "c")),
        Axis(role="attribute", name="sex", categories=("f", "m")),
        *OUTCOMES,
    )
    return Counts(axes=axes, values=tuple(cells.tolist()))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows)
def test_fairlearn_agrees(rng):
    race, sex, label, prediction = table(rng, 900)
    tensor = Tensor(counted((race, sex, label, prediction)))
    names = np.array(["a", "b", "c"])[race], np.array(["f", "m"])[sex]
    joined = np.array([f"{r} × {s}" for r, s in zip(*names, strict=True)])
    for attribute, groups in (("race", names[0]), ("sex", names[1]), ("race × sex", joined)):
        frame = oracle.MetricFrame(metrics=ORACLES, y_true=label, y_pred=prediction, sensitive_features=groups)
        for name in ORACLES:
            for group, value in frame.by_group[name].items():
                found = derive(f"fairness.{name}", tensor, {"attribute": attribute, "group": group}, minimum=1)
                assert found.value == pytest.approx(value, abs=1e-12)
            gap = derive(f"fairness.{name}_gap", tensor, {"attribute": attribute}, minimum=1)
            assert gap.value == pytest.approx(frame.difference()[name], abs=1e-12)
            ratio = derive(f"fairness.{name}_min_ratio", tensor, {"attribute": attribute}, minimum=1)
            assert ratio.value == pytest.approx(frame.ratio()[name], abs=1e-12)
        odds = oracle.equalized_odds_difference(label, prediction, sensitive_features=groups)
        assert derive(
            "fairness.equalized_odds_gap", tensor, {"attribute": attribute}, minimum=1
        ).value == pytest.approx(odds)
    for name, metric in ORACLES.items():
        assert derive(f"fairness.{name}", tensor, {}, minimum=1).value == pytest.approx(metric(label, prediction))


cells = st.lists(st.integers(0, 300), min_size=24, max_size=24)


def tensor_of(values) -> Counts:
    return Counts(axes=counted(([0], [0], [0], [0])).axes, values=tuple(values))


@given(cells, st.lists(st.integers(0, 300), min_size=8, max_size=8), st.sampled_from(sorted(ORACLES)))
def test_a_group_does_not_depend_on_the_others(values, replacement, name):
    changed = values[:8] + replacement + values[16:]
    for group in ("a", "c"):
        where = {"attribute": "race", "group": group}
        assert derive(f"fairness.{name}", tensor_of(values), where) == derive(
            f"fairness.{name}", tensor_of(changed), where
        )


@given(cells, cells, st.sampled_from(sorted(ORACLES)))
def test_tensors_add_up_as_data_do(one, other, name):
    merged = tensor_of([a + b for a, b in zip(one, other, strict=True)])
    stacked = Counts(
        axes=(Axis(role="shard", name="country", categories=("x", "y")), *merged.axes), values=(*one, *other)
    )
    for measure, where in (
        (name, {}),
        (name + "_gap", {"attribute": "race"}),
        (name, {"attribute": "sex", "group": "m"}),
    ):
        assert derive(f"fairness.{measure}", merged, where) == derive(f"fairness.{measure}", stacked, where)


@given(
    cells,
    st.permutations(range(3)),
    st.permutations(range(2)),
    st.permutations(range(4)),
    st.sampled_from(sorted(ORACLES)),
)
def test_the_order_of_categories_and_axes_changes_nothing(values, races, sexes, axes, name):
    counts = tensor_of(values)
    moved = np.array(values).reshape(3, 2, 2, 2)[races][:, sexes].transpose(axes)
    categories = [[("a", "b", "c")[i] for i in races], [("f", "m")[i] for i in sexes], ["0", "1"], ["0", "1"]]
    other = Counts(
        axes=tuple(
            Axis(role=counts.axes[i].role, name=counts.axes[i].name, categories=tuple(categories[i])) for i in axes
        ),
        values=tuple(moved.ravel().tolist()),
    )
    sides = ("race × sex", "sex × race") if axes.index(0) < axes.index(1) else ("sex × race", "race × sex")
    for where in ({"attribute": "race"}, {"attribute": "sex"}):
        assert derive(f"fairness.{name}_gap", counts, where) == derive(f"fairness.{name}_gap", other, where)
        assert derive(f"fairness.{name}_min_ratio", counts, where) == derive(f"fairness.{name}_min_ratio", other, where)
    for race, sex in product("abc", "fm"):
        group = f"{race} × {sex}" if sides[0] == "race × sex" else f"{sex} × {race}"
        before = derive(f"fairness.{name}", counts, {"attribute": "race × sex", "group": f"{race} × {sex}"})
        assert derive(f"fairness.{name}", other, {"attribute": sides[0], "group": group}) == before


def test_small_groups_are_named_not_judged():
    counts = Counts(axes=COMPAS.axes, values=(20, 5, 2, 2, *WHITE))
    small = derive("fairness.accuracy", counts, {"attribute": "race", "group": "African-American"})
    assert (small.value, small.interval, small.n) == (None, None, 29)
    assert small.reason == "29 trials, fewer than 30"
    gap = derive("fairness.accuracy_gap", counts, {"attribute": "race"})
    assert gap.value is None
    assert "fewer than two groups" in gap.reason
    assert derive("fairness.accuracy_gap", counts, {"attribute": "race"}, minimum=29).value is not None
    pair = {"attribute": "race", "group": "African-American", "reference": "Caucasian"}
    assert derive("fairness.accuracy_difference", counts, pair).reason.startswith("African-American: 29 trials")


def test_nothing_over_nothing_has_no_value():
    empty = Counts(axes=COMPAS.axes, values=(0,) * 8)
    for name in ("fairness.accuracy", "fairness.base_rate"):
        assert "0/0" in derive(name, empty, {}).reason
    never = Counts(axes=COMPAS.axes, values=(100, 0, 50, 0, 200, 0, 40, 0))
    assert derive("fairness.selection_rate_gap", never, {"attribute": "race"}).value == 0
    assert "0/0" in derive("fairness.selection_rate_min_ratio", never, {"attribute": "race"}).reason
    pair = {"attribute": "race", "group": "African-American", "reference": "Caucasian"}
    assert "unbounded" in derive("fairness.selection_rate_ratio", never, pair).reason
    assert (
        "positive rate"
        in derive(
            "fairness.equalized_odds_gap", Counts(axes=COMPAS.axes, values=(40, 0, 0, 0) * 2), {"attribute": "race"}
        ).reason
    )


def test_zero_events_carry_their_bound():
    never = Counts(axes=COMPAS.axes, values=(300, 0, 0, 0, 0, 0, 0, 50))
    where = {"attribute": "race", "group": "African-American"}
    found = measurement("fairness.selection_rate", "groups", never, where, subject="sha256:0")
    assert (found.value, found.interval.kind) == (0, "clopper-pearson")
    assert zero_event_bound(found).high == pytest.approx(1 - 0.05 ** (1 / 300))
    always = measurement(
        "fairness.selection_rate", "groups", never, {"attribute": "race", "group": "Caucasian"}, subject="sha256:0"
    )
    assert zero_event_bound(always).low == pytest.approx(0.05 ** (1 / 50))
    assert zero_event_bound(measurement("fairness.base_rate", "groups", COMPAS, {}, subject="sha256:0")) is None


# Data: the table itself is what is measured, so shares are exact, however small.
CELLS = Counts(
    axes=(
        Axis(role="column", name="columns", categories=("age", "name")),
        Axis(role="state", name="state", categories=("present", "missing")),
    ),
    values=(4, 0, 3, 1),
)


@pytest.mark.parametrize(
    ("measure", "counts", "where", "value", "n"),
    [
        ("data.completeness", CELLS, {}, 7 / 8, 8),
        ("data.completeness", CELLS, {"column": "name"}, 0.75, 4),
        ("data.columns", CELLS, {}, 2, None),
        (
            "data.rows",
            Counts(axes=(Axis(role="row", name="rows", categories=("unique", "duplicate")),), values=(9, 1)),
            {},
            10,
            None,
        ),
        (
            "data.duplicate_row_rate",
            Counts(axes=(Axis(role="row", name="rows", categories=("unique", "duplicate")),), values=(9, 1)),
            {},
            0.1,
            10,
        ),
        (
            "data.class_share",
            Counts(axes=(Axis(role="class", name="y", categories=("no", "yes")),), values=(9, 3)),
            {"column": "y", "class": "yes"},
            0.25,
            12,
        ),
        ("data.group_share", COMPAS, {"attribute": "race", "group": "Caucasian"}, 2454 / 6150, 6150),
        ("transparency.card_completeness", CELLS, {}, 7 / 8, 8),
    ],
)
def test_counts_and_shares(measure, counts, where, value, n):
    found = derive(measure, counts, where)
    assert (found.value, found.interval, found.n) == (value, None, n)


def test_names_that_contain_the_joint_are_resolved_or_refused():
    def named(*axes):
        return Counts(
            axes=(*(Axis(role="attribute", name=name, categories=kinds) for name, kinds in axes), *OUTCOMES),
            values=(50, 20, 10, 40) * int(np.prod([len(kinds) for _, kinds in axes])),
        )

    odd = named(("a × b", ("x", "y × z")), ("c", ("u", "z × u")))
    assert Tensor(odd).groups("attribute", "a × b") == ("x", "y × z")
    assert derive("fairness.accuracy", odd, {"attribute": "a × b × c", "group": "y × z × u"}).n == 120
    clash = named(("a", ("x", "x × y")), ("b", ("y × z", "z")))
    with pytest.raises(UsageError, match="two groups"):
        derive("fairness.accuracy", clash, {"attribute": "a × b", "group": "x × y × z"})
    assert derive("fairness.accuracy_gap", clash, {"attribute": "a × b"}).value == 0
    twice = named(("a", ("x",)), ("b", ("y",)), ("a × b", ("z",)))
    with pytest.raises(UsageError, match="2 choices"):
        derive("fairness.accuracy_gap", twice, {"attribute": "a × b"})


@pytest.mark.parametrize(
    ("measure", "where"),
    [
        ("fairness.acuracy", {}),
        ("fairness.accuracy", {"attribute": "race"}),
        ("fairness.accuracy", {"group": "Caucasian", "attribute": "age"}),
        ("fairness.accuracy", {"group": "Martian", "attribute": "race"}),
        ("fairness.accuracy_gap", {}),
        ("fairness.accuracy_ratio", {"attribute": "race", "group": "Caucasian", "reference": "Caucasian"}),
        ("data.completeness", {}),
        ("data.columns", {}),
        ("data.class_share", {"column": "race", "class": "Caucasian"}),
        ("model_files.format", {}),
    ],
)
def test_a_wrong_question_is_refused(measure, where):
    with pytest.raises(UsageError):
        derive(measure, COMPAS, where)


def test_counts_of_another_kind_are_refused():
    reversed_labels = Counts(axes=(Axis(role="label", name="y", categories=("no", "yes")),), values=(40, 60))
    with pytest.raises(UsageError, match="no category '1'"):
        derive("fairness.base_rate", reversed_labels, {})
    with pytest.raises(UsageError, match="role 'prediction'"):
        derive("fairness.selection_rate", reversed_labels, {})


def test_tensors_are_bounded():
    def wide(*sizes, role="attribute"):
        axes = tuple(Axis(role=role, name=f"a{i}", categories=tuple(map(str, range(n)))) for i, n in enumerate(sizes))
        return Counts(axes=axes, values=(0,) * int(np.prod(sizes)))

    for counts in (wide(1001, 1000), wide(1000, 1001, 0), wide(*[1] * 13)):
        with pytest.raises(LimitExceeded):
            Tensor(counts)
    with pytest.raises(LimitExceeded):
        Tensor(Counts(axes=(Axis(role="row", name="r", categories=("unique",)),), values=(2**60,)))
    with pytest.raises(LimitExceeded, match="combinations of a0"):
        derive("data.rows", wide(5000, role="row"), {})


def test_questions_to_the_same_counts_are_bounded():
    """Each combination of attributes costs a pass over the counts: hostile evidence could ask for thousands."""
    sizes = (50, 50, 5, 5, 5)
    attributes = tuple(
        Axis(role="attribute", name=f"a{i}", categories=tuple(map(str, range(size)))) for i, size in enumerate(sizes)
    )
    many = Tensor(Counts(axes=(*attributes, OUTCOMES[0]), values=(1,) * 625_000))
    asked = 0
    with pytest.raises(LimitExceeded, match="cost too much"):
        for size in range(1, 6):
            for chosen in combinations(attributes, size):
                derive("fairness.base_rate_gap", many, {"attribute": " × ".join(axis.name for axis in chosen)})
                asked += 1
    assert 5 < asked < 31


def test_too_many_groups_have_no_gap():
    people = Axis(role="attribute", name="who", categories=tuple(map(str, range(600))))
    crowd = Counts(axes=(people, *OUTCOMES), values=(20, 10, 5, 15) * 600)
    assert "too many" in derive("fairness.accuracy_gap", crowd, {"attribute": "who"}).reason
    assert derive("fairness.accuracy", crowd, {"attribute": "who", "group": "7"}).n == 50


def test_measure_all_asks_everything_of_the_same_counts():
    where = [{"attribute": "race", "group": group} for group in ("African-American", "Caucasian")]
    found = measure_all(["fairness.accuracy", "fairness.base_rate"], "groups", COMPAS, where, subject="sha256:0")
    assert [(m.measure, m.dimensions["group"]) for m in found] == [
        ("fairness.accuracy", "African-American"),
        ("fairness.accuracy", "Caucasian"),
        ("fairness.base_rate", "African-American"),
        ("fairness.base_rate", "Caucasian"),
    ]
    assert all(m.statistics == "groups" and m.basis == "measured" for m in found)


def test_a_fact_takes_the_unit_of_the_catalogue():
    found = fact("model_files.tensors", 12, subject="sha256:0", method="read from the header")
    assert (found.unit, found.statistics, found.basis) == ("count", None, "measured")
    stated = fact("card.stated", "bail", subject="sha256:0", method="read", dimensions={"field": "f"}, basis="declared")
    assert (stated.unit, stated.basis) == ("", "declared")
    with pytest.raises(UsageError):
        fact("data.rows", 12, subject="sha256:0", method="guessed")


@given(cells, st.integers(1, 400))
def test_every_value_is_a_number_with_an_interval_around_it_or_has_a_reason(values, minimum):
    assume(sum(values))
    tensor = Tensor(tensor_of(values))
    for name in ORACLES:
        for suffix, where in (
            ("", {}),
            ("_gap", {"attribute": "race × sex"}),
            ("_min_ratio", {"attribute": "race × sex"}),
            ("_difference", {"attribute": "race", "group": "a", "reference": "b"}),
            ("_ratio", {"attribute": "race", "group": "a", "reference": "b"}),
        ):
            found = derive(f"fairness.{name}{suffix}", tensor, where, minimum=minimum)
            if found.value is None:
                assert found.reason
                assert found.interval is None
            else:
                assert found.n >= minimum
                assert found.interval.low - 1e-12 <= found.value <= found.interval.high + 1e-12
