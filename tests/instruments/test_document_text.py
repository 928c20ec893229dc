"""Text out of documents: the same report in each format reads alike, and a hostile one is an error, soon."""

from __future__ import annotations

import calendar
import io
import time
import zipfile
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from accord.documents import Section, document_kinds
from accord.errors import AccordError, LimitExceeded, MalformedInput
from accord.instruments.documents import (
    Document,
    Form,
    read_document,
    stated_date,
    stated_owner,
    stated_version,
)
from accord.instruments.documents.dates import find_dates
from accord.instruments.documents.phrases import fold, pattern

TODAY = date(2026, 11, 22)
SENTENCE = (
    "The system ranks applicants for small loans, and two clerks of the bank look at each refusal before it is sent."
)
REPORT = [
    (1, "Risk file of the loan model"),
    (0, "Version: 2.1"),
    (0, "Date: 3 March 2025"),
    (0, "Owner: Credit risk unit"),
    (1, "1. Intended use"),
    (0, SENTENCE),
    (2, "1.1 Out of scope"),
    (0, SENTENCE),
    (1, "2. Metrics"),
    (0, "Accuracy only."),
]

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
ODF = "urn:oasis:names:tc:opendocument:xmlns"


def escape(text):
    return text.replace("&", "&amp;").replace("<", "&lt;")


def docx(blocks, styles=True, **parts):
    """The smallest DOCX that Word opens: built by hand, so that the reader is not checked against its own library."""
    body = ""
    for level, text in blocks:
        style = f'<w:pPr><w:pStyle w:val="berschrift{level}"/></w:pPr>' if level else ""
        body += f"<w:p>{style}<w:r><w:t>{escape(text)}</w:t></w:r></w:p>"
    files = {
        "[Content_Types].xml": "<Types/>",
        "word/document.xml": f'<w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>',
        **parts,
    }
    if styles:
        named = "".join(
            f'<w:style w:styleId="berschrift{n}"><w:name w:val="heading {n}"/></w:style>' for n in range(1, 4)
        )
        files["word/styles.xml"] = f'<w:styles xmlns:w="{W}">{named}</w:styles>'
    return zipped(files)


