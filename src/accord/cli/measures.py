"""`accord measures`: the common language."""

from __future__ import annotations

import click

from ..i18n import _
from .output import as_json, print_json, print_table


@click.command("measures")
@click.argument("theme", required=False)
@as_json
def command(theme: str | None, as_json: bool) -> None:
    """List the measures, all or those of one THEME (the part of the id before the first dot)."""
    from ..errors import UsageError
    from ..measures.catalogue import catalogue

    found = [item for item in catalogue().values() if theme in (None, item.id.partition(".")[0])]
    if not found:
        themes = sorted({name.partition(".")[0] for name in catalogue()})
        raise UsageError("unknown-theme", f"no measure belongs to {theme!r}", f"Choose one of: {', '.join(themes)}.")
    if as_json:
        print_json(found)
        return
    print_table((_("measure"), _("unit"), _("what it is")), ((item.id, item.unit, item.title) for item in found))
    click.echo(_("More on one: accord explain MEASURE"))
