"""Verify a report folder: separate answers to separate questions, without a network.

Unchanged? Every number computed again from its counts, every verdict again from the numbers? Signed by whom, and why is
that key known? In whose log, witnessed by whom? Planned before the run? And what no signature proves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Literal

from msgspec.structs import replace as replace_record

from .frameworks import FrameworkFile, Judgement, Terms, judge_all, library_ids, open_framework
from .frameworks.profiles import profile_mistakes
from .measures.recompute import recompute
from .plan import deviations
from .records import Assessment, FrameworkReference, Verdict, is_day
from .reviews import REVIEWS, ReviewsCheck, check_reviews
from .subjects.digest import canonical_digest
from .summary import summarise
from .trust import SealCheck, Trust, check
from .trust.envelopes import MAX_FILE_BYTES
from .trust.folder import read_regular
from .trust.policy import Policy
from .trust.statement import parse_time

MOST_DAYS_UNSIGNED = timedelta(days=7)
"""A long run is judged as of its beginning and signed at its end; nothing lasts longer."""
Outcome = Literal["proven", "altered", "unknown_signer", "policy_unsatisfied", "not_recomputed"]


@dataclass(frozen=True, slots=True)
class Recomputed:
    """What came of computing again: how many of each, and every disagreement in words."""

    measurements: int
    facts: int
    verdicts: int
    disagreements: tuple[str, ...]
    not_recomputed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verification:
    """The answers. `outcome` is the gravest of them."""

    seal: SealCheck
    recomputed: Recomputed | None
    reviews: ReviewsCheck | None = None

    @property
    def outcome(self) -> Outcome:
        """ "altered" beats "unknown_signer" beats "policy_unsatisfied" beats "not_recomputed" beats "proven"."""
        if not self.seal.unchanged or self.recomputed is None or self.recomputed.disagreements:
            return "altered"
        if self.reviews and self.reviews.altered:
            return "altered"
        known = all(signer.known for signer in (self.seal.signer, *self.seal.measurers))
        if not known or (self.reviews and self.reviews.unknown):
            return "unknown_signer"
        if self.seal.log.policy == "unsatisfied":
            return "policy_unsatisfied"
        return "not_recomputed" if self.recomputed.not_recomputed else "proven"


def verify(
    folder: Path, trusted: Trust, texts: Sequence[FrameworkFile] = (), policy: Policy | None = None
) -> Verification:
    """Check the report in `folder`, with `texts` beside the library, and its log and witnesses under `policy`.

    Raises MalformedInput if it is no report.
    """
    seal = check(folder, trusted=trusted, policy=policy)
    assessment = seal.assessment
    if assessment is None:
        return Verification(seal, None)
    again = compute_again(assessment, texts)
    also = list(_day_differences(assessment, seal.signed_at)) if seal.signed_at else []
    if seal.intended and assessment.plan:
        deviated = deviations(seal.intended, assessment)
        seal = replace_record(seal, plan=replace_record(seal.plan, deviations=deviated))
        if deviated != assessment.plan.deviations:
            also.append("the report does not say all that deviated from its plan, or says more")
    again = replace(again, disagreements=(*again.disagreements, *also))
    seen = parse_time(seal.log.seen) if seal.log.seen else None
    return Verification(seal, again, _check_reviews(folder, assessment, trusted, seen))


def _check_reviews(folder: Path, assessment: Assessment, trusted: Trust, seen: datetime | None) -> ReviewsCheck | None:
    if not assessment.reviews:
        return None
    try:
        data = read_regular(folder / REVIEWS, MAX_FILE_BYTES)
    except OSError:
        data = b""
    return check_reviews(assessment.reviews, data, trusted, seen)


def compute_again(assessment: Assessment, texts: Sequence[FrameworkFile] = ()) -> Recomputed:
    """Compute every measurement from its counts and every verdict from the measurements, and compare.

    `texts` are frameworks that the library doesn't have.
    """
    disagreements = [*_strangers(assessment), *(text for item in assessment.evidence for text in recompute(item))]
    measurements = [m for item in assessment.evidence for m in item.measurements]
    judged, not_recomputed = 0, []
    installed: list[FrameworkFile] = []
    for used in assessment.frameworks:
        file = _text_of(used, texts)
        if file is None:
            text = f"{used.id} {used.version}: that text is not installed here; its verdicts are not proven"
            not_recomputed.append(text)
            continue
        installed.append(file)
    terms = Terms(
        profile=assessment.profile,
        on=assessment.judged or assessment.environment.started[:10],
        reviews=assessment.reviews,
        known_digests=assessment.subject.digests,
    )
    judgements = judge_all([file.framework for file in installed], assessment.evidence, terms)
    for file, judgement in zip(installed, judgements, strict=True):
        used = file.reference
        stored = [v for v in assessment.verdicts if v.framework == used.id]
        judged += len(stored)
        disagreements += _differences(used.id, stored, judgement.verdicts)
        if tuple(t for t in assessment.tiers if t.framework == used.id) != judgement.tiers:
            disagreements.append(f"{used.id}: the tier does not follow from the answers")
    listed = {used.id for used in assessment.frameworks}
    judged_under = {v.framework for v in assessment.verdicts} | {t.framework for t in assessment.tiers}
    disagreements += [
        f"{name}: verdicts under a framework that the report does not list" for name in sorted(judged_under - listed)
    ]
    disagreements += _summary_differences(assessment, judgements, whole=not not_recomputed)
    disagreements += _profile_mistakes(assessment)
    computed = sum(m.statistics is not None for m in measurements)
    return Recomputed(
        measurements=computed,
        facts=len(measurements) - computed,
        verdicts=judged,
        disagreements=tuple(disagreements),
        not_recomputed=tuple(not_recomputed),
    )


def _strangers(assessment: Assessment) -> Iterator[str]:
    """Name a digest that does not follow from the parts, and what speaks of bytes that are no part."""
    subject = assessment.subject
    if subject.digest != canonical_digest(sorted([part.role, part.kind, part.digest] for part in subject.parts)):
        yield "the digest of the system does not follow from its parts"
    known = {subject.digest, *(part.digest for part in subject.parts)}
    for item in assessment.evidence:
        spoken_of = {item.subject, *(m.subject for m in item.measurements), *(f.subject for f in item.findings)}
        if item.status == "measured" and not spoken_of <= known:
            yield f"{item.inspector}: speaks of bytes that are no part of the system"


def _profile_mistakes(assessment: Assessment) -> Iterator[str]:
    """A profile in a report is held to the same as one in a file: `accord judge` would not have taken another."""
    for mistake in profile_mistakes(assessment.profile) if assessment.profile else ():
        yield f"the profile's {mistake.path}: {mistake.message}"


def _day_differences(assessment: Assessment, signed_at: str) -> Iterator[str]:
    """Reviews end. Who judges as of another day than that of the signature revives those that are over."""
    on = assessment.judged or assessment.environment.started[:10]
    if not (assessment.judged or assessment.reviews):
        return
    signed = date.fromisoformat(signed_at[:10])
    if not is_day(on):
        yield f"the day of judging, {on[:40]!r}, is no day"
    elif not signed - MOST_DAYS_UNSIGNED <= date.fromisoformat(on) <= signed:
        yield f"the verdicts are as of {on}, and were signed on {signed}"


def _summary_differences(assessment: Assessment, judgements: Sequence[Judgement], *, whole: bool) -> Iterator[str]:
    """The sentences depend on the language of the run; what they are made of does not.

    Verdicts are counted only if every text is there (`whole`).
    """
    said = assessment.summary
    follows = summarise(assessment.subject, assessment.card, assessment.evidence, judgements, ())
    counted = ("verdicts", "coverage") if whole else ()
    for name in ("worst_finding", "findings", *counted, "measured", "skipped", "failed"):
        if getattr(said, name) != getattr(follows, name):
            yield f"the summary's {name.replace('_', ' ')} does not follow from the evidence"
    if follows.worst_finding and said.worst != follows.worst:
        yield "the summary's sentence on the worst finding is not that finding's"


def _text_of(used: FrameworkReference, texts: Sequence[FrameworkFile]) -> FrameworkFile | None:
    """Return the very text that was judged under, by its digest: one that was handed in, or the library's."""
    shelf = (*texts, *([open_framework(used.id)] if used.id in library_ids() else []))
    return next((file for file in shelf if file.reference == used), None)


def _differences(framework: str, stored: Sequence[Verdict], again: Sequence[Verdict]) -> Iterator[str]:
    before, now = {v.requirement: v for v in stored}, {v.requirement: v for v in again}
    if len(before) < len(stored):
        yield f"{framework}: a requirement has several verdicts"
    for requirement in before.keys() | now.keys():
        if before.get(requirement) != now.get(requirement):
            said = before[requirement].status if requirement in before else "nothing"
            follows = now[requirement].status if requirement in now else "nothing"
            yield f"{framework} {requirement}: the report says {said}, the measurements say {follows}"
