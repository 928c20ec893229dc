"""`accord revoke`: take back a statement of one's own."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from ..errors import UsageError
from ..i18n import _
from ..reports.visible import visible
from .asking_node import node_and_token, send_lines, token
from .output import as_json, print_json
from .statements import hand_out, id_of, out, sign_with, signers


@click.command("revoke")
@click.argument("statement")
@click.option("--reason", required=True, help="Why it no longer holds: everybody may read it.")
@click.option("--from", "effective", default="", metavar="TIME", help="From when it does not hold (default: now).")
@click.option("--node", "url", metavar="URL", help="Hand the revocation to this node, too.")
@token
@sign_with
@out
@as_json
def command(
    statement: str,
    reason: str,
    effective: str,
    url: str | None,
    token: str | None,
    key_names: tuple[str, ...],
    out: Path,
    as_json: bool,
) -> None:
    """Say that STATEMENT (its digest, its file, or a report folder) no longer holds.

    It counts if the key is the one that signed the statement. It stays readable, with this beside it.
    """
    from ..records.said import Revocation
    from ..trust.saying import say
    from ..trust.statement import format_time, parse_time, subject

    moment = effective if "T" in effective else f"{effective}T00:00:00Z" if effective else ""
    if moment:
        parse_time(moment)
    if not reason.strip():
        raise UsageError("no-reason", "a revocation has a reason", "Say why it no longer holds.")
    target = id_of(statement)
    record = Revocation(target=target, reason=reason, effective=moment or format_time(datetime.now(UTC)))
    line = say(record, "revocation", [subject("", target)], signers=signers(key_names), valid_days=3650)
    paths = hand_out([line], out, "revocation")
    rows: list[dict[str, object]] = []
    if url:
        url, found = node_and_token(url, token)
        rows = send_lines(url, found, [line])
    if as_json:
        print_json({"file": str(paths[0]), "target": target, "node": rows})
        return
    click.echo(_("Signed and logged: {file}").format(file=visible(str(paths[0]))))
    for row in rows:
        click.echo(visible(_("{node} has it in its log, as entry {index}.").format(node=url, index=row.get("index"))))
