"""Tables of all kinds give the same cells; names are never ambiguous. Oracle for CSV: the standard library's reader."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from accord.errors import MalformedInput, UsageError
from accord.instruments.tables import Table, open_table
from accord.instruments.tables.cells import to_bytes
from accord.instruments.tables.delimited import ABSENT
from accord.instruments.tables.names import clip, make_unique


def rows_of(table: Table, columns: list[int] | None = None) -> list[tuple[str | None, ...]]:
    """Return all cells as texts, row by row."""
    rows: list[tuple[str | None, ...]] = []
    for batch in table.batches(columns):
        assert batch.first_row == len(rows) + 1
        cells = [
            [None if value is None else value.decode() for value in to_bytes(column).to_pylist()]
            for column in batch.cells
        ]
        assert all(len(column) == batch.rows for column in cells)
        rows.extend(zip(*cells, strict=True))
    return rows


def write(folder: Path, content: bytes | str, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), max_size=8)


@example(header=["", ";"], rows=[], delimiter="\t")
@settings(max_examples=150, deadline=None)
@given(
    header=st.lists(texts, min_size=2, max_size=4),
    rows=st.lists(st.lists(texts, min_size=4, max_size=4), max_size=6),
    delimiter=st.sampled_from(",;\t|"),
)
def test_csv_is_read_as_the_standard_library_reads_it(
    tmp_path_factory: pytest.TempPathFactory, header: list[str], rows: list[list[str]], delimiter: str
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    # A comma in every name makes the wrong delimiters lose without making them impossible.
    wide = [f"{name}_{place}" for place, name in enumerate(header)]
    writer.writerow(wide)
    writer.writerows(row[: len(header)] for row in rows)
    path = write(tmp_path_factory.getbasetemp(), text.getvalue())
    table = open_table(path, "csv")
    assert table.columns == tuple(wide)
    expected = [tuple(None if cell in ABSENT else cell for cell in row[: len(header)]) for row in rows]
    assert rows_of(table) == expected


@pytest.mark.parametrize(
    ("content", "columns", "rows"),
    [
        ("a,b\n1,2\n", ("a", "b"), [("1", "2")]),
        ("a,b\n1,2", ("a", "b"), [("1", "2")]),
        ("a,b\r\n1,2\r\n\r\n3,4\r\n", ("a", "b"), [("1", "2"), ("3", "4")]),
        ("a,b\r1,2\r", ("a", "b"), [("1", "2")]),
        ("\n\r\na,b\n1,2\n", ("a", "b"), [("1", "2")]),
        ("a,b\n", ("a", "b"), []),
        ("a,b", ("a", "b"), []),
        ("a\n1\n2\n", ("a",), [("1",), ("2",)]),
        ('"a\nb",c\n"x\r\ny","say ""hi"""\n', ("a\nb", "c"), [("x\r\ny", 'say "hi"')]),
        ("a;b\n1,5;2\n", ("a", "b"), [("1,5", "2")]),
        ("a\tb\n1\t2\n", ("a", "b"), [("1", "2")]),
        ("name, first;b\n1;2\n3;4\n", ("name, first", "b"), [("1", "2"), ("3", "4")]),
        ("a,,a,a#2,a\n1,2,3,4,5\n", ("a", "column 2", "a#3", "a#2", "a#4"), [("1", "2", "3", "4", "5")]),
        ("a,b\nNA,x\n,null\n", ("a", "b"), [(None, "x"), (None, None)]),
        ("a,b\n=1+1,-2\n", ("a", "b"), [("=1+1", "-2")]),
        ("<b>\x1b[31m,\u202eb\n1,2\n", ("<b>\x1b[31m", "\u202eb"), [("1", "2")]),
    ],
)
def test_csv_cases(tmp_path: Path, content: str, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    table = open_table(write(tmp_path, content), "csv")
    assert table.columns == columns
    assert rows_of(table) == rows


def test_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    table = open_table(write(tmp_path, b"\xef\xbb\xbfa,b\n1,2\n"), "csv")
    assert (table.columns, table.encoding, rows_of(table)) == (("a", "b"), "utf-8-sig", [("1", "2")])


def test_latin_1_is_read_and_said(tmp_path: Path) -> None:
    table = open_table(write(tmp_path, "a,b\n1,2\nMünchen,ÿ\n".encode("latin-1")), "csv")
    assert (table.encoding, table.bad_encoding_line) == ("latin-1", 3)
    assert rows_of(table)[1] == ("München", "ÿ")


def test_utf_8_that_is_cut_between_chunks_is_utf_8(tmp_path: Path) -> None:
    content = b"a,b\n" + b"x," + b"y" * ((1 << 20) - 7) + "é".encode() + b"\n"
    table = open_table(write(tmp_path, content), "csv")
    assert table.encoding == "utf-8"


def test_ambiguous_and_unknown_names_list_what_there_is(tmp_path: Path) -> None:
    table = open_table(write(tmp_path, "a,b,a\n1,2,3\n"), "csv")
    assert table.names.duplicated == {"a": ("a", "a#2")}
    with pytest.raises(UsageError, match="'a#1', 'a#2'"):
        table.resolve("a")
    assert [table.resolve(name) for name in ("a#1", "a#2", "b", 2)] == [0, 2, 1, 2]
    with pytest.raises(UsageError, match="'b', 'a#2'"):
        table.resolve("c")
    for place in (-1, 3):
        with pytest.raises(UsageError):
            table.resolve(place)


@given(st.lists(st.sampled_from(["a", "a#2", "a#3", "b", ""]), max_size=8))
def test_unique_names_are_unique_and_keep_the_first(names: list[str]) -> None:
    unique = make_unique(names)
    assert len(set(unique)) == len(names)
    assert all(unique[names.index(name)] == name for name in names)


def test_clip() -> None:
    assert clip("x" * 120) == "x" * 120
    assert clip("x" * 121) == "x" * 119 + "…"


def test_only_the_columns_asked_for_in_the_order_asked_for(tmp_path: Path) -> None:
    expected = [("3", "1"), ("6", "4")]
    data = {"a": [1, 4], "b": [2, 5], "c": [3, 6]}
    csv_table = open_table(write(tmp_path, "a,b,c\n1,2,3\n4,5,6\n"), "csv")
    lines = "".join(json.dumps(dict(zip(data, row, strict=True))) + "\n" for row in ((1, 2, 3), (4, 5, 6)))
    json_table = open_table(write(tmp_path, lines, "t.jsonl"), "jsonl")
    pq.write_table(pa.table(data), tmp_path / "t.parquet")
    parquet_table = open_table(tmp_path / "t.parquet", "parquet")
    for table in (csv_table, json_table, parquet_table):
        assert rows_of(table, [2, 0]) == expected


def test_parquet_cells_of_every_plain_type_have_a_text(tmp_path: Path) -> None:
    columns = {
        "i": pa.array([1, None], pa.uint8()),
        "f": pa.array([1.0, 2.5]),
        "t": pa.array([True, False]),
        "s": pa.array(["x", None]),
        "d": pa.array([1, None], pa.date32()),
        "m": pa.array([1, None], pa.decimal128(5, 2)),
        "z": pa.array([5, None], pa.timestamp("us", "Nowhere/Land")),
        "k": pa.array(["u", "u"]).dictionary_encode(),
        "l": pa.array([[1], [2]]),
        "n": pa.nulls(2),
        "after": pa.array([7, 8]),
    }
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    table = open_table(tmp_path / "t.parquet", "parquet")
    assert table.unread == (8,)
    assert rows_of(table) == [
        ("1", "1", "true", "x", "1970-01-02", "1.00", "5", "u", None, "7"),
        (None, "2.5", "false", None, None, None, None, "u", None, "8"),
    ]
    with pytest.raises(MalformedInput, match="'l'"):
        next(table.batches([8]))
    kinds = next(table.batches()).kinds
    assert kinds[1] == {"number": 2, "not a number": 0, "infinite": 0}
    assert kinds[0] == {"integer": 1}


def test_parquet_columns_of_one_name_and_names_with_dots(tmp_path: Path) -> None:
    pq.write_table(
        pa.table([pa.array(["1"]), pa.array([{"x": 9}]), pa.array(["2"]), pa.array(["3"])], ["a", "s", "a", "s.x"]),
        tmp_path / "t.parquet",
    )
    table = open_table(tmp_path / "t.parquet", "parquet")
    assert table.columns == ("a", "s", "a#2", "s.x")
    assert rows_of(table, [table.resolve("a#2"), table.resolve("s.x")]) == [("2", "3")]


def test_parquet_is_read_across_row_groups(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": list(range(1000))}), tmp_path / "t.parquet", row_group_size=300)
    assert rows_of(open_table(tmp_path / "t.parquet", "parquet")) == [(str(number),) for number in range(1000)]


def test_json_lines(tmp_path: Path) -> None:
    lines = b'\xef\xbb\xbf{"a": 1}\n\n{"a": "1", "late": [1, 2]}\r\n{"a": null, "late": true}\n{"a": 1.50}'
    table = open_table(write(tmp_path, lines, "t.jsonl"), "jsonl")
    assert table.columns == ("a", "late")
    assert rows_of(table) == [("1", None), ("1", "[1, 2]"), (None, "true"), ("1.50", None)]
    assert next(table.batches()).kinds == ({"integer": 1, "text": 1, "number": 1}, {"nested": 1, "boolean": 1})


def test_a_kind_that_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        open_table(tmp_path, "pickle")
