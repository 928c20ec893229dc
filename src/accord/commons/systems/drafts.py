"""What officers are still writing, kept in the store: drafts, tables that were uploaded, links for suppliers.

None of it is a statement; it is seen by the office that writes it, and gone when it is published or dropped. Times are
RFC 3339 in UTC.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from ...records import from_json, to_json
from ...store import Row, Transaction
from .drafting import Answers

MOST = 500
_COLUMNS = "id, office, account, entry, replaces, name, data, created, changed"


class Draft(Struct, frozen=True, kw_only=True):
    """A draft of an entry. `entry` and `replaces` are "" unless it continues one."""

    id: str
    office: str
    account: str
    entry: str
    replaces: str
    name: str
    answers: Answers
    created: str
    changed: str


class Upload(Struct, frozen=True, kw_only=True):
    """A table that was uploaded: the answers of each row by its number; `ignored` are headers that name no field."""

    id: str
    office: str
    name: str
    rows: dict[int, Answers]
    ignored: tuple[str, ...] = ()


class SupplierLink(Struct, frozen=True, kw_only=True):
    """A link for a supplier to fill in `fields` of a draft until `expires`; `said` is what came, `answered` when."""

    hash: str
    draft: str
    fields: tuple[str, ...]
    expires: str
    said: dict[str, str] = {}
    answered: str = ""


def add(
    transaction: Transaction,
    answers: Answers,
    *,
    office: str,
    account: str,
    now: str,
    entry: str = "",
    replaces: str = "",
) -> str:
    """Keep a new draft and return its id."""
    made = secrets.token_hex(16)
    transaction.run(
        f"INSERT INTO drafts ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        made, office, account, entry, replaces, _name(answers), to_json(answers).decode(), now, now,
    )  # fmt: skip
    return made


def get(transaction: Transaction, draft: str) -> Draft | None:
    """Return a draft by its id."""
    row = transaction.one(f"SELECT {_COLUMNS} FROM drafts WHERE id = ?", draft)
    return _draft(row) if row else None


def of_office(transaction: Transaction, office: str | None, limit: int = MOST) -> list[Draft]:
    """Return the drafts of an office, of all if None, the last changed first."""
    where, values = ("office = ?", (office,)) if office is not None else ("1 = 1", ())
    rows = transaction.rows(
        f"SELECT {_COLUMNS} FROM drafts WHERE {where} ORDER BY changed DESC, id LIMIT {limit}", *values
    )
    return [_draft(row) for row in rows]


def save(transaction: Transaction, draft: Draft, answers: Answers, now: str) -> Draft:
    """Keep what was changed."""
    transaction.run(
        "UPDATE drafts SET data = ?, name = ?, changed = ? WHERE id = ?",
        to_json(answers).decode(), _name(answers), now, draft.id,
    )  # fmt: skip
    return replace(draft, answers=answers, name=_name(answers), changed=now)


def drop(transaction: Transaction, draft: str) -> bool:
    """Remove a draft with its links; return whether it was there."""
    transaction.run("DELETE FROM supplier_links WHERE draft = ?", draft)
    return transaction.run("DELETE FROM drafts WHERE id = ?", draft) > 0


def add_upload(transaction: Transaction, upload: Upload, account: str, now: str, stale: str) -> None:
    """Keep an uploaded table; what the account uploaded before, or anybody before `stale`, is dropped."""
    transaction.run("DELETE FROM imports WHERE account = ? OR created < ?", account, stale)
    transaction.run(
        "INSERT INTO imports (id, office, account, name, data, created) VALUES (?, ?, ?, ?, ?, ?)",
        upload.id, upload.office, account, upload.name, to_json(upload).decode(), now,
    )  # fmt: skip


def get_upload(transaction: Transaction, upload: str, account: str) -> Upload | None:
    """Return a table that this account uploaded."""
    row = transaction.one("SELECT data FROM imports WHERE id = ? AND account = ?", upload, account)
    return from_json(row[0], Upload) if row else None


def drop_upload(transaction: Transaction, upload: str) -> bool:
    """Remove an uploaded table; return whether it was there."""
    return transaction.run("DELETE FROM imports WHERE id = ?", upload) > 0


def add_link(transaction: Transaction, link: SupplierLink) -> None:
    """Keep a link for a supplier; a draft has one at a time."""
    transaction.run("DELETE FROM supplier_links WHERE draft = ?", link.draft)
    transaction.run(
        "INSERT INTO supplier_links (hash, draft, fields, expires) VALUES (?, ?, ?, ?)",
        link.hash, link.draft, to_json(link.fields).decode(), link.expires,
    )  # fmt: skip


def get_link(transaction: Transaction, hashed: str, now: str) -> SupplierLink | None:
    """Return a link that has not expired, by the hash of its secret."""
    row = transaction.one(
        "SELECT hash, draft, fields, expires, said, answered FROM supplier_links WHERE hash = ? AND expires > ?",
        hashed, now,
    )  # fmt: skip
    return _link(row) if row else None


def link_of(transaction: Transaction, draft: str) -> SupplierLink | None:
    """Return the link of a draft, expired or not."""
    row = transaction.one(
        "SELECT hash, draft, fields, expires, said, answered FROM supplier_links WHERE draft = ?", draft
    )
    return _link(row) if row else None


def take_answer(transaction: Transaction, link: SupplierLink, said: dict[str, str], now: str) -> None:
    """Keep what a supplier said: the officer decides on it."""
    transaction.run(
        "UPDATE supplier_links SET said = ?, answered = ? WHERE hash = ?", to_json(said).decode(), now, link.hash
    )


def drop_link(transaction: Transaction, draft: str) -> None:
    """End the link of a draft, with what was said through it."""
    transaction.run("DELETE FROM supplier_links WHERE draft = ?", draft)


def _draft(row: Row) -> Draft:
    names = ("id", "office", "account", "entry", "replaces", "name", "answers", "created", "changed")
    return Draft(**{**dict(zip(names, row, strict=True)), "answers": from_json(row[6], Answers)})


def _link(row: Sequence[str]) -> SupplierLink:
    return SupplierLink(
        hash=row[0],
        draft=row[1],
        fields=from_json(row[2], tuple[str, ...]),
        expires=row[3],
        said=from_json(row[4], dict[str, str]) if row[4] else {},
        answered=row[5],
    )


def _name(answers: Answers) -> str:
    return answers.at("name").strip()[:300]
