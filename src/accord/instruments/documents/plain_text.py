"""Plain text, and the lines of a PDF: headings are those lines that look like one.

A line looks like a heading if it is short, doesn't end like a sentence, and is numbered in sequence, written in
capitals, underlined, or stands alone. A line of a table of contents, which ends in a page number, is none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from .form import is_placeholder
from .interface import GUESSED, Document, Gathering

_NUMBER = re.compile(
    r"\s{0,8}(?:(?:section|chapter|part|annex|article|abschnitt|kapitel|anhang|artikel|chapitre|annexe"
    r"|sección|capítulo|anexo|artículo|seção|secção|artigo)\s+)?(\d{1,2}(?:\.\d{1,2}){0,4})[.):]?\s+(?=\S)",
    re.IGNORECASE,
)
_CHAPTER_CJK = re.compile(r"\s{0,8}(?:第\s?[0-9一二三四五六七八九十]{1,3}\s?[章节条部]|[一二三四五六七八九十]{1,3}、)")
_CONTENTS = re.compile(r"(?:\.\s?){3,}|…|\t\s*\d+\s*$|\s{3,}\d{1,4}\s*$")
_UNDERLINE = re.compile(r"\s{0,3}([=\-~^\"'*+#])\1{2,}\s*$")
_BULLET = re.compile(r"\s*(?:[-*+•‣◦–]\s|\(?[a-z0-9]{1,3}\)\s)")
_ENDS_TEXT = (".", "。", "!", "?", ":", ";", "：")
MAX_HEADING_WORDS = 14
MAX_HEADING_LETTERS = 110


def read_plain(text: str) -> Document:
    """Read plain text."""
    gathered = Gathering()
    lines = text.splitlines()
    add_guessed(lines, range(1, len(lines) + 1), gathered)
    return Document("text", tuple(gathered.blocks), "line")


def add_guessed(
    lines: Sequence[str], places: Sequence[int], gathered: Gathering, outline: Mapping[str, int] | None = None
) -> None:
    """Add `lines` with their `places`, telling headings by their looks; `outline` names titles with their levels."""
    numbering = _Numbering()
    before = ""
    for at, line in enumerate(lines):
        if at % 1024 == 0:
            gathered.check_time()
        after = lines[at + 1] if at + 1 < len(lines) else ""
        if before.strip() and _UNDERLINE.match(line) and gathered.blocks and gathered.blocks[-1].level == 0:
            title = gathered.blocks.pop()
            gathered.add(title.text, title.place, 1 if "=" in line else 2)
            gathered.add("", places[at])
        else:
            level = _level(line, before, after, numbering, outline or {})
            gathered.add(line.strip() if level else line, places[at], level)
        before = line


def _level(line: str, before: str, after: str, numbering: _Numbering, outline: Mapping[str, int]) -> int:
    bare = line.strip()
    if not bare or len(bare) > MAX_HEADING_LETTERS or len(bare.split()) > MAX_HEADING_WORDS:
        return 0
    if outline and (known := outline.get(" ".join(bare.split()).casefold())):
        return known
    if bare.endswith((".", ",", ";", "。", "，", "；")) or _CONTENTS.search(bare) or _BULLET.match(line):
        numbered = _NUMBER.match(line)
        if not numbered or bare.endswith((".", ",", ";")) or _CONTENTS.search(bare):
            return 0
    if numbered := _NUMBER.match(line):
        return numbering.level(numbered[1], bare) if line[numbered.end()].isupper() or _is_cjk(bare) else 0
    if _CHAPTER_CJK.match(line):
        return 1
    letters = [character for character in bare if character.isalpha()]
    if len(letters) < 2 or is_placeholder(bare):
        return 0
    if all(character.isupper() for character in letters) and bare.isupper() and "|" not in bare:
        return 1 if len(letters) > 3 else 0
    begins = letters[0].isupper() or _is_cjk(bare)
    if not begins or "|" in bare or re.search(r"[:：]\s*\S", bare):
        return 0
    alone = not before.strip() and not after.strip()
    opens = not before.strip() or before.rstrip().endswith(_ENDS_TEXT)
    return GUESSED if alone or (opens and len(bare.split()) <= 8 and after[:1].strip() != "") else 0


def _is_cjk(text: str) -> bool:
    return any("\u3040" <= character <= "\u9fff" or "\uac00" <= character <= "\ud7a3" for character in text)


class _Numbering:
    """Tells numbered headings from items of a list: headings go on where the last one stopped.

    A title that was seen before, as in a table of contents, may come again under its number.
    """

    def __init__(self) -> None:
        self._last: tuple[int, ...] = ()
        self._seen: set[str] = set()

    def level(self, number: str, title: str) -> int:
        parts = tuple(int(part) for part in number.split("."))
        key = " ".join(title.split()).casefold()
        if not (self._goes_on(parts) or key in self._seen):
            return 0
        self._last = parts
        self._seen.add(key)
        return min(len(parts), GUESSED - 1)

    def _goes_on(self, parts: tuple[int, ...]) -> bool:
        if not self._last:
            return parts[0] <= 1
        last = self._last + (0,) * len(parts)
        same = parts[:-1] == last[: len(parts) - 1]
        step = parts[-1] - last[len(parts) - 1]
        return (same and 1 <= step <= 2) or (len(parts) > 1 and parts[-1] == 1 and 0 <= parts[0] - last[0] <= 1)
