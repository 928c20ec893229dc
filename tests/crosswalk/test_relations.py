"""The arithmetic of relations against the sets themselves: every three non-empty sets of a small universe."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, product

import pytest

from accord.crosswalk.relations import CONVERSE, REFUTES, SHOWS, SHOWS_PART, compose, strength
from accord.records.crosswalk import RELATIONS, Relation

Sets = frozenset[int]
UNIVERSE = range(5)
SETS = [frozenset(chosen) for n in range(1, 6) for chosen in combinations(UNIVERSE, n)]

HOLDS: dict[str, Callable[[Sets, Sets], bool]] = {
    "equal": lambda x, y: x == y,
    "equivalent": lambda x, y: x == y,
    "subset": lambda x, y: x <= y,
    "superset": lambda x, y: x >= y,
    "intersects": lambda x, y: bool(x & y),
    "none": lambda x, y: not x & y,
}
STRONGEST_FIRST: tuple[Relation, ...] = ("equivalent", "subset", "superset", "intersects", "none")


def strongest_claim(first: Relation, second: Relation) -> Relation | None:
    """Try all sets: which claim on x and z is true of every x `first` y `second` z?"""
    pairs = {(x, z) for x, y in product(SETS, SETS) if HOLDS[first](x, y) for z in SETS if HOLDS[second](y, z)}
    return next((claim for claim in STRONGEST_FIRST if all(HOLDS[claim](x, z) for x, z in pairs)), None)


@pytest.mark.parametrize("first", RELATIONS)
@pytest.mark.parametrize("second", RELATIONS)
def test_composition_is_the_strongest_claim_that_all_sets_allow(first: Relation, second: Relation) -> None:
    found = compose(first, second)
    assert ("equivalent" if found == "equal" else found) == strongest_claim(first, second)


def test_equal_stays_equal_only_through_equals() -> None:
    assert compose("equal", "equal") == "equal"
    assert compose("equal", "equivalent") == compose("equivalent", "equal") == "equivalent"


@pytest.mark.parametrize("relation", RELATIONS)
def test_the_converse_is_the_relation_from_the_other_side(relation: Relation) -> None:
    assert all(HOLDS[relation](x, y) == HOLDS[CONVERSE[relation]](y, x) for x, y in product(SETS, SETS))


@pytest.mark.parametrize("relation", RELATIONS)
def test_what_a_verdict_does_over_a_relation(relation: Relation) -> None:
    """A requirement is met when the demands that are satisfied include all of its own."""
    related = [(a, b) for a, b in product(SETS, SETS) if HOLDS[relation](a, b)]
    worlds = [*SETS, frozenset()]
    shows = all(b <= world for a, b in related for world in worlds if a <= world)
    refutes = all(not b <= world for a, b in related for world in worlds if not a <= world)
    assert (relation in SHOWS, relation in REFUTES) == (shows, refutes)
    assert relation not in SHOWS_PART or all(a <= b for a, b in related)


def test_strength_orders_all_relations() -> None:
    assert sorted(RELATIONS, key=strength)[0] == "equal"
    assert sorted(RELATIONS, key=strength)[-2:] == ["intersects", "none"]
