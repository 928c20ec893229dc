"""Over a hundred systems and the class that the texts give them, with the reasons; and what holds for every case."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accord.frameworks import load
from accord.frameworks.asking import open_facts
from accord.frameworks.facts import Facts, parents
from accord.frameworks.tiers import NONE, UNDETERMINED, classify, fact_text

TABLE = yaml.load((Path(__file__).parent / "tier_cases.yaml").read_text("utf-8"), yaml.CSafeLoader)
CASES = TABLE["cases"]
AMOUNT = "model.training.flop"
FIELDS = {"name", "framework", "source", "basis", "facts", "base", "answers", "flop", "expect", "reasons", "missing"}
FIELDS |= {"near", "candidates", "candidates_model", "changes"}

# Counted in the text of the consolidated Act, not in our file.
PROHIBITIONS = ("a", "b", "ba", "bb", "c", "d", "e", "f", "g", "h")
ANNEX_III = {1: "abc", 2: "", 3: "abcd", 4: "ab", 5: "abcd", 6: "abcde", 7: "abcd", 8: "ab"}


def answers_of(case):
    found = {}
    for base in case.get("base", []):
        found.update(TABLE["bases"][base])
    return {**found, **case.get("answers", {})}


def ends(flop):
    return tuple(flop) if isinstance(flop, list) else (flop, flop)


@pytest.fixture(scope="session")
def facts_of(measured, evidence):
    """facts_of(answers, flop, framework) -> Facts"""

    def build(answers, flop, framework):
        said = [
            measured("card.answer", value, dimensions={"question": question}, basis="declared", subject="sha256:cc")
            for question, value in answers.items()
        ]
        if flop is not None:
            low, high = ends(flop)
            said.append(
                measured(
                    "card.training_compute",
                    (low * high) ** 0.5,
                    (low, high) if low < high else None,
                    kind="declared",
                    basis="declared",
                )
            )
        return Facts.of(evidence(*said), framework.questions)

    return build


def schemes(case, framework):
    """The class that is expected of each scheme."""
    expected = {**TABLE["elsewhere"].get(framework.id, {}), **case["expect"]}
    if "main" not in expected and framework.id == "eu-ai-act":
        expected["main"] = "minimal"
    if "main" not in expected and framework.id == "kr-ai-basic-act":
        expected["main"] = "other_impact"
    return {"" if scheme == "main" else scheme: tier for scheme, tier in expected.items()}


def spelled_out(texts, framework):
    """Put the words of questions and classes in place of their ids."""
    words = {question.id: question.text for question in framework.questions}
    words |= {item.id: item.title for item in framework.tiers}
    return [re.sub(r"\{([^}]+)\}", lambda found: words[found[1]], text) for text in texts]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_case(case, facts_of):
    framework = load(case["framework"])
    tiers = classify(framework, facts_of(answers_of(case), case.get("flop"), framework))
    assert {tier.scheme: tier.tier for tier in tiers} == schemes(case, framework)
    reasons = [reason for tier in tiers for reason in tier.reasons]
    for start in spelled_out(case.get("reasons", []), framework):
        assert any(reason.startswith(start) for reason in reasons), (start, reasons)
    for key, scheme in (("candidates", None), ("candidates_model", "model")):
        if key in case:
            undetermined = [t for t in tiers if t.tier == UNDETERMINED and scheme in (None, t.scheme)]
            assert list(undetermined[0].candidates) == case[key]
    if "missing" in case:
        assert sorted({fact for tier in tiers for fact in tier.missing}) == sorted(case["missing"])
    changes = [text for tier in tiers for text in tier.would_change]
    for end in spelled_out(case.get("changes", []), framework):
        assert any(text.endswith(end) for text in changes), (end, changes)
    for tier in tiers:
        assert tier.reasons
        if tier.tier != UNDETERMINED:
            assert (tier.missing, tier.candidates) == ((), (tier.tier,))


def test_the_table_is_sound():
    assert len(CASES) >= 80
    assert len({case["name"] for case in CASES}) == len(CASES)
    for case in CASES:
        assert set(case) <= FIELDS, case["name"]
        assert case["source"] and case["facts"], case["name"]
        assert case["basis"] in ("text", "recital", "guideline", "reading"), case["name"]
        known = {question.id for question in load(case["framework"]).questions}
        assert set(answers_of(case)) <= known, (case["name"], set(answers_of(case)) - known)


def test_every_prohibition_of_the_act_has_a_case_and_a_near_miss():
    european = [case for case in CASES if case["framework"] == "eu-ai-act"]
    for letter in PROHIBITIONS:
        cited = f"Art. 5(1)({letter})"
        hits = [c for c in european if any(r.startswith(cited) and " applies" in r for r in c.get("reasons", []))]
        assert any(case["expect"].get("main") == "prohibited" for case in hits), cited
        misses = [case for case in european if case.get("near") == cited]
        assert misses, cited
        assert all(case["expect"]["main"] not in ("prohibited", UNDETERMINED) for case in misses), cited


def test_every_point_of_annex_iii_has_a_case():
    reasons = [
        reason
        for case in CASES
        if case["framework"] == "eu-ai-act" and case["expect"].get("main") == "high_risk"
        for reason in case["reasons"]
    ]
    for number, letters in ANNEX_III.items():
        for letter in letters or ("",):
            cited = f"Annex III, point {number}{f'({letter})' if letter else ''} applies"
            assert any(reason.startswith(cited) for reason in reasons), cited


def test_missing_facts_have_words(facts_of):
    for case in CASES:
        framework = load(case["framework"])
        facts = facts_of(answers_of(case), case.get("flop"), framework)
        for tier in classify(framework, facts):
            assert all(fact_text(framework, fact) for fact in tier.missing), case["name"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_each_fact_that_is_said_to_change_the_class_does(case, facts_of):
    """Apply each `would_change`, and classify again: only what contradicts the new fact is given up."""
    framework = load(case["framework"])
    answers = answers_of(case)
    classes = {(item.scheme, item.title): item.id for item in framework.tiers}
    for tier in classify(framework, facts_of(answers, case.get("flop"), framework)):
        for text in tier.would_change:
            claim, _, title = text.rpartition(" → ")
            title, _, fact = title.rstrip("]").rpartition(" [")
            expected = UNDETERMINED if title == "no longer settled" else classes[tier.scheme, title]
            if fact == AMOUNT:
                again = facts_of(answers, amount_in(claim), framework)
            else:
                again = facts_of(otherwise(answers, fact, claim.endswith(" yes")), case.get("flop"), framework)
            reached = next(t for t in classify(framework, again) if t.scheme == tier.scheme)
            assert reached.tier == expected, text
            assert reached.tier != tier.tier, text


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_no_question_is_asked_whose_answer_makes_no_difference(case, facts_of):
    framework = load(case["framework"])
    answers = answers_of(case)
    for question in open_facts([framework], facts_of(answers, case.get("flop"), framework)):
        if question.amount:
            continue
        results = [
            classify(framework, facts_of(otherwise(answers, question.id, value), case.get("flop"), framework))
            for value in (True, False)
        ]
        yes, no = ([(t.tier, t.candidates, t.missing) for t in result] for result in results)
        assert yes != no, question.id


def amount_in(claim):
    """An amount as the words say: "training compute above 1e23 and of at most 1e25 FLOP"."""
    words = claim.split()
    if "least" in words:
        return float(words[words.index("least") + 1])
    if "most" in words:
        return float(words[words.index("most") + 1])
    if "above" in words:
        return 2 * float(words[words.index("above") + 1])
    return float(words[words.index("below") + 1]) / 2


def otherwise(answers, question, value):
    """Answer one question otherwise, without the answers that the tree of questions says would contradict it."""
    kept = {
        other: said
        for other, said in answers.items()
        if not (value is False and other.startswith(question + "-"))
        and not (value is True and question.startswith(other + "-") and said is False)
    }
    return {**kept, question: value}


FRAMEWORKS = sorted({case["framework"] for case in CASES})


@st.composite
def worlds(draw):
    """A framework, a consistent answer to each of its questions that a class asks for, and an amount of compute."""
    framework = load(draw(st.sampled_from(FRAMEWORKS)))
    ids = sorted(question.id for question in framework.questions)
    above = parents(ids)
    likely = draw(st.sampled_from([0.05, 0.3, 0.7]))
    world = {}
    for question in sorted(ids, key=len):
        yes = draw(st.floats(0, 1, exclude_max=True)) < likely
        world[question] = yes and world.get(above.get(question, ""), True)
    flop = draw(st.sampled_from([1e21, 1e23, 2e23, 1e25, 1.1e25, 9e25, 1e26, 3e26]))
    return framework, world, flop


@given(worlds(), st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_class_that_is_reached_stays_reached_under_more_answers(facts_of, drawn, data):
    """And the class of the whole world is always among those that a part of the answers leaves possible."""
    framework, world, flop = drawn
    names = sorted(world)
    order = data.draw(st.permutations(names)) if len(names) < 40 else sorted(names, key=lambda n: hash((n, flop)))
    final = {tier.scheme: tier.tier for tier in classify(framework, facts_of(world, flop, framework))}
    for count in (0, len(order) // 4, len(order) // 2, len(order)):
        part = {name: world[name] for name in order[:count]}
        amount = flop if count > len(order) // 3 else [flop / 4, flop * 4]
        for tier in classify(framework, facts_of(part, amount, framework)):
            assert final[tier.scheme] in (*tier.candidates, NONE)
            if tier.tier != UNDETERMINED:
                assert tier.tier == final[tier.scheme]


@given(worlds())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_class_is_reached_while_a_graver_one_is_open(facts_of, drawn):
    """Asked one by one, with each answer as in the world: what was reached is the gravest class that holds in it."""
    framework, world, flop = drawn
    said, amount, asked = {}, None, 0
    while questions := open_facts([framework], facts_of(said, amount, framework)):
        question = questions[0]
        asked += 1
        if question.amount:
            amount = flop
        else:
            assert question.id not in said
            said[question.id] = world[question.id]
        assert asked <= len(world) + 1
    tiers = classify(framework, facts_of(said, amount, framework))
    assert all(tier.tier != UNDETERMINED for tier in tiers)
    full = classify(framework, facts_of(world, flop, framework))
    assert [tier.tier for tier in tiers] == [tier.tier for tier in full]


def test_how_few_questions_a_person_is_asked(facts_of):
    """A spam filter in the EU takes seven answers of 87 questions; a hiring tool a few more."""
    act = load("eu-ai-act")
    hiring = {"eu-annex_iii", "eu-annex_iii-4", "eu-annex_iii-4-a", "eu-profiling"}
    assert asked_of(act, set(), facts_of) <= 8
    assert asked_of(act, hiring, facts_of) <= 24


def asked_of(framework, yes, facts_of):
    said = {}
    while questions := open_facts([framework], facts_of(said, 1e20, framework)):
        said[questions[0].id] = questions[0].id in yes
    return len(said)
