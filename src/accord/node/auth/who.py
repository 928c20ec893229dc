"""From a request to a viewer."""

from __future__ import annotations

from typing import Any

from ...store.viewer import VISITOR, Viewer
from ..node import Node


def viewer_of(request: Any, node: Node) -> Viewer:
    """Return who sends the request: an account (session cookie or bearer token), another node, or a visitor."""
    return VISITOR
