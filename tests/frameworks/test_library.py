"""The library itself: every id, source, date and measure; and what the originals say about their own structure."""

from __future__ import annotations

import re
from datetime import date

import pytest

from accord.frameworks import library, library_ids, load
from accord.frameworks.applicability import Applicability
from accord.frameworks.facts import Facts
from accord.frameworks.loading import LIBRARY, parse
from accord.frameworks.validation import IDS_AND_TITLES_ONLY
from accord.measures.catalogue import catalogue
from accord.records import Rule

FRAMEWORKS = {framework.id: framework for framework in library()}


JURISDICTIONS = frozenset(re.findall(r"\S+", "AFU ASEAN BR CA CN EU IN INT JP KE KR NG PE SG US US-CA US-CO VN ZA"))


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
    assert framework.source.uri.startswith(("http://", "https://", "urn:accord:profile:"))
    assert framework.issuer == "Accord" or framework.source.uri.startswith("http")
    assert re.fullmatch(r"\d{4}(-\d{2}){0,2}", framework.source.date)
    assert framework.text_licence
    assert framework.read, "it says which text was read"
    assert framework.jurisdiction in JURISDICTIONS
    assert (framework.kind == "bill") == (name == "br-pl-2338"), "a bill is not a law"


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
def test_no_text_of_the_library_states_a_number_for_what_is_measured_so_no_rule_has_one(framework):
    for requirement in framework.requirements:
        for rule in requirement.rules:
            assert all(leaf.threshold is None for leaf in leaves(rule) if not leaf.measure.startswith("card."))


@pytest.mark.parametrize("framework", FRAMEWORKS.values(), ids=FRAMEWORKS)
def test_pointers_lead_to_points_of_other_texts(framework):
    for requirement in framework.requirements:
        for reference in requirement.see:
            other, _, point = reference.partition("#")
            assert other != framework.id
            assert point in {item.id for item in FRAMEWORKS[other].requirements}, reference


@pytest.mark.parametrize("framework", FRAMEWORKS.values(), ids=FRAMEWORKS)
def test_every_question_decides_something(framework):
    rules = [tier.rule for tier in framework.tiers if tier.rule]
    for requirement in framework.requirements:
        rules += [*requirement.rules, *([requirement.applies_if] if requirement.applies_if else [])]
    asked = {leaf.where["question"] for rule in rules for leaf in leaves(rule) if leaf.measure == "card.answer"}
    for question in framework.questions:
        assert question.id in asked or any(other.startswith(question.id + "-") for other in asked), question.id


def test_a_question_that_two_texts_ask_is_the_same_question():
    asked = {}
    for framework in FRAMEWORKS.values():
        for question in framework.questions:
            assert asked.setdefault(question.id, question.text) == question.text


def test_texts_of_iso_and_gb_are_ids_and_short_titles_only():
    for name, framework in FRAMEWORKS.items():
        if name.startswith(("iso-", "cn-gb")):
            assert framework.text_licence == IDS_AND_TITLES_ONLY, name


SECTORS = (
    "agriculture autonomous-driving biodiversity climate commerce consumption education health manufacturing "
    "poverty-reduction public-administration public-transport smart-cities"
)


def test_a_profile_for_each_sector_of_articles_3_7_and_9_and_none_claims_to_be_a_law():
    profiles = {item.sector: item for item in FRAMEWORKS.values() if item.sector}
    assert sorted(profiles) == SECTORS.split()
    for profile in profiles.values():
        assert (profile.kind, profile.issuer, profile.status) == ("profile", "Accord", "provisional")


@pytest.mark.parametrize("framework", FRAMEWORKS.values(), ids=FRAMEWORKS)
def test_what_counts_as_measured_rests_on_measurements_not_on_the_card(framework):
    for requirement in framework.requirements:
        if requirement.verification == "measured":
            assert not any(leaf.measure.startswith("card.") for rule in requirement.rules for leaf in leaves(rule))


