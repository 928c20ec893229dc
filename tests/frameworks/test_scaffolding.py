"""A new file loads at once; what is written reads back as the same record."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from accord.errors import AccordError
from accord.frameworks import library_ids, load
from accord.frameworks.loading import parse
from accord.frameworks.mistakes import InvalidFramework
from accord.frameworks.scaffolding import scaffold
from accord.frameworks.writing import as_yaml, quoted

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)


@pytest.mark.parametrize(
    ("name", "jurisdiction"), [("ke-ai-act", "KE"), ("us-ca-mine", "US-CA"), ("9x", "INT"), ("a.1", "EU")]
)
def test_it_loads_with_an_example_of_each_way_to_show_a_point(name: str, jurisdiction: str):
    framework = parse(scaffold(name, jurisdiction=jurisdiction).encode())
    assert (framework.id, framework.jurisdiction, framework.status) == (name, jurisdiction, "provisional")
    assert {item.verification for item in framework.requirements} == {None, "measured", "documented", "judged"}


def test_its_comments_name_every_key_of_the_header():
    """An author learns the format from this file: no key of the header may be missing."""
    text = scaffold("ke-mine")
    header = set(yaml.safe_load(text))
    assert header >= {"id", "version", "title", "issuer", "jurisdiction", "kind", "source", "text_licence", "status"}
    assert all(len(row) <= 130 for row in text.splitlines())


@pytest.mark.parametrize("name", ["", "Ke Act", "a\nid: other", "ä", "a" * 65, "../../etc"])
def test_a_name_that_is_no_id(name: str):
    with pytest.raises(InvalidFramework, match="isn't an id"):
        scaffold(name)


def test_a_jurisdiction_that_is_none():
    with pytest.raises(InvalidFramework, match="jurisdiction"):
        scaffold("ke-mine", jurisdiction="kenya")


@given(title=TEXTS, jurisdiction=TEXTS)
def test_whatever_the_title_it_stays_a_title(title: str, jurisdiction: str):
    try:
        framework = parse(scaffold("ke-mine", title=title, jurisdiction=jurisdiction).encode())
    except AccordError:
        return
    assert framework.title == (title or "Title of ke-mine")
    assert framework.jurisdiction == jurisdiction


@given(text=TEXTS)
def test_a_quoted_text_is_the_same_text_to_pyyaml(text: str):
    """PyYAML is the oracle of what our scalar means; plain words must not turn into other types."""
    assert yaml.safe_load(quoted(text)) == text


@pytest.mark.parametrize("word", ["no", "yes", "true", "null", "on", "1", "1.5", "2027-12-02", "~", "", "e1", "0x1"])
def test_words_that_yaml_takes_for_something_else(word: str):
    assert yaml.safe_load(quoted(word)) == word


@pytest.mark.parametrize("name", library_ids())
def test_the_library_written_again_is_the_same(name: str):
    framework = load(name)
    assert parse(as_yaml(framework, comment="two\nlines")) == framework


@given(note=TEXTS, threshold=st.floats(-1e15, 1e15).map(lambda value: round(value, 6)) | st.integers(-(10**15), 10**15))
def test_any_text_and_number_reads_back(note: str, threshold: float):
    framework = parse(scaffold("ke-mine").encode())
    first, second, *rest = framework.requirements
    rule = replace(second.rules[0], threshold=threshold)
    framework = replace(framework, requirements=(replace(first, note=note), replace(second, rules=(rule,)), *rest))
    assert parse(as_yaml(framework)) == framework


def test_a_lone_surrogate_is_refused():
    framework = replace(load("nist-ai-rmf"), note="\ud800")
    with pytest.raises(AccordError, match="surrogate"):
        as_yaml(framework)
