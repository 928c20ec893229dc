"""`accord serve`: start a node."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..errors import Unavailable
from ..i18n import _


@click.command("serve")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the node lives (default: your data folder).",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="Port; 0 picks a free one."
)
@click.option("--name", help="What the node is called.")
@click.option("--jurisdiction", metavar="CODE", help="Whose laws it judges by: DE, EU, KE …")
@click.option("--origin", metavar="NAME", help="Name of its log, for good: such as register.example.org/log.")
@click.option("--url", help="Where others reach it.")
@click.option("--store", metavar="URL", help="A postgresql:// address instead of SQLite in the folder.")
@click.option("--quiet", is_flag=True, help="Log warnings only.")
def command(folder: Path | None, host: str, port: int, quiet: bool, **settings: Any) -> None:
    """Start a node: a register, a log and its pages, on this machine, with no set-up.

    The first start makes keys, an empty log and `node.toml`. What is given here is kept for the next start.
    """
    try:
        from ..node.serving import log_to_stderr, make_server, serve
    except ImportError as error:
        raise Unavailable(
            "missing-extra",
            f"a node needs more than is installed: {error.name}",
            "Run `pip install 'accord-governance[node]'`.",
        ) from None
    from ..node.auth.accounts import has_operator
    from ..node.auth.links import make_link
    from ..node.config import node_folder
    from ..node.node import open_node
    from ..node.workers import working

    log_to_stderr("WARNING" if quiet else "INFO")
    node = open_node(folder or node_folder(), **{name: value for name, value in settings.items() if value is not None})

    def ready(port: int) -> None:
        click.echo(_("Node {name}: http://{host}:{port}/").format(name=node.config.name, host=host, port=port))
        if not has_operator(node):
            base = node.config.url.rstrip("/") or f"http://{host}:{port}"
            link = base + make_link(node)
            click.echo(_("It has no operator yet. Become one here, once, within 24 hours: {link}").format(link=link))

    with node, working(node):
        serve(make_server(node, host, port), ready)
