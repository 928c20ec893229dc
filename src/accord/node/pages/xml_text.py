"""Text that may stand in XML: some characters can't, not even as an escape (XML 1.0, production 2, Char)."""

from __future__ import annotations

import re
import unicodedata

from ...reports.visible import visible

_NO_CHARACTER = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml_text(text: str) -> str:
    """Return a text with what steers a display as escapes, and what XML does not know replaced."""
    return _NO_CHARACTER.sub("\N{REPLACEMENT CHARACTER}", visible(text, longest=None))


def narrow(text: str, most: int) -> str:
    """Return a text for XML cut to so many columns, where wide characters (Unicode Annex 11) take two."""
    sound, columns = xml_text(text), 0
    for place, character in enumerate(sound):
        columns += 0 if unicodedata.combining(character) else 1 + (unicodedata.east_asian_width(character) in "WF")
        if columns > most:
            return f"{sound[: max(0, place - 1)]}…"
    return sound
