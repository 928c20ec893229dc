"""What changed between two versions: every field once, thresholds by their measure, nothing where nothing is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from accord.frameworks import library_ids, load
from accord.frameworks.differing import differences
from accord.frameworks.loading import parse
from accord.frameworks.scaffolding import scaffold
from accord.records import Framework, Requirement, from_json, to_json


@pytest.fixture(scope="module")
def before() -> Framework:
    return parse(scaffold("ke-mine", jurisdiction="KE").encode())


def changed(before: Framework, old: str, new: str) -> Framework:
    """The same file after an edit, as its author would make it."""
    text = scaffold("ke-mine", jurisdiction="KE")
    assert old in text
    return parse(text.replace(old, new).encode())


def fields(before: Framework, after: Framework) -> dict[str, dict[str, tuple[object, object]]]:
    found = differences(before, after)
    return {item.id: {c.field: (c.before, c.after) for c in item.fields} for item in found.requirements.changed}


def test_a_threshold_is_one_field_named_by_its_measure(before: Framework):
    after = changed(before, "threshold: 0.1", "threshold: 0.2")
    assert fields(before, after) == {
        "sec_1.1": {"rules: fairness.false_positive_rate_gap: threshold": (0.1, 0.2)},
    }


def test_a_date_a_question_and_the_version(before: Framework):
    after = changed(before, '"2027-01-01"', '"2028-01-01"')
    assert fields(before, after) == {"sec_1.1": {"applies_from": ("2027-01-01", "2028-01-01")}}
    found = differences(before, changed(before, 'version: "1"', 'version: "2"'))
    assert [(c.field, c.before, c.after) for c in found.header] == [("version", "1", "2")]
    asked = differences(before, changed(before, "Does a public body use the system?", "Is it used by a public body?"))
    assert [(item.id, [c.field for c in item.fields]) for item in asked.questions.changed] == [("ke-public", ["text"])]
    assert asked.requirements == differences(before, before).requirements


def test_added_and_removed(before: Framework):
    found = differences(before, changed(before, "id: sec_2", "id: sec_3"))
    assert [item.id for item in found.requirements.added] == ["sec_3"]
    assert [item.id for item in found.requirements.removed] == ["sec_2"]
    assert not found.requirements.changed
    assert not found.empty


def test_another_order_is_said_and_nothing_else(before: Framework):
    after = replace(before, requirements=before.requirements[::-1])
    found = differences(before, after)
    assert found.requirements.reordered
    assert not (found.requirements.added or found.requirements.removed or found.requirements.changed)
    assert not found.empty


def test_classes_are_compared():
    act = load("eu-ai-act")
    tier = replace(act.tiers[0], title="Another title")
    found = differences(act, replace(act, tiers=(tier, *act.tiers[1:])))
    assert [(item.id, item.fields[0].field) for item in found.tiers.changed] == [(tier.id, "title")]


def test_two_rules_on_one_measure_in_a_group_stay_apart():
    text = scaffold("ke-mine")
    line = next(row for row in text.splitlines() if "fairness.false_positive_rate_gap" in row)
    both = (
        '  - {all: [{measure: fairness.accuracy, op: ">", threshold: 0.6, threshold_source: S}, '
        '{measure: fairness.accuracy, op: "<", threshold: 0.9, threshold_source: S}]}'
    )
    one, other = text.replace(line, both), text.replace(line, both.replace("0.9", "0.95"))
    assert fields(parse(one.encode()), parse(other.encode())) == {
        "sec_1.1": {"rules.all: fairness.accuracy: threshold [1]": (0.9, 0.95)}
    }


@pytest.mark.parametrize("name", library_ids())
def test_a_framework_does_not_differ_from_itself(name: str):
    framework = load(name)
    assert differences(framework, from_json(to_json(framework), Framework)).empty


@given(data=st.data())
def test_each_changed_requirement_is_named_once(data: st.DataObject, before: Framework):
    """Whatever is renamed, removed or added: ids in the difference are exactly those that the sets say."""
    ids = [requirement.id for requirement in before.requirements]
    kept = data.draw(st.sets(st.sampled_from(ids)))
    retitled = data.draw(st.sets(st.sampled_from(ids)))
    new = Requirement(id="new", label="new", title="new", verification="not_testable")
    after = replace(
        before,
        requirements=(
            *(
                replace(item, title=item.title + "!") if item.id in retitled else item
                for item in before.requirements
                if item.id in kept
            ),
            new,
        ),
    )
    found = differences(before, after).requirements
    assert {item.id for item in found.added} == {"new"}
    assert {item.id for item in found.removed} == set(ids) - kept
    assert {item.id for item in found.changed} == kept & retitled
    assert all([change.field for change in item.fields] == ["title"] for item in found.changed)
    back = differences(after, before).requirements
    assert {item.id for item in back.added} == {item.id for item in found.removed}
