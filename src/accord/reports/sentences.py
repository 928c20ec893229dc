"""The first thing that a person reads: what was checked, the worst thing found, how sure, what nobody checked.

The record holds these sentences in English, whatever language its maker reads. In another language they are written
again from the record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..i18n import N_, SOURCE, _, current_language, ngettext
from ..records import Assessment, Context, Evidence, Finding, Subject
from . import figures
from .interface import Details

THEMES = {
    "data": N_("data tables"),
    "fairness": N_("fairness between groups"),
    "model_files": N_("model files"),
    "openness": N_("licences"),
    "transparency": N_("the system card"),
}


@dataclass(frozen=True, slots=True)
class Sentences:
    """The four sentences; each is short, complete and true by itself. `worst` quotes a finding if `quoted`."""

    checked: str
    worst: str
    certainty: str
    unchecked: str
    quoted: bool


def sentences_of(assessment: Assessment, details: Details) -> Sentences:
    """Return the sentences of a record: in English its own, else written from it in the language in use."""
    summary = assessment.summary
    worst = summary.worst_finding
    if current_language() == SOURCE:
        return Sentences(summary.checked, summary.worst, summary.certainty, summary.unchecked, worst is not None)
    return write(assessment.subject, assessment.card.context, assessment.evidence, worst, details.inspectors)


def write(
    subject: Subject,
    context: Context,
    evidence: Sequence[Evidence],
    worst: Finding | None,
    titles: Mapping[str, str],
) -> Sentences:
    """Return the sentences in the language in use. `titles` (by inspector) name the themes of guests."""
    return Sentences(
        checked=_checked(subject, evidence),
        worst=_worst(worst) if worst else _nothing_found(evidence),
        certainty=_certainty(worst, context),
        unchecked=_unchecked(evidence, titles),
        quoted=worst is not None,
    )


def _checked(subject: Subject, evidence: Sequence[Evidence]) -> str:
    if not any(item.status == "measured" for item in evidence):
        return _("Nothing was assessed.")
    rows = sum(
        measurement.value
        for item in evidence
        for measurement in item.measurements
        if measurement.measure == "data.rows" and isinstance(measurement.value, int)
    )
    if rows:
        size = ngettext("{n} row of data", "{n} rows of data", rows).format(n=figures.count(rows))
    else:
        n = len(subject.parts)
        size = ngettext("{n} part", "{n} parts", n).format(n=figures.count(n))
    return _("Accord checked {size} of {name}.").format(size=size, name=subject.name)


def _worst(finding: Finding) -> str:
    path = finding.where.path
    return finding.message if not path or path in finding.message else f"{path}: {finding.message}"


def _nothing_found(evidence: Sequence[Evidence]) -> str:
    if any(item.status == "measured" for item in evidence):
        return _("No defect was found in what was checked.")
    return _("Nothing can be said about this system.")


def _certainty(worst: Finding | None, context: Context) -> str:
    if worst is None:
        return _("That no defect was found says nothing about what was not checked.")
    low, high, n = (worst.arguments.get(key) for key in ("low", "high", "n"))
    if low is None or high is None:
        return _("This was read from the files themselves: there is no sampling error in it.")
    basis = [ngettext("{n} case", "{n} cases", n).format(n=figures.count(n))] if isinstance(n, int) else []
    basis += [text for text in (*context.places, context.period) if text]
    return _("The interval in brackets is at 95 % confidence ({basis}).").format(basis=_("; ").join(basis))


def _unchecked(evidence: Sequence[Evidence], titles: Mapping[str, str]) -> str:
    measured = {_theme(item.inspector, titles) for item in evidence if item.status == "measured"}
    untouched = dict.fromkeys(_theme(item.inspector, titles) for item in evidence)
    topics = [topic for topic in untouched if topic not in measured]
    topics += [_("robustness"), _("explainability"), _("privacy attacks"), _("energy")]
    sentences = [_("Nobody checked: {topics}.").format(topics=_(", ").join(topics))]
    failed = sum(item.status == "failed" for item in evidence)
    if failed:
        sentences.append(ngettext("{n} check failed.", "{n} checks failed.", failed).format(n=failed))
    return " ".join(sentences)


def _theme(inspector: str, titles: Mapping[str, str]) -> str:
    """What an inspector looks at, in a word or two: its theme's name, or for a guest's theme its title."""
    theme = inspector.partition(".")[0]
    return _(THEMES[theme]) if theme in THEMES else titles.get(inspector, inspector)
