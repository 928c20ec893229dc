"""`accord assess --only-missing-for CODE --from REPORT`: measure what a foreign report leaves open, and no more."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import UsageError
from ..i18n import _, ngettext
from ..reports.visible import visible
from .output import print_json, print_table

if TYPE_CHECKING:
    from ..recognition.gap import Gap
    from ..records.recognition import SamplePlan
    from .assess import Job

_MOST = 15


@dataclass(frozen=True, slots=True)
class Narrowed:
    """The job with only the inspectors that produce what is missing (null if there is nothing to run), and why."""

    job: Job | None
    gap: Gap
    samples: tuple[SamplePlan, ...]
    out_of_reach: tuple[str, ...]

    def plain(self, steps: list[dict[str, object]]) -> dict[str, Any]:
        """Return the plan as data."""
        return {
            "gap": self.gap,
            "samples": self.samples,
            "out_of_reach": self.out_of_reach,
            "steps": [step for step in steps if step["runs"]],
        }


def carry_out_missing(narrowed: Narrowed, plan_only: bool, as_json: bool) -> int:
    """Show what is missing and, unless it is only planned, measure it; return the exit status: 0 if nothing is."""
    from ..assess import plan
    from .assess import carry_out, planned_step, show_plan

    job = narrowed.job
    if not as_json:
        show(narrowed)
        if job and plan_only:
            show_plan(job)
    elif job is None or plan_only:
        steps = []
        if job:
            with job.open() as target:
                steps = [planned_step(step) for step in plan(target, job.inspectors(), job.options)]
        print_json(narrowed.plain(steps))
    return carry_out(job, as_json) if job and not plan_only else 0


def narrow(job: Job, jurisdiction: str | None, report: Path | None, statements: Path | None) -> Narrowed:
    """Compare what the report shows with what is asked in the jurisdiction.

    What holds here is the [context] of the target's own card. Raises UsageError if only one of the two is given.
    """
    from datetime import UTC, datetime

    from ..frameworks import open_profile
    from ..recognition.fit import Here
    from ..recognition.gap import gap
    from ..recognition.local_sample import plan_samples
    from ..recognition.recognise import appraise
    from .recognise import known, opened_case, rules_for

    if jurisdiction is None or report is None or job.options.only:
        raise UsageError(
            "incomplete-call",
            "--only-missing-for and --from belong together, and choose the inspectors themselves",
            "Give both, and no --only.",
        )
    code = jurisdiction.strip().upper()
    case = opened_case(report)
    profile = open_profile(job.profile) if isinstance(job.profile, Path) else job.profile
    rules = rules_for(case, code, job.frameworks, profile)
    with job.open() as target:
        here = Here(code, target.card.context, target.subject.digests)
        found = appraise(case, here, known(statements, datetime.now(UTC)), rules)
        missing = gap(found)
        runs = _that_run(job, target, missing)
    samples = plan_samples(missing, case.assessment.evidence, here)
    out_of_reach = tuple(name for name in missing.inspectors if name not in runs)
    if not runs:
        return Narrowed(None, missing, samples, out_of_reach)
    named = job.frameworks or tuple(file.framework.id for file in rules.frameworks)
    return Narrowed(
        replace(job, options=replace(job.options, only=runs), frameworks=named, sector=job.sector),
        missing,
        samples,
        out_of_reach,
    )


def _that_run(job: Job, target: Any, missing: Gap) -> tuple[str, ...]:
    """Return the inspectors that produce what is missing and have what they need in the target."""
    from ..assess import plan

    steps = plan(target, job.inspectors(), job.options)
    able = {step.inspector.id for step in steps if step.request}
    return tuple(name for name in missing.inspectors if name in able)


def show(narrowed: Narrowed) -> None:
    """Say what is missing, what would be measured on how large a sample, and what no measurement gives."""
    from .recognised import by_name, missing_words

    missing = narrowed.gap
    code = missing.jurisdiction
    if narrowed.job is None:
        text = _("Nothing is missing for {code} that can be measured on this target: nothing runs.")
        click.echo(visible(text.format(code=code)))
    else:
        rows = [
            (item.missing.name, len(item.requirements), ", ".join(item.missing.inspectors), item.missing.why)
            for item in by_name(missing.measures)
        ]
        click.echo(visible(_("Still to be measured for {code}").format(code=code)))
        print_table((_("measure"), _("requirements"), _("inspector"), _("why")), rows[:_MOST])
        _more(len(rows) - _MOST)
    if narrowed.samples:
        click.echo(_("The local sample, planned with the rates found abroad"))
        print_table(
            (_("measure"), _("groups"), _("in each"), _("people"), _("languages"), _("so that")),
            [
                (
                    plan.measure,
                    f"{plan.attribute}: {', '.join(plan.groups)}" if plan.attribute else _("everybody"),
                    plan.per_group,
                    plan.people,
                    ", ".join(plan.languages) or "-",
                    plan.aim,
                )
                for plan in narrowed.samples[:_MOST]
            ],
        )
        _more(len(narrowed.samples) - _MOST)
    if narrowed.out_of_reach:
        text = _("No part of the target is of a kind for: {names}.")
        click.echo(visible(text.format(names=", ".join(narrowed.out_of_reach))))
    if missing.others:
        click.echo(_("What no measurement gives"))
        words = missing_words()
        rows_left = [
            (words[item.missing.kind], item.missing.name, len(item.requirements)) for item in by_name(missing.others)
        ]
        print_table((_("what"), _("name"), _("requirements")), rows_left[:_MOST])
        _more(len(rows_left) - _MOST)


def _more(n: int) -> None:
    if n > 0:
        click.echo(ngettext("… and {n} more.", "… and {n} more.", n).format(n=n))
