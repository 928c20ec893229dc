"""Spreadsheets as frameworks: any usual CSV, XLSX as openpyxl writes it, every mistake at once by row and column."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord.errors import AccordError, LimitExceeded, MalformedInput
from accord.frameworks import library_ids, load
from accord.frameworks.exporting import as_table
from accord.frameworks.importing import as_id, import_table
from accord.frameworks.mistakes import InvalidFramework
from accord.frameworks.spreadsheets import MAX_ROWS, Cell, read_rows
from accord.records import Framework, Rule

PEERS = Path(__file__).parents[2] / ".venv-peers" / "bin" / "python"
HEADER: dict[str, Any] = {
    "id": "ke-mine",
    "version": "1",
    "title": "A law",
    "issuer": "Parliament",
    "jurisdiction": "KE",
    "kind": "law",
    "source": {"title": "The law", "uri": "https://example.org/law", "date": "2026"},
    "text_licence": "public",
    "status": "provisional",
    "read": "a table",
}
GOOD = [
    ["id", "label", "title", "parent", "addressee", "verification", "documents", "question", "measure", "op"],
    ["sec_1", "Section 1", "Duties", "", "", "", "", "", "", ""],
    ["sec_1.1", "Section 1(1)", "Rows are counted", "sec_1", "provider", "measured", "", "", "data.rows", ">="],
    ["sec_1.2", "Section 1(2)", "It is documented", "Section 1", "provider", "", "technical_documentation", "", "", ""],
    ["sec_2", "Section 2", "People can object", "", "deployer", "", "", "Can they object?", "", ""],
]


def as_csv(rows: list[list[str]], separator: str = ",", encoding: str = "utf-8") -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator).writerows(rows)
    return text.getvalue().encode(encoding)


def table(rows: list[list[str]], **header: Any) -> Framework:
    return import_table(as_csv(rows), {**HEADER, **header}, name="t.csv").framework


def mistakes(rows: list[list[str]], **header: Any) -> set[tuple[str, str]]:
    with pytest.raises(InvalidFramework) as caught:
        table(rows, **header)
    return {(mistake.path, mistake.message) for mistake in caught.value.mistakes}


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_any_separator_and_byte_order_mark(separator: str, encoding: str):
    framework = import_table(as_csv(GOOD, separator, encoding), HEADER, name="t.csv").framework
    assert [item.id for item in framework.requirements] == ["sec_1", "sec_1.1", "sec_1.2", "sec_2"]
    assert [item.verification for item in framework.requirements] == [None, "measured", "documented", "judged"]
    assert framework.requirements[2].parent == "sec_1"  # named by its label
    assert framework.requirements[1].rules[0].op == ">="


def test_headers_may_be_written_in_other_ways():
    rows = [["Requirement ID", "Citation", "Short title", "Who"], ["a", "§ 1", "Title", "provider"]]
    (found,) = table(rows).requirements
    assert (found.id, found.label, found.title, found.addressee) == ("a", "§ 1", "Title", "provider")


def test_the_columns_of_ciso_assistant():
    """ref_id, name, description, depth: the tree comes from the depths, ids from what the source cites."""
    rows = [
        ["assessable", "depth", "ref_id", "name", "description"],
        ["", "1", "GOVERN", "Govern", ""],
        ["", "2", "GOVERN 1", "", "Policies are in place"],
        ["x", "3", "GOVERN 1.1", "", "Legal duties are known"],
        ["x", "3", "GOVERN 1.2", "Trust", "Characteristics are built in"],
        ["", "1", "MAP", "Map", ""],
        ["x", "2", "MAP 1.1", "", "Context is known"],
    ]
    found = import_table(as_csv(rows), HEADER, name="t.csv")
    items = {item.id: item for item in found.framework.requirements}
    assert {name: item.parent for name, item in items.items()} == {
        "govern": None,
        "govern_1": "govern",
        "govern_1.1": "govern_1",
        "govern_1.2": "govern_1",
        "map": None,
        "map_1.1": "map",
    }
    assert items["govern_1.2"].note == "Characteristics are built in"
    assert items["govern_1.1"].question == "Is this done: Legal duties are known?"
    assert found.questions_made == 3
    assert found.ignored == ("assessable",)


def test_a_row_without_an_id_adds_a_rule():
    rows = [
        ["id", "title", "measure", "where", "op", "threshold", "threshold_source"],
        ["a", "Even-handed", "fairness.accuracy", "attribute=sex; group=f", ">=", "0.8", "Art. 1"],
        ["", "", "data.rows", "", "≥", "1000", "Art. 2"],
    ]
    (found,) = table(rows).requirements
    first, second = found.rules
    assert (first.where, first.threshold) == ({"attribute": "sex", "group": "f"}, 0.8)
    assert (second.measure, second.op, second.threshold) == ("data.rows", ">=", 1000)
    assert isinstance(second.threshold, int)


def test_all_mistakes_at_once_each_with_row_and_column():
    rows = [
        ["id", "title", "parent", "addressee", "verification", "documents", "measure", "op", "threshold", "from"],
        ["a", "", "nobody", "", "", "", "", "", "", ""],
        ["a", "Twice", "", "robot", "", "", "", "", "", "2026-13-01"],
        ["b", "Verified", "", "", "somehow", "", "", "", "", ""],
        ["c", "Measured", "", "", "", "", "no.such", "≈", "x", ""],
        ["", "Nameless", "", "", "", "", "", "", "", ""],
        ["d", "Documented", "", "", "", "no_such_kind", "", "<", "", ""],
    ]
    found = mistakes(rows, jurisdiction="kenya")
    places = {place for place, _message in found}
    assert places >= {
        "--jurisdiction",
        "row 2, column title",
        "row 2, column parent",
        "row 3, column id",
        "row 3, column addressee",
        "row 3, column applies_from",
        "row 4, column verification",
        "row 5, column measure",
        "row 5, column op",
        "row 6, column id",
        "row 7, column documents",
        "row 7, column measure",
    }
    assert ("row 3, column id", "'a' is also the id of row 2") in found


@pytest.mark.parametrize(
    ("rows", "place"),
    [
        ([["name of nothing"]], "row 1"),
        ([["id", "ref_id", "title"]], "row 1, column ref_id"),
        ([["id", "title"]], "row 1"),
        ([["id", "title", "depth"], ["a", "A", "1"], ["b", "B", "3"]], "row 3, column depth"),
        ([["id", "title", "depth"], ["a", "A", "zero"]], "row 2, column depth"),
        ([["id", "title", "op"], ["", "", "<"]], "row 2, column measure"),
        ([["id", "title", "measure", "where"], ["a", "A", "data.rows", "x"]], "row 2, column where"),
    ],
)
def test_a_mistake_of_the_table_itself(rows: list[list[str]], place: str):
    assert place in {path for path, _message in mistakes(rows)}


def test_text_that_may_not_be_carried_is_not_made_up():
    rows = [["id", "title"], ["4.1", "Context"]]
    (found,) = table(rows, text_licence="ids and own short titles only").requirements
    assert (found.verification, found.question) == ("not_testable", None)


@pytest.mark.parametrize(
    ("cited", "expected"),
    [
        ("GOVERN 1.1", "govern_1.1"),
        ("Art. 10(2)(f)", "art_10_2_f"),
        ("A.6.2.4", "a.6.2.4"),
        ("§ 5", "5"),
        ("5.1.c.i", "5.1.c.i"),
        ("—", ""),
    ],
)
def test_ids_out_of_citations(cited: str, expected: str):
    assert as_id(cited) == expected


@given(st.text(max_size=40))
def test_an_id_out_of_anything_is_an_id_or_nothing(text: str):
    found = as_id(text)
    assert found == "" or (found == as_id(found) and set(found) <= set("abcdefghijklmnopqrstuvwxyz0123456789._-"))


@pytest.mark.parametrize("name", library_ids())
def test_a_table_of_the_library_reads_back(name: str):
    """What a table can hold comes back unchanged, and what it can't hold is counted."""
    framework = load(name)
    data, left_out = as_table(framework)
    said = {field: getattr(framework, field) for field in framework.__struct_fields__}
    for absent in ("requirements", "tiers", "questions"):
        said.pop(absent)
    source = {field: getattr(framework.source, field) for field in ("title", "uri", "date")}
    header = {key: value for key, value in {**said, "source": source}.items() if value is not None}
    assert left_out.get("classes", 0) == len(framework.tiers)
    assert left_out.get("questions", 0) == len(framework.questions)
    lost = [rule for item in framework.requirements for rule in item.rules if not _in_a_row(rule)]
    assert left_out.get("groups of rules", 0) + left_out.get("rules on answers", 0) == len(lost)
    back = import_table(data, header, name=f"{name}.csv").framework
    for before, after in zip(framework.requirements, back.requirements, strict=True):
        for field in (
            "id",
            "label",
            "title",
            "parent",
            "addressee",
            "applies_from",
            "documents",
            "note",
            "see",
            "read",
        ):
            assert getattr(after, field) == _stripped(getattr(before, field)), (before.id, field)
        rules = [rule for rule in before.rules if _in_a_row(rule)]
        assert after.rules == tuple(rules)
        if rules == list(before.rules):
            assert after.verification == before.verification


