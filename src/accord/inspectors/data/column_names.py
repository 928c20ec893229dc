"""What is wrong with a column's name: characters that deceive whoever shows it."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_BIDIRECTIONAL: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_MARKUP: Final = re.compile(r"<\s*[A-Za-z/!?]|&#?\w+;")


def oddities(name: str) -> list[str]:
    """Return in words what a name holds that it should not: control or bidirectional characters, HTML."""
    found = []
    if any(unicodedata.category(character) == "Cc" for character in name):
        found.append("control characters")
    if any(character in _BIDIRECTIONAL for character in name):
        found.append("characters that turn the direction of text")
    if _MARKUP.search(name):
        found.append("HTML")
    return found
