"""The first thing that a person reads: what was checked, the worst thing found, how sure, what nobody checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from .frameworks import Judgement
from .i18n import N_, _, ngettext
from .inspectors.interface import Inspector
from .records import SEVERITIES, VERDICT_STATUSES, Card, Context, Evidence, Finding, Subject, Summary

THEMES = {
    "data": N_("data tables"),
    "fairness": N_("fairness between groups"),
    "model_files": N_("model files"),
    "openness": N_("licences"),
    "transparency": N_("the system card"),
}


def summarise(
    subject: Subject,
    card: Card,
    evidence: Sequence[Evidence],
    judgements: Sequence[Judgement],
    inspectors: Sequence[Inspector],
) -> Summary:
    """Return the summary of an assessment; every sentence follows from the records that are given."""
    findings = [finding for item in evidence for finding in item.findings]
    verdicts = Counter(verdict.status for judgement in judgements for verdict in judgement.verdicts)
    worst = worst_finding(findings)
    statuses = Counter(item.status for item in evidence)
    titles = {inspector.id: inspector.title for inspector in inspectors}
    return Summary(
        checked=_checked(subject, evidence),
        worst=_worst(worst) if worst else _nothing_found(evidence),
        certainty=_certainty(worst, card.context),
        unchecked=_unchecked(evidence, titles),
        worst_finding=worst,
        findings={severity: n for severity in reversed(SEVERITIES) if (n := _count(findings, severity))},
        verdicts={status: verdicts[status] for status in VERDICT_STATUSES if verdicts[status]},
        coverage=tuple(judgement.coverage for judgement in judgements),
        measured=statuses["measured"],
        skipped=statuses["skipped"],
        failed=statuses["failed"],
    )


def worst_finding(findings: Iterable[Finding]) -> Finding | None:
    """Return the gravest finding above "info"; among equals the first that its inspector put forward."""
    grave = [finding for finding in findings if finding.severity != "info"]
    return max(grave, key=lambda finding: SEVERITIES.index(finding.severity), default=None)


def _count(findings: Sequence[Finding], severity: str) -> int:
    return sum(finding.severity == severity for finding in findings)


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
        size = ngettext("{n} row of data", "{n} rows of data", rows).format(n=f"{rows:,}")
    else:
        n = len(subject.parts)
        size = ngettext("{n} part", "{n} parts", n).format(n=f"{n:,}")
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
    basis = [ngettext("{n} case", "{n} cases", n).format(n=f"{n:,}")] if isinstance(n, int) else []
    basis += [text for text in (*context.places, context.period) if text]
    return _("The interval in brackets is at 95 % confidence ({basis}).").format(basis="; ".join(basis))


def _unchecked(evidence: Sequence[Evidence], titles: dict[str, str]) -> str:
    measured = {_theme(item.inspector, titles) for item in evidence if item.status == "measured"}
    untouched = dict.fromkeys(_theme(item.inspector, titles) for item in evidence)
    topics = [topic for topic in untouched if topic not in measured]
    topics += [_("robustness"), _("explainability"), _("privacy attacks"), _("energy")]
    sentences = [_("Nobody checked: {topics}.").format(topics=", ".join(topics))]
    failed = sum(item.status == "failed" for item in evidence)
    if failed:
        sentences.append(ngettext("{n} check failed.", "{n} checks failed.", failed).format(n=failed))
    return " ".join(sentences)


def _theme(inspector: str, titles: dict[str, str]) -> str:
    """What an inspector looks at, in a word or two: its theme's name, or for a guest's theme its title."""
    theme = inspector.partition(".")[0]
    return _(THEMES[theme]) if theme in THEMES else titles.get(inspector, inspector)
