"""Documents written by hand in every format that is read: the same report, whole or damaged."""

from __future__ import annotations

import io
import zipfile
from datetime import date

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
