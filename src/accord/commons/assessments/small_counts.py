"""Small counts of persons: found before anything is published, and taken out of what is (contracts, "Personal data").

A count of 1 to 4 persons, with what is known of its complement, can name them. A published statement is a new one,
without them: groups that hold such a count are left out, with the next smallest until nothing can be had by
subtraction; intersections that hold one are left out whole, since their margins are published. What stays is computed
again from the counts that stay, so a published report proves itself like any other. Zero counts nobody, and stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import combinations

from msgspec.structs import replace

from ...errors import AccordError
from ...measures.derive import MINIMUM, measurement
from ...measures.tensor import JOINT, Tensor
from ...records import Assessment, Counts, Evidence, Finding, Measurement

LEAST = 5
"""Counts of persons below this are not published (contracts, "Personal data")."""
TOGETHER = "(groups that are too small to publish)"
_GROUPS = frozenset({"attribute", "class"})
_OF_PERSONS = _GROUPS | {"label", "prediction"}
_OF_NOBODY = frozenset({"row", "column", "state", "field", "document", "kind"})
_DATA = frozenset({"training_data", "test_data", "predictions", "data"})


@dataclass(frozen=True, slots=True)
class SmallCount:
    """Where small counts stand: the evidence, the name of its tensor, and how many cells hold 1 to 4."""

    evidence: str
    statistic: str
    cells: int


def small_counts(assessment: Assessment) -> tuple[SmallCount, ...]:
    """Return every tensor of persons that has a count of 1 to 4."""
    data = frozenset(part.digest for part in assessment.subject.parts if part.role in _DATA)
    return tuple(
        SmallCount(item.id, name, cells)
        for item in assessment.evidence
        for name, counts in item.statistics.items()
        if _counts_persons(item, name, counts, data) and (cells := sum(map(_is_small, counts.values)))
    )


def without_small_counts(assessment: Assessment) -> tuple[Evidence, ...]:
    """Return the evidence of an assessment as it can be published; what has no small count stays as it is."""
    found: dict[str, set[str]] = {}
    for item in small_counts(assessment):
        found.setdefault(item.evidence, set()).add(item.statistic)
    return tuple(_published(item, found[item.id]) if item.id in found else item for item in assessment.evidence)


def _is_small(count: int) -> bool:
    return 0 < count < LEAST


def _counts_persons(evidence: Evidence, name: str, counts: Counts, data: frozenset[str]) -> bool:
    """A table's rows are taken for persons, whoever they are, unless its tensor counts something else."""
    roles = {axis.role for axis in counts.axes}
    if roles & _OF_PERSONS:
        return True
    private = any(m.statistics == name and m.measure.startswith("privacy.") for m in evidence.measurements)
    return private or (evidence.subject in data and not roles <= _OF_NOBODY)


class _Left:
    """What is left of one piece of evidence: tensors by name, the one that each view went to, what was left out."""

    def __init__(self, evidence: Evidence) -> None:
        self.statistics: dict[str, Counts] = {}
        self.homes: dict[tuple[str, str], str] = {}
        self.hidden: dict[str, frozenset[str]] = {}
        self.left_out: set[str] = set()
        self.lines: list[str] = []
        self._evidence = evidence

    def take(self, name: str, counts: Counts) -> None:
        """Take apart a tensor with small counts: the whole of it, then a tensor a view that measurements ask for."""
        groups = tuple(i for i, axis in enumerate(counts.axes) if axis.role in _GROUPS)
        rest = tuple(i for i, axis in enumerate(counts.axes) if axis.role not in _GROUPS)
        if not rest and len(groups) == 1:
            self._share(name, counts)
            return
        views = {
            m.dimensions["attribute"]: None
            for m in self._evidence.measurements
            if m.statistics == name and "attribute" in m.dimensions
        }
        whole = _margin(counts, rest)
        if not rest or any(map(_is_small, whole.values)):
            self.left_out.update(views)
            self.lines.append(f"{name}: left out whole, as all rows together show fewer than {LEAST} persons")
            return
        self.statistics[name] = whole
        self.homes[name, ""] = name
        for view in views:
            axes = _axes_called(counts, groups, view)
            if axes:
                self._view(name, view, _margin(counts, (*axes, *rest)), crossed=len(axes) > 1)

    def _view(self, name: str, view: str, counts: Counts, *, crossed: bool) -> None:
        groups = counts.axes[0].categories
        hidden = _to_hide(counts)
        if hidden and (crossed or len(hidden) == len(groups)):
            self.left_out.add(view)
            self.lines.append(f"{view}: left out whole, as a group of it shows fewer than {LEAST} persons")
            return
        if hidden:
            self.hidden[view] = hidden
            self.lines.append(f"{view}: {len(hidden)} groups left out, so that no count below {LEAST} persons shows")
        self.homes[name, view] = f"{name}:{view}"
        self.statistics[f"{name}:{view}"] = _without(counts, hidden)

    def _share(self, name: str, counts: Counts) -> None:
        """Shares are of all rows: what is left out stays as one class, or the whole would be another."""
        axis, hidden = counts.axes[0], _to_hide(counts)
        if len(hidden) == len(axis.categories):
            self.left_out.add(axis.name)
            self.lines.append(f"{axis.name}: shares left out, as some show fewer than {LEAST} persons")
            return
        kept = _without(counts, hidden)
        together = replace(axis, categories=(*kept.axes[0].categories, TOGETHER))
        rest = sum(counts.values) - sum(kept.values)
        self.statistics[name] = Counts(axes=(together,), values=(*kept.values, rest))
        self.homes[name, axis.name] = name
        self.hidden[axis.name] = hidden
        self.lines.append(f"{axis.name}: {len(hidden)} shares put together, so that none below {LEAST} persons shows")

    def tells(self, finding: Finding) -> bool:
        """Whether a finding speaks of what was left out, or counts so few persons itself."""
        said = finding.arguments
        view = str(said.get("attribute", ""))
        counts = [said.get("n"), said.get("reference_n"), said.get("count") if "rows" in said else None]
        if any(isinstance(count, int) and _is_small(count) for count in counts):
            return True
        if view in self.left_out and ("measure" in said or "groups" in said):
            return True
        hidden = self.hidden.get(view, frozenset())
        named = {str(said.get(key, "")) for key in ("group", "reference", "worse_off")}
        return bool(named & hidden) or any(name in str(said.get("groups", "")) for name in hidden)


