"""`accord assess`: the main job."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import UsageError
from ..i18n import _
from ..reports.visible import visible
from .choosing import (
    choose_frameworks,
    frameworks_for_card,
    frameworks_option,
    jurisdiction_option,
    profile_option,
    read_reviews,
    reviews_option,
    sector_option,
    warn_of_unasked,
)
from .output import as_json, print_json, print_table

if TYPE_CHECKING:
    from ..assess import Measured, Options, Step
    from ..frameworks import FrameworkFile
    from ..inspectors.interface import Inspector
    from ..plan import Followed
    from ..records import Assessment, Card, Profile
    from ..subjects import Target


@click.command("assess")
@click.argument("target")
@click.option(
    "--card", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="The assessor's system card."
)
@frameworks_option
@jurisdiction_option
@sector_option
@profile_option
@reviews_option
@click.option("--only", multiple=True, help="Run only this inspector. Repeatable.")
@click.option("--skip", multiple=True, help="Leave out this inspector. Repeatable.")
@click.option("--only-missing-for", metavar="CODE", help="Measure only what the report --from leaves open there: DE.")
@click.option("--from", "report", type=click.Path(path_type=Path, exists=True), help="The foreign report.")
@click.option("--statements", type=click.Path(path_type=Path, exists=True), help="Agreements; see accord recognise.")
@click.option("--run-target", is_flag=True, help="Allow inspectors that run the target's own code, isolated.")
@click.option("--unsafe-no-isolation", is_flag=True, help="Run it even where the kernel can't isolate it. Reported.")
@click.option("--fail-on", "gates", multiple=True, metavar="GATE", help="finding:high, verdict:not_met, coverage<0.5.")
@click.option(
    "--format",
    "formats",
    multiple=True,
    help="Reports beside json: html, oscal, oscal-poam. Repeatable.",
)
@click.option(
    "--plan", "plan_only", is_flag=True, help="Say what would run, what is missing, what it costs; run nothing."
)
@click.option("--out", type=click.Path(path_type=Path), default=Path("accord-report"), show_default=True)
@click.option("--fresh", is_flag=True, help="Measure again, even what an earlier run measured on the same bytes.")
@as_json
def command(
    target: str,
    card: Path | None,
    frameworks: tuple[str, ...],
    jurisdiction: str | None,
    sector: str | None,
    profile: Path | None,
    reviews: Path | None,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    only_missing_for: str | None,
    report: Path | None,
    statements: Path | None,
    run_target: bool,
    unsafe_no_isolation: bool,
    gates: tuple[str, ...],
    formats: tuple[str, ...],
    plan_only: bool,
    out: Path,
    fresh: bool,
    as_json: bool,
) -> int:
    """Measure TARGET (a file, a folder or pypi:NAME[==VERSION]), judge the measurements, sign the result.

    Exit status: 0 done and every gate holds; 1 a gate fails; 2 the call or the target is wrong; 3 nothing could be
    assessed, or something that was asked for could not run.
    """
    from ..assess import Options

    job = Job(
        target,
        Options(only=only, skip=skip, run_target=run_target, unsafe_no_isolation=unsafe_no_isolation),
        card=card,
        frameworks=frameworks,
        jurisdiction=jurisdiction,
        sector=sector,
        profile=profile,
        reviews=reviews,
        gates=gates,
        formats=("json", *formats) if formats else ("json", "html"),
        out=out,
        fresh=fresh,
    )
    if only_missing_for or report:
        from .missing import carry_out_missing, narrow

        return carry_out_missing(narrow(job, only_missing_for, report, statements), plan_only, as_json)
    if plan_only:
        show_plan(job, as_json)
        return 0
    return carry_out(job, as_json)


@dataclass(frozen=True, slots=True)
class Job:
    """One call of `accord assess`, or of `accord plan run`: then it follows a plan, under the `texts` of that plan."""

    target: str
    options: Options
    card: Path | Card | None = None
    frameworks: tuple[str, ...] = ()
    jurisdiction: str | None = None
    sector: str | None = None
    profile: Path | Profile | None = None
    reviews: Path | None = None
    gates: tuple[str, ...] = ()
    formats: tuple[str, ...] = ("json", "html")
    out: Path = Path("accord-report")
    fresh: bool = False
    followed: Followed | None = None
    texts: tuple[FrameworkFile, ...] = ()

    def inspectors(self) -> tuple[Inspector, ...]:
        """Return what is installed and, if there is a plan, in it. Raises UsageError if --only, --skip name others."""
        from ..inspectors.registry import all_inspectors

        found = all_inspectors()
        ids = [inspector.id for inspector in found]
        for name in (*self.options.only, *self.options.skip):
            if name not in ids:
                raise UsageError(
                    "unknown-inspector", f"there is no inspector {name!r}", f"Choose of: {', '.join(ids)}."
                )
        return self.followed.inspectors(found) if self.followed else found

    @contextmanager
    def open(self) -> Iterator[Target]:
        """Open the target, with the assessor's sector on its card."""
        from ..subjects import open_target

        with open_target(self.target, card=self.card, progress=show_reading if sys.stderr.isatty() else None) as target:
            yield _with_sector(target, self.sector) if self.sector else target


def _with_sector(target: Target, sector: str) -> Target:
    """Return the target with the sector that the assessor states; a provider who says otherwise is contradicted."""
    from msgspec.structs import replace as changed

    from ..subjects import card_digest

    said = target.card.system.sector
    contradicted = target.card_source == "provider" and said not in (None, sector)
    card = changed(target.card, system=changed(target.card.system, sector=sector))
    return replace(
        target,
        card=card,
        card_digest=card_digest(card),
        card_source="assessor",
        contradictions=(*target.contradictions, *((("system.sector", said or "", sector),) if contradicted else ())),
    )


