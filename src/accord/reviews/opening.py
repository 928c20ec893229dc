"""Which points of an assessment wait for a person, each with what lies beside its question."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import LimitExceeded, UsageError
from ..frameworks import FrameworkFile, library_ids, open_framework
from ..frameworks.reviewing import OPEN, asked_digest, measurement_digest
from ..records import Assessment, FrameworkReference, Measurement, Requirement, RuleOutcome, Verdict
from ..trust import digest

MOST_POINTS = 5_000


@dataclass(frozen=True, slots=True)
class Shown:
    """A measurement that a verdict looked at, its digest, and the id of the evidence that it stands in."""

    measurement: Measurement
    digest: str
    evidence: str


@dataclass(frozen=True, slots=True)
class CardDocument:
    """A document that the card names: its kind, its path, and the digest of its bytes if it is part of the subject."""

    kind: str
    path: str
    digest: str | None


@dataclass(frozen=True, slots=True)
class OpenPoint:
    """A requirement that a person may judge; `asked` is the digest of its words.

    `state` is the digest of all that the person is shown: an answer to another state is an answer to another question.
    """

    subject: str
    framework: FrameworkReference
    requirement: Requirement
    verdict: Verdict
    measurements: tuple[Shown, ...]
    documents: tuple[CardDocument, ...]
    asked: str
    state: str


@dataclass(frozen=True, slots=True)
class Opened:
    """The open points of an assessment, and the frameworks whose text, as it was judged under, is not here."""

    points: tuple[OpenPoint, ...]
    without_text: tuple[str, ...]


def open_points(assessment: Assessment, wanted: Sequence[str] = ()) -> Opened:
    """Return what waits for a person under the frameworks `wanted` (ids or files; all that were used, if none).

    A point that nothing was measured for needs a question: without one there is nothing to answer. What was judged
    before may be judged again, by others or with other reasons. Raises UsageError for a
    framework that was not judged under or whose text is not the one that was used; LimitExceeded beyond 5,000 points.
    """
    chosen = _chosen(assessment, wanted)
    shown = _shown(assessment)
    documents = _documents(assessment)
    points = tuple(
        _point(assessment, reference, by_id[verdict.requirement], verdict, shown, documents)
        for reference, file in chosen.items()
        if file is not None
        for by_id in ({item.id: item for item in file.framework.requirements},)
        for verdict in assessment.verdicts
        if verdict.framework == reference.id and verdict.requirement in by_id
        if _waits(verdict, by_id[verdict.requirement])
    )
    if len(points) > MOST_POINTS:
        raise LimitExceeded("too-many-points", f"{len(points)} points are open", "Name frameworks with --framework.")
    return Opened(points, tuple(reference.id for reference, file in chosen.items() if file is None))


def _waits(verdict: Verdict, requirement: Requirement) -> bool:
    if verdict.status == "not_evaluated":
        return bool(requirement.question)
    return verdict.status == "judged" or verdict.status in OPEN


def _chosen(assessment: Assessment, wanted: Sequence[str]) -> dict[FrameworkReference, FrameworkFile | None]:
    used = {reference.id: reference for reference in assessment.frameworks}
    if not wanted:
        return {reference: _installed(reference) for reference in used.values()}
    found: dict[FrameworkReference, FrameworkFile | None] = {}
    for name in wanted:
        file = _named(name)
        reference = used.get(file.framework.id if file else name)
        if reference is None:
            raise UsageError(
                "not-judged-under",
                f"the assessment was not judged under {name!r}",
                f"It was judged under: {', '.join(used) or 'nothing'}. `accord judge` judges it under others.",
            )
        if file is None or file.reference.digest != reference.digest:
            raise UsageError(
                "other-text",
                f"the text of {reference.id} {reference.version} that was used is not here",
                "Give its file with --framework FILE, or judge the assessment again with `accord judge`.",
            )
        found[reference] = file
    return found


def _named(name: str) -> FrameworkFile | None:
    """Return a framework by the path of its file, or of the library by its id."""
    is_file = "/" in name or name.endswith((".yaml", ".yml"))
    return open_framework(Path(name) if is_file else name) if is_file or name in library_ids() else None


def _installed(reference: FrameworkReference) -> FrameworkFile | None:
    file = open_framework(reference.id) if reference.id in library_ids() else None
    return file if file and file.reference.digest == reference.digest else None


def _point(
    assessment: Assessment,
    reference: FrameworkReference,
    requirement: Requirement,
    verdict: Verdict,
    shown: Mapping[_Key, Shown],
    documents: tuple[CardDocument, ...],
) -> OpenPoint:
    found = (shown.get(_key(outcome)) for outcome in verdict.outcomes)
    beside = tuple({item.digest: item for item in found if item is not None}.values())
    asked, subject = asked_digest(requirement), assessment.subject.digest
    text = [reference.id, reference.version, reference.digest]
    state = digest([subject, text, asked, sorted(item.digest for item in beside)])
    return OpenPoint(subject, reference, requirement, verdict, beside, documents, asked, state)


_Key = tuple[str, str, str, frozenset[tuple[str, str]]]


def _key(outcome: RuleOutcome) -> _Key:
    return outcome.evidence or "", outcome.measure, outcome.subject or "", frozenset(outcome.dimensions.items())


def _shown(assessment: Assessment) -> dict[_Key, Shown]:
    """Return the measurements that verdicts looked at, by what a rule's outcome says of them."""
    wanted = {_key(outcome) for outcome in _outcomes(assessment.verdicts) if outcome.evidence}
    found: dict[_Key, Shown] = {}
    for item in assessment.evidence:
        for measured in item.measurements:
            key = (item.id, measured.measure, measured.subject, frozenset(measured.dimensions.items()))
            if key in wanted:
                found.setdefault(key, Shown(measured, measurement_digest(measured), item.id))
    return found


def _outcomes(verdicts: Iterable[Verdict]) -> Iterable[RuleOutcome]:
    return (outcome for verdict in verdicts for outcome in verdict.outcomes)


def _documents(assessment: Assessment) -> tuple[CardDocument, ...]:
    parts = {part.path: part.digest for part in assessment.subject.parts}
    return tuple(
        CardDocument(kind, path, parts.get(path.removeprefix("./")))
        for kind, path in sorted(assessment.card.documents.items())
    )
