"""Saying something on behalf of a person: the node signs first, as it answers for it; the person's key signs beside.

Another node knows the node's key, and so what counts; the person's key says who it was, and stays the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..records.measurement import Record
from ..records.said import Level, Person
from ..store.viewer import Viewer
from .intake import Receipt
from .node import Node


def say_for(
    node: Node, viewer: Viewer, record: Record, kind: str, about: Sequence[str], *, level: Level = "public"
) -> Receipt:
    """Say a record for an account that is logged in; its own key, which the node holds, signs as well."""
    from .auth.people import key_of

    return node.say(record, kind, about, signers=[node.speaker, key_of(node, viewer.account)], level=level)


def person(viewer: Viewer, role: str = "") -> Person:
    """Return who the viewer is, as statements name people."""
    known = next(
        (name for name in ("operator", "decider", "officer", "publisher", "reader") if name in viewer.roles), ""
    )
    return Person(name=viewer.name, role=role or known, office=viewer.office)
