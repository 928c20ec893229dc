"""`accord init`: draft a system card."""

from __future__ import annotations

import secrets
from pathlib import Path

import click

from ..errors import UsageError
from ..i18n import _
from ..reports.visible import visible


@click.command("init")
@click.argument("target", type=click.Path(path_type=Path), default=".")
@click.option("--out", type=click.Path(path_type=Path), help="Where to write the card; '-' prints it.")
@click.option("--force", is_flag=True, help="Replace a card that is there.")
def command(target: Path, out: Path | None, force: bool) -> None:
    """Draft a system card (accord.toml) for TARGET from what is found in it.

    The draft names columns that look like labels, predictions and protected attributes, model files and documents.
    What only a person can know is left open, with a question. Read every line before you rely on it.
    """
    from ..subjects.draft import draft_card

    text = draft_card(target)
    if out == Path("-"):
        click.echo(text, nl=False)
        return
    path = out or (target if target.is_dir() else target.parent) / "accord.toml"
    _write(path, text, force=force)
    text = _("Wrote {path}. Read every line, answer the questions, then: accord assess {target}")
    click.echo(visible(text.format(path=path, target=target)))


def _write(path: Path, text: str, *, force: bool) -> None:
    """Write a new file; the target is a stranger's, so what lies at `path` is replaced, never written through."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}") if force else path
    try:
        with fresh.open("x", encoding="utf-8") as file:
            file.write(text)
        if force:
            fresh.replace(path)
    except FileExistsError:
        raise UsageError(
            "card-exists", f"{path} is there already", "Give --force to replace it, or --out to write elsewhere."
        ) from None
    except OSError as error:
        if force:
            fresh.unlink(missing_ok=True)
        raise UsageError(
            "card-unwritable", f"{path} can't be written: {error.strerror}", "Give another place with --out."
        ) from None
