"""Text out of documents: the same report in each format reads alike, with its date, version, owner and sections."""

from __future__ import annotations

import calendar
import io
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from written_documents import FORMATS, REPORT, SENTENCE, TODAY, W, docx, markdown, odt, pdf

from accord.documents import Section
from accord.instruments.documents import (
    Form,
    read_document,
    stated_date,
    stated_owner,
    stated_version,
)
from accord.instruments.documents.dates import find_dates


def section(words, least=15, says=()):
    return Section(id="s", title="s", words={"en": words}, says={"en": says}, least=least)


def state(document, *words, **fields):
    return Form(document).find([section(words, **fields)])[0].state


@pytest.mark.parametrize("name", FORMATS)
def test_a_report_reads_alike_in_every_format(read, name):
    document = read(FORMATS[name](REPORT), name)
    assert stated_date(document, TODAY).value == "2025-03-03"
    assert stated_version(document).value == "2.1"
    assert stated_owner(document) is True
    assert state(document, "intended use") == "present"
    assert state(document, "out of scope") == "present"
    assert state(document, "metrics") == "short"
    assert state(document, "training data") == "missing"
    assert Form(document).placeholders == ()


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_is_stated_by_a_report_that_states_nothing(read, name):
    document = read(FORMATS[name]([(1, "Loans"), (0, SENTENCE), (0, SENTENCE)]), name)
    assert stated_date(document, TODAY).problem == "missing"
    assert stated_version(document).value is None
    assert stated_owner(document) is False


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("text", ["TODO", f"{SENTENCE} To be completed by the risk unit.", "[Insert the purpose here]"])
def test_a_placeholder_is_no_section(read, name, text):
    document = read(
        FORMATS[name]([(1, "Report"), (1, "1. Intended use"), (0, text), (1, "2. Results"), (0, SENTENCE)]), name
    )
    assert state(document, "intended use") == "placeholder"
    assert state(document, "results") == "present"
    assert len(Form(document).placeholders) == 1


def test_text_ends_at_the_next_heading_of_the_same_or_a_higher_level(read):
    blocks = [(1, "Report"), (2, "Risks"), (3, "Harm"), (0, SENTENCE), (2, "Uses"), (1, "End"), (0, SENTENCE)]
    document = read(markdown(blocks))
    assert state(document, "risks") == "present"  # what stands under its own subheading counts
    assert state(document, "uses") == "short"  # what stands under "End" doesn't


def test_words_are_compared_whole_and_without_case_accents_and_numbering(read):
    document = read(f"# 3.2 GESTION DES RISQUES RÉSIDUELS\n\n{SENTENCE}\n\n# Risikomanagementsystem\n\n{SENTENCE}\n")
    assert state(document, "risque* résiduel*") == "present"
    assert state(document, "risikomanagement*") == "present"
    assert state(document, "risikomanagement") == "missing"
    assert state(document, "risque") == "missing"


def test_chinese_and_korean_headings(read):
    document = read(
        "# 一、训练数据说明\n\n" + "本模型使用公开贷款数据进行训练并经过人工检查" * 2 + "\n\n# 위험 관리 체계\n\n짧다\n"
    )
    assert state(document, "训练数据") == "present"
    assert state(document, "위험 관리") == "short"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2025-03-04", "2025-03-04"),
        ("2025/3/4", "2025-03-04"),
        ("4.3.2025", "2025-03-04"),
        ("04. 03. 2025", "2025-03-04"),
        ("13/03/2025", "2025-03-13"),
        ("03/13/2025", "2025-03-13"),
        ("03/04/2025", None),
        ("04/04/2025", "2025-04-04"),
        ("4 March 2025", "2025-03-04"),
        ("4th of March, 2025", "2025-03-04"),
        ("March 4, 2025", "2025-03-04"),
        ("Sept. 2024", "2024-09"),
        ("MARCH 2025", "2025-03"),
        ("4. März 2025", "2025-03-04"),
        ("1er août 2025", "2025-08-01"),
        ("4 de março de 2025", "2025-03-04"),
        ("4 de marzo del 2025", "2025-03-04"),
        ("2025年3月4日", "2025-03-04"),
        ("2025년 3월 4일", "2025-03-04"),
        ("2025. 3. 4.", "2025-03-04"),
        ("2025-03", "2025-03"),
        ("30.02.2025", None),
        ("version 1.2.3", "none"),
        ("2025", "none"),
        ("192.168.10.2025", "none"),
        ("10-20 marches", "none"),
    ],
)
def test_dates_as_people_write_them(text, value):
    found = [item.value for item in find_dates(text)]
    assert found == ([] if value == "none" else [value])


