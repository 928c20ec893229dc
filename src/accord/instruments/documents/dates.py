"""Dates as people write them, in ISO 8601. What could be two days is not read: 03/04/2025 is a day in March or April.

Read are 2025-03-04, 2025/3/4, 4.3.2025 (with dots the day stands first), 13/03/2025 (no other order is possible),
4 March 2025, March 4, 2025, March 2025, 2025年3月4日 and 2025년 3월 4일, with the months of five languages.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from ...documents import wording

_LONGEST = 400


@dataclass(frozen=True, slots=True)
class FoundDate:
    """A date in a text, from `start` to `end`. `value` is YYYY-MM-DD or YYYY-MM, or None if it can't be told."""

    value: str | None
    start: int
    end: int


def find_dates(text: str) -> list[FoundDate]:
    """Return the dates in the first 400 characters of `text`, in their order."""
    plain = _plain(text[:_LONGEST])
    return [FoundDate(_value(found), *found.span()) for found in _pattern().finditer(plain)]


def _plain(text: str) -> str:
    """Small letters without accents, each character in its place."""
    return "".join(_without_accent(character).lower()[0] for character in text)


def _without_accent(character: str) -> str:
    parts = unicodedata.normalize("NFD", character)
    return parts[0] if len(parts) > 1 and unicodedata.combining(parts[1]) else character


@lru_cache(maxsize=1)
def _months() -> dict[str, int]:
    return {_plain(name): number for names in wording().months.values() for number, name in enumerate(names, 1)}


@lru_cache(maxsize=1)
def _pattern() -> re.Pattern[str]:
    month = "|".join(sorted(_months(), key=len, reverse=True))
    return re.compile(
        r"(?<![\d.\-/])(?:"
        r"(?P<y1>\d{4})(?P<s1>[-/.])\s?(?P<m1>\d{1,2})(?P=s1)\s?(?P<d1>\d{1,2})(?![\d/])"
        r"|(?P<a>\d{1,2})(?P<s2>[-/.])\s?(?P<b>\d{1,2})(?P=s2)\s?(?P<y2>\d{4})(?![\d/])"
        rf"|(?P<d3>\d{{1,2}})(?:st|nd|rd|th|er|o|a|º|ª|\.)?[\s-]{{0,3}}(?:de |of )?(?P<m3>{month})\.?,?[\s-]{{0,3}}"
        r"(?:de |del )?(?P<y3>\d{4})(?!\d)"
        rf"|(?<!\w)(?P<m4>{month})\.?\s{{1,3}}(?P<d4>\d{{1,2}})(?:st|nd|rd|th)?,?\s{{1,3}}(?P<y4>\d{{4}})(?!\d)"
        rf"|(?<!\w)(?P<m5>{month})\.?,?\s{{1,3}}(?:de |del )?(?P<y5>\d{{4}})(?!\d)"
        r"|(?P<y6>\d{4})\s?[年년]\s?(?P<m6>\d{1,2})\s?[月월](?:\s?(?P<d6>\d{1,2})\s?[日일])?"
        r"|(?P<y7>\d{4})-(?P<m7>\d{2})(?![\d-])"
        r")"
    )


def _value(found: re.Match[str]) -> str | None:
    parts = {name: text for name, text in found.groupdict().items() if text}
    if "a" in parts:
        return _day_and_month(int(parts["y2"]), int(parts["a"]), int(parts["b"]), parts["s2"])
    number = next(name[1] for name in parts if name[0] == "y")
    month = parts[f"m{number}"]
    which = int(month) if month.isdecimal() else _months()[month]
    return _iso(int(parts[f"y{number}"]), which, parts.get(f"d{number}"))


def _day_and_month(year: int, first: int, second: int, separator: str) -> str | None:
    if separator == "." or first == second or first > 12:
        return _iso(year, second, str(first))
    return _iso(year, first, str(second)) if second > 12 else None


def _iso(year: int, month: int, day: str | None) -> str | None:
    try:
        if not 1900 <= year < 2200:
            return None
        found = date(year, month, int(day or 1))
    except ValueError:
        return None
    return found.isoformat() if day else found.isoformat()[:7]
