"""Evidence whose numbers don't follow from its counts is found out, whatever was changed."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.measures.catalogue import catalogue
from accord.measures.derive import fact, measure_all, measurement
from accord.measures.recompute import recompute
from accord.records import Axis, Counts, Evidence, Interval, from_json, to_json

SUBJECT = "sha256:" + "0" * 64
GROUPS = Counts(
    axes=(
        Axis(role="attribute", name="race", categories=("African-American", "Caucasian", "Native American")),
        Axis(role="label", name="y", categories=("0", "1")),
        Axis(role="prediction", name="p", categories=("0", "1")),
    ),
    values=(990, 805, 532, 1369, 1139, 349, 461, 505, 3, 3, 0, 5),
)
RATES = [name for name, item in catalogue().items() if item.derivation.kind == "rate"]
PAIR = {"attribute": "race", "group": "African-American", "reference": "Caucasian"}


def evidence(**changes) -> Evidence:
    groups = [{"attribute": "race", "group": name} for name in GROUPS.axes[0].categories]
    measured = (
        *measure_all(RATES, "groups", GROUPS, [{}, *groups], subject=SUBJECT),
        *measure_all([f"{name}_gap" for name in RATES], "groups", GROUPS, [{"attribute": "race"}], subject=SUBJECT),
        *measure_all(
            [f"{name}_min_ratio" for name in RATES], "groups", GROUPS, [{"attribute": "race"}], subject=SUBJECT
        ),
        *measure_all([f"{name}_ratio" for name in RATES], "groups", GROUPS, [PAIR], subject=SUBJECT),
        measurement("fairness.equalized_odds_gap", "groups", GROUPS, {"attribute": "race"}, subject=SUBJECT),
        fact("model_files.format", "onnx", subject=SUBJECT, method="read"),
        fact("model_files.tensors", 3, subject=SUBJECT, method="read"),
        fact("model_files.header_valid", True, subject=SUBJECT, method="read"),
        fact("model_files.pickle_globals", ("os.system",), subject=SUBJECT, method="read"),
    )
    made = Evidence(
        id="e1",
        inspector="fairness.groups",
        version="1",
        subject=SUBJECT,
        status="measured",
        measurements=measured,
        statistics={"groups": GROUPS},
        started="2026-01-01T00:00:00Z",
        seconds=0.1,
    )
    return msgspec.structs.replace(made, **changes)


def test_what_was_derived_agrees_also_after_json():
    assert recompute(evidence()) == []
    assert recompute(from_json(to_json(evidence()), Evidence)) == []


def tampered(index: int, **changes) -> list[str]:
    made = evidence()
    measured = list(made.measurements)
    measured[index] = msgspec.structs.replace(measured[index], **changes)
    return recompute(from_json(to_json(msgspec.structs.replace(made, measurements=tuple(measured))), Evidence))


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"value": 0.123}, "the counts say"),
        ({"value": None, "reason": "not telling"}, "the report says nothing"),
        ({"value": True}, "the report says True"),
        ({"value": "high"}, "the report says 'high'"),
        ({"n": 9000}, "its n is 9000"),
        ({"n": None}, "its n is nothing"),
        ({"unit": "percent"}, "its unit"),
        ({"method": "guessed"}, "its method"),
        ({"interval": None}, "its interval is nothing"),
        ({"interval": Interval(low=0.1, high=0.9, kind="wilson")}, "its interval is [0.1, 0.9]"),
        ({"statistics": None}, "names no counts"),
        ({"statistics": "others"}, "'others' are not in the evidence"),
        ({"measure": "fairness.kindness"}, "there is no measure"),
        ({"measure": "model_files.format"}, "is a fact, but names counts"),
        ({"dimensions": {"attribute": "race", "group": "Martian"}}, "no category 'Martian'"),
        ({"dimensions": {"colour": "red"}}, "has the dimensions"),
        ({"dimensions": {"attribute": "race", "group": "Caucasian"}}, "the counts say"),
    ],
)
def test_every_change_is_named(changes, text):
    found = tampered(0, **changes)
    assert any(text in line for line in found)
    assert all(line.startswith("fairness.groups ") for line in found)


@pytest.mark.parametrize(
    ("basis", "kind", "agrees"),
    [("declared", "declared", True), ("measured", "declared", False), ("declared", "wilson", False)],
)
def test_only_a_declared_fact_may_have_a_range_and_only_a_declared_one(basis, kind, agrees):
    """The training compute of a card: 7e24 to 1.5e25 FLOP is what the provider holds possible."""
    stated = msgspec.structs.replace(
        fact("card.training_compute", 1e25, subject="sha256:0", method="read from the system card"),
        basis=basis,
        interval=Interval(low=7e24, high=1.5e25, level=1.0, kind=kind),
    )
    found = recompute(msgspec.structs.replace(evidence(), measurements=(stated,)))
    assert (found == []) is agrees


def test_a_change_of_the_level_or_kind_of_an_interval_is_seen():
    before = evidence().measurements[0].interval
    for change in ({"level": 0.9}, {"kind": "wald"}):
        assert tampered(0, interval=msgspec.structs.replace(before, **change))


@given(st.integers(0, 60), st.sampled_from([-1e-6, 1e-6, 1e-9]))
def test_the_smallest_shift_of_any_number_is_seen(index, shift):
    measured = evidence().measurements
    index %= sum(item.statistics is not None and item.value is not None for item in measured)
    index = [i for i, item in enumerate(measured) if item.statistics and item.value is not None][index]
    assert len(tampered(index, value=measured[index].value + shift)) == 1


@given(st.integers(0, 11), st.integers(1, 50))
def test_a_change_of_a_count_is_seen(cell, more):
    values = list(GROUPS.values)
    values[cell] += more
    changed = Counts(axes=GROUPS.axes, values=tuple(values))
    assert recompute(evidence(statistics={"groups": changed}))


def test_the_minimum_is_the_one_that_the_inspector_used():
    def small(minimum):
        where = {"attribute": "race", "group": "Native American"}
        made = measurement("fairness.accuracy", "groups", GROUPS, where, subject=SUBJECT, minimum=minimum)
        return evidence(measurements=(made,), parameters={"minimum": minimum})

    assert recompute(small(30)) == recompute(small(5)) == []
    assert recompute(msgspec.structs.replace(small(5), parameters={})) != []
    assert "minimum" in recompute(msgspec.structs.replace(small(5), parameters={"minimum": -1}))[0]


@pytest.mark.parametrize(
    ("offset", "changes", "text"),
    [
        (-4, {"value": 3}, "not of the type text"),
        (-3, {"value": -1}, "not of the type count"),
        (-3, {"value": True}, "not of the type count"),
        (-3, {"value": 2.5}, "not of the type count"),
        (-2, {"value": 1}, "not of the type bool"),
        (-1, {"value": "os.system"}, "not of the type list"),
        (-3, {"unit": "1"}, "its unit"),
        (-3, {"interval": Interval(low=0, high=1, kind="wilson")}, "has an interval"),
    ],
)
def test_facts_keep_type_and_unit(offset, changes, text):
    assert any(text in line for line in tampered(offset, **changes))


def test_counts_that_are_too_many_are_a_disagreement():
    huge = Counts(axes=GROUPS.axes, values=(2**60,) * 12)
    assert all("count tensor" in line for line in recompute(evidence(statistics={"groups": huge}))[:-4])
