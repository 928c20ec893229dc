"""`accord verify`: check a report that somebody hands you."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import UsageError
from ..i18n import _, ngettext
from ..reports.visible import visible
from .output import as_json, print_json

if TYPE_CHECKING:
    from ..records import Assessment
    from ..verify import Verification

_LONG = ("assessment", "intended")
_STATUS = {"proven": 0, "altered": 1, "unknown_signer": 3, "policy_unsatisfied": 3, "not_recomputed": 3}


@click.command("verify")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), default="accord-report")
@click.option(
    "--framework",
    "texts",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The file of a framework that the library doesn't have. Repeatable.",
)
@click.option(
    "--policy",
    "policy_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A C2SP tlog-policy: which logs, and which quorum of witnesses, you ask for.",
)
@as_json
def command(folder: Path, texts: tuple[Path, ...], policy_file: Path | None, as_json: bool) -> int:
    """Check the report in FOLDER, without a network: bytes, numbers, verdicts, signer, log.

    Exit status: 0 proven; 1 altered; 2 unreadable; 3 valid, but the signer is unknown to you, your policy asks for
    other witnesses, or verdicts were made under a text that is not here.
    """
    from ..frameworks import open_framework
    from ..trust import KeyStore
    from ..trust.policy import read_policy
    from ..verify import verify

    policy = read_policy(policy_file) if policy_file else None
    found = verify(folder, KeyStore().known(), [open_framework(text) for text in texts], policy)
    if as_json:
        seal = {name: getattr(found.seal, name) for name in found.seal.__struct_fields__ if name not in _LONG}
        parts = {"seal": seal, "recomputed": found.recomputed, "reviews": found.reviews}
        print_json({"outcome": found.outcome, **parts})
    else:
        _show(found)
    return _STATUS[found.outcome]


def _show(found: Verification) -> None:
    seal, again = found.seal, found.recomputed
    _line(seal.unchanged, _("unchanged"), _("every file is as it was signed") if seal.unchanged else "")
    for change in seal.changes:
        click.echo(visible(f"    {change.path}: {change.change}{': ' if change.detail else ''}{change.detail}"))
    if again:
        text = _("{n} numbers computed again, {verdicts} verdicts judged again; {facts} facts were read, not computed")
        text = text.format(n=again.measurements, verdicts=again.verdicts, facts=again.facts)
        _line(not again.disagreements, _("recomputed"), text)
        for disagreement in (*again.disagreements, *again.not_recomputed):
            click.echo(visible(f"    {disagreement}"))
    profile = seal.assessment.profile if seal.assessment else None
    if profile:
        text = _("    by thresholds of the profile “{title}” ({author}, {date})")
        click.echo(visible(text.format(title=profile.title, author=profile.author, date=profile.date)))
    if found.reviews:
        n = found.reviews.count
        text = ngettext("{n} judgement of a person, signed", "{n} judgements of people, signed", n).format(n=n)
        _line(not (found.reviews.altered or found.reviews.unknown), _("reviews"), text)
        for problem in (*found.reviews.altered, *found.reviews.unknown):
            click.echo(visible(f"    {problem}"))
    signer = f"{seal.signer.name}: {seal.signer.reason}" if seal.signer.name else seal.signer.reason
    _line(seal.signer.valid and seal.signer.known, _("signer"), signer)
    if seal.signer.keyid:
        click.echo(f"    {seal.signer.keyid}")
    for measurer in seal.measurers:
        text = _("measured by another than judged: {reason}").format(reason=measurer.reason)
        _line(measurer.valid and measurer.known, _("measurer"), f"{measurer.name}: {text}" if measurer.name else text)
        click.echo(f"    {measurer.keyid}")
    log = seal.log
    where = _("{origin}, entry {index} of {size}. ").format(origin=log.origin, index=log.index, size=log.size)
    _line(log.included, _("log"), (where if log.included else "") + log.reason)
    _line(bool(log.witnesses), _("witnesses"), ", ".join(log.witnesses) or _("none that you know"))
    if log.policy:
        _line(log.policy == "satisfied", _("policy"), "; ".join(log.missing) or _("its quorum of witnesses signed"))
    _show_plan(found)
    if seal.signed_at:
        until = _("signed {at}, valid until {until}").format(at=seal.signed_at, until=seal.valid_until)
        _line(not seal.lapsed, _("valid"), until)
    click.echo(_("Not proven by any signature here:"))
    for sentence in seal.not_proven:
        click.echo(visible(f"  - {sentence}"))
    conclusion = {
        "proven": _("Proven: this is what a key that you know signed, and every number follows from its counts."),
        "altered": _("ALTERED: do not rely on this report."),
        "policy_unsatisfied": _("Valid, but not under your policy: see what is missing above."),
        "not_recomputed": _("Valid, but not every verdict could be judged again: give the text with --framework."),
        "unknown_signer": _("Valid, but the signer is unknown to you. If you know whose key it is: accord keys trust"),
    }
    click.echo(conclusion[found.outcome])


def _show_plan(found: Verification) -> None:
    from ..reports.planning import deviation_in_words

    plan, n = found.seal.plan, len(found.seal.plan.deviations)
    but = ngettext("But {n} deviation:", "But {n} deviations:", n).format(n=n)
    _line(plan.planned and not n, _("planned"), f"{plan.reason} {but}" if n else plan.reason)
    for deviation in plan.deviations:
        click.echo(visible(f"    {deviation_in_words(deviation)}"))
    if n and plan.why:
        click.echo(visible(_("    reason given: {why}").format(why=plan.why)))
    if found.seal.intended and found.seal.assessment:
        _show_gates(found.seal.intended.gates, found.seal.assessment)


def _show_gates(gates: Sequence[str], assessment: Assessment) -> None:
    """Say how the gates that the plan set come out: what a plan calls a failure is not for the report to choose."""
    from .gates import parse_gate

    words = {"holds": _("holds"), "fails": _("fails"), "could_not_run": _("could not be decided")}
    for text in gates:
        try:
            result, why = parse_gate(text).check(assessment)
        except UsageError as error:
            result, why = "could_not_run", error.message
        click.echo(visible(f"    {_('planned gate')} {text}: {words[result]}{f' ({why})' if why else ''}"))


def _line(good: bool, name: str, text: str) -> None:
    click.echo(visible(f"{'✓' if good else '✗'} {name}: {text}"))
