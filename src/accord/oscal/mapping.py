"""A crosswalk as an OSCAL mapping collection (model `mapping-collection`, new in OSCAL 1.2).

Relations are those of NIST IR 8477, from the requirement of the first framework to that of the second; an edge that
was stated the other way round is turned. No coverage is given: how much of a text another one covers, no count says.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..errors import UsageError
from ..frameworks.judging import points_to_judge
from ..records import Framework
from ..records.crosswalk import Edge, Relation
from .catalog import catalog_uuid
from .document import Json, control_of, identifier, line, metadata, prop, to_bytes, without_empty

RELATIONSHIPS: dict[Relation, str] = {
    "equal": "equal-to",
    "equivalent": "equivalent-to",
    "subset": "subset-of",
    "superset": "superset-of",
    "intersects": "intersects-with",
    "none": "no-relationship",
}
_TURNED: dict[Relation, Relation] = {"subset": "superset", "superset": "subset"}


def mapping_collection(edges: Iterable[Edge], source: Framework, target: Framework, *, modified: str = "") -> Json:
    """Return the mapping collection of the edges between two frameworks, a document with the key `mapping-collection`.

    Edges from or to other frameworks are left out. `modified` is the day of the document; without it, that of the
    newest edge. Raises UsageError if no edge is left: OSCAL has no mapping without maps.
    """
    known = [turned for edge in edges if (turned := _turned(edge, source.id, target.id)) is not None]
    if not known:
        raise UsageError(
            "nothing-to-map", f"no relation is known between {source.id} and {target.id}", "See `accord crosswalk`."
        )
    newest = modified or max((edge.date for edge in known if edge.date), default="") or source.source.date
    resources = [_resource(framework) for framework in (source, target)]
    said = f"{source.id} {source.version} to {target.id} {target.version}"
    mapping = {
        "uuid": identifier("mapping", said),
        "source-resource": {"type": "catalog", "href": f"#{resources[0]['uuid']}"},
        "target-resource": {"type": "catalog", "href": f"#{resources[1]['uuid']}"},
        "maps": [_map(edge, index) for index, edge in enumerate(known)],
        "source-gap-summary": _gap(source, {edge.subject for edge in known if edge.relation != "none"}),
        "target-gap-summary": _gap(target, {edge.object for edge in known if edge.relation != "none"}),
    }
    return {
        "mapping-collection": {
            "uuid": identifier("mapping-collection", said, *(str(edge) for edge in known)),
            "metadata": metadata(f"Crosswalk: {source.title} and {target.title}", target.version, newest),
            "provenance": {
                "method": _method(known),
                "matching-rationale": "functional" if _method(known) == "automation" else "semantic",
                "status": _status(source, target, mapping),
                "confidence-score": {"percentage": min(edge.confidence for edge in known)},
                "mapping-description": (
                    f"{len(known)} relations, each with its source and confidence; the confidence given here is the "
                    "lowest of them. A relation shows how two texts bear on each other. It proves nothing of a system, "
                    "and an overlap carries nothing over."
                ),
            },
            "mappings": [without_empty(mapping)],
            "back-matter": {"resources": resources},
        }
    }


def render_mapping(edges: Iterable[Edge], source: Framework, target: Framework, *, modified: str = "") -> bytes:
    """Return the mapping collection as a file. Errors as for `mapping_collection`."""
    return to_bytes(mapping_collection(edges, source, target, modified=modified))


def _turned(edge: Edge, source: str, target: str) -> Edge | None:
    """Return the edge as seen from the source, or null if it isn't one between the two."""
    ends = (edge.subject.partition("#")[0], edge.object.partition("#")[0])
    if ends == (source, target):
        return edge
    if ends != (target, source):
        return None
    return Edge(
        subject=edge.object,
        relation=_TURNED.get(edge.relation, edge.relation),
        object=edge.subject,
        justification=edge.justification,
        confidence=edge.confidence,
        source=edge.source,
        author=edge.author,
        date=edge.date,
        comment=edge.comment,
    )


def _map(edge: Edge, index: int) -> Json:
    said = {"justification": edge.justification, "source": edge.source, "author": edge.author, "date": edge.date}
    return without_empty(
        {
            "uuid": identifier("map", str(index), str(edge)),
            "matching-rationale": "functional" if edge.justification == "computed" else "semantic",
            "relationship": RELATIONSHIPS[edge.relation],
            "sources": [_item(edge.subject)],
            "targets": [_item(edge.object)],
            "confidence-score": {"percentage": edge.confidence},
            "props": [prop(name, value) for name, value in said.items() if value],
            "remarks": edge.comment or None,
        }
    )


def _item(reference: str) -> Json:
    requirement = reference.partition("#")[2]
    return {"type": "control", "id-ref": control_of(requirement), "props": [prop("requirement", reference)]}


def _gap(framework: Framework, mapped: set[str]) -> Json | None:
    points = [point.id for point in points_to_judge(framework) if f"{framework.id}#{point.id}" not in mapped]
    if not points:
        return None
    unmapped = list(dict.fromkeys(control_of(point) for point in points))
    return {
        "uuid": identifier("gap", framework.id, framework.version, *unmapped),
        "unmapped-controls": [{"with-ids": unmapped}],
    }


def _method(edges: Sequence[Edge]) -> str:
    computed = {edge.justification == "computed" for edge in edges}
    return "hybrid" if len(computed) == 2 else "automation" if True in computed else "human"


def _status(source: Framework, target: Framework, mapping: Json) -> str:
    if "provisional" in (source.status, target.status):
        return "draft"
    gaps = mapping["source-gap-summary"] or mapping["target-gap-summary"]
    return "not-complete" if gaps else "complete"


def _resource(framework: Framework) -> Json:
    return {
        "uuid": identifier("resource", framework.id, framework.version),
        "title": line(framework.title),
        "props": [prop("framework-id", framework.id), prop("catalog-uuid", catalog_uuid(framework))],
        "citation": {"text": line(f"{framework.source.title}, {framework.source.date}")},
        "rlinks": [{"href": f"{framework.id}.oscal.json", "media-type": "application/oscal+json"}],
        "remarks": f"Made by: accord frameworks export {framework.id} --format oscal",
    }
