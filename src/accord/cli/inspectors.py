"""`accord inspectors`: what can be inspected."""

from __future__ import annotations

import click

from ..i18n import _
from .output import as_json, print_json, print_table


@click.command("inspectors")
@as_json
def command(as_json: bool) -> None:
    """List the inspectors that are installed: what each measures, on which kinds of part."""
    from ..inspectors.registry import all_inspectors

    found = all_inspectors()
    if as_json:
        print_json(
            [
                {
                    "id": item.id,
                    "version": item.version,
                    "title": item.title,
                    "kinds": sorted(item.kinds),
                    "scope": item.scope,
                    "isolation": item.isolation,
                    "needs_card": item.needs_card,
                    "measures": item.measures,
                    "rules": [rule.id for rule in item.rules],
                    "parameters": dict(item.parameters),
                }
                for item in found
            ]
        )
        return
    print_table(
        (_("inspector"), _("measures"), _("on")),
        ((item.id, item.title, ", ".join(sorted(item.kinds)) or _("the whole system")) for item in found),
    )
    click.echo(_("More on one: accord explain INSPECTOR"))
