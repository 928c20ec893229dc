"""The profile of tables: numbers against pandas, and each rule with a table that breaks it and one that does not."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord.inspectors.data.column_names import oddities
from accord.inspectors.data.profile import INSPECTOR, profile  # type: ignore[attr-defined]
from accord.inspectors.interface import Inspection, Outcome, Skip
from accord.measures.derive import measurement
from accord.records import Card, Finding, Part, Subject, from_builtins, to_json


def inspect(path: Path, kind: str = "", **data: object) -> Outcome:
    part = Part(
        role="data", kind=kind or path.suffix[1:], path="", digest="sha256:" + "d" * 64, size=path.stat().st_size
    )
    subject = Subject(name="t", digest=part.digest, parts=(part,))
    return profile(Inspection(part=part, subject=subject, root=path, card=from_builtins({"data": data}, Card)))


@pytest.fixture
def of(tmp_path: Path):  # type: ignore[no-untyped-def]
    def make(content: str | bytes, suffix: str = "csv", **data: object) -> Outcome:
        path = tmp_path / f"t.{suffix}"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return inspect(path, **data)

    return make


def value(outcome: Outcome, measure: str, **dimensions: str) -> object:
    (found,) = [m for m in outcome.measurements if m.measure == f"data.{measure}" and m.dimensions == dimensions]
    return found.value


def rule(outcome: Outcome, number: str) -> list[Finding]:
    return [finding for finding in outcome.findings if finding.rule == f"DATA-{number}"]


GOOD = "a,b,c\n1,x,2024-05-01\n2,y,2024-05-02\n3,z,2024-05-03\n"


def test_a_good_table_has_no_finding(of) -> None:  # type: ignore[no-untyped-def]
    outcome = of(GOOD)
    assert outcome.findings == ()
    assert (value(outcome, "rows"), value(outcome, "columns"), value(outcome, "completeness")) == (3, 3, 1.0)
    assert [value(outcome, "column_type", column=name) for name in "abc"] == ["integer", "text", "date"]
    assert value(outcome, "duplicate_row_rate") == 0.0


def test_every_measurement_follows_from_its_statistics(of) -> None:  # type: ignore[no-untyped-def]
    outcome = of("y,g,x\n1,f,\n0,f,2\n1,m,2\n1,,2\n1,,2\n", label={"column": "y", "positive": 1}, sensitive=["g"])
    for item in outcome.measurements:
        assert item.measure in INSPECTOR.measures
        if item.statistics:
            counts = outcome.statistics[item.statistics]
            assert measurement(item.measure, item.statistics, counts, item.dimensions, subject=item.subject) == item
        else:
            assert item.measure == "data.column_type"
    assert value(outcome, "class_share", **{"column": "y", "class": "1"}) == 0.8
    assert value(outcome, "group_share", attribute="g", group="f") == pytest.approx(2 / 3)
    assert value(outcome, "completeness") == 12 / 15
    assert value(outcome, "completeness", column="g") == 0.6
    assert value(outcome, "duplicate_row_rate") == 0.2


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["1", "2", ""]), st.sampled_from(["x", "", "a,b"]), st.sampled_from(["", "ÿ", "\n"])),
        min_size=1,
        max_size=30,
    )
)
def test_equals_pandas(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]]) -> None:
    path = tmp_path_factory.getbasetemp() / "pandas.csv"
    pd.DataFrame(rows, columns=["a", "b", "c"]).to_csv(path, index=False, quoting=1)
    frame = pd.read_csv(path, dtype=str)
    outcome = inspect(path)
    assert value(outcome, "rows") == len(frame)
    assert value(outcome, "completeness") == pytest.approx(float(frame.notna().to_numpy().mean()))
    assert value(outcome, "duplicate_row_rate") == pytest.approx(float(frame.duplicated().mean()))
    constant = {finding.where.column for finding in rule(outcome, "008")}
    assert constant == {name for name in frame if frame[name].nunique() == 1 and frame[name].notna().sum() > 1}


def test_rows_that_differ_only_in_where_a_cell_ends_are_different(of) -> None:  # type: ignore[no-untyped-def]
    assert value(of("a,b\nxy,z\nx,yz\n,xyz\nxyz,\n"), "duplicate_row_rate") == 0.0


# --- the rules ---


def test_data_001_mixed_kinds(of) -> None:  # type: ignore[no-untyped-def]
    rows = "".join(f"{number}\n" for number in range(20))
    (finding,) = rule(of("a\n" + rows + "unknown\n"), "001")
    assert finding.arguments == {"column": "a", "minority": 1, "present": 21}
    assert rule(of("a\n" + rows + "1.5\n"), "001") == []
    assert rule(of("house\n" + rows + "12b\n" * 19), "001") == [], "identifiers are text"
    assert len(rule(of('{"a": 1}\n{"a": "1"}\n', "jsonl"), "001")) == 1
    assert rule(of('{"a": 1}\n{"a": 1.5}\n{"a": null}\n', "jsonl"), "001") == []


def test_data_001_looks_at_all_rows(of) -> None:  # type: ignore[no-untyped-def]
    outcome = of("a,b\n" + "1,x\n" * 1_500_000 + "oops,x\n" * 2)
    assert rule(outcome, "001")[0].arguments["minority"] == 2
    assert value(outcome, "column_type", column="a") == "mixed"


def test_data_002_mostly_missing(of) -> None:  # type: ignore[no-untyped-def]
    (finding,) = rule(of("a,b,c\n1,,1\n2,NA,\n3,x,2\n"), "002")
    assert (finding.where.column, finding.arguments["missing"]) == ("b", 2)
    assert rule(of("a,b\n1,\n2,x\n"), "002") == []


def test_data_003_duplicates(of) -> None:  # type: ignore[no-untyped-def]
    (finding,) = rule(of("a,b\n1,2\n1,2\n1,2\n3,4\n"), "003")
    assert finding.arguments == {"duplicates": 2, "rows": 4}
    assert rule(of(GOOD), "003") == []


def test_data_004_duplicated_name(of) -> None:  # type: ignore[no-untyped-def]
    (finding,) = rule(of("a,b,a\n1,2,3\n"), "004")
    assert finding.arguments == {"column": "a", "count": 2}
    outcome = of("a,b,a\n1,2,3\n", label={"column": "a", "positive": 1})
    assert any("2 columns are named 'a'" in sentence for sentence in outcome.not_checked)


def test_data_005_encoding(of) -> None:  # type: ignore[no-untyped-def]
    (finding,) = rule(of("a,b\n1,é\n2,x\n".encode("latin-1")), "005")
    assert finding.where.row == 2
    assert rule(of("a,b\n1,é\n2,x\n"), "005") == []


def test_data_006_formulas(of) -> None:  # type: ignore[no-untyped-def]
    bad = "a\n" + "=cmd|' /C calc'!A0\n@SUM(1)\n+HYPERLINK(x)\n-2+cmd(1)\nfine\n"
    (finding,) = rule(of(bad), "006")
    assert finding.arguments == {"column": "a", "count": 4}
    assert rule(of("a\n-1\n+4930123\n-\n=\na=b\nmail@example.org\n"), "006") == []


def test_data_007_names_that_deceive(of) -> None:  # type: ignore[no-untyped-def]
    outcome = of("<script>x</script>,\x1b[31mred,a\u202eb,good name < 3\n1,2,3,4\n")
    assert [finding.arguments["number"] for finding in rule(outcome, "007")] == [1, 2, 3]
    assert oddities("Größe & (cm) > 0") == []


def test_data_008_constant(of) -> None:  # type: ignore[no-untyped-def]
    outcome = of("a,b,c\n1,x,\n1,y,z\n1,x,\n")
    assert [finding.where.column for finding in rule(outcome, "008")] == ["a"]


def test_data_009_nan_and_infinity(of, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    outcome = of("a,b\n1,x\nNaN,y\ninf,nan\n")
    assert [(f.where.column, f.arguments["count"]) for f in rule(outcome, "009")] == [("a", 2)]
    assert value(outcome, "completeness", column="a") == pytest.approx(2 / 3)
    assert rule(of("a,b\n1,x\n,y\n2,z\n"), "009") == []
    pq.write_table(pa.table({"a": [1.0, float("nan"), float("-inf"), None]}), tmp_path / "t.parquet")
    typed = inspect(tmp_path / "t.parquet")
    assert rule(typed, "009")[0].arguments["count"] == 2
    assert value(typed, "completeness") == 0.5


def test_data_010_too_many_classes(of) -> None:  # type: ignore[no-untyped-def]
    table = "name,x\n" + "".join(f"Person {number},1\n" for number in range(60))
    outcome = of(table, label={"column": "name", "positive": "x"})
    assert len(rule(outcome, "010")) == 1
    assert b"Person" not in to_json(outcome)
    assert rule(of("y,x\n1,1\n0,1\n", label={"column": "y", "positive": 1}), "010") == []


# --- other kinds, limits, privacy ---


def test_no_value_of_an_unnamed_column_leaves_the_inspector(of) -> None:  # type: ignore[no-untyped-def]
    secret = "Zaphod-1977"
    rows = f"{secret},f,1\n{secret},m,=1+{secret}\n"
    outcome = of("who,g,y\n" + rows, sensitive=["g"])
    assert secret.encode() not in to_json(outcome)
    assert b'"f"' in to_json(outcome)


def test_all_kinds_give_the_same(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    frame = pd.DataFrame(
        {"n": random.integers(0, 9, 500), "s": random.choice(["x", "y"], 500), "f": random.random(500)}
    )
    frame.loc[::7, "s"] = None
    frame.to_csv(tmp_path / "t.csv", index=False)
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), tmp_path / "t.parquet", row_group_size=99)
    lines = io.StringIO()
    frame.to_json(lines, orient="records", lines=True, double_precision=15)
    (tmp_path / "t.jsonl").write_text(lines.getvalue())
    card = {"label": {"column": "s", "positive": "x"}, "sensitive": ["n"]}
    found = [inspect(tmp_path / f"t.{kind}", **card) for kind in ("csv", "parquet", "jsonl")]
    assert found[0].measurements == found[1].measurements == found[2].measurements


def test_nested_columns_of_parquet_are_said_not_to_be_read(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1, 2], "l": [[1], [1]]}), tmp_path / "t.parquet")
    outcome = inspect(tmp_path / "t.parquet")
    assert value(outcome, "columns") == 2
    assert any("nested" in sentence for sentence in outcome.not_checked)
    assert not [m for m in outcome.measurements if m.measure == "data.duplicate_row_rate"]


def test_a_table_of_nested_columns_only_is_skipped(tmp_path: Path) -> None:
    pq.write_table(pa.table({"l": [[1], [1]]}), tmp_path / "t.parquet")
    with pytest.raises(Skip, match="nested"):
        inspect(tmp_path / "t.parquet")


def test_repeated_long_texts_in_a_dictionary(tmp_path: Path) -> None:
    texts = ["x" * 5000, "x" * 5000 + "y", None]
    pq.write_table(pa.table({"a": [texts[number % 3] for number in range(300)]}), tmp_path / "t.parquet")
    assert value(inspect(tmp_path / "t.parquet"), "duplicate_row_rate") == 297 / 300


def test_an_empty_table(of) -> None:  # type: ignore[no-untyped-def]
    outcome = of("a,b\n")
    assert (value(outcome, "rows"), value(outcome, "completeness"), value(outcome, "column_type", column="a")) == (
        0,
        None,
        "empty",
    )


def test_many_places_are_counted_not_all_listed(of) -> None:  # type: ignore[no-untyped-def]
    names = ",".join(f"c{number}" for number in range(120))
    outcome = of(f"{names}\n" + ",".join(["1"] * 120) + "\n" + ",".join(["1"] * 120) + "\n")
    assert len(rule(outcome, "008")) == 50
    assert any("of 120 places" in sentence for sentence in outcome.checked)


def test_outcome_is_json(of) -> None:  # type: ignore[no-untyped-def]
    assert json.loads(to_json(of(GOOD)))["bytes_read"] == len(GOOD)
