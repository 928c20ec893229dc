"""What a document is once it was read: blocks of text and headings in their order, within limits."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Literal

from ...errors import LimitExceeded, MalformedInput

MAX_BYTES = 64 << 20
"""Bytes of a file that is looked into: a PDF, DOCX or ODT with its pictures."""
MAX_TEXT_BYTES = 8 << 20
"""Bytes of text that are parsed: of a text file, or of an XML part of a DOCX or ODT."""
MAX_CHARACTERS = 4_000_000
MAX_BLOCKS = 200_000
MAX_PAGES = 1000
MAX_SECONDS = 30.0
"""CPU-seconds for one document; a document of a thousand pages takes about ten."""
LONGEST_HEADING = 200
CELL = " | "
"""What stands between the cells of a table's row."""
GUESSED = 9
"""The level of a heading that only looks like one: it ends no section but another guessed one."""

Unit = Literal["line", "page", "paragraph"]


@dataclass(frozen=True, slots=True)
class Block:
    """A line or paragraph. `level` is 1 to 9 for a heading, 0 for text; `place` counts lines, pages or paragraphs."""

    text: str
    place: int
    level: int = 0


@dataclass(frozen=True, slots=True)
class Document:
    """The text of a document. `unit` says what the blocks' places count.

    `margins` is the text of headers and footers, `metadata_date` the date in the file's own metadata (as it stands
    there), which says when a program wrote the file.
    """

    format: str
    blocks: tuple[Block, ...]
    unit: Unit
    margins: tuple[str, ...] = ()
    metadata_date: str | None = None


@dataclass(slots=True)
class Gathering:
    """Collects blocks and stops at the limits of characters, blocks and CPU time."""

    blocks: list[Block] = field(default_factory=list)
    characters: int = 0
    _until: float = field(default_factory=lambda: time.process_time() + MAX_SECONDS)

    def add(self, text: str, place: int, level: int = 0) -> None:
        """Add a block; blank ones count too, since they part paragraphs. A long heading is text."""
        self.characters += len(text)
        if self.characters > MAX_CHARACTERS or len(self.blocks) >= MAX_BLOCKS:
            raise too_much(f"it holds more than {MAX_CHARACTERS:,} characters or {MAX_BLOCKS:,} lines of text")
        self.blocks.append(Block(text, place, level if len(text) <= LONGEST_HEADING else 0))

    def check_time(self) -> None:
        """Raise LimitExceeded once the document has taken too long."""
        if time.process_time() > self._until:
            raise too_much(f"reading it takes more than {MAX_SECONDS:g} seconds")


def unreadable(problem: str) -> MalformedInput:
    """Return the error for a document that can't be read; `problem` completes the sentence "the document …"."""
    return MalformedInput(
        "unreadable-document", problem, "Save it again as text, Markdown, HTML, DOCX, ODT, or PDF with text in it."
    )


def too_much(problem: str) -> LimitExceeded:
    """Return the error for a document that is larger than the limits; `problem` is a sentence about it."""
    return LimitExceeded("document-too-large", problem, "Split it, or hand in its text without pictures.")
