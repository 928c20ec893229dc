"""HTML: its text and its headings h1 to h6, read in one pass forwards, so that no input takes more than linear time.

It isn't a browser's parser: a tag ends at the next `>`. Comments, scripts, styles and templates are left out.
"""

from __future__ import annotations

import re
from html import unescape

from .interface import CELL, Document, Gathering

_SILENT = frozenset({"script", "style", "template", "noscript", "svg", "math", "title"})
_BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "body", "br", "button", "caption", "center", "dd", "details", "div"}
    | {"dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header"}
    | {"hr", "li", "main", "nav", "ol", "option", "p", "pre", "section", "summary", "table", "td", "th", "tr", "ul"}
)
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]{0,20})|<!--|<[!?/]")


def read_html(text: str) -> Document:
    """Read HTML. Places count lines of the source."""
    gathered = Gathering()
    reader = _Reader(gathered)
    at = line = 0
    counted = 0
    silent_until = 0
    while found := _TAG.search(text, max(at, silent_until)):
        gathered.check_time()
        line, counted = line + text.count("\n", counted, found.start()), found.start()
        reader.text(text[max(at, silent_until) : found.start()])
        comment = found[0] == "<!--"
        end = text.find("-->" if comment else ">", found.end())
        if end < 0:
            at = silent_until = len(text)
            break
        at = end + (3 if comment else 1)
        name = (found[2] or "").lower()
        if name in _SILENT and not found[1] and text[end - 1] != "/":
            closing = re.compile(rf"</{name}\b", re.IGNORECASE).search(text, at)
            silent_until = closing.start() if closing else len(text)
        elif name in _BLOCKS:
            reader.boundary(name, line + 1, closing=bool(found[1]))
    reader.text(text[max(at, silent_until) :])
    reader.end_block(line + 1)
    return Document("html", tuple(gathered.blocks), "line")


class _Reader:
    def __init__(self, gathered: Gathering) -> None:
        self._gathered = gathered
        self._pieces: list[str] = []
        self._cells: list[str] | None = None
        self._level = 0

    def text(self, data: str) -> None:
        if data:
            self._pieces.append(data)

    def boundary(self, tag: str, line: int, *, closing: bool) -> None:
        if tag == "tr":
            self.end_block(line)
            self._cells = None if closing else []
        elif self._cells is None:
            self.end_block(line)
            if tag[0] == "h" and tag[1] in "123456" and not closing:
                self._level = int(tag[1])
        elif tag in ("td", "th"):
            self._end_cell()
        elif tag == "table":
            self.end_block(line)
            self._cells = None
        else:
            self._pieces.append(" ")

    def end_block(self, line: int) -> None:
        """Add what was gathered since the last boundary as a block."""
        if self._cells is None:
            text = self._taken()
        else:
            self._end_cell()
            text = CELL.join(self._cells)
            self._cells = []
        if text:
            self._gathered.add(text, line, self._level)
        self._level = 0

    def _end_cell(self) -> None:
        text = self._taken()
        if text and self._cells is not None:
            self._cells.append(text)

    def _taken(self) -> str:
        text = " ".join(unescape("".join(self._pieces)).split())
        self._pieces.clear()
        return text
