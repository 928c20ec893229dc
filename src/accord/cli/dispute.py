"""`accord dispute`: object to a statement, with reasons."""

from __future__ import annotations

from pathlib import Path

import click

from ..errors import UsageError
from ..i18n import _
from ..reports.visible import visible
from .asking_node import ask, node_and_token, plain, token
from .output import as_json, print_json
from .statements import hand_out, id_of, out, sign_with, signers


@click.command("dispute")
@click.argument("statement")
@click.option("--objection", required=True, help="What is wrong, and why: facts that others can check.")
@click.option("--about", default="", help="What in it: a measure, a requirement, a sentence.")
@click.option("--name", required=True, help="Your name or pseudonym.")
@click.option("--role", required=True, help="Your role: a person affected, a researcher, the provider …")
@click.option("--node", "url", metavar="URL", help="Hand the objection to this node, too; no account is needed.")
@token
@sign_with
@out
@as_json
def command(
    statement: str,
    objection: str,
    about: str,
    name: str,
    role: str,
    url: str | None,
    token: str | None,
    key_names: tuple[str, ...],
    out: Path,
    as_json: bool,
) -> None:
    """Object to STATEMENT (its digest, its file, or a report folder): signed, logged, and shown beside it.

    A node logs it at once, and shows it after somebody there has looked at it.
    """
    from ..records.said import Dispute, Person
    from ..trust.saying import say
    from ..trust.statement import subject

    if not objection.strip() or len(objection) > 10_000:
        raise UsageError("bad-objection", "an objection has 1 to 10,000 characters", "Say what is wrong, and why.")
    target = id_of(statement)
    record = Dispute(target=target, objection=objection, about=about, by=Person(name=name, role=role))
    line = say(record, "dispute", [subject("", target)], signers=signers(key_names))
    answer: dict[str, object] = {}
    paths = hand_out([line], out, "dispute")
    if url:
        url, found = node_and_token(url, token, required=False)
        answer = plain(ask(url, "/api/v1/disputes", found, method="POST", body=line), url)
    if as_json:
        print_json({"file": str(paths[0]), "target": target, "node": answer})
        return
    click.echo(_("Signed and logged: {file}").format(file=visible(str(paths[0]))))
    if answer:
        click.echo(
            visible(_("{node} has it in its log, as entry {index}.").format(node=url, index=answer.get("index")))
        )
