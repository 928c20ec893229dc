"""Evidence: what one inspector returns for one part of the subject."""

from __future__ import annotations

from typing import Literal, get_args

from .measurement import Counts, Measurement, Record

Severity = Literal["info", "low", "medium", "high", "critical"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
Status = Literal["measured", "skipped", "failed"]
Reason = Literal[
    "not_applicable",
    "missing_extra",
    "missing_input",
    "needs_consent",
    "no_isolation",
    "user",
    "budget",
    "offline",
    "error",
]
Parameter = int | float | bool | str | tuple[str, ...] | None


class Place(Record, frozen=True, kw_only=True):
    """Where a finding is: a path inside the target, and as far as it applies a member, column, row or byte."""

    path: str | None = None
    member: str | None = None
    column: str | None = None
    row: int | None = None
    offset: int | None = None


class Finding(Record, frozen=True, kw_only=True):
    """A located defect. `message` is the rule's text filled with `arguments`, so that it can be translated."""

    rule: str
    severity: Severity
    subject: str
    where: Place = Place()
    message: str
    remedy: str
    arguments: dict[str, int | float | str] = {}


class Cost(Record, frozen=True, kw_only=True):
    """What a measurement cost: CPU-seconds, bytes read, requests and tokens sent, and money by the price table."""

    cpu_seconds: float = 0.0
    bytes_read: int = 0
    requests: int = 0
    tokens: int = 0
    money: float | None = None
    currency: str | None = None


class Isolation(Record, frozen=True, kw_only=True):
    """What the kernel granted to the process that did the work. `profile` is none, decode or execute."""

    profile: Literal["none", "decode", "execute"] = "none"
    granted: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    unsafe: bool = False


class Evidence(Record, frozen=True, kw_only=True):
    """One inspector's result for one part, complete enough to compute every measurement again.

    `started` is UTC in RFC 3339; `seconds` is wall time. `reason` says why a status is skipped or failed,
    `detail` the same in words. `checked` and `not_checked` say what a clean result covers and what it does not.
    """

    id: str
    inspector: str
    version: str
    subject: str
    status: Status
    reason: Reason | None = None
    detail: str = ""
    parameters: dict[str, Parameter] = {}
    seed: int = 0
    measurements: tuple[Measurement, ...] = ()
    findings: tuple[Finding, ...] = ()
    statistics: dict[str, Counts] = {}
    checked: tuple[str, ...] = ()
    not_checked: tuple[str, ...] = ()
    tools: dict[str, str] = {}
    isolation: Isolation = Isolation()
    cost: Cost = Cost()
    started: str
    seconds: float
