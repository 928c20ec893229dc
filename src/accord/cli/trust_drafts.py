"""The draft of a trust list: begun, and changed step by step, until the first signature settles it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..errors import UsageError
from ..i18n import _
from ..reports.visible import visible
from .output import as_json, print_json

if TYPE_CHECKING:
    from ..records.agreement import Scope
    from ..records.trust_list import TrustList
    from ..trust.trust_list import Accepted

F = TypeVar("F", bound=Callable[..., Any])
_ROLES = click.Choice(["laboratory", "authority", "node", "log", "witness"])
_STATES = click.Choice(["granted", "suspended", "withdrawn"])
draft_file = click.argument("draft", type=click.Path(path_type=Path, dir_okay=False))
_from = click.option("--from", "since", default="", metavar="TIME", help="Since when (default: now); a day or a time.")


def scope_options(command: F) -> F:
    """Add the options that bound a scope; they come as `frameworks`, `measures` and so on."""
    for name, what in (
        ("sector", "sectors"),
        ("part", "parts (model, training_data, …)"),
        ("inspector", "inspectors"),
        ("measure", "measures"),
        ("framework", "frameworks"),
    ):
        option = click.option(f"--{name}", f"{name}s", multiple=True, help=f"Only for these {what}. Repeatable.")
        command = option(command)
    return command


@click.command("new")
@draft_file
@click.option("--next", "name", help="Begin the list that follows the one accepted: its jurisdiction or operator.")
@click.option("--operator", default="", help="Who keeps the list.")
@click.option("--jurisdiction", default="", help="Whose list it is: DE, EU, INT.")
@click.option("--signer", "signers", multiple=True, help="A key that signs: vkey, file, or name of yours. Repeatable.")
@click.option("--threshold", type=int, default=1, show_default=True, help="How many of them must sign.")
@click.option("--days", type=click.IntRange(1, 3660), help="For how long it speaks (default: 180, or as before).")
@as_json
def new(
    draft: Path,
    name: str | None,
    operator: str,
    jurisdiction: str,
    signers: tuple[str, ...],
    threshold: int,
    days: int | None,
    as_json: bool,
) -> None:
    """Begin the DRAFT of a first list, or with --next of the list that follows one."""
    from ..trust.trust_list_draft import Draft, write_draft
    from ..trust.trust_list_editing import first_list, next_list
    from ..trust.trust_list_shelf import Shelf

    if draft.exists():
        raise UsageError("draft-exists", f"{draft} is there already", "Move it away, or give another name.")
    if name:
        if operator or jurisdiction or signers:
            raise UsageError("two-tasks", "--next takes all from the list before", "Change it with rotate, add, set.")
        record = next_list(Shelf().find(name), at=_now(), days=days)
    else:
        if not (operator and jurisdiction and signers):
            raise UsageError("needs-more", "a first list needs --operator, --jurisdiction and --signer", "Give all.")
        keys = [vkey_of(text) for text in signers]
        record = first_list(operator, jurisdiction, keys, threshold, days=days or 180, at=_now())
    write_draft(draft, Draft(editing=record))
    _report(draft, record, as_json)


@click.command("add")
@draft_file
@click.argument("entity_id", metavar="ID")
@click.option("--role", type=_ROLES, required=True)
@click.option("--vkey", "vkeys", multiple=True, required=True, help="Its key: vkey, file, or name of yours.")
@click.option("--name", default="", help="The organisation's name.")
@click.option("--street", default="", help="Street and number.")
@click.option("--city", default="", help="Postal code and city.")
@click.option("--country", default="", help="ISO 3166-1 code of its seat.")
@click.option("--email", default="", help="How to reach it.")
@click.option("--uri", default="", help="Where it says more about itself.")
@click.option("--jurisdiction", default="", help="The jurisdiction that it acts for (default: the list's).")
@scope_options
@_from
@as_json
def add(
    draft: Path,
    entity_id: str,
    role: Any,
    vkeys: tuple[str, ...],
    name: str,
    street: str,
    city: str,
    country: str,
    email: str,
    uri: str,
    jurisdiction: str,
    since: str,
    as_json: bool,
    **scope: tuple[str, ...],
) -> None:
    """Put the organisation ID on the list in a role; one that is on it already gets another role."""
    from ..records.trust_list import PostalAddress
    from ..trust.trust_list_editing import LANGUAGE, add_entity, add_service

    def step(record: TrustList) -> TrustList:
        if all(entity.mark.id != entity_id for entity in record.entities):
            given = {"--name": name, "--street": street, "--country": country, "--email": email, "--uri": uri}
            missing = ", ".join(option for option, value in given.items() if not value)
            if missing:
                raise UsageError("needs-more", f"{entity_id} is new to the list: {missing} is missing", "Give all.")
            address = PostalAddress(lang=LANGUAGE, StreetAddress=street, Locality=city, Country=country)
            record = add_entity(
                record, name, entity_id, jurisdiction=jurisdiction, address=address, email=email, uri=uri
            )
        keys = [vkey_of(text) for text in vkeys]
        now = _now()
        return add_service(record, entity_id, role, keys, scope=scope_of(scope), since=time_of(since, now), at=now)

    _edit(draft, step, as_json)


@click.command("set")
@draft_file
@click.argument("entity_id", metavar="ID")
@click.option("--role", type=_ROLES, required=True)
@click.option("--status", type=_STATES)
@click.option("--add-key", "added", multiple=True, help="One more key: vkey, file, or name of yours. Repeatable.")
@click.option("--drop-key", "dropped", multiple=True, metavar="KEYID", help="A key that is no longer good. Repeatable.")
@scope_options
@_from
@as_json
def change(
    draft: Path,
    entity_id: str,
    role: Any,
    status: Any,
    added: tuple[str, ...],
    dropped: tuple[str, ...],
    since: str,
    as_json: bool,
    **scope: tuple[str, ...],
) -> None:
    """Change the status, keys or scope of ID in a role; what was, stays in its history.

    A key that was replaced and is sound need not be dropped: it stays good for what it signed.
    """
    from ..trust.trust_list_editing import change_service

    def step(record: TrustList) -> TrustList:
        now = _now()
        return change_service(
            record,
            entity_id,
            role,
            status=status,
            add_keys=[vkey_of(text) for text in added],
            drop_keyids=dropped,
            scope=scope_of(scope) if any(scope.values()) else None,
            since=time_of(since, now),
            at=now,
        )

    _edit(draft, step, as_json)


@click.command("renew")
@draft_file
@click.option("--days", type=click.IntRange(1, 3660), required=True, help="For how many days from now.")
@as_json
def renew(draft: Path, days: int, as_json: bool) -> None:
    """Let the list speak for DAYS from now on."""
    from ..trust.trust_list_editing import renew

    _edit(draft, lambda record: renew(record, days=days, at=_now()), as_json)


@click.command("rotate")
@draft_file
@click.option("--signer", "signers", multiple=True, required=True, help="All keys that sign from now on. Repeatable.")
@click.option("--threshold", type=int, required=True, help="How many of them must sign.")
@as_json
def rotate(draft: Path, signers: tuple[str, ...], threshold: int, as_json: bool) -> None:
    """Let other keys sign from this list on; enough of the earlier ones must sign this list as well."""
    from ..trust.trust_list_editing import rotate

    _edit(draft, lambda record: rotate(record, [vkey_of(text) for text in signers], threshold), as_json)


@click.command("point")
@draft_file
@click.argument("location", metavar="URI")
@click.option("--operator", required=True, help="Who keeps the other list.")
@click.option("--jurisdiction", required=True, help="Whose list it is.")
@click.option("--signer", "signers", multiple=True, required=True, help="A key that signs it. Repeatable.")
@as_json
def point(
    draft: Path, location: str, operator: str, jurisdiction: str, signers: tuple[str, ...], as_json: bool
) -> None:
    """Say where another operator's list is, and which keys sign it."""
    from ..trust.trust_list_editing import point_to

    keys = [vkey_of(text) for text in signers]
    _edit(draft, lambda record: point_to(record, location, operator, jurisdiction, keys), as_json)


