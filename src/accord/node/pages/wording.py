"""What things are called on the pages of a node: kinds of statement, who may read them, frameworks."""

from __future__ import annotations

from ...frameworks import library_ids, load
from ...i18n import N_, _

_KINDS = {
    "account-change": N_("Change of an account"),
    "agreement": N_("Agreement"),
    "agreement-acceptance": N_("Acceptance of an agreement"),
    "agreement-end": N_("End of an agreement"),
    "assessment": N_("Assessment"),
    "certificate": N_("Certificate on paper"),
    "certificate-confirmation": N_("Confirmation of a certificate"),
    "disclosure": N_("Decision on who may read"),
    "dispute": N_("Objection"),
    "dispute-answer": N_("Answer to an objection"),
    "erasure": N_("Erasure"),
    "evidence": N_("Evidence"),
    "examination": N_("Examination that has begun"),
    "plan": N_("Plan"),
    "recheck": N_("Repeated measurement"),
    "recognition": N_("Recognition"),
    "registration": N_("Entry in the register"),
    "review": N_("Review"),
    "revocation": N_("Revocation"),
    "split-view": N_("Report of two histories"),
    "status": N_("Status of statements"),
    "trust-list": N_("Trust list"),
}
_LEVELS = {
    "public": N_("everybody"),
    "community": N_("accounts of this node, and nodes that follow it"),
    "named": N_("nodes that are named"),
    "none": N_("nobody outside: withheld"),
    "erased": N_("nobody: erased"),
}
_STATES = {"following": N_("followed"), "paused": N_("paused"), "isolated": N_("isolated")}


def kind_name(kind: str) -> str:
    """Return what a kind of statement is called in the language in use."""
    return _(_KINDS[kind]) if kind in _KINDS else kind or _("Statement of another kind")


def level_name(level: str) -> str:
    """Return who may read what has this level of disclosure."""
    return _(_LEVELS[level]) if level in _LEVELS else level


def state_name(state: str) -> str:
    """Return how it stands with following a peer."""
    return _(_STATES[state]) if state in _STATES else state


def framework_name(framework: str) -> str:
    """Return the title of a framework of the library; of another, its id."""
    return load(framework).title if framework in library_ids() else framework
