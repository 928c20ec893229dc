"""What is offered for COMPAS, and for tables whose defects were put there: by a table written by hand."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from accord.prevention import for_assessment, library
from accord.prevention.naming import OPEN
from accord.records import Assessment, Framework, Interval, Requirement, RuleOutcome, Source, Verdict
from accord.records.prevention import Offered

# By hand, from the findings of COMPAS and what each measure of prevention is for. (rule, measure): (must, must not).
COMPAS = {
    ("FAIR-001", "fairness.false_positive_rate"): (
        "threshold-per-group constrained-training state-criterion calibrated-error subgroups check-label human-review "
        "suspend monitor-groups recourse collect-features",
        "reweigh remove-correlation justify-selection collect-group more-test-cases reject-option",
    ),
    ("FAIR-001", "fairness.false_negative_rate"): (
        "threshold-per-group constrained-training state-criterion calibrated-error check-label human-review suspend",
        "subgroups reweigh remove-correlation justify-selection collect-group",
    ),
    ("FAIR-001", "fairness.accuracy"): (
        "collect-features constrained-training monitor-groups",
        "threshold-per-group calibrated-error subgroups reweigh state-criterion",
    ),
    ("FAIR-002", "fairness.selection_rate"): (
        "reject-option threshold-per-group justify-selection reweigh remove-correlation state-criterion",
        "calibrated-error subgroups collect-features collect-group",
    ),
    ("FAIR-003", ""): ("collect-group", "threshold-per-group constrained-training monitor-groups"),
    ("DATA-002", ""): ("drop-empty explain-missing impute-with-care", "deduplicate constant-column enough-data"),
    ("DATA-004", ""): ("unique-names schema", "drop-empty one-kind"),
    ("DATA-008", ""): ("constant-column", "drop-empty"),
}  # fmt: skip
CARD = """
[system]
name = "Test"
purpose = "A test"
sector = "testing"
jurisdictions = ["KE"]
provider = "Somebody"
affected = "Nobody"
human_oversight = "A person decides"
[data]
label = { column = "outcome", positive = 1 }
prediction = { column = "said", positive = { op = "==", value = 1 } }
favourable = "negative"
sensitive = ["group"]
"""


def names(offered: Offered) -> set[str]:
    return {offer.mitigation.id.split(".")[2] for offer in offered.offers}


def found(offered: tuple[Offered, ...]) -> dict[tuple[str, str], Offered]:
    return {(item.risk.rule, item.risk.measure): item for item in offered if item.risk.nature != "open"}


def table(path: Path, matrices: dict[str, tuple[int, int, int, int]]) -> Path:
    """Write a table whose groups have these counts of true and false negatives and positives (TN, FP, FN, TP)."""
    cells = ((0, 0), (0, 1), (1, 0), (1, 1))
    # The number and the spare column make no row repeat another and no column constant.
    rows = [
        f"{group},{outcome},{said}"
        for group, counts in matrices.items()
        for (outcome, said), n in zip(cells, counts, strict=True)
        for _ in range(n)
    ]
    path.write_text("number,group,outcome,said\n" + "".join(f"{i},{row}\n" for i, row in enumerate(rows)))
    return path


@pytest.fixture
def made(tmp_path: Path, assessed):
    """Assess a table of known counts: `made(matrices, score=True)`."""

    def make(matrices: dict[str, tuple[int, int, int, int]], *, score: bool = True) -> Assessment:
        card = tmp_path / "card.toml"
        card.write_text(CARD + ('score = "number"\n' if score else ""))
        return assessed(table(tmp_path / "t.csv", matrices), card)

    return make


@pytest.mark.parametrize(("rule", "measure"), COMPAS)
def test_compas_gets_what_fits_and_nothing_else(compas: Assessment, rule: str, measure: str) -> None:
    must, must_not = (set(text.split()) for text in COMPAS[rule, measure])
    offered = names(found(for_assessment(compas, most=None))[rule, measure])
    assert must <= offered
    assert not must_not & offered


def test_compas_has_no_other_risk_with_an_offer(compas: Assessment) -> None:
    assert set(found(for_assessment(compas))) == set(COMPAS)
    ids = {offer.mitigation.id for item in found(for_assessment(compas, most=None)).values() for offer in item.offers}
    assert not [name for name in ids if name.startswith(("mp.model-files.", "mp.openness.", "mp.organisation."))]


def test_the_values_that_call_for_it_are_those_that_were_published(compas: Assessment) -> None:
    """Dressel and Farid (2018): 805 of 1,795 and 349 of 1,488 who didn't reoffend were rated high."""
    item = found(for_assessment(compas))["FAIR-001", "fairness.false_positive_rate"]
    first, second, *_ = item.offers[0].readings
    assert (first.dimensions["group"], first.value, first.n) == ("African-American", pytest.approx(805 / 1795), 1795)
    assert (second.dimensions["group"], second.value, second.n) == ("Caucasian", pytest.approx(349 / 1488), 1488)
    assert first.interval is not None


