"""Rechecks: repeat what another measured, on the same bytes by the same means, and compare value by value.

A signature shows who says something; `verify` shows that the numbers follow from the counts. Whether the counts are
those of the data, only who has the data can tell: by counting again. That is this.
"""

from .claim import Claim, open_claim
from .rates import AgreementRate, Trial, agreement_rates, rates, trials
from .repeating import open_claimed, repeat

__all__ = [
    "AgreementRate",
    "Claim",
    "Trial",
    "agreement_rates",
    "open_claim",
    "open_claimed",
    "rates",
    "repeat",
    "trials",
]
