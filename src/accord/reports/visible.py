"""Input may hold characters that steer a terminal or reorder a line; here they become visible escapes.

Unicode Technical Report 36 (section 2.10) and CVE-2021-42574 say why bidirectional controls are not shown as they
are. What languages need to be written stays: the joiners of Persian and Indic scripts, spaces of any width.
"""

from __future__ import annotations

import unicodedata

_JOINERS = frozenset("\u200c\u200d")
_BLANK_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
_ESCAPED_CATEGORIES = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_LONGEST = 2_000


def visible(text: str, *, keep: str = "", longest: int | None = _LONGEST) -> str:
    r"""Return `text` with control, format and bidirectional characters and lone surrogates as `\u…` escapes.

    Characters in `keep` stay. More than `longest` characters are cut, and the cut is said.
    """
    if longest is not None and len(text) > longest:
        text = f"{text[:longest]}… (+{len(text) - longest:,})"
    if text.isprintable() and (text.isascii() or not _BLANK_LETTERS.intersection(text)):
        return text
    return "".join(character if _shown(character, keep) else _escape(character) for character in text)


def _shown(character: str, keep: str) -> bool:
    if character in keep or character in _JOINERS:
        return True
    if character in _BLANK_LETTERS:
        return False
    category = unicodedata.category(character)
    # The signs that Arabic and Syriac write numbers and verses with are of category Cf, yet they have ink.
    has_ink = category == "Cf" and unicodedata.bidirectional(character) in ("AN", "AL")
    return category not in _ESCAPED_CATEGORIES or (has_ink and character != "\u061c")


def _escape(character: str) -> str:
    code = ord(character)
    if character in _SHORT:
        return _SHORT[character]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
