"""The library of measures of prevention: `library/*.yaml`, a file a theme; `sources.yaml` holds what they cite.

An entry cites by key (`source: {of: hardt-2016, where: abstract}`), so that a source is written, and marked as opened
or not, in one place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec

from ..errors import MalformedInput, UsageError
from ..frameworks.mistakes import Mistake, structural_mistakes
from ..frameworks.yaml_reading import read_yaml
from ..kept import digest_of, kept
from ..records.measurement import Record
from ..records.prevention import Mitigation
from .validation import mistakes_in

_FOLDER = Path(__file__).parent / "library"
_HERE = Path(__file__).parent
_SOURCES = "sources.yaml"
_CHECKED_BY = (
    _FOLDER,
    _HERE / "loading.py",
    _HERE / "validation.py",
    _HERE.parent / "records" / "prevention.py",
    _HERE.parent / "records" / "framework.py",
    _HERE.parent / "measures" / "catalogue",
    _HERE.parent / "documents" / "kinds.yaml",
)


class Library(Record, frozen=True, kw_only=True):
    """All mitigations, by theme and in the order of the files, and the measures that none is known for, with why."""

    mitigations: tuple[Mitigation, ...]
    none_known: dict[str, str]


def library() -> tuple[Mitigation, ...]:
    """Return every measure of prevention."""
    return _library().mitigations


def none_known() -> Mapping[str, str]:
    """Return the measures that frameworks ask for and that nothing is known to prevent, each with the reason."""
    return MappingProxyType(_library().none_known)


def mitigation(id: str) -> Mitigation:
    """Return the measure of prevention `id`. Raises UsageError that names the nearest ids, if there is none."""
    found = {item.id: item for item in library()}
    if id not in found:
        near = get_close_matches(id, found, n=3, cutoff=0.5)
        remedy = f"Did you mean {' or '.join(near)}?" if near else "`accord prevent --list` lists them."
        raise UsageError("unknown-prevention", f"there is no measure of prevention {id!r}", remedy)
    return found[id]


@lru_cache(maxsize=1)
def _library() -> Library:
    files = sorted(_FOLDER.glob("*.yaml"))
    return kept(
        "prevention", digest_of(_CHECKED_BY)[:32], Library, lambda: parse({f.name: f.read_bytes() for f in files})
    )


def parse(files: Mapping[str, bytes]) -> Library:
    """Read a library from the bytes of its files by name. Raises MalformedInput that lists every mistake at once."""
    contents = {name: read_yaml(data, name=name) for name, data in files.items()}
    sources = contents.pop(_SOURCES, None) or {}
    mistakes: list[str] = []
    if not isinstance(sources, dict):
        mistakes.append(f"{_SOURCES}: isn't a mapping")
        sources = {}
    found: list[Mitigation] = []
    unknown: dict[str, str] = {}
    for name, content in contents.items():
        entries, reasons = _parts(name, content, mistakes)
        unknown.update(reasons)
        for index, entry in enumerate(entries):
            place = f"{name}: mitigations[{index}]"
            try:
                found.append(msgspec.convert(_with_sources(entry, sources), Mitigation, strict=True))
            except (msgspec.ValidationError, RecursionError) as error:
                named = tuple(structural_mistakes(_with_sources(entry, sources), Mitigation))
                mistakes += _said(place, named or (Mistake("(top)", str(error), "Correct it."),))
    mistakes += mistakes_in(found, unknown)
    if mistakes:
        listed = "\n".join(f"  {mistake}" for mistake in mistakes)
        raise MalformedInput("invalid-prevention", f"{len(mistakes)} mistakes\n{listed}", "Correct what is listed.")
    return Library(mitigations=tuple(found), none_known=unknown)


def _parts(name: str, content: Any, mistakes: list[str]) -> tuple[list[Any], dict[str, str]]:
    """Return the entries of a file and its `none_known`; note what is not of that form."""
    if not isinstance(content, dict):
        mistakes.append(f"{name}: isn't a mapping with `mitigations`")
        return [], {}
    mistakes += [f"{name}: unknown key {key!r}" for key in content if key not in ("mitigations", "none_known")]
    entries, reasons = content.get("mitigations") or [], content.get("none_known") or {}
    if not isinstance(entries, list):
        mistakes.append(f"{name}: mitigations: isn't a list")
        entries = []
    if not isinstance(reasons, dict) or not all(isinstance(reason, str) and reason for reason in reasons.values()):
        mistakes.append(f"{name}: none_known: isn't a mapping from measures to reasons")
        reasons = {}
    return entries, reasons


def _with_sources(entry: Any, sources: dict[str, Any]) -> Any:
    """Replace `{of: KEY, where: …}` by the source itself. A key that isn't there stays, and is refused as unknown."""
    if isinstance(entry, list):
        return [_with_sources(item, sources) for item in entry]
    if not isinstance(entry, dict):
        return entry
    cited = entry.get("of")
    if isinstance(cited, str) and isinstance(sources.get(cited), dict):
        return {**sources[cited], **{key: value for key, value in entry.items() if key != "of"}}
    return {key: _with_sources(value, sources) for key, value in entry.items()}


def _said(place: str, mistakes: Iterable[Mistake]) -> Iterator[str]:
    return (f"{place}: {mistake}" for mistake in mistakes)
