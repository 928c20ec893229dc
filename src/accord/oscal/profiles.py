"""Profiles resolved as far as a framework can hold the result: which controls, in which groups, with which parameters.

After NIST's profile resolution (OSCAL 1.2.1): `include-all`, `include-controls`, `exclude-controls`, patterns, child
controls; `merge` flat or with the groups of the catalogue; values of `set-parameters` go into the control's note. What
`alters` adds to or removes from a control's text is not applied, for the text is not kept: it is counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from msgspec.structs import replace

from ..errors import UsageError
from ..frameworks.mistakes import InvalidFramework, Mistake
from .document import line
from .importing import CatalogImport, import_catalog
from .reading import MAX_DEPTH, Catalog, Control, Group, Import, Profile, Select

_LONGEST_VALUE = 200


def import_profile(
    profile: Profile, catalogs: Sequence[Catalog], header: Mapping[str, Any], *, name: str
) -> CatalogImport:
    """Make a framework of the controls that a profile selects out of `catalogs`, one for each of its imports in order.

    One catalogue alone serves all imports. Raises UsageError if their number doesn't fit, InvalidFramework with every
    mistake: an import that selects nothing, an id that the catalogue doesn't have, a parameter that nobody uses.
    """
    if len(catalogs) not in (1, len(profile.imports)):
        raise UsageError(
            "catalogs-missing",
            f"{name} takes from {len(profile.imports)} catalogues ({_hrefs(profile)}); {len(catalogs)} were given",
            "Give each with --catalog, in this order; nothing is fetched.",
        )
    sources = catalogs if len(catalogs) == len(profile.imports) else list(catalogs) * len(profile.imports)
    mistakes: list[Mistake] = []
    chosen: dict[str, tuple[Catalog, set[str]]] = {}
    for index, (wanted, catalog) in enumerate(zip(profile.imports, sources, strict=True)):
        selected = set(_selected(wanted, _index(catalog), f"$.profile.imports[{index}]", mistakes))
        chosen.setdefault(catalog.uuid, (catalog, set()))[1].update(selected)
    trimmed = [_trimmed(catalog, ids) for catalog, ids in chosen.values()]
    merged = replace(
        trimmed[0] if trimmed else Catalog(uuid=profile.uuid, metadata=profile.metadata),
        uuid=profile.uuid,
        metadata=profile.metadata,
        groups=tuple(group for catalog in trimmed for group in catalog.groups),
        controls=tuple(control for catalog in trimmed for control in catalog.controls),
    )
    if profile.merge is not None and profile.merge.flat is not None:
        merged = replace(merged, groups=(), controls=tuple(_flat(merged)))
    notes = _parameters(profile, merged, mistakes)
    if mistakes:
        raise InvalidFramework(name, tuple(mistakes))
    found = import_catalog(merged, header, name=name, notes=notes)
    found.notes = tuple(_unresolved(profile))
    return found


def _hrefs(profile: Profile) -> str:
    return ", ".join(line(item.href)[:80] for item in profile.imports[:5])


def _unresolved(profile: Profile) -> Iterator[str]:
    if profile.modify is not None and profile.modify.alters:
        count = len(profile.modify.alters)
        yield f"alterations of controls that are not applied, for their texts are not kept: {count}"
    if profile.merge is not None and profile.merge.custom is not None:
        yield "the profile's own arrangement of groups is not applied: the catalogue's groups are kept"


def _controls(holder: Catalog | Group | Control) -> Iterator[Control]:
    """Yield every control below a place, without recursion: the reader allows any depth, the importer does not."""
    waiting: list[Catalog | Group | Control] = [holder]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Control) and item is not holder:
            yield item
        if not isinstance(item, Control):
            waiting += reversed(item.groups)
        waiting += reversed(item.controls)


def _index(catalog: Catalog) -> dict[str, Control]:
    return {control.id: control for control in _controls(catalog)}


def _selected(wanted: Import, known: Mapping[str, Control], path: str, mistakes: list[Mistake]) -> Iterable[str]:
    if wanted.include_all is None and not wanted.include_controls:
        mistakes.append(Mistake(path, "selects nothing", "Add include-all or include-controls."))
    included = set(known) if wanted.include_all is not None else set()
    included |= set(_matched(wanted.include_controls, known, f"{path}.include-controls", mistakes))
    return included - set(_matched(wanted.exclude_controls, known, f"{path}.exclude-controls", mistakes))


def _matched(
    selections: Sequence[Select], known: Mapping[str, Control], path: str, mistakes: list[Mistake]
) -> Iterator[str]:
    for index, select in enumerate(selections):
        named = [name for name in select.with_ids if name in known]
        mistakes += [
            Mistake(f"{path}[{index}].with-ids", f"the catalogue has no control {name[:64]!r}", "Check the catalogue.")
            for name in select.with_ids
            if name not in known
        ]
        named += [name for name in known for item in select.matching if fnmatchcase(name, item.pattern)]
        for name in named:
            yield name
            if select.with_child_controls == "yes":
                yield from (child.id for child in _controls(known[name]))


def _trimmed(catalog: Catalog, ids: set[str]) -> Catalog:
    groups, controls = _kept(catalog, ids, 1)
    return replace(catalog, groups=groups, controls=controls)


def _kept(holder: Catalog | Group, ids: set[str], depth: int) -> tuple[tuple[Group, ...], tuple[Control, ...]]:
    """Return the groups that still hold something, and the controls that are selected."""
    groups: list[Group] = []
    for group in holder.groups if depth <= MAX_DEPTH else ():
        inside, controls = _kept(group, ids, depth + 1)
        if inside or controls:
            groups.append(replace(group, groups=inside, controls=controls))
    return tuple(groups), tuple(_kept_controls(holder.controls, ids, 1))


def _kept_controls(controls: Sequence[Control], ids: set[str], depth: int) -> Iterator[Control]:
    """Yield the selected controls; where a control is left out, its selected enhancements take its place."""
    for control in controls if depth <= MAX_DEPTH else ():
        inside = tuple(_kept_controls(control.controls, ids, depth + 1))
        if control.id in ids:
            yield replace(control, controls=inside)
        else:
            yield from inside


def _flat(catalog: Catalog) -> Iterator[Control]:
    return (replace(control, controls=()) for control in _controls(catalog))


def _parameters(profile: Profile, catalog: Catalog, mistakes: list[Mistake]) -> dict[str, str]:
    """Return a note for each control with parameters that the profile sets."""
    if profile.modify is None:
        return {}
    holders = {parameter.id: control.id for control in _controls(catalog) for parameter in control.params}
    notes: dict[str, list[str]] = {}
    for index, item in enumerate(profile.modify.set_parameters):
        path = f"$.profile.modify.set-parameters[{index}]"
        if item.param_id not in holders:
            mistakes.append(
                Mistake(path, f"no selected control has the parameter {item.param_id[:64]!r}", "Check its id.")
            )
        elif item.values:
            said = line("; ".join(item.values))[:_LONGEST_VALUE]
            notes.setdefault(holders[item.param_id], []).append(f"{item.param_id} = {said}")
    return {control: f"Set by the profile: {', '.join(said)}." for control, said in notes.items()}