@given(st.dates(date(1900, 1, 1), date(2199, 12, 31)))
def test_every_day_is_read_from_each_way_to_write_it(day):
    name = calendar.month_name[day.month]
    for text in (
        day.isoformat(),
        f"{day.day}.{day.month}.{day.year}",
        f"{day.day} {name} {day.year}",
        f"{name} {day.day}, {day.year}",
    ):
        assert [item.value for item in find_dates(f"on {text} it was")] == [day.isoformat()]


@pytest.mark.parametrize(
    ("text", "value", "problem"),
    [
        ("Date: 03/04/2025", None, "ambiguous"),
        ("Date: 03/04/2025\n\nLast updated: 2025-05-01", "2025-05-01", ""),
        ("Date: 2030-01-01", None, "future"),
        ("Next review date: 2027-01-01\n\nDate: 2025-01-01", "2025-01-01", ""),
        ("Valid until: 2025-01-01", None, "missing"),
        ("Published: 2024-01-01\n\nRevised: 2025-02-03", "2025-02-03", ""),
        ("Stand: März 2025", "2025-03", ""),
        ("Zuletzt aktualisiert am 4. März 2025", "2025-03-04", ""),
        ("Version 2.1 of 3 May 2025", "2025-05-03", ""),
        ("# Report\n\n3 May 2025", "2025-05-03", ""),
        ("The law of 3 May 2025 applies.", None, "missing"),
        (f"{SENTENCE}\n\nBerlin, den 3. Mai 2025", "2025-05-03", ""),
        (
            "| Version | Date | Approved by |\n|---|---|---|\n| 1.0 | 2024-02-01 | Unit |\n| 1.1 | 2024-06-30 | Unit |",
            "2024-06-30",
            "",
        ),
        ("**Date:** 2025-01-02", "2025-01-02", ""),
        ("日期：2025年1月2日", "2025-01-02", ""),
        ("최종 수정일: 2025. 1. 2.", "2025-01-02", ""),
        ("## Date\n\n2025-01-02", "2025-01-02", ""),
    ],
)
def test_the_date_that_a_document_gives_as_its_own(read, text, value, problem):
    found = stated_date(read(text), TODAY)
    assert (found.value, found.problem, found.of_file) == (value, problem, False)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Version: 1.2", "1.2"),
        ("Version: v1.2.3-beta", "1.2.3-beta"),
        ("# Model card, version 2.0", "2.0"),
        ("# Model card v1.4", "1.4"),
        ("Version 3", "3"),
        ("Rev: B", "B"),
        ("版本：1.0", "1.0"),
        ("Version: TBD", None),
        (f"# Loans\n\n{SENTENCE}\n\nIt needs Python version 3.11 or newer.", None),
        ("Python version: 3.11", None),
        ("| Version | Date |\n|--|--|\n| 4.1 | 2025-01-01 |", "4.1"),
    ],
)
def test_the_version_that_a_document_gives_as_its_own(read, text, value):
    assert stated_version(read(text)).value == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Owner: risk unit", True),
        ("Verantwortlich: Abteilung Risiko", True),
        ("责任单位：风险部", True),
        ("**Developed by:** Example Bank", True),
        ("## Approved by\n\nHead of risk", True),
        ("Owner: TBD", False),
        ("Owner: n/a", False),
        ("Owner: ", False),
        ("Author: somebody", False),
        ("The owner of the house is known.", False),
    ],
)
def test_whether_somebody_answers_for_it(read, text, value):
    assert stated_owner(read(text)) is value


