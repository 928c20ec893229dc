"""`accord import`: take in what others say in another form."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import UsageError
from ..i18n import _
from ..reports.visible import visible
from .output import as_json, print_json
from .statements import hand_out, out, read_statement, sign_with

if TYPE_CHECKING:
    from ..records.certificate import Certificate
    from ..trust import SigningKey

_file = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group("import")
def command() -> None:
    """Take in what others say in another form: papers, as what they claim."""


@command.command("certificate")
@click.argument("paper", type=_file)
@click.option("--from", "form", type=_file, help="A TOML file with these options as keys; the command line goes first.")
@click.option("--issuer", help="Who issued the paper.")
@click.option("--number", help="Its number.")
@click.option("--scope", multiple=True, help="A standard or law that it names. Repeatable.")
@click.option("--issued", metavar="DAY", help="The day on it, YYYY-MM-DD.")
@click.option("--until", metavar="DAY", help="The last day on which it says that it holds, if it names one.")
@click.option("--claims", multiple=True, metavar="TEXT", help="What it claims, a line each. Repeatable.")
@click.option("--about", help="The system's name, as the paper has it.")
@click.option("--digest", help="The system's digest, sha256:…, if it is known.")
@click.option("--language", help="The language of the paper: fr, pt-BR.")
@click.option("--transcribed-by", help="Who read the paper and typed this.")
@click.option("--role", help="In which role.")
@click.option("--office", help="Of which office.")
@click.option("--confirm", type=_file, metavar="STATEMENT", help="As a second person: this transcription is right.")
@sign_with
@out
@as_json
def certificate(
    paper: Path,
    form: Path | None,
    scope: tuple[str, ...],
    claims: tuple[str, ...],
    confirm: Path | None,
    key_names: tuple[str, ...],
    out: Path,
    as_json: bool,
    **texts: str | None,
) -> None:
    """Record what PAPER (the file of a certificate) claims, as a signed statement. Nothing of it was measured.

    A second person confirms with --confirm STATEMENT, --transcribed-by, --role and another --key.
    """
    from ..assess import today
    from ..certificate import read_fields, standing, transcribe
    from ..trust import KeyStore
    from ..trust.saying import proof_of, say
    from ..trust.statement import subject

    store = KeyStore()
    signers = [store.load(name) for name in key_names] or [store.own()]
    fields = read_fields(form) if form else {}
    fields |= {name: value for name, value in texts.items() if value is not None}
    fields |= {name: list(value) for name, value in (("scope", scope), ("claims", claims)) if value}
    if confirm:
        _confirm(paper, confirm, fields, signers, out, as_json)
        return
    read = transcribe(paper, fields, today=today())
    about = [subject(f"{read.issuer} {read.number}".strip(), read.paper.digest)]
    about += [subject(read.about, read.about_digest)] if read.about_digest else []
    (path,) = hand_out([say(read, "certificate", about, signers=signers)], out, "certificate")
    if as_json:
        print_json({"certificate": read, "statement": str(path), "proof": str(proof_of(path))})
        return
    _show(read, standing(read, on=today()))
    click.echo(visible(_("Signed and logged: {path}").format(path=path)))
    click.echo(
        visible(_("A second person confirms: accord import certificate PAPER --confirm {path}").format(path=path))
    )


def _confirm(
    paper: Path,
    place: Path,
    fields: dict[str, object],
    signers: list[SigningKey],
    out: Path,
    as_json: bool,
) -> None:
    from ..certificate import certificate_in, confirm
    from ..records.said import Person
    from ..trust.saying import proof_of, say
    from ..trust.statement import subject

    who = {name: str(fields.pop(name, "")).strip() for name in ("transcribed_by", "role", "office")}
    missing = [name for name in ("transcribed_by", "role") if not who[name]]
    if missing or fields:
        needed = [f"--{name.replace('_', '-')} is missing" for name in missing]
        raise UsageError(
            "bad-confirmation",
            "; ".join([*needed, *(f"--{name} says nothing in a confirmation" for name in fields)]),
            "Say who confirms, in which role; what the paper says stands in the statement.",
        )
    heard = read_statement(place)
    by = Person(name=who["transcribed_by"], role=who["role"], office=who["office"])
    said = confirm(heard, paper, by, [key.keyid for key in signers])
    line = say(said, "certificate-confirmation", [subject(certificate_in(heard).issuer, heard.id)], signers=signers)
    (path,) = hand_out([line], out, "certificate-confirmation")
    if as_json:
        print_json({"confirmation": said, "statement": str(path), "proof": str(proof_of(path))})
    else:
        click.echo(visible(_("Confirmed, signed and logged: {path}").format(path=path)))


def _show(read: Certificate, words: str) -> None:
    click.echo(words)
    facts = (
        (_("issuer"), f"{read.issuer} {read.number}".strip()),
        (_("about"), f"{read.about} {read.about_digest}".strip()),
        (_("scope"), "; ".join(read.scope)),
        (_("issued"), read.issued),
        (_("until"), read.valid_until or _("the paper names no end")),
        (_("paper"), f"{read.paper.digest}, {read.paper.size} bytes, {read.paper.media_type}"),
        (_("transcribed by"), f"{read.transcribed_by.name} ({read.transcribed_by.role})"),
    )
    for name, value in facts:
        click.echo(visible(f"{name}: {value}"))
    for claim in read.claims:
        click.echo(visible(f"  - {claim}"))
