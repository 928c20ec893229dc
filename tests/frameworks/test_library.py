"""The library itself: every id, source, date and measure; and what the originals say about their own structure."""

from __future__ import annotations

import re
from datetime import date

import pytest

from accord.frameworks import library, library_ids, load
from accord.frameworks.loading import LIBRARY, parse
from accord.measures.catalogue import catalogue
from accord.records import Rule

FRAMEWORKS = {framework.id: framework for framework in library()}


def leaves(rule: Rule):
    if rule.measure is not None:
        yield rule
    for child in (*rule.all, *rule.any, *rule.none):
        yield from leaves(child)


@pytest.mark.parametrize("name", library_ids())
def test_each_file_loads_is_named_by_its_id_and_cites_its_source(name):
    framework = parse((LIBRARY / f"{name}.yaml").read_bytes(), name=name)
    assert framework.id == name
    assert framework.source.title
    assert framework.source.uri.startswith(("http://", "https://"))
    assert re.fullmatch(r"\d{4}(-\d{2}){0,2}", framework.source.date)
    assert framework.text_licence
    assert framework.jurisdiction in {"EU", "US", "INT"}


@pytest.mark.parametrize("framework", FRAMEWORKS.values(), ids=FRAMEWORKS)
def test_ids_parents_dates_and_measures(framework):
    ids = [requirement.id for requirement in framework.requirements]
    assert len(ids) == len(set(ids))
    groups = {requirement.parent for requirement in framework.requirements}
    for position, requirement in enumerate(framework.requirements):
        assert requirement.parent is None or requirement.parent in ids[:position], "parents come first"
        assert requirement.applies_from is None or date.fromisoformat(requirement.applies_from)
        assert requirement.verification or requirement.id in groups
        assert requirement.id not in groups or requirement.verification is None
        if requirement.verification == "judged":
            assert requirement.question
        for rule in requirement.rules:
            for leaf in leaves(rule):
                assert leaf.measure in catalogue()


@pytest.mark.parametrize("framework", FRAMEWORKS.values(), ids=FRAMEWORKS)
def test_no_law_of_the_library_states_a_number_so_no_rule_has_one(framework):
    for requirement in framework.requirements:
        for rule in requirement.rules:
            assert all(leaf.threshold is None for leaf in leaves(rule))


@pytest.mark.parametrize("framework", FRAMEWORKS.values(), ids=FRAMEWORKS)
def test_what_counts_as_measured_rests_on_measurements_not_on_the_card(framework):
    for requirement in framework.requirements:
        if requirement.verification == "measured":
            assert not any(leaf.measure.startswith("card.") for rule in requirement.rules for leaf in leaves(rule))


def test_every_question_of_the_act_is_asked_by_a_rule_or_gathers_others():
    act = load("eu-ai-act")
    rules = [tier.rule for tier in act.tiers if tier.rule] + [r.applies_if for r in act.requirements if r.applies_if]
    asked = {leaf.where["question"] for rule in rules for leaf in leaves(rule)}
    for question in act.questions:
        narrower = [other for other in asked if other.startswith(question.id + "-")]
        assert question.id in asked or narrower
        assert re.match(r"(Art\.|Annex)", question.source)


# Counted in the consolidated text of 27 July 2026.
ARTICLE_5 = ["a", "b", "ba", "bb", "c", "d", "e", "f", "g", "h"]
ANNEX_III = {"1": "abc", "2": "", "3": "abcd", "4": "ab", "5": "abcd", "6": "abcde", "7": "abcd", "8": "ab"}


def test_the_act_names_ten_prohibitions_and_every_point_of_annex_iii():
    act = load("eu-ai-act")
    cited = {tier.id: list(citations(tier.rule)) for tier in act.tiers if tier.rule}
    prohibited = [re.match(r"Art\. 5\(1\)\((\w+)\)", text) for text in cited["prohibited"]]
    assert [found[1] for found in prohibited if found] == ARTICLE_5
    points = [text.removeprefix("Annex III, point ") for text in cited["high_risk"] if text.startswith("Annex III")]
    expected = [f"{area}({letter})" for area, letters in ANNEX_III.items() for letter in letters]
    expected.insert(3, "2")
    assert points == expected
    assert cited["transparency"] == [f"Art. 50({n})" for n in (1, 2, 3, 4)]


