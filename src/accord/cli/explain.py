"""`accord explain`: the card of an inspector, a measure's definition, or what a finding means."""

from __future__ import annotations

import click

from ..errors import UsageError
from ..i18n import _


@click.command("explain")
@click.argument("name")
def command(name: str) -> None:
    """Explain NAME: an inspector (fairness.groups), a measure (data.completeness) or a finding's rule (MOD-001)."""
    from ..inspectors.registry import all_inspectors, modules
    from ..measures.catalogue import catalogue

    if name in modules():
        inspector = next(item for item in all_inspectors() if item.id == name)
        click.echo(f"{name} {inspector.version}: {inspector.title}\n")
        for heading, text in inspector.sections.items():
            click.echo(f"{heading}\n{click.wrap_text(text, 88, '  ', '  ')}\n")
        click.echo(_("Parameters: ") + (", ".join(f"{k}={v}" for k, v in inspector.parameters.items()) or "-"))
        click.echo(_("Measures: ") + ", ".join(inspector.measures))
        click.echo(_("Findings: ") + (", ".join(rule.id for rule in inspector.rules) or "-"))
        return
    if name in catalogue():
        measure = catalogue()[name]
        click.echo(f"{measure.id}: {measure.title}\n\n{measure.definition}\n")
        click.echo(_("Formula: ") + measure.formula)
        click.echo(_("Unit: ") + measure.unit)
        click.echo(_("Source: ") + str(measure.source))
        return
    for inspector in all_inspectors():
        for rule in inspector.rules:
            if rule.id == name.upper():
                click.echo(
                    f"{rule.id} ({rule.severity}), {_('found by')} {inspector.id}\n\n{rule.message}\n\n→ {rule.remedy}"
                )
                click.echo("\n".join(rule.references))
                return
    raise UsageError(
        "nothing-to-explain",
        f"{name!r} is neither an inspector, nor a measure, nor a finding's rule",
        "See `accord inspectors` and `accord measures`.",
    )
