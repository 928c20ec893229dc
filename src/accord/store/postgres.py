"""PostgreSQL 14 or later, through psycopg 3 (the extra `postgres`)."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import Unavailable
from .interface import Row, closed

if TYPE_CHECKING:
    import psycopg

_WRITER_LOCK = 0x6163636F7264  # "accord": whoever writes holds this advisory lock, as SQLite has one writer


@lru_cache(1024)
def _spoken(sql: str) -> str:
    """Return SQL as psycopg takes it. Our SQL holds neither a question mark nor a percent sign within a literal."""
    return sql.replace("%", "%%").replace("?", "%s")


def _without_nul(values: Row) -> Row:
    """Return values whose texts PostgreSQL can keep: it has no NUL in a text, and what people say may have one."""
    return tuple(x.replace("\0", "\N{REPLACEMENT CHARACTER}") if isinstance(x, str) else x for x in values)


class _Transaction:
    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def run(self, sql: str, *values: object) -> int:
        return self._connection.execute(_spoken(sql), _without_nul(values), prepare=True).rowcount

    def many(self, sql: str, rows: Iterable[Row]) -> None:
        with self._connection.cursor() as cursor:
            cursor.executemany(_spoken(sql), map(_without_nul, rows))

    def rows(self, sql: str, *values: object) -> list[Row]:
        return self._connection.execute(_spoken(sql), _without_nul(values)).fetchall()

    def one(self, sql: str, *values: object) -> Row | None:
        return self._connection.execute(_spoken(sql), _without_nul(values)).fetchone()

    def script(self, sql: str) -> None:
        for statement in sql.replace(" BLOB", " BYTEA").split(";\n"):
            if statement.strip():
                self._connection.execute(statement)


class PostgresStore:
    """A store in the database that `url` names. Each thread has a connection of its own."""

    def __init__(self, url: str) -> None:
        try:
            import psycopg
        except ImportError:
            raise Unavailable(
                "missing-extra", "PostgreSQL needs psycopg", "Run `pip install 'accord-governance[postgres]'`."
            ) from None
        self._psycopg = psycopg
        self._url = url
        self._lock = threading.Lock()
        self._local = threading.local()
        self._open: list[psycopg.Connection[Any]] = []
        self._closed = False
        with self._refusals():
            self._connection()

    @property
    def place(self) -> str:
        """The server and database."""
        info = self._connection().info
        return f"postgresql://{info.host}:{info.port}/{info.dbname}"

    @contextmanager
    def writing(self) -> Iterator[_Transaction]:
        """Write alone; see `Store`."""
        with self._refusals(), self._lock:
            connection = self._connection("writer")
            with connection.transaction():
                connection.execute("SELECT pg_advisory_xact_lock(%s)", (_WRITER_LOCK,))
                yield _Transaction(connection)

    @contextmanager
    def reading(self) -> Iterator[_Transaction]:
        """Read one moment's state; see `Store`."""
        with self._refusals():
            connection = self._connection()
            if connection.info.transaction_status != self._psycopg.pq.TransactionStatus.IDLE:
                yield _Transaction(connection)
                return
            with connection.transaction():
                connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                yield _Transaction(connection)

    def backup(self, target: Path) -> None:
        """Refuse: PostgreSQL has its own tools for that."""
        raise Unavailable(
            "use-pg-dump", "a PostgreSQL store is copied by its own tools", f"Run `pg_dump --file={target} DATABASE`."
        )

    def faults(self) -> list[str]:
        """Return nothing: PostgreSQL checks its pages as it reads them."""
        return []

    def close(self) -> None:
        """Close every connection once what is being written is; see `Store`."""
        with self._lock:
            self._closed = True
            for connection in self._open:
                with suppress(self._psycopg.Error):
                    connection.close()
            self._open.clear()

    def _connection(self, name: str = "reader") -> psycopg.Connection[Any]:
        if self._closed:
            raise closed()
        connection: psycopg.Connection[Any] | None = getattr(self._local, name, None)
        if connection is None or connection.closed:
            connection = self._psycopg.connect(self._url, autocommit=True)
            setattr(self._local, name, connection)
            self._open.append(connection)
        return connection

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        try:
            yield
        except (self._psycopg.OperationalError, self._psycopg.InternalError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise Unavailable(
                "store-unavailable",
                f"the PostgreSQL store can't be used: {reason}",
                "Check that the server runs, its address and its free space; what was acknowledged is safe.",
            ) from None