def citations(rule: Rule):
    if rule.threshold_source:
        yield rule.threshold_source
    for child in (*rule.all, *rule.any, *rule.none):
        yield from citations(child)


# Points of articles 9 to 15 that put a duty on providers, as lettered in the consolidated text.
POINTS = {
    "art_9": ["1", "2.a", "2.b", "2.c", "2.d", "4", "5.sub_1", "5.a", "5.b", "5.c", "5.sub_3", "6", "8", "9"],
    "art_10": ["1", *(f"2.{letter}" for letter in "abcdefgh"), "3", "4"],
    "art_11": ["1", "2"],
    "art_12": ["1", "2.a", "2.b", "2.c", "3.a", "3.b", "3.c", "3.d"],
    "art_13": [
        "1",
        "2",
        "3.a",
        *(f"3.b.{n}" for n in ("i", "ii", "iii", "iv", "v", "vi", "vii")),
        *(f"3.{x}" for x in "cdef"),
    ],
    "art_14": ["1", "2", "3", *(f"4.{letter}" for letter in "abcde"), "5"],
    "art_15": ["1", "3", "4.sub_1", "4.sub_3", "5.sub_1", "5.sub_2", "5.sub_3"],
}


def test_articles_9_to_15_point_by_point():
    act = load("eu-ai-act")
    groups = {requirement.parent for requirement in act.requirements}
    points = [requirement for requirement in act.requirements if requirement.id not in groups]
    expected = [f"{article}.{point}" for article, found in POINTS.items() for point in found]
    assert [requirement.id for requirement in points] == expected
    for requirement in points:
        assert requirement.addressee == "provider"
        lettered = re.sub(r"\.sub_\d", "", requirement.id.removeprefix("art_"))
        article, *steps = lettered.split(".")
        assert requirement.label.startswith(f"Art. {article}" + "".join(f"({step})" for step in steps))


def test_the_dates_of_article_113():
    act = load("eu-ai-act")
    section = act.requirements[0]
    assert section.applies_from == "2027-12-02"
    assert "2 August 2028" in section.note


# Subcategories of each category, in the tables of the core: 19, 18, 22 and 13 are 72.
SUBCATEGORIES = {
    "govern": (7, 3, 2, 3, 2, 2),
    "map": (6, 3, 5, 2, 2),
    "measure": (3, 13, 3, 3),
    "manage": (4, 4, 2, 3),
}


def test_all_72_subcategories_of_the_core():
    ids = [
        f"{function}_{category}.{number}"
        for function, counts in SUBCATEGORIES.items()
        for category, count in enumerate(counts, 1)
        for number in range(1, count + 1)
    ]
    assert len(ids) == 72
    nist = load("nist-ai-rmf")
    found = [requirement for requirement in nist.requirements if "." in requirement.id]
    assert [requirement.id for requirement in found] == ids
    assert all(requirement.label == requirement.id.upper().replace("_", " ") for requirement in found)


ROWS = {
    1: "a",
    2: "abc",
    3: "ab",
    4: "abc",
    5: "abcdefg",
    6: "abcde",
    7: "abcd",
    8: "abc",
    9: "abcdef",
    10: "abcdefghjk",
    11: "ab",
    12: "abcdef",
    13: "abc",
}


def test_every_row_of_the_action_plan():
    plan = load("action-plan")
    found = [requirement.id for requirement in plan.requirements if "." in requirement.id]
    assert found == [f"ap_{article}.{letter}" for article, letters in ROWS.items() for letter in letters]
    assert plan.status == "provisional"


def test_the_four_fifths_rule_of_us_employment_law_is_in_none_of_them():
    for path in LIBRARY.glob("*.yaml"):
        assert "1607" not in path.read_text()
        assert "min_ratio" not in path.read_text()
