"""Taking in statements: many who send, one who writes, one flush to disk for all that wait (group commit).

A statement is acknowledged when its receipt is there: then it is on disk, in the log, and under a signed checkpoint.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ..commons import apply
from ..commons.interface import read_again, reads
from ..errors import Unavailable
from ..records.said import Disclosure, Level
from ..store import Store, Transaction
from ..store.log import StoredLog
from ..store.statements import File, Incoming, Kept, add, add_files, known_ids, next_seq, note_logged, place_of
from ..trust.ed25519 import SigningKey
from ..trust.saying import hear, reread, say
from ..trust.statement import Named, format_time

_GROUP = 8_192
"""At most so many statements in one transaction: what waits longer than that is written next."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """That a statement is kept: its number here, and its index in the node's log. `known` says it was there before."""

    id: str
    seq: int
    index: int
    known: bool


@dataclass(frozen=True)
class Batch:
    """Statements that come together, all or none: with their files, and who may read them."""

    incoming: Sequence[Incoming]
    files: dict[str, list[File]] = field(default_factory=dict)
    level: Level = "public"
    peers: tuple[str, ...] = ()
    reason: str = ""


class Intake:
    """The one writer of a node's own log. `changed` is called after each commit with the log's new size."""

    def __init__(self, store: Store, log: StoredLog, speaker: SigningKey, changed: Callable[[int], None]) -> None:
        self._store = store
        self._log = log
        self._speaker = speaker
        self._changed = changed
        self._waiting: queue.SimpleQueue[tuple[Batch, Future[list[Receipt]]] | None] = queue.SimpleQueue()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="intake", daemon=True)
        self._thread.start()

    def submit(self, batch: Batch) -> Future[list[Receipt]]:
        """Queue a batch; the future has its receipts, or raises Unavailable if the disk refuses."""
        future: Future[list[Receipt]] = Future()
        if self._ended.is_set():
            raise Unavailable("node-stopping", "the node is stopping", "Send it again when the node is back.")
        self._waiting.put((batch, future))
        return future

    def say(self, lines: Sequence[bytes], level: Level = "public", reason: str = "") -> list[Receipt]:
        """Take in what was just said here, and wait for it."""
        return self.submit(Batch([Incoming.of(hear(line)) for line in lines], level=level, reason=reason)).result()

    def close(self) -> None:
        """Write what waits, then end."""
        self._ended.set()
        self._waiting.put(None)
        self._thread.join()

    def _work(self) -> None:
        while True:
            item = self._waiting.get()
            group = [] if item is None else [item]
            count = sum(len(batch.incoming) for batch, _ in group)
            while item is not None and count < _GROUP and not self._waiting.empty():
                item = self._waiting.get()
                if item is not None:
                    group.append(item)
                    count += len(item[0].incoming)
            if group:
                self._write(group)
            if item is None:
                return

    def _write(self, group: list[tuple[Batch, Future[list[Receipt]]]]) -> None:
        try:
            with self._store.writing() as transaction:
                receipts, size = self._add(transaction, [batch for batch, _ in group])
        except BaseException as error:
            if len(group) > 1:  # One batch that can't be written must not take the others with it.
                for item in group:
                    self._write([item])
                return
            group[0][1].set_exception(error)
            return
        for (_, future), found in zip(group, receipts, strict=True):
            future.set_result(found)
        if size:
            self._changed(size)

    def _add(self, transaction: Transaction, batches: Sequence[Batch]) -> tuple[list[list[Receipt]], int]:
        now = format_time(datetime.now(UTC))
        places = known_ids(transaction, list({item.id for batch in batches for item in batch.incoming}))
        was_known = frozenset(places)
        fresh: list[Incoming] = []
        first = next_seq(transaction)
        for batch in batches:
            new = {item.id: item for item in batch.incoming if item.id not in places}
            start = first + len(fresh)
            add(transaction, start, list(new.values()), now, batch.level)
            places.update((identity, seq) for seq, identity in enumerate(new, start))
            fresh.extend(new.values())
            if batch.level != "public" and new:
                line = self._withholding(batch, tuple(new))
                said = Incoming.of(hear(line))
                add(transaction, first + len(fresh), [said], now, "public")
                places[said.id] = first + len(fresh)
                fresh.append(said)
            for identity, files in batch.files.items():
                if identity in new:
                    add_files(transaction, places[identity], files)
        again = {item.id: item for batch in batches for item in batch.incoming if item.id in was_known}
        # What came from a peer before, and is now said here, too, goes into our log as well.
        unlogged = [
            (item, places[item.id])
            for item in again.values()
            if place_of(transaction, places[item.id], self._log.origin) is None
        ]
        logged = [(item, places[item.id]) for item in fresh] + unlogged
        indices = self._log.append(transaction, [item.entry for item, _ in logged]) if logged else range(0)
        note_logged(transaction, self._log.origin, [(i, seq) for i, (_, seq) in zip(indices, logged, strict=True)])
        index_of = {item.id: index for index, (item, _) in zip(indices, logged, strict=True)}
        for seq, item in enumerate(fresh, first):
            if item.line is not None and reads(item.kind):
                apply(transaction, _kept(seq, item, now), reread(item.line))
        read_again(transaction, [item.id for item, _ in logged])
        receipts = [
            [
                Receipt(
                    item.id, places[item.id], self._index(transaction, item.id, places, index_of), item.id in was_known
                )
                for item in batch.incoming
            ]
            for batch in batches
        ]
        return receipts, indices.stop if logged else 0

    def _index(self, transaction: Transaction, identity: str, places: dict[str, int], index_of: dict[str, int]) -> int:
        if identity in index_of:
            return index_of[identity]
        place = place_of(transaction, places[identity], self._log.origin)
        assert place is not None
        return place[1]

    def _withholding(self, batch: Batch, targets: tuple[str, ...]) -> bytes:
        record = Disclosure(
            targets=targets, level=batch.level, peers=batch.peers, reason=batch.reason or "as published"
        )
        about = [Named({"sha256": target.removeprefix("sha256:")}) for target in targets]
        return say(record, "disclosure", about, signers=[self._speaker])


def _kept(seq: int, item: Incoming, received: str) -> Kept:
    return Kept(
        seq, item.id, item.kind, item.type, item.subject, item.keyid, item.created, item.valid_until, received, "public"
    )
