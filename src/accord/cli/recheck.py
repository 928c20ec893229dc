"""`accord recheck`: repeat what somebody else measured."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import UsageError
from ..i18n import _
from ..reports.visible import visible
from .assess import show_progress, show_reading
from .output import as_json, print_json, print_table
from .statements import hand_out, out, sign_with

if TYPE_CHECKING:
    from ..records.recheck import Recheck

_STATUS = {"agrees": 0, "differs": 1, "nothing_repeated": 3}
_MOST = 40


@click.command("recheck")
@click.argument("report", type=click.Path(path_type=Path, exists=True))
@click.argument("target")
@click.option("--only", multiple=True, help="Repeat only this inspector. Repeatable.")
@click.option(
    "--card",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The card that they used, where REPORT is a file of statements, which does not hold it.",
)
@click.option("--run-target", is_flag=True, help="Allow inspectors that run the target's own code, isolated.")
@sign_with
@out
@as_json
def command(
    report: Path,
    target: str,
    only: tuple[str, ...],
    card: Path | None,
    run_target: bool,
    key_names: tuple[str, ...],
    out: Path,
    as_json: bool,
) -> int:
    """Repeat on TARGET what REPORT (a folder, or its assessment.intoto.jsonl) says was measured; sign what came out.

    TARGET must be the very same bytes. The same inspectors run with the same parameters and seed. Exit status: 0 what
    was repeated agrees; 1 something differs; 2 the call, the report or the target is wrong; 3 nothing was repeated.
    """
    from ..inspectors.registry import all_inspectors, modules
    from ..recheck import open_claim, open_claimed, repeat
    from ..trust import KeyStore
    from ..trust.saying import say
    from ..trust.statement import subject

    unknown = [name for name in only if name not in modules()]
    if unknown:
        raise UsageError("unknown-inspector", f"no inspector {unknown[0]!r}", f"Choose of: {', '.join(modules())}.")
    store = KeyStore()
    signers = [store.load(name) for name in key_names] or [store.own()]
    claim = open_claim(report, store.known())
    reading = show_reading if sys.stderr.isatty() else None
    with open_claimed(claim, target, card, reading) as opened:
        found = repeat(
            claim,
            opened,
            all_inspectors(),
            only=only,
            run_target=run_target,
            progress=None if as_json else show_progress,
        )
        about = [subject("statement", claim.statement), subject(opened.subject.name, claim.target)]
    paths: tuple[Path, ...] = ()
    if found.outcome != "nothing_repeated":
        paths = hand_out([say(found, "recheck", about, signers=signers)], out, "recheck")
    if as_json:
        print_json({"recheck": found, "statement": [str(path) for path in paths]})
    else:
        _show(found, paths)
    return _STATUS[found.outcome]


def _show(found: Recheck, paths: tuple[Path, ...]) -> None:
    wrong = [item for item in found.results if item.outcome == "differs"]
    if wrong:
        rows = (
            (item.measure, ", ".join(item.dimensions.values()) or item.path, item.theirs, item.ours, item.reason)
            for item in wrong[:_MOST]
        )
        print_table((_("measure"), _("where"), _("theirs"), _("ours"), _("why")), rows)
        if len(wrong) > _MOST:
            click.echo(_("… and {n} more that differ").format(n=len(wrong) - _MOST))
    for one in found.findings:
        text = _("only they found: {what}") if one.side == "theirs" else _("they do not report: {what}")
        click.echo(visible(text.format(what=f"{one.rule} {one.severity} {one.path}")))
    for version in found.versions:
        text = _("{name}: theirs {theirs}, ours {ours}")
        name = f"{version.inspector} {version.tool}".strip()
        click.echo(visible(text.format(name=name, theirs=version.theirs, ours=version.ours)))
    reasons = {(item.inspector, item.reason) for item in found.results if item.outcome == "not_repeated"}
    for inspector, reason in sorted(reasons)[:_MOST]:
        click.echo(visible(_("not repeated: {inspector}: {reason}").format(inspector=inspector, reason=reason)))
    text = _("{agrees} measurements agree, {differs} differ, {rest} were not repeated.")
    click.echo(
        text.format(agrees=found.count("agrees"), differs=found.count("differs"), rest=found.count("not_repeated"))
    )
    sentences = {
        "agrees": _("AGREES: what was repeated came out as they say."),
        "differs": _("DIFFERS: what they say is not what these bytes give here."),
        "nothing_repeated": _("NOTHING was repeated, so nothing is said about it, and nothing was signed."),
    }
    click.echo(sentences[found.outcome])
    for path in paths:
        click.echo(visible(_("Signed and logged: {path}").format(path=path)))
