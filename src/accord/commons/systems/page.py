"""What pages show of the register: lists, one entry with its history, what is due, the portfolio by goal.

Whoever may not see the current version of an entry sees no entry, whatever older versions are public.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from ...i18n import N_
from ...records.registration import Registration
from ...store import Transaction
from ...store.statements import COLUMNS, Kept, line_of
from ...store.viewer import Viewer
from ...trust.saying import reread
from ..searching import WALK, Term, count, find, tag, values_of
from ..standing.page import Standing, standing_of
from .fields import FIELDS, shown_value
from .measured import Assessed, assessments_of
from .projection import GRADES, KIND

PAGE = 50
MOST_VERSIONS = 50
MOST_DUE = 500
MOST_COUNTED = 200
FILTERS = ("status", "kind", "sector", "office", "jurisdiction", "sdg", "grade")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_LAST = (
    "NOT EXISTS (SELECT 1 FROM systems newer WHERE newer.about = systems.about AND"
    " (newer.version > systems.version OR (newer.version = systems.version AND newer.seq > systems.seq)))"
)
CURRENT = f"EXISTS (SELECT 1 FROM systems WHERE systems.seq = statements.seq AND {_LAST})"
"""The condition on `statements` under which one is the current version of an entry."""
_LISTED = (
    "systems.seq, systems.id, systems.about, systems.origin, systems.entry, systems.version, systems.name,"
    " systems.kind, systems.status, systems.office, systems.sector, systems.purpose, systems.grade, systems.due,"
    " statements.disclosure"
)


class Listed(Struct, frozen=True, kw_only=True):
    """An entry in a list. `measured` counts the assessments of its subjects that the viewer may see."""

    seq: int
    id: str
    about: str
    origin: str
    entry: str
    version: int
    name: str
    kind: str
    status: str
    office: str
    sector: str
    purpose: str
    grade: str
    due: str
    disclosure: str
    measured: int
    revoked: bool

    @property
    def address(self) -> str:
        """Where its page is: by the digest of the entry, which no other register's entry has."""
        return f"/systems/{self.about.removeprefix('sha256:')}"


class Listing(Struct, frozen=True, kw_only=True):
    """Part of the register. `further` is where to go on, "" at the end; `partial` says that not all was looked at."""

    items: tuple[Listed, ...]
    further: str = ""
    partial: bool = False


class Change(Struct, frozen=True, kw_only=True):
    """A field that differs from the version before: its label (not translated), and both values in words."""

    field: str
    label: str
    before: str
    after: str


class Version(Struct, frozen=True, kw_only=True):
    """A version of an entry, and what it changed."""

    kept: Kept
    entry: Registration
    changes: tuple[Change, ...]
    standing: Standing


class Entry(Struct, frozen=True, kw_only=True):
    """An entry as its page shows it: the current version, all that the viewer may see, newest first."""

    listed: Listed
    current: Version
    versions: tuple[Version, ...]
    assessments: tuple[Assessed, ...]

    @property
    def record(self) -> Registration:
        """What the current version says."""
        return self.current.entry


class Goal(Struct, frozen=True, kw_only=True):
    """How many entries serve a Sustainable Development Goal; one more than `MOST_COUNTED` stands for any more.

    How many of these, the newest, are in use, and show a sign of prohibition or high risk.
    """

    number: int
    entries: int
    in_use: int
    signs: int


def listing(
    transaction: Transaction,
    viewer: Viewer,
    now: str,
    *,
    words: str = "",
    filters: Mapping[str, str] | None = None,
    cursor: str = "",
    limit: int = PAGE,
) -> Listing:
    """Return entries with all `words` and filters, in the order of `GRADES`, within each the newest first.

    `cursor` is `further` of the part before; one that can't be read stands for the beginning.
    """
    chosen = {name: value for name, value in (filters or {}).items() if name in FILTERS and value}
    tags = [tag(name, value) for name, value in chosen.items() if name != "grade"]
    first, before = _read_cursor(cursor)
    where, values = _visible(viewer)
    seqs: list[int] = []
    looked, further, partial = 0, "", False
    sizes: dict[Term, int] = {}
    for grade in (grade for grade in _grades(chosen) if grade >= first):
        if len(seqs) == limit or looked >= WALK:
            further, partial = f"{grade}.{2**62}", len(seqs) < limit
            break
        found = find(
            transaction, KIND, words, [*tags, tag("grade", grade)], where=where, values=values, sizes=sizes,
            before=before if grade == first else None, limit=limit - len(seqs), most=WALK - looked,
        )  # fmt: skip
        seqs += found.seqs
        looked += found.looked
        if found.further is not None:
            further, partial = f"{grade}.{found.further}", len(seqs) < limit
            break
    return Listing(items=_listed(transaction, viewer, seqs, now), further=further, partial=partial)


