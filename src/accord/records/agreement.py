"""Agreements: jurisdiction Y recognises what bodies of jurisdiction X measured: for a scope, on conditions, for a time.

An agreement is one direction. Y makes it, X accepts it, either ends it; mutual recognition is two agreements.
"""

from __future__ import annotations

from typing import Literal

from .measurement import Record
from .said import Person

Assurance = Literal["declared", "self_measured", "third_party", "reproduced"]
"""How sure a result is, from the weakest: derived by the reader from signer, trust list and rechecks, never stored."""


class Scope(Record, frozen=True, kw_only=True):
    """What is recognised: results under these frameworks, of these measures and inspectors, for these parts, sectors.

    An empty list sets no bound. `parts` are roles of parts (`model`, `training_data`, `predictions` …).
    """

    frameworks: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    inspectors: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    sectors: tuple[str, ...] = ()


class Conditions(Record, frozen=True, kw_only=True):
    """On what condition: least assurance, greatest age in days, share of results that are tested again (0 to 1).

    `witnesses` is a tlog-policy (c2sp.org/tlog-policy) that the proof of the statement must satisfy; "" asks for none.
    """

    assurance: Assurance = "third_party"
    max_age_days: int | None = None
    check_test_rate: float = 0.0
    witnesses: str = ""


class Agreement(Record, frozen=True, kw_only=True):
    """`recognises` (Y) recognises bodies of `of` (X): those named in `bodies`, or all that X's trust list grants.

    `same_method`: results count as if measured here. `equivalent_outcome`: results under the other's own equivalent
    method count for the requirements in scope. Days are inclusive. `basis` names statements it rests on (rechecks, peer
    evaluations).
    """

    id: str
    recognises: str
    of: str
    bodies: tuple[str, ...] = ()
    scope: Scope = Scope()
    level: Literal["same_method", "equivalent_outcome"]
    conditions: Conditions = Conditions()
    valid_from: str
    valid_until: str
    basis: tuple[str, ...] = ()
    reason: str = ""
    by: Person


class AgreementAcceptance(Record, frozen=True, kw_only=True):
    """`of` accepts the agreement (its digest): before that it does not count."""

    agreement: str
    by: Person


class AgreementEnd(Record, frozen=True, kw_only=True):
    """One side ends the agreement (its digest) at a time; what was recognised before stays recognised then."""

    agreement: str
    effective: str
    reason: str
    by: Person
