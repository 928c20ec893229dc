"""The rows of a spreadsheet that somebody made: CSV with any of the usual separators, or the first sheet of an XLSX.

XLSX is a zip of XML (ECMA-376, part 1, section 18): only sizes, the first sheet and shared texts are read. A document
type, and with it every entity, is refused. Formulas are taken by the value that was stored with them.
"""

from __future__ import annotations

import csv
import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from xml.parsers import expat

from ..errors import AccordError, LimitExceeded, MalformedInput
from .reading import MAX_BYTES

MAX_ROWS = 20_000
MAX_COLUMNS = 200
MAX_CELL = 20_000  # characters
_MAX_XML = 32 * 1024 * 1024
_MAX_TEXTS = 200_000
_MAX_ELEMENTS = 1_000_000
_CELL = re.compile(r"([A-Z]{1,3})[0-9]{1,7}\Z")
_BOM_16 = (b"\xff\xfe", b"\xfe\xff")
_BROKEN_ZIP = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
    LookupError,
)


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell's text; `number` says that the spreadsheet holds a number, not the text that somebody typed."""

    text: str
    number: bool = False


Row = tuple[int, list[Cell]]
"""The number of a row as a person counts (the first is 1), and its cells."""


def read_rows(data: bytes, *, name: str) -> list[Row]:
    """Return the rows of a spreadsheet that aren't empty.

    Raises MalformedInput with the line, row or part of the file, or LimitExceeded for what would cost too much.
    """
    if len(data) > MAX_BYTES:
        raise LimitExceeded(
            "table-too-large", f"{name}: {len(data)} bytes; the limit is {MAX_BYTES}", "Split the table."
        )
    found: list[Row] = []
    for number, cells in _xlsx(data, name) if data.startswith(b"PK\x03\x04") else _delimited(data, name):
        if not any(cell.text.strip() for cell in cells):
            continue
        if len(found) >= MAX_ROWS or len(cells) > MAX_COLUMNS or any(len(cell.text) > MAX_CELL for cell in cells):
            limits = f"{MAX_ROWS} rows, {MAX_COLUMNS} columns, {MAX_CELL} characters a cell"
            raise LimitExceeded("table-too-large", f"{name}: row {number}: the limits are {limits}", "Split the table.")
        found.append((number, cells))
    return found


def _delimited(data: bytes, name: str) -> Iterator[Row]:
    encoding = "utf-16" if data.startswith(_BOM_16) else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise MalformedInput(
            "table-not-utf8", f"{name}: line {line} is not UTF-8", 'Save it as "CSV UTF-8" or as XLSX.'
        ) from None
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        yield from ((number, [Cell(text) for text in cells]) for number, cells in enumerate(reader, start=1))
    except csv.Error as error:
        raise MalformedInput(
            "malformed-csv", f"{name}: line {reader.line_num}: {error}", "Check the quotation marks of that line."
        ) from None


def _xlsx(data: bytes, name: str) -> Iterator[Row]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            part = _Part(archive, name)
            sheet = _first_sheet(part)
            texts = _shared_texts(part) if "xl/sharedStrings.xml" in archive.namelist() else []
            rows = _sheet_rows(part, sheet, texts)
    except AccordError:
        raise
    except _BROKEN_ZIP as error:
        raise MalformedInput(
            "malformed-xlsx", f"{name}: {error}", "Save it again as XLSX without a password, or as CSV."
        ) from None
    yield from rows


@dataclass(frozen=True, slots=True)
class _Part:
    """Reads parts of the package, one XML file at a time."""

    archive: zipfile.ZipFile
    name: str

    def read(self, path: str, start: Callable[[str, dict[str, str]], None], end: Callable[[str, str], None]) -> None:
        """Call `start(tag, attributes)` and `end(tag, text)` for each element; tags come without their namespace."""
        with self.archive.open(path) as file:
            content = file.read(_MAX_XML + 1)
        if len(content) > _MAX_XML:
            raise LimitExceeded("table-too-large", f"{self.name}: {path} is too large", "Split the table.")
        said: list[str] = []
        elements = 0

        def refuse(*_: object) -> None:
            raise MalformedInput("malformed-xlsx", f"{self.name}: {path} has a document type", "Save it again as XLSX.")

        def opened(tag: str, attributes: dict[str, str]) -> None:
            nonlocal elements
            elements += 1
            if elements > _MAX_ELEMENTS:
                raise LimitExceeded("table-too-large", f"{self.name}: {path} has too many cells", "Split the table.")
            said.clear()
            start(tag.rpartition(" ")[2], {key.rpartition(" ")[2]: value for key, value in attributes.items()})

        def closed(tag: str) -> None:
            end(tag.rpartition(" ")[2], "".join(said))
            said.clear()

        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = refuse
        parser.StartElementHandler = opened
        parser.EndElementHandler = closed
        parser.CharacterDataHandler = said.append
        try:
            parser.Parse(content, True)
        except expat.ExpatError as error:
            raise MalformedInput("malformed-xlsx", f"{self.name}: {path}: {error}", "Save it again as XLSX.") from None


