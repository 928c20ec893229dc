"""CSV as people's spreadsheets write it: what goes out comes back, and nothing in it can run."""

from __future__ import annotations

import contextlib
import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.errors import AccordError, LimitExceeded, MalformedInput, UsageError
from accord.reviews import sheet
from accord.reviews.sheet import open_sheet, read_sheet, write_sheet

COLUMNS = ("a", "b", "c")
CELLS = st.text(max_size=30) | st.sampled_from(
    ("=1+1", "@SUM(A1)", "-2", "+3", "'=x", "''", "'", "\t=x", "\r\n", ";", "“;”")
)
TABLES = st.lists(st.fixed_dictionaries(dict.fromkeys(COLUMNS, CELLS)), max_size=6)


def has_content(row):
    return any(cell.strip() for cell in row.values())


@given(TABLES)
def test_what_is_written_comes_back(rows):
    back = read_sheet(write_sheet(COLUMNS, rows), COLUMNS, name="t")
    assert [dict(row.cells) for row in back] == [row for row in rows if has_content(row)]
    assert [row.number for row in back] == [number for number, row in enumerate(rows, 2) if has_content(row)]


@given(TABLES)
def test_no_cell_begins_like_a_formula(rows):
    text = write_sheet(COLUMNS, rows).decode("utf-8-sig")
    for cells in list(csv.reader(io.StringIO(text, newline=""))):
        for cell in cells:
            assert cell[:1] not in ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠") or cell == ""


@given(TABLES, st.sampled_from((",", ";", "\t")), st.sampled_from(("\n", "\r\n")), st.booleans(), st.booleans())
def test_a_spreadsheet_may_save_it_its_own_way(rows, delimiter, line_end, mark, all_quoted):
    """Another program reads our file and writes it with its own delimiter, line ends, quoting and byte order mark."""
    if not all_quoted:  # Python's writer leaves a lone carriage return without quotes; spreadsheets hold none.
        rows = [{name: cell.replace("\r", "") for name, cell in row.items()} for row in rows]
    ours = write_sheet(COLUMNS, rows).decode("utf-8-sig")
    table = list(csv.reader(io.StringIO(ours, newline="")))
    text = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if all_quoted else csv.QUOTE_MINIMAL
    csv.writer(text, delimiter=delimiter, lineterminator=line_end, quoting=quoting).writerows(table)
    back = read_sheet(text.getvalue().encode("utf-8-sig" if mark else "utf-8"), COLUMNS, name="t")
    assert [dict(row.cells) for row in back] == [row for row in rows if has_content(row)]


def test_excel_unicode_text_is_read():
    back = read_sheet("a\tb\tc\r\n1\tü\t3\r\n".encode("utf-16"), COLUMNS, name="t")
    assert [dict(row.cells) for row in back] == [{"a": "1", "b": "ü", "c": "3"}]


def test_columns_may_be_moved_added_and_rows_cut_short():
    back = read_sheet(b"c,note,a,b\n1,x,2\n\n,,,\n3,,4,5\n", COLUMNS, name="t")
    assert [(row.number, row.cells["a"], row.cells["b"], row.cells["c"]) for row in back] == [
        (2, "2", "", "1"),
        (5, "4", "5", "3"),
    ]


BAD = [
    (b"", "lacks the columns a, b, c"),
    (b"a,b\n1,2\n", "row 1 lacks the columns c"),
    (b"a,b,c,a\n", "names a column twice: a"),
    (b"a,b,c\n1,2,3,4\n", "row 2 has 4 cells, the header 3"),
    (b'a,b,c\n1,2,3\n"1"x,2,3\n', "row 3 (line 3)"),
    (b'a,b,c\n"1,2,3\n', "row 2"),
    ("a,b,c\nü,2,3\n".encode("cp1252"), "byte 6 is not UTF-8"),
    (b"a,b,c\n" + b"x" * 200_000 + b",2,3\n", "row 2 (line 2): field larger than"),
    (b"\xff\xfea", "is not UTF-8"),
]


@pytest.mark.parametrize(("data", "said"), BAD)
def test_a_broken_table_is_refused_with_its_place(data, said):
    with pytest.raises(MalformedInput) as error:
        read_sheet(data, COLUMNS, name="t.csv")
    assert said in error.value.message
    assert error.value.message.startswith("t.csv: ")


def test_limits(monkeypatch, tmp_path):
    with pytest.raises(LimitExceeded):
        read_sheet(b"a,b,c\n" + b"1,2,3\n" * (sheet.MAX_ROWS + 1), COLUMNS, name="t")
    assert len(read_sheet(b"a,b,c\n" + b"1,2,3\n" * sheet.MAX_ROWS, COLUMNS, name="t")) == sheet.MAX_ROWS
    with pytest.raises(LimitExceeded):
        read_sheet(("a,b,c" + "".join(f",x{n}" for n in range(198)) + "\n").encode(), COLUMNS, name="t")
    monkeypatch.setattr(sheet, "MAX_BYTES", 10)
    with pytest.raises(LimitExceeded):
        read_sheet(b"a,b,c\n1,2,3\n", COLUMNS, name="t")
    with pytest.raises(UsageError):
        open_sheet(tmp_path / "absent.csv", COLUMNS)
    with pytest.raises(UsageError):
        open_sheet(tmp_path, COLUMNS)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data):
    for content in (data, b"a,b,c\n" + data, b"a;b;c\r\n" + data):
        with contextlib.suppress(AccordError):
            read_sheet(content, COLUMNS, name="t")
