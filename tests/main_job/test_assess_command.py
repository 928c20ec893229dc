"""`accord assess` on targets of many kinds: what applies is measured, the rest is skipped with its reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from accord.cli import cli
from accord.errors import UsageError


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments, standalone_mode=False)


def assess(target: Path, out: Path, *options: str) -> dict[str, Any]:
    done = run("assess", str(target), "--out", str(out), "--json", *options)
    assert done.exception is None, done.exception
    assert done.return_value == 0, done.output
    loaded: dict[str, Any] = json.loads(done.stdout)
    return loaded


def statuses(record: dict[str, Any]) -> dict[str, str]:
    return {item["inspector"]: item["status"] for item in record["evidence"]}


def test_an_empty_folder_is_not_a_pass(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    done = run("assess", str(empty), "--out", str(tmp_path / "report"))
    assert done.return_value == 3
    assert "Nothing was assessed" in done.stderr
    assert not (tmp_path / "report").exists()


def test_a_card_alone_is_not_a_measurement(tmp_path: Path) -> None:
    (tmp_path / "accord.toml").write_text('[system]\nname = "Paper tiger"\npurpose = "none"\n')
    done = run("assess", str(tmp_path), "--out", str(tmp_path.parent / "nothing"))
    assert done.return_value == 3


def test_a_source_tree_gets_the_inspectors_that_apply(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "1"\nlicense = "MIT"\n')
    (tree / "x.py").write_text("print(1)\n")
    record = assess(tree, tmp_path / "report")
    found = statuses(record)
    assert found["openness.licence_files"] == "measured"
    assert found["model_files.pickles"] == "skipped"
    skipped = [item for item in record["evidence"] if item["status"] == "skipped"]
    assert all(item["reason"] and item["detail"] for item in skipped)


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_a_table_of_any_kind_is_profiled(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "table"  # no extension: recognised by content
    rows = [{"a": number, "b": f"text {number % 3}"} for number in range(50)]
    if kind == "csv":
        path.write_text("a,b\n" + "".join(f"{row['a']},{row['b']}\n" for row in rows))
    elif kind == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.Table.from_pylist(rows), path)
    record = assess(path, tmp_path / "report")
    assert record["subject"]["parts"][0]["kind"] == kind
    values = {m["measure"]: m["value"] for e in record["evidence"] for m in e["measurements"] if not m["dimensions"]}
    assert values["data.rows"] == 50


def test_a_safetensors_file_is_read(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    path = tmp_path / "model.safetensors"
    save_file({"w": np.zeros((4, 3), dtype=np.float32), "b": np.zeros(3, dtype=np.float32)}, path)
    record = assess(path, tmp_path / "report")
    values = {m["measure"]: m["value"] for e in record["evidence"] for m in e["measurements"]}
    assert values["model_files.format"] == "safetensors"
    assert values["model_files.parameters"] == 15
    assert values["model_files.can_execute_code"] is False


def test_a_pickle_that_would_run_a_command_is_found_and_not_run(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    path = tmp_path / "model.pkl"
    path.write_bytes(b"cposix\nsystem\n(S'touch " + str(canary).encode() + b"'\ntR.")
    record = assess(path, tmp_path / "report")
    findings = [finding for item in record["evidence"] for finding in item["findings"]]
    assert any(finding["severity"] == "critical" for finding in findings)
    assert not canary.exists()
    done = run("assess", str(path), "--out", str(tmp_path / "report"), "--json", "--fail-on", "finding:critical")
    assert done.return_value == 1


def test_the_report_folder_of_somebody_else_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n" + "1,2\n" * 10)
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "thesis.txt").write_text("years of work")
    done = run("assess", str(tmp_path / "x.csv"), "--out", str(taken))
    assert isinstance(done.exception, UsageError)
    assert [path.name for path in taken.iterdir()] == ["thesis.txt"]


def test_only_what_could_not_run_is_status_3(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n" + "1,2\n" * 10)
    arguments = ("assess", str(tmp_path / "x.csv"), "--out", str(tmp_path / "r"), "--only", "fairness.groups", "--json")
    assert run(*arguments).return_value == 3


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("assess", "/nonexistent/model"), "not-found"),
        (("assess", "TABLE", "--only", "no.such"), "unknown-inspector"),
        (("assess", "TABLE", "--framework", "no-such"), "unknown-framework"),
        (("assess", "TABLE", "--jurisdiction", "XX"), "unknown-jurisdiction"),
        (("assess", "TABLE", "--fail-on", "sometimes"), "bad-gate"),
        (("assess", "TABLE", "--lang", "tlh"), "unknown-language"),
        (("assess", "TABLE", "--format", "papyrus"), "unknown-format"),
        (("assess", "https://example.org/v1"), "endpoint-unsupported"),
        (("explain", "everything"), "nothing-to-explain"),
        (("measures", "magic"), "unknown-theme"),
        (("frameworks", "no-such"), "unknown-framework"),
    ],
)
def test_a_wrong_call_says_what_is_wrong_and_what_to_do(arguments: tuple[str, ...], code: str, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("a,b\n" + "1,2\n" * 10)
    error = run(*(str(table) if argument == "TABLE" else argument for argument in arguments)).exception
    assert isinstance(error, UsageError)
    assert error.code == code
    assert error.remedy


@pytest.mark.parametrize(
    "arguments",
    [("inspectors",), ("measures",), ("frameworks",), ("keys",), ("log",), ("frameworks", "eu-ai-act")],
    ids=" ".join,
)
def test_every_list_speaks_to_people_and_to_programs(arguments: tuple[str, ...]) -> None:
    spoken = run(*arguments)
    assert spoken.exception is None and spoken.output.strip()
    assert json.loads(run(*arguments, "--json").stdout) is not None


@pytest.mark.parametrize("name", ["fairness.groups", "data.completeness", "MOD-001"])
def test_explain(name: str) -> None:
    done = run("explain", name)
    assert done.exception is None and name in done.output


def test_a_sector_that_the_provider_denies_is_a_finding(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (target / "x.csv").write_text("a,b\n" + "1,2\n" * 10)
    (target / "accord.toml").write_text('[system]\nname = "S"\nsector = "games"\n')
    record = assess(target, tmp_path / "report", "--sector", "health")
    assert record["card"]["system"]["sector"] == "health"
    findings = [finding for item in record["evidence"] for finding in item["findings"] if finding["rule"] == "CARD-001"]
    assert [finding["arguments"]["field"] for finding in findings] == ["system.sector"]
    agreeing = assess(target, tmp_path / "report", "--sector", "games")
    assert not [f for item in agreeing["evidence"] for f in item["findings"] if f["rule"] == "CARD-001"]