def counts(transaction: Transaction, viewer: Viewer, name: str, options: Sequence[str]) -> dict[str, int]:
    """Return how many entries have each value of a filter; one more than `MOST_COUNTED` stands for any more."""
    where, values = _visible(viewer)
    return {
        option: count(transaction, KIND, [tag(name, option)], where=where, values=values, most=MOST_COUNTED)
        for option in options
    }


def choices(transaction: Transaction, viewer: Viewer, name: str) -> list[str]:
    """Return the values of a filter for which one of the newest entries may be seen."""
    where, values = _visible(viewer)
    newest = "SELECT seq FROM search WHERE kind = ? AND term = ? ORDER BY seq DESC LIMIT 200"  # bounds the work
    seen = f"SELECT 1 FROM ({newest}) AS newest JOIN statements ON statements.seq = newest.seq WHERE {where} LIMIT 1"
    options = values_of(transaction, KIND, name)
    return [value for value in options if transaction.one(seen, KIND, tag(name, value).word, *values)]


def portfolio(transaction: Transaction, viewer: Viewer) -> tuple[Goal, ...]:
    """Return how many entries serve each of the 17 goals."""
    where, values = _visible(viewer)
    goals = []
    for number in range(1, 18):
        seqs = find(
            transaction, KIND, "", [tag("sdg", number)], where=where, values=values, limit=MOST_COUNTED + 1
        ).seqs
        sql = "SELECT systems.seq, systems.status, systems.grade FROM systems WHERE"
        rows = _by_seq(transaction, sql, "systems.seq", seqs[:MOST_COUNTED]).values()
        in_use = sum(1 for row in rows if row[1] == "in_use")
        signs = sum(1 for row in rows if GRADES[row[2]] in ("prohibited", "high"))
        goals.append(Goal(number=number, entries=len(seqs), in_use=in_use, signs=signs))
    return tuple(goals)


def due(
    transaction: Transaction, viewer: Viewer, until: str, now: str, office: str | None = None
) -> tuple[Listed, ...]:
    """Return entries whose review is due on or before the day `until`, the longest overdue first: at most 500."""
    where, values = viewer.may_see()
    of_office, office_values = ("systems.office = ?", (office,)) if office is not None else ("1 = 1", ())
    rows = transaction.rows(
        f"SELECT systems.seq FROM systems JOIN statements ON statements.seq = systems.seq"
        f" WHERE systems.due > '' AND systems.due <= ? AND {_LAST} AND {where} AND {of_office}"
        f" ORDER BY systems.due, systems.seq LIMIT {MOST_DUE}",
        until, *values, *office_values,
    )  # fmt: skip
    return _listed(transaction, viewer, [row[0] for row in rows], now)


def entry(transaction: Transaction, viewer: Viewer, name: str, own: str, now: str) -> Entry | None:
    """Return an entry by its name (one of the register `own` first) or the hex of its digest; None if there is none."""
    about = f"sha256:{name}" if _DIGEST.fullmatch(name) else _about(transaction, name, own)
    where, values = viewer.may_see()
    rows = transaction.rows(
        f"SELECT {COLUMNS}, CASE WHEN {where} THEN 1 ELSE 0 END FROM systems JOIN statements"
        " ON statements.seq = systems.seq WHERE systems.about = ? ORDER BY version DESC, systems.seq DESC LIMIT ?",
        *values, about, MOST_VERSIONS,
    )  # fmt: skip
    if not rows or not rows[0][-1]:
        return None
    kept = [Kept(*row[:-1]) for row in rows if row[-1]]
    records = [_record(transaction, item) for item in kept]
    versions = tuple(
        Version(
            kept=item,
            entry=record,
            changes=changes_between(records[at + 1], record) if at + 1 < len(records) else (),
            standing=standing_of(transaction, item, now),
        )
        for at, (item, record) in enumerate(zip(kept, records, strict=True))
    )
    listed = _listed(transaction, viewer, [kept[0].seq], now)[0]
    assessments = assessments_of(transaction, viewer, kept[0].seq, now)
    return Entry(listed=listed, current=versions[0], versions=versions, assessments=assessments)


def versions_of(transaction: Transaction, about: str) -> tuple[tuple[str, str], ...]:
    """Return the statements of all versions of an entry, the newest first, each with who may read it."""
    rows = transaction.rows(
        "SELECT statements.id, statements.disclosure FROM systems JOIN statements ON statements.seq = systems.seq"
        " WHERE systems.about = ? ORDER BY version DESC, systems.seq DESC LIMIT 10000",
        about,
    )
    return tuple((row[0], row[1]) for row in rows)