def test_only_the_empty_column_calls_for_dropping_a_column(compas: Assessment) -> None:
    item = found(for_assessment(compas))["DATA-002", ""]
    offer = next(offer for offer in item.offers if offer.mitigation.id == "mp.data.drop-empty")
    assert [(r.dimensions, r.value) for r in offer.readings] == [({"column": "violent_recid"}, 0.0)]
    assert item.risk.n == 13
    assert "violent_recid" in {place.column for place in item.risk.where}


def test_the_smallest_groups_call_for_more_rows(compas: Assessment) -> None:
    offer = found(for_assessment(compas))["FAIR-003", ""].offers[0]
    assert offer.mitigation.id == "mp.fairness.collect-group"
    assert [r.dimensions["group"] for r in offer.readings[:2]] == ["Native American", "Asian"]


def test_where_base_rates_differ_the_impossibility_is_said(compas: Assessment) -> None:
    item = found(for_assessment(compas))["FAIR-001", "fairness.false_positive_rate"]
    offer = next(offer for offer in item.offers if offer.mitigation.id.endswith("threshold-per-group"))
    assert any("predictive values" in effect.text for effect in offer.side_effects)


def test_what_moves_the_measure_comes_first_and_then_what_is_cheap(compas: Assessment) -> None:
    item = found(for_assessment(compas, most=None))["FAIR-001", "fairness.false_positive_rate"]
    order = [offer.mitigation.id.split(".")[2] for offer in item.offers]
    direct = {"threshold-per-group", "constrained-training", "subgroups"}
    assert set(order[:3]) == direct
    assert order[0] == "threshold-per-group"  # the cheapest of the three
    costs = [offer.mitigation.cost for offer in item.offers[3:]]
    assert costs == sorted(costs, key=("low", "medium", "high").index)


def test_open_requirements_get_what_is_attached_to_them(compas: Assessment, frameworks: tuple[Framework, ...]) -> None:
    offered = {
        ref: names(item)
        for item in for_assessment(compas, frameworks, most=None)
        if item.risk.nature == "open"
        for ref in item.risk.requirements
    }
    assert "oversight" in offered["eu-ai-act#art_14.4.a"]  # by the article above it
    assert "two-people" not in offered.get("eu-ai-act#art_14.4.a", set())
    assert "literacy" in offered["eu-ai-act#art_4.1.deployer"]
    assert "do-not-deploy" in offered["eu-ai-act#art_5.1.d"]
    assert "measure-energy" in offered["nist-ai-rmf#measure_2.12"]
    applies = {f"{v.framework}#{v.requirement}" for v in compas.verdicts if v.status in OPEN}
    assert set(offered) <= applies


def test_nothing_is_offered_for_a_table_without_defects(made) -> None:
    clean = made({"a": (150, 50, 50, 150), "b": (150, 50, 50, 150)})
    assert [finding for item in clean.evidence for finding in item.findings if finding.rule.startswith("FAIR")] == []
    assert for_assessment(clean) == ()


def test_with_equal_base_rates_nothing_is_said_of_impossibility(made) -> None:
    equal = made({"a": (120, 180, 100, 200), "b": (240, 60, 100, 200)})
    item = found(for_assessment(equal, most=None))["FAIR-001", "fairness.false_positive_rate"]
    assert "threshold-per-group" in names(item)
    assert not {"state-criterion", "calibrated-error", "check-label"} & names(item)
    effects = [effect.text for offer in item.offers for effect in offer.side_effects]
    assert effects
    assert not any("predictive values" in text for text in effects)


