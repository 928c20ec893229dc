"""A framework as an OSCAL catalogue.

What only gathers points becomes a group, every other requirement a control. Where groups and controls stand side by
side, all of them become controls, because a catalogue can't keep the order between the two. Verification, addressee,
dates, documents and measures are properties in our namespace; our titles are the statements, for the source's own
words aren't ours to give. Rules, conditions and classes of risk have no place in a catalogue and stay behind.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from ..frameworks.judging import points_to_judge
from ..frameworks.measuring import measures_of
from ..records import Framework, Requirement, to_json
from .document import NAMESPACE, STATEMENT, Json, identifier, line, metadata, prop, to_bytes, token, without_empty

WITHDRAWN = "Withdrawn in the source."
"""The note of a requirement that the source has taken back; OSCAL says so in a property."""


def catalog(framework: Framework) -> Json:
    """Return the catalogue of a framework, a document with the key `catalog`."""
    tree = _Tree(framework)
    return {
        "catalog": without_empty(
            {
                "uuid": catalog_uuid(framework),
                "metadata": {
                    **metadata(
                        framework.title,
                        framework.version,
                        framework.source.date,
                        props=_header(framework),
                        remarks=f"Titles are Accord's own words. {framework.read or framework.note or ''}",
                    ),
                    "links": [{"href": framework.source.uri, "rel": "source", "text": line(framework.source.title)}],
                    **_issuer(framework),
                },
                **tree.below(None),
            }
        )
    }


def render_catalog(framework: Framework) -> bytes:
    """Return the catalogue of a framework as a file."""
    return to_bytes(catalog(framework))


def catalog_uuid(framework: Framework) -> str:
    """Return the UUID of the catalogue of exactly this framework: another one after any change."""
    return identifier("catalog", framework.id, hashlib.sha256(to_json(framework)).hexdigest())


def _header(framework: Framework) -> list[Json]:
    said = {
        "framework-id": framework.id,
        "issuer": framework.issuer,
        "jurisdiction": framework.jurisdiction,
        "kind": framework.kind,
        "sector": framework.sector,
        "status": framework.status,
        "text-licence": framework.text_licence,
        "read": framework.read,
        "note": framework.note,
        "source-title": framework.source.title,
        "source-date": framework.source.date,
    }
    return [prop(name, value) for name, value in said.items() if value]


def _issuer(framework: Framework) -> Json:
    party = identifier("party", framework.issuer)
    return {
        "roles": [{"id": "issuer", "title": "Issuer of the source"}],
        "parties": [{"uuid": party, "type": "organization", "name": line(framework.issuer)}],
        "responsible-parties": [{"role-id": "issuer", "party-uuids": [party]}],
    }


class _Tree:
    """The requirements by parent, and which of them become groups."""

    def __init__(self, framework: Framework) -> None:
        self.points = {requirement.id for requirement in points_to_judge(framework)}
        self.children: dict[str | None, list[Requirement]] = {}
        for requirement in framework.requirements:
            self.children.setdefault(requirement.parent, []).append(requirement)

    def below(self, parent: str | None) -> Json:
        """Return the groups or the controls below a group, or at the top."""
        found = self.children.get(parent, [])
        if found and all(requirement.id not in self.points for requirement in found):
            return {"groups": [self._group(requirement) for requirement in found]}
        return {"controls": [self._control(requirement) for requirement in found]}

    def _group(self, requirement: Requirement) -> Json:
        return without_empty(
            {
                "id": token(requirement.id),
                "title": line(requirement.title),
                "props": _props(requirement),
                "parts": list(_texts(requirement)),
                **self.below(requirement.id),
            }
        )

    def _control(self, requirement: Requirement) -> Json:
        inside = self.children.get(requirement.id, [])
        own = inside[0] if inside and self._is_statement_of(inside[0], requirement) else None
        shown = own or requirement
        statement = {"id": token(requirement.id) + STATEMENT, "name": "statement", "prose": line(shown.title)}
        return without_empty(
            {
                "id": token(requirement.id),
                "title": line(requirement.title),
                "props": _props(shown, label=requirement.label),
                "links": [{"href": f"urn:accord:requirement:{see}", "rel": "related"} for see in shown.see],
                "parts": [*([statement] if shown.id in self.points else []), *_texts(shown)],
                "controls": [self._control(child) for child in inside if child is not own],
            }
        )

    def _is_statement_of(self, child: Requirement, parent: Requirement) -> bool:
        """Whether a child says what its parent itself asks for, so that the two make one control without a loss."""
        bare = Requirement(id=parent.id, parent=parent.parent, label=parent.label, title=parent.title)
        same = (child.id, child.label, child.title) == (parent.id + STATEMENT, parent.label, parent.title)
        return same and parent == bare and child.id not in self.children


def _props(requirement: Requirement, *, label: str | None = None) -> list[Json]:
    said: list[tuple[str, str | None]] = [
        ("requirement-id", requirement.id),
        ("verification", requirement.verification),
        ("addressee", requirement.addressee),
        ("applies-from", requirement.applies_from),
        ("applies", "under conditions" if requirement.applies_if else None),
        ("read", requirement.read),
        *(("document", kind) for kind in requirement.documents),
        *(("see", reference) for reference in requirement.see),
        *(("measure", measure) for measure in measures_of(requirement)),
    ]
    withdrawn = [prop("status", "withdrawn", ours=False)] if requirement.note == WITHDRAWN else []
    shown = prop("label", label or requirement.label, ours=False)
    return [shown, *withdrawn, *(prop(key, value) for key, value in said if value)]


def _texts(requirement: Requirement) -> Iterator[Json]:
    for name in ("question", "note"):
        text = getattr(requirement, name)
        if text and text != WITHDRAWN:
            yield {"name": name, "ns": NAMESPACE, "prose": text}
