"""Trust lists that are sound and signed by a threshold of the keys that they name.

Whether a list is accepted is not a matter of statements: it hangs from what the operator of a node pinned.
"""

from __future__ import annotations

from ...store import Transaction
from ...store.statements import Kept
from ...trust.saying import Heard
from ...trust.trust_list import KIND, read_list, subject_digest


class TrustLists:
    """See `Projection`."""

    name = "trust_lists"
    version = 1
    kinds = frozenset({KIND})
    tables = ("trust_lists", "trust_list_keys")
    script = """
CREATE TABLE trust_lists (
  seq BIGINT PRIMARY KEY,
  id TEXT NOT NULL,
  subject TEXT NOT NULL,
  number BIGINT NOT NULL,
  operator TEXT NOT NULL,
  jurisdiction TEXT NOT NULL,
  issued TEXT NOT NULL,
  next_update TEXT NOT NULL
);
CREATE INDEX trust_lists_by_subject ON trust_lists (subject, number, seq);
CREATE TABLE trust_list_keys (
  seq BIGINT NOT NULL,
  keyid TEXT NOT NULL,
  PRIMARY KEY (seq, keyid)
);
"""

    def apply(self, transaction: Transaction, kept: Kept, heard: Heard) -> None:
        """Take in a list; see `Projection`."""
        record = read_list(heard.raw).record
        said = record.information
        transaction.run(
            "INSERT INTO trust_lists (seq, id, subject, number, operator, jurisdiction, issued, next_update)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            kept.seq, kept.id, subject_digest(record), record.sequence, record.operator[:300], record.jurisdiction,
            said.ListIssueDateTime, said.NextUpdate,
        )  # fmt: skip
        rows = [(kept.seq, key.keyid) for key in heard.keys]
        transaction.many("INSERT INTO trust_list_keys (seq, keyid) VALUES (?, ?)", rows)


PROJECTION = TrustLists()
