"""An assessment for the tests of reports, built on the published confusion matrices of COMPAS.

The counts are those of Dressel & Farid, Science Advances 4(1) eaao5580, at a score of 5 or more.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from accord.records import (
    VERDICT_STATUSES,
    Assessment,
    Axis,
    Card,
    Context,
    Cost,
    Counts,
    Coverage,
    Environment,
    Evidence,
    Finding,
    Framework,
    FrameworkReference,
    Interval,
    Isolation,
    Measurement,
    Part,
    Place,
    Question,
    Requirement,
    RuleOutcome,
    Source,
    Subject,
    Summary,
    Tier,
    TierClass,
    Verdict,
)
from accord.records.card import Data, Label, Positive, Prediction, System

TABLE = "sha256:" + "3b" * 32
FILE = "compas-scores-two-years.csv"
# TN, FP, FN, TP by race and sex: the two published races split by sex in proportion, the others made to their sizes.
MATRICES = {
    "African-American": (990, 805, 532, 1369),
    "Caucasian": (1139, 349, 461, 505),
    "Hispanic": (320, 85, 130, 102),
    "Other": (205, 38, 85, 49),
    "Asian": (21, 2, 3, 6),
    "Native American": (5, 3, 1, 9),
}
RATES = {
    "selection_rate": (lambda tn, fp, fn, tp: (fp + tp, tn + fp + fn + tp)),
    "true_positive_rate": (lambda tn, fp, fn, tp: (tp, fn + tp)),
    "false_positive_rate": (lambda tn, fp, fn, tp: (fp, tn + fp)),
    "false_negative_rate": (lambda tn, fp, fn, tp: (fn, fn + tp)),
    "positive_predictive_value": (lambda tn, fp, fn, tp: (tp, fp + tp)),
    "accuracy": (lambda tn, fp, fn, tp: (tn + tp, tn + fp + fn + tp)),
    "base_rate": (lambda tn, fp, fn, tp: (fn + tp, tn + fp + fn + tp)),
}
CONTEXT = Context(
    population="Defendants screened in Broward County",
    places=("US-FL",),
    period="2013–2014",
    sampling="all screened, two years of follow-up",
    holder="ProPublica",
)


def wilson(successes: int, n: int) -> Interval:
    """Wilson's interval, written from its formula."""
    z, p = 1.959963984540054, successes / n
    centre, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return Interval(low=(centre - half) / (1 + z * z / n), high=(centre + half) / (1 + z * z / n), kind="wilson")


def rate(measure: str, successes: int, n: int, **dimensions: str) -> Measurement:
    """A rate with its interval; no value on fewer than 30 cases."""
    small = n < 30
    return Measurement(
        measure=f"fairness.{measure}",
        subject=TABLE,
        dimensions=dimensions,
        value=None if small else successes / n,
        unit="1",
        interval=None if small else wilson(successes, n),
        n=n,
        method="count of successes over trials",
        statistics="groups",
        context=CONTEXT,
        reason=f"only {n} cases: fewer than 30" if small else None,
    )


