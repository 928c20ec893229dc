"""What the commands share that say something: signed with keys of this machine, logged here, written beside a proof."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import MalformedInput, UsageError
from ..i18n import _

if TYPE_CHECKING:
    from ..trust import SigningKey
    from ..trust.saying import Heard

sign_with = click.option(
    "--key", "key_names", multiple=True, metavar="NAME", help="Sign with this key of yours (default: default)."
)
out = click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("accord-statements"),
    show_default=True,
    help="Folder for the signed statement and its proof.",
)


def hand_out(lines: Sequence[bytes], folder: Path, name: str) -> tuple[Path, ...]:
    """Log signed lines in one's own log and write them, with their proofs, into `folder`; return the paths."""
    from ..subjects.digest import refuse_sealed
    from ..trust import own_log
    from ..trust.saying import publish_locally

    refuse_sealed(folder)
    if folder.exists() and not folder.is_dir():
        raise UsageError("no-folder", f"{folder} is not a folder", "Give another place with --out.")
    return tuple(path for path, _proof in publish_locally(lines, folder, name, own_log()))


def read_statement(path: Path) -> Heard:
    """Read the one statement in a file; of a report folder, that of its assessment. It is unaltered and signed.

    Raises MalformedInput if it is not, UsageError if there is none.
    """
    from ..trust.folder import read_regular
    from ..trust.saying import MAX_STATEMENT_BYTES, hear
    from ..trust.sealing import STATEMENTS

    place = path / STATEMENTS if path.is_dir() else path
    try:
        data = read_regular(place, MAX_STATEMENT_BYTES)
    except OSError as error:
        raise UsageError(
            "no-statement", f"{place}: {error.strerror or 'not a regular file'}", "Name a .intoto.jsonl file."
        ) from None
    lines = data.splitlines()
    if not lines or (len(lines) > 1 and not path.is_dir()):
        raise MalformedInput(
            "no-single-statement", f"{place.name}: {len(lines)} lines", _("Name a file that holds one statement.")
        )
    return hear(lines[-1], name=place.name)


def id_of(statement: str) -> str:
    """Return the id of a statement that is named by its digest, its file, or a report folder. Raises UsageError."""
    digest = statement.removeprefix("sha256:")
    if re.fullmatch(r"[0-9a-f]{64}", digest):
        return f"sha256:{digest}"
    return read_statement(Path(statement)).id


def signers(key_names: tuple[str, ...]) -> list[SigningKey]:
    """Return the keys to sign with: those that are named, else one's own, made at its first use."""
    from ..trust import KeyStore

    store = KeyStore()
    return [store.load(name) for name in key_names] or [store.own()]
