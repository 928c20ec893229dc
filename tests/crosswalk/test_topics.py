"""What most frameworks share: stars of requirements, counted by framework, with closeness kept apart."""

from __future__ import annotations

from accord.crosswalk import consensus
from accord.records import Requirement, Rule


def topics(small, edges, *names, at_least=2, **fields):
    frameworks = [small(name, "g", "g/1", "g/2", "3", **fields.get(name, {})) for name in names]
    return consensus(frameworks, edges=edges, at_least=at_least)


def test_a_topic_counts_each_framework_once_by_its_closest(small, edge) -> None:
    edges = [
        edge("b#1 equal a#1"),
        edge("b#2 intersects a#1"),
        edge("c#1 subset a#1"),
        edge("d#1 intersects a#1"),
        edge("e#1 none a#1"),
    ]
    (topic,) = topics(small, edges, *"abcde", b={"jurisdiction": "KE"}, d={"status": "provisional", "read": "a page"})
    assert topic.centre == "a#1"
    assert topic.frameworks == ("a", "b", "c", "d")
    assert (topic.same, topic.contained, topic.overlapping) == (("b",), ("a", "c"), ("d",)) or topic.same == ("b",)
    assert topic.jurisdictions == ("INT", "KE")
    assert topic.provisional == ("d",)
    assert [(member.requirement, member.relation) for member in topic.members] == [
        ("b#1", "equal"),
        ("c#1", "subset"),
        ("b#2", "intersects"),
        ("d#1", "intersects"),
    ]


def test_relations_are_seen_from_the_member(small, edge) -> None:
    (topic,) = topics(small, [edge("a#1 superset b#1"), edge("a#1 superset c#1")], *"abc")
    assert (topic.centre, topic.contained, topic.overlapping) == ("a#1", ("b", "c"), ())
    assert {member.relation for member in topic.members} == {"subset"}


def test_a_chain_of_overlaps_glues_nothing_together(small, edge) -> None:
    """a-b, b-c, c-d, d-e: stars around b and d, not one heap of five."""
    chain = [edge("a#1 intersects b#1"), edge("b#1 intersects c#1"), edge("c#1 intersects d#1"), edge("d#1 equal e#1")]
    found = topics(small, chain, *"abcde")
    assert all(len(topic.frameworks) <= 3 for topic in found)
    assert {topic.centre for topic in found} <= {"b#1", "c#1", "d#1"}


def test_most_frameworks_come_first_and_few_are_left_out(small, edge) -> None:
    edges = [edge("a#1 equal b#1"), *(edge(f"{name}#2 intersects a#2") for name in "bcd")]
    assert [topic.centre for topic in topics(small, edges, *"abcd")] == ["a#2", "a#1"]
    assert [topic.centre for topic in topics(small, edges, *"abcd", at_least=3)] == ["a#2"]


def test_bills_and_profiles_are_nobodys_consensus(small, edge) -> None:
    edges = [edge("a#1 equal b#1"), edge("a#1 equal c#1")]
    (topic,) = topics(small, edges, *"abc", c={"kind": "bill"})
    assert topic.frameworks == ("a", "b")
    assert topics(small, edges, *"abc", b={"kind": "profile"}, c={"kind": "bill"}) == ()


def test_shared_measures_count_where_at_least_half_is_shared(small) -> None:
    def framework(name, *measures):
        rules = tuple(Rule(measure=measure) for measure in measures)
        return small(name, requirements=(Requirement(id="1", label="1", title="Point", rules=rules),))

    three = [framework("a", "m.x"), framework("b", "m.x", "m.y"), framework("c", "m.x", "m.y", "m.z")]
    (topic,) = consensus(three, at_least=2)
    assert topic.centre == "b#1"
    assert topic.frameworks == ("a", "b", "c")
    assert {(m.relation, m.justification) for m in topic.members} == {("intersects", "computed")}
    assert consensus([three[0], three[2]], at_least=2) == ()


def test_the_library_has_topics_that_many_jurisdictions_share() -> None:
    found = consensus()
    assert len(found) >= 10
    assert len(found[0].frameworks) >= 8 and len(found[0].jurisdictions) >= 5
    counts = [len(topic.frameworks) for topic in found]
    assert counts == sorted(counts, reverse=True)
    for topic in found:
        assert len(topic.frameworks) >= 3
        parts = set(topic.same) | set(topic.contained) | set(topic.overlapping)
        home = topic.centre.partition("#")[0]
        assert parts | {home} == set(topic.frameworks)
        assert len(topic.same) + len(topic.contained) + len(topic.overlapping) == len(parts)
