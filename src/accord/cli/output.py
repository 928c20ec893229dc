"""What all commands share in showing results: a table for people, JSON for programs, no control characters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import click

from ..records import to_readable_json
from ..reports.visible import visible

as_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON, and nothing else.")


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
        table.add_row(*(Text(visible(str(cell))) for cell in row))
    Console(highlight=False).print(table)
