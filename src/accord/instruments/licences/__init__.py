"""Licences: what a folder declares, whether that is an SPDX expression, and which licence texts it holds."""

from .declared import Declaration, find_declarations
from .expression import Expression, read_expression
from .texts import RECOGNISABLE, LicenceText, find_texts, identify

__all__ = [
    "RECOGNISABLE",
    "Declaration",
    "Expression",
    "LicenceText",
    "find_declarations",
    "find_texts",
    "identify",
    "read_expression",
]
