"""What all commands share in showing results: a table for people, JSON for programs, no control characters."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click

from ..records import to_readable_json
from ..reports.visible import STEERING, visible

as_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON, and nothing else.")


def print_json(record: Any) -> None:
    """Print a record, or plain data, as indented JSON."""
    click.echo(escaped(to_readable_json(record)), nl=False)


def escaped(data: bytes) -> str:
    r"""Return JSON that says the same with what steers a terminal, or can't be seen, as `\u…` escapes.

    Such characters can stand only within its texts; its line ends stay.
    """
    return STEERING.sub(_escape, data.decode())


def print_file(data: bytes, *, json: bool = False) -> None:
    """Print what is a file on standard output: as it is into a pipe or file, harmless on a terminal."""
    if json:
        click.echo(escaped(data), nl=False)
    elif sys.stdout.isatty():
        click.echo(visible(data.decode("utf-8-sig"), keep="\t\r\n", longest=None), nl=False)
    else:
        click.echo(data, nl=False)


def _escape(found: re.Match[str]) -> str:
    return "\\u007f" if found[0] == "\x7f" else json.dumps(found[0])[1:-1]


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
