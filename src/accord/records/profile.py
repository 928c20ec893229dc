"""Profiles: the thresholds and reviewers that somebody who must decide sets where a text states none."""

from __future__ import annotations

from .framework import Op
from .measurement import Record, Value


class ProfileThreshold(Record, frozen=True, kw_only=True):
    """A threshold for a measure, in every rule that asks for it, or only under one framework or requirement.

    `where` narrows it to rules with these dimensions, `op` to rules with this operator; a rule is added where the
    named `requirement` is measured, but not by this measure. `source` says who decided so, and when.
    """

    measure: str
    framework: str | None = None
    requirement: str | None = None
    where: dict[str, str] | None = None
    op: Op | None = None
    threshold: Value
    source: str


class ProfileReviewers(Record, frozen=True, kw_only=True):
    """How many people must agree on a requirement, on those below it, or on all of a framework."""

    framework: str
    requirement: str | None = None
    number: int


class Profile(Record, frozen=True, kw_only=True):
    """A profile: who sets it, when, and what it sets. It never changes what was measured, only what it is held to."""

    id: str
    title: str
    author: str
    date: str
    note: str | None = None
    thresholds: tuple[ProfileThreshold, ...] = ()
    reviewers: tuple[ProfileReviewers, ...] = ()
