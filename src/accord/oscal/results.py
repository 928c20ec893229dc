"""An assessment as OSCAL assessment results: evidence as observations, defects as risks, verdicts as findings.

OSCAL knows two states. "satisfied" stands for the verdict `met` alone: a measured value meets the threshold of a named
source. All else is "not-satisfied", that is, not shown to be satisfied: with the reason "fail" for `not_met`, and with
"other" and our reason in words for what documents, declarations or people say, and for what is open. Points that
nothing speaks to, or that don't apply, get no finding: they are listed as not reviewed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..records import Assessment, Framework, FrameworkReference, Verdict
from ..records.verdict import VerdictStatus
from .document import Json, control_of, identifier, line, metadata, moment, prop, statement_of, to_bytes, without_empty
from .observing import Observed

REASONS: dict[VerdictStatus, str] = {"met": "pass", "not_met": "fail"}
_NOT_REVIEWED: tuple[VerdictStatus, ...] = ("not_evaluated", "not_applicable")
_NOTHING = {
    "description": "None: what was measured, under no framework.",
    "include-all": {},
    "remarks": "OSCAL asks for a selection. No catalogue is imported here, so this one selects nothing.",
}


def assessment_results(assessment: Assessment, frameworks: Iterable[Framework] = ()) -> Json:
    """Return the assessment results, a document with the key `assessment-results`.

    The first result holds what was measured; then there is one for each framework. `frameworks` give requirements
    their labels and titles.
    """
    observed = Observed(assessment, frameworks)
    plan = identifier("no-plan", observed.key)
    return {
        "assessment-results": {
            "uuid": identifier("assessment-results", observed.key),
            "metadata": document_metadata("Measurement", assessment),
            "import-ap": {"href": f"#{plan}", "remarks": "There is no assessment plan in OSCAL; see the resource."},
            "results": [
                _measured(assessment, observed),
                *(_judged(assessment, reference, observed) for reference in assessment.frameworks),
            ],
            "back-matter": {
                "resources": [
                    {
                        "uuid": plan,
                        "title": "How this was measured",
                        "description": "Accord's inspectors, their versions and parameters stand in each observation.",
                    },
                    *observed.resources(),
                ]
            },
        }
    }


def render_results(assessment: Assessment, frameworks: Iterable[Framework] = ()) -> bytes:
    """Return the assessment results as a file."""
    return to_bytes(assessment_results(assessment, frameworks))


def document_metadata(what: str, assessment: Assessment) -> Json:
    """Return the metadata of a document about an assessment: what it is, and what it is not."""
    summary = assessment.summary
    return metadata(
        f"{what} of {assessment.subject.name}",
        assessment.version,
        assessment.environment.started,
        props=[
            prop("subject-digest", assessment.subject.digest),
            *(prop("verdicts", n, remarks=status) for status, n in summary.verdicts.items()),
        ],
        remarks=f"{summary.checked} {summary.worst} {summary.certainty} {summary.unchecked}",
    )


def _measured(assessment: Assessment, observed: Observed) -> Json:
    return without_empty(
        {
            "uuid": identifier("result", observed.key),
            "title": "What was measured",
            "description": line(f"{assessment.disclaimer} {assessment.summary.checked}"),
            "start": assessment.environment.started,
            "local-definitions": {"components": observed.components()},
            "reviewed-controls": {"control-selections": [_NOTHING]},
            "observations": observed.evidence(),
            "risks": observed.defects(),
            "remarks": assessment.summary.unchecked,
        }
    )


def _judged(assessment: Assessment, reference: FrameworkReference, observed: Observed) -> Json:
    verdicts = [verdict for verdict in assessment.verdicts if verdict.framework == reference.id]
    reviewed = [verdict for verdict in verdicts if verdict.status not in _NOT_REVIEWED]
    tiers = [tier for tier in assessment.tiers if tier.framework == reference.id]
    counts = {verdict.status: sum(other.status == verdict.status for other in verdicts) for verdict in verdicts}
    return without_empty(
        {
            "uuid": identifier("result", observed.key, reference.id),
            "title": line(f"Verdicts under {reference.title}"),
            "description": line(
                f"{assessment.disclaimer} {len(reviewed)} of {len(verdicts)} requirements have a verdict that rests on "
                "something; the others are listed as not reviewed."
            ),
            "start": assessment.environment.started,
            "props": [
                prop("framework-id", reference.id),
                prop("framework-version", reference.version),
                prop("framework-digest", reference.digest),
                prop("jurisdiction", reference.jurisdiction),
                prop("status", reference.status),
                *(prop("verdicts", n, remarks=status) for status, n in counts.items()),
                *(prop("tier", tier.tier, remarks=line(f"{tier.title}. {' '.join(tier.reasons)}")) for tier in tiers),
            ],
            "reviewed-controls": {"control-selections": [_selection(verdicts, reviewed)]},
            "observations": [observed.verdict(verdict) for verdict in reviewed],
            "findings": [finding(verdict, observed) for verdict in reviewed],
        }
    )


def _selection(verdicts: Sequence[Verdict], reviewed: Sequence[Verdict]) -> Json:
    """Return which controls were reviewed, and which were not and why."""
    left_out = [_control(verdict) for verdict in verdicts if verdict.status in _NOT_REVIEWED]
    never = [control_of(verdict.requirement) for verdict in verdicts if verdict.status == "not_applicable"]
    return without_empty(
        {
            "description": (
                f"{len(reviewed)} with a verdict that rests on something. {len(left_out)} are excluded: nothing was "
                f"measured or handed in that speaks to them, or they don't apply ({len(never)})."
            ),
            **({"include-controls": [_control(verdict) for verdict in reviewed]} if reviewed else {"include-all": {}}),
            "exclude-controls": left_out,
            "remarks": f"Not applicable by the facts on the system card: {', '.join(never)}." if never else None,
        }
    )


def _control(verdict: Verdict) -> Json:
    return {"control-id": control_of(verdict.requirement), "statement-ids": [statement_of(verdict.requirement)]}


def finding(verdict: Verdict, observed: Observed, *, risks: Sequence[str] = ()) -> Json:
    """Return the finding of a verdict; `risks` are the UUIDs of those that follow from it."""
    title = observed.title(verdict)
    return without_empty(
        {
            "uuid": identifier("finding", observed.key, verdict.framework, verdict.requirement),
            "title": title,
            "description": line(verdict.reason),
            "props": [
                prop("verdict", verdict.status),
                prop("requirement", f"{verdict.framework}#{verdict.requirement}"),
            ],
            "target": {
                "type": "statement-id",
                "target-id": statement_of(verdict.requirement),
                "title": title,
                "status": {
                    "state": "satisfied" if verdict.status == "met" else "not-satisfied",
                    "reason": REASONS.get(verdict.status, "other"),
                    "remarks": observed.meaning(verdict),
                },
            },
            "related-observations": [{"observation-uuid": observed.verdict_uuid(verdict)}],
            "related-risks": [{"risk-uuid": risk} for risk in risks],
            "remarks": f"Applies from {moment(verdict.applies_from)[:10]}." if verdict.applies_from else None,
        }
    )
