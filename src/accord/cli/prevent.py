"""`accord prevent`: what can be done about each risk that was found."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import UsageError
from ..i18n import _, ngettext
from ..reports.visible import visible
from .output import as_json, print_json, print_table

if TYPE_CHECKING:
    from ..records.prevention import Offer, Offered
    from ..reports.prevention import Wording

_WIDTH = 96


@click.command("prevent")
@click.argument("record", type=click.Path(path_type=Path, exists=True), required=False)
@click.option("--finding", metavar="RULE", help="Only for findings of this rule, such as FAIR-001.")
@click.option("--measure", metavar="ID", help="Only for risks in this measure, or what answers it, with --list.")
@click.option("--all", "everything", is_flag=True, help="All that fit, and open requirements too; in full.")
@click.option("--list", "listed", is_flag=True, help="List the whole library instead.")
@as_json
def command(
    record: Path | None,
    finding: str | None,
    measure: str | None,
    everything: bool,
    listed: bool,
    as_json: bool,
) -> None:
    """Offer measures of prevention for each risk that RECORD names: a report folder or its assessment.json.

    Only what fits the values that were measured is offered, most fitting first. How much it will help is not promised:
    measure again.
    """
    if listed:
        _list(finding, measure, as_json)
        return
    record = record or Path("accord-report")
    if not record.exists():
        raise UsageError(
            "no-record", f"there is no {record}", "Name a report folder or its assessment.json, or use --list."
        )
    offered, wording = _offered(record, finding, measure, everything)
    if as_json:
        print_json(offered)
        return
    for line in _lines(offered, wording, everything or bool(finding or measure)):
        click.echo(visible(line, longest=None))


def _list(finding: str | None, measure: str | None, as_json: bool) -> None:
    from ..prevention import library

    chosen = [
        item
        for item in library()
        if (not finding or finding in item.addresses.findings)
        and (not measure or measure in (*item.addresses.measures, *(move.measure for move in item.moves)))
    ]
    if as_json:
        print_json(chosen)
        return
    headings = (_("id"), _("cost"), _("by"), _("evidence"), _("what"))
    print_table(headings, ((i.id, i.cost, ", ".join(i.by), i.evidence, i.title) for i in chosen))
    click.echo(ngettext("{n} measure of prevention.", "{n} measures of prevention.", len(chosen)).format(n=len(chosen)))


def _offered(
    record: Path, finding: str | None, measure: str | None, everything: bool
) -> tuple[tuple[Offered, ...], Wording]:
    from ..judge import open_stored
    from ..prevention import MOST, for_assessment
    from ..reports import known_details
    from ..reports.prevention import Wording
    from ..trust import KeyStore

    assessment = open_stored(record, KeyStore().known()).assessment
    details = known_details(assessment)
    narrowed = bool(finding or measure)
    offered = for_assessment(assessment, details.frameworks, most=None if everything or narrowed else MOST)
    chosen = (
        item
        for item in offered
        if (not finding or item.risk.rule == finding)
        and (not measure or item.risk.measure == measure or any(_reads(item, measure)))
    )
    return tuple(chosen), Wording(details)


def _reads(item: Offered, measure: str) -> list[bool]:
    return [reading.measure == measure for offer in item.offers for reading in offer.readings]


def _lines(offered: tuple[Offered, ...], wording: Wording, full: bool) -> list[str]:
    """Return what is offered as lines: risks with their offers; open requirements in full only where asked for."""
    if not offered:
        nothing = _(
            "Nothing that was found calls for a measure of prevention. That says nothing of what was not checked."
        )
        return _wrapped(nothing, "")
    lines: list[str] = []
    for item in offered:
        if item.risk.nature == "open" and not full:
            continue
        lines += [*_risk(item, wording, full), ""]
    left = [item for item in offered if item.risk.nature == "open"]
    if left and not full:
        n = sum(item.risk.n for item in left)
        more = ngettext("{n} requirement that nobody has shown", "{n} requirements that nobody has shown", n).format(
            n=n
        )
        lines += _wrapped(_("More for {what}; what to do in full, with sources: --all").format(what=more), "")
    return lines


def _risk(item: Offered, wording: Wording, full: bool) -> list[str]:
    lines = _wrapped(f"[{wording.nature(item.risk)}] {wording.risk(item.risk)}", "")
    for offer in item.offers:
        mitigation = offer.mitigation
        lines += _wrapped(f"→ {mitigation.title} ({mitigation.id})", "  ")
        lines += _wrapped(mitigation.text, "    ") if full else []
        for label, text in _facts(offer, wording, full):
            lines += _wrapped(f"{label}: {text}", "    · ")
    if item.more:
        text = ngettext(
            "{n} more that fits: accord prevent --all", "{n} more that fit: accord prevent --all", item.more
        )
        lines.append("  " + text.format(n=item.more))
    return lines


def _facts(offer: Offer, wording: Wording, full: bool) -> list[tuple[str, str]]:
    """Return the facts of an offer: in full with the sources, else what fits a glance."""
    from ..reports.prevention import cited

    effort = (_("cost"), wording.effort(offer))
    effects = offer.side_effects
    if not full:
        called = wording.readings(offer.readings[:2])
        known = (_("side effects"), str(len(effects)) if effects else _("none known to us"))
        return [*([(_("called for by"), called)] if called else []), effort, known]
    known_effects = [(_("side effect"), f"{effect.text} [{cited(effect.source)}]") for effect in effects]
    return [
        *wording.facts(offer),
        effort,
        *(known_effects or [(_("side effects"), _("none known to us"))]),
        (_("source"), cited(offer.mitigation.source)),
    ]


def _wrapped(text: str, indent: str) -> list[str]:
    import textwrap

    return textwrap.wrap(
        visible(text), _WIDTH, initial_indent=indent, subsequent_indent=" " * len(indent), break_on_hyphens=False
    )
