"""The first page: what this node is, what is in it, and where to go."""

from __future__ import annotations

from litestar import Response, get

from ...store.viewer import Viewer
from ..node import Node
from .rendering import page


@get("/", include_in_schema=False, sync_to_thread=True)
def home(node: Node, viewer: Viewer, language: str) -> Response[bytes]:
    """Show the first page."""
    where, values = viewer.may_see()
    with node.store.reading() as transaction:
        counts = transaction.rows(
            f"SELECT kind, COUNT(*) FROM statements WHERE {where} GROUP BY kind ORDER BY 2 DESC, 1 LIMIT 50", *values
        )
    return page(
        "home.html.j2", node=node, viewer=viewer, language=language, path="/", counts=dict(counts), size=node.size
    )


HANDLERS = [home]