def _edit(path: Path, step: Callable[[TrustList], TrustList], as_json: bool) -> None:
    from ..trust.trust_list_draft import Draft, read_draft, write_draft

    draft = read_draft(path)
    if draft.editing is None:
        raise UsageError("signed-draft", f"{path}: signing has begun, it can't change", "Make a new draft.")
    record = step(draft.editing)
    write_draft(path, Draft(editing=record))
    _report(path, record, as_json)


def _report(path: Path, record: TrustList, as_json: bool) -> None:
    """Say what still keeps the draft from being signed: a list in the making is not sound all the time."""
    from ..trust.trust_list_draft import all_mistakes

    wrong = all_mistakes(record, held_of(record))
    if as_json:
        print_json({"draft": str(path), "number": record.sequence, "mistakes": wrong})
        return
    click.echo(visible(_("{path}: list {number}").format(path=path, number=record.sequence)))
    for text in wrong:
        click.echo(visible(f"  ✗ {text}"))


def held_of(record: TrustList) -> Accepted | None:
    """Return the list that is accepted here of the operator whose list this is, if any."""
    from ..trust.trust_list import subject_digest
    from ..trust.trust_list_shelf import Shelf

    return Shelf().of(subject_digest(record))


def scope_of(given: dict[str, tuple[str, ...]]) -> Scope:
    """Return the scope that `scope_options` were given."""
    from ..records.agreement import Scope

    return Scope(**given)


def vkey_of(text: str) -> str:
    """Return a verifier key that is given as such, as a file that holds one or a PEM, or as the name of an own key."""
    from ..trust import KeyStore, PublicKey
    from ..trust.keys import local_name
    from ..trust.trust_list_form import parse_vkey

    path = Path(text)
    if "+" not in text and path.is_file():
        from ..trust.folder import read_regular

        text = read_regular(path, 65_536).decode("utf-8", "replace").strip()
        if text.startswith("-----BEGIN"):
            return str(local_name(PublicKey.from_pem(text)))
    return str(parse_vkey(text.strip()) if "+" in text else KeyStore().vkey(text))


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def time_of(text: str, default: datetime) -> datetime:
    """Read a day (its beginning) or a time."""
    from ..records import is_day
    from ..trust.statement import parse_time

    return parse_time(f"{text}T00:00:00Z" if is_day(text) else text) if text else default