def _first_sheet(part: _Part) -> str:
    """Return the path of the first sheet: the workbook names a relation, the relation a path."""
    wanted: list[str] = []
    targets: dict[str, str] = {}

    def workbook(tag: str, attributes: dict[str, str]) -> None:
        if tag == "sheet":
            wanted.append(attributes.get("id", ""))
        if tag == "workbookPr" and attributes.get("date1904") in ("1", "true"):
            raise MalformedInput(
                "dates-of-1904", f"{part.name}: it counts days from 1904", "Write dates as text (YYYY-MM-DD)."
            )

    def relation(tag: str, attributes: dict[str, str]) -> None:
        if tag == "Relationship":
            targets[attributes.get("Id", "")] = attributes.get("Target", "")

    part.read("xl/workbook.xml", workbook, _nothing)
    part.read("xl/_rels/workbook.xml.rels", relation, _nothing)
    target = targets.get(wanted[0], "") if wanted else ""
    if not target:
        raise MalformedInput("malformed-xlsx", f"{part.name}: it has no sheet", "Put the table on the first sheet.")
    return target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")


def _shared_texts(part: _Part) -> list[str]:
    texts: list[str] = []
    runs: list[str] = []
    phonetic = 0

    def start(tag: str, _attributes: dict[str, str]) -> None:
        nonlocal phonetic
        phonetic += tag == "rPh"

    def end(tag: str, text: str) -> None:
        nonlocal phonetic
        if tag == "rPh":
            phonetic -= 1
        elif tag == "t" and not phonetic:
            runs.append(text)
        elif tag == "si":
            texts.append("".join(runs))
            runs.clear()
            if len(texts) > _MAX_TEXTS:
                raise LimitExceeded("table-too-large", f"{part.name}: too many texts", "Split the table.")

    part.read("xl/sharedStrings.xml", start, end)
    return texts


def _sheet_rows(part: _Part, path: str, texts: list[str]) -> list[Row]:
    rows: list[Row] = []
    cells: list[Cell] = []
    at = {"row": 0, "column": 0}
    kind, value = "n", ""

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal kind, value
        if tag == "row":
            stated = attributes.get("r", "")
            at.update(row=int(stated) if stated.isdecimal() and len(stated) < 9 else at["row"] + 1, column=0)
            cells.clear()
        elif tag == "c":
            place = _CELL.match(attributes.get("r", ""))
            at["column"] = _column(place[1]) if place else at["column"] + 1
            kind, value = attributes.get("t", "n"), ""

    def end(tag: str, text: str) -> None:
        nonlocal value
        if tag == "v" or (tag == "t" and kind == "inlineStr"):
            value += text
        elif tag == "c" and value:
            if at["column"] > MAX_COLUMNS:
                raise LimitExceeded("table-too-large", f"{part.name}: row {at['row']} is too wide", "Split the table.")
            cells.extend([Cell("")] * (at["column"] - len(cells) - 1))
            cells[at["column"] - 1 :] = [_cell(kind, value, texts, f"{part.name}: row {at['row']}")]
        elif tag == "row":
            if len(rows) >= MAX_ROWS:
                raise LimitExceeded("table-too-large", f"{part.name}: more than {MAX_ROWS} rows", "Split the table.")
            rows.append((at["row"], list(cells)))

    part.read(path, start, end)
    return rows


def _cell(kind: str, value: str, texts: list[str], place: str) -> Cell:
    if kind == "s":
        if not value.isdecimal() or len(value) > 9 or int(value) >= len(texts):
            raise MalformedInput("malformed-xlsx", f"{place}: there is no text {value[:20]!r}", "Save it again.")
        return Cell(texts[int(value)])
    if kind == "b":
        return Cell("true" if value.strip() == "1" else "false")
    if kind == "e":
        raise MalformedInput("malformed-xlsx", f"{place}: an error value {value[:20]!r}", "Correct the formula.")
    return Cell(value, number=kind == "n")


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _nothing(_tag: str, _text: str) -> None:
    """Ignore the end of an element."""