def records(
    transaction: Transaction, viewer: Viewer, *, before: int | None = None, limit: int = 500
) -> tuple[list[tuple[Kept, Registration]], int | None]:
    """Return current versions, the newest first, and where to go on: for whoever takes the whole register."""
    where, values = _visible(viewer)
    found = find(transaction, KIND, where=where, values=values, before=before, limit=limit)
    rows = _by_seq(transaction, f"SELECT {COLUMNS} FROM statements WHERE", "statements.seq", found.seqs)
    kept = [Kept(*rows[seq]) for seq in found.seqs]
    return [(item, _record(transaction, item)) for item in kept], found.further


def changes_between(before: Registration, after: Registration) -> tuple[Change, ...]:
    """Return what a version changed, field by field, in the order of the form, then signs and review."""
    found = [
        Change(field=field.name, label=field.label, before=old, after=new)
        for field in FIELDS
        if (old := shown_value(field, getattr(before, field.name)))
        != (new := shown_value(field, getattr(after, field.name)))
    ]
    for name, label in (("signs", N_("Signs of prohibition or high risk")), ("review", N_("Next review"))):
        old, new = _said(name, before), _said(name, after)
        if old != new:
            found.append(Change(field=name, label=label, before=old, after=new))
    return tuple(found)


def _said(name: str, record: Registration) -> str:
    if name == "review":
        return record.review.due if record.review else ""
    return "; ".join(f"{sign.framework}: {sign.title} ({sign.answer})" for sign in record.signs if sign.answer != "no")


def _visible(viewer: Viewer) -> tuple[str, tuple[str, ...]]:
    where, values = viewer.may_see()
    return f"{where} AND {CURRENT}", values


def _grades(chosen: Mapping[str, str]) -> Sequence[int]:
    """Return the grades that entries can have under some filters, in order."""
    retired = GRADES.index("retired")
    if chosen.get("grade") in GRADES:
        return [GRADES.index(chosen["grade"])]
    if "status" in chosen:
        return [retired] if chosen["status"] == "retired" else range(retired)
    return range(len(GRADES))


def _read_cursor(cursor: str) -> tuple[int, int | None]:
    grade, _, before = cursor.partition(".")
    if not (re.fullmatch(r"[0-4]", grade) and re.fullmatch(r"[0-9]{1,19}", before)):
        return 0, None
    return int(grade), min(int(before), 2**62)


def _about(transaction: Transaction, name: str, own: str) -> str:
    row = transaction.one(
        "SELECT about FROM systems WHERE entry = ? ORDER BY CASE WHEN origin = ? THEN 0 ELSE 1 END, origin LIMIT 1",
        name, own,
    )  # fmt: skip
    return row[0] if row else ""


def _record(transaction: Transaction, kept: Kept) -> Registration:
    line = line_of(transaction, kept.seq)
    assert line is not None  # what was erased is in no projection
    return reread(line).record(Registration)


def _listed(transaction: Transaction, viewer: Viewer, seqs: Sequence[int], now: str) -> tuple[Listed, ...]:
    """Return entries in the order of `seqs`, which the viewer may see."""
    rows = _by_seq(
        transaction,
        f"SELECT {_LISTED} FROM systems JOIN statements ON statements.seq = systems.seq WHERE",
        "systems.seq",
        seqs,
    )
    where, values = viewer.may_see()
    measured = _by_seq(
        transaction,
        "SELECT s.seq, COUNT(*) FROM systems_subjects s CROSS JOIN statements"  # in this order: see below
        f" WHERE statements.subject = s.subject AND statements.kind = 'assessment' AND {where} AND",
        "s.seq",
        seqs,
        values,
        " GROUP BY s.seq",
    )
    revoked = _by_seq(
        transaction,
        "SELECT systems.seq FROM systems JOIN statements ON statements.seq = systems.seq"
        " JOIN revoked ON revoked.target = systems.id WHERE revoked.effective <= ?"
        " AND (revoked.keyid = statements.keyid OR EXISTS (SELECT 1 FROM logged JOIN logs"
        " ON logs.origin = logged.origin WHERE logged.seq = systems.seq AND logs.speaker = revoked.keyid)) AND",
        "systems.seq",
        seqs,
        (now,),
    )
    names = Listed.__struct_fields__[:15]
    return tuple(
        Listed(
            **{**dict(zip(names, rows[seq], strict=True)), "grade": GRADES[rows[seq][12]]},
            measured=measured[seq][1] if seq in measured else 0,
            revoked=seq in revoked,
        )
        for seq in seqs
    )


def _by_seq(
    transaction: Transaction,
    sql: str,
    column: str,
    seqs: Sequence[int],
    values: Sequence[object] = (),
    end: str = "",
) -> dict[int, Any]:
    found: dict[int, Any] = {}
    for start in range(0, len(seqs), 500):
        some = seqs[start : start + 500]
        marks = ", ".join("?" * len(some))
        found.update({row[0]: row for row in transaction.rows(f"{sql} {column} IN ({marks}){end}", *values, *some)})
    return found
