"""Chains and trees: the best path is chosen, and says what it rests on."""

from __future__ import annotations

import pytest

from accord.crosswalk.paths import links
from accord.crosswalk.references import trees


def found(small, edges, *, max_edges=2, **points):
    points = {"a": ("g", "g/1", "g/2"), "b": ("g", "g/1", "g/2"), "c": ("g", "g/1", "g/2"), **points}
    shelf = trees(small(name, *its) for name, its in points.items())
    return {(link.subject, link.object): link for link in links("a", "b", shelf, edges, max_edges=max_edges)}


def test_a_chain_is_as_weak_as_its_weakest_edge(small, edge) -> None:
    link = found(small, [edge("a#1 superset c#1", 0.9), edge("c#1 superset b#1", 0.4)])["a#1", "b#1"]
    assert (link.relation, link.confidence, link.justification) == ("superset", 0.4, "computed")
    assert [step.object for step in link.steps] == ["c#1", "b#1"]


def test_edges_are_walked_in_both_directions(small, edge) -> None:
    assert found(small, [edge("b#1 subset a#1")])["a#1", "b#1"].relation == "superset"


def test_a_longer_chain_is_not_walked(small, edge) -> None:
    chain = [edge("a#1 equal c#1"), edge("c#1 equal d#1"), edge("d#1 equal b#1")]
    assert not found(small, chain, d=("1",))
    assert found(small, chain, d=("1",), max_edges=3)["a#1", "b#1"].relation == "equal"
    with pytest.raises(ValueError, match="1 to 3"):
        found(small, chain, max_edges=4)


def test_a_group_that_is_covered_covers_its_points_and_the_path_says_so(small, edge) -> None:
    link = found(small, [edge("a#1 superset b#g", 0.7)])["a#1", "b#2"]
    assert (link.relation, link.confidence, link.justification) == ("superset", 0.7, "computed")
    assert [(step.by, step.relation) for step in link.steps] == [("edge", "superset"), ("tree", "superset")]


def test_a_point_of_a_group_that_is_a_part_is_a_part(small, edge) -> None:
    assert found(small, [edge("a#g subset b#1")])["a#2", "b#1"].relation == "subset"


def test_what_overlaps_a_group_says_nothing_of_its_points(small, edge) -> None:
    assert found(small, [edge("a#1 intersects b#g")]).keys() == {("a#1", "b#g")}


def test_an_overlap_with_a_point_is_not_told_again_of_its_group(small, edge) -> None:
    edges = [edge("a#1 intersects b#1"), edge("a#2 intersects b#g")]
    assert found(small, edges).keys() == {("a#1", "b#1"), ("a#2", "b#g")}


def test_what_somebody_states_stands_before_any_chain(small, edge) -> None:
    chain = [edge("a#1 equal c#1", 0.9), edge("c#1 equal b#1", 0.9)]
    assert found(small, chain)["a#1", "b#1"].relation == "equal"
    stated = found(small, [*chain, edge("a#1 intersects b#1", 0.3)])["a#1", "b#1"]
    assert (stated.relation, stated.confidence, stated.justification) == ("intersects", 0.3, "manual")
    assert found(small, [*chain, edge("a#1 none b#1", 0.3)])["a#1", "b#1"].relation == "none"


def test_of_two_authors_the_surer_is_taken(small, edge) -> None:
    both = [edge("a#1 equal b#1", 0.4, author="x"), edge("a#1 subset b#1", 0.6, author="y")]
    assert found(small, both)["a#1", "b#1"].steps[0].author == "y"


def test_of_two_chains_the_one_that_carries_more_is_taken(small, edge) -> None:
    edges = [
        *(edge("a#1 superset c#1", 0.9), edge("c#1 intersects b#1", 0.9)),
        *(edge("a#1 superset d#1", 0.3), edge("d#1 equal b#1", 0.3)),
    ]
    assert found(small, edges, d=("1",))["a#1", "b#1"].relation == "superset"


def test_shared_evidence_is_never_built_upon(small, edge) -> None:
    shared = edge("a#1 intersects c#1", 0.9, justification="computed")
    assert found(small, [shared, edge("c#1 subset b#1")]) == {}
    stated = edge("a#1 intersects c#1", 0.9)
    assert found(small, [stated, edge("c#1 subset b#1")])["a#1", "b#1"].relation == "intersects"
