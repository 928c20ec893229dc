"""Reading catalogue files with Babel: the one place that knows the PO format, and imports Babel."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from babel import Locale, UnknownLocaleError
from babel.messages.catalog import Catalog, Message
from babel.messages.plurals import get_plural
from babel.messages.pofile import PoFileError, PoFileParser
from babel.numbers import get_decimal_symbol, get_group_symbol

from ..errors import MalformedInput
from .catalogue import Catalogue, Language, plural_function
from .faults import Forms, fault, forms_of

MAX_FORMS = 6  # Arabic has as many as any language
_PLURAL_FORMS = re.compile(r"\s*nplurals\s*=\s*([1-9])\s*;\s*plural\s*=\s*([^;]{1,500});?\s*")


def read_catalogue(data: bytes, template: bytes, name: str, code: str) -> Catalogue:
    """Return the catalogue of the language `code` in `data`; texts that fail a check are left out, and named.

    Raises MalformedInput, which names the line, for what doesn't follow the PO format or can't count.
    """
    found, wanted = read_po(data, name, code), read_po(template, "accord.pot", "en")
    number, plural = found.counting()
    forms = _forms(plural, number, name)
    texts: dict[str, str] = {}
    plurals: dict[str, tuple[str, ...]] = {}
    mistakes = []
    for message in entries(found):
        ids, strings = _tuple(message.id), _tuple(message.string)
        if message.fuzzy or not all(strings):
            continue
        if problem := fault(ids, strings, forms):
            mistakes.append(f"{ids[0]!r}: {problem}")
        elif len(ids) > 1:
            plurals[_key(message)] = strings
        else:
            texts[_key(message)] = strings[0]
    known = {_key(message) for message in entries(wanted)}
    there = {_key(message) for message in entries(found)}
    if known != there:
        mistakes.append(f"{len(known - there)} texts are missing and {len(there - known)} are of an earlier time")
    return Catalogue(
        language=Language(
            code=code,
            **_described(code),
            translated=len(known & (texts.keys() | plurals.keys())),
            total=len(known),
            reviewed_by=found.headers.get("x-reviewed-by", ""),
        ),
        separators=_separators(code),
        plural=plural,
        texts=texts,
        plurals=plurals,
        mistakes=tuple(mistakes),
    )


class PoCatalogue(Catalog):
    """Babel's catalogue, which takes nothing from the header but its words: there, dates and charsets can be hostile.

    A text that comes twice is refused: which of the two holds would be a matter of chance.
    """

    def __init__(self, name: str, code: str) -> None:
        super().__init__()
        self.headers: dict[str, str] = {}
        self._name, self._code = name, code

    def __setitem__(self, id: Any, message: Message) -> None:
        if not id:
            lines = (line.partition(":") for line in str(message.string).splitlines())
            self.headers = {name.strip().lower(): value.strip() for name, _colon, value in lines}
            return
        if self.get(id, message.context) is not None:
            raise ValueError(f"the text {_tuple(id)[0]!r} comes twice")
        super().__setitem__(id, message)

    @property
    def num_plurals(self) -> int:
        """How many forms a counted text has."""
        return self.counting()[0]

    def counting(self) -> tuple[int, str]:
        """Return how many forms a counted text has, and which number takes which: the header's, else the usual ones."""
        said = self.headers.get("plural-forms") or str(_usual(self._code))
        found = _PLURAL_FORMS.fullmatch(said)
        if not found or int(found[1]) > MAX_FORMS:
            _refuse(self._name, f"Plural-Forms is {said[:80]!r}")
        return int(found[1]), found[2].strip()


def read_po(data: bytes, name: str, code: str) -> PoCatalogue:
    """Return the messages of a PO file as Babel reads it. Raises MalformedInput, which names the line."""
    try:
        # Of the comments only the flags matter here; Babel would gather the others text by text.
        lines = [
            line if line[:1] != "#" or line[:2] == "#," else "#\n" for line in io.StringIO(data.decode("utf-8-sig"))
        ]
    except UnicodeDecodeError as error:
        _refuse(name, f"byte {error.start:,} is not UTF-8")
    catalogue = PoCatalogue(name, code)
    try:
        PoFileParser(catalogue, ignore_obsolete=True, abort_invalid=True).parse(lines)
    except MalformedInput:
        raise
    except PoFileError as error:
        _refuse(name, f"line {error.lineno + 1}: {str(error).rpartition(' on ')[0]}")
    except Exception as error:  # Babel trusts its input: what else it stumbles over has many names
        _refuse(name, f"{error}" if isinstance(error, ValueError) else f"not a PO file ({type(error).__name__})")
    return catalogue


def entries(catalogue: Catalog) -> Iterator[Message]:
    """Yield the messages of a catalogue without its header."""
    return (message for message in catalogue if message.id)


def _forms(plural: str, number: int, name: str) -> Forms:
    try:
        return forms_of(plural_function(plural), number)
    except (ValueError, ZeroDivisionError, RecursionError) as error:
        _refuse(name, f"Plural-Forms can't be used: {error}")


def _key(message: Message) -> str:
    text = _tuple(message.id)[0]
    return f"{message.context}\x04{text}" if message.context else text


def _tuple(value: Any) -> tuple[str, ...]:
    return tuple(value) if isinstance(value, list | tuple) else (str(value),)


def _usual(code: str) -> object:
    try:
        return get_plural(code.replace("-", "_"))
    except ValueError:
        return "nplurals=2; plural=n != 1;"


def _described(code: str) -> dict[str, str]:
    try:
        locale = Locale.parse(code, sep="-")
    except (UnknownLocaleError, ValueError):
        return {"name": code, "direction": "ltr"}
    return {"name": locale.get_display_name(locale) or code, "direction": locale.text_direction}


def _separators(code: str) -> tuple[str, str]:
    # Digits stay 0 to 9, so that a number in a report can be found in the record.
    try:
        locale = Locale.parse(code, sep="-")
    except (UnknownLocaleError, ValueError):
        return ".", ","
    latin = {"numbering_system": "latn"}
    return get_decimal_symbol(locale, **latin), get_group_symbol(locale, **latin)


def _refuse(name: str, what: str) -> NoReturn:
    raise MalformedInput(
        "malformed-catalogue", f"{name}: {what}", "Correct the file; `msgfmt --check` of GNU gettext shows where."
    )