def _in_a_row(rule: Rule) -> bool:
    return rule.measure is not None and rule.measure != "card.answer"


def _stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def test_no_cell_is_a_formula():
    rows = [["id", "title"], ["a", "'=1+1"], ["b", "'-x"], ["c", "@it"]]
    framework = table(rows)
    assert [item.title for item in framework.requirements] == ["=1+1", "-x", "@it"]
    data, _left_out = as_table(framework)
    written = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    assert not [cell for row in written for cell in row if cell[:1] in ("=", "@")]
    assert [item.title for item in import_table(data, HEADER, name="t.csv").framework.requirements] == [
        "=1+1",
        "-x",
        "@it",
    ]


MAKE_XLSX = """
import json, sys, datetime, openpyxl
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
book = openpyxl.Workbook()
sheet = book.active
for row in json.load(sys.stdin):
    day = lambda cell: isinstance(cell, str) and cell.startswith("date:")
    sheet.append([datetime.date.fromisoformat(cell[5:]) if day(cell) else cell for cell in row])
sheet["C2"] = CellRichText("Rich ", TextBlock(InlineFont(b=True), "title"))
book.create_sheet("second").append(["not", "this"])
book.save(sys.argv[1])
"""


def xlsx(path: Path, rows: list[list[Any]]) -> bytes:
    if not PEERS.is_file() or subprocess.run([PEERS, "-c", "import openpyxl"], capture_output=True).returncode:
        pytest.skip("openpyxl is not installed in .venv-peers")
    subprocess.run([PEERS, "-c", MAKE_XLSX, path], input=json.dumps(rows).encode(), check=True)
    return path.read_bytes()


