"""The first thing that a person reads: what was checked, the worst thing found, how sure, what nobody checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from .frameworks import Judgement
from .i18n import _, ngettext
from .inspectors.interface import Inspector
from .records import SEVERITIES, VERDICT_STATUSES, Card, Context, Evidence, Finding, Subject, Summary
from .records.verdict import VerdictStatus


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
        checked=_checked(subject, evidence, titles),
        worst=worst.message if worst else _nothing_found(evidence),
        certainty=_certainty(worst, card.context),
        unchecked=_unchecked(evidence, titles, verdicts),
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


def _checked(subject: Subject, evidence: Sequence[Evidence], titles: dict[str, str]) -> str:
    measured = list(dict.fromkeys(item.inspector for item in evidence if item.status == "measured"))
    if not measured:
        return _("Nothing was assessed.")
    topics = ", ".join(_lower_first(_(titles[inspector])) for inspector in measured)
    rows = [
        measurement.value
        for item in evidence
        for measurement in item.measurements
        if measurement.measure == "data.rows" and isinstance(measurement.value, int)
    ]
    if rows:
        size = ngettext("{n} row of data", "{n} rows of data", sum(rows)).format(n=f"{sum(rows):,}")
    else:
        size = ngettext("{n} part", "{n} parts", len(subject.parts)).format(n=f"{len(subject.parts):,}")
    return _("Accord checked {size} of {name}: {topics}.").format(size=size, name=subject.name, topics=topics)


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
    where = ", ".join(part for part in (context.population, *context.places, context.period) if part)
    known = _("known for {where}").format(where=where) if where else _("for whom the data stand is not stated")
    if n is None:
        return _("The interval given holds at 95 % confidence; {known}.").format(known=known)
    return _("The interval given holds at 95 % confidence on {n} cases; {known}.").format(n=f"{n:,}", known=known)


def _unchecked(evidence: Sequence[Evidence], titles: dict[str, str], verdicts: Counter[VerdictStatus]) -> str:
    sentences = []
    measured = {item.inspector for item in evidence if item.status == "measured"}
    skipped = dict.fromkeys(item.inspector for item in evidence if item.inspector not in measured)
    if skipped:
        topics = ", ".join(_lower_first(_(titles[inspector])) for inspector in skipped)
        sentences.append(_("Nobody checked: {topics}.").format(topics=topics))
    failed = sum(item.status == "failed" for item in evidence)
    if failed:
        sentences.append(ngettext("{n} check failed.", "{n} checks failed.", failed).format(n=failed))
    sentences.append(_("Accord does not yet measure robustness, explainability, privacy attacks or energy."))
    open_points = verdicts["not_evaluated"] + verdicts["inconclusive"] + verdicts["needs_review"]
    if open_points:
        sentences.append(
            _("{n} of {of} requirements are left for a person to judge.").format(n=open_points, of=verdicts.total())
        )
    return " ".join(sentences)


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:] if text[1:2].islower() else text
