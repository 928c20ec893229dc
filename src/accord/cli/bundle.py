"""`accord bundle`: statements with all that proves them, in one file."""

from __future__ import annotations

from pathlib import Path

import click

from ..i18n import _
from .output import as_json, print_json, print_table
from .peers import folder, opened


@click.group("bundle")
def command() -> None:
    """Carry statements, proofs, trust lists and their status from node to node in one file, without a network."""


@command.command("make")
@click.argument("statements", nargs=-1, required=True, metavar="STATEMENT...")
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The file to write.")
@folder
@as_json
def make(statements: tuple[str, ...], out: Path, folder: Path | None, as_json: bool) -> None:
    """Pack statements of this machine's node (by digest), and what belongs to them, into a new file."""
    from ..node.bundling import make_bundle

    with opened(folder) as node:
        count = make_bundle(node, out, [_id(item) for item in statements])
    if as_json:
        print_json({"file": str(out), "statements": count})
    else:
        click.echo(_("{file}: {count} statements").format(file=out, count=count))


@command.command("show")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@as_json
def show(file: Path, as_json: bool) -> None:
    """Read a bundle: every statement in it is unaltered and signed; whose keys those are is yours to know."""
    from ..trust.bundle import read_bundle

    bundle = read_bundle(file)
    rows = [
        (
            item.heard.id,
            item.heard.kind,
            item.heard.keys[0].keyid,
            item.proof.checkpoint.origin if item.proof else "",
            item.heard.valid_until,
        )
        for item in bundle.statements
    ]
    if as_json:
        names = ("id", "kind", "keyid", "log", "valid_until")
        print_json(
            {
                "manifest": bundle.manifest,
                "statements": [dict(zip(names, row, strict=True)) for row in rows],
                "refused": bundle.refused,
            }
        )
        return
    click.echo(_("Made {when} by {name}, {origin}").format(
        when=bundle.manifest.made, name=bundle.manifest.name, origin=bundle.manifest.origin
    ))  # fmt: skip
    print_table((_("Statement"), _("Kind"), _("Signed by"), _("Log"), _("Valid until")), rows)
    for name, reason in bundle.refused.items():
        click.echo(_("Refused: {name}: {reason}").format(name=name, reason=reason), err=True)


@command.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--log-key", "keys", multiple=True, metavar="VKEY", help="The key of a log that this node does not follow."
)
@folder
@as_json
def take(file: Path, keys: tuple[str, ...], folder: Path | None, as_json: bool) -> int:
    """Take what a bundle holds into this machine's node, as far as a log that is known here proves it."""
    from ..node.bundling import take_bundle
    from ..trust.note import VerifierKey

    with opened(folder) as node:
        bundle, taken = take_bundle(node, file, [VerifierKey.parse(key) for key in keys])
    if as_json:
        print_json({"manifest": bundle.manifest, "statements": taken, "refused": bundle.refused})
    else:
        print_table(
            (_("Statement"), _("Kind"), _("Outcome"), _("Why")),
            [(item.id[:23], item.kind, item.outcome, item.reason) for item in taken],
        )
    return 1 if bundle.refused or any(item.outcome == "refused" for item in taken) else 0


def _id(text: str) -> str:
    return text if text.startswith("sha256:") else f"sha256:{text}"
