"""Documents: the kinds that cards point to and frameworks ask for, and what each must contain in form."""

from .kinds import DocumentKind, Need, Section, Wording, document_kinds, wording

__all__ = ["DocumentKind", "Need", "Section", "Wording", "document_kinds", "wording"]
