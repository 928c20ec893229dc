"""Reviews weighed: a table of cases by hand, and what no review may ever do."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from accord.errors import UsageError
from accord.frameworks import judge
from accord.frameworks.reviewing import asked_digest, measurement_digest, same_person
from accord.records import (
    DECISIONS,
    Framework,
    Interval,
    Measurement,
    ReliedOn,
    Requirement,
    Review,
    Reviewer,
    Rule,
    Source,
    from_json,
    to_json,
)

ACCURACY = "fairness.accuracy"
SUBJECT, DOCUMENT = "sha256:" + "5e" * 32, "sha256:" + "d0" * 32
ON = "2026-09-01"


def framework_of(*requirements, version="1"):
    return Framework(
        id="example",
        version=version,
        title="Example",
        issuer="test",
        jurisdiction="INT",
        kind="law",
        source=Source(title="test", uri="urn:test", date="2026"),
        text_licence="own",
        status="provisional",
        requirements=requirements,
    )


ASKED = Requirement(
    id="p",
    label="P",
    title="Point",
    question="Is it good?",
    rules=(Rule(measure=ACCURACY, op=">=", threshold=None),),
)
QUESTION = Requirement(id="p", label="P", title="Point", question="Is it good?")


def review(**fields):
    name = fields.pop("name", "Ada")
    role = fields.pop("role", "auditor")
    asked = fields.pop("of", ASKED)
    return Review(
        **{
            "subject": SUBJECT,
            "framework": "example",
            "framework_version": "1",
            "framework_digest": "sha256:" + "00" * 32,
            "requirement": "p",
            "asked": asked_digest(asked),
            "decision": "met",
            "reason": "seen",
            "reviewer": Reviewer(name=name, role=role, interest="none"),
            "made": "2026-08-01T10:00:00Z",
            "valid_until": "2027-08-01",
            "signer": "own",
            "keyid": "k1",
            "envelope": f"sha256:{name}{fields.get('made', '')}",
            **fields,
        }
    )


@pytest.fixture
def seen(evidence, measured):
    """One measurement that is shown without a threshold, of a system whose digest is stated."""
    return evidence(measured(ACCURACY, 0.65, (0.64, 0.66), n=7000))


def verdict_of(seen, *reviews, asked=ASKED, on=ON, needed=None, known=(SUBJECT, DOCUMENT), version="1"):
    found = judge(
        framework_of(asked, version=version),
        seen,
        reviews=reviews,
        on=on,
        reviewers_needed=needed or {},
        known_digests=known,
    )
    return found.verdicts[0]


def relied_on(seen):
    return ReliedOn(kind="measurement", name=ACCURACY, digest=measurement_digest(seen[0].measurements[0]))


def test_a_standing_review_makes_an_open_verdict_judged(seen):
    verdict = verdict_of(seen, review(relied_on=(relied_on(seen),)))
    assert verdict.status == "judged"
    assert verdict.reason == "judged: met by auditor, until 2027-08-01: seen"
    assert verdict.before_review == "needs_review"
    assert [(item.decision, item.stands) for item in verdict.reviews] == [("met", True)]
    assert verdict.outcomes[0].value == 0.65, "what was measured stays beside it"


PAST, OLD = "2026-08-31", "it was valid until 2026-08-31"
# What is changed on the review, what is changed around it, and why it then doesn't count.
LAPSES = [
    ({"valid_until": PAST}, {}, OLD),
    ({}, {"on": "2027-08-02"}, "it was valid until 2027-08-01"),
    ({"signer": "unknown key"}, {}, "it is signed by an unknown key"),
    ({"subject": "sha256:" + "ff" * 32}, {}, "it was made of another state of the system"),
    ({}, {"version": "2"}, "it was made of version 1 of the text"),
    ({}, {"asked": replace(ASKED, question="Is it very good?")}, "the words of the requirement have changed"),
    ({}, {"asked": replace(ASKED, title="Another point")}, "the words of the requirement have changed"),
    (
        {"relied_on": (ReliedOn(kind="measurement", name=ACCURACY, digest="sha256:" + "ee" * 32),)},
        {},
        "the measurement that it relied on has changed or is gone: fairness.accuracy",
    ),
    (
        {"relied_on": (ReliedOn(kind="document", name="manual", digest=DOCUMENT),)},
        {"known": (SUBJECT,)},
        "the document that it relied on has changed or is gone: manual",
    ),
    (
        {"relied_on": (ReliedOn(kind="document", name="manual", digest=DOCUMENT, valid_until=PAST),)},
        {},
        "a document that it relied on was valid until 2026-08-31: manual",
    ),
]


@pytest.mark.parametrize(("changed", "around", "why"), LAPSES)
def test_a_review_that_no_longer_counts_is_shown_and_the_verdict_falls_back(seen, changed, around, why):
    verdict = verdict_of(seen, review(**changed), **around)
    assert (verdict.status, verdict.before_review) == ("needs_review", None)
    assert verdict.reason.endswith(f"; a review by auditor no longer counts: {why}")
    assert [(item.stands, item.why) for item in verdict.reviews] == [(False, why)]


STANDS = [
    ({"valid_until": ON}, {}),  # the last day counts
    ({"relied_on": (ReliedOn(kind="document", name="manual", digest=DOCUMENT, valid_until=ON),)}, {}),
    ({"relied_on": (ReliedOn(kind="other", name="an interview", date="2020-01-01"),)}, {}),
    ({"framework_digest": "sha256:" + "99" * 32}, {}),  # another file, but the same words of the same version
    ({"signer": "trust_list"}, {}),
    ({}, {"asked": replace(ASKED, rules=(replace(ASKED.rules[0], op="<"),))}),  # a rule is no part of the words
]


@pytest.mark.parametrize(("changed", "around"), STANDS)
def test_what_does_not_touch_a_review_leaves_it_standing(seen, changed, around):
    assert verdict_of(seen, review(**changed), **around).status == "judged"


def test_it_lapses_when_the_value_that_it_relied_on_changes(seen, evidence, measured):
    made = review(relied_on=(relied_on(seen),))
    assert verdict_of(seen, made).status == "judged"
    again = evidence(measured(ACCURACY, 0.66, (0.65, 0.67), n=7000))
    assert verdict_of(again, made).status == "needs_review"
    assert verdict_of([], made).status == "not_evaluated"


ME, YOU = {"name": "Ada"}, {"name": "Bo", "role": "lawyer", "envelope": "sha256:bo", "reason": "read"}
TOGETHER = [
    # reviews, needed, status, what the reason says
    ([ME, YOU], 1, "judged", "judged: met by auditor, until 2027-08-01: seen; by lawyer, until 2027-08-01: read"),
    ([ME, YOU], 2, "judged", "judged: met by auditor"),
    ([ME], 2, "needs_review", "1 of 2 reviews: met by auditor"),
    ([ME, {**YOU, "name": " ada "}], 2, "needs_review", "1 of 2 reviews"),
    ([ME, {**YOU, "valid_until": PAST}], 2, "needs_review", "1 of 2 reviews"),
    ([ME, {**YOU, "decision": "not_met"}], 1, "needs_review", "reviewers disagree: met by auditor"),
    ([ME, {**YOU, "decision": "not_met"}], 2, "needs_review", "not_met by lawyer, until 2027-08-01: read"),
    ([ME, {**YOU, "decision": "undecided"}], 1, "needs_review", "reviewers disagree"),
    ([{**ME, "decision": "undecided"}], 1, "needs_review", "a person looked and could not decide: by auditor"),
    ([ME, {**YOU, "decision": "not_met", "signer": "unknown key"}], 1, "judged", "judged: met by auditor"),
    # the same person judges again: the later one counts, whatever it says
    ([ME, {**ME, "decision": "not_met", "made": "2026-08-02T10:00:00Z"}], 1, "judged", "judged: not_met by auditor"),
    # a later one that has lapsed doesn't bring the earlier one back
    ([ME, {**ME, "made": "2026-08-02T10:00:00Z", "valid_until": PAST}], 1, "needs_review", OLD),
    # but a stranger's key, a namesake's key or another system replaces nothing
    ([ME, {**ME, "decision": "not_met", "made": "2026-08-02T10:00:00Z", "signer": "unknown key"}], 1, "judged", "met"),
    ([ME, {**ME, "decision": "not_met", "made": "2026-08-02T10:00:00Z", "subject": "sha256:ff"}], 1, "judged", "met"),
    ([ME, {**ME, "decision": "not_met", "made": "2026-08-02T10:00:00Z", "keyid": "k2"}], 1, "needs_review", "disagree"),
    # twice the same file is one review
    ([ME, ME], 2, "needs_review", "1 of 2 reviews"),
]


@pytest.mark.parametrize(("given_", "needed", "status", "said"), TOGETHER)
def test_several_reviews(seen, given_, needed, status, said):
    verdict = verdict_of(seen, *(review(**fields) for fields in given_), needed={"p": needed})
    assert verdict.status == status
    assert said in verdict.reason
    assert all(item.decision in DECISIONS for item in verdict.reviews)


def test_dissent_about_a_question_needs_review_and_shows_both():
    verdict = verdict_of([], review(of=QUESTION), review(of=QUESTION, **YOU | {"decision": "partly"}), asked=QUESTION)
    assert (verdict.status, verdict.before_review) == ("needs_review", "not_evaluated")
    assert {item.decision for item in verdict.reviews if item.stands} == {"met", "partly"}


@pytest.mark.parametrize(("value", "status"), [(0.65, "met"), (0.55, "not_met")])
def test_no_review_touches_what_was_measured(evidence, measured, value, status):
    rule = Rule(measure=ACCURACY, op=">=", threshold=0.6, threshold_source="the Example Act")
    items = evidence(measured(ACCURACY, value, (value - 0.01, value + 0.01), n=7000))
    asked = replace(ASKED, rules=(rule,))
    alone = verdict_of(items, asked=asked)
    verdict = verdict_of(items, review(decision="not_applicable"), asked=asked)
    assert (verdict.status, verdict.reason) == (status, alone.reason)
    assert [(item.stands, item.why) for item in verdict.reviews] == [(False, "what was measured decides")]


def test_nor_what_is_out_of_scope(seen):
    asked = replace(ASKED, addressee="state")
    verdict = verdict_of(seen, review(), asked=asked)
    assert verdict.status == "not_applicable"
    assert verdict.reviews[0].why == "the facts put this point out of scope"


def test_whether_it_applies_stays_said():
    asked = replace(QUESTION, applies_if=Rule(measure="card.answer", where={"question": "x"}, op="==", threshold=True))
    verdict = verdict_of([], review(of=asked), asked=asked)
    assert verdict.status == "judged"
    assert "whether this point applies is open" in verdict.reason


def test_reviews_need_a_day(seen):
    with pytest.raises(UsageError) as error:
        verdict_of(seen, review(), on="")
    assert error.value.code == "no-day"
    assert verdict_of(seen, on="").status == "needs_review"


def test_the_digest_of_a_measurement_is_that_of_its_canonical_form():
    made = Measurement(
        measure=ACCURACY,
        subject="sha256:aa",
        dimensions={"sex": "f", "age": "ü"},
        value=0.5,
        unit="1",
        interval=Interval(low=0.0, high=1.0, kind="wilson"),
        n=10,
        method="test",
    )
    # RFC 8785 by hand: keys sorted, no blanks, 0.0 is 0, 0.5 is 0.5, text in UTF-8.
    text = (
        '{"dimensions":{"age":"ü","sex":"f"},"interval":{"high":1,"kind":"wilson","level":0.95,"low":0},'
        '"measure":"fairness.accuracy","n":10,"subject":"sha256:aa","value":0.5}'
    )
    assert measurement_digest(made) == f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    same = replace(made, method="other", unit="points", statistics="counts")
    assert measurement_digest(same) == measurement_digest(made), "how it was got is no part of what it says"
    for changed in ({"value": 0.51}, {"n": 11}, {"interval": None}, {"subject": "sha256:bb"}, {"dimensions": {}}):
        assert measurement_digest(replace(made, **changed)) != measurement_digest(made)
    assert measurement_digest(replace(made, value=10**400)) != measurement_digest(made)


@given(st.text(max_size=40))
def test_a_name_is_the_same_however_it_is_written(name):
    assert same_person(f"  {name}\t") == same_person(name)
    assert same_person(same_person(name)) == same_person(name)
    assert same_person("ＡＤＡ  Lovelace") == same_person("ada lovelace")


@pytest.mark.parametrize(
    "name",
    ["Anna\u200b Berg", "Аnna Веrg", "ANNA BERG.", "A\ufe0fnna\u00a0Berg", "\u202eAnna Berg", "Αnna Βerg"],
)
def test_nobody_becomes_two_by_letters_that_look_the_same(name):
    assert same_person(name) == same_person("Anna Berg")
    assert len({same_person(other) for other in ("Anna Berg", "Anne Berg", "José", "Jose", "-", ".")}) == 6


def reviews_strategy():
    relied = st.sampled_from(
        (
            ReliedOn(kind="other", name="talk"),
            ReliedOn(kind="document", name="manual", digest=DOCUMENT),
            ReliedOn(kind="measurement", name=ACCURACY, digest="sha256:" + "ee" * 32),
        )
    )
    return st.builds(
        lambda **fields: review(**fields),
        decision=st.sampled_from(DECISIONS),
        name=st.sampled_from(("Ada", "Bo", "Cy")),
        made=st.sampled_from(("2026-08-01T10:00:00Z", "2026-08-02T10:00:00Z")),
        valid_until=st.sampled_from((PAST, "2027-01-01")),
        signer=st.sampled_from(("own", "trust_list", "unknown key")),
        subject=st.sampled_from((SUBJECT, "sha256:other")),
        relied_on=st.lists(relied, max_size=2).map(tuple),
        reason=st.text(min_size=1, max_size=400).filter(lambda text: bool(text.strip())),
    )


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    reviews=st.lists(reviews_strategy(), max_size=5),
    value=st.sampled_from((0.55, 0.6, 0.65)),
    threshold=st.sampled_from((0.6, None)),
    needed=st.integers(1, 3),
    asks_documents=st.booleans(),
)
def test_a_review_never_changes_what_was_measured(
    evidence, measured, reviews, value, threshold, needed, asks_documents
):
    items = evidence(measured(ACCURACY, value, (value - 0.01, value + 0.01), n=7000))
    asked = replace(
        ASKED,
        rules=(Rule(measure=ACCURACY, op=">=", threshold=threshold, threshold_source="x"),),
        documents=("manual",) if asks_documents else (),
    )
    reviews = [replace(item, asked=asked_digest(asked)) for item in reviews]
    framework = framework_of(asked)
    alone = judge(framework, items)
    found = judge(
        framework, items, reviews=reviews, on=ON, reviewers_needed={"p": needed}, known_digests=(SUBJECT, DOCUMENT)
    )
    before, after = alone.verdicts[0], found.verdicts[0]
    assert after.outcomes == before.outcomes
    assert found.tiers == alone.tiers
    assert (found.coverage.evaluated, found.coverage.applicable) == (
        alone.coverage.evaluated,
        alone.coverage.applicable,
    )
    if before.status in ("met", "not_met", "not_applicable"):
        assert replace(after, reviews=()) == before
    else:
        assert after.status in (before.status, "judged", "needs_review")
        assert (after.before_review or after.status) == before.status
    assert len(after.reviews) == len(set(reviews)), "every review is shown, whether it counts or not"
    if after.status == "judged":
        counted = {item for item in reviews if any(o.stands and o.review == item.envelope for o in after.reviews)}
        assert len({item.reviewer.name for item in counted}) >= needed
    assert from_json(to_json(after), type(after)) == after
