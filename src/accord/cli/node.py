"""`accord node`: keep a node, from the machine that it runs on."""

from __future__ import annotations

import click

from .node_operation import COMMANDS
from .node_people import token, user


@click.group("node")
def command() -> None:
    """Keep a node: the people who may do something there, and the tokens of their programs.

    These commands may run while the node serves.
    """


for item in (user, token, *COMMANDS):
    command.add_command(item)
