"""Which statements are of which agreement, by whose keys. What follows from them, `recognition.agreements` says."""

from __future__ import annotations

from ...records.agreement import Agreement, AgreementAcceptance, AgreementEnd
from ...store import Transaction
from ...store.statements import Kept
from ...trust.saying import Heard


class Agreements:
    """A row for each key of a statement. Who was an authority when, trust lists say, and so a reader."""

    name = "agreements"
    version = 1
    kinds = frozenset({"agreement", "agreement-acceptance", "agreement-end"})
    tables = ("agreement_statements",)
    script = """
CREATE TABLE agreement_statements (
  seq BIGINT NOT NULL,
  keyid TEXT NOT NULL,
  agreement TEXT NOT NULL,
  PRIMARY KEY (seq, keyid)
);
CREATE INDEX agreement_statements_by_key ON agreement_statements (keyid, seq);
CREATE INDEX agreement_statements_by_agreement ON agreement_statements (agreement, seq);
"""

    def apply(self, transaction: Transaction, kept: Kept, heard: Heard) -> None:
        """Take in what is said of an agreement; see `Projection`."""
        if kept.kind == "agreement":
            heard.record(Agreement)
            about = kept.id
        elif kept.kind == "agreement-acceptance":
            about = heard.record(AgreementAcceptance).agreement
        else:
            about = heard.record(AgreementEnd).agreement
        transaction.many(
            "INSERT INTO agreement_statements (seq, keyid, agreement) VALUES (?, ?, ?)",
            [(kept.seq, key.keyid, about[:100]) for key in heard.keys],
        )


PROJECTION = Agreements()
