"""Verdicts and tiers: what a framework makes of the measurements."""

from __future__ import annotations

from typing import Literal, get_args

from .framework import Op
from .measurement import Interval, Record, Value
from .review import ReviewOutcome

VerdictStatus = Literal[
    "met",
    "not_met",
    "inconclusive",
    "not_evaluated",
    "documented",
    "declared",
    "judged",
    "needs_review",
    "not_applicable",
]
VERDICT_STATUSES: tuple[VerdictStatus, ...] = get_args(VerdictStatus)


class RuleOutcome(Record, frozen=True, kw_only=True):
    """How one rule came out on one measurement. `holds` null means unknown; `n_needed` is the n that would decide."""

    measure: str
    subject: str | None = None
    dimensions: dict[str, str] = {}
    op: Op
    threshold: Value = None
    threshold_source: str | None = None
    value: Value = None
    interval: Interval | None = None
    n: int | None = None
    basis: Literal["declared", "measured"] | None = None
    evidence: str | None = None
    holds: bool | None = None
    reason: str = ""
    n_needed: int | None = None


class Verdict(Record, frozen=True, kw_only=True):
    """A requirement's outcome under one framework, with the rule outcomes and evidence ids that led to it.

    `reviews` says how each review of it stands; `before_review` is the status without them, where they changed it.
    """

    framework: str
    requirement: str
    status: VerdictStatus
    reason: str
    outcomes: tuple[RuleOutcome, ...] = ()
    evidence: tuple[str, ...] = ()
    applies_from: str | None = None
    reviews: tuple[ReviewOutcome, ...] = ()
    before_review: VerdictStatus | None = None


class Tier(Record, frozen=True, kw_only=True):
    """The likely class of risk under one framework, with reasons, missing facts and what would change it.

    `tier` is a class id, or "undetermined" when the answers leave several open (`candidates`). A framework that
    classifies along several lines gives one tier a `scheme`.
    """

    framework: str
    scheme: str = ""
    tier: str
    title: str
    reasons: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    would_change: tuple[str, ...] = ()


class Coverage(Record, frozen=True, kw_only=True):
    """How many of a framework's requirements that apply were evaluated on measurements or documents."""

    framework: str
    applicable: int
    evaluated: int
    counts: dict[str, int]
