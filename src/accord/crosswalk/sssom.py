"""Crosswalks as SSSOM TSV: the vocabulary, and how edges are written.

SSSOM (mapping-commons, schema 1.0) has SKOS predicates for relations and SEMAPV terms for justifications. This table
is lossless for our relations; where another author's row says less than one of ours, it is read as the weaker one,
so that no verdict is ever carried over on the strength of a word that its author did not write.

| relation   | predicate_id      | predicate_modifier | predicate_label | read from others' rows without a label |
|------------|-------------------|--------------------|-----------------|----------------------------------------|
| equal      | skos:exactMatch   |                    | equal           | never                                  |
| equivalent | skos:exactMatch   |                    | equivalent      | skos:exactMatch                        |
| subset     | skos:broadMatch   |                    | subset          | skos:broadMatch: the object is broader |
| superset   | skos:narrowMatch  |                    | superset        | skos:narrowMatch                       |
| intersects | skos:relatedMatch |                    | intersects      | skos:relatedMatch, skos:closeMatch     |
| none       | skos:relatedMatch | Not                | none            | the same; no other negation says enough |

| justification | mapping_justification        | read as such too                                                   |
|---------------|------------------------------|--------------------------------------------------------------------|
| published     | semapv:UnspecifiedMatching   |                                                                    |
| manual        | semapv:ManualMappingCuration | semapv:MappingReview                                               |
| computed      | semapv:LogicalReasoning      | MappingChaining, Composite…, Lexical… and Semantic… matching       |

`confidence` and `comment` are SSSOM's own slots, `author` is author_label, `date` mapping_date, and `source` the
extension slot source_document (property dcterms:source). A requirement's reference becomes a CURIE whose prefix is
the framework's id and stands for the address of its source.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping

from ..records import Framework
from ..records.crosswalk import Edge, Justification, Relation
from .references import Tree, framework_of

PREDICATES: dict[Relation, str] = {
    "equal": "skos:exactMatch",
    "equivalent": "skos:exactMatch",
    "subset": "skos:broadMatch",
    "superset": "skos:narrowMatch",
    "intersects": "skos:relatedMatch",
    "none": "skos:relatedMatch",
}
NEGATED = "Not"
READ_AS: dict[str, Relation] = {
    "skos:exactMatch": "equivalent",
    "skos:closeMatch": "intersects",
    "skos:broadMatch": "subset",
    "skos:narrowMatch": "superset",
    "skos:relatedMatch": "intersects",
}
WRITTEN_AS: dict[Justification, str] = {
    "published": "semapv:UnspecifiedMatching",
    "manual": "semapv:ManualMappingCuration",
    "computed": "semapv:LogicalReasoning",
}
JUSTIFIED_AS: dict[str, Justification] = {
    "semapv:UnspecifiedMatching": "published",
    "semapv:ManualMappingCuration": "manual",
    "semapv:MappingReview": "manual",
    "semapv:LogicalReasoning": "computed",
    "semapv:MappingChaining": "computed",
    "semapv:CompositeMatching": "computed",
    "semapv:LexicalMatching": "computed",
    "semapv:LexicalSimilarityThresholdMatching": "computed",
    "semapv:SemanticSimilarityThresholdMatching": "computed",
}
LICENCE = "https://www.apache.org/licenses/LICENSE-2.0"
"""The licence of the edges that come with Accord, and of what it writes."""

_COLUMNS = (
    "subject_id",
    "subject_label",
    "predicate_id",
    "predicate_label",
    "predicate_modifier",
    "object_id",
    "object_label",
    "mapping_justification",
    "author_label",
    "mapping_date",
    "confidence",
    "comment",
    "source_document",
)


def write_sssom(
    edges: Iterable[Edge],
    frameworks: Mapping[str, Framework],
    *,
    title: str,
    labels: bool = True,
    licence: str = LICENCE,
) -> str:
    """Return edges as one mapping set in canonical SSSOM TSV; `frameworks` by id must hold those that edges name.

    With `labels` each requirement is written with how its source cites it, and its title. The id of the set follows
    from its content.
    """
    trees = {name: Tree(framework) for name, framework in frameworks.items()} if labels else {}
    rows = sorted(_row(edge, trees) for edge in edges)
    filled = [number for number in range(len(_COLUMNS)) if any(row[number] for row in rows)]
    body = "".join("\t".join(_quoted(row[number]) for number in filled) + "\n" for row in rows)
    heading = "\t".join(_COLUMNS[number] for number in filled)
    used = sorted({name for row in rows for name in (row[0].partition(":")[0], row[5].partition(":")[0])})
    metadata = [
        "curie_map:",
        *(f"  {name}: {json.dumps(_address(frameworks[name]))}" for name in used),
        f"mapping_set_id: urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, title + body)}",
        f"mapping_set_title: {json.dumps(title)}",
        f"license: {licence}",
        "extension_definitions:",
        "  - slot_name: source_document",
        "    property: http://purl.org/dc/terms/source",
    ]
    return "".join(f"#{line}\n" for line in metadata) + heading + "\n" + body


def _row(edge: Edge, trees: Mapping[str, Tree]) -> tuple[str, ...]:
    return (
        edge.subject.replace("#", ":", 1),
        _label(edge.subject, trees),
        PREDICATES[edge.relation],
        edge.relation,
        NEGATED if edge.relation == "none" else "",
        edge.object.replace("#", ":", 1),
        _label(edge.object, trees),
        WRITTEN_AS[edge.justification],
        edge.author,
        edge.date,
        f"{edge.confidence:.3f}".rstrip("0").rstrip("."),
        edge.comment,
        edge.source,
    )


def _label(reference: str, trees: Mapping[str, Tree]) -> str:
    tree = trees.get(framework_of(reference))
    requirement = tree.requirements.get(reference) if tree else None
    return f"{requirement.label}: {requirement.title}" if requirement else ""


def _address(framework: Framework) -> str:
    """The IRI that a framework's prefix stands for: an identifier within its source, not a page to be fetched."""
    return f"{framework.source.uri.partition('#')[0]}#"


def _quoted(value: str) -> str:
    if any(character in value for character in '"\t\n\r'):
        return '"' + value.replace('"', '""') + '"'
    return value
