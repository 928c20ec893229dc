"""Entries of the register, from statements of the kind `registration`.

Every version is a row; the one with the highest number is current. So erasing a version's content leaves what a rebuild
from the other statements gives, and nothing has to be put right.
"""

from __future__ import annotations

from ...errors import MalformedInput
from ...records.registration import Registration
from ...store import Transaction
from ...store.statements import Kept
from ...trust.canonical import digest
from ...trust.saying import Heard
from .. import searching
from ..interface import Awaiting

KIND = "systems"
GRADES = ("prohibited", "high", "unknown", "none", "retired")
"""In which order entries are listed: by the gravest sign, then what is retired."""


class Systems:
    """A version counts if the node whose register it is in has signed it, alone or beside an officer of its own."""

    name = KIND
    version = 2
    kinds = frozenset({"registration"})
    tables = ("systems", "systems_subjects")
    script = f"""
DELETE FROM search WHERE kind = '{KIND}';
CREATE TABLE systems (
  seq BIGINT PRIMARY KEY,
  id TEXT NOT NULL,
  about TEXT NOT NULL,
  origin TEXT NOT NULL,
  entry TEXT NOT NULL,
  version BIGINT NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  status TEXT NOT NULL,
  office TEXT NOT NULL,
  sector TEXT NOT NULL,
  purpose TEXT NOT NULL,
  grade INTEGER NOT NULL,
  due TEXT NOT NULL
);
CREATE INDEX systems_by_subject ON systems (about, version, seq);
CREATE INDEX systems_by_entry ON systems (entry, origin);
CREATE INDEX systems_by_due ON systems (due, seq);
CREATE TABLE systems_subjects (
  seq BIGINT NOT NULL,
  subject TEXT NOT NULL,
  PRIMARY KEY (seq, subject)
);
CREATE INDEX systems_by_assessed ON systems_subjects (subject, seq);
"""

    def apply(self, transaction: Transaction, kept: Kept, heard: Heard) -> None:
        """Take in a version of an entry; see `Projection`."""
        entry = heard.record(Registration)
        if heard.subjects != (subject_of(entry.origin, entry.entry),):
            raise MalformedInput("other-subject", "its subject is not the entry that it names", "")
        speaker = transaction.one("SELECT speaker FROM logs WHERE origin = ?", entry.origin)
        if speaker is None or speaker[0] not in {key.keyid for key in heard.keys}:
            text = "the node whose register it names is not known here, or has not signed it"
            raise Awaiting("not-its-register", text, "", (entry.origin,))
        grade = grade_of(entry)
        transaction.run(
            "INSERT INTO systems (seq, id, about, origin, entry, version, name, kind, status, office, sector, purpose,"
            " grade, due) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            kept.seq, kept.id, heard.subjects[0], entry.origin, entry.entry, entry.version, _plain(entry.name),
            entry.kind, entry.status, _plain(entry.office), _plain(entry.sector), _plain(entry.purpose[:400]), grade,
            entry.review.due if entry.review and entry.status != "retired" else "",
        )  # fmt: skip
        subjects = sorted(set(entry.subjects))
        transaction.many(
            "INSERT INTO systems_subjects (seq, subject) VALUES (?, ?)", [(kept.seq, item) for item in subjects]
        )
        searching.index(transaction, KIND, kept.seq, _text(entry), _tags(entry, grade))


def subject_of(origin: str, entry: str) -> str:
    """Return the digest that stands for an entry in statements about it."""
    return digest(["accord/entry", origin, entry])


def grade_of(entry: Registration) -> int:
    """Return where an entry stands in the order of the register, as an index into `GRADES`."""
    if entry.status == "retired":
        return GRADES.index("retired")
    reached = {sign.level for sign in entry.signs if sign.answer == "yes"}
    if reached:
        return 0 if "prohibited" in reached else 1
    return 2 if any(sign.answer == "unknown" for sign in entry.signs) else 3


def _plain(text: str) -> str:
    return text.replace("\0", "")  # PostgreSQL keeps no NUL.


def _text(entry: Registration) -> str:
    said = (
        entry.name, entry.purpose, entry.sector, entry.office, entry.decision, *entry.affected, entry.supplier,
        *entry.places, entry.oversight, entry.complaint, *entry.jurisdictions, entry.entry,
    )  # fmt: skip
    return " \n ".join(said)


def _tags(entry: Registration, grade: int) -> list[searching.Term]:
    tag = searching.tag
    return [
        tag("kind", entry.kind),
        tag("status", entry.status),
        tag("grade", grade),
        tag("office", _plain(entry.office)),
        *([tag("sector", _plain(entry.sector))] if entry.sector else []),
        *(tag("jurisdiction", code) for code in entry.jurisdictions),
        *(tag("sdg", goal) for goal in entry.sdgs),
    ]


PROJECTION = Systems()