def _by_sex(matrix: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    men = tuple(round(cell * 0.8) for cell in matrix)
    return {"Male": men, "Female": tuple(cell - man for cell, man in zip(matrix, men, strict=True))}


def _sum(matrices: Iterator[tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(map(sum, zip(*matrices, strict=True)))


def _attributes() -> dict[str, dict[str, tuple[int, ...]]]:
    crossed = {f"{race} × {sex}": cells for race in MATRICES for sex, cells in _by_sex(MATRICES[race]).items()}
    sexes = {sex: _sum(_by_sex(cells)[sex] for cells in MATRICES.values()) for sex in ("Male", "Female")}
    return {"race": dict(MATRICES), "sex": sexes, "race × sex": crossed}


def fairness(names: tuple[str, ...] = ()) -> Evidence:
    """Evidence of `fairness.groups`; `names` are further hostile group names."""
    measurements: list[Measurement] = []
    everybody = _sum(iter(MATRICES.values()))
    for measure, cells in RATES.items():
        measurements.append(rate(measure, *cells(*everybody)))
    for attribute, groups in _attributes().items():
        for measure, cells in RATES.items():
            measurements += [
                rate(measure, *cells(*matrix), attribute=attribute, group=group) for group, matrix in groups.items()
            ]
    measurements += [
        rate("false_positive_rate", 50, 100 + i, attribute="race", group=name) for i, name in enumerate(names)
    ]
    for unit, measure, value, low, high in (
        ("1", "false_positive_rate_gap", 0.239, 0.18, 0.34),
        ("ratio", "false_positive_rate_min_ratio", 0.349, 0.22, 0.51),
    ):
        measurements += [
            Measurement(
                measure=f"fairness.{measure}",
                subject=TABLE,
                dimensions={"attribute": attribute},
                value=value,
                unit=unit,
                interval=Interval(low=low, high=high, kind="newcombe-simultaneous"),
                n=7214,
                method="over groups of 100 and more",
                statistics="groups",
                context=CONTEXT,
            )
            for attribute in ("race", "sex")
        ]
    for group, difference, ratio, wide in (("African-American", 0.214, 1.91, 2.1), ("Hispanic", -0.025, 0.9, 60.0)):
        for measure, unit, value, low, high in (
            ("false_positive_rate_difference", "1", difference, difference - 0.03, difference + 0.03),
            ("false_positive_rate_ratio", "ratio", ratio, ratio - 0.2, wide),
        ):
            measurements.append(
                Measurement(
                    measure=f"fairness.{measure}",
                    subject=TABLE,
                    dimensions={"attribute": "race", "group": group, "reference": "Caucasian"},
                    value=value,
                    unit=unit,
                    interval=Interval(low=low, high=high, kind="newcombe" if unit == "1" else "koopman"),
                    n=1795,
                    method="against the reference group",
                    statistics="groups",
                    context=CONTEXT,
                )
            )
    races = tuple(MATRICES)
    return Evidence(
        id="fairness.groups:3b3b3b3b",
        inspector="fairness.groups",
        version="1",
        subject=TABLE,
        status="measured",
        parameters={"intersections": 2, "minimum": 30, "level": 0.95, "attributes": ("race", "sex"), "cap": None},
        measurements=tuple(measurements),
        findings=(
            Finding(
                rule="fairness.groups.false-positive-gap",
                severity="critical",
                subject=TABLE,
                where=Place(column="race"),
                message="People of the group African-American who did not reoffend were called high risk in "
                "44.8 % of cases; Caucasian people in 23.5 %.",
                remedy="Do not use the score to detain. Examine which features carry race, and set thresholds per use "
                "with those affected.",
                arguments={
                    "measure": "false_positive_rate",
                    "attribute": "race",
                    "low": 0.183,
                    "high": 0.243,
                    "n": 7214,
                },
            ),
            Finding(
                rule="fairness.groups.false-negative-gap",
                severity="high",
                subject=TABLE,
                where=Place(column="race"),
                message="Caucasian people who did reoffend were called low risk in 47.7 % of cases; "
                "African-American people in 28.0 %.",
                remedy="Report both error rates by group wherever the score is shown.",
                arguments={"measure": "false_negative_rate", "attribute": "race"},
            ),
        ),
        statistics={
            "groups": Counts(
                axes=(
                    Axis(role="attribute", name="race", categories=races),
                    Axis(role="label", name="two_year_recid", categories=("0", "1")),
                    Axis(role="prediction", name="decile_score", categories=("0", "1")),
                ),
                values=tuple(cell for race in races for cell in MATRICES[race]),
            )
        },
        checked=("7,214 rows, groups of race and sex and their intersections",),
        not_checked=(
            "whether the label itself is biased: arrests are not crimes",
            "attributes that the table does not hold",
        ),
        tools={"accord": "0.1.0", "pyarrow": "18.0.0"},
        isolation=Isolation(profile="decode", granted=("rlimits", "no network"), refused=("landlock",)),
        cost=Cost(cpu_seconds=0.42, bytes_read=2_546_489),
        started="2026-08-02T14:03:11Z",
        seconds=0.61,
    )


def profile() -> Evidence:
    """Evidence of `data.profile`: counts, completeness by column, column types."""
    columns = [f"column_{i}" for i in range(20)] + ["decile_score", "decile_score#2"]

    def fact(measure: str, value: object, unit: str, **dimensions: str) -> Measurement:
        return Measurement(
            measure=measure, subject=TABLE, dimensions=dimensions, value=value, unit=unit, n=7214, method="read"
        )

    return Evidence(
        id="data.profile:3b3b3b3b",
        inspector="data.profile",
        version="1",
        subject=TABLE,
        status="measured",
        measurements=(
            fact("data.rows", 7214, "count"),
            fact("data.columns", 53, "count"),
            fact("data.completeness", 0.713, "1"),
            fact("data.duplicate_row_rate", 0.0, "1"),
            *(fact("data.completeness", 1 - i / 30, "1", column=name) for i, name in enumerate(columns)),
            *(fact("data.column_type", "integer", "text", column=name) for name in columns),
        ),
        findings=(
            Finding(
                rule="data.profile.duplicate-column",
                severity="medium",
                subject=TABLE,
                where=Place(path=FILE, column="decile_score", row=1, offset=211),
                message="The column name decile_score is there twice.",
                remedy="Rename one of them, or name the second decile_score#2.",
            ),
            Finding(
                rule="data.profile.personal",
                severity="info",
                subject=TABLE,
                message="The table names real people.",
                remedy="Keep it where the law wants it.",
            ),
        ),
        checked=("every row and column",),
        not_checked=("whether values are true",),
        started="2026-08-02T14:03:10Z",
        seconds=0.2,
    )


def others() -> tuple[Evidence, ...]:
    """Evidence that was skipped, failed, or run without isolation."""

    def bare(inspector: str, status: str, reason: str | None, detail: str, subject: str = TABLE) -> Evidence:
        return Evidence(
            id=f"{inspector}:{status}",
            inspector=inspector,
            version="1",
            subject=subject,
            status=status,  # type: ignore[arg-type]
            reason=reason,  # type: ignore[arg-type]
            detail=detail,
            isolation=Isolation(profile="execute", unsafe=status == "measured"),
            started="2026-08-02T14:03:12Z",
            seconds=0.0,
        )

    facts = (
        ("model_files.format", "pickle", "text"),
        ("model_files.can_execute_code", True, "bool"),
        ("model_files.parameters", 1_234_567, "count"),
        ("model_files.pickle_globals", ("sklearn.svm LinearSVC", "os system"), "list"),
    )
    unsafe = bare("model_files.running", "measured", None, "")
    return (
        bare("model_files.pickles", "skipped", "not_applicable", "the target has no part of kind pickle", ""),
        bare("model_files.format", "failed", "error", "the header says 4 GB, the file has 1 kB"),
        bare("endpoint.probe", "skipped", "needs_consent", "it runs the target's own code: give --run-target"),
        Evidence(
            **{name: getattr(unsafe, name) for name in unsafe.__struct_fields__ if name != "measurements"},
            measurements=tuple(
                Measurement(measure=measure, subject=TABLE, value=value, unit=unit, method="header", basis="declared")  # type: ignore[arg-type]
                for measure, value, unit in facts
            ),
        ),
    )


TITLES = {
    "met": ("Art. 15(1)", "Accuracy is at a level that fits the purpose"),
    "not_met": ("Art. 10(2)(f)", "Data are examined for biases that affect people's rights"),
    "inconclusive": ("Art. 15(4)", "Feedback loops do not feed biased outputs back"),
    "not_evaluated": ("Art. 12(1)", "Events are logged automatically over the lifetime"),
    "documented": ("Art. 11(1)", "Technical documentation is drawn up before placing on the market"),
    "declared": ("Art. 13(3)(b)", "The intended purpose is stated for deployers"),
    "judged": ("Art. 14(4)(a)", "Overseers understand capacities and limits"),
    "needs_review": ("Art. 9(2)(a)", "Known and foreseeable risks are identified"),
    "not_applicable": ("Art. 10(5)", "Special categories of data are processed under safeguards"),
}


def frameworks() -> tuple[Framework, ...]:
    """Two frameworks: one with a requirement for each verdict status, one small and provisional."""
    act = Framework(
        id="eu-ai-act",
        version="2024-07-12",
        title="EU AI Act",
        issuer="European Union",
        jurisdiction="EU",
        kind="law",
        source=Source(
            title="Regulation (EU) 2024/1689", uri="https://eur-lex.europa.eu/eli/reg/2024/1689/oj", date="2024-07-12"
        ),
        text_licence="reuse with attribution",
        status="stable",
        questions=(
            Question(
                id="narrow_task", text="Does the system only perform a narrow procedural task?", source="Art. 6(3)(a)"
            ),
        ),
        tiers=(
            TierClass(id="high", title="High-risk", source="Art. 6(2)"),
            TierClass(id="minimal", title="Minimal", source=""),
        ),
        requirements=tuple(
            Requirement(
                id=f"art-{status}",
                label=label,
                title=title,
                addressee="provider",
                applies_from="2026-08-02",
                documents=("technical_documentation",) if status == "documented" else (),
                question="Who identified the risks, and how?" if status == "needs_review" else None,
            )
            for status, (label, title) in TITLES.items()
        ),
    )
    plan = Framework(
        id="action-plan",
        version="1",
        title="Action Plan",
        issuer="",
        jurisdiction="world",
        kind="plan",
        source=Source(title="The Action Plan", uri="javascript:alert(1)", date="2025-07-26"),
        text_licence="own words",
        status="provisional",
        note="Only the articles that name something measurable.",
        requirements=(Requirement(id="9.b", label="9.b", title="Assessments can be repeated and compared"),),
    )
    return act, plan


def verdicts() -> tuple[Verdict, ...]:
    """One verdict of each status under the act, one under the plan."""
    outcome = {"measure": "fairness.false_positive_rate", "subject": TABLE, "op": "<=", "threshold": 0.3, "n": 1795}
    high = wilson(805, 1795)
    outcomes = {
        "not_met": (
            RuleOutcome(
                **outcome,  # type: ignore[arg-type]
                dimensions={"attribute": "race", "group": "African-American"},
                threshold_source="profile of the user",
                value=805 / 1795,
                interval=high,
                basis="measured",
                evidence="fairness.groups:3b3b3b3b",
                holds=False,
            ),
        ),
        "inconclusive": (
            RuleOutcome(
                **(outcome | {"n": 23}),  # type: ignore[arg-type]
                dimensions={"attribute": "race", "group": "Asian"},
                holds=None,
                reason="too few cases",
                n_needed=412,
            ),
        ),
        "declared": (
            RuleOutcome(measure="card.stated", op="exists", value="as stated " * 30, basis="declared", holds=True),
        ),
    }
    act = tuple(
        Verdict(
            framework="eu-ai-act",
            requirement=f"art-{status}",
            status=status,
            reason=f"The reason for the verdict {status}.",
            outcomes=outcomes.get(status, ()),
            evidence=("fairness.groups:3b3b3b3b",) if status in outcomes else (),
            applies_from="2026-08-02",
        )
        for status in VERDICT_STATUSES
    )
    return (
        *act,
        Verdict(framework="action-plan", requirement="9.b", status="met", reason="A second run gave the same numbers."),
    )


def compas() -> Assessment:
    """The sample: two measured checks, skipped and failed ones, every verdict status, two tiers."""
    evidence = (profile(), fairness(), *others())
    judged = verdicts()
    findings = [finding for item in evidence for finding in item.findings]
    act = dict.fromkeys(VERDICT_STATUSES, 1)
    return Assessment(
        version="0.1",
        subject=Subject(
            name="COMPAS recidivism score",
            version="2013",
            digest="sha256:" + "5e" * 32,
            parts=(Part(role="predictions", kind="csv", path=FILE, digest=TABLE, size=2_546_489),),
            excluded=("accord.toml",),
        ),
        card=Card(
            system=System(
                name="COMPAS recidivism score",
                purpose="Tell a court how likely a defendant is to be charged again within two years",
                sector="justice",
                jurisdictions=("US-FL",),
                provider="Northpointe (now Equivant)",
                deployer="Broward County courts",
                affected="defendants",
                sdgs=(10, 16),
            ),
            data=Data(
                file=FILE,
                label=Label(column="two_year_recid", positive=1),
                prediction=Prediction(column="decile_score", positive=Positive(op=">=", value=5)),
                sensitive=("race", "sex"),
                reference={"race": "Caucasian"},
            ),
            context=CONTEXT,
        ),
        card_digest="sha256:" + "ca" * 32,
        card_source="assessor",
        evidence=evidence,
        verdicts=judged,
        tiers=(
            Tier(
                framework="eu-ai-act",
                tier="high",
                title="High-risk",
                reasons=("It is used by judicial authorities (Annex III, point 8(a)).",),
                would_change=("it only performed a narrow procedural task (Art. 6(3)(a))",),
                missing=("narrow_task",),
                candidates=("minimal",),
            ),
        ),
        frameworks=tuple(
            FrameworkReference(
                id=framework.id,
                version=framework.version,
                title=framework.title,
                jurisdiction=framework.jurisdiction,
                status=framework.status,
                digest="sha256:" + "f0" * 32,
            )
            for framework in frameworks()
        ),
        summary=Summary(
            checked="Accord checked 7,214 rows of data of COMPAS recidivism score: table profile, fairness "
            "between groups.",
            worst=findings[2].message,
            certainty="That difference is 21.4 points, between 18.3 and 24.3 with 95 % confidence.",
            unchecked="Nobody checked whether arrests stand for crimes, nor how judges used the score.",
            worst_finding=findings[2],
            findings={"critical": 1, "high": 1, "medium": 1, "info": 1},
            verdicts={**act, "met": 2},
            coverage=(
                Coverage(framework="eu-ai-act", applicable=8, evaluated=4, counts=act),
                Coverage(framework="action-plan", applicable=1, evaluated=1, counts={"met": 1}),
            ),
            measured=3,
            skipped=2,
            failed=1,
        ),
        environment=Environment(
            accord="0.1.0",
            python="3.11.2",
            platform="Linux x86_64",
            started="2026-08-02T14:03:09Z",
            seconds=3.1,
            cores=2,
            packages={"pyarrow": "18.0.0"},
            reused=("data.profile:3b3b3b3b",),
            options={"seed": "0"},
        ),
    )


def replaced(record, **changes):  # type: ignore[no-untyped-def]
    """Return a record with some fields changed."""
    return type(record)(**{name: getattr(record, name) for name in record.__struct_fields__} | changes)
