"""The library of prevention: every id in it exists, every measure that a law's rule asks for has an answer."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest

import accord.inspectors
from accord.errors import MalformedInput, UsageError
from accord.frameworks import library as frameworks_library
from accord.inspectors.interface import FindingRule
from accord.measures.catalogue import catalogue
from accord.prevention import library, mitigation, none_known
from accord.prevention.loading import parse
from accord.records import Rule


@pytest.fixture(scope="module")
def finding_rules() -> dict[str, FindingRule]:
    """Every finding rule that a module of the inspectors declares, found without the registry."""
    found: dict[str, FindingRule] = {}
    for module in pkgutil.walk_packages(accord.inspectors.__path__, "accord.inspectors."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, FindingRule):
                found[value.id] = value
    return found


def measures_in(rule: Rule) -> Iterator[str]:
    if rule.measure:
        yield rule.measure
    for child in (*rule.all, *rule.any, *rule.none):
        yield from measures_in(child)


def test_there_are_enough() -> None:
    assert len(library()) >= 60
    assert len({item.id for item in library()}) == len(library())
    assert {item.id.split(".")[1] for item in library()} == {
        "fairness", "data", "model-files", "openness", "transparency", "organisation",
    }  # fmt: skip


def test_every_finding_that_is_addressed_exists_and_every_one_that_exists_is_addressed(
    finding_rules: dict[str, FindingRule],
) -> None:
    addressed = {rule for item in library() for rule in item.addresses.findings}
    assert addressed == set(finding_rules)


def test_what_is_only_for_information_is_answered_as_a_doubt(finding_rules: dict[str, FindingRule]) -> None:
    for rule in finding_rules.values():
        if rule.severity == "info":
            assert any(rule.id in item.addresses.findings and "doubt" in item.against for item in library()), rule.id


def test_every_requirement_that_is_addressed_exists() -> None:
    known = {f"{framework.id}#{item.id}" for framework in frameworks_library() for item in framework.requirements}
    assert {ref for item in library() for ref in item.addresses.requirements} <= known


def test_every_kind_of_document_that_a_law_asks_for_and_people_can_write_is_answered() -> None:
    asked = {kind for framework in frameworks_library() for item in framework.requirements for kind in item.documents}
    answered = {kind for item in library() for kind in item.addresses.documents}
    # Others write these, or they follow from conformity: nothing prevents a risk by them.
    follows = {"certificate", "declaration_of_conformity", "registration", "patent_notices"}
    assert asked - answered <= follows


def test_every_measure_that_a_rule_asks_for_has_a_mitigation_or_says_none_known() -> None:
    asked: dict[str, str] = {}
    for framework in frameworks_library():
        for item in framework.requirements:
            for rule in (*item.rules, *([item.applies_if] if item.applies_if else [])):
                for measure in measures_in(rule):
                    asked.setdefault(measure, f"{framework.id}#{item.id}")
        for tier in framework.tiers:
            for measure in measures_in(tier.rule) if tier.rule else ():
                asked.setdefault(measure, f"{framework.id} tier {tier.id}")
    answered = {measure for item in library() for measure in item.addresses.measures} | set(none_known())
    assert {measure: where for measure, where in asked.items() if measure not in answered} == {}


def test_none_known_is_a_reason_not_an_empty_word() -> None:
    for measure, reason in none_known().items():
        assert measure in catalogue()
        assert len(reason.split()) > 8


def test_what_to_do_is_two_to_four_sentences() -> None:
    for item in library():
        sentences = [text for text in re.split(r"(?<=[.!?])\s+", item.text) if text]
        assert 2 <= len(sentences) <= 4, (item.id, len(sentences))


def test_no_effect_size_is_promised() -> None:
    for item in library():
        assert not re.search(r"\d+(\.\d+)?\s*(%|per cent|percent|points|times)", item.text), item.id


def test_actions_that_are_cited_of_nist_exist() -> None:
    (profile,) = (framework for framework in frameworks_library() if framework.id == "nist-ai-600-1")
    known = {point.label.upper() for point in profile.requirements}
    cited = {
        action
        for item in library()
        for source in (item.source, *(effect.source for effect in item.side_effects))
        if "600-1" in source.title
        for action in re.findall(r"(?:GV|MP|MS|MG)-\d+\.\d+-\d{3}", source.where)
    }
    assert cited
    assert {action for action in cited if not any(action in label for label in known)} == set()


def test_articles_that_are_cited_of_the_ai_act_exist() -> None:
    known = {
        point.label for frame in frameworks_library() if frame.id == "eu-ai-act" for point in frame.requirements
    }  # fmt: skip
    for item in library():
        for source in (item.source, *(effect.source for effect in item.side_effects)):
            if "2024/1689" in source.title:
                for article in re.findall(r"Art\. \d+[a-z]?", source.where):
                    assert any(re.match(rf"{re.escape(article)}(?!\d)", label) for label in known), (item.id, article)


def test_sources_that_nobody_opened_are_few_and_say_so() -> None:
    unopened = [item for item in library() if not item.source.checked]
    assert len(unopened) <= len(library()) // 10
    for item in library():
        for source in (item.source, *(effect.source for effect in item.side_effects)):
            assert source.checked != source.where.startswith("not read"), (item.id, source)


def test_an_unknown_id_names_the_nearest() -> None:
    assert mitigation("mp.data.deduplicate").title.startswith("Remove repeated rows")
    with pytest.raises(UsageError, match="deduplicat") as caught:
        mitigation("mp.data.deduplicates")
    assert "mp.data.deduplicate" in caught.value.remedy


GOOD = """
mitigations:
- id: mp.data.good
  title: A title
  text: One. Two.
  addresses: {findings: [DATA-001]}
  stage: data
  cost: low
  by: [provider]
  evidence: practice
  source: {of: somebody, where: page 1}
"""
SOURCES = b"somebody: {title: A book, uri: 'https://example.org/', checked: true}"


def test_a_library_of_ones_own_is_read() -> None:
    found = parse({"sources.yaml": SOURCES, "a.yaml": GOOD.encode()})
    assert [item.source.title for item in found.mitigations] == ["A book"]


def test_all_mistakes_are_named_at_once() -> None:
    bad = GOOD.replace("[DATA-001]", "[data 1], measures: [data.nothing], documents: [novel], requirements: [art_1]")
    bad += "  fits_if: {measure: data.rows, where: {column: $nobody}, op: '>'}\n"
    bad += "  moves: [{measure: data.completeness, direction: nearer_zero}, {measure: nope, direction: lower}]\n"
    bad += "- {id: x, colour: red}\n" + GOOD.partition("mitigations:")[2]
    with pytest.raises(MalformedInput) as caught:
        parse({"sources.yaml": SOURCES, "a.yaml": bad.encode(), "b.yaml": b"- 1", "c.yaml": b"none_known: {nope: why}"})
    for said in (
        "'data 1' isn't", "data.nothing", "novel", "'art_1'", "$nobody", "compares with nothing", "nearer_zero",
        "'nope'", "colour", "given twice", "b.yaml: isn't a mapping", "no measure 'nope'",
    ):  # fmt: skip
        assert said in caught.value.message, said


@pytest.mark.parametrize("source", ["{of: nobody, where: x}", "12", "{of: somebody, where: ''}"])
def test_a_source_must_be_there(source: str) -> None:
    with pytest.raises(MalformedInput):
        parse({"sources.yaml": SOURCES, "a.yaml": GOOD.replace("{of: somebody, where: page 1}", source).encode()})
