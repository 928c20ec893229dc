"""Showing a peer who we are: it may let us read more than a visitor."""

from __future__ import annotations

from collections.abc import Mapping

from ..node import Node
from .contents import Headers
from .peers import Peer


def headers_of(node: Node) -> Headers:
    """Return what makes the headers of a request to a peer."""

    def headers(peer: Peer, target: str) -> Mapping[str, str]:
        return {}

    return headers
