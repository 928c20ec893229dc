"""Measures of prevention: what can be done about a risk that was found, and which of them are offered for which risk.

ISO/IEC 22989 and 23894 speak of risk treatment. The record is called a mitigation, as in MITRE ATLAS, because
`measure` is what Accord calls a quantity; on screen it is a measure of prevention.
"""

from __future__ import annotations

from typing import Literal, get_args

from .evidence import Place, Severity
from .framework import Rule
from .measurement import Interval, Record, Value

Cost = Literal["low", "medium", "high"]
"""low: hours; medium: days to weeks; high: months, or training anew."""
Strength = Literal["field_study", "benchmark", "theory", "practice"]
"""What speaks for it: measured in service; measured on test data; proven on paper; advice of those who know."""
Stage = Literal["data", "model", "system", "organisation"]
Direction = Literal["higher", "lower", "nearer_zero", "nearer_one", "true", "false", "either"]
"""Where a value is expected to go. `either`: it moves, and nobody can say where before measuring again."""
Nature = Literal["found", "doubt", "open"]
"""found: a defect or a missed threshold; doubt: too little was seen to judge; open: a requirement nobody has shown."""
Groups = Literal["any", "single", "combined"]
COSTS: tuple[Cost, ...] = get_args(Cost)
STRENGTHS: tuple[Strength, ...] = get_args(Strength)


class PreventionSource(Record, frozen=True, kw_only=True):
    """Where an assertion comes from. `where` is the place that was read; `checked` false: nobody here opened it."""

    title: str
    uri: str
    where: str
    checked: bool


class Addresses(Record, frozen=True, kw_only=True):
    """What a mitigation answers: measures, rules of findings, kinds of document, requirements and all below them."""

    measures: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()


class Move(Record, frozen=True, kw_only=True):
    """A measure that the mitigation moves, and where to. How far is not said: measure again."""

    measure: str
    direction: Direction


class SideEffect(Record, frozen=True, kw_only=True):
    """What else it does. `only_if` names the measurements under which it is to be expected; null: always."""

    text: str
    source: PreventionSource
    only_if: Rule | None = None


class Mitigation(Record, frozen=True, kw_only=True):
    """A measure of prevention.

    `fits_if` is a rule over measurements that must hold, else it is not offered; `$attribute`, `$group`, `$reference`
    and `$column` in its `where` stand for those of the risk. `against` says whether it answers a defect or a doubt,
    where a finding or a measure calls it; `groups`, whether it is for groups by one attribute or by several combined.
    No side effects: none is known to us.
    """

    id: str
    title: str
    text: str
    addresses: Addresses
    against: tuple[Literal["found", "doubt"], ...] = ("found",)
    groups: Groups = "any"
    fits_if: Rule | None = None
    moves: tuple[Move, ...] = ()
    stage: Stage
    cost: Cost
    by: tuple[Literal["provider", "deployer"], ...]
    evidence: Strength
    side_effects: tuple[SideEffect, ...] = ()
    source: PreventionSource


class Reading(Record, frozen=True, kw_only=True):
    """A measured value that called for an offer."""

    measure: str
    dimensions: dict[str, str] = {}
    value: Value
    unit: str = ""
    interval: Interval | None = None
    n: int | None = None


class Risk(Record, frozen=True, kw_only=True):
    """A risk as the assessment names it: findings of one rule about one measure, missed thresholds, or open points.

    `rule` is the finding's, "" for verdicts; `requirements` are references ("eu-ai-act#art_10.3"); `message` is that of
    the gravest finding, or the reason of the first verdict; `n` counts findings or verdicts.
    """

    nature: Nature
    rule: str = ""
    severity: Severity | None = None
    measure: str = ""
    requirements: tuple[str, ...] = ()
    message: str
    where: tuple[Place, ...] = ()
    n: int = 1


class Offer(Record, frozen=True, kw_only=True):
    """A mitigation that fits a risk, with the measured values that called for it and the side effects to expect."""

    mitigation: Mitigation
    readings: tuple[Reading, ...] = ()
    side_effects: tuple[SideEffect, ...] = ()


class Offered(Record, frozen=True, kw_only=True):
    """What is offered for one risk, most fitting first. `more` fit too and were left out."""

    risk: Risk
    offers: tuple[Offer, ...] = ()
    more: int = 0
