"""What a report is: an assessment, made into bytes of one format.

Each format is one module of this package that holds a `REPORT`; a new format is one new file and no edit elsewhere.
The format `oscal-poam` is the module `oscal_poam`.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Protocol

from ..errors import UsageError
from ..records import Assessment, Framework
from .wording import measure_name, name_of


class MeasureText(Protocol):
    """What a report says of a measure; an entry of the measure catalogue fits."""

    @property
    def title(self) -> str:
        """A short name."""

    @property
    def definition(self) -> str:
        """One sentence that says what is counted, of what."""


@dataclass(frozen=True, slots=True)
class Details:
    """What a person wants to read beside the record, which holds ids only; a report is complete without it.

    `frameworks` gives requirements their labels and titles, `measures` (by id) names and definitions, `inspectors`
    (by id) titles. `known_details` gathers them.
    """

    frameworks: tuple[Framework, ...] = ()
    measures: Mapping[str, MeasureText] = field(default_factory=dict)
    inspectors: Mapping[str, str] = field(default_factory=dict)

    def inspector(self, identifier: str) -> str:
        """Return the title of an inspector, or a readable form of its id."""
        title = self.inspectors.get(identifier)
        return title or name_of(identifier)

    def measure(self, identifier: str) -> str:
        """Return the title of a measure, or a readable form of its id."""
        entry = self.measures.get(identifier)
        return entry.title if entry else measure_name(identifier)


class Renderer(Protocol):
    """Makes the bytes of a report. The same assessment and details give the same bytes."""

    def __call__(self, assessment: Assessment, *, details: Details | None = None) -> bytes:
        """Return the whole file. Without `details` it uses what this installation knows."""


@dataclass(frozen=True, slots=True)
class Report:
    """A format: its name, media type, usual file name, and the function that renders it."""

    name: str
    media_type: str
    file_name: str
    render: Renderer


def formats() -> tuple[str, ...]:
    """Return the names of the formats there are, in alphabetical order."""
    package = import_module(__package__ or "accord.reports")
    names = (module.name.replace("_", "-") for module in pkgutil.iter_modules(package.__path__))
    return tuple(name for name in sorted(names) if _report(name) is not None)


def choose(names: Sequence[str]) -> tuple[Report, ...]:
    """Return the formats `names`, each once, in their order. Raises UsageError for a name there is no format of."""
    return tuple(report(name) for name in dict.fromkeys(names))


def report(name: str) -> Report:
    """Return the format `name`. Raises UsageError, which lists the formats, if there is none."""
    if name not in formats():
        raise UsageError(
            "unknown-format", f"there is no report format {name!r}", f"Choose one of: {', '.join(formats())}."
        )
    found = _report(name)
    assert found is not None
    return found


def _report(name: str) -> Report | None:
    found = getattr(import_module(f"{__package__}.{name.replace('-', '_')}"), "REPORT", None)
    return found if isinstance(found, Report) else None
