"""`accord node backup|restore|regain|rebuild|status|check`: run a node."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..i18n import _, ngettext
from ..reports.visible import visible
from .node_folder import in_folder, opened
from .output import as_json, print_json, print_table

if TYPE_CHECKING:
    from ..node.federation.own_log import Regained, View
    from ..node.node import Node
    from ..node.operating.backup import Manifest
    from ..node.operating.status import Status

_LOOK_SECONDS = 20.0
_new_file = click.Path(path_type=Path, dir_okay=False)
private = click.option("--private", is_flag=True, help="The peer is in a private network, or on this machine.")
alone = click.option(
    "--alone", is_flag=True, help="Let the log go on although a peer did not answer, or nobody follows."
)


@click.command("backup")
@click.argument("file", type=_new_file)
@click.option("--with-keys", is_flag=True, help="Put the private keys in as well: then FILE alone is the node.")
@in_folder
@as_json
def backup(file: Path, with_keys: bool, folder: Path | None, as_json: bool) -> None:
    """Copy the node into the new FILE while it runs: store, settings, trust lists. The copy is read again after.

    FILE holds what is withheld from the public, and the accounts: keep it as you keep the node. Without --with-keys,
    keep a copy of the folder `keys` elsewhere: nobody can make those keys again.
    """
    with opened(folder) as node:
        from ..node.operating.backup import make_backup

        made = make_backup(node, file, with_keys=with_keys)
    if as_json:
        print_json(made)
        return
    _say_manifest(made, file)


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--folder", required=True, type=click.Path(path_type=Path), help="Where it shall live; nothing is there.")
@click.option(
    "--keys", type=click.Path(path_type=Path, file_okay=False), help="The folder of its keys, if FILE has none."
)
@click.option("--from-peer", "urls", metavar="URL", multiple=True, help="Fetch back what came after the backup.")
@click.option("--keep-witness", is_flag=True, help="It cosigned no other log since the backup: keep its witness keys.")
@private
@alone
@as_json
def restore_node(
    file: Path,
    folder: Path,
    keys: Path | None,
    urls: Sequence[str],
    keep_witness: bool,
    private: bool,
    alone: bool,
    as_json: bool,
) -> None:
    """Make a node from the backup FILE, then ask its peers whether they have more of its log.

    If one has, the node takes in nothing: two histories would begin, and peers isolate who shows two. `--from-peer`,
    or `accord node regain` later, fetches what is missing. Exit status 1 as long as that is open.
    """
    from ..node.operating.restoring import restore

    manifest = restore(file, folder, keys=keys, keep_witness=keep_witness)
    with opened(folder) as node:
        settled, views, regained = _regain(node, urls, private=private, alone=alone)
    if as_json:
        print_json({"backup": manifest, "folder": str(folder), **_plain(settled, views, regained)})
    else:
        _say_manifest(manifest, folder)
        if not keep_witness:
            click.echo(_("As a witness it starts with new keys: its peers add it again to have them."))
        _say_views(settled, views, regained)
    click.get_current_context().exit(0 if settled else 1)


@click.command("regain")
@click.argument("urls", metavar="[URL]...", nargs=-1)
@private
@alone
@in_folder
@as_json
def regain(urls: Sequence[str], private: bool, alone: bool, folder: Path | None, as_json: bool) -> None:
    """Ask peers for this node's own log, and fetch from the nodes at URL what they mirror of it and is missing here.

    That is needed after a store was put back to an earlier state. Entries whose statement nobody shows stay as hashes.
    Exit status 1 if the node may still take in nothing.
    """
    with opened(folder) as node:
        settled, views, regained = _regain(node, urls, private=private, alone=alone)
    if as_json:
        print_json(_plain(settled, views, regained))
    else:
        _say_views(settled, views, regained)
    click.get_current_context().exit(0 if settled else 1)


@click.command("rebuild")
@click.option("--dry-run", is_flag=True, help="Only say what would differ.")
@in_folder
@as_json
def rebuild(dry_run: bool, folder: Path | None, as_json: bool) -> None:
    """Make all that is derived from statements again, and say where it differs from what was there.

    Who reads meanwhile sees the old state until the new one is whole. Exit status 1 if something differs.
    """
    with opened(folder) as node:
        from ..node.operating.rebuilding import rebuild_all

        done = rebuild_all(
            node, lambda view: click.echo(f"{view.name}: {view.statements} ({view.seconds} s)", err=True),
            keep=not dry_run,
        )  # fmt: skip
    if as_json:
        print_json(done)
    elif not done.differences:
        click.echo(_("Everything is as it was."))
    else:
        print_table(
            (_("Table"), _("Rows that are gone"), _("Rows that came"), _("For example")),
            [(item.table, item.gone, item.came, "\n".join(item.examples)) for item in done.differences],
        )
        if dry_run:
            click.echo(_("Nothing was changed."))
    click.get_current_context().exit(1 if done.differences else 0)


@click.command("check")
@in_folder
@as_json
def check(folder: Path | None, as_json: bool) -> None:
    """Compare all that the node keeps: entries, tiles, checkpoints, statements, files; its own log and its mirrors.

    Exit status 1 if something does not fit.
    """
    with opened(folder) as node:
        from ..node.operating.auditing import check as audit

        found = audit(node, _progress)
    if as_json:
        print_json(found)
    else:
        print_table(
            (_("Log"), _("Entries"), _("Statements here"), _("Erased"), _("Not here")),
            [(item.origin, item.size, item.statements, item.erased, item.elsewhere) for item in found.logs],
        )
        for unread in found.unread:
            click.echo(visible(_("Not read by {view}: {id}: {reason}").format(
                view=unread.projection, id=unread.id, reason=unread.reason)))  # fmt: skip
        for fault in found.faults:
            click.echo(visible(f"{fault.where}: {fault.what}"))
        click.echo(
            ngettext("{n} fault.", "{n} faults.", len(found.faults)).format(n=len(found.faults))
            if found.faults
            else _("All fits together.")
        )
    click.get_current_context().exit(1 if found.faults else 0)


@click.command("status")
@in_folder
@as_json
def status(folder: Path | None, as_json: bool) -> None:
    """Say how the node is: its log, store, peers, jobs, space, last backup. Exit status 1 if it takes in nothing."""
    with opened(folder) as node:
        from ..node.operating.status import status_of

        found = status_of(node)
    if as_json:
        print_json(found)
    else:
        _say_status(found)
    click.get_current_context().exit(1 if found.halted else 0)


COMMANDS = (backup, restore_node, regain, rebuild, status, check)


def _regain(
    node: Node, urls: Sequence[str], *, private: bool, alone: bool
) -> tuple[bool, tuple[View, ...], list[Regained]]:
    from ..node.federation.own_log import look_at_own, regain, settle
    from ..node.federation.peers import meet, peers
    from ..node.federation.showing import headers_of

    with node.store.reading() as transaction:
        known = {peer.url.rstrip("/"): peer for peer in peers(transaction)}
    asked = [known.get(url.rstrip("/")) or meet(url, private=private) for url in urls]
    done = [regain(node, peer, headers_of(node), partial(_progress, peer.url)) for peer in asked]
    views = look_at_own(node, _LOOK_SECONDS, asked)
    return settle(node, views, alone=alone), views, done


def _progress(what: str, done: int, of: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{visible(what)}: {done}/{of}", err=True, nl=done == of)


def _plain(settled: bool, views: Sequence[View], regained: Sequence[Regained]) -> dict[str, Any]:
    return {
        "takes_in": settled,
        "peers": [
            {"origin": view.peer.origin, "url": view.peer.url, "state": view.state, "size": view.size,
             "detail": view.detail}
            for view in views
        ],
        "regained": [{"entries": item.entries, "statements": item.statements, "lost": item.lost} for item in regained],
    }  # fmt: skip


def _say_manifest(manifest: Manifest, place: Path) -> None:
    click.echo(
        _(
            "{place}: {name}, {n} entries in the log, {size} MB in {files} files, copied {made}; all digests hold."
        ).format(
            place=place,
            name=visible(manifest.name),
            n=manifest.size,
            size=round(sum(member.size for member in manifest.members) / 1e6, 1),
            files=len(manifest.members),
            made=manifest.made,
        )
    )
    if not manifest.keys:
        click.echo(_("The private keys are not in it: keep a copy of the folder `keys` elsewhere."))
    for name in manifest.elsewhere:
        click.echo(_("Not in it: {file}").format(file=visible(name)))


def _say_views(settled: bool, views: Sequence[View], regained: Sequence[Regained]) -> None:
    for item in regained:
        click.echo(
            _(
                "Came back: {entries} entries and {statements} statements; of {lost} entries only the hash is left."
            ).format(entries=item.entries, statements=item.statements, lost=item.lost)
        )
    said = {
        "none": _("has nothing of this log"),
        "fits": _("has nothing that is missing here"),
        "ahead": _("has more of this log"),
        "forked": _("has another history of this log"),
        "unreached": _("did not answer"),
    }
    if views:
        print_table(
            (_("Peer"), _("What it has"), _("Entries"), ""),
            [(view.peer.url, said[view.state], view.size, view.detail) for view in views],
        )
    states = {view.state for view in views}
    if settled:
        click.echo(_("The node may take in statements."))
    elif "forked" in states:
        click.echo(_("Two histories of this log exist. Restore an earlier backup, or begin a log of another name."))
    elif "ahead" in states:
        click.echo(_("The node takes in nothing until it has the missing entries: accord node regain URL"))
    else:
        click.echo(
            _(
                "The node takes in nothing until every node that follows it was asked:"
                " accord node regain URL, or accord node regain --alone"
            )
        )


def _say_status(found: Status) -> None:
    last = found.last_backup
    rows = [
        (_("Node"), f"{found.name} ({found.jurisdiction}) {found.url}"),
        (_("Log"), f"{found.origin}: {found.entries}"),
        (_("Cosigned"), f"{found.cosigned} ({found.witnesses})"),
        (_("Statements"), ", ".join(f"{kind or '?'} {n}" for kind, n in sorted(found.kinds.items())) or "0"),
        (_("Withheld, unread"), f"{found.withheld}, {found.unread}"),
        (_("Store"), f"{found.store}: {found.store_bytes / 1e6:.1f} MB ({found.database})"),
        (_("Free space"), f"{found.free_bytes / 1e9:.1f} GB"),
        (_("Last backup"), f"{last.made} {last.place} ({last.size})" if last else _("none")),
        (_("Jobs"), ", ".join(f"{state} {n}" for state, n in sorted(found.jobs.items())) or "0"),
        (_("Version"), f"Accord {found.version}, {found.schema}/{found.newest_schema} {' '.join(found.views)}"),
    ]
    print_table(("", ""), rows)
    if found.peers:
        print_table(
            (_("Peer"), _("State"), _("Entries"), _("Not read yet"), _("Seconds silent"), _("What went wrong")),
            [
                (p.url, p.state, p.entries, p.behind, "" if p.silent_seconds is None else p.silent_seconds,
                 p.reason or p.error)
                for p in found.peers
            ],
        )  # fmt: skip
    if found.halted:
        click.echo(visible(_("The node takes in nothing: {reason}").format(reason=found.halted)))
