"""Statements in a store: put in, found again, and read by whoever may."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import MalformedInput
from ..trust.saying import Heard
from .interface import Row, Transaction

_COLUMNS = "seq, id, kind, type, subject, keyid, created, valid_until, received, disclosure"


@dataclass(frozen=True, slots=True)
class Incoming:
    """What a store notes of a statement. `subject` is the digest of the first thing that it is about."""

    id: str
    kind: str
    type: str
    subject: str
    keyid: str
    created: str
    valid_until: str
    entry: bytes
    line: bytes | None

    @classmethod
    def of(cls, heard: Heard) -> Incoming:
        """Note a statement that was heard. Raises MalformedInput if its type or a time is no text to keep in a row."""
        return cls(
            heard.id,
            heard.kind,
            _text(heard.statement.predicate_type, "predicate type", 400),
            heard.subjects[0],
            heard.keys[0].keyid,
            _text(heard.created, "timeCreated", 40),
            _text(heard.valid_until, "validUntil", 40),
            heard.entry,
            heard.raw,
        )


def _text(value: str, what: str, most: int) -> str:
    if len(value) > most or not value.isprintable():  # PostgreSQL keeps no NUL, and indexes no long text
        raise MalformedInput(
            "unfit-text", f"its {what} is longer than {most} characters or can't be printed", "Sign it anew."
        )
    return value


@dataclass(frozen=True, slots=True)
class Kept:
    """A statement as it is kept: `seq` is its place in the order of arrival, `received` when that was (UTC)."""

    seq: int
    id: str
    kind: str
    type: str
    subject: str
    keyid: str
    created: str
    valid_until: str
    received: str
    disclosure: str


@dataclass(frozen=True, slots=True)
class File:
    """A file that a statement names by digest: its name, sha256 in hex, media type and content."""

    name: str
    sha256: str
    media: str
    data: bytes


def next_seq(transaction: Transaction) -> int:
    """Return the number that the next statement gets."""
    row = transaction.one("SELECT MAX(seq) FROM statements")
    return (row[0] or 0) + 1 if row else 1


def known_ids(transaction: Transaction, ids: Sequence[str]) -> dict[str, int]:
    """Return which of the statements are kept already, with their numbers."""
    found: dict[str, int] = {}
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        marks = ", ".join("?" * len(some))
        found.update(transaction.rows(f"SELECT id, seq FROM statements WHERE id IN ({marks})", *some))
    return found


def add(transaction: Transaction, first: int, incoming: Sequence[Incoming], received: str, disclosure: str) -> None:
    """Keep statements that are new here, numbered from `first`."""
    transaction.many(
        f"INSERT INTO statements ({_COLUMNS}, line) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (seq, i.id, i.kind, i.type, i.subject, i.keyid, i.created, i.valid_until, received, disclosure, i.line)
            for seq, i in enumerate(incoming, first)
        ],
    )


def note_logged(transaction: Transaction, origin: str, places: Sequence[tuple[int, int]]) -> None:
    """Note at which index of a log statements are: pairs of index and number."""
    transaction.many(
        "INSERT INTO logged (origin, idx, seq) VALUES (?, ?, ?) ON CONFLICT (origin, idx) DO NOTHING",
        [(origin, index, seq) for index, seq in places],
    )


def add_files(transaction: Transaction, seq: int, files: Sequence[File]) -> None:
    """Keep files of a statement."""
    transaction.many(
        "INSERT INTO files (seq, name, sha256, media, data) VALUES (?, ?, ?, ?, ?) ON CONFLICT (seq, name) DO NOTHING",
        [(seq, file.name, file.sha256, file.media, file.data) for file in files],
    )


def find(transaction: Transaction, statement: str) -> Kept | None:
    """Return a statement by its id."""
    row = transaction.one(f"SELECT {_COLUMNS} FROM statements WHERE id = ?", statement)
    return Kept(*row) if row else None


def by_seq(transaction: Transaction, seq: int) -> Kept | None:
    """Return a statement by its number."""
    row = transaction.one(f"SELECT {_COLUMNS} FROM statements WHERE seq = ?", seq)
    return Kept(*row) if row else None


def line_of(transaction: Transaction, seq: int) -> bytes | None:
    """Return the line of a statement, or None if its content was erased."""
    row = transaction.one("SELECT line FROM statements WHERE seq = ?", seq)
    return bytes(row[0]) if row and row[0] is not None else None


def place_of(transaction: Transaction, seq: int, origin: str | None = None) -> tuple[str, int] | None:
    """Return a log that has the statement (the one that is named, if it does) and the index there."""
    rows = transaction.rows("SELECT origin, idx FROM logged WHERE seq = ?", seq)
    found: Row | None = next((row for row in rows if row[0] == origin), None)
    if found is None and rows and origin is None:
        found = min(rows)
    return (found[0], found[1]) if found else None


def kept(rows: Sequence[Row]) -> list[Kept]:
    """Return rows of `COLUMNS` as statements."""
    return [Kept(*row) for row in rows]


COLUMNS = ", ".join(f"statements.{name}" for name in _COLUMNS.split(", "))
"""The columns of a `Kept`, for queries of others."""