def carry_out(job: Job, as_json: bool = False) -> int:
    """Assess, write the report, sign it, show it; return the exit status."""
    from ..assess import Done, assess, nothing_measured, today
    from ..frameworks import Terms, check_profile, open_profile
    from ..inspectors.cache import EvidenceCache
    from ..places import cache_folder
    from ..reports import choose, known_details
    from ..reports.folder import check_place, write
    from ..reviews import REVIEWS
    from ..trust import KeyStore, own_log, seal
    from .gates import exit_status, parse_gate

    gates = [parse_gate(text) for text in job.gates]
    reports, inspectors = choose(job.formats), job.inspectors()
    profile = open_profile(job.profile) if isinstance(job.profile, Path) else job.profile
    reviews = read_reviews(job.reviews) if job.reviews else None
    asked_for = list(job.texts) or choose_frameworks(job.frameworks, job.jurisdiction, job.sector)
    check_place(job.out)
    signer, log = KeyStore().own(), own_log()  # before the work: what can't be signed need not be measured
    cache = None if job.fresh else EvidenceCache(cache_folder() / "evidence")
    with job.open() as target:
        frameworks = asked_for or frameworks_for_card(target.card)
        if job.followed:
            job.followed.require(target, inspectors, frameworks)
        warn_of_unasked(target.card, frameworks)
        if profile:
            check_profile(profile, [file.framework for file in frameworks])
        terms = Terms(profile=profile, on=today(), reviews=reviews.reviews if reviews else ())
        for event in assess(target, inspectors, frameworks, job.options, cache, terms):
            if isinstance(event, Done):
                assessment = job.followed.mark(event.assessment) if job.followed else event.assessment
            elif not as_json:
                show_progress(event)
    nothing = nothing_measured(assessment)
    if nothing:
        text = _("Nothing was assessed: no inspector measured anything in {target}.")
        click.echo(text.format(target=visible(job.target)), err=True)
    else:
        details = known_details(assessment, [file.framework for file in frameworks])
        files = {report.file_name: report.render(assessment, details=details) for report in reports}
        if reviews:
            files[REVIEWS] = b"".join(raw + b"\n" for raw in reviews.envelopes)
        if job.followed:
            files |= job.followed.files
        write(job.out, files, lambda folder: seal(folder, assessment, signer=signer, log=log))
    status, reasons = exit_status(assessment, gates, job.options.only, nothing)
    if as_json:
        print_json(assessment)
    elif not nothing:
        _show_summary(assessment, job.out)
    for reason in reasons:
        click.echo(visible(reason), err=True)
    return status


def show_plan(job: Job, as_json: bool = False) -> None:
    """Say what would run, what is missing and what it will cost; run nothing."""
    from ..assess import plan

    with job.open() as target:
        steps = plan(target, job.inspectors(), job.options)
        if as_json:
            print_json([planned_step(step) for step in steps])
            return
        rows = [
            (s.inspector.id, (s.part.path or target.subject.name) if s.part else "-", _what_happens(s)) for s in steps
        ]
    print_table((_("inspector"), _("part"), _("plan")), rows)
    running = [step for step in steps if step.request]
    text = _(
        "{n} runs, {size:,} bytes, about {seconds:.1f} CPU-seconds; no request, no token, no money. Nothing was run."
    )
    size, seconds = sum(s.part.size for s in running if s.part), sum(s.expected_seconds for s in running)
    click.echo(text.format(n=len(running), size=size, seconds=seconds))


def planned_step(step: Step) -> dict[str, object]:
    """Return what would happen with a step, as plain data."""
    return {
        "inspector": step.inspector.id,
        "part": step.part.path if step.part else None,
        "runs": step.request is not None,
        "reason": step.reason,
        "detail": step.detail,
        "bytes": step.part.size if step.part and step.request else 0,
        "expected_cpu_seconds": round(step.expected_seconds, 2),
    }


def _what_happens(step: Step) -> str:
    if step.request:
        return _("runs, about {seconds:.1f} CPU-s").format(seconds=step.expected_seconds)
    return f"{step.reason}: {step.detail}"


def show_reading(name: str, done: int, total: int) -> None:
    """Show on a terminal how much of a large target is read."""
    if total > 100 << 20:
        text = _("reading: {percent} % of {size:,} MiB").format(percent=100 * done // total, size=total >> 20)
        click.echo(f"\r{text}", nl=done >= total, err=True)


def show_progress(event: Measured) -> None:
    """One line an inspector on standard error: a person sees that work goes on, a log can be read later."""
    item, part = event.evidence, event.step.part
    if item.status == "measured":
        how = _("measured in {s:.1f} s").format(s=item.seconds)
        how = _("taken from an earlier run on the same bytes") if event.reused else how
    elif item.status == "skipped":
        how = _("skipped: {why}").format(why=item.detail)
    else:
        how = _("FAILED: {why}").format(why=item.detail)
    where = f" {part.path}" if part and part.path else ""
    click.echo(visible(f"[{event.done}/{event.of}] {item.inspector}{where}: {how}"), err=True)


def _show_summary(assessment: Assessment, out: Path) -> None:
    from rich.console import Console

    from ..reports.terminal import print_summary

    print_summary(assessment, Console(highlight=False), folder=out)
