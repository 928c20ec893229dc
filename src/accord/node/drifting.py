"""Drift: what changed from the last assessment but one of an entry to its last one, by the comparison that there is.

Two records never change, so what came of comparing them is kept, in memory, for everybody who may read both.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

from msgspec import Struct
from msgspec.structs import replace

from ..commons.assessments.page import Readable, readable
from ..commons.assessments.projection import record_bytes
from ..commons.systems.measured import Assessed, assessments_of, last_two
from ..commons.systems.page import Listed
from ..compare import Change, compare
from ..errors import AccordError
from ..records import Assessment, Interval, from_json
from ..store import Transaction
from ..store.viewer import Viewer
from .node import Node

MOST_BYTES = 8 * 1024 * 1024
"""Larger records are compared on their own page only."""
MOST_SHOWN = 25
_KEPT = 4_096
_MOST_FRAMEWORKS = 100
_LONGEST = 200
_OPEN = frozenset({"-", "not_applicable"})


class Moves(Struct, frozen=True, kw_only=True):
    """Verdicts under one framework that got worse or better: the first of them (requirement, status before and after),
    and how many in all.
    """

    framework: str
    worse: tuple[tuple[str, str, str], ...]
    better: tuple[tuple[str, str, str], ...]
    worse_in_all: int
    better_in_all: int


class Apart(Struct, frozen=True, kw_only=True):
    """A measure whose intervals no longer overlap: its id, of what, its unit, and both values with their intervals."""

    measure: str
    where: str
    unit: str
    before: tuple[float, Interval]
    after: tuple[float, Interval]


class Drift(Struct, frozen=True, kw_only=True):
    """What changed: verdicts that moved, by framework; the first measures that did, and how many in all."""

    moves: tuple[Moves, ...]
    measures: tuple[Apart, ...]
    apart: int

    @property
    def worse(self) -> int:
        """How many verdicts got worse."""
        return sum(item.worse_in_all for item in self.moves)


def drift_of(transaction: Transaction, viewer: Viewer, before: Assessed, after: Assessed) -> Drift | None:
    """Return what changed between two assessments, or None if the viewer may not read both records, or can't."""
    found = [readable(transaction, viewer, item.id) for item in (before, after)]
    if found[0] is None or found[1] is None:
        return None
    key = found[0].record, found[1].record
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    old, new = _read(transaction, found[0]), _read(transaction, found[1])
    if old is None or new is None:
        return None
    made = _drift(old, new)
    with _lock:
        _kept[key] = made
        if len(_kept) > _KEPT:
            _kept.popitem(last=False)
    return made


def got_worse(
    node: Node, viewer: Viewer, entries: Sequence[Listed], now: str, seconds: float = 1.0
) -> tuple[frozenset[int], bool]:
    """Return which entries (their numbers) got worse, and whether all were looked at within `seconds`."""
    end, worse = time.monotonic() + seconds, set[int]()
    with node.store.reading() as transaction:
        for item in (item for item in entries if item.measured > 1):
            if time.monotonic() > end:
                return frozenset(worse), False
            pair = last_two(assessments_of(transaction, viewer, item.seq, now))
            found = drift_of(transaction, viewer, *pair) if pair else None
            if found and found.worse:
                worse.add(item.seq)
    return frozenset(worse), True


def _read(transaction: Transaction, found: Readable) -> Assessment | None:
    data = record_bytes(transaction, found.seq, found.record)
    if data is None or len(data) > MOST_BYTES:
        return None
    try:
        return from_json(data, Assessment, name="assessment.json")
    except AccordError:  # A signed record can still be one that nobody can read.
        return None


def _drift(old: Assessment, new: Assessment) -> Drift:
    found = compare(old, new)
    texts = {item.digest for item in old.frameworks} & {item.digest for item in new.frameworks}
    same = {item.id for item in new.frameworks if item.digest in texts}
    moves: dict[str, tuple[list[tuple[str, str, str]], list[tuple[str, str, str]]]] = {}
    for name, (before, after) in found.verdicts.items():
        framework, _space, requirement = name.partition(" ")
        requirement = requirement[:_LONGEST]
        if framework not in same or before in _OPEN or after in _OPEN:
            continue  # The text moved, or the facts on the card did, and not what is measured.
        if after == "not_met" or before == "met":
            moves.setdefault(framework, ([], []))[0].append((requirement, before, after))
        elif after == "met":
            moves.setdefault(framework, ([], []))[1].append((requirement, before, after))
    apart = [item for item in map(_apart, found.changes) if item]
    return Drift(
        moves=tuple(_moves(name, worse, better) for name, (worse, better) in list(moves.items())[:_MOST_FRAMEWORKS]),
        measures=tuple(apart[:MOST_SHOWN]),
        apart=len(apart),
    )


def _moves(framework: str, worse: list[tuple[str, str, str]], better: list[tuple[str, str, str]]) -> Moves:
    return Moves(
        framework=framework[:_LONGEST],
        worse=tuple(worse[:MOST_SHOWN]),
        better=tuple(better[:MOST_SHOWN]),
        worse_in_all=len(worse),
        better_in_all=len(better),
    )


def _apart(change: Change) -> Apart | None:
    old, new = change.before, change.after
    if change.judged != "changed" or not old.interval or not new.interval:
        return None
    if not isinstance(old.value, int | float) or not isinstance(new.value, int | float):
        return None
    return Apart(
        measure=change.measure[:_LONGEST],
        where=(" · ".join(change.dimensions.values()) or change.part)[:_LONGEST],
        unit=new.unit[:_LONGEST],
        before=(old.value, replace(old.interval, kind=old.interval.kind[:_LONGEST])),
        after=(new.value, replace(new.interval, kind=new.interval.kind[:_LONGEST])),
    )


_kept: OrderedDict[tuple[str, str], Drift] = OrderedDict()
_lock = Lock()
