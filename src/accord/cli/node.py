"""`accord node`: keep a node, from the machine that it runs on."""

from __future__ import annotations

import click

from .node_keeping import disclose, erase, revoke
from .node_operation import COMMANDS
from .node_people import token, user


@click.group("node")
def command() -> None:
    """Keep a node: its people and their programs, what it shows, and the store itself.

    These commands may run while the node serves.
    """


for item in (user, token, disclose, revoke, erase, *COMMANDS):
    command.add_command(item)
