"""Trust lists that this node accepts: what its operator pinned, and what has followed since, of itself.

They lie in the folder `trust-lists` beside the node's keys. A list that comes in, from a peer or by hand, and that
rightly follows one that is held, takes its place; any other is kept as a statement, and refused with a reason.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from ..commons.trust_lists.page import Numbered, hidden, latest, successors
from ..errors import AccordError
from ..i18n import _
from ..store import Transaction
from ..store.statements import find, line_of
from ..store.viewer import Viewer
from ..trust.trust_list import KIND, Accepted, read_list, subject_digest
from ..trust.trust_list_form import keyid_of
from ..trust.trust_list_shelf import FOLDER, Shelf
from .node import Node

_MOST_REFUSED = 500
_LOOK_SECONDS = 1.0
logger = logging.getLogger("accord.accepting")


@dataclass
class _Held:
    """What the shelf has, as it was last read: `stamp` names its files, which never change once they are there."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    stamp: tuple[str, ...] = ()
    seen: int = -1
    chains: dict[str, tuple[Accepted, ...]] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


_held: WeakKeyDictionary[Node, _Held] = WeakKeyDictionary()
_making = threading.Lock()


def shelf_of(node: Node) -> Shelf:
    """Return the lists that the node's operator accepted."""
    return Shelf(node.folder / FOLDER)


def chains(node: Node) -> dict[str, tuple[Accepted, ...]]:
    """Return every number that is held of each operator's list (by its subject), oldest first; take up what followed.

    Raises MalformedInput if a list that is held was altered, Unavailable.
    """
    held = _of(node)
    with held.lock:
        _take_up(node, held)
        return dict(held.chains)


def lists_for(node: Node, transaction: Transaction, viewer: Viewer) -> tuple[Accepted, ...]:
    """Return the latest list of each operator that the viewer may see: what is withheld from one counts for nothing."""
    found, secret = chains(node), secret_of(node, transaction, viewer)
    shown = (next((item for item in reversed(chain) if item.id not in secret), None) for chain in found.values())
    return tuple(sorted((item for item in shown if item), key=lambda item: item.name))


def secret_of(node: Node, transaction: Transaction, viewer: Viewer) -> frozenset[str]:
    """Return which of the lists that are held are withheld from the viewer, by their ids."""
    return hidden(transaction, viewer, [item.id for chain in chains(node).values() for item in chain])


def refusal(node: Node, item: Numbered) -> str:
    """Say why a list that was published is not accepted here; "" if it is."""
    held = _of(node)
    chain = held.chains.get(item.subject, ())
    if item.id in [one.id for one in chain]:
        return ""
    if not chain:
        return _("Nobody has pinned a key of this operator here.")
    if item.number < chain[0].record.sequence:
        return _("It is older than the first list that was accepted here.")
    if item.number <= chain[-1].record.sequence:
        return _("Another list with this number is accepted here: one of them was hidden from somebody.")
    return held.refused.get(item.id) or _("No key of the list that is accepted here has signed it.")


def import_lists(node: Node, lines: Sequence[bytes], pinned: Collection[str]) -> tuple[Accepted, ...]:
    """Accept lists of one operator, put them in the log, and return those that are new.

    Raises as `trust_list.accept` does, in words that name the list.
    """
    read = sorted((read_list(line) for line in lines), key=lambda item: item.record.sequence)
    taken = shelf_of(node).take([item.heard.raw for item in read], pinned)
    node.intake.say([item.heard.raw for item in read])
    return taken


def pin(node: Node, identity: str, pinned: Collection[str]) -> bool:
    """Accept a list that is here as a statement, signed by the keys that are pinned. False if there is none."""
    with node.store.reading() as transaction:
        kept = find(transaction, identity)
        line = line_of(transaction, kept.seq) if kept and kept.kind == KIND else None
    if line is None:
        return False
    shelf_of(node).take([line], pinned)
    return True


class Accepting:
    """The thread that takes up lists as they come in, for all that goes by the shelf alone."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="accepting", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._ended.set()
        self._node.noticed()
        self._thread.join(30)

    def _work(self) -> None:
        while not self._ended.is_set():
            try:
                chains(self._node)
            except AccordError as error:  # a list on the shelf was altered, or the store can't be reached
                logger.warning("%s", error.message)
            if not self._ended.is_set():
                self._node.wait_for_growth(self._node.grown_to, _LOOK_SECONDS)


def _of(node: Node) -> _Held:
    with _making:
        return _held.setdefault(node, _Held())


def _take_up(node: Node, held: _Held) -> None:
    shelf = shelf_of(node)
    with node.store.reading() as transaction:
        newest = latest(transaction)
    if (stamp := _stamp(shelf)) == held.stamp and newest == held.seen:
        return
    held.refused.clear()
    for current in shelf.current():
        _follow(node, shelf, held, current)
    if (stamp := _stamp(shelf)) != held.stamp:
        held.chains = {
            subject_digest(item.record): tuple(read_list(line) for line in shelf.chain(item))
            for item in shelf.current()
        }
    held.stamp, held.seen = stamp, newest


def _follow(node: Node, shelf: Shelf, held: _Held, current: Accepted | None) -> None:
    """Accept what follows a list, as far as it goes. What no key of it signed can't follow, and is not looked at."""
    while current:
        subject, signers = subject_digest(current.record), current.record.signers
        with node.store.reading() as transaction:
            keys = [keyid_of(vkey) for vkey in signers.keys]
            waiting = successors(transaction, subject, current.record.sequence, keys)
        went_on = False
        for identity, line in waiting:
            try:
                went_on |= bool(shelf.take([line]))
            except AccordError as error:
                if len(held.refused) < _MOST_REFUSED:
                    held.refused[identity] = error.message
        current = shelf.of(subject) if went_on else None


def _stamp(shelf: Shelf) -> tuple[str, ...]:
    return tuple(sorted(str(path) for path in shelf.folder.glob("*/*.intoto.jsonl")))