def test_xlsx_as_openpyxl_writes_it(tmp_path: Path):
    rows: list[list[Any]] = [
        ["id", "depth", "title", "applies_from", "measure", "op", "threshold", "threshold_source"],
        ["a", 1, "replaced", "date:2027-08-02", None, None, None, None],
        [],
        ["a.1", 2, "Über & <ein> Titel", None, "data.rows", ">=", 1000, "Art. 2"],
        ["a.2", 2, "Rate", None, "fairness.accuracy", ">=", 0.8, "Art. 3"],
    ]
    found = import_table(xlsx(tmp_path / "t.xlsx", rows), HEADER, name="t.xlsx").framework
    first, second, third = found.requirements
    assert (first.title, first.applies_from) == ("Rich title", "2027-08-02")
    assert (second.parent, second.title, second.rules[0].threshold) == ("a", "Über & <ein> Titel", 1000)
    assert third.rules[0].threshold == 0.8


def test_a_number_where_an_id_stands_is_a_mistake(tmp_path: Path):
    """A spreadsheet turns 4.10 into 4.1; only text keeps it."""
    data = xlsx(tmp_path / "t.xlsx", [["id", "label", "title"], [4.1, "x", "y"]])
    with pytest.raises(InvalidFramework, match=r"row 2, column id: .* so 4.10 would be 4.1"):
        import_table(data, HEADER, name="t.xlsx")


SHEET = "<worksheet><sheetData>{rows}</sheetData></worksheet>"


