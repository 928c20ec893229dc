"""What an inspector is: a function that measures one part, with a card in its docstring.

A module registers its function with `@inspector(...)`. Keyword-only arguments are its parameters, recorded with
the evidence. The function reads nothing but what `Inspection` hands it, and returns an `Outcome`, or raises
`Skip` with the reason. Where `isolation` is not "none" it runs in a sandboxed child, and what comes back is decoded
strictly: an inspector can't return anything but records.
"""

from __future__ import annotations

import inspect as _inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from ..records import Card, Counts, Finding, Measurement, Parameter, Part, Place, Reason, Severity, Subject
from ..records.measurement import Record

HEADINGS = ("What it measures", "Why it matters", "Method", "Limits", "References")


class Skip(Exception):
    """Raised by an inspector that can't or need not measure this part. `detail` says why in one sentence."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason: Reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class FindingRule:
    """A stable rule id with its texts. `message` and `remedy` are English templates (`str.format` fields)."""

    id: str
    severity: Severity
    message: str
    remedy: str
    references: tuple[str, ...] = ()

    def at(
        self,
        subject: str,
        where: Place | None = None,
        *,
        severity: Severity | None = None,
        **arguments: int | float | str,
    ) -> Finding:
        """Return the finding of this rule at a place of the part `subject` (its digest)."""
        return Finding(
            rule=self.id,
            severity=severity or self.severity,
            subject=subject,
            where=where or Place(),
            message=self.message.format(**arguments),
            remedy=self.remedy.format(**arguments),
            arguments=arguments,
        )


class Outcome(Record, frozen=True, kw_only=True):
    """What an inspector returns. The runner adds identity, time, cost and isolation to make it Evidence."""

    measurements: tuple[Measurement, ...] = ()
    findings: tuple[Finding, ...] = ()
    statistics: dict[str, Counts] = {}
    checked: tuple[str, ...] = ()
    not_checked: tuple[str, ...] = ()
    tools: dict[str, str] = {}
    bytes_read: int = 0


@dataclass(frozen=True, slots=True)
class Inspection:
    """What an inspector may use: the part, where it lies (read-only), the card, all parts, and a seed.

    `root` is the target (a file, or a folder whose `part.path` is relative to it). `contradictions` are the fields
    where the provider's and the assessor's card differ: (field, provider's value, assessor's value).
    """

    part: Part
    subject: Subject
    root: Path
    card: Card
    card_source: Literal["none", "provider", "assessor"] = "none"
    seed: int = 0
    contradictions: tuple[tuple[str, str, str], ...] = ()

    @property
    def path(self) -> Path:
        """Where the part lies on this machine."""
        return self.root / self.part.path if self.part.path else self.root


InspectorFunction = Callable[..., Outcome]
F = TypeVar("F", bound=InspectorFunction)


@dataclass(frozen=True, slots=True)
class Inspector:
    """A registered inspector. `kinds` empty means every kind; `scope` "subject" means once for the whole subject.

    `needs_card` names the card's fields without which it skips; `bytes_per_second` is its usual speed, for plans.
    """

    id: str
    version: str
    function: InspectorFunction
    kinds: frozenset[str]
    scope: Literal["part", "subject"]
    measures: tuple[str, ...]
    rules: tuple[FindingRule, ...]
    isolation: Literal["none", "decode", "execute"]
    cacheable: bool
    reads_card: bool
    libraries: tuple[str, ...] = ()
    roles: frozenset[str] = frozenset()
    needs_card: tuple[str, ...] = ()
    bytes_per_second: float = 50e6
    parameters: Mapping[str, Parameter] = field(default_factory=dict)

    def applies_to(self, part: Part) -> bool:
        """Whether this inspector measures parts of this kind and role."""
        return (not self.kinds or part.kind in self.kinds) and (not self.roles or part.role in self.roles)

    @property
    def title(self) -> str:
        """The docstring's first line, without its full stop: what is measured, in a few words."""
        return self.card.partition("\n")[0].rstrip(".")

    @property
    def card(self) -> str:
        """The docstring: what it measures, why it matters, method, limits, references."""
        return _inspect.cleandoc(self.function.__doc__ or "")

    @property
    def sections(self) -> dict[str, str]:
        """The card by heading, each section's text as one line."""
        lines: dict[str, list[str]] = {}
        for line in self.card.splitlines()[1:]:
            if line.strip() in HEADINGS:
                lines[line.strip()] = []
            elif lines and line.strip():
                next(reversed(lines.values())).append(line.strip())
        return {heading: " ".join(text) for heading, text in lines.items()}


def inspector(
    id: str,
    *,
    version: str,
    measures: tuple[str, ...],
    kinds: frozenset[str] | set[str] = frozenset(),
    roles: frozenset[str] | set[str] = frozenset(),
    scope: Literal["part", "subject"] = "part",
    rules: tuple[FindingRule, ...] = (),
    isolation: Literal["none", "decode", "execute"] = "decode",
    cacheable: bool = True,
    reads_card: bool = False,
    libraries: tuple[str, ...] = (),
    needs_card: tuple[str, ...] = (),
    bytes_per_second: float = 50e6,
) -> Callable[[F], F]:
    """Register the decorated function as the inspector `id`; the module then holds it as `INSPECTOR`."""

    def register(function: F) -> F:
        parameters = {
            name: parameter.default
            for name, parameter in _inspect.signature(function).parameters.items()
            if parameter.kind is parameter.KEYWORD_ONLY
        }
        module: Any = _inspect.getmodule(function)
        module.INSPECTOR = Inspector(
            id=id,
            version=version,
            function=function,
            kinds=frozenset(kinds),
            roles=frozenset(roles),
            scope=scope,
            measures=measures,
            rules=rules,
            isolation=isolation,
            cacheable=cacheable,
            reads_card=reads_card,
            libraries=libraries,
            needs_card=needs_card,
            bytes_per_second=bytes_per_second,
            parameters=parameters,
        )
        return function

    return register
