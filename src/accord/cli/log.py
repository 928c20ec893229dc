"""`accord log`: one's own log."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from ..i18n import _
from .output import as_json, print_json


@click.command("log")
@click.option("--audit", is_flag=True, help="Read every entry and compare entries, tiles and checkpoint.")
@as_json
def command(audit: bool, as_json: bool) -> None:
    """Show the log of all that was signed here: its name, size and root hash, and the key that signs it.

    The folder is a C2SP tlog-tiles log: any web server can serve it, and it holds hashes of envelopes only.
    """
    from ..trust import own_log

    log = own_log()
    checkpoint = log.audit() if audit else log.head()[0]
    shown = {
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "root": checkpoint.root.hex(),
        "key": str(log.verifier_key),
        "folder": str(log.folder),
        "audited": audit,
        "read": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    if as_json:
        print_json(shown)
        return
    for name, value in shown.items():
        click.echo(f"{name:8} {value}")
    if audit:
        click.echo(_("Every entry, tile and the checkpoint fit together."))
