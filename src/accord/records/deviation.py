"""Where a run was not what its plan says."""

from __future__ import annotations

from typing import Literal

from .measurement import Record

Deviated = Literal[
    "subject", "part", "card", "framework", "profile", "version", "parameters", "seed", "not_run", "not_planned"
]


class Deviation(Record, frozen=True, kw_only=True):
    """One difference: `name` is the part, framework or piece of evidence; `planned` and `found` are "" for nothing."""

    what: Deviated
    name: str = ""
    planned: str = ""
    found: str = ""


class PlanFollowed(Record, frozen=True, kw_only=True):
    """The plan that a run followed (the digest of its statement), where it deviated, and the reason that was given."""

    statement: str
    deviations: tuple[Deviation, ...] = ()
    reason: str = ""
