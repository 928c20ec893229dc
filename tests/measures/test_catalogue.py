"""The catalogue is complete, consistent, and says everything that is wrong with a file at once."""

from __future__ import annotations

import pytest

from accord.errors import AccordError, MalformedInput, UsageError
from accord.measures.catalogue import catalogue, load, measure
from accord.records import to_builtins

RATES = (
    "selection_rate",
    "true_positive_rate",
    "false_positive_rate",
    "false_negative_rate",
    "positive_predictive_value",
    "accuracy",
    "base_rate",
)
OTHERS = (
    "fairness.equalized_odds_gap",
    "data.rows",
    "data.columns",
    "data.completeness",
    "data.duplicate_row_rate",
    "data.class_share",
    "data.group_share",
    "data.column_type",
    "model_files.format",
    "model_files.header_valid",
    "model_files.can_execute_code",
    "model_files.tensors",
    "model_files.parameters",
    "model_files.pickle_globals",
    "model_files.pickle_unlisted_globals",
    "openness.declared_licence",
    "openness.licence_expression_valid",
    "openness.licence_text_present",
    "card.stated",
    "card.answer",
    "card.training_compute",
    "transparency.card_completeness",
    "transparency.document_present",
    "transparency.document_readable",
    "transparency.document_date",
    "transparency.document_version",
    "transparency.document_owner_stated",
    "transparency.document_sections",
    "transparency.document_sections_missing",
)


def test_it_holds_what_the_inspectors_measure():
    suffixes = ("", "_gap", "_min_ratio", "_difference", "_ratio")
    assert set(catalogue()) == {f"fairness.{rate}{suffix}" for rate in RATES for suffix in suffixes} | set(OTHERS)


@pytest.mark.parametrize("id", sorted(catalogue()))
def test_every_entry_is_told_in_full(id):
    found = catalogue()[id]
    assert found.id == id
    assert found.theme == id.split(".")[0]
    assert found.definition.endswith(".")
    assert found.title
    assert found.formula
    assert str(found.source)
    assert "{" not in found.title + found.definition + found.formula
    assert found.dimensions


@pytest.mark.parametrize("rate", RATES)
def test_comparisons_have_their_kind_unit_and_direction(rate):
    expected = {
        "gap": ("1", "lower_is_better"),
        "min_ratio": ("ratio", "higher_is_better"),
        "difference": ("1", "zero_is_best"),
        "ratio": ("ratio", "one_is_best"),
    }
    for kind, (unit, direction) in expected.items():
        found = measure(f"fairness.{rate}_{kind}")
        assert (found.unit, found.direction) == (unit, direction)
        assert found.derivation.kind == kind
        assert found.derivation.of == (f"fairness.{rate}",)


def test_known_names_and_sources_reach_the_comparisons():
    assert measure("fairness.selection_rate_gap").title == "Demographic parity difference"
    assert "1607.4(D)" in str(measure("fairness.selection_rate_min_ratio").source)
    assert measure("fairness.accuracy_gap").title == "Accuracy: largest difference between groups"


def test_an_unknown_id_names_the_nearest():
    with pytest.raises(UsageError, match=r"fairness\.accuracy"):
        measure("fairness.acuracy")
    with pytest.raises(UsageError, match="accord measures"):
        measure("zzzzzz")


ENTRY = """
- id: data.x
  title: X
  definition: X.
  formula: x
  unit: count
  direction: none
  dimensions: [[]]
  derivation: {kind: fact}
  source: {title: T}
"""


def written(tmp_path, text):
    file = tmp_path / "theme.yaml"
    file.write_text(text, encoding="utf-8")
    return [file]


def test_a_good_file_loads(tmp_path):
    found = load(written(tmp_path, "measures:" + ENTRY))
    assert to_builtins(found["data.x"])["source"] == {"title": "T", "where": "", "uri": None}
    with pytest.raises(TypeError):
        found["data.y"] = found["data.x"]


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("unit: count", "unit: kilograms", "unit"),
        ("unit: count", "unit: count\n  colour: red", "colour"),
        ("  title: X\n", "", "title"),
        ("{kind: fact}", "{kind: rate}", "needs events and trials"),
        ("{kind: fact}", "{kind: count}", "either events or categories_of"),
        ("{kind: fact}", "{kind: gap, of: [data.z]}", "data.z is not a rate"),
        ("{kind: fact}", "{kind: ratio}", "made of one rate"),
        ("{kind: fact}", "{kind: count, events: [{a: b}], of: [data.z]}", "not made of other measures"),
        ("[[]]", "[[]]\n  id: data.x", "theme.yaml"),
        ("[[]]\n  derivation: {kind: fact}", "[[a]]\n  derivation: {kind: count, events: [{}]}", "not those that `by`"),
        ("measures:", "measure:", "unknown section"),
        ("measures:", "measures: &a\n- *a\n", "theme.yaml"),
        ("measures:", "measures: [", "theme.yaml"),
        ("measures:", "comparisons: 3\nmeasures:", "comparisons"),
    ],
)
def test_a_mistake_is_named(tmp_path, before, after, message):
    text = "measures:" + ENTRY
    assert before in text
    if "id: data.x" in after:
        text += ENTRY.replace(before, before)
    try:
        load(written(tmp_path, text.replace(before, after, 1)))
    except MalformedInput as error:
        assert message in error.message
        assert "theme.yaml" in error.message
    else:
        pytest.fail("the mistake went unseen")


def test_all_mistakes_of_a_file_are_named_at_once(tmp_path):
    bad = ENTRY.replace("unit: count", "unit: metres")
    worse = ENTRY.replace("data.x", "data.y").replace("direction: none", "direction: up")
    with pytest.raises(MalformedInput) as caught:
        load(written(tmp_path, "measures:" + bad + worse + ENTRY + ENTRY))
    assert "data.x" in caught.value.message
    assert "data.y" in caught.value.message
    assert "given twice" in caught.value.message


@pytest.mark.parametrize(
    "text", ["", "3", "- a", "rates: {a: b}", "rates: [1]", "rates: [{id: 3}]", "measures: [[]]", "\x00"]
)
def test_nothing_but_an_accord_error_comes_out(tmp_path, text):
    with pytest.raises(AccordError):
        load(written(tmp_path, text))
