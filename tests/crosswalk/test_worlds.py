"""Worlds of sets: whatever true edges are given, no link and no outcome says anything false."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from accord.crosswalk import carry
from accord.crosswalk.paths import links
from accord.crosswalk.references import trees
from accord.crosswalk.walking import _crossings
from accord.records import Verdict
from accord.records.crosswalk import Crosswalk, Edge

HOLDS = {
    "equal": lambda x, y: x == y,
    "equivalent": lambda x, y: x == y,
    "subset": lambda x, y: x <= y,
    "superset": lambda x, y: x >= y,
    "intersects": lambda x, y: bool(x & y),
    "none": lambda x, y: not x & y,
}
demands = st.frozensets(st.integers(0, 5), min_size=1, max_size=4)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[dict[str, frozenset[int]], list[Edge]]:
    """Three frameworks of two points in a group and one alone, each a set of demands; and some true edges."""
    sets: dict[str, frozenset[int]] = {}
    for name in "abc":
        first, second, alone = draw(demands), draw(demands), draw(demands)
        sets |= {f"{name}#g": first | second, f"{name}#1": first, f"{name}#2": second, f"{name}#3": alone}
    references = sorted(sets)
    edges = []
    for pair in draw(st.sets(st.tuples(st.sampled_from(references), st.sampled_from(references)), max_size=9)):
        subject, object_ = pair
        if subject[0] >= object_[0]:
            continue
        true = [relation for relation, holds in HOLDS.items() if holds(sets[subject], sets[object_])]
        edges.append(
            Edge(
                subject=subject,
                relation=draw(st.sampled_from(true)),
                object=object_,
                justification="manual",
                confidence=draw(st.sampled_from((0.2, 0.5, 0.9))),
                source="test",
            )
        )
    return sets, edges


@settings(max_examples=300, deadline=None)
@given(world=worlds(), max_edges=st.integers(1, 3))
def test_every_link_is_true_of_the_sets(small, world, max_edges) -> None:
    sets, edges = world
    shelf = trees(small(name, "g", "g/1", "g/2", "3") for name in "abc")
    for link in links("a", "b", shelf, edges, max_edges=max_edges):
        assert HOLDS[link.relation](sets[link.subject], sets[link.object])
        crossed = [step for step in link.steps if step.by == "edge"]
        assert 1 <= len(crossed) <= max_edges
        assert link.confidence == min(step.confidence for step in link.steps)
        assert link.steps[0].subject == link.subject and link.steps[-1].object == link.object
        assert all(before.object == after.subject for before, after in zip(link.steps, link.steps[1:], strict=False))
        for step in link.steps:
            assert HOLDS[step.relation](sets[step.subject], sets[step.object])


POINTS = ("1", "2", "3")


@settings(max_examples=300, deadline=None)
@given(world=worlds(), satisfied=st.frozensets(st.integers(0, 5)), data=st.data())
def test_no_outcome_is_false_in_its_world(small, assessment, world, satisfied, data) -> None:
    """A point is met if all that it demands is satisfied; an assessment knows this of some points, by some status."""
    sets, edges = world
    frameworks = {name: small(name, "g", "g/1", "g/2", "3") for name in "abc"}
    shelf = trees(frameworks.values())
    verdicts = []
    for point in POINTS:
        known = ("met", "documented") if sets[f"a#{point}"] <= satisfied else ("not_met",)
        status = data.draw(st.sampled_from((*known, "declared", "judged", "inconclusive", "not_applicable")))
        verdicts.append(Verdict(framework="a", requirement=point, status=status, reason="test"))
    walked = Crosswalk(
        subject="a",
        subject_version="1",
        object="b",
        object_version="1",
        crossings=_crossings(shelf["b"], links("a", "b", shelf, edges)),
        edges=tuple(edges),
    )
    carried = carry(walked, replace(assessment, verdicts=tuple(verdicts)), subject=frameworks["a"])
    for crossing in carried.crossings:
        demanded = sets[crossing.requirement]
        assert crossing.outcome != "shown" or demanded <= satisfied
        assert crossing.outcome != "not_met" or not demanded <= satisfied
        assert crossing.outcome != "part_shown" or demanded & satisfied
        assert (crossing.verdict is None) == (crossing.outcome in ("part_shown", "open"))
