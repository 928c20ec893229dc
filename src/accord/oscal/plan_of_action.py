"""An assessment as an OSCAL plan of action and milestones: what is open, one item each.

Open are the verdicts `not_met` and `needs_review`, and every located defect. The last item is always what was not
checked: a plan without it would read as if all else were in order.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..records import Assessment, Framework, Verdict
from .document import Json, identifier, line, moment, prop, to_bytes, without_empty
from .observing import Observed
from .results import document_metadata, finding

OPEN = ("not_met", "needs_review")


def plan_of_action(assessment: Assessment, frameworks: Iterable[Framework] = ()) -> Json:
    """Return the plan of action, a document with the key `plan-of-action-and-milestones`."""
    observed = Observed(assessment, frameworks)
    open_ = [verdict for verdict in assessment.verdicts if verdict.status in OPEN]
    risks = {id(verdict): _risk(verdict, observed) for verdict in open_}
    defects = observed.defects()
    items = [
        *(_item(verdict, observed, risks[id(verdict)]["uuid"]) for verdict in open_),
        *(_defect_item(risk) for risk in defects),
        _unchecked(observed),
    ]
    return {
        "plan-of-action-and-milestones": without_empty(
            {
                "uuid": identifier("plan-of-action", observed.key),
                "metadata": document_metadata("What is open after the measurement", assessment),
                "system-id": {
                    "identifier-type": "https://ietf.org/rfc/rfc4122",
                    "id": observed.part_uuid(assessment.subject.digest),
                },
                "local-definitions": {"components": observed.components()},
                "observations": [*observed.evidence(), *(observed.verdict(verdict) for verdict in open_)],
                "risks": [*risks.values(), *defects],
                "findings": [finding(verdict, observed, risks=[risks[id(verdict)]["uuid"]]) for verdict in open_],
                "poam-items": items,
                "back-matter": {"resources": observed.resources()} if assessment.evidence else None,
            }
        )
    }


def render_plan_of_action(assessment: Assessment, frameworks: Iterable[Framework] = ()) -> bytes:
    """Return the plan of action as a file."""
    return to_bytes(plan_of_action(assessment, frameworks))


def _risk(verdict: Verdict, observed: Observed) -> Json:
    """Return the risk of an open verdict; what applies only later has that day as its deadline."""
    today = observed.assessment.judged or observed.assessment.environment.started[:10]
    later = verdict.applies_from if verdict.applies_from and verdict.applies_from > today else None
    return without_empty(
        {
            "uuid": identifier("risk", observed.key, verdict.framework, verdict.requirement),
            "title": observed.title(verdict),
            "description": line(verdict.reason),
            "statement": observed.meaning(verdict),
            "props": [prop("verdict", verdict.status)],
            "status": "open",
            "deadline": moment(later) if later else None,
            "related-observations": [{"observation-uuid": observed.verdict_uuid(verdict)}],
        }
    )


def _item(verdict: Verdict, observed: Observed, risk: str) -> Json:
    return {
        "uuid": identifier("item", observed.key, verdict.framework, verdict.requirement),
        "title": observed.title(verdict),
        "description": observed.meaning(verdict),
        "props": [prop("verdict", verdict.status), prop("requirement", f"{verdict.framework}#{verdict.requirement}")],
        "related-findings": [
            {"finding-uuid": identifier("finding", observed.key, verdict.framework, verdict.requirement)}
        ],
        "related-observations": [{"observation-uuid": observed.verdict_uuid(verdict)}],
        "related-risks": [{"risk-uuid": risk}],
    }


def _defect_item(risk: Json) -> Json:
    return {
        "uuid": identifier("item", risk["uuid"]),
        "title": risk["title"],
        "description": risk["remediations"][0]["description"],
        "props": risk["props"],
        "related-observations": risk["related-observations"],
        "related-risks": [{"risk-uuid": risk["uuid"]}],
    }


def _unchecked(observed: Observed) -> Json:
    summary = observed.assessment.summary
    open_ = summary.verdicts.get("not_evaluated", 0)
    return {
        "uuid": identifier("item", observed.key, "unchecked"),
        "title": "What was not checked",
        "description": line(f"{summary.unchecked} {open_} requirements were not evaluated."),
        "props": [prop("verdict", "not_evaluated")],
    }
