"""A language's catalogue, checked once and kept in a form that loads fast."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from msgspec import Struct

from ..errors import LimitExceeded, UsageError
from ..kept import digest_of, kept

MAX_BYTES = 4 << 20
_HERE = Path(__file__).parent
_READ_BY = (_HERE / "catalogue.py", _HERE / "reading.py", _HERE / "faults.py")


class Language(Struct, frozen=True, kw_only=True):
    """A language that Accord speaks.

    `name` is what its speakers call it; `translated` of `total` texts of the template are translated; `reviewed_by`
    names the speaker who reviewed them, and is empty where none did.
    """

    code: str
    name: str
    direction: str
    translated: int
    total: int
    reviewed_by: str

    @property
    def source(self) -> bool:
        """Whether it is English, which the others are translated from."""
        return self.code == "en"

    @property
    def percent(self) -> int:
        """How much is translated, in whole percent; 100 only where nothing is missing."""
        return 100 * self.translated // self.total if self.total else 100


ENGLISH = Language(code="en", name="English", direction="ltr", translated=0, total=0, reviewed_by="")
"""The source: there is nothing to translate."""


class Catalogue(Struct, frozen=True, kw_only=True):
    """The texts of a language that passed the checks; `mistakes` says which didn't: English is shown for these.

    `plural` is the expression of the header's Plural-Forms, `plurals` the forms by the English singular. A text with a
    context is found by context, U+0004 and text, as in a .mo file.
    """

    language: Language
    separators: tuple[str, str]
    plural: str
    texts: dict[str, str]
    plurals: dict[str, tuple[str, ...]]
    mistakes: tuple[str, ...]

    def counted(self, singular: str, n: int) -> str | None:
        """Return the form for `n` things; None where there is none."""
        forms = self.plurals.get(singular)
        try:
            return forms[plural_function(self.plural)(n)] if forms else None
        except (ZeroDivisionError, IndexError):
            return None


def load(path: Path, template: Path) -> Catalogue:
    """Return the catalogue in a .po file, its completeness counted against the `template` (.pot).

    Raises MalformedInput, which names the line, or LimitExceeded for a file of more than `MAX_BYTES`.
    """

    def read() -> Catalogue:
        from .reading import read_catalogue

        return read_catalogue(data, source, path.name, path.stem)

    data, source = _bytes(path), _bytes(template)
    key = f"{digest_of(_READ_BY)[:32]}/{path.stem}-{sha256(sha256(source).digest() + data).hexdigest()}"
    return kept("languages", key, Catalogue, read)


@lru_cache
def plural_function(expression: str) -> Callable[[int], int]:
    """Return which form a number takes, from the C expression of Plural-Forms. Raises ValueError if it is none."""
    from gettext import c2py

    return c2py(expression)


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(
            "no-catalogue", f"{path}: {error.strerror or 'can not be read'}", "Install Accord again."
        ) from None
    if len(data) > MAX_BYTES:
        raise LimitExceeded(
            "catalogue-too-large",
            f"{path.name} has more than {MAX_BYTES:,} bytes",
            "A catalogue has a fraction of that.",
        )
    return data
