"""The language that a person reads: gettext over the catalogues in `locale/`, one file a language.

Text is marked with `_()` where it is shown, or with `N_()` where it is only declared. What is signed or stored is
English: text that goes into a record is made under `in_language("en")`. English is the source, and reads no catalogue.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UsageError

if TYPE_CHECKING:
    from .catalogue import Catalogue, Language

SOURCE = "en"
_LOCALE = Path(__file__).parent.parent / "locale"
_TAG = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}")
_language: ContextVar[str] = ContextVar("accord_language", default=SOURCE)


def codes() -> tuple[str, ...]:
    """Return the codes of the languages that Accord speaks (BCP 47), English first."""
    found = (path.stem for path in _LOCALE.glob("*.po") if _TAG.fullmatch(path.stem))
    return (SOURCE, *sorted(found))


def languages() -> tuple[Language, ...]:
    """Return the languages that Accord speaks, each with how complete it is. Raises MalformedInput for a bad file."""
    return tuple(language(code) for code in codes())


def language(code: str) -> Language:
    """Return what is known of the language `code`: its own name, direction, completeness, who reviewed it."""
    from .catalogue import ENGLISH

    return ENGLISH if code == SOURCE else catalogue_of(code).language


def nearest(wanted: str) -> str | None:
    """Return the language there is for a tag (`pt-BR`) or the name of a locale (`pt_BR.UTF-8`), or None."""
    tag = re.split(r"[.@]", wanted, maxsplit=1)[0]
    if not _TAG.fullmatch(tag):
        return None
    there = {code.lower(): code for code in codes()}
    tag = tag.replace("_", "-").lower()
    return there.get(tag) or there.get(tag.partition("-")[0])


def language_of(environment: Mapping[str, str]) -> str:
    """Return the language that a process's environment asks for: `ACCORD_LANG`, else that of its locale if we have it.

    The first of LC_ALL, LC_MESSAGES, LANG that is set decides (POSIX, base definitions, 8.2). Raises UsageError if
    `ACCORD_LANG` names a language that there is no catalogue of.
    """
    if asked := environment.get("ACCORD_LANG"):
        return _known(asked)
    names = (environment.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return nearest(next(filter(None, names), SOURCE)) or SOURCE


def use_language(code: str) -> None:
    """Show texts in the language `code` (BCP 47) from here on.

    Raises UsageError if there is no catalogue, MalformedInput if there is one that can't be read.
    """
    _language.set(_loaded(code))


@contextmanager
def in_language(code: str) -> Iterator[None]:
    """Show texts in the language `code` within the block. Raises as `use_language` does."""
    token = _language.set(_loaded(code))
    try:
        yield
    finally:
        _language.reset(token)


def current_language() -> str:
    """Return the code of the language in use."""
    return _language.get()


def direction() -> str:
    """Return in which direction the language in use is written, as HTML says it: `ltr` or `rtl`."""
    return language(_language.get()).direction


def separators() -> tuple[str, str]:
    """Return the signs that the language in use writes before decimals and between thousands (CLDR)."""
    code = _language.get()
    return (".", ",") if code == SOURCE else catalogue_of(code).separators


def _(text: str) -> str:
    """Translate `text`."""
    code = _language.get()
    return text if code == SOURCE else catalogue_of(code).texts.get(text, text)


def pgettext(context: str, text: str) -> str:
    """Translate `text`, which means something else in another `context`."""
    code = _language.get()
    return text if code == SOURCE else catalogue_of(code).texts.get(f"{context}\x04{text}", text)


def ngettext(singular: str, plural: str, n: int) -> str:
    """Translate a text that counts `n` things."""
    code = _language.get()
    translated = None if code == SOURCE else catalogue_of(code).counted(singular, n)
    return translated or (singular if n == 1 else plural)


def N_(text: str) -> str:
    """Mark `text` for translation where it is shown later."""
    return text


def _known(code: str) -> str:
    found = nearest(code)
    if found is None:
        raise UsageError(
            "unknown-language", f"there is no translation into {code!r}", f"Choose one of: {', '.join(codes())}."
        )
    return found


def _loaded(code: str) -> str:
    found = _known(code)
    if found != SOURCE:
        catalogue_of(found)
    return found


@lru_cache
def catalogue_of(code: str) -> Catalogue:
    """Return the texts of a language other than English. Raises MalformedInput or LimitExceeded for a bad file."""
    from .catalogue import load

    return load(_LOCALE / f"{code}.po", _LOCALE / "accord.pot")