def test_every_question_of_the_act_is_asked_by_a_rule_or_gathers_others():
    act = load("eu-ai-act")
    rules = [tier.rule for tier in act.tiers if tier.rule] + [r.applies_if for r in act.requirements if r.applies_if]
    asked = {leaf.where["question"] for rule in rules for leaf in leaves(rule) if leaf.measure == "card.answer"}
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
    prefixes = tuple(f"{article}." for article in POINTS)
    points = [item for item in act.requirements if item.id not in groups and item.id.startswith(prefixes)]
    expected = [f"{article}.{point}" for article, found in POINTS.items() for point in found]
    assert [requirement.id for requirement in points] == expected
    for requirement in points:
        assert requirement.addressee == "provider"
        lettered = re.sub(r"\.sub_\d", "", requirement.id.removeprefix("art_"))
        article, *steps = lettered.split(".")
        assert requirement.label.startswith(f"Art. {article}" + "".join(f"({step})" for step in steps))


DATES = {
    "art_4": "2025-02-02",
    "art_4a": "2026-07-27",  # inserted on that day
    "art_5.1.a": "2025-02-02",
    "art_5.1.ba": "2026-12-02",
    "art_5.1.bb": "2026-12-02",
    "art_6.4": "2027-12-02",
    "art_6.5": "2026-08-02",
    "art_10.2.f": "2027-12-02",
    "anx_iv.1.a": "2027-12-02",
    "art_27.1.a": "2027-12-02",
    "art_31": "2025-08-02",
    "art_43.2": "2026-08-02",
    "art_49.1": "2026-08-02",
    "art_50.2": "2026-08-02",
    "art_53.1.d": "2025-08-02",
    "art_55.1.a": "2025-08-02",
    "art_64": "2025-08-02",
    "art_73.1": "2026-08-02",
    "art_78": "2025-08-02",
    "art_99": "2025-08-02",
    "art_101": "2026-08-02",
    "art_102": "2026-07-27",
    "art_111.2": "2030-08-02",
    "art_111.3": "2027-08-02",
    "art_111.4": "2026-12-02",
}


def test_the_dates_of_article_113():
    act = load("eu-ai-act")
    points = {requirement.id: requirement for requirement in act.requirements}
    dates = Applicability(act, Facts.of([], act.questions))
    assert {name: dates.date_of(points[name]) for name in DATES} == DATES
    for section in ("ch_3.sec_1", "ch_3.sec_2", "ch_3.sec_3", "ch_3.sec_5"):
        assert "2 August 2028" in points[section].note


@pytest.mark.parametrize(
    ("answers", "date"),
    [
        ({}, "2027-12-02"),
        ({"eu-annex_i-a": True}, "2027-12-02"),  # it may be high risk under Annex III too: the earlier date stands
        ({"eu-annex_i-a": True, "eu-annex_iii": False}, "2028-08-02"),
        ({"eu-annex_i-a": True, "eu-annex_iii-4-a": True}, "2027-12-02"),
        ({"eu-annex_i": False, "eu-annex_iii": False}, "2027-12-02"),
    ],
)
def test_products_under_annex_i_alone_follow_later(answered, answers, date):
    act = load("eu-ai-act")
    points = {requirement.id: requirement for requirement in act.requirements}
    dates = Applicability(act, Facts.of(answered(answers), act.questions))
    for point in ("art_9.1", "art_15.1", "art_16.a", "art_26.1"):
        assert dates.date_of(points[point]) == date
    assert dates.date_of(points["art_50.1"]) == "2026-08-02"


# Counted in the consolidated text: 113 articles and 4a, 60a, 75a to 75d. These bind nobody, as the file's note says.
NO_LINE = {"1", "2", "3", "42", "63", "113"}


def test_every_article_of_the_act_has_a_line_or_is_named_in_the_note():
    articles = {str(number) for number in range(1, 114)} | {"4a", "60a", "75a", "75b", "75c", "75d"}
    found: set[str] = set()
    for requirement in load("eu-ai-act").requirements:
        if match := re.match(r"Art\. (\d+[a-d]?)(?: to (\d+))?", requirement.label):
            first, last = match[1], match[2]
            found |= {str(number) for number in range(int(first), int(last) + 1)} if last else {first}
    assert articles - found == NO_LINE


