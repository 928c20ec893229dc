"""The real COMPAS table reproduces what was published, and what fairlearn and AIF360 compute on the same rows."""

from __future__ import annotations

import json
import subprocess
import tomllib
from pathlib import Path

import pandas as pd
import pytest
from fairlearn import metrics as fair
from sklearn.metrics import accuracy_score

from accord.inspectors.data.profile import profile
from accord.inspectors.fairness.groups import groups
from accord.inspectors.interface import Inspection, Outcome
from accord.records import Card, Part, Subject, from_builtins, to_json

REPOSITORY = Path(__file__).parents[3]
PEERS = REPOSITORY / ".venv-peers" / "bin" / "python"
# Dressel & Farid, Science Advances 4(1) eaao5580, Table 2, in percent: all, black, white.
PUBLISHED = {
    "accuracy": (65.4, 63.8, 67.0),
    "false_positive_rate": (None, 44.8, 23.5),
    "false_negative_rate": (None, 28.0, 47.7),
}
GROUPS = (None, "African-American", "Caucasian")


@pytest.fixture(scope="module")
def inspection(compas: Path) -> Inspection:
    card = from_builtins(tomllib.loads((REPOSITORY / "examples/compas/accord.toml").read_text()), Card)
    part = Part(role="data", kind="csv", path="", digest="sha256:" + "c" * 64, size=compas.stat().st_size)
    return Inspection(
        part=part, subject=Subject(name="COMPAS", digest=part.digest, parts=(part,)), root=compas, card=card
    )


@pytest.fixture(scope="module")
def outcome(inspection: Inspection) -> Outcome:
    return groups(inspection)


def rate(outcome: Outcome, name: str, group: str | None, attribute: str = "race") -> float:
    dimensions = {"attribute": attribute, "group": group} if group else {}
    (found,) = [m for m in outcome.measurements if m.measure == f"fairness.{name}" and m.dimensions == dimensions]
    assert isinstance(found.value, float)
    return found.value


def test_the_published_table(outcome: Outcome) -> None:
    assert outcome.checked[0] == "7,214 of 7,214 rows"
    for name, row in PUBLISHED.items():
        for group, published in zip(GROUPS, row, strict=True):
            if published is not None:
                assert round(100 * rate(outcome, name, group), 1) == published
    first = outcome.findings[0].arguments
    assert (first["group"], first["reference"], first["measure"]) == (*GROUPS[1:], "fairness.false_positive_rate")


def test_equals_fairlearn(outcome: Outcome, compas: Path) -> None:
    frame = pd.read_csv(compas)
    metrics = {
        "accuracy": accuracy_score,
        "false_positive_rate": fair.false_positive_rate,
        "false_negative_rate": fair.false_negative_rate,
        "selection_rate": fair.selection_rate,
    }
    for attribute in ("race", "sex", "age_cat"):
        expected = fair.MetricFrame(
            metrics=metrics,
            y_true=frame.two_year_recid,
            y_pred=(frame["decile_score"] >= 5).astype(int),
            sensitive_features=frame[attribute],
        )
        for name in metrics:
            for group, value in expected.by_group[name].items():
                if group not in ("Asian", "Native American"):
                    assert rate(outcome, name, str(group), attribute) == pytest.approx(value, abs=1e-12)


AIF360 = """
import json, sys, warnings
warnings.filterwarnings("ignore")
import pandas as pd
from aif360.datasets import BinaryLabelDataset
from aif360.metrics import ClassificationMetric
frame = pd.read_csv(sys.argv[1])
frame = frame[frame.race.isin(["African-American", "Caucasian"])]
table = pd.DataFrame({"race": (frame.race == "Caucasian").astype(float), "y": frame.two_year_recid.astype(float)})
make = lambda t: BinaryLabelDataset(df=t, label_names=["y"], protected_attribute_names=["race"])
true = make(table)
predicted = make(table.assign(y=(frame.decile_score >= 5).astype(float)))
metric = ClassificationMetric(true, predicted, unprivileged_groups=[{"race": 0}], privileged_groups=[{"race": 1}])
names = ("false_positive_rate", "false_negative_rate", "accuracy", "selection_rate")
print(json.dumps({name: [getattr(metric, name)(privileged) for privileged in (False, True)] for name in names}))
"""


def test_equals_aif360(outcome: Outcome, compas: Path) -> None:
    if (
        not PEERS.exists()
        or subprocess.run([PEERS, "-c", "import aif360"], capture_output=True, check=False).returncode
    ):
        pytest.skip("aif360 is not installed in .venv-peers")
    done = subprocess.run([PEERS, "-c", AIF360, str(compas)], capture_output=True, text=True, check=True)
    for name, values in json.loads(done.stdout.splitlines()[-1]).items():
        for group, value in zip(GROUPS[1:], values, strict=True):
            assert rate(outcome, name, group) == pytest.approx(value, abs=1e-12)


def test_nothing_of_a_person_leaves_the_inspectors(inspection: Inspection, outcome: Outcome, compas: Path) -> None:
    frame = pd.read_csv(compas, dtype=str)
    said = to_json(outcome) + to_json(profile(inspection))
    for column in ("name", "dob", "c_case_number", "r_case_number"):
        for value in frame[column].dropna().unique()[::5]:
            assert value.encode() not in said