def package(sheet: str, **parts: str) -> bytes:
    """A minimal XLSX around the XML of its sheet."""
    said = {
        "xl/workbook.xml": '<workbook xmlns:r="u"><sheets><sheet name="a" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": '<Relations><Relationship Id="r1" Target="worksheets/s.xml"/></Relations>',
        "xl/worksheets/s.xml": sheet,
        **{name.replace("__", "/") + ".xml": text for name, text in parts.items()},
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in said.items():
            archive.writestr(name, text)
    return file.getvalue()


def test_cells_find_their_columns_without_every_cell_between():
    sheet = SHEET.format(rows='<row r="7"><c r="C7" t="inlineStr"><is><t>x</t></is></c><c t="b"><v>1</v></c></row>')
    assert read_rows(package(sheet), name="t") == [(7, [Cell(""), Cell(""), Cell("x"), Cell("true")])]


@pytest.mark.parametrize(
    ("data", "error", "said"),
    [
        (b"PK\x03\x04nothing", MalformedInput, "zip"),
        (package("<worksheet><sheetData>"), MalformedInput, "no element found|unclosed"),
        (package('<!DOCTYPE a [<!ENTITY b "c">]><worksheet/>'), MalformedInput, "document type"),
        (package(SHEET.format(rows='<row><c t="s"><v>5</v></c></row>')), MalformedInput, "no text '5'"),
        (package(SHEET.format(rows='<row><c t="e"><v>#REF!</v></c></row>')), MalformedInput, "error value"),
        (package(SHEET.format(rows='<row><c r="ZZZ1"><v>5</v></c></row>')), LimitExceeded, "too wide"),
        (package(SHEET.format(rows="<row><c><v>1</v></c></row>" * (MAX_ROWS + 1))), LimitExceeded, "rows"),
        (package("<a>" + " " * (33 * 1024 * 1024) + "</a>"), LimitExceeded, "too large"),
        (package("<a>" + "<b/>" * 1_000_001 + "</a>"), LimitExceeded, "too many cells"),
        (package(SHEET, xl__workbook="<workbook/>"), MalformedInput, "no sheet"),
        (package(SHEET, xl__workbook='<workbook><workbookPr date1904="1"/></workbook>'), MalformedInput, "1904"),
        (b'id,title\n"a,b\n', MalformedInput, "line 2"),
        (b"id,title\n\xff\xfe,b\n", MalformedInput, "line 2 is not UTF-8"),
        (b"id,title\n" + b"a,b\n" * (MAX_ROWS + 1), LimitExceeded, "row 20001"),
        (b"id,title\na," + b"x" * 30_000, LimitExceeded, "characters a cell"),
        (b"x" * (4 * 1024 * 1024 + 1), LimitExceeded, "bytes"),
    ],
)
def test_hostile_and_broken_files(data: bytes, error: type[AccordError], said: str):
    with pytest.raises(error, match=said):
        read_rows(data, name="t")


@settings(max_examples=300)
@given(cut=st.integers(0, 2000), put=st.binary(max_size=6), rows=st.booleans())
def test_damage_is_refused_in_our_words(cut: int, put: bytes, rows: bool):
    whole = (
        package(SHEET.format(rows='<row r="1"><c t="inlineStr"><is><t>id</t></is></c></row>')) if rows else as_csv(GOOD)
    )
    damaged = whole[: cut % len(whole)] + put + whole[cut % len(whole) + len(put) :]
    try:
        import_table(damaged, HEADER, name="t")
    except AccordError as error:
        assert error.remedy


@settings(max_examples=200)
@given(st.lists(st.lists(st.text(max_size=12) | st.sampled_from(["requirements[99999]", "a", "2", "<="]), max_size=9)))
def test_any_cells_give_a_framework_or_mistakes_by_row(rows: list[list[str]]):
    headers = ["id", "title", "parent", "measure", "op", "threshold", "where", "documents", "depth"]
    try:
        found = import_table(as_csv([headers, *rows]), HEADER, name="t")
    except InvalidFramework as error:
        assert all(mistake.path.startswith("row ") for mistake in error.mistakes)
    except AccordError:
        pass
    else:
        assert found.framework.requirements
