"""What a measure is: an entry of the catalogue."""

from __future__ import annotations

from typing import Literal

from ..records.measurement import Record

Kind = Literal["fact", "count", "share", "rate", "gap", "min_ratio", "difference", "ratio"]
Unit = Literal["1", "ratio", "count", "FLOP", "bool", "text", "list", ""]
"""`1` is a proportion or a difference of two; an empty unit is for what the card says, of whatever type."""
Direction = Literal["higher_is_better", "lower_is_better", "zero_is_best", "one_is_best", "none"]
COMPARISONS: tuple[Kind, ...] = ("gap", "min_ratio", "difference", "ratio")
ANY = "*"
"""As a category in a selector: every category of that axis, which must be there."""


class Source(Record, frozen=True, kw_only=True):
    """Where a measure is defined: title, the place in it, and an address if it has one."""

    title: str
    where: str = ""
    uri: str | None = None

    def __str__(self) -> str:
        return ", ".join(part for part in (self.title, self.where, self.uri) if part)


class By(Record, frozen=True, kw_only=True):
    """How a measurement's dimensions pick cells: `category` and `name` are the names of those dimensions.

    `role` is the axes' role. Where `name` is null, there is one such axis. `of_all`: the trials stay those of
    all categories, so the measure is what a category has of the whole.
    """

    role: str
    category: str
    name: str | None = None
    of_all: bool = False


class Derivation(Record, frozen=True, kw_only=True):
    """How the value comes from counts.

    - fact: it's read, not computed.
    - count: the sum of the cells in `events`; or, with `categories_of`, the number of categories of that axis.
    - share: events / trials of the whole thing that was counted, so exact.
    - rate: events / trials of a sample, so with an interval.
    - gap, min_ratio: largest minus smallest, smallest / largest rate over the groups; of several rates in `of`, the
      largest gap.
    - difference, ratio: a group's rate minus, or divided by, the rate of a reference group.

    `events` and `trials` are selectors {role: category}; a cell counts if one of them fits it.
    """

    kind: Kind
    of: tuple[str, ...] = ()
    events: tuple[dict[str, str], ...] = ()
    trials: tuple[dict[str, str], ...] = ()
    by: By | None = None
    categories_of: str | None = None

    @property
    def roles(self) -> frozenset[str]:
        """The roles of the axes that the selectors look at."""
        return frozenset(role for selector in (*self.events, *self.trials) for role in selector)


class Measure(Record, frozen=True, kw_only=True):
    """A measure: what inspectors produce and what frameworks judge.

    `dimensions` lists the sets of dimension names that a measurement of it may have.
    """

    id: str
    title: str
    definition: str
    formula: str
    unit: Unit
    direction: Direction
    dimensions: tuple[tuple[str, ...], ...]
    derivation: Derivation
    source: Source

    @property
    def theme(self) -> str:
        """The part of the id before the dot."""
        return self.id.partition(".")[0]
