"""`accord trust`: lists of who is trusted for what since when, kept by several, accepted by anybody."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import UsageError
from ..i18n import _, ngettext
from ..reports.visible import visible
from .node_folder import opened
from .output import as_json, print_json, print_table
from .statements import hand_out, out
from .trust_drafts import add, change, draft_file, held_of, new, point, renew, rotate, time_of, vkey_of

if TYPE_CHECKING:
    from ..trust import PublicKey
    from ..trust.trust_list import Accepted
    from ..trust.trust_list_draft import Draft


@click.group("trust", invoke_without_command=True)
@as_json
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """Keep a trust list, or accept one: who measures, decides, logs and witnesses, for what, since when.

    A list goes through a DRAFT file: new (or new --next), add, set, rotate, renew; then each signer runs sign, and one
    publishes. Without a subcommand: show the lists that you accepted.
    """
    if context.invoked_subcommand:
        return
    from ..trust.trust_list_shelf import Shelf

    held, now = Shelf().current(), datetime.now(UTC)
    if as_json:
        print_json([_brief(item, now) for item in held])
        return
    if not held:
        click.echo(_("No trust list is accepted yet: accord trust import FILE --pin KEYID"))
        return
    rows = (
        (
            item.name,
            item.record.sequence,
            item.record.information.ListIssueDateTime,
            item.record.information.NextUpdate,
            _("expired") if now > item.next_update else _("current"),
        )
        for item in held
    )
    print_table((_("list"), _("number"), _("issued"), _("next update"), ""), rows)


for step in (new, add, change, renew, rotate, point):
    command.add_command(step)


@command.command("sign")
@draft_file
@click.option("--key", "key_name", default="default", show_default=True, help="Sign with this key of yours.")
@click.option(
    "--by",
    multiple=True,
    help="Who will sign, settled by the first who does: vkey, file, or name of yours (default: all). Repeatable.",
)
@as_json
def sign(draft: Path, key_name: str, by: tuple[str, ...], as_json: bool) -> None:
    """Add your signature to DRAFT, after showing what is new in it. Hand it on to the next, or a copy to each."""
    from ..trust import KeyStore
    from ..trust.trust_list_draft import changes, propose, read_draft, share, write_draft

    found = read_draft(draft)
    current = held_of(found.record)
    if found.editing is not None:
        record = found.editing
        may = [*(current.record.signers.keys if current else ()), *record.signers.keys]
        named = {key.keyid: key for key in map(_signing_key, map(vkey_of, by) if by else may)}
        found = propose(record, tuple(named.values()), current)
    elif by:
        raise UsageError("settled", f"who signs {draft} is settled already", "Leave --by out, or make a new draft.")
    found = share(found, KeyStore().load(key_name))
    write_draft(draft, found)
    new = changes(current.record if current else None, found.record)
    if as_json:
        print_json({"draft": str(draft), "changes": new, "missing": found.missing})
        return
    click.echo(_("You have signed that this is new:"))
    for text in new:
        click.echo(visible(f"  {text}"))
    _say_missing(found, draft)


@command.command("publish")
@click.argument("drafts", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False))
@out
@as_json
def publish(drafts: tuple[Path, ...], out: Path, as_json: bool) -> None:
    """Publish a list that all have signed, on one draft or on copies of it: log it, write it out, accept it here."""
    from ..trust.trust_list import read_list
    from ..trust.trust_list_draft import join, line_of, read_draft
    from ..trust.trust_list_shelf import Shelf

    line = line_of(join([read_draft(path) for path in drafts]))
    made = read_list(line)
    shelf = Shelf()
    shelf.take([line], (made.id,), as_of=datetime.now(UTC))
    (path,) = hand_out([line], out, "trust-list")
    if as_json:
        print_json({**_brief(made, datetime.now(UTC)), "file": str(path)})
        return
    text = _("List {number} of {name} is logged and written: {path}")
    click.echo(visible(text.format(number=made.record.sequence, name=made.name, path=path)))
    click.echo(_("Others accept it with: accord trust import FILE --pin KEYID (of as many keys as must sign)"))


@command.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--pin", "pinned", multiple=True, metavar="KEYID", help="A key that must have signed, at first use. Repeatable."
)
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Accept them for the node that lives here, also while it runs (default: for yourself).",
)
@as_json
def import_(files: tuple[Path, ...], pinned: tuple[str, ...], folder: Path | None, as_json: bool) -> None:
    """Accept the lists of an operator in FILES, one a line, in any order.

    The first time, name with --pin the keys that you were told of in another way, as many as must sign: or the digest
    (sha256:…) of the statement. From then on each list must follow the one before.

    Lists that you accept count for your commands. With --folder they count for a node, which logs and publishes them.
    On another machine a node's operator accepts them on its page /trust-lists; what follows a list that a node holds
    can be sent to it by anybody who may publish there: accord publish FILE --node URL.
    """
    from ..trust.folder import read_regular
    from ..trust.trust_list import MAX_LIST_BYTES, read_list
    from ..trust.trust_list_shelf import Shelf

    found = {}
    for path in files:
        for line in read_regular(path, 16 * MAX_LIST_BYTES).splitlines():
            item = read_list(line, name=path.name)
            found[item.record.sequence, item.id] = line
    lines = [found[key] for key in sorted(found)]
    if folder:
        with opened(folder) as node:
            from ..node.accepting import import_lists

            taken = import_lists(node, lines, pinned)
    else:
        taken = Shelf().take(lines, pinned, as_of=datetime.now(UTC))
    if as_json:
        print_json([_brief(item, datetime.now(UTC)) for item in taken])
        return
    n = len(taken)
    click.echo(ngettext("{n} new list is accepted.", "{n} new lists are accepted.", n).format(n=n))
    for item in taken:
        click.echo(visible(f"  {item.name}: {item.record.sequence}"))


@command.command("show")
@click.argument("name", default="")
@click.option("--at", default="", metavar="TIME", help="As of this day or time (default: now).")
@as_json
def show(name: str, at: str, as_json: bool) -> None:
    """Show who stands how on the list NAME (jurisdiction or operator), or what is new in a draft file."""
    from ..trust.trust_list_draft import all_mistakes, changes, read_draft
    from ..trust.trust_list_shelf import Shelf

    if name and Path(name).is_file():
        draft = read_draft(Path(name))
        current = held_of(draft.record)
        new = changes(current.record if current else None, draft.record)
        wrong = all_mistakes(draft.record, current)
        if as_json:
            print_json({"draft": name, "changes": new, "mistakes": wrong, "missing": draft.missing})
            return
        for text in (*new, *wrong):
            click.echo(visible(f"  {text}"))
        _say_missing(draft, Path(name))
        return
    shelf = Shelf()
    held = (shelf.find(name),) if name else shelf.current()
    moment = time_of(at, datetime.now(UTC))
    if as_json:
        print_json([{**_brief(item, moment), "entities": _entities(item, moment)} for item in held])
        return
    for item in held:
        text = _("{name}: list {number}, issued {issued}, speaks until {until}")
        said = item.record.information
        words = {"name": item.name, "number": item.record.sequence, "issued": said.ListIssueDateTime}
        click.echo(visible(text.format(**words, until=said.NextUpdate)))
        if moment > item.next_update:
            click.echo(_("It has expired: what came after it is not known here. Import the current list."))
        rows = [
            (row["id"], row["name"], row["jurisdiction"], row["role"], row["status"], row["since"])
            for row in _entities(item, moment)
        ]
        print_table((_("id"), _("name"), _("for"), _("role"), _("status"), _("since")), rows)


@command.command("check")
@as_json
def check(as_json: bool) -> int:
    """Check every chain of lists kept here again, and say which have expired.

    Exit status: 0 all are current; 1 one has expired; 2 one can't be accepted any more.
    """
    from ..trust.trust_list_shelf import Shelf

    shelf, now = Shelf(), datetime.now(UTC)
    held = shelf.current()
    rows = [{**_brief(item, now), "checked": len(shelf.check(item))} for item in held]
    if as_json:
        print_json(rows)
    else:
        for row in rows:
            state = _("expired") if row["expired"] else _("current")
            text = _("{name}: {n} kept, signatures and history hold; {state}, until {until}")
            click.echo(visible(text.format(name=row["name"], n=row["checked"], state=state, until=row["next_update"])))
    return int(any(row["expired"] for row in rows))


def _say_missing(draft: Draft, path: Path) -> None:
    if draft.editing is not None:
        click.echo(visible(_("Nobody has signed it yet: accord trust sign {path}").format(path=path)))
    elif draft.missing:
        click.echo(_("Still to sign:"))
        for keyid in draft.missing:
            click.echo(f"  {keyid}")
    else:
        click.echo(visible(_("All have signed: accord trust publish {path}").format(path=path)))


def _brief(item: Accepted, now: datetime) -> dict[str, Any]:
    said = item.record
    return {
        "name": item.name,
        "operator": said.operator,
        "jurisdiction": said.jurisdiction,
        "sequence": said.sequence,
        "statement": item.id,
        "issued": said.information.ListIssueDateTime,
        "next_update": said.information.NextUpdate,
        "expired": now > item.next_update,
        "threshold": said.signers.threshold,
        "signers": said.signers.keys,
    }


def _entities(item: Accepted, moment: datetime) -> list[dict[str, Any]]:
    from ..trust.trust_list import periods_until

    return [
        {
            "id": entity.mark.id,
            "name": entity.name,
            "jurisdiction": entity.mark.jurisdiction,
            "role": begun[-1].role,
            "status": begun[-1].status,
            "since": begun[-1].StatusStartingTime,
            "keys": begun[-1].keys,
            "scope": begun[-1].scope,
            "history": [{"status": period.status, "since": period.StatusStartingTime} for period in begun],
        }
        for entity in item.record.entities
        for service in entity.TrustedEntityServices
        if (begun := periods_until(service, moment))
    ]


def _signing_key(vkey: str) -> PublicKey:
    from ..trust import PublicKey
    from ..trust.trust_list_form import parse_vkey

    found = parse_vkey(vkey)
    if not isinstance(found.key, PublicKey):
        raise UsageError("no-signing-key", f"{found.name} signs no statements", "Name an Ed25519 signing key.")
    return found.key
