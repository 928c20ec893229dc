"""The form of a document: which sections are there, and where a text is only announced.

A section is there if a heading (or a label) has one of its words and enough words of text follow before the next
heading of the same or a higher level, none of them a placeholder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, islice
from typing import Literal

from ...documents import Section, wording
from .interface import Block, Document
from .labels import labelled
from .phrases import all_of, fold, pattern

MINIMUM_WORDS = 15
"""Words after a heading, where the kind states no other number: one full sentence. Our choice."""

MAX_HEADINGS = 20_000
"""Headings, and as many labels, that are compared with the sections; a book has hundreds."""

State = Literal["present", "short", "placeholder", "missing"]
_BEST_FIRST: tuple[State, ...] = ("present", "short", "placeholder", "missing")
_WORD = re.compile(r"\w+")
_CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
_UNDONE = re.compile(r"\b(?:TODO|TBD|TBC|TBA|FIXME)\b")
_BRACKETED = re.compile(
    r"[\[<{](?:please |bitte )?(?:insert|your|enter|fill|describe|add)\b[^\[\]<>{}]{0,80}[\]>}]", re.I
)


@dataclass(frozen=True, slots=True)
class SectionFound:
    """How a section was found: `words` is the number of words that follow, `place` where its heading stands."""

    section: Section
    state: State
    words: int = 0
    place: int = 0


def count_words(text: str) -> int:
    """Return the number of words; of Chinese, Japanese and Korean letters two count as one."""
    words = len(_WORD.findall(text))
    return words if text.isascii() else words + len(_CJK.findall(text)) // 2


def is_placeholder(text: str) -> bool:
    """Return whether `text` holds words that stand where text is missing."""
    if _UNDONE.search(text) or _BRACKETED.search(text):
        return True
    phrases = pattern(all_of(wording().placeholders))
    return phrases is not None and _may_hold_one(text) and phrases.search(fold(text)) is not None


class Form:
    """The form of one document. Sums over its blocks make each section cost the same however much stands in it."""

    def __init__(self, document: Document) -> None:
        blocks = document.blocks
        self._document = document
        self._words = [0, *accumulate(0 if block.level else count_words(block.text) for block in blocks)]
        undone = _undone(blocks)
        self.placeholders = tuple(block.place for block, is_one in zip(blocks, undone, strict=True) if is_one)
        """The place of each block that holds words which stand where text is missing."""
        self._undone = [0, *accumulate(undone)]
        self._headings = [(at, fold(block.text), end) for at, block, end in _spans(blocks)][:MAX_HEADINGS]
        found = (item for item in labelled(blocks) if item.inline or not blocks[item.at].level)
        self._labels = [(item.at, item.label, item.value) for item in islice(found, MAX_HEADINGS)]

    def find(self, sections: Sequence[Section]) -> tuple[SectionFound, ...]:
        """Return, for each section, the best that the document has of it."""
        says = any(section.says for section in sections)
        text = " ".join(fold(block.text) for block in self._document.blocks if block.text) if says else ""
        return tuple(
            min(self._candidates(section, text), key=lambda found: (_BEST_FIRST.index(found.state), -found.words))
            for section in sections
        )

    def _candidates(self, section: Section, text: str) -> Iterator[SectionFound]:
        yield SectionFound(section, "missing")
        blocks = self._document.blocks
        heading = pattern(all_of(section.words))
        if heading is not None:
            for at, folded, end in self._headings:
                if heading.search(folded):
                    words = self._words[end] - self._words[at + 1]
                    undone = self._undone[end] > self._undone[at]
                    yield _judged(section, words, undone, blocks[at].place)
            for at, label, value in self._labels:
                if heading.search(label):
                    yield _judged(section, count_words(value), is_placeholder(value), blocks[at].place)
        says = pattern(all_of(section.says))
        if says is not None and says.search(text):
            yield SectionFound(section, "present")


def _judged(section: Section, words: int, undone: bool, place: int) -> SectionFound:
    state: State = "placeholder" if undone else "present" if words >= section.least else "short"
    return SectionFound(section, state, words, place)


def _spans(blocks: Sequence[Block]) -> Iterator[tuple[int, Block, int]]:
    """Yield each heading with its index and the index where its section ends."""
    ends: dict[int, int] = {}
    open_: list[int] = []
    for at, block in enumerate(blocks):
        if block.level:
            while open_ and blocks[open_[-1]].level >= block.level:
                ends[open_.pop()] = at
            open_.append(at)
    for at in sorted({*ends, *open_}):
        yield at, blocks[at], ends.get(at, len(blocks))


def _undone(blocks: Sequence[Block]) -> list[int]:
    """1 for each block that holds a placeholder. Most documents hold none, which one look at the whole tells."""
    whole = "\n".join(block.text for block in blocks)
    if not (_UNDONE.search(whole) or _BRACKETED.search(whole) or _may_hold_one(whole)):
        return [0] * len(blocks)
    return [int(bool(block.text) and is_placeholder(block.text)) for block in blocks]


def _may_hold_one(text: str) -> bool:
    """Whether the text may hold one of the phrases: quick, and right unless a phrase is parted in an unusual way."""
    lowered = text.lower()
    return any(phrase in lowered for phrase in _spellings())


@lru_cache(maxsize=1)
def _spellings() -> tuple[str, ...]:
    """Each placeholder as it is written, and without its accents."""
    phrases = all_of(wording().placeholders)
    return tuple(sorted({phrase.lower() for phrase in phrases} | {fold(phrase) for phrase in phrases}))
