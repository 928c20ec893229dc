"""Plans: drafted from what would run, held to when it runs, and compared with what was run.

A plan is signed and logged before the run (pre-registration). Afterwards anybody can tell what was planned but not
run, run but not planned, or run otherwise: from the two records alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from . import __version__
from .errors import AccordError, MalformedInput, UsageError
from .frameworks import FrameworkFile
from .frameworks.profiles import profile_mistakes
from .inspectors.interface import Inspector
from .inspectors.running import Request, evidence_id
from .records import Assessment, Evidence, FrameworkReference, Profile, Subject
from .records.certificate import DIGEST
from .records.deviation import Deviated, Deviation, PlanFollowed
from .records.plan import LeftOut, Plan, PlannedRun
from .subjects import Target
from .subjects.card import check_card
from .subjects.digest import canonical_digest
from .trust.folder import read_regular
from .trust.note import MAX_NOTE_BYTES
from .trust.plan_check import PLAN, PLAN_PROOF
from .trust.saying import MAX_STATEMENT_BYTES, hear

_LONGEST = 300


def draft(
    target: Target,
    requests: Iterable[Request],
    left_out: Iterable[LeftOut],
    inspectors: Sequence[Inspector],
    frameworks: Sequence[FrameworkFile],
    profile: Profile | None = None,
) -> Plan:
    """Return a plan of what `requests` would run on `target`. The caller fills in options, gates and reasons."""
    known = {inspector.id: inspector for inspector in inspectors}
    return Plan(
        accord=__version__,
        subject=target.subject,
        card=target.card,
        card_digest=target.card_digest,
        card_source=target.card_source,
        runs=tuple(_run(known[asked.inspector], asked) for asked in requests),
        left_out=tuple(left_out),
        frameworks=tuple(file.reference for file in frameworks),
        profile=profile,
    )


def _run(inspector: Inspector, asked: Request) -> PlannedRun:
    whole = inspector.scope == "subject"
    return PlannedRun(
        evidence=evidence_id(inspector, asked.part),
        inspector=inspector.id,
        version=inspector.version,
        part=asked.subject.digest if whole else asked.part.digest,
        path="" if whole else asked.part.path,
        parameters=asked.parameters,
    )


def check_plan(plan: Plan, *, name: str) -> Plan:
    """Return a sound plan. Raises MalformedInput that lists every mistake: it may be a stranger's."""
    mistakes = list(_mistakes(plan))
    if mistakes:
        listed = "".join(f"\n  {mistake}" for mistake in mistakes[:20])
        more = f"\n  and {len(mistakes) - 20} more" if len(mistakes) > 20 else ""
        raise MalformedInput(
            "malformed-plan", f"the plan {name} is not sound:{listed}{more}\n", "Draft it anew with `accord plan new`."
        )
    check_card(plan.card, name=f"of the plan {name}")
    return plan


def _mistakes(plan: Plan) -> Iterator[str]:
    subject = plan.subject
    if subject.digest != canonical_digest(sorted([part.role, part.kind, part.digest] for part in subject.parts)):
        yield "subject.digest: it does not follow from the parts"
    if not plan.runs:
        yield "runs: nothing would be measured"
    for index, digest in enumerate(item.digest for item in plan.frameworks):
        if not DIGEST.fullmatch(digest):
            yield f"frameworks[{index}].digest: not sha256:<64 hex digits>"
    seen: set[str] = set()
    for index, run in enumerate(plan.runs):
        if run.evidence in seen:
            yield f"runs[{index}].evidence: {run.evidence[:80]!r} is planned twice"
        if run.part not in subject.digests:
            yield f"runs[{index}].part: no part of the system has this digest"
        seen.add(run.evidence)
    if not 0 <= plan.seed < 2**32:
        yield "seed: a whole number from 0 to 2^32 - 1"
    for key in ("sample", "stops"):
        if not getattr(plan, key).strip():
            yield f"{key}: is empty"
    for mistake in profile_mistakes(plan.profile) if plan.profile else ():
        yield f"profile.{mistake.path}: {mistake.message}"


