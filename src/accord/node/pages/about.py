"""About the pages themselves: how accessible they are, and how far they are translated."""

from __future__ import annotations

from litestar import Response, get

from ...store.viewer import Viewer
from ..node import Node
from .rendering import page


@get("/accessibility", include_in_schema=False, sync_to_thread=True)
def accessibility(node: Node, viewer: Viewer, language: str) -> Response[bytes]:
    """Show the accessibility statement."""
    return page("accessibility.html.j2", node=node, viewer=viewer, language=language, path="/accessibility")


@get("/languages", include_in_schema=False, sync_to_thread=True)
def translations(node: Node, viewer: Viewer, language: str) -> Response[bytes]:
    """Show every language, how complete it is, and whether a speaker has reviewed it."""
    return page("languages.html.j2", node=node, viewer=viewer, language=language, path="/languages")


HANDLERS = [accessibility, translations]
