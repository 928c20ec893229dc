"""What stands under a label: `Owner: the risk unit`, a row `Owner | the risk unit`, a column, a heading's text."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from .interface import CELL, Block
from .phrases import fold, without_numbering

_LABELLED = re.compile(r"[\s\-*+•>–]*([^:：|]{1,90}?)\s*[:：]\s+(\S.*)|[\s\-*+•>–]*([^:：|]{1,60}?)：(\S.*)")
_DASHED = re.compile(r"\s*([^:|–—]{1,60}?)\s+[–—]\s+(\S.*)")
_OPEN = re.compile(r"[\s\-*+•>–]*([^:：|]{1,90}?)\s*[:：]?\s*$")


@dataclass(frozen=True, slots=True)
class Labelled:
    """A label, folded and without its numbering, and the text that it labels; `at` is the index of its block.

    `inline` says that both stand in one block.
    """

    label: str
    value: str
    at: int
    inline: bool = True


def labelled(blocks: Sequence[Block], known: Collection[str] = frozenset()) -> Iterator[Labelled]:
    """Yield what is labelled in `blocks`. A row with two or more `known` labels is the head of a table's columns."""
    columns: list[str] = []
    for at, block in enumerate(blocks):
        text = block.text
        if CELL in text:
            cells = [cell.strip() for cell in text.split(CELL)]
            names = [without_numbering(fold(cell)) for cell in cells]
            if sum(name in known for name in names) > 1:
                columns = names
            elif len(cells) == len(columns):
                yield from (Labelled(name, cell, at) for name, cell in zip(columns, cells, strict=True) if cell)
            elif rest := " ".join(filter(None, cells[1:])):
                yield Labelled(names[0], rest, at)
            continue
        columns = []
        start = text[:130]
        if not (block.level or ":" in start or "：" in start or "–" in start or "—" in start):
            continue
        if found := _LABELLED.match(text) or _DASHED.match(text):
            label, value = [group for group in found.groups() if group is not None]
            yield Labelled(without_numbering(fold(label)), value.strip(), at)
        elif (opened := _OPEN.match(text)) and (block.level or text.rstrip().endswith((":", "："))):
            below = _text_below(blocks, at)
            if below:
                yield Labelled(without_numbering(fold(opened[1])), below, at, inline=False)


def _text_below(blocks: Sequence[Block], at: int) -> str:
    """The next block that is not blank, if it's text."""
    for block in blocks[at + 1 : at + 4]:
        if block.level:
            return ""
        if block.text.strip():
            return block.text.strip()
    return ""
