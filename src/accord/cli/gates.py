"""Gates: conditions on an assessment that decide the exit status (`--fail-on`)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from ..errors import UsageError
from ..i18n import _, ngettext
from ..records import SEVERITIES, Assessment
from ..records.verdict import VerdictStatus

Result = Literal["holds", "fails", "could_not_run"]
_FORM = "finding:SEVERITY, verdict:STATUS[@FRAMEWORK[/REQUIREMENT]] or coverage<0.x[@FRAMEWORK]"


@dataclass(frozen=True, slots=True)
class Gate:
    """One condition: no finding of this severity or above, no verdict of this status, coverage not below a share."""

    text: str
    kind: Literal["finding", "verdict", "coverage"]
    value: str
    framework: str | None = None
    requirement: str | None = None

    def check(self, assessment: Assessment) -> tuple[Result, str]:
        """Return whether the gate holds, and why not."""
        return {"finding": self._findings, "verdict": self._verdicts, "coverage": self._coverage}[self.kind](assessment)

    def _findings(self, assessment: Assessment) -> tuple[Result, str]:
        limit = SEVERITIES.index(self.value)
        found = [f for item in assessment.evidence for f in item.findings if SEVERITIES.index(f.severity) >= limit]
        if found:
            n = len(found)
            text = ngettext(
                "{n} finding of severity {severity} or above", "{n} findings of severity {severity} or above", n
            )
            return "fails", text.format(n=n, severity=self.value)
        failed = [item.inspector for item in assessment.evidence if item.status == "failed"]
        if failed:
            return "could_not_run", _("failed: {names}").format(names=", ".join(dict.fromkeys(failed)))
        return "holds", ""

    def _verdicts(self, assessment: Assessment) -> tuple[Result, str]:
        gated = [
            v
            for v in assessment.verdicts
            if self.framework in (None, v.framework) and self.requirement in (None, v.requirement)
        ]
        if not gated:
            return "could_not_run", _("no requirement that the gate names was judged")
        # A requirement that is undecided does not pass a gate: nobody knows. What people judged as not met is not met.
        bad = [
            v
            for v in gated
            if v.status in (self.value, "inconclusive", "not_evaluated")
            or (v.status == "judged" and any(said.stands and said.decision == self.value for said in v.reviews))
        ]
        return (
            (
                "fails",
                _("{n} of {total} requirements, first: {first} {status}").format(
                    n=len(bad), total=len(gated), first=bad[0].requirement, status=bad[0].status
                ),
            )
            if bad
            else ("holds", "")
        )

    def _coverage(self, assessment: Assessment) -> tuple[Result, str]:
        rows = [row for row in assessment.summary.coverage if self.framework in (None, row.framework)]
        if not rows:
            return "could_not_run", _("no framework that the gate names was judged")
        for row in rows:
            if row.applicable == 0 or row.evaluated / row.applicable < float(self.value):
                text = _("{n} of {total} requirements evaluated").format(n=row.evaluated, total=row.applicable)
                return "fails", f"{row.framework}: {text}"
        return "holds", ""


def parse_gate(text: str) -> Gate:
    """Read one gate. Raises UsageError that names the forms."""
    match = re.fullmatch(
        r"(?:finding:(?P<finding>\w+)|verdict:(?P<verdict>\w+)|coverage<(?P<coverage>0?\.\d+|1(?:\.0*)?))"
        r"(?:@(?P<framework>[\w.-]+)(?:/(?P<requirement>[\w.-]+))?)?",
        text,
    )
    if match:
        found = match.groupdict()
        scope = (found["framework"], found["requirement"])
        if found["finding"] in SEVERITIES and scope == (None, None):
            return Gate(text, "finding", found["finding"])
        if found["verdict"] in get_args(VerdictStatus):
            return Gate(text, "verdict", found["verdict"], *scope)
        if found["coverage"] and scope[1] is None:
            return Gate(text, "coverage", found["coverage"], scope[0])
    raise UsageError("bad-gate", f"--fail-on {text!r} is not a gate", f"Write {_FORM}.")


def exit_status(
    assessment: Assessment, gates: Sequence[Gate], asked: Sequence[str], nothing: bool
) -> tuple[int, list[str]]:
    """Return the exit status (3 before 1 before 0) and the reasons in words."""
    results = [(gate, *gate.check(assessment)) for gate in gates]
    reasons = [
        _("gate {gate}: {why}").format(gate=gate.text, why=why) for gate, result, why in results if result != "holds"
    ]
    unable = [
        inspector
        for inspector in asked
        if not any(item.inspector == inspector and item.status == "measured" for item in assessment.evidence)
    ]
    reasons += [_("{inspector} was asked for and did not measure anything").format(inspector=name) for name in unable]
    if nothing or unable or any(result == "could_not_run" for _gate, result, _why in results):
        return 3, reasons
    return (1 if any(result == "fails" for _gate, result, _why in results) else 0), reasons
