"""`accord plan`: say what will be measured before measuring it, signed and logged."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import MalformedInput, UsageError
from ..i18n import _, ngettext
from ..reports.visible import visible
from .assess import Job, carry_out
from .choosing import (
    choose_frameworks,
    frameworks_for_card,
    frameworks_option,
    jurisdiction_option,
    profile_option,
    sector_option,
    warn_of_unasked,
)
from .output import as_json, print_json, print_table
from .statements import hand_out, out, read_statement, sign_with

if TYPE_CHECKING:
    from ..frameworks import FrameworkFile
    from ..records.plan import Plan
    from ..trust.saying import Heard

_file = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group("plan")
def command() -> None:
    """Say what will be measured before it is measured: draft, sign and run a plan."""


@command.command("new")
@click.argument("target")
@click.option("--card", type=_file, help="The assessor's system card.")
@frameworks_option
@jurisdiction_option
@sector_option
@profile_option
@click.option("--only", multiple=True, help="Run only this inspector. Repeatable.")
@click.option("--skip", multiple=True, help="Leave out this inspector. Repeatable.")
@click.option("--run-target", is_flag=True, help="Allow inspectors that run the target's own code, isolated.")
@click.option("--unsafe-no-isolation", is_flag=True, help="Run it even where the kernel can't isolate it. Reported.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Seed of all chance.")
@click.option("--fail-on", "gates", multiple=True, metavar="GATE", help="finding:high, verdict:not_met, coverage<0.5.")
@click.option("--sample", help="How much of the data is measured, if not all.")
@click.option("--stops", help="When measuring ends, if not after one run.")
@click.option("--why", default="", help="What the run is for.")
@click.option("--out", "place", type=click.Path(path_type=Path, dir_okay=False), default=Path("plan.json"))
@as_json
def new(
    target: str,
    card: Path | None,
    frameworks: tuple[str, ...],
    jurisdiction: str | None,
    sector: str | None,
    profile: Path | None,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    run_target: bool,
    unsafe_no_isolation: bool,
    seed: int,
    gates: tuple[str, ...],
    sample: str | None,
    stops: str | None,
    why: str,
    place: Path,
    as_json: bool,
) -> None:
    """Draft a plan for TARGET: what would be measured by which means, and what decides. Nothing is measured."""
    from msgspec.structs import replace

    from ..assess import Options
    from ..assess import plan as steps_of
    from ..frameworks import check_profile, open_profile
    from ..plan import check_plan, draft
    from ..records import to_readable_json
    from ..records.plan import ENDS, WHOLE, LeftOut
    from .gates import parse_gate

    for gate in gates:
        parse_gate(gate)
    options = Options(only=only, skip=skip, run_target=run_target, unsafe_no_isolation=unsafe_no_isolation, seed=seed)
    job = Job(target, options, card=card, sector=sector)
    inspectors = job.inspectors()
    terms = open_profile(profile) if profile else None
    asked_for = choose_frameworks(frameworks, jurisdiction, sector)
    with job.open() as found:
        texts = asked_for or frameworks_for_card(found.card)
        warn_of_unasked(found.card, texts)
        if terms:
            check_profile(terms, [text.framework for text in texts])
        steps = steps_of(found, inspectors, options)
        left_out = [
            LeftOut(inspector=s.inspector.id, path=s.part.path if s.part else None, reason=s.reason, detail=s.detail)
            for s in steps
            if s.reason
        ]
        drafted = draft(found, [s.request for s in steps if s.request], left_out, inspectors, texts, terms)
    drafted = replace(
        drafted,
        only=only,
        skip=skip,
        run_target=run_target,
        unsafe_no_isolation=unsafe_no_isolation,
        seed=seed,
        gates=gates,
        sample=sample or WHOLE,
        stops=stops or ENDS,
        why=why,
    )
    check_plan(drafted, name=place.name)
    _write(place, to_readable_json(drafted))
    if as_json:
        print_json(drafted)
        return
    _show(drafted)
    click.echo(visible(_("Read it, change it if need be, then: accord plan sign {place}").format(place=place)))


def _write(place: Path, data: bytes) -> None:
    from ..subjects.digest import refuse_sealed

    refuse_sealed(place)
    try:
        with place.open("xb") as file:
            file.write(data)
    except FileExistsError:
        raise UsageError("plan-exists", f"{place} is there already", "Give another place with --out.") from None


@command.command("sign")
@click.argument("plan", type=_file)
@sign_with
@out
@as_json
def sign(plan: Path, key_names: tuple[str, ...], out: Path, as_json: bool) -> None:
    """Sign PLAN (as `accord plan new` wrote it) and put it into your log: before the run."""
    from ..trust import KeyStore
    from ..trust.saying import proof_of, say
    from ..trust.statement import subject

    read = _read_draft(plan)
    store = KeyStore()
    signers = [store.load(name) for name in key_names] or [store.own()]
    line = say(read, "plan", [subject(read.subject.name, read.subject.digest)], signers=signers)
    (path,) = hand_out([line], out, "plan")
    if as_json:
        print_json({"statement": str(path), "proof": str(proof_of(path))})
        return
    click.echo(visible(_("The plan is signed and logged: {path}").format(path=path)))
    click.echo(visible(_("To run it: accord plan run {path} TARGET").format(path=path)))


@command.command("show")
@click.argument("plan", type=_file)
@as_json
def show(plan: Path, as_json: bool) -> None:
    """Show PLAN, a draft or a signed statement."""
    heard = None if _is_draft(plan) else _hear(plan)
    read = _sound(heard, plan) if heard else _read_draft(plan)
    if as_json:
        print_json(read)
        return
    _show(read)
    if heard:
        text = _("Signed at {at} by {keyid}. Statement {id}")
        click.echo(text.format(at=heard.created, keyid=heard.keys[0].keyid, id=heard.id))
    else:
        click.echo(_("A draft: nobody has signed it."))


@command.command("run")
@click.argument("plan", type=_file)
@click.argument("target")
@click.option("--framework", "texts", multiple=True, type=_file, help="The file of a text that the library lacks.")
@click.option("--deviate", default="", metavar="REASON", help="Run although something differs; the report says why.")
@click.option("--format", "formats", multiple=True, help="Reports beside json: html, oscal, oscal-poam. Repeatable.")
@click.option("--out", "place", type=click.Path(path_type=Path), default=Path("accord-report"), show_default=True)
@as_json
def run(
    plan: Path,
    target: str,
    texts: tuple[Path, ...],
    deviate: str,
    formats: tuple[str, ...],
    place: Path,
    as_json: bool,
) -> int:
    """Assess TARGET exactly as the signed PLAN says; everything is measured anew.

    Refused if the system, its card, a text or an inspector is not what was planned, unless --deviate says why. Exit
    status as for `accord assess`.
    """
    from ..assess import Options
    from ..plan import Followed

    heard = _hear(plan)
    read = _sound(heard, plan)
    job = Job(
        target,
        Options(
            only=read.only,
            skip=read.skip,
            parameters={item.inspector: item.parameters for item in read.runs},
            run_target=read.run_target,
            unsafe_no_isolation=read.unsafe_no_isolation,
            seed=read.seed,
        ),
        card=read.card if read.card_source == "assessor" else None,
        profile=read.profile,
        gates=read.gates,
        formats=("json", *formats) if formats else ("json", "html"),
        out=place,
        fresh=True,  # what was measured before the plan was signed is not what was planned
        followed=Followed(read, heard.id, heard.raw, _proof(heard, plan), deviate.strip()),
        texts=_texts(read, texts),
    )
    return carry_out(job, as_json)


def _texts(plan: Plan, paths: tuple[Path, ...]) -> tuple[FrameworkFile, ...]:
    """Return the texts of the plan: those that were handed in, else the library's, by id."""
    from ..frameworks import library_ids, open_framework

    given = {file.framework.id: file for file in map(open_framework, paths)}
    wanted = [reference.id for reference in plan.frameworks]
    missing = [name for name in wanted if name not in given and name not in library_ids()]
    strange = [name for name in given if name not in wanted]
    if missing or strange:
        raise UsageError(
            "texts-not-as-planned",
            "; ".join(
                [*(f"{name} is not in the library" for name in missing), *(f"{n} is not planned" for n in strange)]
            ),
            "Give the files of the planned texts with --framework, and no others.",
        )
    return tuple(given.get(name) or open_framework(name) for name in wanted)


