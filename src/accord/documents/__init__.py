"""Documents: the kinds that cards point to and frameworks ask for, and what each must contain in form."""

from .kinds import DocumentKind, document_kinds

__all__ = ["DocumentKind", "document_kinds"]
