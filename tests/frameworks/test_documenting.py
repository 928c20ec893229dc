"""Documents: complete in form is documented, what lacks is named, nobody looked is never a pass, and never met."""

from __future__ import annotations

from itertools import product

import pytest

from accord.documents import document_kinds
from accord.frameworks import judge
from accord.frameworks.documenting import judge_documents
from accord.frameworks.facts import Facts
from accord.records import Framework, Requirement, Source

PREFIX = "transparency.document_"
GOOD = {"present": True, "readable": True, "date": "2026-01-31", "version": "1", "owner_stated": True}


@pytest.fixture
def facts_of(evidence, measured):
    """facts_of(kind={name: value, …}, …): what the inspectors would hand in; None is a value with a reason."""

    def build(**kinds):
        found = []
        for kind, given in kinds.items():
            for name, value in given.items():
                reason = f"no {name} is stated" if value is None or (name == "readable" and not value) else None
                n = len(document_kinds()[kind].sections) if name == "sections" else None
                found.append(measured(PREFIX + name, value, dimensions={"kind": kind}, reason=reason, n=n))
        return evidence(*found)

    return build


def judged(items, *kinds, framework="eu-ai-act"):
    return judge_documents(kinds, Facts.of(items), framework)


def test_complete_in_form_is_documented(facts_of):
    found = judged(facts_of(security=GOOD), "security")
    assert found.status == "documented"
    assert "nobody judged their content" in found.reason
    assert [outcome.measure.removeprefix(PREFIX) for outcome in found.outcomes] == list(GOOD)
    assert all(outcome.holds for outcome in found.outcomes)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"date": None}, "security: no date is stated"),
        ({"version": None}, "security: no version is stated"),
        ({"owner_stated": False}, "security: no owner is stated"),
        ({"readable": False}, "security: it can't be read: no readable is stated"),
    ],
)
def test_what_lacks_is_named(facts_of, change, says):
    found = judged(facts_of(security={**GOOD, **change}), "security")
    assert (found.status, found.reason) == ("needs_review", f"not complete in form: {says}")


def test_present_alone_means_that_nobody_looked_inside(facts_of):
    found = judged(facts_of(security={"present": True}), "security")
    assert found.status == "needs_review"
    assert "nobody looked inside" in found.reason


def test_a_fact_that_nobody_measured_is_not_a_pass(facts_of):
    for name in ("date", "version", "owner_stated"):
        left = {key: value for key, value in GOOD.items() if key != name}
        assert judged(facts_of(security=left), "security").status == "needs_review"


def test_missing_sections_are_named_by_their_titles_where_the_law_asks_for_the_form(facts_of):
    lacking = {**GOOD, "sections": 7 / 9, "sections_missing": ("changes", "post_market")}
    items = facts_of(technical_documentation=lacking)
    found = judged(items, "technical_documentation")
    assert found.status == "needs_review"
    assert found.reason == (
        "not complete in form: technical_documentation: "
        "no section on changes through the lifecycle; post-market monitoring and its plan"
    )
    shares = [outcome for outcome in found.outcomes if outcome.measure == f"{PREFIX}sections"]
    assert (shares[0].holds, shares[0].threshold) == (False, 1)
    assert "Annex IV" in shares[0].threshold_source
    elsewhere = judged(items, "technical_documentation", framework="kr-ai-basic-act")
    assert elsewhere.status == "documented"
    assert any("doesn't ask for" in outcome.reason for outcome in elsewhere.outcomes)


def test_a_share_of_another_form_does_not_count(facts_of, evidence, measured):
    items = facts_of(datasheet=GOOD)
    other = measured(f"{PREFIX}sections", 1.0, dimensions={"kind": "datasheet"}, n=3)
    both = [*items, *evidence(other, id="e2")]
    found = judged(both, "datasheet")
    assert (found.status, "compared with another form" in found.reason) == ("needs_review", True)
    assert "sections were not looked for" in judged(items, "datasheet").reason


def test_lost_absent_and_lacking_together(facts_of):
    items = facts_of(security={"present": False}, logging=GOOD, contract={**GOOD, "date": None})
    lost = judged(items, "security", "logging")
    assert (lost.status, lost.reason) == ("needs_review", "the card names a document that isn't there: security")
    absent = judged(items, "logging", "mandate")
    assert (absent.status, absent.reason) == ("not_evaluated", "no document handed in: mandate (there: logging)")
    assert judged(items, "logging", "contract").status == "needs_review"
    assert judged(items, "mandate").outcomes == ()


def test_what_a_kind_does_not_need_does_not_hinder(facts_of):
    bare = {"present": True, "readable": True, "date": None, "version": None, "owner_stated": False}
    assert judged(facts_of(licence=bare), "licence").status == "documented"
    assert judged(facts_of(security=bare), "security").status == "needs_review"


def test_no_combination_is_met_and_only_the_complete_one_is_documented(facts_of):
    choices = {
        "present": (True, False),
        "readable": (True, False),
        "date": ("2026-01-01", None),
        "version": ("1", None),
        "owner_stated": (True, False),
        "sections": (1.0, 0.5),
    }
    for combination in product(*choices.values()):
        given = dict(zip(choices, combination, strict=True))
        given["sections_missing"] = () if given["sections"] == 1.0 else ("uses",)
        status = judged(facts_of(datasheet=given), "datasheet").status
        complete = all(combination) and given["sections"] == 1.0
        assert status == ("documented" if complete else "needs_review")


def test_the_judge_hands_its_framework_on(facts_of):
    items = facts_of(impact_assessment={**GOOD, "sections": 0.0, "sections_missing": ("period",)})

    def status(id):
        asked = Requirement(id="p", label="P", title="Point", documents=("impact_assessment",))
        source = Source(title="t", uri="urn:t", date="2026")
        fields = {"id": id, "version": "1", "title": "T", "issuer": "t", "jurisdiction": "INT", "kind": "law"}
        framework = Framework(**fields, source=source, text_licence="own", status="provisional", requirements=(asked,))
        return judge(framework, items).verdicts[0].status

    assert (status("eu-ai-act"), status("ca-directive-adm")) == ("needs_review", "documented")