def test_without_a_score_no_threshold_can_be_moved(made) -> None:
    unscored = made({"a": (120, 180, 100, 200), "b": (240, 60, 100, 200)}, score=False)
    item = found(for_assessment(unscored, most=None))["FAIR-001", "fairness.false_positive_rate"]
    assert "constrained-training" in names(item)
    assert not {"threshold-per-group", "reject-option", "calibrated-error"} & names(item)


def test_repeated_rows(tmp_path: Path, assessed) -> None:
    file = tmp_path / "t.csv"
    file.write_text("a,b\n" + "".join(f"{i},{i % 7}\n" for i in range(100)) + "3,3\n3,3\n")
    offered = found(for_assessment(assessed(file), most=None))
    assert {"deduplicate", "separate-test"} <= names(offered["DATA-003", ""])
    reading = offered["DATA-003", ""].offers[0].readings[0]
    assert (reading.measure, reading.value) == ("data.duplicate_row_rate", pytest.approx(2 / 102))


def test_a_pickle_that_uses_an_unknown_name(tmp_path: Path, assessed) -> None:
    (tmp_path / "model.pkl").write_bytes(b"cmymodule\nThing\n.")
    offered = found(for_assessment(assessed(tmp_path / "model.pkl"), most=None))
    assert {"convert", "weights-only", "isolate", "scan", "allow-names"} <= names(offered["MOD-001", ""])
    assert "refuse" not in names(offered["MOD-001", ""])


def test_a_pickle_that_runs_a_command(tmp_path: Path, assessed) -> None:
    (tmp_path / "model.pkl").write_bytes(b"cposix\nsystem\n(S'true'\ntR.")
    offered = found(for_assessment(assessed(tmp_path / "model.pkl"), most=None))
    assert {"refuse", "scan", "allowed-sources"} <= names(offered["MOD-002", ""])
    assert not {"weights-only", "convert", "allow-names"} & names(offered["MOD-002", ""])


def verdict(status: str, holds: bool | None) -> Verdict:
    outcome = RuleOutcome(
        measure="fairness.false_positive_rate_gap",
        dimensions={"attribute": "race"},
        op="<=",
        threshold=0.25 if holds is None else 0.1,
        threshold_source="an order",
        value=0.3009,
        interval=Interval(low=0.2248, high=0.3599, kind="newcombe-simultaneous"),
        holds=holds,
    )
    return Verdict(framework="order", requirement="p_1", status=status, reason="because", outcomes=(outcome,))


def test_a_missed_threshold_is_a_risk_and_an_undecided_one_a_doubt(compas: Assessment) -> None:
    bare = replace(compas, evidence=tuple(replace(item, findings=()) for item in compas.evidence), verdicts=())
    assert for_assessment(bare) == ()
    (missed,) = for_assessment(replace(bare, verdicts=(verdict("not_met", False),)), most=None)
    assert missed.risk.nature == "found"
    assert missed.risk.requirements == ("order#p_1",)
    assert {"threshold-per-group", "state-criterion"} <= names(missed)
    assert "more-test-cases" not in names(missed)
    assert missed.offers[0].readings[0].value == 0.3009
    (doubt,) = for_assessment(replace(bare, verdicts=(verdict("inconclusive", None),)), most=None)
    assert doubt.risk.nature == "doubt"
    assert names(doubt) == {"more-test-cases", "collect-group", "monitor-groups"}


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_offer_without_a_finding_or_verdict_that_names_it(
    compas: Assessment, frameworks: tuple[Framework, ...], data: st.DataObject
) -> None:
    findings = [finding for item in compas.evidence for finding in item.findings]
    kept = {id(finding) for finding in data.draw(st.lists(st.sampled_from(findings), max_size=6))}
    verdicts = tuple(data.draw(st.lists(st.sampled_from(compas.verdicts), max_size=8)))
    evidence = tuple(
        replace(item, findings=tuple(f for f in item.findings if id(f) in kept)) for item in compas.evidence
    )
    some = replace(compas, evidence=evidence, verdicts=verdicts)
    offered = for_assessment(some, frameworks, most=None)
    rules = {finding.rule for item in evidence for finding in item.findings}
    open_ = {f"{v.framework}#{v.requirement}" for v in verdicts if v.status in OPEN}
    for item in offered:
        assert item.offers
        if item.risk.rule:
            assert item.risk.rule in rules
            assert all(item.risk.rule in offer.mitigation.addresses.findings for offer in item.offers)
        else:
            assert set(item.risk.requirements) <= open_
    if not kept and not verdicts:
        assert offered == ()
    shown = for_assessment(some, frameworks, most=2)
    assert [item.risk for item in shown] == [item.risk for item in offered]
    for few, all_ in zip(shown, offered, strict=True):
        assert few.offers == all_.offers[:2]
        assert len(few.offers) + few.more == len(all_.offers)


