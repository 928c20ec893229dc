"""Mirroring a peer's log: checkpoint, entries, and the proof that it only grew.

The mirror hashes every entry itself. If they lead from the tree that was mirrored before to the root that the peer
signed now, the log has only grown. If the peer's own tiles prove that it has not, it has shown two histories.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from ...commons.interface import read_again
from ...errors import AccordError, MalformedInput, Unavailable
from ...store import Store, Transaction
from ...store.log import StoredTiles, head_of, set_head, tree_of, write_tiles
from ...trust.checkpoint import Checkpoint, parse_checkpoint
from ...trust.note import MAX_NOTE_BYTES, Note, parse_note, verify_note
from ...trust.tiles import ENTRIES, WIDTH, TiledTree, decode_bundle, grow, tile_path
from ...trust.tree import EMPTY_ROOT
from .peers import Peer

_MAX_BUNDLE = WIDTH * (2 + 1024)
"""Entries of nodes are hash records of at most 1 KB."""
_MAX_SIZE = 2**40


class SplitView(AccordError):
    """A log has shown two histories; `first` and `second` are the checkpoints that it signed, as notes."""

    def __init__(self, origin: str, first: bytes, second: bytes, detail: str) -> None:
        super().__init__("split-view", f"{origin} has shown two histories: {detail}", "It is followed no more.")
        self.origin, self.first, self.second, self.detail = origin, first, second, detail


@dataclass(frozen=True)
class Head:
    """A checkpoint that the peer's key signed."""

    checkpoint: Checkpoint
    note: Note


def mirror_path(origin: str) -> str:
    """Return where a node serves its mirror of another log."""
    return f"/mirrors/{hashlib.sha256(origin.encode()).hexdigest()}"


def read_head(peer: Peer, path: str = "/log/checkpoint", of: Peer | None = None) -> Head | None:
    """Fetch a checkpoint from `peer`: its own, or at `path` that of another log. None if it has none."""
    about = of or peer
    answer = peer.get(path, most=MAX_NOTE_BYTES, seconds=15)
    if answer.status == 404:
        return None
    note = parse_note(answer.body, name=f"checkpoint of {about.origin}")
    verify_note(note, [about.verifier], name=f"checkpoint of {about.origin}")
    checkpoint = parse_checkpoint(note)
    if checkpoint.origin != about.origin or checkpoint.size > _MAX_SIZE:
        raise MalformedInput("other-log", f"{peer.url} serves the checkpoint of another log", "Ask its operator.")
    return Head(checkpoint, note)


def mirror(store: Store, peer: Peer, head: Head) -> int:
    """Bring the mirror of the peer's log up to `head` and return its size.

    Raises SplitView if the peer has rewritten its log, MalformedInput if what it serves does not fit what it signed,
    Unavailable if it can't be reached; what was fetched before that is kept for the next time.
    """
    with store.reading() as transaction:
        known = head_of(transaction, peer.origin)
        require_same_history(transaction, peer, known, head)
    size = known[0].size if known else 0
    if known and head.checkpoint.size <= size:
        return size
    fetched = max(peer.fetched, size)
    while fetched < head.checkpoint.size:
        entries = fetch_entries(peer, fetched, head.checkpoint.size)
        with store.writing() as transaction:
            growth = grow(tree_of(transaction, peer.origin, fetched), StoredTiles(transaction, peer.origin), entries)
            write_tiles(transaction, peer.origin, growth.tiles)
            transaction.run("UPDATE peers SET fetched = ? WHERE origin = ?", growth.size, peer.origin)
        fetched = growth.size
    with store.writing() as transaction:
        if tree_of(transaction, peer.origin, head.checkpoint.size).root() == head.checkpoint.root:
            set_head(transaction, head.checkpoint, head.note)
            _note_speaker(transaction, peer.origin, peer.speaker.keyid)
            return head.checkpoint.size
        transaction.run("UPDATE peers SET fetched = ? WHERE origin = ?", size, peer.origin)
    _prove_split(peer, known, head)
    raise MalformedInput(
        "entries-do-not-fit", f"{peer.url} serves entries that do not lead to the root it signed", "It is asked again."
    )


def _note_speaker(transaction: Transaction, origin: str, keyid: str) -> None:
    sql = "UPDATE logs SET speaker = ? WHERE origin = ? AND speaker <> ?"
    if transaction.run(sql, keyid, origin, keyid):
        read_again(transaction, [origin, keyid])


def require_same_history(transaction: object, peer: Peer, known: tuple[Checkpoint, Note] | None, head: Head) -> None:
    """Raise SplitView if `head` is not a state that the mirrored log went through, where the mirror can tell."""
    if known is None or head.checkpoint.size > known[0].size:
        return
    size = head.checkpoint.size
    ours = tree_of(transaction, peer.origin, size).root() if size else EMPTY_ROOT  # type: ignore[arg-type]
    if ours != head.checkpoint.root:
        detail = f"at {size} entries it signed a root that is not that of its first {size} entries"
        raise SplitView(peer.origin, known[1].encode(), head.note.encode(), detail)


class _PeerTiles:
    """The tiles of the log that the peer serves at a path, over HTTP."""

    def __init__(self, peer: Peer, at: str = "/log") -> None:
        self._peer, self._at = peer, at

    @property
    def place(self) -> str:
        return self._peer.url

    def read(self, level: int | str, index: int, width: int, limit: int) -> bytes | None:
        for wanted in dict.fromkeys((width, WIDTH)):
            answer = self._peer.get(f"{self._at}/{tile_path(level, index, wanted)}", most=limit)
            if answer.status == 200:
                return answer.body
        return None


def fetch_entries(peer: Peer, start: int, end: int, at: str = "/log") -> list[bytes]:
    """Fetch the entries of one bundle from `start` on, of the log that the peer serves at a path.

    Raises Unavailable, LimitExceeded, or MalformedInput for what is no bundle. They are not verified.
    """
    index, skip = divmod(start, WIDTH)
    width = min(WIDTH, end - index * WIDTH)
    data = _PeerTiles(peer, at).read(ENTRIES, index, width, _MAX_BUNDLE)
    if data is None:
        raise Unavailable("no-tile", f"{peer.url} lacks entries that it signed for", "It is asked again later.")
    return decode_bundle(data, width, name=f"{peer.url}: bundle {index}")[skip:]


def _prove_split(peer: Peer, known: tuple[Checkpoint, Note] | None, head: Head) -> None:
    """Raise SplitView if the peer's own tiles lead to its new root, but not to the one it signed before."""
    if known is None or known[0].size == 0:
        return
    theirs = TiledTree(_PeerTiles(peer), head.checkpoint.size)
    if theirs.root() != head.checkpoint.root:
        return
    old = TiledTree(_PeerTiles(peer), known[0].size)
    if old.root() != known[0].root:
        detail = (
            f"its tree of {head.checkpoint.size} entries does not contain the one of {known[0].size} it signed before"
        )
        raise SplitView(peer.origin, known[1].encode(), head.note.encode(), detail)
