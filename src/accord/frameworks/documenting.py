"""What documents show: that they are there and complete in form, which makes a point documented and never met."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..documents import DocumentKind, Need, document_kinds
from ..records import RuleOutcome
from ..records.framework import Op
from ..records.measurement import Value
from ..records.verdict import VerdictStatus
from .facts import Fact, Facts

DOCUMENT = "transparency.document_present"
READABLE = "transparency.document_readable"
SECTIONS = "transparency.document_sections"
MISSING = "transparency.document_sections_missing"
_NEEDS: dict[Need, str] = {
    "date": "transparency.document_date",
    "version": "transparency.document_version",
    "owner": "transparency.document_owner_stated",
}
_NOT_LOOKED_AT = "it is there, but nobody looked inside"


class Documented(NamedTuple):
    """What the documents of a point show: a status, its reason, and each fact that led to it."""

    status: VerdictStatus
    reason: str
    outcomes: tuple[RuleOutcome, ...]


def judge_documents(kinds: Sequence[str], facts: Facts, framework: str) -> Documented:
    """Judge the documents of these kinds, for the framework with this id.

    Each must be there, be readable, state its date, version and owner as far as the kind needs them, and have all
    sections of the kind's form, if `framework` is one that asks for this form. Documents that nobody handed in are not
    a failure. What lacks is named, and for a person to settle.
    """
    there: list[str] = []
    lost: list[str] = []
    absent: list[str] = []
    lacking: list[str] = []
    outcomes: list[RuleOutcome] = []
    for id in kinds:
        present = facts.matching(DOCUMENT, {"kind": id})
        values = {fact.measurement.value for fact in present}
        (there if True in values else lost if False in values else absent).append(id)
        outcomes += [_presence(fact) for fact in present]
        if True in values:
            kind = document_kinds().get(id) or DocumentKind(id=id, title=id)
            looked = tuple(_look_inside(kind, facts, kind.has_form_for(framework)))
            outcomes += [outcome for outcome, _ in looked if outcome is not None]
            lacks = list(dict.fromkeys(lack for _, lack in looked if lack))
            if lacks:
                lacking.append(f"{id}: {', '.join(lacks)}")
    return Documented(*_conclude(there, lost, absent, lacking), tuple(outcomes))


def _conclude(
    there: Sequence[str], lost: Sequence[str], absent: Sequence[str], lacking: Sequence[str]
) -> tuple[VerdictStatus, str]:
    also = f"; {'; '.join(lacking)}" if lacking else ""
    if lost:
        return "needs_review", f"the card names a document that isn't there: {', '.join(lost)}{also}"
    if absent:
        given = f" (there: {', '.join(there)})" if there else ""
        return "not_evaluated", f"no document handed in: {', '.join(absent)}{given}{also}"
    if lacking:
        return "needs_review", f"not complete in form: {'; '.join(lacking)}"
    return (
        "documented",
        f"the documents are there and complete in form: {', '.join(there)}; nobody judged their content",
    )


def _look_inside(kind: DocumentKind, facts: Facts, asks_for_form: bool) -> Iterator[tuple[RuleOutcome | None, str]]:
    """Yield what was found in the document, each with what lacks by it ("" for nothing)."""
    where = {"kind": kind.id}
    readable = facts.matching(READABLE, where)
    if not readable:
        yield None, _NOT_LOOKED_AT
        return
    for fact in readable:
        can = fact.measurement.value is True
        why = f"it can't be read: {fact.measurement.reason or 'nobody knows why'}"
        yield _outcome(fact, can, "its text can be read" if can else why, "==", True), "" if can else why
    if any(fact.measurement.value is not True for fact in readable):
        return
    for need, measure in _NEEDS.items():
        found = facts.matching(measure, where)
        if need in kind.needs and not found:
            yield None, f"its {need} was not looked for"
        for fact in found:
            yield _stated(need, fact, needed=need in kind.needs)
    yield from _sections(kind, facts, asks_for_form)


def _stated(need: Need, fact: Fact, *, needed: bool) -> tuple[RuleOutcome, str]:
    value = fact.measurement.value
    said = value is True if need == "owner" else isinstance(value, str)
    why = fact.measurement.reason or f"no {need} is stated"
    text = f"its {need} is stated: {fact.measurement.method}" if said else why
    if not needed:
        return _outcome(fact, True, f"{text}; a document of this kind needs no {need}"), ""
    return _outcome(fact, said, text), "" if said else why


def _sections(kind: DocumentKind, facts: Facts, asks_for_form: bool) -> Iterator[tuple[RuleOutcome | None, str]]:
    where = {"kind": kind.id}
    shares, lists = facts.matching(SECTIONS, where), facts.matching(MISSING, where)
    if not asks_for_form:
        for fact in shares:
            yield _outcome(fact, True, f"the form is that of {kind.source}, which this framework doesn't ask for"), ""
        return
    if not shares:
        yield None, "its sections were not looked for"
    for fact in shares:
        value = fact.measurement.value
        of_today = fact.measurement.n == len(kind.sections)
        complete = value == 1 and of_today
        text = "it has each section" if complete else "sections lack" if of_today else "compared with another form"
        lack = "" if complete or (of_today and _names(lists, kind)) else text
        yield _outcome(fact, complete, text, ">=", 1, kind.source), lack
    for fact in lists:
        yield _outcome(fact, not fact.measurement.value, "no section on what is listed"), ""
    titles = _names(lists, kind)
    if titles:
        yield None, f"no section on {'; '.join(titles)}"


def _names(lists: Sequence[Fact], kind: DocumentKind) -> list[str]:
    titles = {section.id: section.title for section in kind.sections}
    ids = [id for fact in lists if isinstance(fact.measurement.value, tuple) for id in fact.measurement.value]
    return list(dict.fromkeys(titles.get(id, id) for id in ids))


def _presence(fact: Fact) -> RuleOutcome:
    there = fact.measurement.value is True
    return _outcome(fact, there, "the document is there" if there else "the card names it; it isn't there")


def _outcome(
    fact: Fact, holds: bool, reason: str, op: Op = "exists", threshold: Value = None, source: str | None = None
) -> RuleOutcome:
    measured = fact.measurement
    return RuleOutcome(
        measure=measured.measure,
        subject=measured.subject or None,
        dimensions=measured.dimensions,
        op=op,
        threshold=threshold,
        threshold_source=source,
        value=measured.value,
        n=measured.n,
        basis=measured.basis,
        evidence=fact.evidence or None,
        holds=holds,
        reason=reason,
    )
