"""What a library of prevention must hold beyond its types: ids, measures, documents, conditions, sources."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from ..documents import document_kinds
from ..frameworks.validation import threshold_mistakes
from ..measures.catalogue import catalogue
from ..records import Rule
from ..records.prevention import Direction, Mitigation, PreventionSource

PLACEHOLDERS = frozenset(("$attribute", "$group", "$reference", "$column"))
"""What a condition may leave to the risk: its attribute, group, reference group and column."""

_ID = re.compile(r"mp(?:\.[a-z][a-z0-9]*(?:-[a-z0-9]+)*){2}\Z")
_FINDING = re.compile(r"[A-Z]{2,6}-[0-9]{3}\Z")
_REQUIREMENT = re.compile(r"[a-z0-9]+(?:[.-][a-z0-9]+)*#[a-z0-9]+(?:[._-][a-z0-9]+)*\Z")
_ADDRESS = re.compile(r"(?:https?://|urn:|doi:)\S+\Z")
_TOWARDS: dict[str, tuple[Direction, ...]] = {
    "higher_is_better": ("higher", "either", "lower"),
    "lower_is_better": ("lower", "either", "higher"),
    "zero_is_best": ("nearer_zero", "either"),
    "one_is_best": ("nearer_one", "either"),
}


def mistakes_in(mitigations: Sequence[Mitigation], none_known: Mapping[str, str]) -> Iterator[str]:
    """Yield every mistake in mitigations that have the right types, and in what is said of measures without one."""
    seen: set[str] = set()
    for item in mitigations:
        if item.id in seen:
            yield f"{item.id}: the id is given twice"
        seen.add(item.id)
        yield from (f"{item.id}: {text}" for text in _mistakes(item))
    addressed = {measure for item in mitigations for measure in item.addresses.measures}
    for measure in none_known:
        if measure not in catalogue():
            yield f"none_known: there is no measure {measure!r}"
        elif measure in addressed:
            yield f"none_known: {measure} is addressed by a mitigation"


def _mistakes(item: Mitigation) -> Iterator[str]:
    if not _ID.match(item.id):
        yield "isn't an id such as mp.theme.name"
    yield from (f"{field} is empty" for field in ("title", "text") if not getattr(item, field).strip())
    to = item.addresses
    if not (to.measures or to.findings or to.documents or to.requirements):
        yield "addresses nothing"
    if not item.by or not item.against:
        yield "names nobody who could do it, or nothing that it is against"
    yield from (f"there is no measure {name!r}" for name in to.measures if name not in catalogue())
    yield from (f"{name!r} isn't the id of a finding's rule" for name in to.findings if not _FINDING.match(name))
    yield from (f"there is no kind of document {name!r}" for name in to.documents if name not in document_kinds())
    yield from (f"{ref!r} isn't framework#requirement" for ref in to.requirements if not _REQUIREMENT.match(ref))
    for move in item.moves:
        known = catalogue().get(move.measure)
        if known is None:
            yield f"moves {move.measure!r}, which isn't a measure"
        elif move.direction not in _TOWARDS.get(known.direction, (move.direction,)):
            yield f"moves {move.measure} {move.direction}, but it is {known.direction}"
    yield from _source(item.source)
    rules = [("fits_if", item.fits_if)]
    for index, effect in enumerate(item.side_effects):
        yield from _source(effect.source)
        rules.append((f"side_effects[{index}].only_if", effect.only_if))
        if not effect.text.strip():
            yield f"side_effects[{index}].text is empty"
    for path, rule in rules:
        if rule is not None:
            yield from _rule(path, rule)


def _source(source: PreventionSource) -> Iterator[str]:
    if not _ADDRESS.match(source.uri):
        yield f"{source.uri!r} isn't an https, urn or doi address"
    if not source.title.strip() or not source.where.strip():
        yield "a source without its title, or without the place that was read"


def _rule(path: str, rule: Rule) -> Iterator[str]:
    groups = {name: getattr(rule, name) for name in ("all", "any", "none") if getattr(rule, name)}
    if (rule.measure is None) == (not groups) or len(groups) > 1:
        yield f"{path}: names not exactly one of a measure, all, any and none"
    if rule.measure is not None:
        if rule.measure not in catalogue():
            yield f"{path}: there is no measure {rule.measure!r}"
        if rule.op != "exists" and rule.threshold is None:
            yield f"{path}: compares with nothing"
        yield from (str(mistake) for mistake in threshold_mistakes(path, rule))
        for value in rule.where.values():
            if value.startswith("$") and value not in PLACEHOLDERS:
                yield f"{path}: {value!r} is none of {', '.join(sorted(PLACEHOLDERS))}"
    for name, children in groups.items():
        for index, child in enumerate(children):
            yield from _rule(f"{path}.{name}[{index}]", child)
