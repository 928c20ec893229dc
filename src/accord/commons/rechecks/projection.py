"""What was repeated, by whom, of which body, and whether it agreed."""

from __future__ import annotations

from ...recheck import trials
from ...records.recheck import Recheck
from ...store import Transaction
from ...store.statements import Kept
from ...trust.saying import Heard

_MOST_BODIES = 100


class Rechecks:
    """A row each, and one more for each body whose measurements were repeated. Who counts, a reader says."""

    name = "rechecks"
    version = 1
    kinds = frozenset({"recheck"})
    tables = ("rechecks", "recheck_trials")
    script = """
CREATE TABLE rechecks (
  seq BIGINT PRIMARY KEY,
  keyid TEXT NOT NULL,
  statement TEXT NOT NULL,
  outcome TEXT NOT NULL
);
CREATE INDEX rechecks_by_statement ON rechecks (statement, seq);
CREATE TABLE recheck_trials (
  seq BIGINT NOT NULL,
  keyid TEXT NOT NULL,
  body TEXT NOT NULL,
  statement TEXT NOT NULL,
  agrees INTEGER NOT NULL,
  PRIMARY KEY (seq, body)
);
CREATE INDEX recheck_trials_by_body ON recheck_trials (body, seq);
"""

    def apply(self, transaction: Transaction, kept: Kept, heard: Heard) -> None:
        """Take in a recheck; see `Projection`."""
        said = heard.record(Recheck)
        transaction.run(
            "INSERT INTO rechecks (seq, keyid, statement, outcome) VALUES (?, ?, ?, ?)",
            kept.seq, kept.keyid, said.statement[:100], said.outcome,
        )  # fmt: skip
        found = list(trials(heard))[:_MOST_BODIES]
        transaction.many(
            "INSERT INTO recheck_trials (seq, keyid, body, statement, agrees) VALUES (?, ?, ?, ?, ?)",
            [(kept.seq, item.by, item.body[:100], item.statement[:100], int(item.agrees)) for item in found],
        )


PROJECTION = Rechecks()
