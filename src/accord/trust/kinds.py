"""The kinds of statement that Accord makes beside evidence, assessments and reviews, and the record that each holds.

A statement of such a kind holds the fields of its record, and around them `harness`, `signer`, `cosigners`, `salt`,
`timeCreated` and `validUntil`. Other kinds are signed, logged and passed on all the same; nobody here reads them.
"""

from __future__ import annotations

from importlib import import_module

from ..records.measurement import Record

_RECORDS = {
    "account-change": ("account_change", "AccountChange"),
    "revocation": ("said", "Revocation"),
    "disclosure": ("said", "Disclosure"),
    "erasure": ("said", "Erasure"),
    "dispute": ("said", "Dispute"),
    "dispute-answer": ("said", "DisputeAnswer"),
    "trust-list": ("trust_list", "TrustList"),
    "split-view": ("said", "SplitView"),
    "status": ("said", "StatusSnapshot"),
    "agreement": ("agreement", "Agreement"),
    "agreement-acceptance": ("agreement", "AgreementAcceptance"),
    "agreement-end": ("agreement", "AgreementEnd"),
    "examination": ("recognition", "Examination"),
    "recognition": ("recognition", "Recognition"),
    "plan": ("plan", "Plan"),
    "recheck": ("recheck", "Recheck"),
    "certificate": ("certificate", "Certificate"),
    "certificate-confirmation": ("certificate", "CertificateConfirmation"),
    "registration": ("registration", "Registration"),
}
KINDS = tuple(_RECORDS)


def type_of(kind: str) -> str:
    """Return the predicate type of a kind."""
    return f"urn:accord:{kind}:v0.1"


def kind_of(predicate_type: str) -> str:
    """Return the kind that a predicate type is of (`evidence`, `assessment`, …), or "" if it is not one of ours."""
    head, _, tail = predicate_type.rpartition(":")
    return head.removeprefix("urn:accord:") if tail == "v0.1" and head.startswith("urn:accord:") else ""


def record_type(kind: str) -> type[Record]:
    """Return the record that statements of `kind` hold. Raises KeyError."""
    module, name = _RECORDS[kind]
    found: type[Record] = getattr(import_module(f"accord.records.{module}"), name)
    return found
