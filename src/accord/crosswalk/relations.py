"""The arithmetic of relations: converse, composition, and what a relation lets a verdict do.

A requirement is a set of demands, never empty. Relations are claims about two such sets, read weakly, so that they
stay true where a claim is more careful than it had to be: equal and equivalent X = Y, subset X ⊆ Y, superset X ⊇ Y,
intersects X ∩ Y ≠ ∅, none X ∩ Y = ∅. The table of composition holds the strongest claim that is true of every three
sets that fit; where no claim is, a chain says nothing. The tests derive it again by trying all sets.
"""

from __future__ import annotations

from ..records.crosswalk import Relation

CONVERSE: dict[Relation, Relation] = {
    "equal": "equal",
    "equivalent": "equivalent",
    "subset": "superset",
    "superset": "subset",
    "intersects": "intersects",
    "none": "none",
}
"""The same relation, seen from the other side."""

_COMPOSED: dict[tuple[Relation, Relation], Relation] = {
    ("subset", "subset"): "subset",
    ("subset", "none"): "none",
    ("superset", "superset"): "superset",
    ("superset", "subset"): "intersects",
    ("superset", "intersects"): "intersects",
    ("intersects", "subset"): "intersects",
    ("none", "superset"): "none",
}

SIGNS: dict[Relation, str] = {
    "equal": "=",
    "equivalent": "≡",
    "subset": "⊂",
    "superset": "⊃",
    "intersects": "∩",
    "none": "∅",
}

SHOWS: frozenset[Relation] = frozenset(("equal", "equivalent", "superset"))
"""The relations of a to b over which showing a shows b."""

SHOWS_PART: frozenset[Relation] = frozenset(("subset",))
"""The relations of a to b over which showing a shows a part of b."""

REFUTES: frozenset[Relation] = frozenset(("equal", "equivalent", "subset"))
"""The relations of a to b over which a, found not met, leaves b not met: b demands all that a does."""

_STRENGTH: dict[Relation, int] = {
    "equal": 0,
    "equivalent": 1,
    "superset": 2,
    "subset": 3,
    "intersects": 4,
    "none": 5,
}


def compose(first: Relation, second: Relation) -> Relation | None:
    """Return what `a first b` and `b second c` say of a and c, or null where they say nothing."""
    if first in ("equal", "equivalent"):
        return "equivalent" if (first, second) == ("equivalent", "equal") else second
    if second in ("equal", "equivalent"):
        return first
    return _COMPOSED.get((first, second))


def strength(relation: Relation) -> int:
    """Return the place of a relation among all: the less, the more it carries."""
    return _STRENGTH[relation]
