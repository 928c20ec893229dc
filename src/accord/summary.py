"""The summary of an assessment: what a person reads first, and the counts beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from .frameworks import Judgement
from .i18n import SOURCE, in_language
from .inspectors.interface import Inspector
from .records import SEVERITIES, VERDICT_STATUSES, Card, Evidence, Finding, Subject, Summary
from .reports.sentences import write


def summarise(
    subject: Subject,
    card: Card,
    evidence: Sequence[Evidence],
    judgements: Sequence[Judgement],
    inspectors: Sequence[Inspector],
) -> Summary:
    """Return the summary of an assessment; every sentence follows from the records that are given.

    Its sentences are English in whatever language the assessor reads: the same run makes the same record.
    """
    findings = [finding for item in evidence for finding in item.findings]
    verdicts = Counter(verdict.status for judgement in judgements for verdict in judgement.verdicts)
    worst = worst_finding(findings)
    statuses = Counter(item.status for item in evidence)
    titles = {inspector.id: inspector.title for inspector in inspectors}
    with in_language(SOURCE):
        said = write(subject, card.context, evidence, worst, titles)
    return Summary(
        checked=said.checked,
        worst=said.worst,
        certainty=said.certainty,
        unchecked=said.unchecked,
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
