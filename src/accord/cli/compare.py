"""`accord compare`: what changed between two assessments."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import UsageError
from ..i18n import _
from ..reports.visible import visible
from .output import as_json, print_json, print_table

if TYPE_CHECKING:
    from ..compare import Comparison
    from ..records import Assessment, Measurement


@click.command("compare")
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@click.option("--all", "everything", is_flag=True, help="Show the changes within chance too.")
@as_json
def command(before: Path, after: Path, everything: bool, as_json: bool) -> int:
    """Show what changed from BEFORE to AFTER (report folders or assessment.json files), beyond the intervals.

    Exit status 1 if a finding is new or a verdict became not_met, else 0.
    """
    from ..compare import compare

    found = compare(_read(before), _read(after))
    if as_json:
        print_json(found)
    else:
        _show(found, everything)
    worse = any(now == "not_met" for _before, now in found.verdicts.values())
    return 1 if found.new_findings or worse else 0


def _read(path: Path) -> Assessment:
    from ..records import Assessment, from_json
    from ..trust.folder import read_regular
    from ..trust.sealing import MAX_RECORD_BYTES

    file = path / "assessment.json" if path.is_dir() else path
    try:
        return from_json(read_regular(file.resolve(), MAX_RECORD_BYTES), Assessment, name=str(file))
    except (OSError, ValueError, RuntimeError) as error:  # a name with a NUL, links that form a loop
        problem = getattr(error, "strerror", None) or "can't be read"
        raise UsageError(
            "no-assessment", f"{file}: {problem}", "Give a report folder, or its assessment.json."
        ) from None


def _show(found: Comparison, everything: bool) -> None:
    click.echo(_("The same bytes were assessed.") if found.same_subject else _("The system's bytes differ."))
    for title, names in (
        (_("Parts changed"), found.parts_changed),
        (_("Parts added"), found.parts_added),
        (_("Parts removed"), found.parts_removed),
    ):
        if names:
            click.echo(visible(f"{title}: {', '.join(names)}"))
    shown = [change for change in found.changes if everything or change.judged != "within_chance"]
    if shown:
        print_table(
            (_("measure"), _("where"), _("before"), _("after"), _("judged")),
            (
                (c.measure, ", ".join(c.dimensions.values()) or c.part, _value(c.before), _value(c.after), c.judged)
                for c in shown
            ),
        )
    within = len(found.changes) - len(shown)
    click.echo(
        _(
            "{n} measurements as before, {within} changed within chance, {before} only before, {after} only after."
        ).format(n=found.unchanged, within=within, before=found.only_before, after=found.only_after)
    )
    for finding in found.new_findings:
        click.echo(visible(f"+ {finding.rule} {finding.severity}: {finding.message}"))
    for finding in found.gone_findings:
        click.echo(visible(f"- {finding.rule} {finding.severity}: {finding.message}"))
    for name, (was, now) in (found.verdicts | found.tiers).items():
        click.echo(visible(f"{name}: {was} → {now}"))


def _value(measurement: Measurement) -> str:
    value = measurement.value
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    interval = measurement.interval
    return f"{text} [{interval.low:.4g}, {interval.high:.4g}]" if interval else text
