"""Requests that another node signs with the key that it speaks with: `Accord-Node: ORIGIN;TIME;SIGNATURE`.

A signature names method, target, body, time and who is asked, and holds for five minutes. Within them it can be sent
again; so it stands for reading, and for what does no harm when it is done twice.
"""

from __future__ import annotations

import hashlib
import re

from ...errors import MalformedInput
from ...store.viewer import VISITOR, Viewer
from ...trust.ed25519 import SigningKey
from ...trust.encoding import b64decode, b64encode
from ..federation.peers import ISOLATED, find
from ..node import Node
from ..problems import Unauthenticated
from . import clock

HEADER = "Accord-Node"
WINDOW = 300
MAX_BODY = 1024 * 1024
_VALUE = re.compile(r"(?P<origin>[^;\s\x00-\x1f]{1,200});(?P<time>[1-9]\d{0,11});(?P<signature>[A-Za-z0-9+/]{86}==)")


def sign_request(key: SigningKey, origin: str, method: str, target: str, body: bytes, audience: str, now: int) -> str:
    """Return the header's value for a request of the node `origin` to the node `audience`.

    `target` is path and query as they are sent, `now` the time in Unix seconds.
    """
    return f"{origin};{now};{b64encode(key.sign(_message(method, target, body, now, audience)))}"


def peer_of(node: Node, value: str, method: str, target: str, body: bytes) -> Viewer:
    """Return the peer that signed a request to `node`; one that is isolated, for two histories, is a visitor.

    Raises Unauthenticated, with the code `unknown-node` for others, and for a signature that is old, of the future, or
    of another request.
    """
    origin, time, signature = read_header(value)
    if abs(clock.now() - time) > WINDOW:
        raise _refused("The request was signed too long ago, or in the future.", "Compare the clocks of both nodes.")
    with node.store.reading() as transaction:
        peer = find(transaction, origin)
    if peer is None:
        raise Unauthenticated("unknown-node", "This node does not follow yours.", "Ask its operator to add yours.")
    if not peer.speaker.verify(_message(method, target, body, time, node.origin), signature):
        raise _refused("The signature is not that of this request.", "Sign what is sent, for the node that is asked.")
    return VISITOR if peer.state == ISOLATED else Viewer(peer=origin, name=origin)


def read_header(value: str) -> tuple[str, int, bytes]:
    """Return origin, time and signature of the header's value. Raises Unauthenticated."""
    found = _VALUE.fullmatch(value)
    if found is None:
        raise _refused("The header Accord-Node can't be read.", "Write ORIGIN;TIME;SIGNATURE.")
    try:
        return found["origin"], int(found["time"]), b64decode(found["signature"], HEADER)
    except MalformedInput as error:
        raise _refused(error.message, error.remedy) from None


def _message(method: str, target: str, body: bytes, time: int, audience: str) -> bytes:
    parts = ("accord-node-request/v1", method, target, hashlib.sha256(body).hexdigest(), str(time), audience)
    return "\n".join(parts).encode("utf-8", "surrogatepass")


def _refused(message: str, remedy: str) -> Unauthenticated:
    return Unauthenticated("bad-signature", message, remedy)
