"""The catalogue of measures: reads `catalogue/*.yaml`, once, when it is first asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec

from ..errors import MalformedInput, UsageError
from ..kept import digest_of, kept
from .measure import COMPARISONS, Kind, Measure

_FOLDER = Path(__file__).parent / "catalogue"
_SECTIONS = ("rates", "comparisons", "measures")
_RATE_DIMENSIONS = [[], ["attribute", "group"]]
_RATE_BY = {"role": "attribute", "name": "attribute", "category": "group"}


@lru_cache(maxsize=1)
def catalogue() -> Mapping[str, Measure]:
    """Return every measure by its id, ordered by theme and then as the files list them."""
    key = digest_of((_FOLDER, Path(__file__), Path(__file__).parent / "measure.py"))
    files = sorted(_FOLDER.glob("*.yaml"))
    return MappingProxyType(kept("measures", key, dict[str, Measure], lambda: dict(load(files))))


def measure(id: str) -> Measure:
    """Return the measure `id`. Raises UsageError that names the nearest ids, if there is none."""
    found = catalogue().get(id)
    if found is None:
        near = get_close_matches(id, catalogue(), n=3, cutoff=0.5)
        remedy = f"Did you mean {' or '.join(near)}?" if near else "`accord measures` lists them."
        raise UsageError("unknown-measure", f"there is no measure {id!r}", remedy)
    return found


def load(files: Iterable[Path]) -> Mapping[str, Measure]:
    """Read measures from YAML files. Raises MalformedInput that names every mistake in the first file that has some."""
    found: dict[str, Measure] = {}
    for file in files:
        mistakes: list[str] = []
        for place, entry in _entries(_read(file), mistakes):
            try:
                item = msgspec.convert(entry, Measure)
            except msgspec.ValidationError as error:
                mistakes.append(f"{place}: {error}")
                continue
            mistakes += [f"{place}: {text}" for text in _mistakes(item, found)]
            found[item.id] = item
        if mistakes:
            _refuse(file, "; ".join(mistakes))
    return MappingProxyType(found)


def _refuse(file: Path, message: str) -> None:
    raise MalformedInput("malformed-catalogue", f"{file.name}: {message}", "Correct the entries that are named.")


def _read(file: Path) -> Any:
    import yaml

    try:
        return yaml.load(file.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        _refuse(file, " ".join(str(error).split()))


def _entries(document: Any, mistakes: list[str]) -> Iterator[tuple[str, Any]]:
    """Yield every entry with its place: those that are written out, and rates with what compares them."""
    if not isinstance(document, dict):
        mistakes.append("a catalogue file is a mapping")
        return
    mistakes += [f"{key}: unknown section" for key in document if key not in _SECTIONS]
    templates = document.get("comparisons") or {}
    for section in ("rates", "measures"):
        entries = document.get(section) or []
        if not isinstance(entries, list) or not isinstance(templates, dict):
            mistakes.append(f"{section}: not a list, or comparisons: not a mapping")
            return
        for index, entry in enumerate(entries):
            place = f"{section}[{index}]"
            if not isinstance(entry, dict):
                mistakes.append(f"{place}: not a mapping")
            elif section == "measures":
                yield _named(place, entry), entry
            else:
                yield from _rate(_named(place, entry), entry, templates)


def _named(place: str, entry: dict[str, Any]) -> str:
    return f"{place} ({entry['id']})" if isinstance(entry.get("id"), str) else place


def _rate(place: str, entry: dict[str, Any], templates: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield a rate over all rows and in groups, and each comparison of it."""
    rate = {key: value for key, value in entry.items() if key not in ("events", "trials", "known_as")}
    selectors = {key: entry.get(key) for key in ("events", "trials")}
    derivation = {"kind": "rate", "by": _RATE_BY, **selectors}
    yield place, {"unit": "1", "dimensions": _RATE_DIMENSIONS, **rate, "derivation": derivation}
    known_as = entry.get("known_as") or {}
    for kind, template in templates.items():
        texts = {
            key: value.replace("{title}", str(rate.get("title"))).replace("{formula}", str(rate.get("formula")))
            if key in ("title", "definition", "formula") and isinstance(value, str)
            else value
            for key, value in template.items()
        }
        derived = {"id": f"{rate.get('id')}_{kind}", "derivation": {"kind": kind, "of": [rate.get("id")]}}
        yield f"{place}.{kind}", {**texts, **known_as.get(kind, {}), **derived}


def _mistakes(item: Measure, known: Mapping[str, Measure]) -> Iterator[str]:
    """Yield what the types can't say: ids are unique, and each kind has what it needs."""
    derivation, kind = item.derivation, item.derivation.kind
    if item.id in known:
        yield "the id is given twice"
    if kind in COMPARISONS:
        yield from _comparison_mistakes(item, kind, known)
        return
    if derivation.of:
        yield f"a {kind} is not made of other measures"
    if kind in ("share", "rate") and not (derivation.events and derivation.trials):
        yield f"a {kind} needs events and trials"
    if kind == "count" and bool(derivation.events) == bool(derivation.categories_of):
        yield "a count needs either events or categories_of"
    by = derivation.by
    picked = {name for name in (by.name, by.category) if name} if by else set()
    if kind != "fact" and any(set(names) not in (set(), picked) for names in item.dimensions):
        yield "the dimensions are not those that `by` names"


def _comparison_mistakes(item: Measure, kind: Kind, known: Mapping[str, Measure]) -> Iterator[str]:
    if not item.derivation.of or (len(item.derivation.of) > 1 and kind != "gap"):
        yield f"a {kind} is made of one rate (a gap of one or more)"
    for name in item.derivation.of:
        if name not in known or known[name].derivation.kind != "rate":
            yield f"{name} is not a rate listed before it"
    needed = ("attribute", "group", "reference") if kind in ("difference", "ratio") else ("attribute",)
    if item.dimensions != (needed,):
        yield f"the dimensions of a {kind} are {', '.join(needed)}"
