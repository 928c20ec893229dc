"""The language that a person reads: gettext over the catalogues in `locale/`.

Text is marked with `_()` where it is shown, or with `N_()` where it is only declared. Catalogue files are
read when the first text is translated, not at import.
"""

from __future__ import annotations

import gettext as _gettext
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path

from .errors import UsageError

_LOCALE = Path(__file__).parent / "locale"
_language: ContextVar[str] = ContextVar("accord_language", default="en")


@lru_cache
def _catalogue(language: str) -> _gettext.NullTranslations:
    if language == "en":
        return _gettext.NullTranslations()
    return _gettext.translation("accord", localedir=_LOCALE, languages=[language])


def languages() -> tuple[str, ...]:
    """Return the codes of the languages that Accord speaks, English first."""
    found = (path.parent.parent.name for path in _LOCALE.glob("*/LC_MESSAGES/accord.mo"))
    return ("en", *sorted(found))


def use_language(code: str) -> None:
    """Show texts in the language `code` (BCP 47) from here on. Raises UsageError if there is no catalogue."""
    if code not in languages():
        raise UsageError(
            "unknown-language",
            f"there is no translation into {code!r}",
            f"Choose one of: {', '.join(languages())}.",
        )
    _language.set(code)


def current_language() -> str:
    """Return the code of the language in use."""
    return _language.get()


def _(text: str) -> str:
    """Translate `text`."""
    return _catalogue(_language.get()).gettext(text)


def ngettext(singular: str, plural: str, n: int) -> str:
    """Translate a text that counts `n` things."""
    return _catalogue(_language.get()).ngettext(singular, plural, n)


def N_(text: str) -> str:
    """Mark `text` for translation where it is shown later."""
    return text