def _proof(heard: Heard, place: Path) -> bytes:
    """Return the proof that one's own log has the plan; a plan that was logged elsewhere is logged here now."""
    from ..errors import AccordError
    from ..trust import own_log, parse_proof, verify_proof
    from ..trust.folder import read_regular
    from ..trust.note import MAX_NOTE_BYTES
    from ..trust.saying import proof_of
    from ..trust.tree import leaf_hash

    log = own_log()
    try:
        data = read_regular(proof_of(place), MAX_NOTE_BYTES)
        verify_proof(parse_proof(data), leaf_hash(heard.entry), log.verifier_key)
    except (OSError, AccordError):
        click.echo(_("The plan has no proof from your log; it is logged here now, before the run."), err=True)
        appended = log.append([heard.entry])
        data = log.prove(appended.indices[0], appended.note).encode()
    return data


def _is_draft(place: Path) -> bool:
    return not place.name.endswith(".jsonl")


def _read_draft(place: Path) -> Plan:
    from ..plan import check_plan
    from ..records import from_json
    from ..records.plan import Plan
    from ..trust.folder import read_regular
    from ..trust.saying import MAX_STATEMENT_BYTES
    from .gates import parse_gate

    try:
        data = read_regular(place.resolve(), MAX_STATEMENT_BYTES)
    except OSError as error:
        raise UsageError("no-plan", f"{place}: {error.strerror or 'not a file'}", "Name a plan.") from None
    plan = check_plan(from_json(data, Plan, name=place.name), name=place.name)
    for gate in plan.gates:
        parse_gate(gate)
    return plan


