"""Measures of prevention: the library of what can be done, and what of it fits what was measured."""

from .loading import library, mitigation, none_known
from .offering import MOST, for_assessment

__all__ = ["MOST", "for_assessment", "library", "mitigation", "none_known"]
