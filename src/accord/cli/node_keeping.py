"""`accord node disclose|revoke|erase`: what a node decides of a statement in its own log."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from ..errors import UsageError
from ..i18n import _, ngettext
from ..records.said import Level
from .node_folder import in_folder, opened
from .output import as_json, print_json
from .statements import id_of

_why = click.option("--reason", required=True, help="Why; everybody may read it.")


@click.command("disclose")
@click.argument("statement")
@click.argument("level", type=click.Choice(get_args(Level)))
@_why
@click.option(
    "--peer", "peers", metavar="ORIGIN", multiple=True, help="For the level `named`: a node that is followed."
)
@in_folder
@as_json
def disclose(
    statement: str, level: str, reason: str, peers: tuple[str, ...], folder: Path | None, as_json: bool
) -> None:
    """Let LEVEL read STATEMENT (its digest) from now on: everybody, the community, named nodes, or nobody outside.

    With an assessment go its evidence and its reviews, as far as no other assessment needs them. The decision and its
    reason are logged; nodes that have the content already keep what they have, and are told.
    """
    with opened(folder) as node:
        from ..node import keeping

        changed = keeping.decide_readers(node, None, id_of(statement), level, reason, peers)
    if as_json:
        print_json({"statement": id_of(statement), "level": level, "changed": changed})
        return
    click.echo(
        ngettext("{n} statement has another level now.", "{n} statements have another level now.", changed).format(
            n=changed
        )
    )


@click.command("revoke")
@click.argument("statement")
@_why
@in_folder
@as_json
def revoke(statement: str, reason: str, folder: Path | None, as_json: bool) -> None:
    """Say, as the node that logged STATEMENT (its digest), that it no longer holds."""
    with opened(folder) as node:
        from ..node import keeping

        keeping.revoke(node, None, id_of(statement), reason)
    if as_json:
        print_json({"statement": id_of(statement), "revoked": True})
        return
    click.echo(_("It is revoked."))


@click.command("erase")
@click.argument("statement")
@_why
@click.option("--basis", default="", help="The law or right that asks for it.")
@click.option("--yes", is_flag=True, help="Do it: nobody can bring it back.")
@in_folder
@as_json
def erase(statement: str, reason: str, basis: str, yes: bool, folder: Path | None, as_json: bool) -> None:
    """Erase STATEMENT (its digest) for good, with the evidence that only it needs. Its hash stays in the log.

    Copies that others made stay theirs, backups too: who follows the log is told of the erasure.
    """
    if not yes:
        raise UsageError("not-sure", _("Nobody can bring it back."), _("Add --yes if you know."))
    with opened(folder) as node:
        from ..node import keeping

        gone = keeping.erase(node, None, id_of(statement), reason, basis)
    if as_json:
        print_json({"statement": id_of(statement), "erased": gone})
        return
    click.echo(ngettext("{n} statement is erased.", "{n} statements are erased.", gone).format(n=gone))
