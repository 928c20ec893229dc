"""What changed between two versions of a framework: requirements, thresholds, dates, classes and questions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from ..records import Framework, Question, Requirement, Rule, TierClass, to_builtins
from ..records.measurement import Record

T = TypeVar("T", Requirement, TierClass, Question)

_APART = frozenset(("requirements", "tiers", "questions"))


class FieldChange(Record, frozen=True, kw_only=True):
    """One field with its value before and after, as JSON data; null is "not there"."""

    field: str
    before: Any = None
    after: Any = None


class ItemChange(Record, frozen=True, kw_only=True):
    """A requirement, class or question that both versions have, and the fields in which it differs."""

    id: str
    title: str
    fields: tuple[FieldChange, ...]


class Named(Record, frozen=True, kw_only=True):
    """A requirement, class or question that only one version has."""

    id: str
    title: str


class ItemChanges(Record, frozen=True, kw_only=True):
    """What happened to the requirements, the classes or the questions. `reordered`: the same ones in another order."""

    added: tuple[Named, ...] = ()
    removed: tuple[Named, ...] = ()
    changed: tuple[ItemChange, ...] = ()
    reordered: bool = False


class FrameworkDifference(Record, frozen=True, kw_only=True):
    """From `before` to `after` (each "id version"): the header's fields, and what happened to each kind of entry."""

    before: str
    after: str
    header: tuple[FieldChange, ...]
    requirements: ItemChanges
    tiers: ItemChanges
    questions: ItemChanges

    @property
    def empty(self) -> bool:
        """Whether the two say the same."""
        same = ItemChanges()
        return not self.header and self.requirements == self.tiers == self.questions == same


def differences(before: Framework, after: Framework) -> FrameworkDifference:
    """Return what changed from one version (or framework) to another. Requirements are compared by id."""
    old, new = to_builtins(before), to_builtins(after)
    header = [name for name in old if name not in _APART and old[name] != new[name]]
    return FrameworkDifference(
        before=f"{before.id} {before.version}",
        after=f"{after.id} {after.version}",
        header=tuple(FieldChange(field=name, before=old[name], after=new[name]) for name in header),
        requirements=_compare(before.requirements, after.requirements),
        tiers=_compare(before.tiers, after.tiers),
        questions=_compare(before.questions, after.questions),
    )


def _compare(before: Sequence[T], after: Sequence[T]) -> ItemChanges:
    old, new = _by_id(before), _by_id(after)
    shared = [name for name in old if name in new]
    changed = []
    for name in shared:
        fields = tuple(_fields(_flat(old[name]), _flat(new[name])))
        if fields:
            changed.append(ItemChange(id=name, title=_title(new[name]), fields=fields))
    return ItemChanges(
        added=tuple(Named(id=name, title=_title(new[name])) for name in new if name not in old),
        removed=tuple(Named(id=name, title=_title(old[name])) for name in old if name not in new),
        changed=tuple(changed),
        reordered=shared != [name for name in new if name in old],
    )


def _by_id(items: Iterable[T]) -> dict[str, T]:
    return {item.id: item for item in items}


def _title(item: Requirement | TierClass | Question) -> str:
    return item.text if isinstance(item, Question) else item.title


def _flat(item: Requirement | TierClass | Question) -> dict[str, Any]:
    """Return an entry's fields, each rule of a requirement by what it asks for, so that a threshold is one field."""
    flat: dict[str, Any] = to_builtins(item)
    if isinstance(item, Requirement):
        del flat["rules"]
        for rule in item.rules:
            flat.update(_leaves(rule, "rules"))
    return flat


def _leaves(rule: Rule, path: str) -> dict[str, Any]:
    if rule.measure is not None:
        where = "".join(f" {key}={value}" for key, value in sorted(rule.where.items()))
        name = f"{path}: {rule.measure}{where}"
        said = to_builtins(rule)
        return {f"{name}: {key}": said[key] for key in ("op", "threshold", "threshold_source", "over")}
    found: dict[str, Any] = {f"{path}: sources": rule.threshold_source} if rule.threshold_source else {}
    for group in ("all", "any", "none"):
        for position, child in enumerate(getattr(rule, group)):
            inside = _leaves(child, f"{path}.{group}")
            # The same measure twice in a group (a range, say): the second keeps its place in the name.
            clash = any(key in found for key in inside)
            found.update({f"{key} [{position}]" if clash else key: value for key, value in inside.items()})
    return found


def _fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterable[FieldChange]:
    for name in dict.fromkeys((*before, *after)):
        if before.get(name) != after.get(name):
            yield FieldChange(field=name, before=before.get(name), after=after.get(name))
