"""Papers and confirmations. Whether a confirmation is a second person's, is asked when both are here."""

from __future__ import annotations

from ...records.certificate import Certificate, CertificateConfirmation
from ...store import Transaction
from ...store.statements import Kept
from ...trust.saying import Heard


class Certificates:
    """A row each. What a paper claims stays in its statement: it is words on paper, and is searched for by nobody."""

    name = "certificates"
    version = 1
    kinds = frozenset({"certificate", "certificate-confirmation"})
    tables = ("certificates", "certificate_confirmations")
    script = """
CREATE TABLE certificates (
  seq BIGINT PRIMARY KEY,
  about TEXT NOT NULL
);
CREATE INDEX certificates_by_system ON certificates (about, seq);
CREATE TABLE certificate_confirmations (
  seq BIGINT PRIMARY KEY,
  certificate TEXT NOT NULL
);
CREATE INDEX confirmations_by_certificate ON certificate_confirmations (certificate, seq);
"""

    def apply(self, transaction: Transaction, kept: Kept, heard: Heard) -> None:
        """Take in a paper or its confirmation; see `Projection`."""
        if kept.kind == "certificate":
            about = heard.record(Certificate).about_digest
            transaction.run("INSERT INTO certificates (seq, about) VALUES (?, ?)", kept.seq, about)
        else:
            target = heard.record(CertificateConfirmation).certificate
            sql = "INSERT INTO certificate_confirmations (seq, certificate) VALUES (?, ?)"
            transaction.run(sql, kept.seq, target[:100])


PROJECTION = Certificates()
