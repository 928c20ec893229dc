"""SQLite: one file, no set-up. WAL, and flushed to disk at every commit (synchronous=FULL)."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import Unavailable, UsageError
from .interface import Row, closed

_CACHE_KIB = 32 * 1024
_WAIT_SECONDS = 60.0
_LOG_PAGES = 8_000
"""Pages of 4 KB that the write-ahead log may hold before they are moved: a batch of 1,000 statements fills 700."""


class _Transaction:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def run(self, sql: str, *values: object) -> int:
        return self._connection.execute(sql, values).rowcount

    def many(self, sql: str, rows: Iterable[Row]) -> None:
        self._connection.executemany(sql, rows)

    def rows(self, sql: str, *values: object) -> list[Row]:
        return self._connection.execute(sql, values).fetchall()

    def one(self, sql: str, *values: object) -> Row | None:
        row: Row | None = self._connection.execute(sql, values).fetchone()
        return row

    def script(self, sql: str) -> None:
        for statement in sql.split(";\n"):
            self._connection.execute(statement)


_KEPT_AS = {"TEXT": "text", "BLOB": "blob", "INTEGER": "integer", "BIGINT": "integer"}


def _mistyped(transaction: _Transaction, table: str) -> Iterator[str]:
    name = '"' + table.replace('"', '""') + '"'
    for column, kind in transaction.rows("SELECT name, type FROM pragma_table_info(?)", table):
        if kind not in _KEPT_AS:
            continue
        quoted = '"' + column.replace('"', '""') + '"'
        (count,) = transaction.rows(
            f"SELECT COUNT(*) FROM {name} WHERE typeof({quoted}) NOT IN ('null', ?)", _KEPT_AS[kind]
        )[0]
        if count:
            yield f"{count} values of {table}.{column} are of another type"


class SQLiteStore:
    """A store in the file `path`, which is made with its folder if it is not there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._readers = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._closed = False
        with self._refusals():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            self._writer = self._connect()
            self._writer.execute("PRAGMA journal_mode=WAL")
            self._writer.execute("PRAGMA synchronous=FULL")
            self._writer.execute("PRAGMA secure_delete=ON")  # What is erased is overwritten.
            self._writer.execute(f"PRAGMA wal_autocheckpoint={_LOG_PAGES}")

    @property
    def place(self) -> str:
        """The file."""
        return str(self.path)

    @contextmanager
    def writing(self) -> Iterator[_Transaction]:
        """Write alone; see `Store`."""
        with self._refusals(), self._lock:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield _Transaction(self._writer)
                self._writer.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # A full disk has rolled back by itself.
                    self._writer.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[_Transaction]:
        """Read one moment's state; see `Store`."""
        with self._refusals():
            connection: sqlite3.Connection | None = getattr(self._readers, "connection", None)
            if connection is None:
                connection = self._readers.connection = self._connect()
                connection.execute("PRAGMA query_only=ON")
            if connection.in_transaction:  # A block within a block reads the same moment.
                yield _Transaction(connection)
                return
            connection.execute("BEGIN")
            try:
                yield _Transaction(connection)
            finally:
                with suppress(sqlite3.Error):
                    connection.execute("COMMIT")

    def backup(self, target: Path) -> None:
        """Write a consistent copy; see `Store`."""
        if target.exists():
            raise UsageError("file-exists", f"{target} is there already", "Name a file that is not there yet.")
        with self._refusals():
            source = self._connect()
            try:
                source.execute("VACUUM INTO ?", (str(target),))
            finally:
                self._close(source)
            with target.open("rb") as file:
                os.fsync(file.fileno())

    def faults(self) -> list[str]:
        """Return what SQLite finds wrong with its file, what acts by itself in it, and values of another type.

        Nothing of ours acts by itself; and SQLite keeps any type in any column.
        """
        with self.reading() as transaction:
            found = [row[0] for row in transaction.rows("PRAGMA quick_check(20)") if row[0] != "ok"]
            rows = transaction.rows("SELECT type, name FROM sqlite_master WHERE type IN ('trigger', 'view') LIMIT 20")
            found += [f"there is a {kind} {name!r}, which Accord has not made" for kind, name in rows]
            tables = transaction.rows("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
            return found + [fault for (table,) in tables for fault in _mistyped(transaction, table)]

    def close(self) -> None:
        """Close every connection once what is being written is; see `Store`."""
        with self._lock:
            self._closed = True
            for connection in list(self._open):
                self._close(connection)

    def _connect(self) -> sqlite3.Connection:
        if self._closed:
            raise closed()
        connection = sqlite3.connect(
            self.path, isolation_level=None, check_same_thread=False, timeout=_WAIT_SECONDS, cached_statements=256
        )
        connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
        connection.execute("PRAGMA foreign_keys=ON")
        self._open.append(connection)
        return connection

    def _close(self, connection: sqlite3.Connection) -> None:
        connection.close()
        with suppress(ValueError):
            self._open.remove(connection)

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.OperationalError, sqlite3.DatabaseError, OSError) as error:
            if self._closed:
                raise closed() from None
            if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
                raise
            raise Unavailable(
                "store-unavailable",
                f"the store {self.path} can't be used: {error}",
                "Check free space and permissions; what was acknowledged is safe.",
            ) from None
