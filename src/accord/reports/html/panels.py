"""Measurements as panels: one measure over the groups, columns or classes that it was measured for.

A panel is a table; where its values share a scale, one column of it draws them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ...i18n import _
from ...records import Assessment, Evidence, Measurement
from .. import figures
from ..interface import Details
from ..wording import INTERVAL_WORDS, word
from .anchors import Anchors
from .charts import Mark, Scale, scale_for

# Under 30 nothing is measured, under 100 nothing is judged (see the contract of intervals).
MINIMUM_FOR_VERDICT = 100
# The page says so when it shows fewer rows than the record holds.
MOST_ROWS = 1_500
# The dimension that names the row; the others say which panel it is.
_ROW_DIMENSIONS = ("group", "class", "column", "question", "field", "kind", "attribute")
# Beyond this no axis helps.
_WIDEST = 1e6
_DRAWN = (figures.PROPORTION, figures.POINTS, "ratio")


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement, written out. `faint` marks a value on too few cases to judge, `everybody` the whole table."""

    anchor: str | None
    link: str | None
    label: str
    value: str
    interval: str
    n: str
    method: str
    note: str
    mark: Mark | None
    missing: bool
    faint: bool
    everybody: bool
    declared: bool


@dataclass(frozen=True, slots=True)
class Panel:
    """One measure over several rows: `anchor` is its id on the page, `evidence` the position of its evidence, from 1.

    `measure` is empty where the rows are of several measures.
    """

    anchor: str
    evidence: int
    measure: str
    title: str
    of: str
    definition: str
    row_heading: str
    rows: tuple[Row, ...]
    scale: Scale | None
    reference: float | None
    reference_label: str
    level: str

    @property
    def name(self) -> str:
        """The title with what it is divided by: `False-positive rate by race`."""
        return _("{measure} by {attribute}").format(measure=self.title, attribute=self.of) if self.of else self.title

    @property
    def too_small(self) -> tuple[Row, ...]:
        """The rows that have no value because there were too few cases."""
        return tuple(row for row in self.rows if row.missing)

    @property
    def counted(self) -> bool:
        """Whether any row says on how many cases it rests."""
        return any(row.n for row in self.rows)

    @property
    def measurements(self) -> int:
        """How many measurements of the record this panel shows."""
        return sum(row.anchor is not None for row in self.rows)

    @property
    def size(self) -> int:
        """How many axes the panel's attribute crosses: 1 for `race`, 2 for `race × sex`."""
        return self.of.count(" × ") + 1


@dataclass(frozen=True, slots=True)
class _Placed:
    """A measurement with the id that it has on the page."""

    anchor: str
    measurement: Measurement


def panels_of(assessment: Assessment, details: Details) -> tuple[tuple[Panel, ...], int]:
    """Return all panels in the order of the record, and how many measurements did not fit on the page."""
    left = MOST_ROWS
    panels: list[Panel] = []
    hidden = 0
    for i, evidence in enumerate(assessment.evidence, 1):
        shown = evidence.measurements[:left]
        left -= len(shown)
        hidden += len(evidence.measurements) - len(shown)
        placed = [_Placed(Anchors.at(i, j), measurement) for j, measurement in enumerate(shown, 1)]
        panels.extend(_panels(i, evidence, placed, details))
    return tuple(replace(panel, anchor=f"t-{i}") for i, panel in enumerate(panels, 1)), hidden


def _panels(position: int, evidence: Evidence, placed: Sequence[_Placed], details: Details) -> Iterator[Panel]:
    whole: list[_Placed] = []
    families: dict[tuple[str, str, tuple[tuple[str, str], ...]], list[_Placed]] = defaultdict(list)
    for item in placed:
        dimension = _row_dimension(item.measurement.dimensions)
        if dimension is None:
            whole.append(item)
            continue
        fixed = tuple(sorted(pair for pair in item.measurement.dimensions.items() if pair[0] != dimension))
        families[item.measurement.measure, dimension, fixed].append(item)
    if whole:
        yield _whole_panel(position, evidence, whole, details)
    references = {
        item.measurement.dimensions.get("attribute", ""): item.measurement.dimensions["reference"]
        for item in placed
        if "reference" in item.measurement.dimensions
    }
    overall = {item.measurement.measure: item for item in whole}
    for (measure, dimension, fixed), items in families.items():
        everybody = overall.get(measure) if dimension == "group" else None
        yield _panel(position, measure, dimension, dict(fixed), items, everybody, references, details)


def _row_dimension(dimensions: Mapping[str, str]) -> str | None:
    known = next((name for name in _ROW_DIMENSIONS if name in dimensions), None)
    return known or next(reversed(list(dimensions)), None)


def _whole_panel(position: int, evidence: Evidence, items: Sequence[_Placed], details: Details) -> Panel:
    """Return the panel of what was measured over the whole part: its rows are measures."""
    rates = [item for item in items if _unit(item.measurement) == figures.PROPORTION and _drawable(item.measurement)]
    scale = _scale([item.measurement for item in rates]) if len(rates) > 1 else None
    return Panel(
        anchor="",
        evidence=position,
        measure="",
        title=_("As a whole"),
        of="",
        definition="",
        row_heading=_("Measure"),
        rows=tuple(
            _row(item, details.measure(item.measurement.measure), scale if item in rates else None) for item in items
        ),
        scale=scale,
        reference=None,
        reference_label="",
        level=_level([item.measurement for item in items]),
    )


