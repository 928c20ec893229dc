"""Writing a card: a new file, or one that takes the place of an old one; never through what lies at its path."""

from __future__ import annotations

import secrets
from pathlib import Path

from ..errors import UsageError


def write_card(path: Path, text: str, *, replace: bool) -> None:
    """Write a card; the target is a stranger's, so what lies at `path` is replaced, never written through.

    Raises UsageError if there is one already and it isn't to be replaced, or if it can't be written.
    """
    from ..subjects.digest import refuse_sealed

    refuse_sealed(path)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}") if replace else path
    try:
        with fresh.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
        if replace:
            fresh.replace(path)
    except FileExistsError:
        raise UsageError(
            "card-exists", f"{path} is there already", "Give --force to replace it, or --out to write elsewhere."
        ) from None
    except OSError as error:
        if replace:
            fresh.unlink(missing_ok=True)
        raise UsageError(
            "card-unwritable", f"{path} can't be written: {error.strerror}", "Give another place with --out."
        ) from None
