"""Showing a peer who we are: it may let us read more than a visitor."""

from __future__ import annotations

from collections.abc import Mapping

from ..auth import clock
from ..auth.signed_requests import HEADER, sign_request
from ..node import Node
from .contents import Headers
from .peers import Peer


def headers_of(node: Node) -> Headers:
    """Return what makes the headers of a request to a peer: signed with the key with which the node speaks."""

    def headers(peer: Peer, target: str) -> Mapping[str, str]:
        return {HEADER: sign_request(node.speaker, node.origin, "GET", target, b"", peer.origin, clock.now())}

    return headers
