"""What all commands share in showing results: a table for people, JSON for programs, no control characters."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import click

from ..records import to_readable_json

as_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON, and nothing else.")


def printable(text: str) -> str:
    """Return `text` with control, ANSI and bidirectional characters shown as escapes."""
    return "".join(
        character
        if unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
        else ascii(character)[1:-1]
        for character in text
    )


def print_json(record: Any) -> None:
    """Print a record, or plain data, as indented JSON."""
    click.echo(to_readable_json(record), nl=False)


def print_table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under headings; the last column takes the room that is left."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for number, heading in enumerate(headings):
        table.add_column(heading, no_wrap=number == 0, overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(str(cell))) for cell in row))
    Console(highlight=False).print(table)
