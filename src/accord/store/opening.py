"""Opening a store by its address, with its tables brought up to date."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from ..errors import UsageError
from .interface import Store


def open_store(address: str | Path) -> Store:
    """Open the store at a path (SQLite) or a `postgresql://` address, and bring its tables up to date.

    Raises Unavailable if it can't be reached, UsageError if a newer Accord has written it.
    """
    text = str(address)
    store: Store
    if text.startswith(("postgresql://", "postgres://")):
        from .postgres import PostgresStore

        store = PostgresStore(text)
    else:
        from .sqlite import SQLiteStore

        store = SQLiteStore(Path(address))
    migrate(store)
    return store


def migrations() -> list[tuple[int, str]]:
    """Return the numbered scripts that make the tables, in order."""
    found = (item for item in files("accord.store").joinpath("migrations").iterdir() if item.name.endswith(".sql"))
    return sorted((int(item.name.split("_")[0]), item.read_text("utf-8")) for item in found)


def migrate(store: Store) -> int:
    """Run the scripts that the store has not seen, all in one transaction; return its version."""
    scripts = migrations()
    with store.writing() as transaction:
        transaction.run("CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
        row = transaction.one("SELECT value FROM meta WHERE name = 'schema'")
        version = int(row[0]) if row else 0
        if version > scripts[-1][0]:
            raise UsageError(
                "newer-store", f"{store.place} was written by a newer Accord", "Use that version, or a newer one."
            )
        for number, script in scripts:
            if number > version:
                transaction.script(script)
        transaction.run(
            "INSERT INTO meta (name, value) VALUES ('schema', ?)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            str(scripts[-1][0]),
        )
    return scripts[-1][0]
