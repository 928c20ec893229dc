"""The sample assessment at its extremes: hostile text everywhere, very many measurements, nothing at all.

Run as a program it writes a page, to look at it: `python tests/reports/report_extremes.py hostile OUT.html`.
"""

from __future__ import annotations

import sys
from itertools import product
from pathlib import Path

from report_sample import RATES, TABLE, compas, fairness, frameworks, others, profile, rate, replaced

from accord.records import Assessment, Card, Finding, Part, Place, Subject, Summary

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "safe\u202egnp.exe\u2066\u2069",
    "\x1b[2J\x1b[31mred\x07\x00",
    "[bold red]markup[/] [link=https://example.org]click[/link]",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
    "W" * 5_000,
    "line\none\r\n\u2028two",
    "]]></style><style>*{display:none}",
    "z\u0336\u0337\u0338" * 40,
    "\ud800lone",
)


def many(groups: int = 60) -> Assessment:
    """An assessment with well over a thousand measurements."""
    sample = compas()
    rows = [
        rate(measure, 40 + i, 400, attribute=attribute, group=f"{attribute} {i}")
        for attribute, measure, i in product(("age × race", "age × sex", "age"), RATES, range(groups))
    ]
    big = fairness()
    evidence = tuple(
        replaced(item, measurements=(*big.measurements, *rows)) if item.id == big.id else item
        for item in sample.evidence
    )
    return replaced(sample, evidence=evidence)


def hostile() -> Assessment:
    """The sample with hostile text in every place that input can reach."""
    sample = compas()
    bad = " ".join(HOSTILE[:7])
    evidence = tuple(
        replaced(
            item,
            detail=bad,
            tools={text[:40]: text for text in HOSTILE[:4]},
            parameters={HOSTILE[0]: HOSTILE[1]},
            checked=HOSTILE,
            not_checked=HOSTILE,
        )
        for item in (profile(), fairness(tuple(HOSTILE)), *others())
    )
    finding = Finding(
        rule=HOSTILE[0],
        severity="high",
        subject=TABLE,
        where=Place(path=HOSTILE[2], member=HOSTILE[0], column=HOSTILE[3], row=3, offset=9),
        message=bad,
        remedy=HOSTILE[7],
        arguments={HOSTILE[0]: HOSTILE[1]},
    )
    evidence = (replaced(evidence[0], findings=(finding, *evidence[0].findings)), *evidence[1:])
    return replaced(
        sample,
        subject=replaced(
            sample.subject,
            name=bad,
            version=HOSTILE[1],
            excluded=HOSTILE,
            parts=(
                *sample.subject.parts,
                *(Part(role="data", kind=text[:50], path=text, digest=text, size=1) for text in HOSTILE),
            ),
        ),
        card=replaced(sample.card, system=replaced(sample.card.system, purpose=bad, languages=HOSTILE)),
        card_digest=HOSTILE[1],
        evidence=evidence,
        verdicts=tuple(replaced(verdict, reason=bad) for verdict in sample.verdicts),
        tiers=tuple(replaced(tier, title=bad, reasons=HOSTILE, missing=HOSTILE) for tier in sample.tiers),
        frameworks=tuple(replaced(reference, title=reference.title + bad) for reference in sample.frameworks),
        summary=replaced(sample.summary, worst=bad, checked=bad, certainty=HOSTILE[7], unchecked=bad),
        environment=replaced(sample.environment, options={HOSTILE[0]: HOSTILE[1]}, started=HOSTILE[1]),
    )


def empty() -> Assessment:
    """Nothing was assessed: no part, no evidence, no framework."""
    sample = compas()
    return Assessment(
        version="0.1",
        subject=Subject(name="empty folder", digest="sha256:" + "00" * 32, parts=()),
        card=Card(),
        evidence=(),
        summary=Summary(
            checked="Nothing was assessed.",
            worst="Nothing can be said about this system.",
            certainty="",
            unchecked="Nobody checked anything.",
            findings={},
            verdicts={},
            coverage=(),
            measured=0,
            skipped=0,
            failed=0,
        ),
        environment=sample.environment,
    )


if __name__ == "__main__":
    from accord.reports import known_details, report

    chosen = {"hostile": hostile, "empty": empty, "many": many}.get(sys.argv[1], compas)
    Path(sys.argv[-1]).write_bytes(report("html").render(chosen(), details=known_details(chosen(), frameworks())))
