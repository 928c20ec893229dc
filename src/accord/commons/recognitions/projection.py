"""Decisions that two people signed, and examinations. Whether an authority spoke, its trust list says to a reader."""

from __future__ import annotations

from ...errors import MalformedInput
from ...frameworks.reviewing import same_person
from ...records import is_day
from ...records.recognition import Examination, Recognition
from ...store import Transaction
from ...store.statements import Kept
from ...trust.saying import Heard


class Recognitions:
    """A row for each key of a decision or an examination."""

    name = "recognitions"
    version = 1
    kinds = frozenset({"recognition", "examination"})
    tables = ("recognitions", "examinations")
    script = """
CREATE TABLE recognitions (
  seq BIGINT NOT NULL,
  keyid TEXT NOT NULL,
  assessment TEXT NOT NULL,
  jurisdiction TEXT NOT NULL,
  PRIMARY KEY (seq, keyid)
);
CREATE INDEX recognitions_by_assessment ON recognitions (assessment, seq);
CREATE INDEX recognitions_by_key ON recognitions (keyid, seq);
CREATE TABLE examinations (
  seq BIGINT NOT NULL,
  keyid TEXT NOT NULL,
  assessment TEXT NOT NULL,
  jurisdiction TEXT NOT NULL,
  PRIMARY KEY (seq, keyid)
);
CREATE INDEX examinations_by_assessment ON examinations (assessment, seq);
"""

    def apply(self, transaction: Transaction, kept: Kept, heard: Heard) -> None:
        """Take in a decision or an examination; see `Projection`."""
        if kept.kind == "examination":
            examined = heard.record(Examination)
            table, about, place = "examinations", examined.assessment, examined.jurisdiction
        else:
            decided = heard.record(Recognition)
            _require_two(heard, decided)
            table, about, place = "recognitions", decided.assessment, decided.jurisdiction
        if kept.subject != about:
            raise MalformedInput("other-subject", "the statement is not about the assessment in it", "")
        transaction.many(
            f"INSERT INTO {table} (seq, keyid, assessment, jurisdiction) VALUES (?, ?, ?, ?)",
            [(kept.seq, key.keyid, about, place[:40]) for key in heard.keys],
        )


def _require_two(heard: Heard, decided: Recognition) -> None:
    """A decision is one of two people, each with a key of their own."""
    by = decided.decided_by
    if by is None or len(heard.keys) < 2 or same_person(by.name) == same_person(decided.prepared_by.name):
        raise MalformedInput("one-person", "a decision is signed by two people", "")
    if not is_day(decided.valid_until):
        raise MalformedInput("bad-day", "it does not say until which day it holds", "")


PROJECTION = Recognitions()
