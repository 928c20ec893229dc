"""What was observed, in OSCAL's terms: the subject's parts as components, evidence and verdicts as observations.

Each piece of evidence is named by the sha256 of its RFC 8785 form, so that a reader finds it in the signed record.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cached_property

from ..records import (
    Assessment,
    Evidence,
    Finding,
    Framework,
    Measurement,
    ReviewOutcome,
    RuleOutcome,
    Value,
    Verdict,
    to_json,
)
from ..records.verdict import VerdictStatus
from ..trust.canonical import canonical
from .document import Json, identifier, line, prop, without_empty

_MEANINGS: dict[VerdictStatus, str] = {
    "met": "What was measured meets the threshold of the source that is named. It doesn't prove compliance.",
    "not_met": "What was measured lies beyond the threshold of the source that is named.",
    "inconclusive": "Not shown: the interval contains the threshold, so the data are too few to say.",
    "documented": "Not shown: the documents are there and complete in form; nobody judged what they say.",
    "declared": "Not shown: the system card says so; nobody checked.",
    "judged": "Not measured: a person decided, who is named in the record. A judgement is no measurement.",
    "needs_review": "Open: the source states no threshold, or claims contradict each other; a person has to decide.",
}
_MOST_MEASUREMENTS = 200


class Observed:
    """What an assessment observed. `frameworks` give requirements their labels and titles."""

    def __init__(self, assessment: Assessment, frameworks: Iterable[Framework]) -> None:
        self.assessment = assessment
        self._texts = {
            (framework.id, requirement.id): f"{requirement.label}: {requirement.title}"
            for framework in frameworks
            for requirement in framework.requirements
        }

    @cached_property
    def key(self) -> str:
        """What tells this assessment from every other."""
        return hashlib.sha256(to_json(self.assessment)).hexdigest()

    @cached_property
    def _digests(self) -> dict[str, str]:
        """The digest of each piece of evidence: the sha256 of its RFC 8785 form."""
        return {item.id: f"sha256:{hashlib.sha256(canonical(item)).hexdigest()}" for item in self.assessment.evidence}

    @cached_property
    def _evidence(self) -> dict[str, Evidence]:
        return {item.id: item for item in self.assessment.evidence}

    def title(self, verdict: Verdict) -> str:
        """Return how a person names the requirement of a verdict."""
        known = self._texts.get((verdict.framework, verdict.requirement))
        return line(f"{verdict.framework}, {known or verdict.requirement}")

    def meaning(self, verdict: Verdict) -> str:
        """Return what a verdict means, and why it is this one."""
        return line(f"{_MEANINGS.get(verdict.status, '')} {verdict.reason}")

    def components(self) -> list[Json]:
        """Return the subject and its parts."""
        subject = self.assessment.subject
        whole = self._component(subject.name, "The system that was measured.", subject.digest, "this-system")
        parts = [
            self._component(
                part.path or part.role, f"Its part of the kind {part.kind}.", part.digest, part.role.replace("_", "-")
            )
            for part in subject.parts
        ]
        return list({component["uuid"]: component for component in (whole, *parts)}.values())

    def _component(self, title: str, description: str, digest: str, kind: str) -> Json:
        return {
            "uuid": self.part_uuid(digest),
            "type": kind,
            "title": line(title),
            "description": line(description),
            "props": [prop("digest", digest)],
            "status": {"state": "other", "remarks": "Accord doesn't know whether it is in operation."},
        }

    def part_uuid(self, digest: str) -> str:
        """Return the UUID of the part with this digest."""
        return identifier("part", digest)

    def resources(self) -> list[Json]:
        """Return what the back matter names: each piece of evidence by its digest, and the record that holds it."""
        return [
            {
                "uuid": self.evidence_uuid(item),
                "title": line(f"Evidence {item.id} of {item.inspector}"),
                "description": "In assessment.json, under `evidence`; the digest is that of its RFC 8785 form.",
                "props": [prop("evidence-id", item.id), prop("evidence-digest", self._digests[item.id])],
                "rlinks": [{"href": "assessment.json", "media-type": "application/json"}],
            }
            for item in self.assessment.evidence
        ]

    def evidence_uuid(self, item: Evidence) -> str:
        """Return the UUID of the resource that stands for a piece of evidence."""
        return identifier("evidence", self._digests[item.id])

    def evidence(self) -> list[Json]:
        """Return an observation for each piece of evidence, with what was measured."""
        return [self._observation(item) for item in self.assessment.evidence]

    def observation_uuid(self, item: Evidence) -> str:
        """Return the UUID of the observation of a piece of evidence."""
        return identifier("observation", self.key, item.id)

    def _observation(self, item: Evidence) -> Json:
        shown = item.measurements[:_MOST_MEASUREMENTS]
        left_out = len(item.measurements) - len(shown)
        return without_empty(
            {
                "uuid": self.observation_uuid(item),
                "title": line(f"{item.inspector} {item.version}: {item.status}"),
                "description": line(item.detail or "; ".join(item.checked), "Measured."),
                "props": [
                    prop("inspector", item.inspector),
                    prop("inspector-version", item.version),
                    prop("status", item.status),
                    *([prop("reason", item.reason)] if item.reason else []),
                    *(_measurement(measurement) for measurement in shown),
                    *([prop("measurements-left-out", left_out)] if left_out else []),
                ],
                "methods": ["TEST"] if item.status == "measured" else ["UNKNOWN"],
                "subjects": [{"subject-uuid": self.part_uuid(item.subject), "type": "component"}]
                if item.subject in self.assessment.subject.digests
                else [],
                "relevant-evidence": [self._reference(item)],
                "collected": item.started,
                "remarks": f"Not checked: {'; '.join(item.not_checked)}" if item.not_checked else None,
            }
        )

    def _reference(self, item: Evidence) -> Json:
        return {
            "href": f"#{self.evidence_uuid(item)}",
            "description": line(f"Evidence {item.id}, {self._digests[item.id]}"),
            "props": [prop("evidence-digest", self._digests[item.id])],
        }

    def verdict_uuid(self, verdict: Verdict) -> str:
        """Return the UUID of the observation that a verdict rests on."""
        return identifier("verdict", self.key, verdict.framework, verdict.requirement)

    def verdict(self, verdict: Verdict) -> Json:
        """Return the observation of a verdict: what each of its rules found, and the evidence for it."""
        known = self._evidence
        measured = any(outcome.basis == "measured" for outcome in verdict.outcomes)
        return without_empty(
            {
                "uuid": self.verdict_uuid(verdict),
                "title": self.title(verdict),
                "description": line(verdict.reason),
                "props": [
                    prop("verdict", verdict.status),
                    *(_outcome(outcome) for outcome in verdict.outcomes[:_MOST_MEASUREMENTS]),
                    *(_review(review) for review in verdict.reviews),
                ],
                "methods": ["TEST"] if measured else ["EXAMINE"],
                "types": ["control-objective"],
                "relevant-evidence": [self._reference(known[name]) for name in verdict.evidence if name in known],
                "collected": self.assessment.environment.started,
            }
        )

    def defects(self) -> list[Json]:
        """Return a risk for each located defect."""
        return [
            self.defect(item, finding, index)
            for item in self.assessment.evidence
            for index, finding in enumerate(item.findings)
            if finding.severity != "info"
        ]

    def defect(self, item: Evidence, finding: Finding, index: int) -> Json:
        """Return the risk of one located defect, with what to do about it."""
        where = finding.where
        place = {"path": where.path, "member": where.member, "column": where.column, "row": where.row}
        name = (self.key, item.id, str(index))
        return {
            "uuid": identifier("defect", *name),
            "title": line(f"{finding.rule}: {finding.message}"),
            "description": line(finding.message),
            "statement": line(finding.message),
            "props": [
                prop("rule", finding.rule),
                prop("severity", finding.severity),
                *(prop(key, value) for key, value in place.items() if value is not None),
            ],
            "status": "open",
            "remediations": [
                {
                    "uuid": identifier("remedy", *name),
                    "lifecycle": "recommendation",
                    "title": "What to do",
                    "description": line(finding.remedy),
                }
            ],
            "related-observations": [{"observation-uuid": self.observation_uuid(item)}],
        }


def _measurement(measurement: Measurement) -> Json:
    interval = measurement.interval
    said = [f"{key}={value}" for key, value in measurement.dimensions.items()]
    said += [f"unit {measurement.unit}", f"{measurement.basis}", measurement.method]
    said += [f"n={measurement.n}"] if measurement.n is not None else []
    said += [f"[{interval.low}, {interval.high}] at {interval.level}, {interval.kind}"] if interval else []
    said += [measurement.reason] if measurement.reason else []
    return prop(measurement.measure, _shown(measurement.value), remarks=line("; ".join(said)))


def _outcome(outcome: RuleOutcome) -> Json:
    said = [f"{key}={value}" for key, value in outcome.dimensions.items()]
    if outcome.threshold is not None:
        said.append(f"{outcome.op} {_shown(outcome.threshold)} ({outcome.threshold_source or 'declared'})")
    said += [f"n={outcome.n}"] if outcome.n is not None else []
    said += [f"[{outcome.interval.low}, {outcome.interval.high}]"] if outcome.interval else []
    said += [outcome.basis or "not measured", outcome.reason]
    return prop(outcome.measure, _shown(outcome.value), remarks=line("; ".join(filter(None, said))))


def _review(review: ReviewOutcome) -> Json:
    standing = "counts" if review.stands else f"doesn't count: {review.why}"
    return prop("review", review.decision, remarks=line(f"{review.role}, until {review.valid_until}; {standing}"))


def _shown(value: Value) -> str:
    if value is None:
        return "no value"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, tuple) else str(value)
