"""`accord frameworks`: the laws and standards that assessments are judged under."""

from __future__ import annotations

import click

from ..i18n import _
from .output import as_json, print_json, print_table


@click.command("frameworks")
@click.argument("framework_id", required=False)
@as_json
def command(framework_id: str | None, as_json: bool) -> None:
    """List the frameworks, or show the requirements of one (FRAMEWORK_ID)."""
    from ..frameworks import library, load

    if framework_id:
        framework = load(framework_id)
        if as_json:
            print_json(framework)
            return
        source = framework.source
        click.echo(f"{framework.title} ({framework.version}, {framework.jurisdiction}, {framework.status})")
        click.echo(f"{source.title}, {source.date}, {source.uri}\n")
        rows = ((r.id, r.label, r.title, r.verification or "") for r in framework.requirements)
        print_table((_("requirement"), _("source"), _("in our words"), _("verification")), rows)
        return
    if as_json:
        print_json(library())
        return
    rows_ = []
    for item in library():
        points = [r for r in item.requirements if r.verification]
        measured = sum(r.verification == "measured" for r in points)
        rows_.append((item.id, item.version, item.jurisdiction, item.kind, len(points), measured, item.title))
    headings = (_("framework"), _("version"), _("where"), _("kind"), _("requirements"), _("measured"), _("title"))
    print_table(headings, rows_)