def _panel(
    position: int,
    measure: str,
    dimension: str,
    fixed: Mapping[str, str],
    items: Sequence[_Placed],
    everybody: _Placed | None,
    references: Mapping[str, str],
    details: Details,
) -> Panel:
    drawn = [item.measurement for item in (*items, *([everybody] if everybody else ())) if _drawable(item.measurement)]
    one_unit = len({_unit(measurement) for measurement in drawn}) == 1
    scale = _scale(drawn) if len(drawn) > 1 and one_unit and _unit(drawn[0]) in _DRAWN else None
    ordered = sorted(items, key=lambda item: _by_value(item.measurement))
    rows = [_row(item, item.measurement.dimensions[dimension], scale) for item in ordered]
    if everybody:
        rows.insert(0, _row(everybody, _("Everybody"), scale, everybody=True))
    at, label = _reference(fixed, items, everybody, references, _unit(drawn[0]) if drawn else "")
    entry = details.measures.get(measure)
    return Panel(
        anchor="",
        evidence=position,
        measure=measure,
        title=details.measure(measure),
        of=fixed.get("attribute") or " · ".join(value for name, value in fixed.items() if name != "reference"),
        definition=entry.definition if entry else "",
        row_heading=_heading(dimension),
        rows=tuple(rows),
        scale=scale,
        reference=scale.at(at) if scale and at is not None else None,
        reference_label=label if scale else "",
        level=_level([item.measurement for item in items]),
    )


def _reference(
    fixed: Mapping[str, str],
    items: Sequence[_Placed],
    everybody: _Placed | None,
    references: Mapping[str, str],
    unit: str,
) -> tuple[float | None, str]:
    """Return where the dashed line stands, and what it is: equality, the reference group's value, or everybody's.

    `references` are the groups that the differences of the same evidence compare with, by attribute.
    """
    if "reference" in fixed:
        return (1.0 if unit == "ratio" else 0.0), _("the same as {group}").format(group=fixed["reference"])
    group = references.get(fixed.get("attribute", ""))
    for item in items:
        if group is not None and item.measurement.dimensions.get("group") == group and _drawable(item.measurement):
            return _number(item.measurement), group
    if everybody and _drawable(everybody.measurement):
        return _number(everybody.measurement), _("everybody")
    return None, ""


def _row(item: _Placed, label: str, scale: Scale | None, *, everybody: bool = False) -> Row:
    measurement = item.measurement
    low = measurement.interval.low if measurement.interval else None
    high = measurement.interval.high if measurement.interval else None
    mark = scale.mark(_number(measurement), low, high) if scale and _drawable(measurement) else None
    return Row(
        anchor=None if everybody else item.anchor,
        link=item.anchor if everybody else None,
        label=label,
        value=figures.figure(measurement.value, _unit(measurement)),
        interval=figures.interval(measurement.interval, _unit(measurement)) if measurement.interval else "",
        n="" if measurement.n is None else figures.count(measurement.n),
        method=_method(measurement),
        note=measurement.reason or "",
        mark=mark,
        missing=measurement.value is None,
        faint=mark is not None and measurement.n is not None and measurement.n < MINIMUM_FOR_VERDICT,
        everybody=everybody,
        declared=measurement.basis == "declared",
    )


def _method(measurement: Measurement) -> str:
    if measurement.interval:
        return word(INTERVAL_WORDS, measurement.interval.kind)
    return measurement.method if measurement.value is not None else ""


def _scale(measurements: Sequence[Measurement]) -> Scale:
    ends = [end for m in measurements if m.interval for end in (m.interval.low, m.interval.high) if abs(end) <= _WIDEST]
    return scale_for([_number(m) for m in measurements], ends, _unit(measurements[0]))


def _drawable(measurement: Measurement) -> bool:
    value = measurement.value
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _WIDEST


def _number(measurement: Measurement) -> float:
    assert isinstance(measurement.value, int | float)
    return float(measurement.value)


def _unit(measurement: Measurement) -> str:
    return figures.reading_unit(measurement.measure, measurement.unit)


def _by_value(measurement: Measurement) -> tuple[bool, float]:
    """Order by value, the largest first; what has no value comes last, in the order of the record."""
    return (False, -_number(measurement)) if _drawable(measurement) else (True, 0.0)


def _level(measurements: Sequence[Measurement]) -> str:
    levels = sorted({measurement.interval.level for measurement in measurements if measurement.interval})
    return ", ".join(f"{level * 100:g}\u202f%" for level in levels)


def _heading(dimension: str) -> str:
    headings = {
        "group": _("Group"),
        "class": _("Class"),
        "column": _("Column"),
        "question": _("Question"),
        "field": _("Field"),
        "kind": _("Kind"),
        "attribute": _("Attribute"),
    }
    return headings.get(dimension, dimension)
