"""A catalogue of others as a framework: ids, titles, labels, groups and order; what a framework can't hold is counted.

A control with enhancements is both a group and a point of its own, so it gets a child that stands for what the control
itself asks for: "ac-2_smt", as OSCAL names a control's statement.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import LimitExceeded, MalformedInput
from ..frameworks.importing import as_id
from ..frameworks.mistakes import InvalidFramework, Mistake
from ..frameworks.validation import IDS_AND_TITLES_ONLY, mistakes_in
from ..records import Framework, from_builtins
from .catalog import WITHDRAWN
from .document import NAMESPACE, STATEMENT, line, token
from .reading import MAX_CONTROLS, MAX_DEPTH, Catalog, Control, Group, Metadata, Part, Property

_ALSO = re.compile(r"the id of requirements\[([0-9]+)\]\Z")
_LISTS = {"document": "documents", "see": "see"}
_ONCE = ("addressee", "applies-from", "read")
_ID = "requirement-id"


@dataclass(slots=True)
class CatalogImport:
    """A framework out of a catalogue. `left_out` counts what was not kept; `renamed` the ids that had to change."""

    framework: Framework
    left_out: dict[str, int]
    renamed: int
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Walk:
    """The walk through the catalogue's tree."""

    restricted: bool
    notes: Mapping[str, str]
    requirements: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    renamed: int = 0

    def add(self, path: str, **said: Any) -> None:
        if len(self.requirements) >= MAX_CONTROLS:
            raise LimitExceeded("oscal-too-large", f"{path}: more than {MAX_CONTROLS} controls", "Split the catalogue.")
        self.requirements.append({key: value for key, value in said.items() if value or key == "id"})
        self.paths.append(path)

    def level(self, holder: Catalog | Group | Control, path: str, parent: str | None, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise LimitExceeded("oscal-too-deep", f"{path}: nested deeper than {MAX_DEPTH}", "Flatten the catalogue.")
        for index, group in enumerate(() if isinstance(holder, Control) else holder.groups):
            self._group(group, f"{path}.groups[{index}]", parent, depth)
        for index, control in enumerate(holder.controls):
            self._control(control, f"{path}.controls[{index}]", parent, depth)

    def _group(self, group: Group, path: str, parent: str | None, depth: int) -> None:
        name = self._name(group.id or group.title, group.props)
        self._count(group)
        shown = {} if group.groups or group.controls else {"verification": "not_testable"}
        both = {"label": _label(group.props, group.id or group.title), "title": line(group.title)}
        self.add(path, id=name, parent=parent, **both, **_stated(group), **shown)
        self.level(group, path, name, depth + 1)

    def _control(self, control: Control, path: str, parent: str | None, depth: int) -> None:
        name = self._name(control.id, control.props)
        label = _label(control.props, control.id)
        both = {"label": label, "title": line(control.title)}
        self._count(control)
        folded = _is_folded(control.id, control.props)
        if not control.controls and not folded:
            self.add(path, id=name, parent=parent, **both, **self._point(control, label))
        elif not any(part.name == "statement" for part in control.parts):
            self.add(path, id=name, parent=parent, **both, **_stated(control))
        elif "documents" in _stated(control) and not folded:
            self.add(path, id=name, parent=parent, **both, **self._point(control, label))
        else:
            self.add(path, id=name, parent=parent, **both)
            self.add(path, id=name + STATEMENT, parent=name, **both, **self._point(control, label))
        self.level(control, path, name, depth + 1)

    def _point(self, control: Control, label: str) -> dict[str, Any]:
        """Return how a control is shown: as our own export says, or else by a person who answers our question."""
        said = _stated(control)
        if said.get("note") == WITHDRAWN:
            return said | {"verification": "not_testable"}
        if added := self.notes.get(control.id):
            said["note"] = f"{said['note']} {added}" if said.get("note") else added
        verification = _ours(control.props, "verification")
        if verification in ("", "measured"):  # rules have no place in a catalogue
            verification = "documented" if said.get("documents") else "judged"
        if verification == "judged" and "question" not in said:
            if self.restricted:
                verification = "not_testable"
            else:
                said["question"] = f"Is what {label}, “{line(control.title).rstrip(' .?!')}”, asks for done?"
        return said | {"verification": verification}

    def _name(self, written: str, props: tuple[Property, ...]) -> str:
        ours = _ours(props, _ID)
        if _is_folded(written, props):
            ours = ours.removesuffix(STATEMENT)
        name = ours or as_id(written)
        self.renamed += name not in (written, ours)
        return name

    def _count(self, item: Group | Control) -> None:
        """Count what stays behind: what is neither ours, nor label or status, nor the title said again."""
        self.left_out["parameters"] += len(item.params)
        self.left_out["parts"] += sum(
            _parts(part) for part in item.parts if part.ns != NAMESPACE and part.prose != line(item.title)
        )
        self.left_out["properties"] += sum(
            prop.ns != NAMESPACE and (prop.ns is not None or prop.name not in ("label", "status"))
            for prop in item.props
        )
        if isinstance(item, Control):
            ours = sum(prop.ns == NAMESPACE and prop.name == "see" for prop in item.props)
            self.left_out["links"] += len(item.links) - ours


def _stated(item: Group | Control) -> dict[str, Any]:
    """Return what our own export says of a requirement, and whether the source took it back."""
    said: dict[str, Any] = {}
    for prop in item.props:
        if prop.ns == NAMESPACE and prop.name in _ONCE:
            said[prop.name.replace("-", "_")] = prop.value
        elif prop.ns == NAMESPACE and prop.name in _LISTS:
            said.setdefault(_LISTS[prop.name], []).append(prop.value)
    for part in item.parts:
        if part.ns == NAMESPACE and part.prose and part.name in ("question", "note"):
            said[part.name] = part.prose
    if any(prop.name == "status" and prop.value == "withdrawn" and prop.ns is None for prop in item.props):
        said = {"note": WITHDRAWN}
    return said


def import_catalog(
    catalog: Catalog, header: Mapping[str, Any], *, name: str, notes: Mapping[str, str] | None = None
) -> CatalogImport:
    """Make a framework from a catalogue; `header` replaces fields of it or its source, `notes` add to controls by id.

    Raises InvalidFramework with every mistake and its place, MalformedInput or LimitExceeded.
    """
    found = _header(catalog.metadata, catalog.uuid)
    said = {**found, **header, "source": {**found["source"], **header.get("source", {})}}
    walk = _Walk(said["text_licence"] == IDS_AND_TITLES_ONLY, notes or {})
    walk.level(catalog, "$.catalog", None, 1)
    walk.left_out["parameters"] += len(catalog.params)
    try:
        framework = from_builtins({**said, "requirements": walk.requirements}, Framework, name=name)
    except MalformedInput as error:
        raise InvalidFramework(name, (Mistake("$.catalog", error.message, "Correct it in the catalogue."),)) from None
    mistakes = tuple(_placed(found, walk) for found in mistakes_in(framework))
    if mistakes:
        raise InvalidFramework(name, mistakes)
    left_out = {what: n for what, n in walk.left_out.items() if n}
    return CatalogImport(framework, left_out, walk.renamed)


def _header(metadata: Metadata, uuid: str) -> dict[str, Any]:
    ours = {item.name: item.value for item in metadata.props if item.ns == NAMESPACE}
    links = [link.href for link in metadata.links if link.rel in ("source", "canonical") and "#" not in link.href[:1]]
    uri = next(iter(links), f"urn:uuid:{uuid}")
    source = {
        "title": ours.get("source-title", line(metadata.title)),
        "uri": uri,
        "date": ours.get("source-date", (metadata.published or metadata.last_modified)[:10]),
    }
    said = {
        "id": ours.get("framework-id", as_id(metadata.title)[:64].strip("_").replace("_", "-")),
        "version": metadata.version,
        "title": line(metadata.title),
        "issuer": ours.get("issuer") or _issuer(metadata),
        "jurisdiction": ours.get("jurisdiction", "INT"),
        "kind": ours.get("kind", "framework"),
        "sector": ours.get("sector"),
        "source": source,
        "text_licence": ours.get("text-licence", "not stated in the catalogue; only its ids and titles were taken"),
        "status": ours.get("status", "provisional"),
        "read": ours.get("read", "An OSCAL catalogue: its ids, labels and titles, as they stand there."),
        "note": ours.get("note"),
    }
    return {key: value for key, value in said.items() if value is not None}


def _issuer(metadata: Metadata) -> str:
    names = {party.uuid: party.name for party in metadata.parties if party.name}
    order = ("issuer", "creator", "publisher", "contact")
    for role in order:
        for item in metadata.responsible_parties:
            for party in item.party_uuids:
                if item.role_id == role and party in names:
                    return line(names[party] or "")
    return line(next(iter(names.values()), None) or "not stated in the catalogue")


def _ours(props: tuple[Property, ...], name: str) -> str:
    """Return the value of a property in our namespace, or nothing."""
    return next((item.value for item in props if item.ns == NAMESPACE and item.name == name), "")


def _is_folded(written: str, props: tuple[Property, ...]) -> bool:
    """Whether our own export put the requirement that stands for a control's statement into that control."""
    return token(_ours(props, _ID)) == written + STATEMENT


def _label(props: tuple[Property, ...], default: str) -> str:
    labels = [item for item in props if item.name == "label"]
    plain = next((item.value for item in labels if item.kind is None), None)
    return line(plain or next((item.value for item in labels), default))


def _parts(part: Part) -> int:
    """Count a part and all that is inside it, however deep."""
    count, waiting = 0, [part]
    while waiting:
        count += 1
        waiting += waiting.pop().parts
    return count


def _placed(mistake: Mistake, walk: _Walk) -> Mistake:
    """Say where in the catalogue a mistake of the framework is."""
    head, bracket, rest = mistake.path.partition("[")
    if head != "requirements" or not bracket:
        return mistake
    index, _, tail = rest.partition("]")
    twice = _ALSO.sub(lambda other: f"the id of {walk.paths[int(other[1])]}", mistake.message)
    return Mistake(f"{walk.paths[int(index)]}{tail}", twice, mistake.remedy)
