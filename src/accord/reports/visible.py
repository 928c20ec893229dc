"""Input may hold characters that steer a terminal or reorder a line; here they become visible escapes.

Unicode Technical Report 36 (section 2.10) and CVE-2021-42574 say why bidirectional controls are not shown as they
are. What languages need to be written stays: the joiners of Persian and Indic scripts, spaces of any width.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_JOINERS = frozenset("\u200c\u200d")
_BLANK_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
_ESCAPED_CATEGORIES = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_NOT_PLAIN = re.compile("[^ -~]")
_LONGEST = 2_000
STEERING = re.compile("[\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]")
"""What JSON writes as it is though it steers a terminal, or can't be seen; the joiners of Persian and Indic stay."""


def visible(text: str, *, keep: str = "", longest: int | None = _LONGEST) -> str:
    r"""Return `text` with control, format and bidirectional characters and lone surrogates as `\u…` escapes.

    Characters in `keep` stay. More than `longest` characters are cut, and the cut is said.
    """
    if longest is not None and len(text) > longest:
        text = f"{text[:longest]}… (+{len(text) - longest:,})"
    return _NOT_PLAIN.sub(lambda found: found[0] if found[0] in keep else _written(found[0]), text)


@lru_cache(maxsize=4096)
def _written(character: str) -> str:
    """Return a character that is not plain ASCII as it is, or as its escape."""
    if character in _JOINERS:
        return character
    category = unicodedata.category(character)
    # The signs that Arabic and Syriac write numbers and verses with are of category Cf, yet they have ink.
    has_ink = category == "Cf" and unicodedata.bidirectional(character) in ("AN", "AL") and character != "\u061c"
    steers = category in _ESCAPED_CATEGORIES and not has_ink
    return _escape(character) if steers or character in _BLANK_LETTERS else character


def _escape(character: str) -> str:
    code = ord(character)
    if character in _SHORT:
        return _SHORT[character]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
