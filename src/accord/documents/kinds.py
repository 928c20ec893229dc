"""The catalogue of document kinds, and the form that a source states for some of them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from ..kept import digest_of, kept
from ..records.measurement import Record

Need = Literal["date", "version", "owner"]
Words = dict[str, tuple[str, ...]]

_HERE = Path(__file__).parent


class Section(Record, frozen=True, kw_only=True):
    """A section that a document must have: found by the `words` of its heading or by what it `says`, by language.

    `least` is the number of words that must follow the heading. In a word `*` stands for any letters.
    """

    id: str
    title: str
    words: Words = {}
    says: Words = {}
    least: int = 15


class DocumentKind(Record, frozen=True, kw_only=True):
    """A kind of document: its id, as the card's `[documents]` and frameworks name it, a title, and its form.

    `needs` is what a document of this kind states about itself. `source` states that it has these `sections`;
    `form_for` names the frameworks that this source belongs to, nothing where the form makes the kind for everybody.
    """

    id: str
    title: str
    needs: tuple[Need, ...] = ("date", "version", "owner")
    sections: tuple[Section, ...] = ()
    source: str = ""
    form_for: tuple[str, ...] = ()

    def has_form_for(self, framework: str) -> bool:
        """Whether `framework` (its id) may hold a document of this kind to these sections."""
        return bool(self.sections) and (not self.form_for or framework in self.form_for)


class Wording(Record, frozen=True, kw_only=True):
    """Labels of date, version and owner, words that stand where text is missing, and names of months, by language."""

    date: Words
    version: Words
    owner: Words
    placeholders: Words
    months: Words


@lru_cache(maxsize=1)
def document_kinds() -> dict[str, DocumentKind]:
    """Return every kind of document by its id, in the order of the catalogue."""
    kinds = _read("kinds.yaml", dict[str, tuple[DocumentKind, ...]])["kinds"]
    return {kind.id: kind for kind in kinds}


@lru_cache(maxsize=1)
def wording() -> Wording:
    """Return the words by which documents speak of themselves."""
    found: Wording = _read("wording.yaml", Wording)
    return found


def _read(name: str, kind: Any) -> Any:
    """Read a file of this folder, from an earlier time if it did not change since."""

    def make() -> Any:
        import msgspec
        import yaml

        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        return msgspec.convert(yaml.load((_HERE / name).read_bytes(), Loader=loader), type=kind)  # noqa: S506 - ours

    return kept("documents", digest_of((_HERE / name, Path(__file__))), kind, make)
