"""Reviews that can be read, by what they are of and by who signed them. Which of them count, a reader says."""

from __future__ import annotations

from ...errors import LimitExceeded
from ...reviews.loading import MAX_STATEMENT_BYTES, review_in
from ...store import Transaction
from ...store.statements import Kept
from ...trust.saying import Heard


class Reviews:
    """A row each. `person` is the key that signed beside the first one: of whoever judged, where a node signs first."""

    name = "reviews"
    version = 1
    kinds = frozenset({"review"})
    tables = ("reviews",)
    script = """
CREATE TABLE reviews (
  seq BIGINT PRIMARY KEY,
  subject TEXT NOT NULL,
  keyid TEXT NOT NULL,
  person TEXT NOT NULL
);
CREATE INDEX reviews_by_subject ON reviews (subject, keyid, seq);
"""

    def apply(self, transaction: Transaction, kept: Kept, heard: Heard) -> None:
        """Take in a review; see `Projection`."""
        if len(heard.raw) > MAX_STATEMENT_BYTES:
            raise LimitExceeded("review-too-large", f"a review of {len(heard.raw)} bytes", "Say it in fewer words.")
        said = review_in(heard)
        person = heard.keys[1].keyid if len(heard.keys) > 1 else ""
        transaction.run(
            "INSERT INTO reviews (seq, subject, keyid, person) VALUES (?, ?, ?, ?)",
            kept.seq, said.subject, kept.keyid, person,
        )  # fmt: skip


PROJECTION = Reviews()
