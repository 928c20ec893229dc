"""A node's own log in its store: grown, signed and committed together with the statements that it is of.

Nobody can see a checkpoint before its transaction is on disk; so there are never two trees of one size, at whatever
moment the process ends.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import MalformedInput, Unavailable
from ..trust.checkpoint import Checkpoint, parse_checkpoint
from ..trust.ed25519 import SigningKey
from ..trust.note import Note, VerifierKey, parse_note
from ..trust.proof import LogProof
from ..trust.tiles import ENTRIES, WIDTH, TiledTree, grow
from ..trust.tree import EMPTY_ROOT, consistency_proof, inclusion_proof
from .interface import Transaction

BUNDLES = -1
_HALTED = "halted"


class StoredTiles:
    """The tiles of one log, as a transaction sees them."""

    def __init__(self, transaction: Transaction, origin: str) -> None:
        self._transaction = transaction
        self._origin = origin

    @property
    def place(self) -> str:
        """The log's name."""
        return f"the log {self._origin}"

    def read(self, level: int | str, index: int, width: int, limit: int) -> bytes | None:
        """Return the tile if it is at least that wide."""
        found = read_tile(self._transaction, self._origin, level, index)
        return found[1] if found and found[0] >= width and len(found[1]) <= limit else None


def read_tile(transaction: Transaction, origin: str, level: int | str, index: int) -> tuple[int, bytes] | None:
    """Return the width and content of a tile or bundle, or None."""
    row = transaction.one(
        "SELECT width, data FROM tiles WHERE origin = ? AND level = ? AND idx = ?", origin, _level(level), index
    )
    return (row[0], bytes(row[1])) if row else None


def write_tiles(transaction: Transaction, origin: str, tiles: dict[tuple[int | str, int], tuple[int, bytes]]) -> None:
    """Write the tiles that changed in a log. What lies beyond its checkpoint is seen by nobody."""
    transaction.many(
        "INSERT INTO tiles (origin, level, idx, width, data) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (origin, level, idx) DO UPDATE SET width = excluded.width, data = excluded.data",
        [(origin, _level(level), index, width, data) for (level, index), (width, data) in tiles.items()],
    )


def set_head(transaction: Transaction, head: Checkpoint, note: Note) -> None:
    """Write the checkpoint of a log."""
    transaction.run(
        "INSERT INTO logs (origin, size, root, note) VALUES (?, ?, ?, ?) ON CONFLICT (origin)"
        " DO UPDATE SET size = excluded.size, root = excluded.root, note = excluded.note",
        head.origin, head.size, head.root, note.encode(),
    )  # fmt: skip


def head_of(transaction: Transaction, origin: str) -> tuple[Checkpoint, Note] | None:
    """Return the latest checkpoint of a log that is kept here, or None."""
    row = transaction.one("SELECT note FROM logs WHERE origin = ?", origin)
    if row is None:
        return None
    note = parse_note(bytes(row[0]), name=f"checkpoint of {origin}")
    return parse_checkpoint(note), note


def cosigned_of(transaction: Transaction, origin: str) -> tuple[Checkpoint, Note] | None:
    """Return the latest checkpoint of our own log that witnesses cosigned, or None."""
    row = transaction.one("SELECT note FROM cosigned WHERE origin = ?", origin)
    if row is None:
        return None
    note = parse_note(bytes(row[0]), name=f"cosigned checkpoint of {origin}")
    return parse_checkpoint(note), note


def tree_of(transaction: Transaction, origin: str, size: int) -> TiledTree:
    """Return the tree of the first `size` entries of a log that is kept here."""
    return TiledTree(StoredTiles(transaction, origin), size)


def prove(transaction: Transaction, origin: str, index: int) -> LogProof:
    """Return the proof of an entry at the latest checkpoint: one that witnesses cosigned, if that has the entry.

    Raises MalformedInput if there is no such entry.
    """
    found = cosigned_of(transaction, origin)
    if found is None or index >= found[0].size:
        found = head_of(transaction, origin)
    if found is None or not 0 <= index < found[0].size:
        raise MalformedInput("no-such-entry", f"{origin} has no entry {index}", "Ask for one below the log's size.")
    size, note = found[0].size, found[1]
    return LogProof(index, tuple(inclusion_proof(index, size, tree_of(transaction, origin, size).range_hash)), note)


def consistency(transaction: Transaction, origin: str, old: int, size: int) -> list[bytes]:
    """Return the proof that the first `old` > 0 entries are a prefix of the first `size`."""
    return consistency_proof(old, size, tree_of(transaction, origin, size).range_hash)


def halt(transaction: Transaction, reason: str) -> None:
    """Let our own log grow no more until `go_on`, in this process and every other: more would be a second history."""
    transaction.run(
        "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        _HALTED, reason[:1000],
    )  # fmt: skip


def halted(transaction: Transaction) -> str:
    """Return why our own log may not grow, or ""."""
    row = transaction.one("SELECT value FROM meta WHERE name = ?", _HALTED)
    return str(row[0]) if row else ""


def go_on(transaction: Transaction) -> None:
    """Let our own log grow again."""
    transaction.run("DELETE FROM meta WHERE name = ?", _HALTED)


class StoredLog:
    """The log that this node writes. `origin` is its name and that of its key."""

    def __init__(self, key: SigningKey, origin: str) -> None:
        self.verifier_key = VerifierKey(origin, key.public)
        self._key = key

    @property
    def origin(self) -> str:
        """The name of the log."""
        return self.verifier_key.name

    def append(self, transaction: Transaction, entries: Sequence[bytes]) -> range:
        """Append entries and sign the new checkpoint; both are safe once the transaction is. Returns their indices.

        Raises MalformedInput if the tiles do not lead to the signed root: nothing is built on a damaged log.
        Raises Unavailable if the log was halted.
        """
        if reason := halted(transaction):
            raise Unavailable(
                "node-halted", f"the node takes in nothing: {reason}", "Its operator runs `accord node regain`."
            )
        found = head_of(transaction, self.origin)
        size, root = (found[0].size, found[0].root) if found else (0, EMPTY_ROOT)
        tiles = StoredTiles(transaction, self.origin)
        tree = TiledTree(tiles, size)
        if tree.root() != root:
            raise MalformedInput(
                "log-damaged", f"the tiles of {self.origin} do not match its checkpoint", "Restore the store."
            )
        growth = grow(tree, tiles, entries)
        head = Checkpoint(self.origin, growth.size, growth.root)
        write_tiles(transaction, self.origin, growth.tiles)
        set_head(transaction, head, head.sign(self._key))
        return range(size, growth.size)


def _level(level: int | str) -> int:
    return BUNDLES if level == ENTRIES else int(level)


def narrower(level: int | str, width: int, data: bytes, wanted: int) -> bytes | None:
    """Return the first `wanted` hashes (or entries) of a tile of `width`, or None if it has fewer."""
    if not 0 < wanted <= width:
        return None
    if level != ENTRIES:
        return data[: wanted * 32]
    end = 0
    for _ in range(wanted):
        end += 2 + int.from_bytes(data[end : end + 2], "big")
    return data[:end]


__all__ = [
    "BUNDLES",
    "WIDTH",
    "StoredLog",
    "StoredTiles",
    "consistency",
    "go_on",
    "halt",
    "halted",
    "head_of",
    "narrower",
    "prove",
    "read_tile",
    "set_head",
    "tree_of",
    "write_tiles",
]
