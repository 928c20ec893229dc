"""Whether all that a node keeps fits together: entries, tiles, checkpoints, statements, and the rows around them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ...errors import AccordError, MalformedInput
from ...records.measurement import Record
from ...store import Store, Transaction
from ...store.log import StoredTiles, head_of, tree_of
from ...store.statements import Incoming
from ...trust.checkpoint import Checkpoint
from ...trust.note import VerifierKey, verify_note
from ...trust.saying import reread
from ...trust.tiles import WIDTH, TiledTree
from ...trust.tree import leaf_hash, root_hash
from ..federation.peers import find
from ..node import Node

MOST = 1_000
"""Faults that are named; there may be more."""
_NOTED = ("id", "kind", "type", "subject", "keyid", "created", "valid_until")
_ORPHANS = {
    "logged.seq": "SELECT origin, idx FROM logged WHERE NOT EXISTS"
    " (SELECT 1 FROM statements s WHERE s.seq = logged.seq) LIMIT 20",
    "logged.idx": "SELECT logged.origin, idx FROM logged JOIN logs ON logs.origin = logged.origin"
    " WHERE idx >= logs.size LIMIT 20",
    "statements": "SELECT seq, id FROM statements WHERE NOT EXISTS"
    " (SELECT 1 FROM logged WHERE logged.seq = statements.seq) LIMIT 20",
    "files": "SELECT seq, name FROM files WHERE NOT EXISTS"
    " (SELECT 1 FROM statements s WHERE s.seq = files.seq) LIMIT 20",
    "disclosed_to": "SELECT seq, peer FROM disclosed_to WHERE NOT EXISTS"
    " (SELECT 1 FROM statements s WHERE s.seq = disclosed_to.seq) LIMIT 20",
    "unread": "SELECT seq, projection FROM unread WHERE NOT EXISTS"
    " (SELECT 1 FROM statements s WHERE s.seq = unread.seq) LIMIT 20",
    "awaited": "SELECT seq, what FROM awaited WHERE NOT EXISTS"
    " (SELECT 1 FROM unread WHERE unread.seq = awaited.seq AND unread.projection = awaited.projection) LIMIT 20",
}


class Fault(Record, frozen=True, kw_only=True):
    """Something that does not fit: where it is, and what is wrong with it."""

    where: str
    what: str


class LogAudit(Record, frozen=True, kw_only=True):
    """A log that was read from end to end. `statements` of its entries are here, `erased` were, `elsewhere` are not."""

    origin: str
    own: bool
    size: int
    statements: int
    erased: int
    elsewhere: int


class Unread(Record, frozen=True, kw_only=True):
    """A statement that a view on statements could not read, and why."""

    id: str
    projection: str
    reason: str


class Check(Record, frozen=True, kw_only=True):
    """What a check found. `faults` is empty if all fits; `unread` is no fault of the store, but may be looked at."""

    faults: tuple[Fault, ...]
    logs: tuple[LogAudit, ...]
    statements: int
    files: int
    unread: tuple[Unread, ...]


Progress = Callable[[str, int, int], None]
"""Is told what is looked at, how much of it is done, and how much there is."""


@dataclass
class _Counts:
    statements: int = 0
    erased: int = 0
    faults: list[Fault] = field(default_factory=list)

    def fault(self, where: str, what: str) -> None:
        if len(self.faults) < MOST:
            self.faults.append(Fault(where=where, what=what))


def check(node: Node, progress: Progress = lambda what, done, of: None) -> Check:
    """Read all that a node keeps and compare it, at one moment, while others go on. Raises Unavailable."""
    counts = _Counts()
    for what in node.store.faults():
        counts.fault("store", what)
    if counts.faults:  # What such a store says can't be relied on.
        return Check(faults=tuple(counts.faults), logs=(), statements=0, files=0, unread=())
    with node.store.reading() as transaction:
        logs = []
        for origin, own in transaction.rows("SELECT origin, own FROM logs ORDER BY own DESC, origin"):
            logs.append(_check_log(node, transaction, origin, bool(own), counts, progress))
        for place, sql in _ORPHANS.items():
            for row in transaction.rows(sql):
                counts.fault(place, f"{row[0]} {row[1]} belongs to nothing")
        files = _check_files(transaction, counts)
        (statements,) = transaction.one("SELECT COUNT(*) FROM statements") or (0,)
        unread = transaction.rows(
            "SELECT statements.id, projection, reason FROM unread JOIN statements ON statements.seq = unread.seq"
            " ORDER BY unread.seq LIMIT ?",
            MOST,
        )
    return Check(
        faults=tuple(counts.faults),
        logs=tuple(logs),
        statements=statements,
        files=files,
        unread=tuple(Unread(id=row[0], projection=row[1], reason=row[2]) for row in unread),
    )


def audit_log(store: Store, key: VerifierKey) -> Checkpoint:
    """Compare a store, and entries, tiles and checkpoint of the log of `key` in it, with themselves.

    Raises MalformedInput that names the first fault.
    """
    for fault in store.faults():
        raise MalformedInput("store-damaged", f"the store is damaged: {fault}", "Take another backup.")
    with store.reading() as transaction:
        head = _head(transaction, key.name, key)
        for where, what, _ in _bundles(transaction, key.name, head):
            if what:
                raise MalformedInput("log-damaged", f"{where} {what}", "Take another backup.")
    return head


def _head(transaction: Transaction, origin: str, key: VerifierKey | None) -> Checkpoint:
    found = head_of(transaction, origin)
    row = transaction.one("SELECT size, root FROM logs WHERE origin = ?", origin)
    if found is None or row is None:
        raise MalformedInput("log-damaged", f"there is no checkpoint of {origin}", "Take another backup.")
    if key is not None:
        verify_note(found[1], [key], name=f"checkpoint of {origin}")
    if (found[0].origin, found[0].size, found[0].root) != (origin, row[0], bytes(row[1])):
        raise MalformedInput(
            "log-damaged", f"the checkpoint of {origin} is not that of its row", "Take another backup."
        )
    return found[0]


def _bundles(
    transaction: Transaction, origin: str, head: Checkpoint
) -> Iterator[tuple[str, str, tuple[int, list[bytes]]]]:
    """Yield each bundle of entries with what is wrong with it, or ""; then what is wrong with the tiles above."""
    tiles = StoredTiles(transaction, origin)
    for index in range(-(-head.size // WIDTH)):
        tree = TiledTree(tiles, head.size)  # afresh: what it has read would pile up
        where = f"{origin}: entries {index * WIDTH} to {index * WIDTH + tree.width(0, index) - 1}"
        try:
            entries = tree.bundle(index)
            fits = [leaf_hash(entry) for entry in entries] == tree.hashes(0, index)
        except AccordError as error:
            yield where, error.message, (index * WIDTH, [])
            continue
        yield where, "" if fits else "are not those of the tile above them", (index * WIDTH, entries)
    try:
        level = 1
        while head.size >> 8 * level:
            for index in range(-(-(head.size >> 8 * level) // WIDTH)):
                tree = TiledTree(tiles, head.size)
                below = range(index * WIDTH, index * WIDTH + tree.width(level, index))
                if tree.hashes(level, index) != [root_hash(tree.hashes(level - 1, child)) for child in below]:
                    yield f"{origin}: tile {level}/{index}", "is not made of those below it", (0, [])
            level += 1
        if tree_of(transaction, origin, head.size).root() != head.root:
            yield f"{origin}: checkpoint of {head.size}", "is not the root of its tiles", (0, [])
    except AccordError as error:
        yield origin, error.message, (0, [])


def _check_log(
    node: Node, transaction: Transaction, origin: str, own: bool, counts: _Counts, progress: Progress
) -> LogAudit:
    peer = find(transaction, origin)
    key = node.log.verifier_key if own else peer.verifier if peer else None
    before, erased, size = counts.statements, counts.erased, 0
    try:
        head = _head(transaction, origin, key)
        size = head.size
        for where, what, (start, entries) in _bundles(transaction, origin, head):
            if what:
                counts.fault(where, what)
            elif entries:
                _check_statements(transaction, origin, start, entries, counts)
                progress(origin, start + len(entries), head.size)
    except AccordError as error:
        counts.fault(origin, error.message)
    statements, gone = counts.statements - before, counts.erased - erased
    elsewhere = max(size - statements - gone, 0)
    return LogAudit(origin=origin, own=own, size=size, statements=statements, erased=gone, elsewhere=elsewhere)


def _check_statements(transaction: Transaction, origin: str, start: int, entries: list[bytes], counts: _Counts) -> None:
    names = ", ".join(_NOTED)
    rows = transaction.rows(
        f"SELECT logged.idx, {names}, line FROM logged JOIN statements ON statements.seq = logged.seq"
        " WHERE logged.origin = ? AND logged.idx >= ? AND logged.idx < ?",
        origin, start, start + len(entries),
    )  # fmt: skip
    for index, *noted, line in rows:
        if line is None:
            counts.erased += 1
            continue
        counts.statements += 1
        where = f"{origin}: entry {index}"
        try:
            found = Incoming.of(reread(bytes(line)))
        except AccordError as error:
            counts.fault(where, f"its statement can't be read: {error.message}")
            continue
        if found.entry != entries[index - start]:
            counts.fault(where, "the statement kept for it is another one")
        wrong = [name for name, value in zip(_NOTED, noted, strict=True) if getattr(found, name) != value]
        if wrong:
            counts.fault(where, f"the row of its statement says otherwise: {', '.join(wrong)}")


def _check_files(transaction: Transaction, counts: _Counts) -> int:
    done, after = 0, (0, "")
    while row := transaction.one(
        "SELECT seq, name, sha256, data FROM files WHERE seq > ? OR (seq = ? AND name > ?) ORDER BY seq, name LIMIT 1",
        after[0], *after,
    ):  # fmt: skip
        after, done = (row[0], row[1]), done + 1
        if hashlib.sha256(bytes(row[3])).hexdigest() != row[2]:
            counts.fault("files", f"{row[0]} {row[1]} was altered")
    return done
