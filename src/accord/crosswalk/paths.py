"""From each requirement of one framework to those of another: over edges, chains of edges, and the trees.

A chain goes through other frameworks, each at most once, and is never stored. It may begin, turn and end with a step
within a framework's tree (a point is a part of its group), which the path shows. What somebody states of two
requirements stands before anything computed of them, whatever a chain would give.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ..frameworks.judging import points_to_judge
from ..records.crosswalk import Edge, Link, Relation, Step
from .references import Tree, framework_of
from .relations import CONVERSE, compose, strength

MAX_EDGES = 3
"""A chain of more edges than this says nothing worth showing."""


@dataclass(frozen=True, slots=True)
class _Reached:
    """A requirement that was reached, the relation of the start to it, and the steps so far."""

    at: str
    relation: Relation
    confidence: float
    steps: tuple[Step, ...]
    visited: frozenset[str]


def links(
    subject: str, object_: str, shelf: Mapping[str, Tree], edges: Iterable[Edge], *, max_edges: int = 2
) -> tuple[Link, ...]:
    """Return the best link of every point of `subject` to every point of `object_` that it bears on.

    Points are what gets a verdict, and those groups that an edge names.

    `shelf` holds the trees of both frameworks, and of those between them whose trees may be used. The best is what
    is stated (by the surest author), else the shortest chain, of these the strongest relation, then the surest, then
    the one that climbs trees least.
    """
    if not 1 <= max_edges <= MAX_EDGES:
        raise ValueError(f"a chain has 1 to {MAX_EDGES} edges")
    steps = _steps_from(edges)
    starts, ends = (_points(shelf[name], steps) for name in (subject, object_))
    best: dict[tuple[str, str], Link] = {}
    for start in starts:
        origin = _Reached(start, "equal", 1.0, (), frozenset((subject,)))
        level = list(_with_tree(origin, shelf))
        for _depth in range(max_edges):
            crossed = [found for reached in level for found in _cross(reached, steps)]
            level = []
            for found in _prune(far for near in crossed for far in _with_tree(near, shelf)):
                if framework_of(found.at) != object_:
                    level.append(found)
                    continue
                if found.at not in ends:
                    continue
                link = _link(start, found)
                before = best.get((start, found.at))
                if before is None or _rank(link) < _rank(before):
                    best[start, found.at] = link
    return tuple(sorted(best.values(), key=lambda link: (link.object, _rank(link), link.subject)))


def _points(tree: Tree, steps: Mapping[str, list[Step]]) -> dict[str, None]:
    judged = {f"{tree.framework.id}#{requirement.id}" for requirement in points_to_judge(tree.framework)}
    return dict.fromkeys(reference for reference in tree.requirements if reference in judged or reference in steps)


def _steps_from(edges: Iterable[Edge]) -> dict[str, list[Step]]:
    """Index edges by where they start, each in both directions."""
    found: dict[str, list[Step]] = {}
    for edge in edges:
        for subject, relation, object_ in (
            (edge.subject, edge.relation, edge.object),
            (edge.object, CONVERSE[edge.relation], edge.subject),
        ):
            step = Step(
                subject=subject,
                relation=relation,
                object=object_,
                by="edge",
                justification=edge.justification,
                confidence=edge.confidence,
                source=edge.source,
                author=edge.author,
                comment=edge.comment,
            )
            found.setdefault(subject, []).append(step)
    return found


def _cross(reached: _Reached, steps: Mapping[str, list[Step]]) -> Iterator[_Reached]:
    for step in steps.get(reached.at, ()):
        if framework_of(step.object) in reached.visited:
            continue
        if reached.steps and "computed" in (step.justification, *(earlier.justification for earlier in reached.steps)):
            continue  # shared evidence is a fact about two requirements, not a relation to build upon
        yield from _extend(reached, step)


def _with_tree(reached: _Reached, shelf: Mapping[str, Tree]) -> Iterator[_Reached]:
    """Yield a requirement itself, then the groups above it and the points below it."""
    yield reached
    tree = shelf.get(framework_of(reached.at))
    if tree is None:
        return
    for other in tree.above(reached.at):
        yield from _extend(reached, Step(subject=reached.at, relation="subset", object=other, by="tree"))
    for other in tree.below(reached.at):
        yield from _extend(reached, Step(subject=reached.at, relation="superset", object=other, by="tree"))


def _extend(reached: _Reached, step: Step) -> Iterator[_Reached]:
    """Yield where a step leads, if the two relations together say anything.

    That a group overlaps with whatever one of its points overlaps with is true and worth nothing: mere overlap (or
    none) is followed over edges only.
    """
    relation = compose(reached.relation, step.relation)
    climbed = step.by == "tree" or any(earlier.by == "tree" for earlier in reached.steps)
    if relation is not None and not (climbed and relation in ("intersects", "none")):
        yield _Reached(
            step.object,
            relation,
            min(reached.confidence, step.confidence),
            (*reached.steps, step),
            reached.visited | {framework_of(step.object)},
        )


def _prune(found: Iterable[_Reached]) -> list[_Reached]:
    """Keep, of those at one place with one relation over the same frameworks, what is stated, else the surest."""
    best: dict[tuple[str, Relation, frozenset[str]], tuple[tuple[bool, float, int], _Reached]] = {}
    for reached in found:
        key = (reached.at, reached.relation, reached.visited)
        rank = (len(reached.steps) != 1, -reached.confidence, len(reached.steps))
        if key not in best or rank < best[key][0]:
            best[key] = (rank, reached)
    return [reached for _rank, reached in best.values()]


def _link(start: str, reached: _Reached) -> Link:
    only = reached.steps[0] if len(reached.steps) == 1 else None
    return Link(
        subject=start,
        relation=reached.relation,
        object=reached.at,
        justification=(only.justification if only else None) or "computed",
        confidence=reached.confidence,
        steps=reached.steps,
    )


def _rank(link: Link) -> tuple[bool, int, float, float, int]:
    """Return a key that sorts the better link first."""
    stated = link.justification != "computed"
    edges = sum(step.by == "edge" for step in link.steps)
    if stated:
        return (False, edges, -link.confidence, strength(link.relation), 1)
    return (True, edges, strength(link.relation), -link.confidence, len(link.steps))
