"""What most frameworks share: topics found by star clustering over all edges.

A requirement with its neighbours is a star. Stars are taken greedily, the one that most frameworks meet in first;
what lies in a star already taken can belong to further topics, but not be the centre of one (Aslam, Pelekhov and Rus,
"The star clustering algorithm", JGAA 8, 2004). Nor is a star a topic of its own if most of it lies in another one.
So every topic has a centre that one can read, every member stands in a stated or computed relation to it, and no chain
of overlaps glues unlike things together. Shared evidence counts where at least half of what both look at is shared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..frameworks import library
from ..records import Framework
from ..records.crosswalk import Edge, Member, Relation, Topic
from .computed import edges_from_measures
from .library import library_edges
from .references import Tree, framework_of, trees
from .relations import CONVERSE, strength

_HALF = 0.5
SAME: frozenset[Relation] = frozenset(("equal", "equivalent"))
CONTAINED: frozenset[Relation] = frozenset(("subset", "superset"))


def consensus(
    frameworks: Iterable[Framework] | None = None, *, edges: Iterable[Edge] = (), at_least: int = 3
) -> tuple[Topic, ...]:
    """Return the topics that at least so many frameworks share, those of most frameworks first.

    Over the library, or over `frameworks`; `edges` are added to those that come with Accord. Profiles re-state other
    frameworks' points and bills are not yet anybody's consensus: both are left out.
    """
    shelf = trees(f for f in (library() if frameworks is None else frameworks) if f.kind not in ("profile", "bill"))
    near = _neighbours(shelf, (*library_edges(), *edges, *_from_measures(shelf)))
    reach = {name: {framework_of(other) for other in others} | {framework_of(name)} for name, others in near.items()}
    order = sorted(near, key=lambda name: (-len(reach[name]), -_closeness(near[name]), name))
    stars: list[set[str]] = []
    topics = []
    for name in order:
        if len(reach[name]) < at_least:
            break
        if any(name in star or 2 * len(star & near[name].keys()) > len(near[name]) for star in stars):
            continue
        stars.append({name, *near[name]})
        topics.append(_topic(name, near[name], shelf))
    return tuple(sorted(topics, key=lambda t: (-len(t.frameworks), -len(t.jurisdictions), -len(t.same), t.centre)))


def _from_measures(shelf: Mapping[str, Tree]) -> list[Edge]:
    found = [tree.framework for tree in shelf.values()]
    return [
        edge
        for number, first in enumerate(found)
        for second in found[number + 1 :]
        for edge in edges_from_measures(first, second)
        if edge.confidence >= _HALF
    ]


def _neighbours(shelf: Mapping[str, Tree], edges: Iterable[Edge]) -> dict[str, dict[str, Edge]]:
    """Return, for each requirement, the best edge to each neighbour; who has nothing in common is no neighbour."""
    near: dict[str, dict[str, Edge]] = {}
    for edge in edges:
        known = all(
            framework_of(name) in shelf and name in shelf[framework_of(name)].requirements
            for name in (edge.subject, edge.object)
        )
        if edge.relation == "none" or not known:
            continue
        for centre, member in ((edge.object, edge.subject), (edge.subject, edge.object)):
            others = near.setdefault(centre, {})
            if member not in others or _rank(edge) < _rank(others[member]):
                others[member] = edge
    return near


def _rank(edge: Edge) -> tuple[bool, int, float]:
    return (edge.justification == "computed", strength(edge.relation), -edge.confidence)


def _closeness(others: Mapping[str, Edge]) -> float:
    """Break ties between centres: what is more than overlap counts for more."""
    return sum(edge.confidence * (1 if edge.relation == "intersects" else 2) for edge in others.values())


def _topic(centre: str, others: Mapping[str, Edge], shelf: Mapping[str, Tree]) -> Topic:
    members = tuple(
        sorted(
            (_member(name, edge, shelf) for name, edge in others.items()),
            key=lambda member: (strength(member.relation), -member.confidence, member.requirement),
        )
    )
    home = framework_of(centre)
    names = sorted({home, *(framework_of(member.requirement) for member in members)})
    closest: dict[str, int] = {home: 0}
    for member in members:
        rank = 0 if member.relation in SAME else 1 if member.relation in CONTAINED else 2
        name = framework_of(member.requirement)
        closest[name] = min(rank, closest.get(name, 2))
    requirement = shelf[home].requirements[centre]
    return Topic(
        centre=centre,
        label=requirement.label,
        title=requirement.title,
        frameworks=tuple(names),
        jurisdictions=tuple(sorted({shelf[name].framework.jurisdiction for name in names})),
        same=tuple(name for name in names if closest[name] == 0 and name != home),
        contained=tuple(name for name in names if closest[name] == 1),
        overlapping=tuple(name for name in names if closest[name] == 2),
        provisional=tuple(name for name in names if shelf[name].framework.status == "provisional"),
        members=members,
    )


def _member(name: str, edge: Edge, shelf: Mapping[str, Tree]) -> Member:
    requirement = shelf[framework_of(name)].requirements[name]
    return Member(
        requirement=name,
        label=requirement.label,
        title=requirement.title,
        relation=edge.relation if edge.subject == name else CONVERSE[edge.relation],
        justification=edge.justification,
        confidence=edge.confidence,
    )
