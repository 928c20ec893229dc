"""`accord recognise`: what of a foreign assessment counts here, and the decision on it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import UsageError
from ..i18n import SOURCE, _, in_language
from ..reports.visible import visible
from .choosing import frameworks_option, profile_option
from .node_folder import in_folder
from .output import as_json, print_json
from .recognised import outcome_words, show
from .statements import hand_out, out, sign_with

if TYPE_CHECKING:
    from ..recognition.case import Case
    from ..recognition.known import World
    from ..recognition.recognise import Rules
    from ..records import Context, Profile

_STATEMENTS = Path("accord-statements")
_STATEMENT = re.compile(r"sha256:[0-9a-f]{64}")
_folder = click.Path(path_type=Path, exists=True)
statements_option = click.option(
    "--statements",
    type=_folder,
    help="Folder with agreements, acceptances, ends, revocations and rechecks (default: accord-statements, if there).",
)


class _Report(click.Path):
    """A report folder, or the digest of an assessment that a node keeps."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return value if _STATEMENT.fullmatch(str(value)) else super().convert(value, param, ctx)


class _Recognise(click.Group):
    """A group that takes what is no subcommand for an assessment."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, "-h", "--help"):
            args = ["assessment", *args]
        return super().parse_args(ctx, args)


@click.group("recognise", cls=_Recognise)
def command() -> None:
    """Say what of a foreign assessment counts here: accord recognise ASSESSMENT --for DE.

    By the trust lists that you accepted (accord trust) and the agreements among the statements. See accord recognise
    assessment --help.
    """


@command.command("assessment")
@click.argument("assessment", type=_Report(path_type=Path, exists=True))
@in_folder
@click.option("--for", "jurisdiction", required=True, metavar="CODE", help="Where it is to count: DE.")
@click.option("--at", default="", metavar="TIME", help="As of this day or time (default: now).")
@statements_option
@frameworks_option
@profile_option
@click.option("--context", "context_file", type=_folder, help="A card (TOML) whose [context] says what holds here.")
@click.option("--population", help="Whom it affects here; if they are the same people, in the same words.")
@click.option("--place", "places", multiple=True, help="Where it is used here (default: the jurisdiction). Repeatable.")
@click.option("--language", "languages", multiple=True, help="Language that it is used in here. Repeatable.")
@click.option("--period", help="The years that a measurement must be of.")
@click.option("--decide", "draft", type=click.Path(path_type=Path, dir_okay=False), help="Draft the decision here.")
@click.option("--key", "key_name", default="default", show_default=True, help="Your key, if you draft the decision.")
@click.option("--name", default="", help="Your name, if you draft the decision.")
@click.option("--role", default="", help="In which function.")
@click.option("--office", default="", help="For which office.")
@click.option("--until", default="", metavar="DAY", help="The decision's last day, if agreements allow as much.")
@click.option("--reason", "reasons", multiple=True, help="A reason of your own for the decision. Repeatable.")
@click.option("--condition", "conditions", multiple=True, help="A condition of the decision. Repeatable.")
@click.option("--remedy", default="", help="How to object to the decision.")
@as_json
def assessment_command(
    assessment: Path | str,
    folder: Path | None,
    jurisdiction: str,
    at: str,
    statements: Path | None,
    frameworks: tuple[str, ...],
    profile: Path | None,
    context_file: Path | None,
    population: str | None,
    places: tuple[str, ...],
    languages: tuple[str, ...],
    period: str | None,
    draft: Path | None,
    key_name: str,
    name: str,
    role: str,
    office: str,
    until: str,
    reasons: tuple[str, ...],
    conditions: tuple[str, ...],
    remedy: str,
    as_json: bool,
) -> None:
    """Say what of ASSESSMENT (a report folder) counts in a jurisdiction, requirement by requirement and why.

    Recognised is what a body showed under a framework that an agreement covers. What is not is judged here, by your own
    thresholds, on their measurements as far as they fit the people, the place and the languages here. With --decide the
    decision is drafted, which a second officer signs: accord recognise sign.

    ASSESSMENT can also be the digest (sha256:…) of an assessment that a node on this machine keeps: then all that the
    node knows counts, and --folder says which node.
    """
    from dataclasses import replace

    from ..frameworks import check_profile, open_profile
    from ..recognition.deciding import begin, decide, draw, write_draft
    from ..recognition.fit import Here
    from ..recognition.recognise import appraise
    from ..records.said import Person
    from ..trust import KeyStore, own_log
    from .trust_drafts import time_of

    if draft and not (name.strip() and role.strip()):
        raise UsageError("who-prepares", "it is not said who prepares the decision", "Give --name and --role.")
    if draft and draft.exists():
        raise UsageError("draft-exists", f"{draft} is there already", "Give another file; no draft is replaced.")
    store = KeyStore()
    key = store.own(key_name) if draft and key_name == "default" else store.load(key_name) if draft else None
    code = jurisdiction.strip().upper()
    held = open_profile(profile) if profile else None
    moment = time_of(at, datetime.now(UTC))
    if isinstance(assessment, str):
        if statements or draft:
            text = "with the digest of a statement, the node's statements count, and decisions are drafted on its pages"
            raise UsageError("of-a-node", text, "Leave --statements and --decide out, or name a report folder.")
        opened, world = _kept_on_node(folder, assessment, moment)
    else:
        opened, world = opened_case(assessment), known(statements, moment)
    rules = rules_for(opened, code, frameworks, held)
    if held:
        check_profile(held, [file.framework for file in rules.frameworks])
    local = _local(context_file, population, places, languages, period)
    found = appraise(opened, Here(code, local), world, rules)
    record = None
    if draft and key:
        by = Person(name=name, role=role, office=office)
        with in_language(SOURCE):  # what is signed is English, whatever whoever reads it reads
            said = replace(world)  # without the reasons of its edges, which were made in the reader's language
            weighed = appraise(opened, Here(code, local), said, rules)
            record = decide(
                weighed,
                said,
                by,
                check_test=draw(weighed, said, opened, by, key, own_log()),
                until=until,
                reasons=reasons,
                conditions=conditions,
                remedy=remedy,
            )
        write_draft(draft, begin(record, key.public))
    if as_json:
        print_json(found if record is None else {"appraisal": found, "decision": record, "draft": str(draft)})
        return
    show(found)
    if record:
        text = _("Drafted: {outcome}, until {day}. Edit reasons and conditions in {draft}; a second officer signs.")
        words = {"outcome": outcome_words()[record.outcome], "day": record.valid_until, "draft": draft}
        click.echo(visible(text.format(**words)))
        if record.check_test.drawn:
            click.echo(_("It was drawn for a check test: repeat the measurement with `accord recheck`."))


@command.command("sign")
@click.argument("draft", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("assessment", type=_folder)
@statements_option
@frameworks_option
@sign_with
@click.option("--name", default="", help="Your name, if you decide.")
@click.option("--role", default="", help="In which function.")
@click.option("--office", default="", help="For which office.")
@out
@as_json
def sign_command(
    draft: Path,
    assessment: Path,
    statements: Path | None,
    frameworks: tuple[str, ...],
    key_names: tuple[str, ...],
    name: str,
    role: str,
    office: str,
    out: Path,
    as_json: bool,
) -> None:
    """Sign the decision in DRAFT on ASSESSMENT: who decides first, then who prepared it, each with a key of their own.

    All but the office's own words is computed again before. Two persons and two keys are needed; with both keys on
    this machine, --key can be given twice.
    """
    from msgspec.structs import replace

    from ..recognition.deciding import KIND, check, finished, read_draft, sign, write_draft
    from ..recognition.fit import Here
    from ..recognition.recognise import appraise
    from ..records.said import Person
    from ..trust import KeyStore
    from ..trust.saying import hear
    from ..trust.statement import parse_time

    store = KeyStore()
    keys = [store.load(item) for item in key_names] or [store.load()]
    read = read_draft(draft)
    said = read.record
    opened = opened_case(assessment)
    ids = [used.id for used in said.frameworks]
    rules = rules_for(opened, said.jurisdiction, (*frameworks, *_installed(ids)), said.profile, only=ids)
    world = known(statements, parse_time(said.at))
    with in_language(SOURCE):
        found = appraise(opened, Here(said.jurisdiction, said.local), world, rules)
        read = replace(read, record=check(read, found, world)) if not read.payload else read
        check(read, found, world)
    decider = Person(name=name, role=role, office=office) if name or role else None
    for key in sorted(keys, key=lambda item: item.keyid == read.preparer.keyid):
        read = sign(read, key, decider)
    line = finished(read)
    write_draft(draft, read)
    paths = hand_out([line], out, KIND) if line else ()
    if as_json:
        answer = {"statement": hear(line).id if line else None, "file": str(paths[0]) if line else None}
        print_json({**answer, "decision": read.record, "signed": list(read.signatures)})
    elif line:
        click.echo(visible(_("Both have signed; logged and written: {path}").format(path=paths[0])))
    else:
        text = _("Signed. Now {name} signs the same text: accord recognise sign {draft} {assessment}")
        click.echo(visible(text.format(name=said.prepared_by.name, draft=draft, assessment=assessment)))


def _kept_on_node(folder: Path | None, identity: str, at: datetime) -> tuple[Case, World]:
    """Return an assessment that a node keeps, and what the node knows: whoever has its folder may see it all."""
    from dataclasses import replace

    from .node_folder import opened

    with opened(folder) as node:
        from ..node.recognising import Answer, case_of, prepare
        from ..store.viewer import Viewer

        ready = prepare(node, Viewer(account="command-line", roles=frozenset({"operator"})), identity)
        if isinstance(ready, Answer):
            raise UsageError("no-record", ready.reason, "Ask who published it for the whole report.")
        return case_of(node, ready), replace(ready.world, at=at)


def opened_case(assessment: Path) -> Case:
    """Open a report folder, by the keys that the user knows."""
    from ..recognition.case import open_case
    from ..trust import KeyStore

    return open_case(assessment, KeyStore().known())


def known(statements: Path | None, at: datetime) -> World:
    """Return what is known: the statements in a folder, and the trust lists that the user accepted."""
    from ..recognition.known import World
    from ..trust.trust_list_shelf import Shelf
    from .agreement import _read_folder as read_folder

    place = statements or (_STATEMENTS if _STATEMENTS.is_dir() else None)
    heard, seen, unread = read_folder(place) if place else ([], {}, [])
    for text in unread:
        click.echo(visible(_("Left out: {why}").format(why=text)), err=True)
    return World(at, tuple(heard), Shelf().current(), seen)


def rules_for(
    case: Case, code: str, frameworks: tuple[str, ...], profile: Profile | None, *, only: list[str] | None = None
) -> Rules:
    """Return what a result is held to: the frameworks that are named, else all that apply in `code` and the sector.

    What is named as a file also serves to judge again what was judged there under that text.
    """
    from ..frameworks import sectors, select_files
    from ..inspectors.registry import all_inspectors
    from ..recognition.recognise import Rules

    sector = case.assessment.card.system.sector
    codes = [] if frameworks else [code]
    chosen = select_files(frameworks, codes, sector if codes and sector in sectors() else None)
    held = chosen if only is None else tuple(file for file in chosen if file.framework.id in only)
    return Rules(held, all_inspectors(), profile, texts=chosen)


def _installed(ids: list[str]) -> list[str]:
    from ..frameworks import library_ids

    return [name for name in ids if name in library_ids()]


def _local(
    file: Path | None,
    population: str | None,
    places: tuple[str, ...],
    languages: tuple[str, ...],
    period: str | None,
) -> Context:
    from msgspec.structs import replace

    from ..records import Context
    from ..subjects.card import read_card

    base = read_card(file, name=file.name).context if file else Context()
    stated = {"population": population, "places": places, "languages": languages, "period": period}
    return replace(base, **{name: value for name, value in stated.items() if value})
