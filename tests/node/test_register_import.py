"""A spreadsheet of forty systems: read, shown with every mistake by row and column, and taken as drafts or entries."""

import csv
import io
import zipfile

import httpx
import pytest
from tests.node.page_text import text_of

from accord.commons.systems.fields import FIELDS
from accord.commons.systems.table import read_table, template
from accord.errors import AccordError, MalformedInput
from accord.node.auth import accounts, sessions

COLUMNS = ["name", "kind", "status", "Since when?", "purpose", "sector", "sdgs", "affected_about", "Budget"]


def rows(good, bad=()):
    made = [
        [f"System {n}", "system", "in use", "2025-01-31", "Sorts mail.", "?", "9; 11", "1 000", "5"]
        for n in range(good)
    ]
    return [COLUMNS, *made, *bad]


BAD = [
    ["", "robot", "in use", "31.1.2025", "", "", "18", "many", ""],
    ["=SUM(A1)", "model", "planned", "", "", "", "", "", ""],
    ["Too long", "system", "", "", "x" * 5_000, "", "", "", ""],
]


def as_csv(table, delimiter=","):
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(table)
    return text.getvalue().encode("utf-8-sig")


def as_xlsx(table):
    """Write a workbook as simply as ECMA-376 allows; days as numbers, as spreadsheets keep them."""

    def cell(value):
        if value == "2025-01-31":
            return "<c><v>45688</v></c>"
        return f'<c t="inlineStr"><is><t>{value.replace("&", "&amp;").replace("<", "&lt;")}</t></is></c>'

    sheet = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in table)
    data, head = io.BytesIO(), '<?xml version="1.0"?>'
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "xl/workbook.xml", f'{head}<workbook xmlns:r="r"><sheets><sheet name="a" r:id="r1"/></sheets></workbook>'
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'{head}<Relationships><Relationship Id="r1" Target="w/s.xml"/></Relationships>',
        )
        archive.writestr("xl/w/s.xml", f"{head}<worksheet><sheetData>{sheet}</sheetData></worksheet>")
    return data.getvalue()


@pytest.mark.parametrize("write", [as_csv, lambda t: as_csv(t, ";"), lambda t: as_csv(t, "\t"), as_xlsx])
def test_forty_rows_are_read_whatever_wrote_them(write):
    table = read_table(write(rows(40)), name="t", office="Transport")
    assert len(table.rows) == 40 and table.ignored == ("Budget",)
    assert not any(row.wrong for row in table.rows)
    first = table.rows[0]
    assert first.number == 2 and first.answers.unknown == ("sector",)
    assert first.answers.values["since"] == "2025-01-31" and first.answers.values["office"] == "Transport"


def test_every_mistake_has_its_row_and_column():
    table = read_table(as_csv(rows(1, BAD)), name="t", office="Transport")
    found = [(row.number, wrong.field) for row in table.rows for wrong in row.wrong]
    assert found == [
        (3, "name"), (3, "kind"), (3, "since"), (3, "sdgs"), (3, "affected_about"), (5, "purpose"), (5, "status"),
    ]  # fmt: skip


def test_the_template_names_every_column_that_is_read():
    header = template().decode("utf-8-sig").strip()
    assert [name.strip('"') for name in header.split(",")] == [field.name for field in FIELDS]


@pytest.mark.parametrize(
    "data",
    [
        b"", b"name\r\n", b"\xff\xfe\x00", b"PK\x03\x04garbage", b"kind,status\nsystem,pilot\n", b"name,Name\na,b\n",
        b"name\n" + b"x\n" * 501, b'name\n"open', as_xlsx([["name"]]), b"name\n" + b"y" * (4 * 1024 * 1024),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused_with_a_reason(data):
    with pytest.raises(AccordError):
        read_table(data, name="t", office="o")


def test_a_table_of_another_language_is_read_by_its_labels():
    from accord.i18n import in_language

    with in_language("de"):
        text = read_table("name;kind;status\nÄmter-Post;System;in use\n".encode(), name="t", office="o")
    assert text.rows[0].answers.values["name"] == "Ämter-Post"


@pytest.fixture
def officer(node, running):
    with running(node) as url:
        account = accounts.add(node, login="olga", name="Olga", by="test", office="Transport", roles=["officer"])
        cookies = {sessions.cookie_name(node): sessions.start(node, account.id)}
        with httpx.Client(base_url=url, timeout=60, cookies=cookies, headers={"accept": "text/html"}) as made:
            yield made


def upload(client, data):
    answer = client.post("/register/import", files={"table": ("ours.csv", data)})
    assert answer.status_code == 303, answer.text[:500]
    return answer.headers["location"]


def ticked(*numbers):
    return {f"row-{number}": "1" for number in numbers}


def test_forty_good_and_three_bad_rows(officer):
    place = upload(officer, as_csv(rows(40, BAD)))
    text = text_of(officer.get(place))
    for said in ("43 rows were read.", "2 of them have mistakes.", "Budget", "42 kind robot", "42 since 31.1.2025"):
        assert said in text, said
    answer = officer.post(place, data={"do": "entries", **ticked(*range(2, 45))})
    assert answer.status_code == 422 and "can become drafts only: 42, 44." in text_of(answer)
    assert officer.post(place, data={"do": "entries"}).status_code == 422
    assert officer.post(place, data={"do": "entries", **ticked(*range(2, 42), 43)}).status_code == 303
    found = officer.get("/api/v1/systems", params={"limit": 100}).json()["items"]
    assert sorted(item["name"] for item in found) == sorted(["=SUM(A1)", *(f"System {n}" for n in range(40))])
    assert officer.post(place, data={"do": "entries", **ticked(2)}).status_code == 404


def test_rows_become_drafts_and_a_table_can_be_dropped(officer):
    place = upload(officer, as_xlsx(rows(2, BAD)))
    assert officer.post(place, data={"do": "drafts", **ticked(2, 4)}).headers["location"] == "/register"
    page = officer.get("/register").text
    assert page.count("/drafts/") == 2 and "System 0" in page and "without a name" in page
    place = upload(officer, as_csv(rows(1)))
    officer.post(place, data={"do": "drop"})
    assert officer.get(place).status_code == 404
    refused = officer.post("/register/import", files={"table": ("x.csv", b"nothing\n1\n")})
    assert refused.status_code == 422 and "names no column" in text_of(refused)


def test_nobody_else_sees_the_table(officer, node):
    place = upload(officer, as_csv(rows(1)))
    other = accounts.add(node, login="otto", name="Otto", by="test", office="Transport", roles=["officer"])
    cookies = {sessions.cookie_name(node): sessions.start(node, other.id)}
    assert httpx.get(f"{officer.base_url}{place}", cookies=cookies).status_code == 404
    assert httpx.get(f"{officer.base_url}{place}").status_code in (303, 401)
    with pytest.raises(MalformedInput):
        read_table(b"a", name="t", office="")
