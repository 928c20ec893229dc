"""Small counts of persons are found, and what is left of a report can't be added up to them again."""

from __future__ import annotations

import itertools
import json
import random
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from accord.commons.assessments.publishing import OF, make_public, statement_of
from accord.commons.assessments.small_counts import LEAST, TOGETHER, small_counts, without_small_counts
from accord.errors import UsageError
from accord.measures.derive import measurement
from accord.measures.recompute import recompute
from accord.records import Assessment, Axis, Counts, Evidence, from_json
from accord.records.subject import Part, Subject
from accord.trust import KeyStore, SigningKey
from accord.verify import verify

DIGEST = "sha256:" + "5" * 64
RATES = ("fairness.false_positive_rate", "fairness.accuracy", "fairness.selection_rate")
SIZES = st.lists(st.integers(2, 4), min_size=1, max_size=3)


def record(evidence: Evidence, sample: Assessment, role: str = "predictions") -> Assessment:
    part = Part(role=role, kind="csv", path="t.csv", digest=DIGEST, size=1)
    return replace(sample, subject=Subject(name="t", digest=DIGEST, parts=(part,)), evidence=(evidence,))


@pytest.fixture(scope="module")
def sample(make_report, tmp_path_factory) -> Assessment:
    folder = make_report(tmp_path_factory.mktemp("sample"))
    return from_json((folder / "assessment.json").read_bytes(), Assessment)


def joint(shape: list[int], values: list[int]) -> Counts:
    names = [
        Axis(role="attribute", name=f"a{i}", categories=tuple(f"g{i}{k}" for k in range(n)))
        for i, n in enumerate(shape)
    ]
    outcome = [Axis(role=role, name=role, categories=("0", "1")) for role in ("label", "prediction")]
    return Counts(axes=(*names, *outcome), values=tuple(values))


def evidence_of(counts: Counts) -> Evidence:
    """Evidence with every view that the tensor has, measured as `fairness.groups` does."""
    attributes = [axis for axis in counts.axes if axis.role == "attribute"]
    found = [measurement(rate, "counts", counts, {}, subject=DIGEST) for rate in RATES]
    for size in range(1, len(attributes) + 1):
        for chosen in combinations(attributes, size):
            view = " × ".join(axis.name for axis in chosen)
            for rate in RATES:
                for group in itertools.product(*(axis.categories for axis in chosen)):
                    where = {"attribute": view, "group": " × ".join(group)}
                    found.append(measurement(rate, "counts", counts, where, subject=DIGEST))
                found.append(measurement(f"{rate}_gap", "counts", counts, {"attribute": view}, subject=DIGEST))
    return Evidence(
        id="fairness.groups",
        inspector="fairness.groups",
        version="1",
        subject=DIGEST,
        status="measured",
        parameters={"minimum": 30},
        measurements=tuple(found),
        statistics={"counts": counts},
        started="2026-01-01T00:00:00Z",
        seconds=0.0,
    )


def equations(published: Counts, whole: Counts) -> list[np.ndarray]:
    """Each published cell as a row over the cells of the joint tensor: 1 where a joint cell is part of it."""
    joint_cells = list(itertools.product(*(axis.categories for axis in whole.axes)))
    places = [[axis.name for axis in whole.axes].index(axis.name) for axis in published.axes]
    return [
        np.array(
            [all(cell[at] == wanted for at, wanted in zip(places, key, strict=True)) for cell in joint_cells], float
        )
        for key in itertools.product(*(axis.categories for axis in published.axes))
    ]


def span(rows: list[np.ndarray], cells: int) -> np.ndarray:
    """An orthonormal basis of all that can be added up and subtracted from the rows."""
    _u, sizes, basis = np.linalg.svd(np.array(rows) if rows else np.zeros((1, cells)), full_matrices=False)
    return basis[sizes > 1e-9]


def is_determined(basis: np.ndarray, target: np.ndarray) -> bool:
    return bool(np.linalg.norm(target - basis.T @ (basis @ target)) < 1e-6)


@settings(max_examples=30, deadline=None)
@given(shape=SIZES, seed=st.integers(0, 2**32 - 1), scale=st.sampled_from([3, 8, 40, 300]))
def test_no_small_count_follows_from_what_is_published(sample, shape, seed, scale):
    chance = random.Random(seed)
    cells = int(np.prod(shape)) * 4
    counts = joint(shape, [chance.choice((0, chance.randrange(scale), chance.randrange(scale))) for _ in range(cells)])
    before = record(evidence_of(counts), sample)
    (left,) = without_small_counts(before)
    assert not small_counts(replace(before, evidence=(left,)))
    assert recompute(left) == []
    assert {item.statistics for item in left.measurements} <= left.statistics.keys()

    values = np.array(counts.values, float)
    rows = [row for published in left.statistics.values() for row in equations(published, counts)]
    # A published zero says that all that it is made of is zero.
    known = [*rows, *(np.eye(cells)[i] for row in rows if row @ values == 0 for i in np.flatnonzero(row))]
    basis = span(known, cells)
    for size in range(len(shape) + 1):
        for chosen in combinations(range(len(shape)), size):
            axes = (*(counts.axes[i] for i in chosen), *counts.axes[len(shape) :])
            sums = equations(Counts(axes=axes, values=(0,) * int(np.prod([len(a.categories) for a in axes]))), counts)
            for target in sums:
                if 0 < target @ values < LEAST:
                    assert not is_determined(basis, target), (shape, counts.values, left.statistics)


