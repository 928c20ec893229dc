"""`accord publish`: hand a sealed report to a node, and see that it is in the node's log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import MalformedInput, UsageError
from ..i18n import _
from ..reports.visible import visible
from .asking_node import ask, node_and_token, plain, send_lines, token
from .output import as_json, print_json

if TYPE_CHECKING:
    from ..trust import LogProof

_MOST_LINE = 64 * 1024 * 1024


@click.command("publish")
@click.argument("folder", type=click.Path(path_type=Path, exists=True), default="accord-report")
@click.option("--node", "url", required=True, metavar="URL", help="Address of the node: https://node.example.org")
@token
@click.option(
    "--disclosure",
    type=click.Choice(["public", "community", "none"]),
    default="public",
    show_default=True,
    help="Who may read it: everybody; accounts and peers of the node; nobody but its staff.",
)
@click.option("--reason", default="", help="Why it is not public; everybody may read that.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the report without small counts of persons is written (default: FOLDER-published).",
)
@as_json
def command(
    folder: Path, url: str, token: str | None, disclosure: str, reason: str, out: Path | None, as_json: bool
) -> int:
    """Publish the report in FOLDER on a node: its record, its signed statements and its proofs.

    A file of signed statements (.intoto.jsonl), such as an agreement, is published line by line.

    What is public must not count fewer than five persons somewhere. If the report does, a new one without those counts
    is made and signed first, and that is published; yours stays as it is. To publish again does no harm.
    """
    url, token = node_and_token(url, token)
    if disclosure != "public" and not reason.strip():
        raise UsageError("no-reason", "what is not public needs a reason", 'Add --reason "…": everybody may read it.')
    if not folder.is_dir():
        return _publish_statements(folder, url, token, disclosure, reason, as_json)
    sent = _published_folder(folder, out) if disclosure == "public" else folder
    if sent != folder and not as_json:
        text = _("The report counts fewer than five persons in places. One without those counts is in {folder}.")
        click.echo(visible(text.format(folder=sent)))
    answer = _post(url, token, sent, disclosure, reason)
    log_key, known = _check_receipt(url, token, sent, answer)
    if as_json:
        print_json({**answer, "node": url, "folder": str(sent), "log_key": log_key, "log_known": known})
        return 0
    _show(url, answer, log_key, known, wanted=disclosure)
    return 0


def _publish_statements(file: Path, url: str, token: str, disclosure: str, reason: str, as_json: bool) -> int:
    from ..trust.folder import read_regular

    lines = [line for line in read_regular(file, _MOST_LINE).splitlines() if line.strip()]
    if not lines:
        raise UsageError("empty-file", f"{file} holds no statement", "Name a .intoto.jsonl file.")
    rows = send_lines(url, token, lines, disclosure, reason)
    if as_json:
        print_json(rows)
        return 0
    for row in rows:
        text = _("It was published before: {page}") if row.get("known") else _("Published: {page}")
        click.echo(visible(text.format(page=f"{url}/statements/{str(row.get('id')).removeprefix('sha256:')}")))
    return 0


def _published_folder(folder: Path, out: Path | None) -> Path:
    """Return the folder to send: the one given, or the one made from it without small counts of persons."""
    from ..commons.assessments.publishing import make_public
    from ..commons.assessments.small_counts import small_counts
    from ..judge import open_stored
    from ..trust import KeyStore

    keys = KeyStore()
    if not small_counts(open_stored(folder, keys.known()).assessment):
        return folder
    place = out or folder.absolute().with_name(f"{folder.absolute().name}-published")
    make_public(folder, place, keys)
    return place


def _post(url: str, token: str, folder: Path, disclosure: str, reason: str) -> dict[str, object]:
    from urllib.parse import urlencode

    from ..judge import open_stored
    from ..trust import KeyStore

    open_stored(folder, KeyStore().known())  # Nobody else has to tell the user that it was altered.
    boundary, body = _multipart(folder)
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}", "Content-Length": str(len(body))}
    query = urlencode({"disclosure": disclosure, "reason": reason})
    answer = ask(url, f"/api/v1/reports?{query}", token, method="POST", headers=headers, body=body)
    return plain(answer, url)


def _multipart(folder: Path) -> tuple[str, bytes]:
    """Return the parts of a report folder as multipart/form-data (RFC 7578), and the boundary between them."""
    from secrets import token_hex

    from ..node.receiving import PARTS
    from ..trust.folder import read_regular
    from ..trust.sealing import MAX_RECORD_BYTES

    boundary, body = f"accord-{token_hex(16)}", bytearray()
    for part, name in PARTS.items():
        if not (folder / name).is_file():
            continue
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{part}"; filename="{name}"\r\n'
        body += f"{head}Content-Type: application/octet-stream\r\n\r\n".encode()
        body += read_regular(folder / name, MAX_RECORD_BYTES) + b"\r\n"
    return boundary, bytes(body + f"--{boundary}--\r\n".encode())


def _check_receipt(url: str, token: str, folder: Path, answer: dict[str, object]) -> tuple[str, bool]:
    """Check the proof that the statement is in the node's log, and return the log's key and whether it is known.

    Raises MalformedInput if the proof does not hold, or if the log has another key than the one the user trusts.
    """
    from ..commons.assessments.publishing import statement_of
    from ..trust import KeyStore, VerifierKey, parse_proof, verify_proof
    from ..trust.folder import read_regular
    from ..trust.saying import hear
    from ..trust.sealing import STATEMENTS
    from ..trust.tree import leaf_hash

    identity = statement_of(folder)
    if answer.get("id") != identity:
        raise MalformedInput("wrong-receipt", f"{url} answers for another statement", "Tell its operator.")
    about = plain(ask(url, "/api/v1/node", token), url)
    log = VerifierKey.parse(str(about.get("log_key", "")))
    known = [key for key in KeyStore().known().of("log") if key.verifier.name == log.name]
    if known and all(key.verifier != log for key in known):
        raise MalformedInput(
            "other-log-key",
            f"{url} says that its log has the key {log}; you trust {known[0].vkey}",
            "Ask its operator which is right. Nothing that it says is proven.",
        )
    proof: LogProof = parse_proof(str(answer.get("proof", "")).encode(), name=f"the proof of {url}")
    line = read_regular(folder / STATEMENTS, _MOST_LINE).splitlines()[-1]
    verify_proof(proof, leaf_hash(hear(line).entry), log, name=f"the proof of {url}")
    return str(log), bool(known)


def _show(url: str, answer: dict[str, object], log_key: str, known: bool, *, wanted: str) -> None:
    text = _("It was published before: {page}") if answer.get("known") else _("Published: {page}")
    click.echo(visible(text.format(page=f"{url}{answer.get('page')}")))
    if answer.get("disclosure") != wanted:
        text = _("Its disclosure stays what it was: {level}. The node's officers change it.")
        click.echo(visible(text.format(level=answer.get("disclosure"))))
    text = _("Proven to be entry {index} of the log {log}.")
    click.echo(visible(text.format(index=answer.get("index"), log=answer.get("log"))))
    if not known:
        text = _(
            "You do not know that log's key. If its operator confirms it: accord keys trust NAME '{key}' --role log"
        )
        click.echo(visible(text.format(key=log_key)))
