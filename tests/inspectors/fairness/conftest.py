"""Tables made of counts, and the inspection of one table."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from accord.inspectors.interface import Inspection
from accord.records import Card, Part, Subject, from_builtins

DIGEST = "sha256:" + "a" * 64
Inspect = Callable[..., Inspection]

# Rows of COMPAS by group as (TN, FP, FN, TP) for scores of 5 and above: the counts behind Dressel & Farid, Table 2.
TABLE_2 = {"African-American": (990, 805, 532, 1369), "Caucasian": (1139, 349, 461, 505)}


def rows_of(groups: dict[str, tuple[int, int, int, int]]) -> Iterable[tuple[str, int, int]]:
    """Yield (group, label, prediction), once per person."""
    for group, counts in groups.items():
        for place, count in enumerate(counts):
            yield from [(group, place // 2, place % 2)] * count


@pytest.fixture
def inspect(tmp_path: Path) -> Inspect:
    """Return a function that makes the inspection of a table: rows to be written as CSV, or a path."""

    def make(
        table: object, *, kind: str = "csv", part_path: str = "", header: str = "group,y,p", **data: object
    ) -> Inspection:
        if isinstance(table, Path):
            path = table
        else:
            path = tmp_path / "table.csv"
            with path.open("w", newline="", encoding="utf-8") as file:
                file.write(header + "\r\n")
                csv.writer(file).writerows(table)  # type: ignore[arg-type]
        declared = {
            "label": {"column": "y", "positive": 1},
            "prediction": {"column": "p", "positive": {"op": "==", "value": 1}},
            "sensitive": ["group"],
            **data,
        }
        card = from_builtins({"data": {key: value for key, value in declared.items() if value is not None}}, Card)
        part = Part(role="data", kind=kind, path=part_path, digest=DIGEST, size=path.stat().st_size)
        subject = Subject(name="test", digest="sha256:" + "b" * 64, parts=(part,))
        root = path.parent if part_path else path
        return Inspection(part=part, subject=subject, root=root, card=card)

    return make


@pytest.fixture(scope="session")
def compas(request: pytest.FixtureRequest) -> Path:
    """The real COMPAS table: from ACCORD_COMPAS_CSV, or as the demo fetches it."""
    given = os.environ.get("ACCORD_COMPAS_CSV")
    return Path(given) if given else request.getfixturevalue("compas_table")
