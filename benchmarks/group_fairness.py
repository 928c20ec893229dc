"""Group fairness of 10^6 rows × 2 protected attributes: Accord against fairlearn's MetricFrame, in one run.

The job: five rates over all rows, in the ten groups of sex × race, their largest difference and smallest ratio over
the groups. Timed in both, after imports: from pandas columns in memory (strings and 0/1 integers) to those numbers.
Fairlearn gives point values; Accord's time is given to the same point values from its count tensor, and once more with
every interval. Then from a CSV file to all measurements of `fairness.groups`, with sex, race, their intersection,
differences, ratios and intervals. Equality of the numbers is asserted before anything is printed.

    python benchmarks/group_fairness.py [--rows N] [--json]

needs pandas, scikit-learn and fairlearn beside Accord.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from importlib.metadata import version
from math import isclose
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
from fairlearn import metrics as fair
from sklearn.metrics import accuracy_score

from accord.inspectors.fairness.counting import count_groups
from accord.inspectors.fairness.groups import groups
from accord.inspectors.fairness.positive import PositiveRule
from accord.inspectors.interface import Inspection
from accord.measures.derive import derive
from accord.measures.tensor import Tensor
from accord.records import Card, Part, Subject, from_builtins

TARGET = 100.0
RATES = {
    "selection_rate": fair.selection_rate,
    "true_positive_rate": fair.true_positive_rate,
    "false_positive_rate": fair.false_positive_rate,
    "false_negative_rate": fair.false_negative_rate,
    "accuracy": accuracy_score,
}
ATTRIBUTES = ("sex", "race")
BATCH = 1 << 16
Numbers = dict[tuple[str, ...], float]


def people(rows: int) -> pd.DataFrame:
    """Rows of 2 × 5 groups whose label and prediction depend on the group."""
    random = np.random.default_rng(0)
    sex, race = random.integers(0, 2, rows), random.choice(5, rows, p=[0.4, 0.3, 0.15, 0.1, 0.05])
    label = random.random(rows) < 0.3 + 0.05 * race
    wrong = random.random(rows) < 0.2 + 0.04 * sex + 0.02 * race
    names = np.array(["African-American", "Asian", "Caucasian", "Hispanic", "Other"])
    frame = pd.DataFrame({"sex": np.array(["Female", "Male"])[sex], "race": names[race]})
    frame["label"] = label.astype(np.int64)
    frame["prediction"] = (label ^ wrong).astype(np.int64)
    return frame


def with_fairlearn(frame: pd.DataFrame) -> Numbers:
    result = fair.MetricFrame(
        metrics=RATES, y_true=frame.label, y_pred=frame.prediction, sensitive_features=frame[list(ATTRIBUTES)]
    )
    numbers: Numbers = {("overall", name): float(value) for name, value in result.overall.items()}
    by_group, gap, ratio = result.by_group, result.difference(), result.ratio()
    for name in RATES:
        numbers |= {("group", name, " × ".join(group)): float(value) for group, value in by_group[name].items()}
        numbers["gap", name], numbers["ratio", name] = float(gap[name]), float(ratio[name])
    return numbers


def count(frame: pd.DataFrame) -> Tensor:
    """Count the same columns into the tensor from which everything follows."""
    columns = [pa.array(frame[name]) for name in ("label", "prediction", *ATTRIBUTES)]
    chunks = ([column.slice(start, BATCH) for column in columns] for start in range(0, len(frame), BATCH))
    one = PositiveRule("==", 1)
    counted = count_groups(((c[0], c[1], c[2:]) for c in chunks), ATTRIBUTES, one, PositiveRule("==", 1))
    return Tensor(counted.tensors[0])


def with_counts(frame: pd.DataFrame) -> Numbers:
    """The point values alone, by plain arithmetic on the forty counts."""
    counts = count(frame).counts
    cells = np.array(counts.values, dtype=float).reshape(-1, 2, 2)
    groups_ = [" × ".join((a, b)) for a in counts.axes[0].categories for b in counts.axes[1].categories]
    numbers: Numbers = {}
    for name, of in _FORMULAS.items():
        rates = of(cells)
        numbers["overall", name] = float(of(cells.sum(axis=0, keepdims=True))[0])
        numbers |= {("group", name, group): float(rate) for group, rate in zip(groups_, rates, strict=True)}
        numbers["gap", name], numbers["ratio", name] = float(np.ptp(rates)), float(rates.min() / rates.max())
    return numbers


_FORMULAS: dict[str, Callable[[Any], Any]] = {
    "selection_rate": lambda t: t[:, :, 1].sum(1) / t.sum((1, 2)),
    "true_positive_rate": lambda t: t[:, 1, 1] / t[:, 1].sum(1),
    "false_positive_rate": lambda t: t[:, 0, 1] / t[:, 0].sum(1),
    "false_negative_rate": lambda t: t[:, 1, 0] / t[:, 1].sum(1),
    "accuracy": lambda t: (t[:, 0, 0] + t[:, 1, 1]) / t.sum((1, 2)),
}


def with_accord(frame: pd.DataFrame) -> Numbers:
    """The same numbers as measurements are derived: each with its interval."""
    tensor = count(frame)
    attribute = {"attribute": " × ".join(ATTRIBUTES)}
    numbers: Numbers = {}
    for name in RATES:
        numbers["overall", name] = _value(name, tensor, {})
        for group in tensor.groups("attribute", attribute["attribute"]):
            numbers["group", name, group] = _value(name, tensor, attribute | {"group": group})
        numbers["gap", name] = _value(f"{name}_gap", tensor, attribute)
        numbers["ratio", name] = _value(f"{name}_min_ratio", tensor, attribute)
    return numbers


def _value(name: str, tensor: Tensor, dimensions: dict[str, str]) -> float:
    value = derive(f"fairness.{name}", tensor, dimensions).value
    assert value is not None
    return float(value)


def from_csv(path: Path) -> int:
    """Run the inspector as `accord assess` does, in this process. Returns the number of measurements."""
    part = Part(role="predictions", kind="csv", path="", digest="sha256:" + "0" * 64, size=path.stat().st_size)
    card = {
        "label": {"column": "label", "positive": 1},
        "prediction": {"column": "prediction", "positive": {"op": "==", "value": 1}},
        "sensitive": list(ATTRIBUTES),
    }
    subject = Subject(name="benchmark", digest=part.digest, parts=(part,))
    outcome = groups(Inspection(part=part, subject=subject, root=path, card=from_builtins({"data": card}, Card)))
    return len(outcome.measurements)


def timed(function: Callable[..., Any], *arguments: Any) -> tuple[Any, float, float]:
    """Return result, wall seconds and CPU seconds of one call."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = function(*arguments)
    return result, time.perf_counter() - wall, time.process_time() - cpu


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    frame = people(options.rows)
    # Both once on few rows, so that neither pays for lazy imports.
    for run in (with_fairlearn, with_counts, with_accord):
        run(frame.head(20_000))
    theirs, their_wall, their_cpu = timed(with_fairlearn, frame)
    ours, our_wall, our_cpu = timed(with_counts, frame)
    derived, derived_wall, derived_cpu = timed(with_accord, frame)
    for numbers in (ours, derived):
        assert numbers.keys() == theirs.keys()
        assert all(isclose(numbers[key], theirs[key], rel_tol=1e-9, abs_tol=1e-12) for key in theirs), "numbers differ"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "people.csv"
        pyarrow.csv.write_csv(pa.Table.from_pandas(frame, preserve_index=False), path)
        measurements, file_wall, file_cpu = timed(from_csv, path)
        size = path.stat().st_size
    result = {
        "benchmark": "group_fairness",
        "rows": options.rows,
        "numbers_equal": len(theirs),
        "peer": f"fairlearn {version('fairlearn')}",
        "peer_seconds": round(their_wall, 4),
        "peer_cpu_seconds": round(their_cpu, 4),
        "accord_seconds": round(our_wall, 4),
        "accord_cpu_seconds": round(our_cpu, 4),
        "accord_with_intervals_seconds": round(derived_wall, 4),
        "accord_with_intervals_cpu_seconds": round(derived_cpu, 4),
        "ratio": round(their_wall / our_wall, 1),
        "ratio_with_intervals": round(their_wall / derived_wall, 1),
        "target_ratio": TARGET,
        "csv_bytes": size,
        "csv_to_measurements_seconds": round(file_wall, 4),
        "csv_to_measurements_cpu_seconds": round(file_cpu, 4),
        "csv_measurements": measurements,
    }
    if options.json:
        print(json.dumps(result))
    else:
        for key, value in result.items():
            print(f"{key:36} {value}")
    return 0 if result["ratio"] >= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
