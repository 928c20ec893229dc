"""DOCX (ISO/IEC 29500, WordprocessingML) and ODT (OASIS OpenDocument 1.3): text and headings out of their XML.

The zip is read by `archives`, which extracts nothing by name and tells bombs; the XML by expat with every document
type refused, so that no entity exists that could be expanded.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Protocol
from xml.parsers import expat

from ...errors import AccordError, MalformedInput
from ..archives import Archive, ArchiveLimits, Member, open_archive, read_member
from .interface import CELL, GUESSED, MAX_TEXT_BYTES, Document, Gathering, too_much, unreadable

_LIMITS = ArchiveLimits(entries=20_000, directory=4 << 20, total=1 << 30)
_MAX_DEPTH = 500
_MAX_MARGINS = 8
_MAX_MARGIN_BYTES = 256 << 10
_CHUNK = 256 << 10
_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main "
_STRICT_W = "http://purl.oclc.org/ooxml/wordprocessingml/main "
_MC = "http://schemas.openxmlformats.org/markup-compatibility/2006 "
_TEXT = "urn:oasis:names:tc:opendocument:xmlns:text:1.0 "
_TABLE = "urn:oasis:names:tc:opendocument:xmlns:table:1.0 "
_OFFICE = "urn:oasis:names:tc:opendocument:xmlns:office:1.0 "
_HEADING_STYLE = re.compile(r"(?:heading|überschrift|titre|título|标题|제목)\s?([1-9])$", re.IGNORECASE)

Attributes = dict[str, str]


class _Handler(Protocol):
    def start(self, name: str, attributes: Attributes) -> None: ...

    def end(self, name: str) -> None: ...

    def text(self, data: str) -> None: ...


def read_office(path: Path) -> Document:
    """Read the DOCX or ODT at `path`. Raises MalformedInput for another or a broken zip, LimitExceeded for a bomb."""
    try:
        archive = open_archive(path, _LIMITS)
    except MalformedInput as error:
        raise unreadable(f"is a broken zip archive: {error.message}") from None
    bombs = [problem for problem in archive.all_problems() if problem.kind == "bomb"]
    if bombs:
        raise too_much(f"its archive is a bomb: {bombs[0].text}")
    members = _members(archive)
    if "word/document.xml" in members:
        return _docx(members)
    if "content.xml" in members and "mimetype" in members:
        return _odt(members)
    if "EncryptedPackage" in members:
        raise unreadable("is encrypted")
    raise unreadable("is a zip archive, but neither DOCX nor ODT")


def _members(archive: Archive) -> dict[str, Member]:
    found: dict[str, Member] = {}
    for member in archive:
        found.setdefault(member.name, member)
    return found


def _part(member: Member, limit: int = MAX_TEXT_BYTES) -> bytes:
    try:
        data = read_member(member, limit + 1)
    except AccordError as error:
        raise unreadable(f"holds a part that can't be read: {error.message}") from None
    if len(data) > limit:
        raise too_much(f"its part {member.name!r} holds more than {limit >> 10} KiB")
    return data


def _docx(members: dict[str, Member]) -> Document:
    styles = _Styles()
    if "word/styles.xml" in members:
        _parse(_part(members["word/styles.xml"]), styles, Gathering())
    gathered = Gathering()
    _parse(_part(members["word/document.xml"]), _Word(gathered, styles.levels), gathered)
    margins = Gathering()
    names = sorted(name for name in members if re.fullmatch(r"word/(?:header|footer)\d{1,3}\.xml", name))
    for name in names[:_MAX_MARGINS]:
        _parse(_part(members[name], _MAX_MARGIN_BYTES), _Word(margins, {}), margins)
    date = _metadata(members.get("docProps/core.xml"), "http://purl.org/dc/terms/ modified")
    return Document("docx", tuple(gathered.blocks), "paragraph", tuple(block.text for block in margins.blocks), date)


def _odt(members: dict[str, Member]) -> Document:
    if "META-INF/manifest.xml" in members and b"encryption-data" in _part(members["META-INF/manifest.xml"]):
        raise unreadable("is encrypted")
    gathered = Gathering()
    _parse(_part(members["content.xml"]), _OpenText(gathered), gathered)
    date = _metadata(members.get("meta.xml"), "http://purl.org/dc/elements/1.1/ date")
    return Document("odt", tuple(gathered.blocks), "paragraph", metadata_date=date)


def _metadata(member: Member | None, element: str) -> str | None:
    """The text of one element of the file's metadata; a broken metadata part is as good as none."""
    if member is None:
        return None
    reader = _OneElement(element)
    try:
        _parse(_part(member, _MAX_MARGIN_BYTES), reader, Gathering())
    except AccordError:
        return None
    return reader.found.strip()[:40] or None


