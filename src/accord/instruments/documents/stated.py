"""What a document states about itself: date, version, and that somebody answers for it (never who).

Looked at are the first 400 and the last 100 blocks, and headers and footers: labels with their values, and what
stands alone on the title page. Each label is compared whole, so "next review date" is no date of the document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal

from ...documents import wording
from .dates import find_dates
from .form import is_placeholder
from .interface import Block, Document
from .labels import Labelled, labelled
from .phrases import all_of, fold, without_numbering

_HEAD = 400
_TAIL = 100
_TITLE_PAGE = 40
_VERSION = re.compile(
    r"(?:v|ver|version|rev|no|nr|n\.º|nº)?[.\s]{0,2}(\d{1,6}(?:\.\d{1,6}){0,4}(?:[-+][A-Za-z0-9.]{1,20})?(?![\w/])|[A-Z](?!\w))",
    re.IGNORECASE,
)
_VERSION_WITHIN = re.compile(
    r"(?:^|[\s(,\-–—])(?:version|versión|versão|versione|ver\.|rev\.|v|版本|버전)\s?\.?(\d{1,6}(?:\.\d{1,6}){0,4})(?![\w/])",
    re.I,
)
_PLACE_BEFORE_DATE = re.compile(r"[^\d,|:]{2,40},\s*(?:den|the|le|a|em|am|on|,)?\s*$", re.IGNORECASE)
_PARTICLES = frozenset(
    ("on", "of", "am", "vom", "den", "der", "le", "du", "el", "del", "em", "de", "da", "the", "as", "at", "dated")
)
_NOBODY = frozenset(
    ("", "n a", "na", "none", "unknown", "nobody", "keine", "unbekannt", "inconnu", "desconocido", "ninguno")
)

Problem = Literal["", "missing", "ambiguous", "future"]


@dataclass(frozen=True, slots=True)
class Stated:
    """A text that the document states, or None."""

    value: str | None


@dataclass(frozen=True, slots=True)
class StatedDate:
    """The newest date that the document states of itself, in ISO 8601; or the `problem`.

    `of_file` says that only the file's own metadata have a date. `seen` is the date that lies in the future.
    """

    value: str | None
    problem: Problem = ""
    of_file: bool = False
    seen: str = ""


def stated_date(document: Document, today: date) -> StatedDate:
    """Return the newest date that the document gives as its own and that's not after tomorrow."""
    latest = (today + timedelta(days=1)).isoformat()
    found = list(_dates(document))
    past = [value for value in found if value is not None and value <= latest]
    if past:
        return StatedDate(max(past))
    future = [value for value in found if value is not None]
    if future:
        return StatedDate(None, "future", seen=max(future))
    if found:
        return StatedDate(None, "ambiguous")
    of_file = [item.value for item in find_dates((document.metadata_date or "")[:10]) if item.value]
    if of_file:
        future_file = of_file[0] > latest
        return StatedDate(None if future_file else of_file[0], "future" if future_file else "", True, of_file[0])
    return StatedDate(None, "missing")


def stated_version(document: Document) -> Stated:
    """Return the version that the document gives as its own, without a leading v."""
    names = _names("version")
    for item in _labelled(document):
        if item.label in names and (found := _VERSION.match(item.value)):
            return Stated(found[1])
    for at, block in enumerate(_title_page(document)):
        if find := _version_within(block, first=at == 0):
            return Stated(find)
    for text in document.margins:
        if found := _VERSION_WITHIN.search(text[:200]):
            return Stated(found[1])
    return Stated(None)


def stated_owner(document: Document) -> bool:
    """Return whether the document says who answers for it. Who that is, is not kept: it may be a person."""
    names = _names("owner")
    return any(
        item.label in names and sum(map(str.isalpha, item.value)) > 1 and _is_somebody(item.value)
        for item in _labelled(document)
    )


def _is_somebody(value: str) -> bool:
    return fold(value[:200]) not in _NOBODY and not is_placeholder(value)


def _dates(document: Document) -> Iterator[str | None]:
    names = _names("date") | _names("version")
    for item in _labelled(document):
        if item.label in names:
            yield from (found.value for found in find_dates(item.value)[:1])
    title = _title_page(document)
    for at, block in enumerate([*title, *_last(document)]):
        text = block.text.strip()
        if len(text) > 120 or not (found := find_dates(text)[:1]):
            continue
        before, after = text[: found[0].start].strip(), text[found[0].end :].strip(" .)")
        words = [word for word in fold(before).split() if word not in _PARTICLES]
        alone = not words and at < len(title)
        signed = not after and (alone or _PLACE_BEFORE_DATE.fullmatch(f"{before} ") is not None)
        of_version = 0 < len(words) <= 3 and words[0] in _names("version")
        if signed or of_version or " ".join(words) in names:
            yield found[0].value


def _version_within(block: Block, *, first: bool) -> str | None:
    text = block.text.strip()[:200]
    starts = without_numbering(fold(text)).split(" ", 1)
    if starts[0] in _names("version") and len(text.split()) <= 12 and len(starts) > 1:
        found = _VERSION.match(re.sub(r"^\W*\w+\W*", "", text))
        return found[1] if found and found[1][0].isdigit() else None
    if (block.level or first) and len(text.split()) <= 14 and (within := _VERSION_WITHIN.search(text)):
        return within[1]
    return None


def _labelled(document: Document) -> Iterator[Labelled]:
    known = _names("date") | _names("version") | _names("owner")
    margins = tuple(Block(text, 0) for text in document.margins)
    yield from labelled(document.blocks[:_HEAD], known)
    yield from labelled(document.blocks[max(_HEAD, len(document.blocks) - _TAIL) :], known)
    yield from labelled(margins, known)


def _title_page(document: Document) -> list[Block]:
    return [block for block in document.blocks[:_HEAD] if block.text.strip()][:_TITLE_PAGE]


def _last(document: Document) -> list[Block]:
    return [block for block in document.blocks[-_TAIL:] if block.text.strip()][-20:]


@lru_cache(maxsize=3)
def _names(of: Literal["date", "version", "owner"]) -> frozenset[str]:
    return frozenset(fold(phrase) for phrase in all_of(getattr(wording(), of)))
