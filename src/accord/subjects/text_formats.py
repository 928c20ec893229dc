"""What kind of text is this: a table, JSON, JSON Lines, or prose and source code?

Only the first bytes of a file are looked at. The file's extension is a hint that settles a tie, and nothing more:
one row or one column could be a table or plain text, one line of JSON could be JSON or JSON Lines.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter

_DELIMITERS = ",\t;|"
_ROWS = 60
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_JSON_OBJECT = re.compile(r'\{\s*(?:"|\}|$)')
_JSON_ARRAY = re.compile(r'\[\s*(?:[\[{"\-0-9\]]|true|false|null|$)')
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


def decode_text(head: bytes) -> str | None:
    """Decode the beginning of a file as text (UTF-8, UTF-16 with a mark, or an 8-bit code page); None if it is none."""
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            text = head[len(mark) :].decode(encoding, errors="ignore")
            return None if _CONTROL.search(text) else text
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        # a character cut by the end of the head is no fault; anything else may still be an 8-bit code page
        text = head[: error.start].decode("utf-8") if error.start >= len(head) - 3 else head.decode("latin-1")
        if (
            any("\x80" <= character <= "\x9f" for character in text)
            and sum(byte > 0x7E for byte in head) > len(head) // 3
        ):
            return None
    return None if _CONTROL.search(text) else text


def text_kind(text: str, *, whole: bool, suffix: str) -> str:
    """Return csv, jsonl, json or text. `whole` says that `text` is the whole file; `suffix` is the hint (".csv")."""
    stripped = text.lstrip("\ufeff \t\r\n")
    if stripped[:1] in ("{", "["):
        return _json_kind(stripped, whole=whole, suffix=suffix) or "text"
    return "csv" if _is_table(text, whole=whole, hinted=suffix in (".csv", ".tsv", ".tab")) else "text"


def _json_kind(text: str, *, whole: bool, suffix: str) -> str | None:
    hinted = suffix in (".jsonl", ".ndjson", ".jsonlines")
    lines = text.splitlines() if whole else text.splitlines()[:-1]
    full = [line for line in lines if line.strip()]
    if full and all(_parses(line) for line in full[:3]) and (len(full) > 1 or hinted):
        return "jsonl"
    if whole:
        return "json" if _parses(text) or _JSON_OBJECT.match(text) else None
    if not (_JSON_OBJECT.match(text) or _JSON_ARRAY.match(text)):
        return None
    return "jsonl" if hinted and not full else "json"


def _parses(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict | list)
    except (ValueError, RecursionError):
        return False


def _is_table(text: str, *, whole: bool, hinted: bool) -> bool:
    lines = text.splitlines(keepends=True)
    if not whole and len(lines) > 1:
        lines.pop()  # cut short
    sample = "".join(lines[: 2 * _ROWS])
    if any(_fits(sample, delimiter, hinted=hinted) for delimiter in _DELIMITERS):
        return True
    # one column: only the extension can tell a table from a list of words
    return hinted and len(lines) > 1 and all(len(line) < 200 for line in lines)


def _fits(sample: str, delimiter: str, *, hinted: bool) -> bool:
    """Whether `sample` is a header and rows of the same number of cells under this delimiter."""
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter):
            if row:
                rows.append(row)
            if len(rows) == _ROWS:
                break
    except csv.Error:
        return False
    if not rows:
        return False
    header, body = rows[0], rows[1:]
    if hinted:  # some tables begin with a line of another shape
        width, count = Counter(len(row) for row in rows).most_common(1)[0]
        return width > 1 and count >= 0.8 * len(rows)
    widths = Counter(len(row) for row in body)
    if len(header) < 2:
        return False
    if len(body) < 2 or set(widths) != {len(header)}:
        return False
    names = [name.strip() for name in header]
    if (
        len(set(names)) < len(names)
        or "" in names[1:]
        or any(len(name) > 64 or name.endswith((".", "?")) for name in names)
    ):
        return False
    if delimiter == "|" and not names[0]:
        return False  # a Markdown table
    # in prose a comma is followed by a space, in a table hardly ever
    cells = [cell for row in rows for cell in row[1:]]
    return delimiter == "\t" or sum(cell.startswith(" ") for cell in cells) <= len(cells) // 2