def _parse(data: bytes, handler: _Handler, gathered: Gathering) -> None:
    """Feed XML to `handler`. Raises MalformedInput for what is no XML, has a document type, or is too deep."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.ordered_attributes = False
    depth = 0

    def start(name: str, attributes: Attributes) -> None:
        nonlocal depth
        depth += 1
        if depth > _MAX_DEPTH:
            raise unreadable(f"nests its XML deeper than {_MAX_DEPTH} levels")
        handler.start(name, attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        handler.end(name)

    def doctype(*_: object) -> None:
        raise unreadable("declares an XML document type, which could define entities without end")

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = handler.text
    parser.StartDoctypeDeclHandler = doctype
    parser.EntityDeclHandler = doctype
    try:
        for at in range(0, len(data), _CHUNK):
            gathered.check_time()
            parser.Parse(data[at : at + _CHUNK], False)
        parser.Parse(b"", True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise unreadable(f"holds broken XML: {str(error)[:100]}") from None


class _Paragraphs:
    """Puts runs of text together to paragraphs, and the paragraphs of a table's row to a line of cells."""

    def __init__(self, gathered: Gathering) -> None:
        self._gathered = gathered
        self._pieces: list[str] = []
        self._cells: list[list[str]] = []
        self._in_rows = 0
        self._count = 0

    def put(self, text: str) -> None:
        self._pieces.append(text)

    def end_paragraph(self, level: int) -> None:
        text = " ".join("".join(self._pieces).split())
        self._pieces.clear()
        self._count += 1
        if self._in_rows and self._cells:
            self._cells[-1].append(text)
        else:
            self._gathered.add(text, self._count, level if text else 0)

    def start_row(self) -> None:
        self._in_rows += 1
        if self._in_rows == 1:
            self._cells = []

    def start_cell(self) -> None:
        if self._in_rows == 1:
            self._cells.append([])

    def end_row(self) -> None:
        self._in_rows -= 1
        if self._in_rows == 0:
            text = CELL.join(" ".join(filter(None, cell)) for cell in self._cells)
            self._cells = []
            self._gathered.add(text, self._count)


class _Word(_Paragraphs):
    """WordprocessingML: w:p, w:t, w:tab, w:br, tables; what was deleted under track changes is no text."""

    def __init__(self, gathered: Gathering, styles: dict[str, int]) -> None:
        super().__init__(gathered)
        self._styles = styles
        self._levels: list[int] = []
        self._in_text = False
        self._in_fallback = 0
        self._bold = self._letters = 0

    def start(self, name: str, attributes: Attributes) -> None:
        if name == f"{_MC}Fallback" or self._in_fallback:  # repeats for old readers what Choice says
            self._in_fallback += 1
            return
        tag = _word_tag(name)
        if tag == "p":
            self._levels.append(0)
        elif tag == "pStyle" and self._levels:
            self._levels[-1] = self._styles.get(_value(attributes), 0) or _level_by_name(_value(attributes))
        elif tag == "outlineLvl" and self._levels:
            self._levels[-1] = _outline_level(_value(attributes)) or self._levels[-1]
        elif tag == "t":
            self._in_text = True
        elif tag in ("tab", "br", "cr"):
            self.put(" ")
        elif tag == "tr":
            self.start_row()
        elif tag == "tc":
            self.start_cell()

    def end(self, name: str) -> None:
        if self._in_fallback:
            self._in_fallback -= 1
            return
        tag = _word_tag(name)
        if tag == "t":
            self._in_text = False
        elif tag == "p" and self._levels:
            self.end_paragraph(self._levels.pop())
        elif tag == "tr":
            self.end_row()

    def text(self, data: str) -> None:
        if self._in_text and not self._in_fallback:
            self.put(data)


