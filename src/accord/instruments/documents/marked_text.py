"""Markdown (CommonMark's headings, front matter, tables) and reStructuredText (underlined titles, fields)."""

from __future__ import annotations

import re
from html import unescape

from .interface import CELL, GUESSED, Document, Gathering

_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
_SETEXT = re.compile(r" {0,3}(=+|-+)[ \t]*$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_TAG_HEADING = re.compile(r"\s{0,3}<h([1-6])\b[^>]{0,300}>(.{0,300}?)</h\1>\s*$", re.IGNORECASE)
_BOLD_LINE = re.compile(r"\s{0,3}(\*\*|__)([^*_]{2,120})\1\s*:?\s*$")
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,500}>")
_LINK = re.compile(r"!?\[([^\[\]]{0,300})\]\([^()\s]{0,500}\)")
_MARKS = re.compile(r"(?<!\w)(?:\*{1,3}|_{1,3}|`)(?=\S)|(?<=\S)(?:\*{1,3}|_{1,3}|`)(?!\w)")
_TABLE_RULE = re.compile(r"\s*\|?(?:\s*:?-{2,}:?\s*\|)+(?:\s*:?-{2,}:?\s*)?$")
_RST_LINE = re.compile(r"([=\-~^\"'`:.*+#_<>])\1{2,}\s*$")
_BLOCK_START = re.compile(r"\s{0,3}(?:[-*+>|]\s|\d+[.)]\s|#)")


def read_markdown(text: str) -> Document:
    """Read Markdown; what stands in comments is left out, what stands in code is text."""
    gathered = Gathering()
    lines = _without_comments(text).splitlines()
    fence = ""
    start = _front_matter(lines, gathered)
    for at in range(start, len(lines)):
        line, place = lines[at], at + 1
        if at % 1024 == 0:
            gathered.check_time()
        if opened := _FENCE.match(line):
            fence = "" if fence and opened[1].startswith(fence) else fence or opened[1]
        elif fence:
            gathered.add(line, place)
        elif heading := _ATX.match(line):
            gathered.add(_plain(heading[2] or ""), place, len(heading[1]))
        elif tagged := _TAG_HEADING.match(line):
            gathered.add(_plain(tagged[2]), place, int(tagged[1]))
        elif (ruled := _SETEXT.match(line)) and _can_be_title(gathered, lines[at - 1] if at > start else ""):
            title = gathered.blocks.pop()
            gathered.add(title.text, title.place, 1 if ruled[1][0] == "=" else 2)
        elif bold := _BOLD_LINE.match(line):
            gathered.add(_plain(bold[2]), place, GUESSED)
        elif _TABLE_RULE.match(line):
            continue
        else:
            gathered.add(_row(line), place)
    return Document("markdown", tuple(gathered.blocks), "line")


def read_restructured(text: str) -> Document:
    """Read reStructuredText: the levels of titles follow the order in which their underlines first appear."""
    gathered = Gathering()
    lines = text.splitlines()
    styles: list[tuple[str, bool]] = []
    over = False
    for at, line in enumerate(lines):
        if at % 1024 == 0:
            gathered.check_time()
        ruled = _RST_LINE.match(line)
        above = lines[at - 1] if at else ""
        if (
            ruled
            and above.strip()
            and gathered.blocks
            and gathered.blocks[-1].level == 0
            and (over or not above[:1].isspace())
        ):
            style = (ruled[1], over)
            if style not in styles:
                styles.append(style)
            title = gathered.blocks.pop()
            gathered.add(title.text.strip(), title.place, min(styles.index(style) + 1, GUESSED - 1))
            over = False
        elif ruled:
            over = not above.strip() and at + 1 < len(lines) and bool(lines[at + 1].strip())
            gathered.add("", at + 1)
        elif not re.match(r"\.\. [\w-]+::|\.\. _", line):
            gathered.add(_plain(re.sub(r"^\s*:([^:\n]{1,80}):(?=\s)", r"\1:", line)), at + 1)
    return Document("restructuredtext", tuple(gathered.blocks), "line")


def _front_matter(lines: list[str], gathered: Gathering) -> int:
    """Add the `key: value` lines of the front matter; return the line after it."""
    if not lines or lines[0].rstrip() != "---":
        return 0
    for at, line in enumerate(lines[1:400], 1):
        if line.rstrip() in ("---", "..."):
            for number, kept in enumerate(lines[1:at], 2):
                gathered.add(kept.replace("_", " "), number)
            return at + 1
    return 0


def _without_comments(text: str) -> str:
    """Cut comments, but not their line breaks, so that lines keep their numbers."""
    pieces: list[str] = []
    at = 0
    while (opened := text.find("<!--", at)) >= 0 and (closed := text.find("-->", opened)) >= 0:
        pieces += [text[at:opened], "\n" * text.count("\n", opened, closed)]
        at = closed + 3
    return "".join([*pieces, text[at:]]) if pieces else text


def _can_be_title(gathered: Gathering, above: str) -> bool:
    return bool(above.strip()) and gathered.blocks[-1].level == 0 and not _BLOCK_START.match(above)


def _row(line: str) -> str:
    """A row of a table as its cells; any other line without its marks."""
    bare = line.strip()
    if bare.startswith("|") and bare.count("|") > 1:
        return CELL.join(_plain(cell) for cell in bare.strip("|").split("|"))
    return _plain(line)


def _plain(text: str) -> str:
    if "[" in text:
        text = _LINK.sub(r"\1", text)
    if "<" in text:
        text = _TAG.sub("", text)
    if "&" in text:
        text = unescape(text)
    if "*" in text or "_" in text or "`" in text:
        text = _MARKS.sub("", text)
    return text.strip()
