"""Crosswalks as mapping collections: relations, gaps and confidence are those of the edges."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from accord.crosswalk import library_edges
from accord.errors import UsageError
from accord.frameworks import load
from accord.frameworks.judging import points_to_judge
from accord.oscal import mapping_collection, render_catalog, render_mapping
from accord.records.crosswalk import RELATIONS, Edge

Judge = Callable[[dict[str, bytes]], None]
ACT, RMF = load("eu-ai-act"), load("nist-ai-rmf")


def edge(subject: str, relation: Any, object_: str, **more: Any) -> Edge:
    said = {"justification": "manual", "confidence": 0.8, "source": "a reading", "date": "2026-11-20", **more}
    return Edge(subject=subject, relation=relation, object=object_, **said)


def points() -> tuple[list[str], list[str]]:
    return tuple([f"{found.id}#{item.id}" for item in points_to_judge(found)] for found in (RMF, ACT))  # type: ignore[return-value]


def maps(edges: list[Edge]) -> list[dict[str, Any]]:
    (mapping,) = mapping_collection(edges, RMF, ACT)["mapping-collection"]["mappings"]
    return mapping["maps"]


def test_every_relation_is_accepted(accepted: Judge):
    ours, theirs = points()
    edges = [
        edge(a, relation, b, justification=how, comment="why\nso", author="me")
        for a, b, relation, how in zip(ours, theirs, RELATIONS, ["manual", "computed", "published"] * 2, strict=False)
    ]
    accepted({"all": render_mapping(edges, RMF, ACT)})
    assert [item["relationship"] for item in maps(edges)] == [
        "equal-to",
        "equivalent-to",
        "subset-of",
        "superset-of",
        "intersects-with",
        "no-relationship",
    ]


def test_the_library_s_edges_are_accepted(accepted: Judge):
    pairs = {tuple(sorted((e.subject.partition("#")[0], e.object.partition("#")[0]))) for e in library_edges()}
    documents = {f"{a}-{b}": render_mapping(library_edges(), load(a), load(b)) for a, b in sorted(pairs) if a != b}
    assert documents
    accepted(documents)


def test_an_edge_the_other_way_round_is_turned():
    ours, theirs = points()
    (turned,) = maps([edge(theirs[0], "subset", ours[0])])
    (straight,) = maps([edge(ours[0], "superset", theirs[0])])
    for key in ("relationship", "sources", "targets", "confidence-score"):
        assert turned[key] == straight[key]
    assert turned["relationship"] == "superset-of"


def test_gaps_are_the_points_without_a_relation():
    ours, theirs = points()
    edges = [edge(ours[0], "intersects", theirs[0]), edge(ours[1], "none", theirs[1])]
    (mapping,) = mapping_collection(edges, RMF, ACT)["mapping-collection"]["mappings"]
    for key, framework, mapped in (("source", RMF, ours[0]), ("target", ACT, theirs[0])):
        (gap,) = mapping[f"{key}-gap-summary"]["unmapped-controls"]
        expected = {item.id for item in points_to_judge(framework)} - {mapped.partition("#")[2]}
        assert set(gap["with-ids"]) == expected


@pytest.mark.parametrize(
    ("how", "method"),
    [(["manual", "published"], "human"), (["computed"], "automation"), (["manual", "computed"], "hybrid")],
)
def test_provenance_says_who_and_how_sure(how: list[str], method: str):
    ours, theirs = points()
    edges = [
        edge(a, "intersects", b, justification=name, confidence=0.5 + index / 10)
        for index, (a, b, name) in enumerate(zip(ours, theirs, how, strict=False))
    ]
    provenance = mapping_collection(edges, RMF, ACT)["mapping-collection"]["provenance"]
    assert provenance["method"] == method
    assert provenance["confidence-score"] == {"percentage": 0.5}
    assert provenance["status"] in ("draft", "not-complete")
    assert "proves nothing" in provenance["mapping-description"]


def test_what_is_mapped_stands_in_the_catalogues():
    known = json.dumps([json.loads(render_catalog(found)) for found in (RMF, ACT)])
    ours, theirs = points()
    edges = [edge(a, "intersects", b) for a, b in zip(ours, theirs, strict=False)]
    for item in maps(edges):
        for end in (*item["sources"], *item["targets"]):
            assert f'"id": "{end["id-ref"]}"' in known


def test_no_relation_between_the_two():
    with pytest.raises(UsageError, match="no relation is known"):
        mapping_collection([edge("a#b", "equal", "c#d")], RMF, ACT)