def test_front_matter_comments_and_code_of_markdown(read):
    hidden = f"<!-- # Metrics\n{SENTENCE} -->\n```\n# Risks\n```"
    text = f"---\nowner: unit\nlast_modified: 2025-01-02\n---\n{hidden}\nUses\n====\n{SENTENCE}\n"
    document = read(text)
    assert (stated_owner(document), stated_date(document, TODAY).value) == (True, "2025-01-02")
    assert [block.text for block in document.blocks if block.level] == ["Uses"]
    assert next(block.place for block in document.blocks if block.level) == 10


def test_a_list_is_not_mistaken_for_headings(read):
    text = "\n".join(
        [
            "3. Risks",
            "",
            "1. Collect what happened",
            "2. Weigh it with the unit",
            SENTENCE,
            "",
            "4. Tests",
            "",
            SENTENCE,
        ]
    )
    document = read(f"1. Purpose\n\n{SENTENCE}\n\n2. Uses\n\n{SENTENCE}\n\n{text}", "r.txt")
    assert [block.text for block in document.blocks if block.level] == ["1. Purpose", "2. Uses", "3. Risks", "4. Tests"]
    assert state(document, "risks") == "present"


def test_a_table_of_contents_is_no_section(read):
    contents = "1. Purpose ........ 3\n2. Risks ........ 4\n3. Tests\t9\n"
    document = read(f"{contents}\n1. Purpose\n\n{SENTENCE}\n\n2. Risks\n\n3. Tests\n\n{SENTENCE}\n", "r.txt")
    assert [state(document, word) for word in ("purpose", "risks", "tests")] == ["present", "short", "present"]


def test_office_files_in_detail(read):
    header = f'<w:hdr xmlns:w="{W}"><w:p><w:r><w:t>Version: 7.0</w:t></w:r></w:p></w:hdr>'
    core = '<c xmlns:d="http://purl.org/dc/terms/"><d:modified>2024-05-06T07:08:09Z</d:modified></c>'
    row = "".join(f"<w:tc><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:tc>" for text in ("Owner", "Risk unit"))
    deleted = "<w:p><w:del><w:r><w:delText>Secret</w:delText></w:r></w:del></w:p>"
    body = f'<w:document xmlns:w="{W}"><w:body><w:tbl><w:tr>{row}</w:tr></w:tbl>{deleted}</w:body></w:document>'
    parts = {"word/header1.xml": header, "docProps/core.xml": core, "word/document.xml": body}
    document = read(docx([], **parts), "r.docx")
    assert [block.text for block in document.blocks] == ["Owner | Risk unit", ""]
    assert (stated_owner(document), stated_version(document).value) == (True, "7.0")
    found = stated_date(document, TODAY)
    assert (found.value, found.of_file) == ("2024-05-06", True)
    meta = '<m xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:date>2024-05-06T07:08:09</dc:date></m>'
    assert stated_date(read(odt([(0, "x")], **{"meta.xml": meta}), "r.odt"), TODAY).value == "2024-05-06"


def test_the_date_of_a_pdf_file_is_a_last_resort(read):
    info = b"/ModDate (D:20240506070809Z)"
    found = stated_date(read(pdf([["Loans"]], info), "r.pdf"), TODAY)
    assert (found.value, found.of_file) == ("2024-05-06", True)
    assert stated_date(read(pdf([["Loans", "Date: 2025-01-01"]], info), "r.pdf"), TODAY).value == "2025-01-01"


def test_bookmarks_of_a_pdf_are_headings(read, tmp_path):
    import pypdf

    writer = pypdf.PdfWriter(io.BytesIO(pdf([["we call it risks here", SENTENCE[:60], SENTENCE[60:]]])))
    writer.add_outline_item("We call it risks here", 0)
    writer.write(tmp_path / "b.pdf")
    document = read_document(tmp_path / "b.pdf")
    assert [block.text for block in document.blocks if block.level] == ["we call it risks here"]
    assert state(document, "risks") == "present"


def test_running_titles_belong_to_no_section(read):
    pages = [
        ["Example Bank internal", f"Page text {number} of the report goes on.", "More of it."] for number in range(6)
    ]
    document = read(pdf(pages), "r.pdf")
    assert sum(block.text == "Example Bank internal" for block in document.blocks) == 1
    assert document.blocks[-1].place == 6
