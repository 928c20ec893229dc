"""Both inspectors of tables do their work inside the decode sandbox, with its limits on memory and threads."""

from __future__ import annotations

from pathlib import Path

import pytest

from accord.inspectors.registry import load
from accord.inspectors.running import Request, parameters_of, run
from accord.instruments.sandbox import Sandbox
from accord.records import Card, Part, Subject, from_builtins

CARD = {
    "label": {"column": "y", "positive": 1},
    "prediction": {"column": "p", "positive": {"op": ">=", "value": 0.5}},
    "sensitive": ["sex", "place"],
}


@pytest.mark.parametrize("name", ["data.profile", "fairness.groups"])
def test_in_the_sandbox(tmp_path: Path, name: str) -> None:
    path = tmp_path / "t.csv"
    with path.open("w") as file:
        file.write("sex,place,y,p\n")
        file.writelines(f"{'fm'[n % 2]},{'abc'[n % 3]},{n % 5 // 3},{n % 7 / 7}\n" for n in range(300_000))
    part = Part(role="data", kind="csv", path="", digest="sha256:" + "e" * 64, size=path.stat().st_size)
    inspector = load(name)
    asked = Request(
        inspector=name,
        part=part,
        subject=Subject(name="t", digest=part.digest, parts=(part,)),
        root=str(path),
        card=from_builtins({"data": CARD}, Card),
        card_source="assessor",
        parameters=parameters_of(inspector, {}),
    )
    with Sandbox("decode", readable=[path]) as box:
        evidence = run(inspector, asked, box)
    assert (evidence.status, evidence.detail) == ("measured", "")
    assert "300,000" in evidence.checked[0]
    assert evidence.measurements


def test_a_malformed_table_is_failed_evidence_that_names_the_place(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,2\n1,2,3\n")
    part = Part(role="data", kind="csv", path="", digest="sha256:" + "e" * 64, size=path.stat().st_size)
    inspector = load("data.profile")
    asked = Request(
        inspector=inspector.id,
        part=part,
        subject=Subject(name="t", digest=part.digest, parts=(part,)),
        root=str(path),
        card=Card(),
        card_source="none",
        parameters=parameters_of(inspector, {}),
    )
    with Sandbox("decode", readable=[path]) as box:
        evidence = run(inspector, asked, box)
    assert (evidence.status, evidence.reason) == ("failed", "error")
    assert "record 3" in evidence.detail
