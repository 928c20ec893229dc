"""The crosswalk of two frameworks as a whole: what is used, what is refused."""

from __future__ import annotations

import pytest

from accord.crosswalk import InvalidCrosswalk, between, read_sssom, stated_and_computed, write_sssom
from accord.errors import UsageError
from accord.frameworks import load
from accord.records import Requirement, Rule


def crossings(crosswalk):
    return {crossing.requirement: crossing for crossing in crosswalk.crossings}


def test_a_stated_edge_comes_with_author_source_and_reason() -> None:
    found = crossings(between("nist-ai-rmf", "eu-ai-act"))["eu-ai-act#art_10.2.f"]
    assert found.standing == "touched"
    (link,) = [link for link in found.links if link.subject == "nist-ai-rmf#measure_2.11"]
    assert (link.relation, link.justification, link.confidence) == ("intersects", "manual", 0.7)
    (step,) = link.steps
    assert step.author == "Accord" and "AI 100-1" in step.source and "2024/1689" in step.source and step.comment
    assert found.left


def test_the_other_direction_is_the_converse() -> None:
    there = {
        (k.subject, k.object): k.relation for c in between("sg-ai-verify", "nist-ai-rmf").crossings for k in c.links
    }
    back = {
        (k.object, k.subject): k.relation for c in between("nist-ai-rmf", "sg-ai-verify").crossings for k in c.links
    }
    converse = {"subset": "superset", "superset": "subset"}
    assert there == {pair: converse.get(relation, relation) for pair, relation in back.items()}
    assert {"superset", "subset", "intersects"} <= set(there.values())


def test_every_point_has_a_crossing_and_its_standing_follows_from_its_links() -> None:
    from accord.frameworks.judging import points_to_judge

    found = crossings(between("sg-ai-verify", "nist-ai-rmf"))
    assert {f"nist-ai-rmf#{point.id}" for point in points_to_judge(load("nist-ai-rmf"))} <= set(found)
    carried = found["nist-ai-rmf#measure_3.2"]
    assert carried.standing == "carried"
    assert carried.left == "nothing more, once p_12.5.1 is shown"
    assert carried.links[0].subject == "sg-ai-verify#p_12.5.1", "what carries most comes first"
    assert {"none", "touched", "part", "carried"} == {crossing.standing for crossing in found.values()}


def test_a_code_that_a_provider_may_rely_on_proves_nothing_of_the_act() -> None:
    found = crossings(between("eu-gpai-code", "eu-ai-act"))
    assert {crossing.standing for crossing in found.values()} == {"touched", "none"}


def test_measures_that_both_ask_for_are_found_and_never_more_than_overlap(small) -> None:
    def point(identifier, *rules):
        return Requirement(id=identifier, label=identifier, title="Point", rules=rules)

    shared = Rule(measure="m.x", where={"attribute": "sex"})
    first = small(
        "a", requirements=(point("1", shared, Rule(all=(Rule(measure="m.y"),))), point("2", Rule(measure="m.x")))
    )
    second = small("b", requirements=(point("1", shared),))
    walked = between(first, second)
    (link,) = walked.crossings[0].links
    assert (link.subject, link.relation, link.justification, link.confidence) == ("a#1", "intersects", "computed", 0.5)
    assert link.steps[0].comment == "the same evidence serves both: m.x (sex)"
    assert walked.crossings[0].standing == "touched"


def test_a_users_edges_are_used_and_checked(small, edge, tmp_path) -> None:
    first, second = small("a", "1", "2"), small("b", "1", "2")
    path = tmp_path / "mine.tsv"
    path.write_text(write_sssom([edge("a#1 equal b#1")], {"a": first, "b": second}, title="t", labels=False))
    assert crossings(between(first, second, files=[path]))["b#1"].standing == "carried"
    path.write_text(path.read_text().replace("a:1", "a:9"))
    with pytest.raises(InvalidCrosswalk, match="a has no requirement '9'"):
        between(first, second, files=[path])


def test_a_users_edges_chain_with_those_of_the_library(small, edge, tmp_path) -> None:
    own, act = small("own-law", "1"), load("sg-ai-verify")
    path = tmp_path / "mine.tsv"
    path.write_text(
        write_sssom(
            [edge("own-law#1 superset sg-ai-verify#p_12.5.1")], {"own-law": own, "sg-ai-verify": act}, title="t"
        )
    )
    link = crossings(between(own, "nist-ai-rmf", files=[path]))["nist-ai-rmf#measure_3.2"].links[0]
    assert (link.relation, [step.object for step in link.steps]) == (
        "superset",
        ["sg-ai-verify#p_12.5.1", "nist-ai-rmf#measure_3.2"],
    )


def test_a_framework_with_itself() -> None:
    with pytest.raises(UsageError, match="given twice"):
        between("eu-ai-act", "eu-ai-act")
    with pytest.raises(UsageError, match="there is no framework"):
        between("eu-ai-act", "nothing")


def test_as_edges_it_can_be_written_and_read_again() -> None:
    walked = between("sg-ai-verify", "nist-ai-rmf")
    edges = stated_and_computed(walked)
    frameworks = {name: load(name) for name in ("sg-ai-verify", "nist-ai-rmf")}
    text = write_sssom(edges, frameworks, title="export")
    found = read_sssom(text.encode(), name="export.tsv")
    assert not found.problems
    assert sorted(found.edges, key=repr) == sorted(edges, key=repr)


def test_provisional_frameworks_are_named() -> None:
    assert "action-plan" in between("eu-ai-act", "action-plan").provisional
