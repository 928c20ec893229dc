"""Confidence intervals of rates and of what is made of rates, in plain Python.

Each takes counts and returns an `Interval`. Their coverage is measured in `tests/measures`, by enumeration where
possible.
"""

from .many import gap, min_ratio
from .pair import difference, ratio
from .single import one_sided_lower, one_sided_upper, rate

__all__ = ["difference", "gap", "min_ratio", "one_sided_lower", "one_sided_upper", "rate", "ratio"]