def _hear(place: Path) -> Heard:
    heard = read_statement(place)
    if heard.kind != "plan":
        raise MalformedInput(
            "no-plan", f"{place.name} is a statement of another kind: {heard.kind}", "Name a signed plan (plan sign)."
        )
    return heard


def _sound(heard: Heard, place: Path) -> Plan:
    from ..plan import check_plan
    from ..records.plan import Plan

    return check_plan(heard.record(Plan), name=place.name)


def _show(plan: Plan) -> None:
    click.echo(visible(f"{plan.subject.name} {plan.subject.digest}"))
    rows = [(run.inspector, run.version, run.path or "-", _parameters(run.parameters)) for run in plan.runs]
    print_table((_("inspector"), _("version"), _("part"), _("parameters")), rows)
    for item in plan.left_out:
        click.echo(visible(f"{_('left out')}: {item.inspector} {item.path or ''}: {item.detail or item.reason}"))
    names = ", ".join(reference.id for reference in plan.frameworks)
    facts = (
        (_("texts"), names),
        (_("profile"), plan.profile.title if plan.profile else _("none")),
        (_("gates"), ", ".join(plan.gates) or _("none")),
        (_("seed"), str(plan.seed)),
        (_("sample"), plan.sample),
        (_("stops"), plan.stops),
        (_("why"), plan.why or _("not said")),
    )
    for name, value in facts:
        click.echo(visible(f"{name}: {value}"))
    n = len(plan.runs)
    click.echo(ngettext("{n} measurement run is planned.", "{n} measurement runs are planned.", n).format(n=n))


def _parameters(parameters: object) -> str:
    items = parameters.items() if isinstance(parameters, dict) else ()
    return ", ".join(f"{name}={value}" for name, value in items) or "-"