def test_every_condition_can_be_evaluated_on_real_evidence(compas: Assessment) -> None:
    """No condition in the library fails or hangs on the evidence of COMPAS, whatever it answers."""
    from accord.prevention.fitting import Fitting
    from accord.prevention.naming import Case

    fitting = Fitting(compas)
    bound = {"attribute": "race", "group": "African-American", "reference": "Caucasian", "column": "violent_recid"}
    fits = {item.id for item in library() if fitting.fit(item, Case(None, "", bound))}
    assert "mp.data.drop-empty" in fits
    assert "mp.data.deduplicate" not in fits  # COMPAS has no repeated row
    assert "mp.model-files.weights-only" not in fits  # nor a model file


def test_a_strangers_record_is_no_trap(compas: Assessment) -> None:
    """Rules, measures, frameworks and requirements that nobody knows, and a framework whose points form a circle."""
    finding = compas.evidence[0].findings[0]
    strange = tuple(
        replace(finding, rule=rule, arguments={"measure": measure, "attribute": "\u202e", "column": 7})
        for rule, measure in (("FAIR-001", "nobody.knows"), ("XXXXXX", ""), ("DATA-002", "fairness.accuracy"))
    )
    outcome = replace(verdict("not_met", False).outcomes[0], measure="nobody.knows")
    verdicts = (
        replace(verdict("not_met", False), outcomes=(outcome,)),
        replace(verdict("not_met", False), framework="eu-ai-act", requirement="a"),
    )
    others = tuple(replace(item, findings=()) for item in compas.evidence[1:])
    evidence = (replace(compas.evidence[0], findings=strange), *others)
    points = [
        Requirement(id="a", parent="b", label="A", title="A"),
        Requirement(id="b", parent="a", label="B", title="B", documents=("logging",)),
    ]
    circle = Framework(
        id="eu-ai-act", version="1", title="A circle", issuer="Nobody", jurisdiction="EU", kind="law",
        source=Source(title="None", uri="https://example.org/", date="2026"), text_licence="ours", status="stable",
        requirements=tuple(points),
    )  # fmt: skip
    offered = for_assessment(replace(compas, evidence=evidence, verdicts=verdicts), (circle,), most=None)
    assert {item.risk.rule for item in offered} <= {"FAIR-001", "DATA-002", ""}
    assert "mp.fairness.threshold-per-group" not in {
        offer.mitigation.id for item in offered if item.risk.rule for offer in item.offers
    }


def test_thousands_of_parts_take_seconds_not_minutes(compas: Assessment) -> None:
    many = []
    for i in range(4000):
        part = f"sha256:{i:064x}"
        profile = compas.evidence[0]
        rows = next(m for m in profile.measurements if m.measure == "data.completeness")
        finding = replace(next(f for f in profile.findings if f.rule == "DATA-002"), subject=part)
        many.append(
            replace(profile, id=f"e{i}", subject=part, measurements=(replace(rows, subject=part),), findings=(finding,))
        )
    started = time.process_time()
    offered = for_assessment(replace(compas, evidence=tuple(many), verdicts=()), most=None)
    assert time.process_time() - started < 4
    assert [item.risk.n for item in offered] == [4000]
