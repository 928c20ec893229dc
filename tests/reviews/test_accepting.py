"""What people wrote: every mistake is named with row, column and remedy, all at once."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accord.errors import AccordError, MalformedInput, UsageError
from accord.reviews import RefusedRows, accept, open_points, read_people
from accord.reviews.columns import FILLED

MADE = "2026-09-01T12:00:00Z"
MANUAL = "sha256:" + "d" * 64


def test_what_waits_for_a_person(opened):
    assert [point.requirement.id for point in opened.points] == ["q", "m"]
    question, measured = opened.points
    assert (question.verdict.status, question.measurements) == ("not_evaluated", ())
    assert measured.verdict.status == "needs_review"
    assert [shown.measurement.value for shown in measured.measurements] == [0.65, 0.65 - 0.05]
    assert [(item.kind, item.digest) for item in question.documents] == [
        ("instructions_for_use", MANUAL),
        ("privacy_notice", None),
    ]


def test_the_state_changes_with_what_is_shown(opened, assess_example, framework_path):
    again = open_points(assess_example(), [str(framework_path)]).points
    assert [point.state for point in again] == [point.state for point in opened.points]
    other = open_points(assess_example(0.7), [str(framework_path)]).points
    assert other[0].state == opened.points[0].state, "nothing measured lies beside it"
    assert other[1].state != opened.points[1].state


def test_frameworks_that_can_not_be_shown(assessment, framework_path, tmp_path):
    assert open_points(assessment).without_text == ("example",)
    with pytest.raises(UsageError, match="other-text"):
        open_points(assessment, ["example"])
    with pytest.raises(UsageError, match="not-judged-under"):
        open_points(assessment, ["eu-ai-act"])
    changed = tmp_path / "example.yaml"
    changed.write_bytes(framework_path.read_bytes().replace(b"Oversight", b"Overview"))
    with pytest.raises(UsageError, match="other-text"):
        open_points(assessment, [str(changed)])


def test_a_sound_row_becomes_a_review(assessment, opened, row):
    cells = {"documents_relied_on": "Instructions_for_use | 2026-05-01 | p. 12\nother: an interview|2026-08-30"}
    found = accept([row(2, "m", **cells)], assessment, opened, made=MADE)
    assert found.refusals == ()
    (review,) = found.reviews
    assert (review.decision, review.reviewer.name, review.valid_until) == ("met", "Ada", "2027-09-01")
    assert (review.signer, review.made, review.subject) == ("unknown key", MADE, assessment.subject.digest)
    measured, document, other = review.relied_on[:2], review.relied_on[2], review.relied_on[3]
    assert [item.digest for item in measured] == [shown.digest for shown in opened.points[1].measurements]
    assert (document.kind, document.name, document.digest) == ("document", "instructions_for_use", MANUAL)
    assert (document.date, document.page) == ("2026-05-01", "p. 12")
    assert (other.kind, other.name, other.digest, other.page) == ("other", "an interview", None, None)


@pytest.mark.parametrize(("word", "n"), [("", 2), ("ALL", 2), ("none", 0), ("first", 1)])
def test_measurements_relied_on(assessment, opened, row, word, n):
    text = word.replace("first", opened.points[1].measurements[0].digest[7:23] + " ;")
    (review,) = accept([row(2, "m", measurements_relied_on=text)], assessment, opened, made=MADE).reviews
    assert len(review.relied_on) == n


# requirement, what is changed, column and code of the refusal
MISTAKES = [
    ("q", {"framework": "nobody"}, "framework", "unknown-framework"),
    ("zz", {}, "requirement", "unknown-requirement"),
    ("met", {}, "requirement", "measured"),
    ("met", {"decision": "not_met"}, "requirement", "measured"),
    ("state", {}, "requirement", "out-of-scope"),
    ("mute", {}, "requirement", "no-question"),
    ("q", {"state": "sha256:00"}, "state", "other-state"),
    ("q", {"decision": "perhaps"}, "decision", "unknown-decision"),
    ("q", {"decision": ""}, "decision", "missing-decision"),
    ("q", {"reason": " \n"}, "reason", "missing-reason"),
    ("q", {"reason": "\u200b\u2060"}, "reason", "missing-reason"),
    ("q", {"role": "\u3164"}, "role", "missing-role"),
    ("q", {"decision": "not_applicable", "reason": ""}, "reason", "missing-reason"),
    ("q", {"reason": "x" * 10_001}, "reason", "too-much-text"),
    ("q", {"reviewer": ""}, "reviewer", "missing-reviewer"),
    ("q", {"reviewer": "x" * 201}, "reviewer", "too-much-text"),
    ("q", {"role": ""}, "role", "missing-role"),
    ("q", {"role": "x" * 201}, "role", "too-much-text"),
    ("q", {"interest": ""}, "interest", "missing-interest"),
    ("q", {"valid_until": ""}, "valid_until", "missing-end"),
    ("q", {"valid_until": "1.9.2027"}, "valid_until", "no-date"),
    ("q", {"valid_until": "20270901"}, "valid_until", "no-date"),
    ("q", {"valid_until": "2027-02-29"}, "valid_until", "no-date"),
    ("q", {"valid_until": "2026-08-31"}, "valid_until", "already-over"),
    ("q", {"valid_until": "2031-09-03"}, "valid_until", "too-long"),
    ("m", {"measurements_relied_on": "sha256:" + "0" * 16}, "measurements_relied_on", "unknown-measurement"),
    ("m", {"measurements_relied_on": "yes"}, "measurements_relied_on", "unknown-measurement"),
    ("q", {"documents_relied_on": "the manual | 2026-01-01 | 3"}, "documents_relied_on", "unknown-document"),
    ("q", {"documents_relied_on": "privacy_notice | 2026-01-01 | 3"}, "documents_relied_on", "unbound-document"),
    ("q", {"documents_relied_on": "instructions_for_use||3"}, "documents_relied_on", "missing-date"),
    ("q", {"documents_relied_on": "instructions_for_use|2026-01-01"}, "documents_relied_on", "missing-page"),
    ("q", {"documents_relied_on": "instructions_for_use|May|3"}, "documents_relied_on", "no-date"),
    ("q", {"documents_relied_on": "instructions_for_use|2026-09-02|3"}, "documents_relied_on", "future-date"),
    (
        "q",
        {"documents_relied_on": "instructions_for_use|2026-01-01|3|2026-08-31"},
        "documents_relied_on",
        "expired-document",
    ),
    ("q", {"documents_relied_on": "instructions_for_use|2026-01-01|3|soon"}, "documents_relied_on", "no-date"),
    ("q", {"documents_relied_on": "other:|2026-01-01"}, "documents_relied_on", "bad-document"),
    ("q", {"documents_relied_on": "a|b|c|d|e"}, "documents_relied_on", "bad-document"),
    ("q", {"documents_relied_on": "other:a|2026-01-01;" * 101}, "documents_relied_on", "too-many-documents"),
    ("q", {"documents_relied_on": "x" * 1_201}, "documents_relied_on", "too-much-text"),
]


@pytest.mark.parametrize(("requirement", "cells", "column", "code"), MISTAKES)
def test_a_mistake_is_named_with_its_place_and_remedy(assessment, opened, row, requirement, cells, column, code):
    found = accept([row(7, requirement, **cells)], assessment, opened, made=MADE)
    assert found.reviews == ()
    assert [(item.row, item.column, item.code) for item in found.refusals] == [(7, column, code)]
    assert all(item.message and item.remedy for item in found.refusals)


@pytest.mark.parametrize(
    "cells", [{"valid_until": "2026-09-01"}, {"valid_until": "2031-09-02"}, {"decision": "NOT met"}]
)
def test_the_edges_are_taken(assessment, opened, row, cells):
    assert accept([row(**cells)], assessment, opened, made=MADE).refusals == ()


def test_all_mistakes_of_a_form_at_once(assessment, opened, row):
    rows = [
        row(2, "q", decision="met", reviewer="Ada"),
        row(3, "q", decision="not_met", reviewer=" ada"),
        row(4, "q", decision="partly", reviewer="Bo"),
        row(5, "m", reason="", valid_until="never"),
        row(6, "m", reviewer="Cy"),
        row(7, "m", reviewer="Cy"),
        row(8, "m", decision="", reason="", reviewer="Di"),
    ]
    found = accept(rows, assessment, opened, made=MADE)
    assert [(item.row, item.column, item.code) for item in found.refusals] == [
        (2, "decision", "contradiction"),
        (3, "decision", "contradiction"),
        (5, "reason", "missing-reason"),
        (5, "valid_until", "no-date"),
        (6, "decision", "given-twice"),
        (7, "decision", "given-twice"),
    ]
    assert "row 3" in found.refusals[0].message
    assert [review.reviewer.name for review in found.reviews] == ["Bo"], "who dissents from nobody is taken"
    assert found.unanswered == 1, "a name alone is no answer"
    error = RefusedRows("form.csv", found.refusals)
    assert error.message.count("\n") == 6
    assert "row 5, valid_until: 'never' is not a date." in error.message


def people(tmp_path, text, name="people.yaml"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return read_people(path)


LIST = "reviewers:\n  - {id: a1, name: Ada L., role: auditor}\n  - {id: b2, name: Bo, role: lawyer, key: abc}\n"


@pytest.mark.parametrize(
    ("cells", "codes"),
    [
        ({"reviewer": "a1", "role": ""}, []),
        ({"reviewer": "ada l.", "role": "Auditor"}, []),
        ({"reviewer": "Ada", "role": ""}, ["unknown-reviewer", "missing-role"]),
        ({"reviewer": "Mallory"}, ["unknown-reviewer"]),
        ({"reviewer": "a1", "role": "owner"}, ["other-role"]),
        ({"reviewer": "Bo", "role": "lawyer"}, ["other-key"]),
    ],
)
def test_a_list_of_reviewers(assessment, opened, row, tmp_path, cells, codes):
    listed = people(tmp_path, LIST)
    found = accept([row(**cells)], assessment, opened, made=MADE, people=listed, keys=("xyz",))
    assert [item.code for item in found.refusals] == codes
    assert [review.reviewer.name for review in found.reviews] == ([] if codes else ["Ada L."])
    with_key = accept([row(reviewer="b2", role="")], assessment, opened, made=MADE, people=listed, keys=("abc",))
    assert [(review.reviewer.name, review.reviewer.role) for review in with_key.reviews] == [("Bo", "lawyer")]


def test_an_id_and_a_name_are_one_person(assessment, opened, row, tmp_path):
    rows = [row(2, reviewer="a1", role=""), row(3, reviewer="Ada L.", role="", decision="not_met")]
    found = accept(rows, assessment, opened, made=MADE, people=people(tmp_path, LIST))
    assert [item.code for item in found.refusals] == ["contradiction", "contradiction"]


def test_a_list_as_csv_and_lists_that_say_nothing(tmp_path):
    found = people(tmp_path, "id;name;role;key\na1;Ada;auditor;\n", "people.csv")
    assert (found.find("ADA").role, found.find("a1").key, found.find("b")) == ("auditor", None, None)
    for text in (
        "reviewers: []",
        "reviewers:\n  - {id: a, name: b}",
        "reviewers: 3",
        "- - -",
        LIST.replace("b2", "a1"),
    ):
        with pytest.raises(AccordError):
            people(tmp_path, text)
    with pytest.raises(MalformedInput, match="person 1 lacks a role"):
        people(tmp_path, "id,name,role\na1,Ada,\n", "people.csv")


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(cells=st.dictionaries(st.sampled_from((*FILLED, "framework", "requirement", "state")), st.text(max_size=60)))
def test_any_text_is_taken_or_refused(assessment, opened, row, cells):
    found = accept([row(**cells)], assessment, opened, made=MADE)
    assert len(found.reviews) + bool(found.refusals) + found.unanswered == 1
    for review in found.reviews:
        assert date.fromisoformat(review.valid_until) >= date(2026, 9, 1)
        assert review.reason.strip()
