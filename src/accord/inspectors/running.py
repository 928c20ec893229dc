"""Run one inspector on one part, in a sandboxed child where it says so, and make evidence of what comes back."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..errors import AccordError, LimitExceeded, MalformedInput
from ..records import Card, Cost, Evidence, Isolation, Parameter, Part, Reason, Subject, from_json, to_json
from ..records.measurement import Record
from .interface import Inspection, Inspector, Outcome, Skip
from .registry import load

if TYPE_CHECKING:
    from .crew import Box


class Request(Record, frozen=True, kw_only=True):
    """What the child needs to know to run one inspector on one part."""

    inspector: str
    part: Part
    subject: Subject
    root: str
    card: Card
    card_source: Literal["none", "provider", "assessor"]
    contradictions: tuple[tuple[str, str, str], ...] = ()
    parameters: dict[str, Parameter] = {}
    seed: int = 0


class Skipped(Record, frozen=True, kw_only=True):
    """The inspector did not measure, with the reason."""

    reason: Reason
    detail: str


class Answer(Record, frozen=True, kw_only=True):
    """What the child answers: an outcome or a skip, never both."""

    outcome: Outcome | None = None
    skipped: Skipped | None = None


def answer(request: bytes) -> bytes:
    """Run the inspector that `request` names and return its Answer as JSON. This is what the child calls."""
    asked = from_json(request, Request, name="request")
    return to_json(_run_here(load(asked.inspector), asked))


def _run_here(inspector: Inspector, asked: Request) -> Answer:
    inspection = Inspection(
        part=asked.part,
        subject=asked.subject,
        root=Path(asked.root),
        card=asked.card,
        card_source=asked.card_source,
        seed=asked.seed,
        contradictions=asked.contradictions,
    )
    try:
        return Answer(outcome=inspector.function(inspection, **asked.parameters))
    except Skip as skip:
        return Answer(skipped=Skipped(reason=skip.reason, detail=skip.detail))


def parameters_of(inspector: Inspector, given: Mapping[str, Parameter]) -> dict[str, Parameter]:
    """Return all parameters of the inspector: the defaults, overridden by what is `given` for it."""
    return {name: given.get(name, default) for name, default in inspector.parameters.items()}


def evidence_id(inspector: Inspector, part: Part | None) -> str:
    """Return the id of the evidence: the inspector, and for a part inside the target its path's short digest."""
    if part is None or inspector.scope == "subject" or not part.path:
        return inspector.id
    return f"{inspector.id}:{hashlib.sha256(part.path.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def run(inspector: Inspector, asked: Request, box: Box | None) -> Evidence:
    """Run `inspector` and return evidence, whatever happens: measured, skipped or failed, each with its reason.

    `box` is the sandbox for inspectors that need one; None runs in this process (isolation "none").
    """
    started = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    clock, cpu = time.perf_counter(), time.process_time()
    reason: Reason | None = None
    detail = ""
    outcome, isolation, cpu_seconds = Outcome(), Isolation(), 0.0
    try:
        if box is None:
            answered = _run_here(inspector, asked)
            cpu_seconds = time.process_time() - cpu
        else:
            isolation = box.isolation
            reply = box.call("accord.inspectors.running:answer", to_json(asked))
            answered = from_json(reply.body, Answer, name=f"answer of {inspector.id}")
            cpu_seconds = reply.cpu_seconds
        if answered.outcome is not None:
            outcome = _checked(inspector, asked, answered.outcome)
        elif answered.skipped is not None:
            reason, detail = answered.skipped.reason, answered.skipped.detail
        else:
            raise MalformedInput("empty-answer", f"{inspector.id} answered nothing", "Report this inspector.")
    except AccordError as error:
        reason = "no_isolation" if error.code == "no-isolation" else "error"
        detail = str(error)
        if isinstance(error, LimitExceeded):
            detail = f"stopped at a limit: {error}"
    skipped = reason is not None and reason != "error"
    return Evidence(
        id=evidence_id(inspector, asked.part),
        inspector=inspector.id,
        version=inspector.version,
        subject=asked.subject.digest if inspector.scope == "subject" else asked.part.digest,
        status="measured" if reason is None else "skipped" if skipped else "failed",
        reason=reason,
        detail=detail,
        parameters=asked.parameters,
        seed=asked.seed,
        measurements=outcome.measurements,
        findings=outcome.findings,
        statistics=outcome.statistics,
        checked=outcome.checked,
        not_checked=outcome.not_checked,
        tools={**_versions(inspector.libraries), **outcome.tools},
        isolation=isolation,
        cost=Cost(cpu_seconds=round(cpu_seconds, 3), bytes_read=outcome.bytes_read),
        started=started,
        seconds=round(time.perf_counter() - clock, 3),
    )


def skipped(inspector: Inspector, subject_digest: str, part: Part | None, reason: Reason, detail: str) -> Evidence:
    """Return the evidence of an inspector that was not run at all."""
    return Evidence(
        id=evidence_id(inspector, part),
        inspector=inspector.id,
        version=inspector.version,
        subject=subject_digest,
        status="skipped",
        reason=reason,
        detail=detail,
        started=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        seconds=0.0,
    )


def _checked(inspector: Inspector, asked: Request, outcome: Outcome) -> Outcome:
    """Refuse an outcome that speaks of measures, rules or parts that the inspector did not announce."""
    subjects = {asked.subject.digest, asked.part.digest} | {part.digest for part in asked.subject.parts}
    measures, rules = set(inspector.measures), {rule.id for rule in inspector.rules}
    for measurement in outcome.measurements:
        if measurement.measure not in measures or measurement.subject not in subjects:
            raise MalformedInput(
                "unannounced-measurement",
                f"{inspector.id} returned {measurement.measure} of {measurement.subject}",
                "Name the measure in @inspector(measures=…) and measure the part that was given.",
            )
    for finding in outcome.findings:
        if finding.rule not in rules or finding.subject not in subjects:
            raise MalformedInput(
                "unannounced-finding",
                f"{inspector.id} returned a finding {finding.rule} of {finding.subject}",
                "Name the rule in @inspector(rules=…).",
            )
    return outcome


def _versions(libraries: tuple[str, ...]) -> dict[str, str]:
    found = {"accord": version("accord-governance")}
    for library in libraries:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            found[library] = "absent"
    return found


__all__ = ["Answer", "Request", "Skipped", "answer", "evidence_id", "parameters_of", "run", "skipped"]
