"""What would make a translation dangerous to show: other placeholders than the source, or signs that nobody sees."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from string import Formatter

Forms = tuple[frozenset[int], ...]
"""For each plural form, the numbers of a sample that take it."""
_SAMPLE = (*range(1001), 10_000, 1_000_000, 2_000_000, 10**9)
_JOINERS = "\u200c\u200d"


def forms_of(function: Callable[[int], int], number: int) -> Forms:
    """Return which numbers take which of `number` forms. Raises ValueError if one takes none of them."""
    taken: list[set[int]] = [set() for _ in range(number)]
    for n in _SAMPLE:
        form = function(n)
        if not 0 <= form < number:
            raise ValueError(f"{n:,} takes the form {form}, of {number}")
        taken[form].add(n)
    return tuple(map(frozenset, taken))


def fault(source: Sequence[str], translation: Sequence[str], forms: Forms) -> str | None:
    """Return what is wrong with a translation, or None. `source` is a text, or singular and plural.

    A translation has the placeholders of its source, format and all. A form that stands for a single number may say
    that number in words, without `{n}` or `{count}`.
    """
    wanted = placeholders(source[-1])
    for form, text in enumerate(translation):
        found = placeholders(text)
        in_words = len(source) > 1 and len(forms[form]) == 1
        if found != wanted and not (in_words and found in (wanted - {"{n}"}, wanted - {"{count}"})):
            return f"the placeholders of {text!r} are not those of the source"
        if hidden := _hidden(text):
            return f"U+{ord(hidden):04X} can't be seen"
        if _edges(text) != _edges(source[-1]):
            return "begins or ends with other blanks than the source"
    if len(source) > 1 and len(translation) != len(forms):
        return f"has {len(translation)} forms, where the language has {len(forms)}"
    return None


def placeholders(text: str) -> frozenset[str]:
    """Return the fields of a format as they are written (`{size:,}`); a text that is no format has its braces."""
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        return frozenset(char for char in text if char in "{}")
    return frozenset(
        f"{{{name}{f'!{conversion}' if conversion else ''}{f':{spec}' if spec else ''}}}"
        for _literal, name, spec, conversion in parts
        if name is not None
    )


def _hidden(text: str) -> str | None:
    """Return the first character that steers a display or can't be seen; the page would show it as an escape."""
    return next(
        (
            c
            for c in text
            if c not in _JOINERS and c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")
        ),
        None,
    )


def _edges(text: str) -> tuple[str, str]:
    """Return the blanks at both ends; those of a bare sign, such as a comma, are the language's own affair."""
    if not any(map(str.isalpha, text)):
        return "", ""
    return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
