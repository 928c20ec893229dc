"""Read a document by what it is, not by its name; the name only tells kinds of plain text apart."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from .interface import MAX_BYTES, MAX_TEXT_BYTES, Document, too_much, unreadable
from .marked_text import read_markdown, read_restructured
from .plain_text import read_plain

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HTML = re.compile(
    r"\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--.{0,2000}?-->\s*)*<(?:!doctype html|html|head|body)\b", re.I | re.S
)
_IMAGES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\x00", b"MM\x00*")


def read_document(path: Path) -> Document:
    """Return the text and headings of the document at `path`.

    Reads plain text, Markdown, reStructuredText, HTML, DOCX, ODT and PDF. Raises MalformedInput with the problem
    where no text can be had (encrypted, scanned, empty, another format), LimitExceeded where it's too large.
    A symbolic link is not followed.
    """
    head, size = _head(path)
    if not head:
        raise unreadable("is empty")
    if size > MAX_BYTES:
        raise too_much(f"it is larger than {MAX_BYTES >> 20} MiB")
    if b"%PDF-" in head:
        from .pdf_text import read_pdf

        return _with_text(read_pdf(path))
    if head.startswith(b"PK"):
        from .office_text import read_office

        return _with_text(read_office(path))
    if head.startswith(_OLE):
        raise unreadable("is an encrypted or an old Office file")
    if head.startswith(_IMAGES):
        raise unreadable("is a picture without text")
    if head.startswith(b"{\\rtf"):
        raise unreadable("is in Rich Text Format, which is not read")
    if size > MAX_TEXT_BYTES:
        raise too_much(f"it is a text of more than {MAX_TEXT_BYTES >> 20} MiB")
    return _with_text(_read_text(_decode(_bytes(path)), path.suffix.lower()))


def _read_text(text: str, suffix: str) -> Document:
    if _HTML.match(text) or suffix in (".html", ".htm", ".xhtml"):
        from .html_text import read_html

        return read_html(text)
    if suffix in (".md", ".markdown", ".mdx"):
        return read_markdown(text)
    if suffix in (".rst", ".rest"):
        return read_restructured(text)
    if re.match(r"---\r?\n", text) or re.search(r"^#{1,6} \S", text, re.M):
        return read_markdown(text)
    return read_plain(text)


def _head(path: Path) -> tuple[bytes, int]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise unreadable("is not a file")
            return stream.read(1024), status.st_size
    except OSError as error:
        raise unreadable(f"can't be opened: {error.strerror}") from None


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_TEXT_BYTES)
    except OSError as error:
        raise unreadable(f"can't be opened: {error.strerror}") from None


def _decode(data: bytes) -> str:
    """UTF-8, UTF-16 with its mark, or else Windows' Western letters; what holds other control bytes is no text."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", "replace")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("cp1252", "replace")
    if re.search("[\x00-\x08\x0e-\x1a\x1c-\x1f]", text):
        raise unreadable("is no text, and no format that is read")
    return text


def _with_text(document: Document) -> Document:
    if not any(character.isalnum() for block in document.blocks for character in block.text):
        what = "holds no text; is it a scan?" if document.format == "pdf" else "holds no text"
        raise unreadable(what)
    return document
