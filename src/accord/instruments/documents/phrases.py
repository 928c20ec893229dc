"""Phrases as headings and labels use them: without case, accents, punctuation and numbering."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

_APART = re.compile(r"[^\w\s]+|_|\s+")
_NUMBERING = re.compile(r"(?:(?:[0-9]{1,3}|[ivx]{1,5}|[a-h]) )+(?=\D)")
_LEAD = re.compile(r"(?:section|annex|chapter|part|article|abschnitt|kapitel|anhang|artikel) [0-9ivx]{1,4} ")
_FIRST_CJK = 0x1100


def fold(text: str) -> str:
    """Return `text` in small letters without accents, each run of anything but letters and digits as one blank."""
    if not text.isascii():
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
        text = unicodedata.normalize("NFC", text)
    return " ".join(_APART.sub(" ", text.casefold()).split())


def without_numbering(folded: str) -> str:
    """Return a folded heading or label without the number before it."""
    bare = _LEAD.sub("", folded, count=1)
    found = _NUMBERING.match(bare)
    return bare[found.end() :] if found and found.end() < len(bare) else bare


@lru_cache(maxsize=512)
def pattern(phrases: tuple[str, ...]) -> re.Pattern[str] | None:
    """Return what finds one of `phrases` as whole words in folded text, `*` being any letters; None for no phrase.

    Chinese, Japanese and Korean don't part words by blanks, or add to them: such phrases may stand inside one.
    """
    found = sorted({_expression(phrase) for phrase in phrases}, key=len, reverse=True)
    return re.compile("|".join(found)) if found else None


def all_of(words: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the phrases of all languages."""
    return tuple(_flat(words.values()))


def _flat(groups: Iterable[tuple[str, ...]]) -> Iterable[str]:
    for group in groups:
        yield from group


def _expression(phrase: str) -> str:
    marked = fold(phrase.replace("*", "\u02ac"))  # a letter that no language uses stands for the star meanwhile
    body = re.escape(marked).replace("\u02ac", r"\w*").replace(r"\ ", " ")
    before = "" if ord(marked[0]) >= _FIRST_CJK else r"(?<!\w)"
    after = "" if ord(marked[-1]) >= _FIRST_CJK else r"(?!\w)"
    return f"{before}{body}{after}"
