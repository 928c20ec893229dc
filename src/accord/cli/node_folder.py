"""What the commands share that keep a node: which one, opened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import Unavailable, UsageError

if TYPE_CHECKING:
    from ..node.node import Node

in_folder = click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the node lives (default: your data folder).",
)


@contextmanager
def opened(folder: Path | None, *, make: bool = False) -> Iterator[Node]:
    """Open the node in `folder`, beside its server if that runs; if there is none, `make` one.

    Raises UsageError if there is none to open, Unavailable if what a node needs is not installed.
    """
    try:
        from ..node.config import node_folder, read_config
        from ..node.node import open_node
    except ImportError as error:
        raise Unavailable(
            "missing-extra",
            f"a node needs more than is installed: {error.name}",
            "Run `pip install 'accord-governance[node]'`.",
        ) from None
    place = folder or node_folder()
    if not make and read_config(place) is None:
        raise UsageError("no-node", f"there is no node in {place}", "Name its folder with --folder, or `accord serve`.")
    with open_node(place) as node:
        yield node
