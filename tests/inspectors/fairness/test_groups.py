"""The inspector on tables whose counts are known, against fairlearn, and in all that can be wrong with a card."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from fairlearn import metrics as fair
from sklearn.metrics import accuracy_score, precision_score

from accord.inspectors.fairness import groups as module
from accord.inspectors.fairness.groups import INSPECTOR, groups  # type: ignore[attr-defined]
from accord.inspectors.interface import Inspection, Outcome, Skip
from accord.measures.derive import measurement
from accord.records import Measurement

from .conftest import TABLE_2, Inspect, rows_of

assert isinstance(module, ModuleType)
EVEN = {"a": (100, 100, 100, 100), "b": (101, 99, 100, 100)}


def one(outcome: Outcome, measure: str, **dimensions: str) -> Measurement:
    (found,) = [m for m in outcome.measurements if m.measure == f"fairness.{measure}" and m.dimensions == dimensions]
    return found


def ids(outcome: Outcome) -> list[str]:
    return [finding.rule for finding in outcome.findings]


def test_the_published_rates_of_compas_from_their_counts(inspect: Inspect) -> None:
    outcome = groups(inspect(rows_of(TABLE_2), favourable="negative", reference={"group": "Caucasian"}))
    for group, rates in {"African-American": (44.85, 27.99, 63.83), "Caucasian": (23.45, 47.72, 66.99)}.items():
        names = ("false_positive_rate", "false_negative_rate", "accuracy")
        for name, rate in zip(names, rates, strict=True):
            value = one(outcome, name, attribute="group", group=group).value
            assert isinstance(value, float)
            assert round(100 * value, 2) == rate
    interval = one(outcome, "false_positive_rate", attribute="group", group="African-American").interval
    assert interval is not None
    assert (round(interval.low, 4), round(interval.high, 4)) == (0.4256, 0.4716)
    worst = outcome.findings[0]
    assert worst.message == (
        "Of people whose outcome was negative, the system wrongly marked as positive 44.8 % where group is "
        "African-American, 23.5 % where it is Caucasian: 21.4 percentage points more [18.2, 24.5] "
        "(false-positive rate)."
    )
    assert (worst.rule, worst.severity) == ("FAIR-001", "high")
    expected = {"measure": "fairness.false_positive_rate", "attribute": "group", "group": "African-American"}
    expected |= {
        "reference": "Caucasian",
        "n": 1795,
        "reference_n": 1488,
        "worse_off": "African-American",
        "harmful": 1,
    }
    assert expected.items() <= worst.arguments.items()
    assert outcome.checked[0] == "6,150 of 6,150 rows"
    assert any("nobody measured" in sentence for sentence in outcome.not_checked)


def test_every_measurement_follows_from_the_statistics_and_was_announced(inspect: Inspect) -> None:
    outcome = groups(inspect(rows_of(TABLE_2)))
    for item in outcome.measurements:
        assert item.statistics is not None
        counts = outcome.statistics[item.statistics]
        again = measurement(item.measure, item.statistics, counts, item.dimensions, subject=item.subject)
        assert again == item
        assert item.measure in INSPECTOR.measures


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    """4,000 people of two attributes, whose predictions err more for some."""
    random = np.random.default_rng(7)
    n = 4000
    frame = pd.DataFrame(
        {"race": random.choice(["x", "y", "z"], n, p=[0.5, 0.3, 0.2]), "sex": random.choice(["f", "m"], n)}
    )
    frame["y"] = (random.random(n) < np.where(frame.race == "x", 0.4, 0.55)).astype(int)
    frame["p"] = np.where(random.random(n) < np.where(frame.sex == "f", 0.25, 0.35), 1 - frame.y, frame.y)
    return frame


METRICS = {
    "selection_rate": fair.selection_rate,
    "true_positive_rate": fair.true_positive_rate,
    "false_positive_rate": fair.false_positive_rate,
    "false_negative_rate": fair.false_negative_rate,
    "positive_predictive_value": precision_score,
    "accuracy": accuracy_score,
    "base_rate": lambda actual, predicted: float(np.mean(actual)),
}


@pytest.mark.parametrize("columns", [["race"], ["sex"], ["race", "sex"]])
def test_equals_fairlearn(inspect: Inspect, people: pd.DataFrame, columns: list[str], tmp_path: Path) -> None:
    people.to_csv(tmp_path / "people.csv", index=False)
    outcome = groups(inspect(tmp_path / "people.csv", sensitive=["race", "sex"], reference={"race": "z", "sex": "f"}))
    frame = fair.MetricFrame(
        metrics=METRICS,
        y_true=people.y,
        y_pred=people.p,
        sensitive_features=people[columns if len(columns) > 1 else columns[0]],
    )
    attribute = " × ".join(columns)
    reference = " × ".join({"race": "z", "sex": "f"}[column] for column in columns)
    by_group = {" × ".join(key) if isinstance(key, tuple) else key: row for key, row in frame.by_group.iterrows()}
    for name in METRICS:
        assert one(outcome, name).value == pytest.approx(frame.overall[name], abs=1e-12)
        assert one(outcome, f"{name}_gap", attribute=attribute).value == pytest.approx(frame.difference()[name])
        assert one(outcome, f"{name}_min_ratio", attribute=attribute).value == pytest.approx(frame.ratio()[name])
        for group, row in by_group.items():
            assert one(outcome, name, attribute=attribute, group=group).value == pytest.approx(row[name], abs=1e-12)
            if group != reference:
                where = {"attribute": attribute, "group": group, "reference": reference}
                other = by_group[reference][name]
                assert one(outcome, f"{name}_difference", **where).value == pytest.approx(row[name] - other)
                assert one(outcome, f"{name}_ratio", **where).value == pytest.approx(row[name] / other)
    odds = fair.equalized_odds_difference(people.y, people.p, sensitive_features=people[columns])
    assert one(outcome, "equalized_odds_gap", attribute=attribute).value == pytest.approx(odds)


def test_csv_parquet_and_json_lines_give_the_same(inspect: Inspect, people: pd.DataFrame, tmp_path: Path) -> None:
    table = pa.Table.from_pandas(people, preserve_index=False)
    pacsv.write_csv(table, tmp_path / "t.csv")
    # Truth values and floats in place of 0 and 1: the same labels.
    typed = table.set_column(2, "y", table["y"].cast(pa.bool_())).set_column(3, "p", table["p"].cast(pa.float64()))
    pq.write_table(typed, tmp_path / "t.parquet", row_group_size=999)
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in typed.to_pylist()))
    outcomes = [
        groups(inspect(tmp_path / f"t.{kind}", kind=kind, sensitive=["race", "sex"]))
        for kind in ("csv", "parquet", "jsonl")
    ]
    assert outcomes[0].measurements == outcomes[1].measurements == outcomes[2].measurements
    assert outcomes[0].findings == outcomes[1].findings == outcomes[2].findings


# --- the rules, each with a table that breaks it and one that does not ---


def test_fair_001(inspect: Inspect) -> None:
    assert "FAIR-001" not in ids(groups(inspect(rows_of(EVEN))))
    outcome = groups(inspect(rows_of({"a": (400, 100, 100, 400), "b": (430, 70, 100, 400)})))
    found = [finding for finding in outcome.findings if finding.rule == "FAIR-001"]
    assert [(finding.arguments["measure"], finding.severity) for finding in found] == [
        ("fairness.false_positive_rate", "low")
    ]
    wide = groups(inspect(rows_of({"a": (400, 100, 100, 400), "b": (330, 170, 100, 400)})))
    assert [f.severity for f in wide.findings if f.arguments.get("measure") == "fairness.false_positive_rate"] == [
        "medium"
    ]


@pytest.mark.parametrize(
    ("favourable", "first"),
    [("negative", "fairness.false_positive_rate"), ("positive", "fairness.false_negative_rate")],
)
def test_the_error_that_hurts_comes_first(inspect: Inspect, favourable: str, first: str) -> None:
    outcome = groups(inspect(rows_of(TABLE_2), favourable=favourable))
    assert outcome.findings[0].arguments["measure"] == first
    assert outcome.findings[0].arguments["harmful"] == 1


def test_two_small_neighbours_of_the_reference_still_differ_from_each_other(inspect: Inspect) -> None:
    table = {"big": (500, 500, 500, 500), "few": (560, 440, 500, 500), "many": (440, 560, 500, 500)}
    narrow = {"big": (75, 75, 500, 500), **{key: value for key, value in table.items() if key != "big"}}
    outcome = groups(inspect(rows_of(narrow), reference={"group": "big"}))
    found = [f for f in outcome.findings if f.arguments.get("measure") == "fairness.false_positive_rate"]
    assert [(f.arguments["group"], f.arguments["reference"]) for f in found] == [("many", "few")]
    assert found[0].arguments["worse_off"] == "many"


def test_fair_002(inspect: Inspect) -> None:
    assert "FAIR-002" not in ids(groups(inspect(rows_of(EVEN))))
    table = {"a": (100, 400, 100, 400), "b": (240, 260, 240, 260), "c": (18, 12, 12, 28)}
    outcome = groups(inspect(rows_of(table), favourable="positive"))
    found = {f.arguments["group"]: f for f in outcome.findings if f.rule == "FAIR-002"}
    assert {group: finding.severity for group, finding in found.items()} == {"b": "high", "c": "medium"}
    assert found["b"].arguments["ratio"] == pytest.approx(0.52 / 0.8)
    # Where the negative prediction is the favourable one, a gets it least often.
    other = groups(inspect(rows_of(table), favourable="negative"))
    assert "a" in {f.arguments["group"] for f in other.findings if f.rule == "FAIR-002"}


def test_fair_003(inspect: Inspect) -> None:
    assert "FAIR-003" not in ids(groups(inspect(rows_of(EVEN))))
    outcome = groups(inspect(rows_of({**EVEN, "tiny": (20, 9, 40, 40)})))
    (small,) = [finding for finding in outcome.findings if finding.rule == "FAIR-003"]
    assert (small.severity, small.arguments["groups"]) == ("info", "tiny (80 positive, 29 negative)")
    assert one(outcome, "false_positive_rate", attribute="group", group="tiny").value is None
    assert one(outcome, "accuracy", attribute="group", group="tiny").value is not None


def test_fair_004(inspect: Inspect) -> None:
    good = groups(inspect(rows_of(EVEN), reference={"group": "b"}))
    assert "FAIR-004" not in ids(good)
    assert "compared with b (the card's)" in good.checked[1]
    bad = groups(inspect(rows_of({**EVEN, "a": (200, 200, 200, 200)}), reference={"group": "B"}))
    assert "FAIR-004" in ids(bad)
    assert "compared with a (the largest)" in bad.checked[1]


def test_fair_005(inspect: Inspect) -> None:
    assert "FAIR-005" not in ids(groups(inspect(rows_of(EVEN))))
    table = [*rows_of(EVEN), ("a", "", 1), ("a", "NaN", 1), ("b", 1, None), ("", 1, 1)]
    outcome = groups(inspect(table))
    reasons = {f.arguments["reason"]: f.arguments["count"] for f in outcome.findings if f.rule == "FAIR-005"}
    assert reasons == {"the label is missing": 2, "the prediction is missing": 1}
    assert outcome.checked[0] == "801 of 804 rows"
    assert one(outcome, "accuracy", attribute="group", group="(missing)").n == 1


def test_fair_006_an_age_is_no_group(inspect: Inspect) -> None:
    table = [(str(18 + number % 60), number % 2, number % 3 > 0) for number in range(600)]
    for distinct, reason in ((60, "more than 50"), (40, "quantity")):
        outcome = groups(inspect([(str(int(age) % distinct), label, int(guess)) for age, label, guess in table]))
        (finding,) = [finding for finding in outcome.findings if finding.rule == "FAIR-006"]
        assert reason in str(finding.arguments["reason"])
        assert all("attribute" not in item.dimensions for item in outcome.measurements)
    few = groups(inspect([(str(int(age) % 5), label, int(guess)) for age, label, guess in table]))
    assert "FAIR-006" not in ids(few)


def test_predictions_that_are_no_numbers_are_left_out(inspect: Inspect) -> None:
    rule = {"column": "p", "positive": {"op": ">=", "value": 0.5}}
    outcome = groups(inspect([*rows_of(EVEN), ("a", 1, "high")], prediction=rule))
    assert [f.arguments["reason"] for f in outcome.findings if f.rule == "FAIR-005"] == ["the prediction is no number"]


def test_equal_groups_raise_no_alarm(inspect: Inspect) -> None:
    """Four groups with the same true rates: the finding about one error rate is false in at most 5 % of tables."""
    random = np.random.default_rng(2)
    alarms = 0
    for _ in range(60):
        table = {group: tuple(random.multinomial(120, [0.3, 0.2, 0.2, 0.3]).tolist()) for group in "abcd"}
        outcome = groups(inspect(rows_of(table)))
        alarms += any(f.arguments.get("measure") == "fairness.false_positive_rate" for f in outcome.findings)
    assert alarms <= 7  # P(X > 7) < 1 % for 60 tables at 5 %


# --- cards that do not fit ---


def skipped(inspection: Inspection) -> Skip:
    with pytest.raises(Skip) as caught:
        groups(inspection)
    return caught.value


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"label": None}, "label = {"),
        ({"prediction": None}, "prediction = {"),
        ({"prediction": {"positive": {"op": "==", "value": 1}}}, "prediction = {"),
        ({"sensitive": None}, "sensitive = ["),
        ({"label": {"column": "nope", "positive": 1}}, "no column is named 'nope'"),
        ({"label": {"column": "y", "positive": "yes"}}, "there are '0', '1'"),
        ({"prediction": {"column": "p", "positive": {"op": ">", "value": "high"}}}, "needs a number"),
        ({"prediction": {"index": 9, "positive": {"op": "==", "value": 1}}}, "no column 9"),
        ({"prediction": {"column": "group", "positive": {"op": ">", "value": 1}}}, "none of the 800 rows"),
    ],
)
def test_a_card_that_does_not_fit_is_a_skip_that_says_what_to_add(
    inspect: Inspect, data: dict[str, object], said: str
) -> None:
    skip = skipped(inspect(rows_of(EVEN), **data))
    assert skip.reason == "missing_input"
    assert said in skip.detail


def test_the_card_names_another_table(inspect: Inspect) -> None:
    assert skipped(inspect(rows_of(EVEN), file="other.csv", part_path="table.csv")).reason == "not_applicable"
    groups(inspect(rows_of(EVEN), file="./table.csv", part_path="table.csv"))


def test_an_ambiguous_column_is_said_with_its_names(inspect: Inspect) -> None:
    table = [(*row, row[2]) for row in rows_of(EVEN)]
    assert "'p#1', 'p#2'" in skipped(inspect(table, header="group,y,p,p")).detail
    rule = {"positive": {"op": "==", "value": 1}}
    by_name = groups(inspect(table, header="group,y,p,p", prediction={"column": "p#2", **rule}))
    by_index = groups(inspect(table, header="group,y,p,p", prediction={"index": 3, **rule}))
    assert by_name.measurements == by_index.measurements


def test_hostile_names_of_groups_stay_data(inspect: Inspect) -> None:
    names = ["<script>alert(1)</script>", "{0.__class__}", "a × b", "a x b", "\x1b[31m\u202e", "x" * 5000, "=1+1"]
    table = rows_of(dict.fromkeys(names, (50, 50, 50, 50)))
    outcome = groups(inspect(table))
    shown = outcome.statistics["counts"].axes[0].categories
    assert len(shown) == len(set(shown)) == len(names)
    assert max(map(len, shown)) == 120
    for item in outcome.measurements:
        if "group" in item.dimensions and "reference" not in item.dimensions:
            assert item.value is not None


def test_a_label_of_more_than_two_values_is_said(inspect: Inspect) -> None:
    outcome = groups(inspect([*rows_of(EVEN), ("a", 2, 0)]))
    assert any("3 values" in sentence for sentence in outcome.not_checked)
    assert one(outcome, "base_rate").value == 400 / 801
