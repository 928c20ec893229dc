"""What is missing here: per requirement, and for a run that measures no more than that."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Literal

from ..frameworks.documenting import DOCUMENT
from ..i18n import _
from ..inspectors.interface import Inspector
from ..records import Requirement, RuleOutcome, Verdict
from ..records.measurement import Record
from ..records.recognition import Appraisal, Missing

_DOCUMENTS = DOCUMENT.partition("_")[0]
_WORD_OF_THE_CARD = "card."


class Gap(Record, frozen=True, kw_only=True):
    """All that is still to be shown in a jurisdiction.

    `measures` can be measured, by `inspectors`; what is in `others` no inspector gives: documents, answers, reviews,
    thresholds. Each thing comes once, with the requirements that ask for it.
    """

    jurisdiction: str
    inspectors: tuple[str, ...]
    measures: tuple[Asked, ...]
    others: tuple[Asked, ...]


class Asked(Record, frozen=True, kw_only=True):
    """A thing that is missing, and the requirements ("framework#requirement") that ask for it."""

    missing: Missing
    requirements: tuple[str, ...]


Result = tuple[str, str, tuple[tuple[str, str], ...]]
"""What names a measurement: measure, subject, dimensions."""


def result(measure: str, subject: str, dimensions: Mapping[str, str]) -> Result:
    """Return what names a measurement."""
    return measure, subject, tuple(sorted(dimensions.items()))


def producers(inspectors: Iterable[Inspector]) -> dict[str, tuple[str, ...]]:
    """Return, by measure, the inspectors that produce it."""
    found: dict[str, tuple[str, ...]] = {}
    for inspector in inspectors:
        for measure in inspector.measures:
            found[measure] = (*found.get(measure, ()), inspector.id)
    return found


def missing(
    requirement: Requirement,
    verdict: Verdict,
    can_measure: Mapping[str, tuple[str, ...]],
    elsewhere: Container[Result] = (),
) -> tuple[Missing, ...]:
    """Return what a requirement lacks that our own judge leaves open: by its rules, documents, or a person's word.

    `elsewhere` are the results that have a value which does not fit here.
    """
    found = [*_of_rules(verdict, can_measure, elsewhere), *_of_documents(requirement, verdict)]
    if not found:
        name = requirement.question or requirement.title
        why = _("a person must judge it") if requirement.question else _("nothing measures this today")
        found.append(Missing(kind="review", name=name, why=why))
    return tuple({(item.kind, item.name, *item.dimensions.items()): item for item in found}.values())


def _of_rules(
    verdict: Verdict, can_measure: Mapping[str, tuple[str, ...]], elsewhere: Container[Result]
) -> Iterator[Missing]:
    for outcome in verdict.outcomes:
        if outcome.holds is not None or outcome.measure.startswith(_DOCUMENTS):
            continue
        if outcome.measure.startswith(_WORD_OF_THE_CARD):
            named = outcome.dimensions.get("question") or outcome.dimensions.get("field") or outcome.measure
            yield Missing(kind="answer", name=named, why=outcome.reason)
        else:
            yield _of_measure(outcome, can_measure.get(outcome.measure, ()), elsewhere)


def _of_measure(outcome: RuleOutcome, inspectors: tuple[str, ...], elsewhere: Container[Result]) -> Missing:
    """Say whether a value is missing here, rests on too few, waits for a threshold, or for a person to settle.

    What was measured, fits and has no value has none if it is measured again, unless on more people.
    """
    kind: Literal["measure", "sample", "threshold", "review"] = "review"
    if outcome.value is None:
        here = outcome.evidence and result(outcome.measure, outcome.subject or "", outcome.dimensions) not in elsewhere
        kind = "measure" if not here else "sample" if outcome.n is not None else "review"
    elif outcome.threshold is None:
        kind = "threshold"
    elif outcome.n_needed is not None:
        kind = "sample"
    return Missing(
        kind=kind,
        name=outcome.measure,
        why=outcome.reason,
        inspectors=inspectors if kind in ("measure", "sample") else (),
        dimensions=outcome.dimensions,
        op=outcome.op,
        threshold=outcome.threshold,
        n=outcome.n_needed,
    )


def _of_documents(requirement: Requirement, verdict: Verdict) -> Iterator[Missing]:
    """Yield each document that is not there, or not complete in form."""
    by_kind: dict[str, list[RuleOutcome]] = {}
    for outcome in verdict.outcomes:
        if outcome.measure.startswith(_DOCUMENTS) and "kind" in outcome.dimensions:
            by_kind.setdefault(outcome.dimensions["kind"], []).append(outcome)
    for kind in requirement.documents:
        outcomes = by_kind.get(kind, [])
        lacks = [outcome.reason for outcome in outcomes if outcome.holds is not True]
        if lacks or not outcomes:
            why = "; ".join(dict.fromkeys(lacks)) or _("nobody handed it in")
            yield Missing(kind="document", name=kind, why=why)


def gap(appraisal: Appraisal) -> Gap:
    """Return what is still to be shown, each thing once."""
    asked: dict[tuple[str, ...], tuple[Missing, list[str]]] = {}
    for point in appraisal.requirements:
        for item in point.missing:
            key = (item.kind, item.name, *(f"{k}={v}" for k, v in sorted(item.dimensions.items())), str(item.threshold))
            asked.setdefault(key, (item, []))[1].append(point.reference)
    every = [Asked(missing=item, requirements=tuple(names)) for item, names in asked.values()]
    measures = [item for item in every if item.missing.inspectors]
    return Gap(
        jurisdiction=appraisal.jurisdiction,
        inspectors=_names(measures),
        measures=tuple(measures),
        others=tuple(item for item in every if not item.missing.inspectors),
    )


def _names(measures: Sequence[Asked]) -> tuple[str, ...]:
    return tuple(sorted({name for item in measures for name in item.missing.inspectors}))
