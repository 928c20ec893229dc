"""How a node is: what an operator looks at first."""

from __future__ import annotations

import shutil
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from ... import __version__
from ...commons import projections
from ...records import from_json
from ...records.measurement import Record
from ...store import Transaction
from ...store.log import halted, head_of
from ...store.opening import migrations
from ...trust.note import parse_note
from ...trust.statement import parse_time
from ..federation.peers import peers
from ..node import Node
from .backup import LAST_BACKUP, LastBackup


class PeerStatus(Record, frozen=True, kw_only=True):
    """How it goes with a node that is followed.

    `entries` of its log are mirrored, `behind` of them have not been asked for their content; `silent_seconds` have
    passed since it last answered (null: it never did).
    """

    origin: str
    url: str
    state: str
    reason: str
    entries: int
    behind: int
    silent_seconds: int | None
    failures: int
    error: str


class Status(Record, frozen=True, kw_only=True):
    """How a node is. Sizes in bytes; `halted` says why its log may not grow; `views` are those that are out of date."""

    name: str
    jurisdiction: str
    origin: str
    url: str
    entries: int
    cosigned: int
    witnesses: int
    statements: int
    kinds: dict[str, int]
    withheld: int
    unread: int
    halted: str
    store: str
    store_bytes: int
    free_bytes: int
    last_backup: LastBackup | None
    peers: tuple[PeerStatus, ...]
    jobs: dict[str, int]
    version: str
    database: str
    schema: int
    newest_schema: int
    views: tuple[str, ...]


def status_of(node: Node) -> Status:
    """Return how a node is. Raises Unavailable."""
    with node.store.reading() as transaction:
        head = head_of(transaction, node.origin)
        size, cosigned = _cosigned(transaction, node.origin)
        kinds: dict[str, int] = dict(transaction.rows("SELECT kind, COUNT(*) FROM statements GROUP BY kind"))
        made: dict[str, int] = dict(transaction.rows("SELECT name, version FROM projections"))
        return Status(
            name=node.config.name,
            jurisdiction=node.config.jurisdiction,
            origin=node.origin,
            url=node.config.url,
            entries=head[0].size if head else 0,
            cosigned=size,
            witnesses=cosigned,
            statements=sum(kinds.values()),
            kinds=kinds,
            withheld=_count(transaction, "statements WHERE disclosure <> 'public'"),
            unread=_count(transaction, "unread"),
            halted=halted(transaction),
            store=node.store.place,
            store_bytes=_store_bytes(node, transaction),
            free_bytes=shutil.disk_usage(node.folder).free,
            last_backup=_last_backup(transaction),
            peers=tuple(_peers(transaction, datetime.now(UTC))),
            jobs=dict(transaction.rows("SELECT state, COUNT(*) FROM jobs GROUP BY state")),
            version=__version__,
            database=_database(node, transaction),
            schema=int((transaction.one("SELECT value FROM meta WHERE name = 'schema'") or ("0",))[0]),
            newest_schema=migrations()[-1][0],
            views=tuple(item.name for item in projections() if made.get(item.name) != item.version),
        )


def _count(transaction: Transaction, what: str) -> int:
    return int((transaction.one(f"SELECT COUNT(*) FROM {what}") or (0,))[0])


def _cosigned(transaction: Transaction, origin: str) -> tuple[int, int]:
    """Return how many entries witnesses cosigned, and how many did that."""
    row = transaction.one("SELECT size, note FROM cosigned WHERE origin = ?", origin)
    if row is None:
        return 0, 0
    names = {item.name for item in parse_note(bytes(row[1]), name="cosigned checkpoint").signatures}
    return row[0], len(names - {origin})


def _peers(transaction: Transaction, now: datetime) -> list[PeerStatus]:
    sizes: dict[str, int] = dict(transaction.rows("SELECT origin, size FROM logs"))
    return [
        PeerStatus(
            origin=peer.origin,
            url=peer.url,
            state=peer.state,
            reason=peer.reason,
            entries=sizes.get(peer.origin, 0),
            behind=max(sizes.get(peer.origin, 0) - peer.asked, 0),
            silent_seconds=int((now - parse_time(peer.reached)).total_seconds()) if peer.reached else None,
            failures=peer.failures,
            error=peer.error,
        )
        for peer in peers(transaction)
    ]


def _last_backup(transaction: Transaction) -> LastBackup | None:
    row = transaction.one("SELECT value FROM meta WHERE name = ?", LAST_BACKUP)
    return from_json(row[0], LastBackup, name="last backup") if row else None


def _store_bytes(node: Node, transaction: Transaction) -> int:
    if node.config.store:
        return int((transaction.one("SELECT pg_database_size(current_database())") or (0,))[0])
    place = Path(node.store.place)
    files = (place, place.with_name(f"{place.name}-wal"))
    return sum(file.stat().st_size for file in files if file.exists())


def _database(node: Node, transaction: Transaction) -> str:
    if node.config.store:
        return f"PostgreSQL {(transaction.one('SHOW server_version') or ('',))[0]}"
    return f"SQLite {sqlite3.sqlite_version}"