# Points of the annexes that list contents, as numbered and lettered there.
ANNEXES = {
    "anx_iv": [*(f"1.{x}" for x in "abcdefgh"), *(f"2.{x}" for x in "abcdefgh"), *"3456789"],
    "anx_v": [*"12345678"],
    "anx_vi": [*"234"],
    "anx_viii.a": [str(number) for number in range(1, 13)],
    "anx_viii.b": [*"1234568"],
    "anx_viii.c": [*"12345"],
    "anx_ix": [*"12345"],
    "anx_xi.s1": [*(f"1.{x}" for x in "abcdef"), *(f"2.{x}" for x in "abcde")],
    "anx_xi.s2": [*"123"],
    "anx_xii": [*(f"1.{x}" for x in "abcdefgh"), *(f"2.{x}" for x in "abc")],
    "anx_xiii": [*"abcdefg"],
}


def test_the_annexes_point_by_point():
    act = load("eu-ai-act")
    groups = {requirement.parent for requirement in act.requirements}
    ids = [requirement.id for requirement in act.requirements if requirement.id not in groups]
    for annex, points in ANNEXES.items():
        assert [name for name in ids if name.startswith(f"{annex}.")] == [f"{annex}.{point}" for point in points]


def test_the_ten_prohibitions_are_points_too():
    found = [item for item in load("eu-ai-act").requirements if item.parent == "art_5.1"]
    assert [item.id for item in found] == [f"art_5.1.{letter}" for letter in ARTICLE_5]
    assert all(item.verification == "judged" and item.question for item in found)


# Measures of each commitment, as counted in the three chapters.
COMMITMENTS = {"t": [3], "c": [5], "s": [4, 2, 5, 2, 1, 2, 7, 3, 4, 2]}


def test_the_commitments_and_measures_of_the_code_for_general_purpose_models():
    code = load("eu-gpai-code")
    ids = [item.id for item in code.requirements]
    for chapter, counts in COMMITMENTS.items():
        commitments = [name for name in ids if re.fullmatch(rf"{chapter}_\d+", name)]
        assert commitments == [f"{chapter}_{number}" for number in range(1, len(counts) + 1)]
        for number, count in enumerate(counts, start=1):
            measures = [name for name in ids if re.fullmatch(rf"{chapter}_{number}\.\d+", name)]
            assert measures == [f"{chapter}_{number}.{measure}" for measure in range(1, count + 1)]
    assert {item.addressee for item in code.requirements} == {"gpai_provider"}


# Subcategories of each category, in the tables of the core: 19, 18, 22 and 13 are 72.
SUBCATEGORIES = {
    "govern": (7, 3, 2, 3, 2, 2),
    "map": (6, 3, 5, 2, 2),
    "measure": (3, 13, 3, 3),
    "manage": (4, 4, 2, 3),
}


# What the originals say about their own size: points that are counted there, and how ours are named. Of Japan's 28
# articles the first two, aim and definition, are left out.
COUNTED = {
    "nist-ai-600-1": (212, r"(gv|mp|ms|mg)_\d\.\d+_\d{3}"),
    "iso-iec-42001": (38, r"a\.(?!6\.[12]$)\d+(\.\d+)+"),
    "owasp-llm-top10": (10, r"llm\d\d"),
    "owasp-agentic-top10": (10, r"asi\d\d(\.\w+)?"),
    "sg-ai-verify": (97, r"p_\d+(\.\d+)+"),
    "un-sdgs": (17, r"sdg_\d+"),
    "g7-hiroshima-code": (11, r"a_\d+"),
    "coe-cets-225": (36, r"art_\d+"),
    "oecd-ai-principles": (10, r"p_[12]\.\d"),
    "oecd-classification": (5, r"d_\d"),
    "cn-genai-interim-measures": (24, r"art_\d+"),
    "cn-labelling-measures": (14, r"art_\d+"),
    "cn-deep-synthesis": (25, r"art_\d+"),
    "cn-algorithm-recommendation": (35, r"art_\d+"),
    "jp-ai-promotion-act": (26, r"art_\d+"),
}


@pytest.mark.parametrize("name", COUNTED)
def test_the_points_that_the_original_counts_are_all_there(name):
    number, pattern = COUNTED[name]
    found = [item.id for item in FRAMEWORKS[name].requirements if re.fullmatch(pattern, item.id)]
    assert len(found) == number, found


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
        assert not re.search(r"threshold: 0\.8\b", path.read_text())