class _Styles:
    """The levels of paragraph styles: by their outline level, or by the built-in name "heading N"."""

    def __init__(self) -> None:
        self.levels: dict[str, int] = {}
        self._style = ""

    def start(self, name: str, attributes: Attributes) -> None:
        tag = _word_tag(name)
        if tag == "style":
            self._style = attributes.get(f"{_W}styleId") or attributes.get(f"{_STRICT_W}styleId") or ""
        elif tag == "name" and (level := _level_by_name(_value(attributes))):
            self.levels.setdefault(self._style, level)
        elif tag == "outlineLvl" and (level := _outline_level(_value(attributes))):
            self.levels[self._style] = level

    def end(self, name: str) -> None:
        if _word_tag(name) == "style":
            self._style = ""

    def text(self, data: str) -> None:
        """Styles have no text."""


class _OpenText(_Paragraphs):
    """OpenDocument text: text:h, text:p, tables; without tracked deletions, notes' marks and annotations."""

    _SKIPPED = frozenset({f"{_TEXT}tracked-changes", f"{_OFFICE}annotation", f"{_TEXT}note-citation"})
    _BLANKS = frozenset({f"{_TEXT}s", f"{_TEXT}tab", f"{_TEXT}line-break"})

    def __init__(self, gathered: Gathering) -> None:
        super().__init__(gathered)
        self._open: list[int] = []
        self._skipped = 0

    def start(self, name: str, attributes: Attributes) -> None:
        if name in self._SKIPPED or self._skipped:
            self._skipped += 1
        elif name == f"{_TEXT}h":
            said = attributes.get(f"{_TEXT}outline-level", "1")
            self._open.append(
                min(int(said), GUESSED - 1) if said.isdecimal() and said.isascii() and len(said) < 3 else 1
            )
        elif name == f"{_TEXT}p":
            self._open.append(0)
        elif name in self._BLANKS:
            self.put(" ")
        elif name == f"{_TABLE}table-row":
            self.start_row()
        elif name == f"{_TABLE}table-cell":
            self.start_cell()

    def end(self, name: str) -> None:
        if self._skipped:
            self._skipped -= 1
        elif name in (f"{_TEXT}h", f"{_TEXT}p") and self._open:
            self.end_paragraph(self._open.pop())
        elif name == f"{_TABLE}table-row":
            self.end_row()

    def text(self, data: str) -> None:
        if self._open and not self._skipped:
            self.put(data)


class _OneElement:
    """Keeps the text of the first elements of one name."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._inside = False
        self.found = ""

    def start(self, name: str, attributes: Attributes) -> None:
        self._inside = name == self._name

    def end(self, name: str) -> None:
        self._inside = False

    def text(self, data: str) -> None:
        if self._inside and len(self.found) < 100:
            self.found += data


def _word_tag(name: str) -> str:
    for namespace in (_W, _STRICT_W):
        if name.startswith(namespace):
            return name[len(namespace) :]
    return ""


def _value(attributes: Attributes) -> str:
    return attributes.get(f"{_W}val") or attributes.get(f"{_STRICT_W}val") or ""


def _outline_level(text: str) -> int:
    """Word counts outline levels from 0; 9 means body text."""
    return int(text) + 1 if len(text) == 1 and text in "012345678" else 0


def _level_by_name(name: str) -> int:
    if name.lower() == "title":
        return 1
    found = _HEADING_STYLE.match(name)
    return min(int(found[1]), GUESSED - 1) if found else 0