@dataclass(frozen=True, slots=True)
class Followed:
    """A plan that a run follows: its statement (`line`) with the proof of the log that the report will be in.

    `reason` is why the caller runs it although something differs; without one, a difference is refused.
    """

    plan: Plan
    statement: str
    line: bytes
    proof: bytes
    reason: str = ""

    @property
    def files(self) -> dict[str, bytes]:
        """What lies in the report folder: the plan's statement and its proof."""
        return {PLAN: self.line + b"\n", PLAN_PROOF: self.proof}

    def inspectors(self, installed: Sequence[Inspector]) -> tuple[Inspector, ...]:
        """Return those that the plan knows: others, installed since, are left alone."""
        return tuple(inspector for inspector in installed if inspector.id in self.plan.inspectors)

    def require(self, target: Target, inspectors: Sequence[Inspector], frameworks: Sequence[FrameworkFile]) -> None:
        """Raise UsageError that says what differs, unless there is a reason to run nevertheless."""
        found = [
            *_of_system(self.plan, target.subject, target.card_digest),
            *_of_frameworks(self.plan.frameworks, [file.reference for file in frameworks]),
            *_of_versions(self.plan, inspectors),
        ]
        if found and not self.reason:
            listed = "".join(
                f"\n  {item.what} {item.name}: planned {item.planned or '-'}, found {item.found or '-'}"
                for item in found[:20]
            )
            raise UsageError(
                "not-as-planned",
                f"{len(found)} things are not what the plan says:{listed}\n",
                'Restore them, sign a new plan, or give a reason: --deviate "…"; the report will show it.',
            )

    def mark(self, assessment: Assessment) -> Assessment:
        """Return the assessment with the plan that it followed, and how it deviated from it."""
        found = deviations(self.plan, assessment)
        return replace(assessment, plan=PlanFollowed(statement=self.statement, deviations=found, reason=self.reason))


def read_followed(report: Path, assessment: Assessment) -> Followed | None:
    """Return the plan that a report's run followed, from its folder; None if it has none, or none that can be read."""
    if assessment.plan is None:
        return None
    try:
        line = read_regular(report / PLAN, MAX_STATEMENT_BYTES).removesuffix(b"\n")
        proof = read_regular(report / PLAN_PROOF, MAX_NOTE_BYTES)
        heard = hear(line, name=PLAN)
        plan = heard.record(Plan)
    except (OSError, AccordError):
        return None
    return (
        Followed(plan, heard.id, line, proof, assessment.plan.reason) if heard.id == assessment.plan.statement else None
    )


def deviations(plan: Plan, assessment: Assessment) -> tuple[Deviation, ...]:
    """Compare what was planned with what was run and judged; the words of neither record are translated."""
    return (
        *_of_system(plan, assessment.subject, assessment.card_digest),
        *_of_frameworks(plan.frameworks, assessment.frameworks),
        *_of_profile(plan.profile, assessment.profile),
        *_of_runs(plan, assessment.evidence),
    )


def _of_system(plan: Plan, subject: Subject, card: str | None) -> Iterator[Deviation]:
    if plan.subject.digest != subject.digest:
        yield Deviation(what="subject", planned=plan.subject.digest, found=subject.digest)
        planned = {part.path: part.digest for part in plan.subject.parts}
        found = {part.path: part.digest for part in subject.parts}
        yield from _between("part", planned, found)
    if plan.card_digest != card:
        yield Deviation(what="card", planned=plan.card_digest or "", found=card or "")


def _of_frameworks(planned: Sequence[FrameworkReference], found: Sequence[FrameworkReference]) -> Iterator[Deviation]:
    yield from _between(
        "framework", {item.id: item.digest for item in planned}, {item.id: item.digest for item in found}
    )


def _of_versions(plan: Plan, inspectors: Sequence[Inspector]) -> Iterator[Deviation]:
    installed = {inspector.id: inspector.version for inspector in inspectors}
    planned = {run.inspector: run.version for run in plan.runs}
    yield from _between("version", planned, {name: installed[name] for name in planned if name in installed})


def _of_profile(planned: Profile | None, found: Profile | None) -> Iterator[Deviation]:
    if planned != found:
        names = [f"{item.id} ({item.date})" if item else "" for item in (planned, found)]
        yield Deviation(what="profile", planned=names[0], found=names[1])


def _of_runs(plan: Plan, evidence: Sequence[Evidence]) -> Iterator[Deviation]:
    planned = {run.evidence: run for run in plan.runs}
    measured = [item for item in evidence if item.status == "measured"]
    done = {item.id for item in measured}
    without = {item.id: f"{item.status}: {item.reason}" for item in evidence if item.status != "measured"}
    for name in planned:
        if name not in done:
            yield Deviation(what="not_run", name=name, found=without.get(name, ""))
    for item in measured:
        run = planned.get(item.id)
        if run is None or run.inspector != item.inspector:
            yield Deviation(what="not_planned", name=item.id)
            continue
        if run.version != item.version:
            yield Deviation(what="version", name=item.id, planned=run.version, found=item.version)
        if plan.seed != item.seed:
            yield Deviation(what="seed", name=item.id, planned=str(plan.seed), found=str(item.seed))
        said = {name: repr(value) for name, value in run.parameters.items()}
        used = {name: repr(value) for name, value in item.parameters.items()}
        yield from _between("parameters", said, used, within=item.id)


def _between(
    what: Deviated, planned: Mapping[str, str], found: Mapping[str, str], *, within: str = ""
) -> Iterator[Deviation]:
    """Yield a deviation for every name whose text is another, or is on one side only."""
    for name in dict.fromkeys([*planned, *found]):
        if planned.get(name) != found.get(name):
            full = f"{within}.{name}" if within else name
            said, is_now = (side.get(name, "")[:_LONGEST] for side in (planned, found))
            yield Deviation(what=what, name=full, planned=said, found=is_now)
