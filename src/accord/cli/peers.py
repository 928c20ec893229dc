"""`accord peers`: the nodes that this machine's node follows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import UsageError
from ..i18n import _
from .output import as_json, print_json, print_table

if TYPE_CHECKING:
    from ..node.node import Node

folder = click.option("--folder", type=click.Path(path_type=Path, file_okay=False), help="Where the node lives.")


@click.group("peers")
def command() -> None:
    """Follow other nodes: mirror their logs, read what they show, judge it here.

    To follow is not to trust: who may be believed stands in the trust list, what is recognised in agreements.
    """


@command.command("add")
@click.argument("url")
@click.option("--private", is_flag=True, help="It is in a private network, or on this machine.")
@click.option("--key", "expected", metavar="KEYID", help="Refuse it if its key is not this one.")
@folder
@as_json
def add(url: str, private: bool, expected: str | None, folder: Path | None, as_json: bool) -> None:
    """Follow the node at URL. Its keys are shown: compare them with what its operator told you another way."""
    from ..node.federation.peers import add as follow
    from ..node.federation.peers import meet

    peer = meet(url, private=private)
    if expected and expected != peer.speaker.keyid:
        raise UsageError("other-key", f"{url} has the key {peer.speaker.keyid}", "Ask its operator which key is right.")
    with opened(folder) as node:
        follow(node.store, peer, node.origin)
    if as_json:
        print_json(
            {"origin": peer.origin, "name": peer.name, "jurisdiction": peer.jurisdiction, "keyid": peer.speaker.keyid}
        )
        return
    click.echo(
        _("Following {origin}, {name}, of {place}.").format(origin=peer.origin, name=peer.name, place=peer.jurisdiction)
    )
    click.echo(_("Its key: {keyid}. Compare it with what its operator told you.").format(keyid=peer.speaker.keyid))


@command.command("list")
@folder
@as_json
def show(folder: Path | None, as_json: bool) -> None:
    """List the nodes that are followed, and how that goes."""
    from ..node.federation.peers import peers

    with opened(folder) as node, node.store.reading() as transaction:
        found = peers(transaction)
        sizes: dict[str, int] = dict(transaction.rows("SELECT origin, size FROM logs"))
    if as_json:
        print_json(
            [
                {"origin": item.origin, "url": item.url, "name": item.name, "jurisdiction": item.jurisdiction,
                 "state": item.state, "reason": item.reason, "entries": sizes.get(item.origin, 0),
                 "reached": item.reached, "failures": item.failures, "error": item.error}
                for item in found
            ]
        )  # fmt: skip
        return
    print_table(
        (_("Log"), _("State"), _("Entries"), _("Last reached"), _("Address, and what went wrong")),
        [
            (
                item.origin,
                item.state,
                sizes.get(item.origin, 0),
                item.reached,
                " ".join((item.url, item.reason, item.error)),
            )
            for item in found
        ],
    )


@command.command("remove")
@click.argument("origin")
@folder
def forget(origin: str, folder: Path | None) -> None:
    """Follow a node no more. What it said before stays."""
    from ..node.federation.peers import remove

    with opened(folder) as node:
        remove(node.store, origin)
    click.echo(_("{origin} is not followed any more.").format(origin=origin))


@command.command("pause")
@click.argument("origin")
@click.option("--reason", default="", help="Why; it is shown.")
@folder
def pause(origin: str, reason: str, folder: Path | None) -> None:
    """Stop asking a node until `accord peers resume`."""
    _set(origin, "paused", reason, folder)


@command.command("resume")
@click.argument("origin")
@click.option("--yes", is_flag=True, help="Resume also one that was isolated.")
@folder
def resume(origin: str, yes: bool, folder: Path | None) -> None:
    """Ask a node again. One that was isolated has shown two histories: look before you believe it again."""
    _set(origin, "following", "", folder, isolated=yes)


def _set(origin: str, state: str, reason: str, folder: Path | None, *, isolated: bool = True) -> None:
    from ..node.federation.peers import ISOLATED, find, set_state

    with opened(folder) as node, node.store.writing() as transaction:
        peer = find(transaction, origin)
        if peer is None:
            raise UsageError("no-such-peer", f"{origin!r} is not followed", "`accord peers list` names all.")
        if peer.state == ISOLATED and not isolated:
            raise UsageError("isolated", f"{origin} was isolated: {peer.reason}", "Say --yes if that is settled.")
        set_state(transaction, origin, state, reason)
    click.echo(f"{origin}: {state}")


def opened(folder: Path | None) -> Node:
    """Open the node that lives in `folder`, for a `with` block. Raises UsageError if there is none."""
    from ..node.config import node_folder, read_config
    from ..node.node import open_node

    place = folder or node_folder()
    if read_config(place) is None:
        raise UsageError("no-node", f"there is no node in {place}", "Start one with `accord serve`.")
    return open_node(place)
