"""What a witness remembers, in a store: a WitnessState (accord.trust.witness)."""

from __future__ import annotations

from ..trust.checkpoint import parse_checkpoint
from ..trust.note import parse_note
from .interface import Store


class StoredState:
    """Comparing and storing is one transaction; it is on disk when `compare_and_store` returns."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def latest(self, origin: str) -> bytes | None:
        """Return the latest note of a log, or None."""
        with self._store.reading() as transaction:
            row = transaction.one("SELECT note FROM witnessed WHERE origin = ?", origin)
        return bytes(row[0]) if row else None

    def compare_and_store(self, origin: str, old_size: int, old_root: bytes | None, note: bytes) -> bool:
        """Store `note` if the latest has this size and root (none: 0 and None); say if it had."""
        new = parse_checkpoint(parse_note(note))
        with self._store.writing() as transaction:
            row = transaction.one("SELECT size, root FROM witnessed WHERE origin = ?", origin)
            if (old_size, old_root) != ((row[0], bytes(row[1])) if row else (0, None)):
                return False
            transaction.run(
                "INSERT INTO witnessed (origin, size, root, note) VALUES (?, ?, ?, ?) ON CONFLICT (origin)"
                " DO UPDATE SET size = excluded.size, root = excluded.root, note = excluded.note",
                origin, new.size, new.root, note,
            )  # fmt: skip
        return True
