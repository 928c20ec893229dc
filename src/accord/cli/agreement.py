"""`accord agreement`: one jurisdiction recognises what bodies of another measured: for a scope, for a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..errors import AccordError, UsageError
from ..i18n import _, ngettext
from ..reports.visible import visible
from .output import as_json, print_json, print_table
from .statements import hand_out, out, read_statement, sign_with, signers
from .trust_drafts import scope_of, scope_options, time_of

if TYPE_CHECKING:
    from ..recognition.agreements import Edge
    from ..records.said import Person
    from ..trust.saying import Heard

F = TypeVar("F", bound=Callable[..., Any])
MAX_FILES = 20_000
_DAYS_TO_STAND = 3_653
_statement = click.argument("file", type=click.Path(path_type=Path, exists=True))


def _by(command: F) -> F:
    """Add the options that say who speaks."""
    for name, what, required in (
        ("office", "The office that you speak for.", False),
        ("function", "In which function you speak.", True),
        ("name", "Your name or pseudonym.", True),
    ):
        command = click.option(f"--{name}", name, default="", required=required, help=what)(command)
    return command


@click.group("agreement")
def command() -> None:
    """Make, accept, end and list agreements: one side recognises what bodies of the other measured.

    Mutual recognition is two agreements. Who may sign for a side, its trust list says: see accord trust.
    """


@command.command("make")
@click.option("--recognises", required=True, help="The jurisdiction that recognises: yours.")
@click.option("--of", required=True, help="The jurisdiction whose bodies are recognised.")
@click.option(
    "--id", "agreement_id", default="", help="What both call it (default: from the jurisdictions and the day)."
)
@click.option("--body", "bodies", multiple=True, help="Only this body of its trust list (id). Repeatable.")
@scope_options
@click.option(
    "--level",
    type=click.Choice(["same_method", "equivalent_outcome"]),
    default="same_method",
    show_default=True,
    help="Results by the same method, or also by the other side's own equivalent one.",
)
@click.option(
    "--assurance",
    type=click.Choice(["declared", "self_measured", "third_party", "reproduced"]),
    default="third_party",
    show_default=True,
    help="The least assurance of a result.",
)
@click.option("--max-age-days", type=click.IntRange(1), help="The greatest age of a result.")
@click.option("--check-test-rate", type=click.FloatRange(0, 1), default=0.0, help="Share of results tested again.")
@click.option("--witnesses", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="A tlog-policy file.")
@click.option("--from", "valid_from", default="", metavar="DAY", help="First day (default: today).")
@click.option("--until", "valid_until", required=True, metavar="DAY", help="Last day.")
@click.option("--basis", multiple=True, metavar="DIGEST", help="A statement that it rests on. Repeatable.")
@click.option("--reason", default="", help="Why.")
@_by
@sign_with
@out
@as_json
def make(
    recognises: str,
    of: str,
    agreement_id: str,
    bodies: tuple[str, ...],
    level: Any,
    assurance: Any,
    max_age_days: int | None,
    check_test_rate: float,
    witnesses: Path | None,
    valid_from: str,
    valid_until: str,
    basis: tuple[str, ...],
    reason: str,
    name: str,
    function: str,
    office: str,
    key_names: tuple[str, ...],
    out: Path,
    as_json: bool,
    **scope: tuple[str, ...],
) -> None:
    """Say that one jurisdiction recognises what bodies of another measured. It counts once the other accepts it."""
    from ..recognition.agreements import agreement_mistakes, agreement_subject
    from ..records.agreement import Agreement, Conditions
    from ..trust.folder import read_regular
    from ..trust.policy import MAX_POLICY_BYTES
    from ..trust.saying import say

    today = datetime.now(UTC).date()
    policy = read_regular(witnesses, MAX_POLICY_BYTES).decode("utf-8", "replace") if witnesses else ""
    agreement = Agreement(
        id=agreement_id or f"{recognises}-{of}-{today}",
        recognises=recognises,
        of=of,
        bodies=bodies,
        scope=scope_of(scope),
        level=level,
        conditions=Conditions(
            assurance=assurance, max_age_days=max_age_days, check_test_rate=check_test_rate, witnesses=policy
        ),
        valid_from=valid_from or str(today),
        valid_until=valid_until,
        basis=basis,
        reason=reason,
        by=_person(name, function, office),
    )
    wrong = agreement_mistakes(agreement)
    if wrong:
        raise UsageError("bad-agreement", "\n".join(["it could never be in force:", *wrong]), "Correct what is named.")
    days = (date.fromisoformat(valid_until) - today).days + 2
    if days < 2:
        raise UsageError("over-already", f"{valid_until} is over", "Give a later --until.")
    line = say(agreement, "agreement", [agreement_subject(agreement)], signers=signers(key_names), valid_days=days)
    _hand_out(line, [], out, as_json)


@command.command("accept")
@_statement
@_by
@sign_with
@out
@as_json
def accept(
    file: Path, name: str, function: str, office: str, key_names: tuple[str, ...], out: Path, as_json: bool
) -> None:
    """Accept the agreement in FILE for the side whose bodies it recognises: before that it does not count."""
    from ..records.agreement import AgreementAcceptance
    from ..trust.saying import say
    from ..trust.statement import subject

    heard, agreement = _agreement(file)
    record = AgreementAcceptance(agreement=heard.id, by=_person(name, function, office))
    about = [subject(agreement.id, heard.id)]
    line = say(record, "agreement-acceptance", about, signers=signers(key_names), valid_days=_DAYS_TO_STAND)
    _hand_out(line, [heard], out, as_json)


@command.command("end")
@_statement
@click.option("--effective", default="", metavar="TIME", help="From when on (default: now); a day or a time.")
@click.option("--reason", required=True, help="Why.")
@_by
@sign_with
@out
@as_json
def end(
    file: Path,
    effective: str,
    reason: str,
    name: str,
    function: str,
    office: str,
    key_names: tuple[str, ...],
    out: Path,
    as_json: bool,
) -> None:
    """End the agreement in FILE, for either side. What was recognised until then stays recognised."""
    from ..records.agreement import AgreementEnd
    from ..trust.saying import say
    from ..trust.statement import format_time, subject

    heard, agreement = _agreement(file)
    now = datetime.now(UTC)
    when = time_of(effective, now)
    if when < now - timedelta(minutes=1):
        raise UsageError("in-the-past", f"{effective} is over: no end reaches back", "Leave --effective out.")
    record = AgreementEnd(
        agreement=heard.id, effective=format_time(when), reason=reason, by=_person(name, function, office)
    )
    about = [subject(agreement.id, heard.id)]
    line = say(record, "agreement-end", about, signers=signers(key_names), valid_days=_DAYS_TO_STAND)
    _hand_out(line, [heard], out, as_json)


@command.command("list")
@click.argument("folder", type=click.Path(path_type=Path, exists=True), default=Path("accord-statements"))
@click.option("--at", default="", metavar="TIME", help="As of this day or time (default: now).")
@as_json
def list_(folder: Path, at: str, as_json: bool) -> None:
    """List the agreements among the statements in FOLDER, each in its state, by the trust lists that you accepted.

    A proof beside a statement, with a witness that you know, shows when it existed: that counts where an authority has
    lost its standing since.
    """
    statements, seen, unread = _read_folder(folder)
    edges = _edges(statements, time_of(at, datetime.now(UTC)), seen)
    if as_json:
        print_json({"agreements": [_plain(edge) for edge in edges], "unread": unread})
        return
    for text in unread:
        click.echo(visible(text), err=True)
    if not edges:
        click.echo(_("No agreement is among them."))
        return
    rows = [
        (
            edge.agreement.id if edge.agreement else edge.digest[:23],
            edge.recognises,
            edge.of,
            _state(edge),
            edge.agreement.valid_until if edge.agreement else "",
            edge.reason,
        )
        for edge in edges
    ]
    print_table((_("agreement"), _("recognises"), _("bodies of"), _("state"), _("until"), _("why")), rows)
    n = sum(edge.state == "in_force" for edge in edges)
    click.echo(ngettext("{n} agreement is in force.", "{n} agreements are in force.", n).format(n=n))


def _state(edge: Edge) -> str:
    return {
        "proposed": _("proposed"),
        "in_force": _("in force"),
        "not_yet": _("not yet in force"),
        "lapsed": _("lapsed"),
        "ended": _("ended"),
        "invalid": _("invalid"),
    }[edge.state]


def _plain(edge: Edge) -> dict[str, Any]:
    return {
        "digest": edge.digest,
        "state": edge.state,
        "reason": edge.reason,
        "recognises": edge.recognises,
        "of": edge.of,
        "ended": edge.ended,
        "agreement": edge.agreement,
    }


def _agreement(file: Path) -> tuple[Heard, Any]:
    from ..records.agreement import Agreement

    heard = read_statement(file)
    if heard.kind != "agreement":
        raise UsageError("no-agreement", f"{file} holds no agreement", "Name the file that `agreement make` wrote.")
    return heard, heard.record(Agreement)


def _person(name: str, function: str, office: str) -> Person:
    from ..records.said import Person

    return Person(name=name, role=function, office=office)


def _hand_out(line: bytes, others: Sequence[Heard], folder: Path, as_json: bool) -> None:
    """Log and write a statement, and say what follows from it here."""
    from ..trust.saying import hear

    heard = hear(line)
    (path,) = hand_out([line], folder, heard.kind)
    (edge,) = _edges([*others, heard], datetime.now(UTC), {})
    if as_json:
        print_json({"statement": heard.id, "file": str(path), "agreement": _plain(edge)})
        return
    click.echo(visible(_("Signed, logged and written: {path}").format(path=path)))
    if edge.state == "invalid":
        click.echo(visible(_("By the trust lists that you accepted it does not count: {why}").format(why=edge.reason)))


def _edges(statements: Sequence[Heard], moment: datetime, seen: dict[str, datetime]) -> tuple[Edge, ...]:
    from ..recognition.agreements import edges_at
    from ..trust.trust_list_shelf import Shelf

    return edges_at(statements, Shelf().current(), moment, seen=seen)


def _read_folder(folder: Path) -> tuple[list[Heard], dict[str, datetime], list[str]]:
    """Read the statements in a folder or file: those that hold, when witnesses saw them, and what can't be read."""
    from ..trust import KeyStore
    from ..trust.folder import read_regular
    from ..trust.saying import MAX_STATEMENT_BYTES, STATEMENT_SUFFIX, hear, proof_of

    paths = sorted(folder.glob(f"*{STATEMENT_SUFFIX}")) if folder.is_dir() else [folder]
    if len(paths) > MAX_FILES:
        raise UsageError("too-many-files", f"{folder}: {len(paths)} statements", f"At most {MAX_FILES} are read.")
    known = KeyStore().known()
    statements: list[Heard] = []
    seen: dict[str, datetime] = {}
    unread: list[str] = []
    for path in paths:
        try:
            for line in read_regular(path, MAX_STATEMENT_BYTES).splitlines():
                heard = hear(line, name=path.name)
                statements.append(heard)
                seen.update((heard.id, moment) for moment in _witnessed(proof_of(path), heard, known))
        except AccordError as error:
            unread.append(error.message)
        except OSError as error:
            unread.append(f"{path.name}: {error.strerror or 'not a regular file'}")
    return statements, seen, unread


def _witnessed(path: Path, heard: Heard, known: Any) -> Iterator[datetime]:
    """Return when a known witness saw the statement, if a proof of a known log lies beside it and says so."""
    from ..trust.folder import read_regular
    from ..trust.note import MAX_NOTE_BYTES
    from ..trust.proof import parse_proof, verify_proof
    from ..trust.tree import leaf_hash
    from ..trust.trust_list import seen_at

    try:
        proof = parse_proof(read_regular(path, MAX_NOTE_BYTES), name=path.name)
        logs = [key.verifier for key in known.of("log") if key.verifier.name == proof.checkpoint.origin]
        witnesses = [key.verifier for key in known.of("witness")]
        for log in logs:
            cosigned = verify_proof(proof, leaf_hash(heard.entry), log, witnesses, name=path.name)
            moment = seen_at(proof.note, cosigned)
            if moment:
                yield moment
    except (OSError, AccordError):
        return