def _published(evidence: Evidence, small: set[str]) -> Evidence:
    left = _Left(evidence)
    for name, counts in evidence.statistics.items():
        if name in small:
            left.take(name, counts)
        else:
            left.statistics[name] = counts
    return replace(
        evidence,
        statistics=left.statistics,
        measurements=tuple(_measured_again(evidence, left, small)),
        findings=tuple(item for item in evidence.findings if not left.tells(item)),
        not_checked=(*evidence.not_checked, *(f"not published: {line}" for line in left.lines)),
    )


def _measured_again(evidence: Evidence, left: _Left, small: set[str]) -> Iterator[Measurement]:
    """Compute from what is left. A measurement of what was left out is left out itself."""
    asked = evidence.parameters.get("minimum", MINIMUM)
    minimum = asked if isinstance(asked, int) and not isinstance(asked, bool) else MINIMUM
    tensors = {name: Tensor(counts) for name, counts in left.statistics.items()}
    for item in evidence.measurements:
        if item.statistics is None or item.statistics not in small:
            yield item
            continue
        view = item.dimensions.get("attribute") or item.dimensions.get("column") or ""
        home = left.homes.get((item.statistics, view))
        named = {item.dimensions.get(key, "") for key in ("group", "reference", "class")}
        if home is None or named & left.hidden.get(view, frozenset()):
            continue
        # What can't be computed from what is left can't be published.
        with suppress(AccordError):
            yield measurement(
                item.measure,
                home,
                tensors[home],
                item.dimensions,
                subject=item.subject,
                context=item.context,
                minimum=minimum,
            )


def _to_hide(counts: Counts) -> frozenset[str]:
    """Return the categories of the first axis to leave out: those with a small count, and the next smallest with them.

    Together they are at least two, and hold no small count: so subtraction from the whole gives none either. In a
    tensor of crossed attributes the first axis tells only whether there is anything to hide.
    """
    names, width = counts.axes[0].categories, len(counts.values) // max(1, len(counts.axes[0].categories))
    rows = {name: counts.values[i * width : (i + 1) * width] for i, name in enumerate(names)}
    hidden = {name for name, row in rows.items() if any(map(_is_small, row))}
    by_size = sorted((name for name in names if name not in hidden), key=lambda name: sum(rows[name]), reverse=True)
    while hidden and by_size:
        together = [sum(cell) for cell in zip(*(rows[name] for name in hidden), strict=True)]
        if len(hidden) > 1 and not any(map(_is_small, together)):
            break
        hidden.add(by_size.pop())
    return frozenset(hidden)


def _margin(counts: Counts, kept: Sequence[int]) -> Counts:
    """Add up over every axis that isn't kept."""
    import numpy as np

    shape = [len(axis.categories) for axis in counts.axes]
    values = np.array(counts.values, dtype=object).reshape(shape)
    gone = tuple(i for i in range(len(shape)) if i not in kept)
    added = values.sum(axis=gone) if gone else values
    axes = tuple(counts.axes[i] for i in sorted(kept))
    return Counts(axes=axes, values=tuple(int(x) for x in np.ravel(added)))


def _without(counts: Counts, hidden: frozenset[str]) -> Counts:
    axis, *rest = counts.axes
    width = len(counts.values) // max(1, len(axis.categories))
    shown = [i for i, name in enumerate(axis.categories) if name not in hidden]
    left = replace(axis, categories=tuple(axis.categories[i] for i in shown))
    values = tuple(value for i in shown for value in counts.values[i * width : (i + 1) * width])
    return Counts(axes=(left, *rest), values=values)


def _axes_called(counts: Counts, groups: Sequence[int], view: str) -> tuple[int, ...]:
    """Return the axes whose names, joined, are the view's; none if that isn't one choice (see `Tensor`)."""
    found = [
        chosen
        for size in range(1, len(groups) + 1)
        for chosen in combinations(groups, size)
        if JOINT.join(counts.axes[i].name for i in chosen) == view
    ]
    return found[0] if len(found) == 1 else ()