def test_what_has_no_small_count_is_left_byte_for_byte(sample):
    assert small_counts(sample) == ()
    assert without_small_counts(sample) == sample.evidence


def test_numbers_of_groups_that_stay_do_not_change(sample):
    counts = joint([4], [100, 40, 30, 90, 80, 20, 20, 70, 6, 3, 9, 9, 20, 9, 8, 30])
    before = record(evidence_of(counts), sample)
    (left,) = without_small_counts(before)
    groups = {item.dimensions.get("group") for item in left.measurements} - {None}
    assert groups == {"g00", "g01"}  # g02 has a 3; the next smallest goes with it, or subtraction would tell
    was = {(m.measure, m.dimensions.get("group")): m.value for m in before.evidence[0].measurements}
    rates = [m for m in left.measurements if not m.measure.endswith("_gap")]
    assert all(m.value == was[m.measure, m.dimensions.get("group")] for m in rates)
    assert "2 groups left out" in left.not_checked[-1]


def test_shares_keep_their_whole(sample):
    axis = Axis(role="attribute", name="race", categories=("a", "b", "c", "d"))
    counts = Counts(axes=(axis,), values=(500, 300, 7, 2))
    found = tuple(
        measurement("data.group_share", "attribute:race", counts, {"attribute": "race", "group": g}, subject=DIGEST)
        for g in axis.categories
    )
    evidence = replace(evidence_of(joint([2], [50] * 8)), measurements=found, statistics={"attribute:race": counts})
    (left,) = without_small_counts(record(evidence, sample))
    assert left.statistics["attribute:race"].axes[0].categories == ("a", "b", TOGETHER)
    assert left.statistics["attribute:race"].values == (500, 300, 9)
    assert [m.value for m in left.measurements] == [500 / 809, 300 / 809]
    assert recompute(left) == []


def test_counts_of_other_things_than_persons_are_no_matter(sample):
    fields = Counts(axes=(Axis(role="column", name="field", categories=("a", "b")),), values=(1, 2))
    evidence = replace(evidence_of(joint([2], [50] * 8)), measurements=(), statistics={"fields": fields})
    assert small_counts(record(evidence, sample)) == ()
    unknown = Counts(axes=(Axis(role="bin", name="score", categories=("a", "b")),), values=(1, 2))
    of_table = replace(evidence, statistics={"bins": unknown})
    assert small_counts(record(of_table, sample))  # rows of a table, counted by we don't know what
    assert small_counts(record(of_table, sample, role="code")) == ()


@pytest.fixture(scope="module")
def small(make_report, tmp_path_factory):
    cells = {("x", 1, 0): 3, ("x", 1, 1): 3, ("x", 0, 1): 5, ("y", 1, 0): 3, ("y", 1, 1): 2, ("y", 0, 1): 6}
    rows = [f"{sex},{9000 + i},{p},{o}\n" for (sex, p, o), n in cells.items() for i in range(n)]
    return make_report(tmp_path_factory.mktemp("small"), rows="".join(rows))


def test_a_report_made_public_proves_itself_and_says_what_is_left_out(small, tmp_path):
    keys = KeyStore()
    public = make_public(small, tmp_path / "public", keys)
    found = verify(tmp_path / "public", keys.known())
    assert found.outcome == "proven"
    assert found.seal.assessment == public
    assert public.environment.options[OF] == statement_of(small)
    assert small_counts(public) == ()
    text = (tmp_path / "public" / "report.html").read_text() + (tmp_path / "public" / "assessment.json").read_text()
    assert "not published: sex: 2 groups left out" in text
    fairness = next(item for item in public.evidence if item.inspector == "fairness.groups")
    assert not any(set(m.dimensions.values()) & {"x", "y"} for m in fairness.measurements)
    assert not any(finding.arguments.get("group") in ("x", "y") for finding in fairness.findings)
    assert not any("positive, 3 negative" in finding.message for finding in fairness.findings)
    assert make_public(small, tmp_path / "public", keys) == public  # the same, not another one signed anew
    with pytest.raises(UsageError, match="another report"):
        make_public(tmp_path / "public", tmp_path / "public", keys)


def test_nobody_publishes_for_another(small, tmp_path):
    stranger = KeyStore(tmp_path / "keys")
    stranger.own()
    with pytest.raises(UsageError, match="not you alone signed"):
        make_public(small, tmp_path / "public", stranger)
    assert not (tmp_path / "public").exists()
    assert SigningKey.generate().keyid not in json.loads(
        (small / "assessment.intoto.jsonl").read_text().splitlines()[0]
    )