def odt(blocks, **parts):
    body = "".join(
        f'<text:h text:outline-level="{level}">{escape(text)}</text:h>' if level else f"<text:p>{escape(text)}</text:p>"
        for level, text in blocks
    )
    content = (
        f'<office:document-content xmlns:office="{ODF}:office:1.0" xmlns:text="{ODF}:text:1.0">'
        f"<office:body><office:text>{body}</office:text></office:body></office:document-content>"
    )
    return zipped({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": content, **parts})


def zipped(files):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def pdf(pages, info=b""):
    """A PDF written by hand: one content stream a page, one line each, and a table of offsets that is right."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b""]
    kids = []
    for lines in pages:
        shown = b"".join(
            b"("
            + line.encode("latin-1").replace(b"\\", rb"\\").replace(b"(", rb"\(").replace(b")", rb"\)")
            + b") Tj T* "
            for line in lines
        )
        stream = b"BT /F1 11 Tf 50 800 Td 14 TL " + shown + b"ET"
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R /Resources << /Font << /F1 << "
            b"/Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >> >> >> >>" % len(objects)
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(kids), len(kids))
    objects.append(b"<< %s >>" % info)
    out, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return (
        out
        + b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R /Info %d 0 R >>\nstartxref\n%d\n%%%%EOF"
        % (
            len(objects) + 1,
            table,
            len(objects) + 1,
            len(objects),
            len(out),
        )
    )


def markdown(blocks):
    return "\n\n".join(f"{'#' * level} {text}" if level else text for level, text in blocks)


def restructured(blocks):
    lines = []
    for level, text in blocks:
        lines += [text, "=-~"[level - 1] * len(text), ""] if level else [text, ""]
    return "\n".join(lines)


def html(blocks):
    inner = "".join(
        f"<h{level}>{escape(text)}</h{level}>" if level else f"<p>{escape(text)}</p>" for level, text in blocks
    )
    return f"<!doctype html><html><head><title>T</title><style>p{{}}</style></head><body>{inner}</body></html>"


def wrapped(blocks):
    """The lines of a page, as a PDF has them: no blank lines, long ones broken."""
    lines = []
    for _, text in blocks:
        words, line = text.split(), ""
        for word in words:
            if len(line) + len(word) > 70:
                lines.append(line.strip())
                line = ""
            line += f" {word}"
        lines.append(line.strip())
    return lines


FORMATS = {
    "report.md": lambda blocks: markdown(blocks).encode(),
    "report.rst": lambda blocks: restructured(blocks).encode(),
    "report.html": lambda blocks: html(blocks).encode(),
    "report.txt": lambda blocks: "\n\n".join(text for _, text in blocks).encode(),
    "report.docx": docx,
    "report.odt": odt,
    "report.pdf": lambda blocks: pdf([wrapped(blocks)]),
}


@pytest.fixture
def read(tmp_path):
    def reading(content, name="report.md"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_document(path)

    return reading


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


def encrypted():
    import pypdf

    writer = pypdf.PdfWriter(io.BytesIO(pdf([["Loans"]])))
    writer.encrypt("secret", algorithm="AES-256")
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


def bomb():
    return docx([], **{"word/document.xml": b"<a>" + b" " * (300 << 20)})


ENTITIES = (
    '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    f'<w:document xmlns:w="{W}"><w:p><w:t>&b;</w:t></w:p></w:document>'
)
PAGES_IN_A_LOOP = (
    b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"
    b"2 0 obj\n<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>\nendobj\ntrailer\n<< /Root 1 0 R /Prev 9 >>\n%%EOF"
)
DEEP_PDF = b"%PDF-1.4\n1 0 obj\n" + b"[" * 100_000 + b"\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF"
UNREADABLE = {
    "an encrypted PDF": ("r.pdf", encrypted, "is encrypted"),
    "a scan": ("r.pdf", lambda: pdf([[], []]), "is it a scan"),
    "an empty file": ("r.md", lambda: b"", "is empty"),
    "only blanks": ("r.md", lambda: b" \n\n ", "holds no text"),
    "a PDF cut off": ("r.pdf", lambda: pdf([["Loans"]])[:200], "broken PDF"),
    "pages in a loop": ("r.pdf", lambda: PAGES_IN_A_LOOP, ""),
    "a deep PDF": ("r.pdf", lambda: DEEP_PDF, ""),
    "a zip bomb": ("r.docx", bomb, "bomb"),
    "entities": ("r.docx", lambda: docx([], **{"word/document.xml": ENTITIES}), "document type"),
    "entities in ODT": ("r.odt", lambda: odt([], **{"content.xml": ENTITIES}), "document type"),
    "deep XML": ("r.docx", lambda: docx([], **{"word/document.xml": "<a>" * 100_000}), "deeper than"),
    "broken XML": ("r.docx", lambda: docx([], **{"word/document.xml": "<a><b></a>"}), "broken XML"),
    "an unknown encoding": (
        "r.docx",
        lambda: docx([], **{"word/document.xml": "<?xml version='1.0' encoding='x-y'?><a/>"}),
        "broken XML",
    ),
    "an encrypted ODT": (
        "r.odt",
        lambda: odt([(0, "x")], **{"META-INF/manifest.xml": "<m><encryption-data/></m>"}),
        "is encrypted",
    ),
    "an encrypted DOCX": ("r.docx", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "encrypted or an old"),
    "another zip": ("r.docx", lambda: zipped({"a": "b"}), "neither DOCX nor ODT"),
    "half a zip": ("r.docx", lambda: docx(REPORT)[:100], "zip"),
    "a picture": ("r.png", lambda: b"\x89PNG\r\n\x1a\n" + bytes(99), "picture"),
    "bytes": ("r.txt", lambda: bytes(range(256)), "no text"),
    "rich text": ("r.rtf", lambda: b"{\\rtf1 Loans}", "Rich Text"),
    "a text of 9 MiB": ("r.md", lambda: b"word " * (9 << 18), "more than 8 MiB"),
    "too many lines": ("r.txt", lambda: b"a\n" * 300_000, "more than"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_can_not_be_read_says_so_soon(tmp_path, name):
    file, content, words = UNREADABLE[name]
    (tmp_path / file).write_bytes(content())
    started = time.process_time()
    with pytest.raises((MalformedInput, LimitExceeded)) as caught:
        read_document(tmp_path / file)
    assert words in caught.value.message
    assert time.process_time() - started < 5


def test_a_file_of_100_mb_is_not_read(tmp_path):
    with (tmp_path / "r.md").open("wb") as stream:
        stream.truncate(100 << 20)
    with pytest.raises((MalformedInput, LimitExceeded)):
        read_document(tmp_path / "r.md")


def test_links_pipes_and_folders_are_not_opened(tmp_path):
    (tmp_path / "r.md").write_text("# Report")
    (tmp_path / "link.md").symlink_to(tmp_path / "r.md")
    for path in (tmp_path / "link.md", tmp_path, tmp_path / "none.md"):
        with pytest.raises(MalformedInput):
            read_document(path)


@pytest.mark.parametrize(
    "text",
    [
        "<div>" * 200_000 + "x",
        "<!--" * 200_000,
        "<a b='" * 100_000,
        "&amp" * 300_000,
        "<!doctype html>" + "<![x" * 100_000,
    ],
)
def test_hostile_html_ends_soon(tmp_path, text):
    (tmp_path / "r.html").write_text(f"<html><body>words {text}")
    started = time.process_time()
    read_document(tmp_path / "r.html")
    assert time.process_time() - started < 8


@pytest.mark.parametrize(
    "line",
    [
        "a" * 500_000,
        "[" * 200_000,
        "*_`" * 100_000,
        "|" * 200_000,
        "# " * 200_000,
        "a: " * 200_000,
        "&" * 200_000,
        "<a" * 200_000,
        "- " * 200_000,
        "1." * 100_000,
    ],
)
@pytest.mark.parametrize("suffix", ["md", "txt", "rst"])
def test_hostile_lines_end_soon(tmp_path, line, suffix):
    (tmp_path / f"r.{suffix}").write_text(f"Loans\n{line}\n{line}")
    started = time.process_time()
    document = read_document(tmp_path / f"r.{suffix}")
    Form(document).find(document_kinds()["technical_documentation"].sections)
    stated_date(document, TODAY), stated_version(document), stated_owner(document)
    assert time.process_time() - started < 3


def check(path: Path) -> None:
    """Read and examine; any error is one of ours."""
    try:
        document = read_document(path)
    except AccordError:
        return
    assert isinstance(document, Document)
    for kind in document_kinds().values():
        found = Form(document).find(kind.sections)
        assert len(found) == len(kind.sections)
    stated_date(document, TODAY), stated_version(document), stated_owner(document)


MARKUP = st.sampled_from(
    [*"#=-~*_`<>|[]()&;:!/ \n\t", "\r\n", "---\n", "```\n", "<!--", "-->", "<h1>", "</h1>", "<table><tr><td>"]
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.one_of(MARKUP, st.text(max_size=8)), max_size=60), st.sampled_from(["md", "rst", "txt", "html"]))
def test_any_text_is_read_or_refused(tmp_path_factory, pieces, suffix):
    path = tmp_path_factory.mktemp("any") / f"r.{suffix}"
    path.write_bytes("".join(pieces).encode("utf-8", "surrogatepass"))
    check(path)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(["report.docx", "report.odt", "report.pdf"]), st.data())
def test_any_damage_is_read_or_refused(tmp_path_factory, name, data):
    content = bytearray(FORMATS[name](REPORT))
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("damaged") / name
    path.write_bytes(bytes(content[: data.draw(st.integers(1, len(content)))]))
    check(path)


@given(st.text(max_size=40))
@example("Straße — ÉTÉ")
def test_folding_twice_is_folding_once(text):
    assert fold(fold(text)) == fold(text)


@given(st.text(st.characters(categories=["Ll", "Lu", "Nd"]), min_size=1, max_size=12))
def test_a_phrase_finds_itself(text):
    if fold(text):
        assert pattern((text,)).search(f"x {fold(text)} y")


def test_a_megabyte_of_markdown_takes_less_than_a_third_of_a_second(tmp_path):
    chapter = "## Chapter {n}\n\n" + (SENTENCE + "\n") * 60 + "\n"
    text = "".join(chapter.format(n=n) for n in range(170))[:1_000_000]
    (tmp_path / "r.md").write_text(f"Version: 1\n\n{text}")
    best = min(timed(tmp_path / "r.md") for _ in range(3))
    assert best < 0.3 * 2  # a shared machine; measured at 0.15 s alone


def timed(path):
    started = time.process_time()
    document = read_document(path)
    Form(document).find(document_kinds()["technical_documentation"].sections)
    stated_date(document, TODAY), stated_version(document), stated_owner(document)
    return time.process_time() - started
