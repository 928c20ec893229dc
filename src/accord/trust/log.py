"""An append-only log in a folder that any web server can serve (c2sp.org/tlog-tiles), with one writer at a time.

An entry is acknowledged when `append` returns: then the tiles, the checkpoint over them and the names of both are on
disk. The order that makes it so: (1) tiles and bundles; (2) the signed checkpoint under a provisional name, safe
before anybody can see it; (3) its renaming to `checkpoint`. Whoever opens the log after a crash completes step 3. So
a checkpoint that was ever visible is never lost, and the log can't sign two trees of one size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ..errors import MalformedInput, Unavailable
from ..places import data_folder
from .checkpoint import Checkpoint, parse_checkpoint
from .ed25519 import SigningKey
from .files import Files, put_all
from .keys import LOG, KeyStore, local_name
from .note import MAX_NOTE_BYTES, Note, VerifierKey, parse_note, verify_note
from .proof import LogProof
from .tiles import WIDTH, FolderTiles, TiledTree, grow, tile_path
from .tree import EMPTY_ROOT, consistency_proof, inclusion_proof, leaf_hash, verify_inclusion


@dataclass(frozen=True)
class Appended:
    """What an append was acknowledged with: the indices of the entries and the checkpoint that covers them."""

    indices: range
    note: Note


class Log:
    """A log of our own. `origin` is its name and that of its key; `files` is replaced only by tests."""

    def __init__(self, folder: Path, key: SigningKey, origin: str, files: Files | None = None) -> None:
        self.folder = folder
        self.verifier_key = VerifierKey(origin, key.public)
        self._key = key
        self._files = files or Files()
        self._tiles = FolderTiles(folder, self._files)

    @property
    def origin(self) -> str:
        """The name of the log."""
        return self.verifier_key.name

    def append(self, entries: Sequence[bytes]) -> Appended:
        """Append entries of at most 65,535 bytes each and return when they are safe on disk.

        Raises Unavailable if the disk refuses or another process holds the log, MalformedInput if the log is damaged.
        """
        with self._exclusive() as (checkpoint, note):
            if not entries:
                return Appended(range(checkpoint.size, checkpoint.size), note)
            tree = self._intact_tree(checkpoint)
            growth = grow(tree, self._tiles, entries)
            contents = {
                self.folder / tile_path(level, index, width): data
                for (level, index), (width, data) in growth.tiles.items()
            }
            grown = Checkpoint(self.origin, growth.size, growth.root)
            put_all(self._files, self.folder, contents)
            note = self._commit(grown)
            self._remove_obsolete(contents)
            return Appended(range(tree.size, grown.size), note)

    def head(self) -> tuple[Checkpoint, Note]:
        """Return the current checkpoint, verified. A new log signs one of size 0."""
        with self._exclusive() as found:
            return found

    def prove(self, index: int, note: Note | None = None) -> LogProof:
        """Return the proof for entry `index` at the current checkpoint, or at the given one of this log."""
        if note is None:
            checkpoint, note = self.head()
        else:
            checkpoint = self._verified(note, "the given checkpoint")
        if not 0 <= index < checkpoint.size:
            raise MalformedInput("no-such-entry", f"the log has no entry {index}", f"It has {checkpoint.size} entries.")
        tree = TiledTree(self._tiles, checkpoint.size)
        hashes = inclusion_proof(index, checkpoint.size, tree.range_hash)
        if not verify_inclusion(index, checkpoint.size, leaf_hash(tree.entry(index)), hashes, checkpoint.root):
            raise self._damaged("its files do not match its checkpoint")
        return LogProof(index, tuple(hashes), note)

    def consistency(self, old: int) -> list[bytes]:
        """Return the proof that the tree of `old` > 0 entries is a prefix of the current one."""
        size = self.head()[0].size
        return consistency_proof(old, size, TiledTree(self._tiles, size).range_hash)

    def entry(self, index: int) -> bytes:
        """Return entry `index`."""
        return TiledTree(self._tiles, self.head()[0].size).entry(index)

    def audit(self) -> Checkpoint:
        """Read the whole log and compare entries, tiles and checkpoint. Raises MalformedInput if they do not fit."""
        checkpoint = self.head()[0]
        if TiledTree(self._tiles, checkpoint.size).audit() != checkpoint.root:
            raise self._damaged("its entries do not match its checkpoint")
        return checkpoint

    @contextmanager
    def _exclusive(self) -> Iterator[tuple[Checkpoint, Note]]:
        """Hold the log alone, recovered, and hand out its checkpoint."""
        try:
            for folder in reversed((self.folder, *self.folder.parents)):
                self._files.make_folder(folder)
            with self._files.lock(self.folder / ".lock"):
                yield self._recover()
        except OSError as error:
            raise Unavailable(
                "log-unavailable",
                f"the log can't be written: {error.strerror or error}",
                f"Check free space and permissions of {self.folder}; then repeat. What was acknowledged is safe.",
            ) from None

    def _recover(self) -> tuple[Checkpoint, Note]:
        """Complete a commit that a crash interrupted, and return the checkpoint; sign the first one in a new log."""
        current = self._read_checkpoint(self.folder / "checkpoint")
        try:
            pending = self._read_checkpoint(self._pending)
        except MalformedInput:
            pending = None  # Torn while it was written: nobody saw it, nothing was acknowledged.
        if pending and (current is None or pending[0].size > current[0].size):
            self._publish()
            return pending
        if current is None:
            if self._files.names(self.folder / "tile"):
                raise self._damaged("it has entries but no checkpoint")
            for folder in self.folder.parents:
                with suppress(PermissionError):  # What we may not read we did not make.
                    self._files.flush_folder(folder)
            empty = Checkpoint(self.origin, 0, EMPTY_ROOT)
            return empty, self._commit(empty)
        return current

    def _read_checkpoint(self, path: Path) -> tuple[Checkpoint, Note] | None:
        data = self._files.read(path, MAX_NOTE_BYTES)
        if data is None:
            return None
        note = parse_note(data, name=path.name)
        return self._verified(note, path.name), note

    def _verified(self, note: Note, name: str) -> Checkpoint:
        verify_note(note, [self.verifier_key], name=f"{name} of log {self.origin}")
        checkpoint = parse_checkpoint(note, name=name)
        if checkpoint.origin != self.origin:
            raise self._damaged("its checkpoint is that of another log")
        return checkpoint

    def _intact_tree(self, checkpoint: Checkpoint) -> TiledTree:
        """Return the tree to append to, once its right edge leads to the signed root."""
        tree = TiledTree(self._tiles, checkpoint.size)
        index, width = divmod(tree.size, WIDTH)
        if tree.root() != checkpoint.root:
            raise self._damaged("its tiles do not match its checkpoint")
        if width and [leaf_hash(entry) for entry in tree.bundle(index)] != tree.hashes(0, index):
            raise self._damaged("its last entries do not match their hashes")
        return tree

    def _commit(self, checkpoint: Checkpoint) -> Note:
        note = checkpoint.sign(self._key)
        self._files.write(self._pending, note.encode())
        self._publish()
        return note

    def _publish(self) -> None:
        self._files.flush(self._pending)
        self._files.flush_folder(self.folder)
        self._files.rename(self._pending, self.folder / "checkpoint")
        self._files.flush_folder(self.folder)

    def _remove_obsolete(self, contents: dict[Path, bytes]) -> None:
        """Remove the partial files of tiles and bundles that are now full; a crash here leaves only spare files."""
        for path in contents:
            partial = path.with_name(f"{path.name}.p")
            names = self._files.names(partial) if path.parent.suffix != ".p" else []
            for name in names:
                self._files.remove(partial / name)
            if names:
                self._files.remove_folder(partial)

    @property
    def _pending(self) -> Path:
        return self.folder / "checkpoint.pending"

    def _damaged(self, how: str) -> MalformedInput:
        return MalformedInput("log-damaged", f"the log in {self.folder} is damaged: {how}", "Restore it from a copy.")


def own_log(store: KeyStore | None = None, folder: Path | None = None) -> Log:
    """Return the log of this machine's user, made at first use, with a key of its own that names it."""
    key = (store or KeyStore()).own(LOG)
    return Log(folder or data_folder() / "log", key, local_name(key.public).name)
