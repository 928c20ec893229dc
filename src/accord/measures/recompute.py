"""Compute every measurement of some evidence again from its counts, and say where it differs."""

from __future__ import annotations

from math import isclose

from ..errors import AccordError
from ..records import Evidence, Interval, Measurement, Value
from .catalogue import measure
from .derive import MINIMUM, Derived, derive
from .tensor import Tensor

TOLERANCE = 1e-12
"""Relative: the same code gives the same digits on one machine; other mathematical libraries may differ in the last."""

_TYPES: dict[str, tuple[type, ...]] = {"count": (int,), "bool": (bool,), "text": (str,), "list": (tuple,)}


def recompute(evidence: Evidence) -> list[str]:
    """Return every disagreement between the measurements and the counts, each in a sentence that names its place.

    The minimum of trials is the parameter `minimum` of the evidence, else 30. Facts, which nobody can compute, are
    checked for the type and unit of the catalogue.
    """
    asked = evidence.parameters.get("minimum", MINIMUM)
    minimum = asked if isinstance(asked, int) and not isinstance(asked, bool) else MINIMUM
    tensors: dict[str, Tensor] = {}
    known: dict[tuple[str, ...], Derived] = {}
    found: list[str] = []
    for measured in evidence.measurements:
        place = _place(evidence, measured)
        try:
            texts = _disagreements(evidence, measured, tensors, known, minimum)
        except AccordError as error:
            texts = [error.message]
        found += [f"{place}: {text}" for text in texts]
    return found


def _place(evidence: Evidence, measured: Measurement) -> str:
    dimensions = ", ".join(f"{name} {value}" for name, value in measured.dimensions.items())
    return f"{evidence.inspector} {measured.measure}" + (f" ({dimensions})" if dimensions else "")


def _disagreements(
    evidence: Evidence,
    measured: Measurement,
    tensors: dict[str, Tensor],
    known: dict[tuple[str, ...], Derived],
    minimum: int,
) -> list[str]:
    item = measure(measured.measure)
    name = measured.statistics
    if item.derivation.kind == "fact":
        return _about_fact(measured, item.unit)
    if name is None:
        return ["it names no counts that it follows from"]
    if name not in evidence.statistics:
        return [f"the counts {name!r} are not in the evidence"]
    if name not in tensors:
        tensors[name] = Tensor(evidence.statistics[name])
    key = (item.id, name, *(text for pair in sorted(measured.dimensions.items()) for text in pair))
    if key not in known:
        known[key] = derive(item.id, tensors[name], measured.dimensions, minimum=minimum)
    return _differences(measured, known[key])


def _about_fact(measured: Measurement, unit: str) -> list[str]:
    found = []
    if measured.statistics is not None:
        found.append("it is a fact, but names counts")
    if measured.interval is not None and not (measured.basis == measured.interval.kind == "declared"):
        found.append("it is a fact, but has an interval")  # other than a range that somebody declared
    if measured.unit != unit:
        found.append(f"its unit is {measured.unit!r}, the catalogue says {unit!r}")
    types = _TYPES.get(unit)
    if measured.value is not None and types and not _is_of(measured.value, types):
        found.append(f"its value is not of the type {unit}")
    return found


def _is_of(value: Value, types: tuple[type, ...]) -> bool:
    if isinstance(value, bool):
        return bool in types
    return isinstance(value, types) and not (isinstance(value, int) and value < 0)


def _differences(measured: Measurement, again: Derived) -> list[str]:
    found = []
    if not _same(measured.value, again.value):
        found.append(f"the report says {_show(measured.value)}, the counts say {_show(again.value)}")
    if not _same_interval(measured.interval, again.interval):
        found.append(f"its interval is {_span(measured.interval)}, the counts say {_span(again.interval)}")
    for field in ("n", "unit", "method"):
        said, follows = getattr(measured, field), getattr(again, field)
        if said != follows:
            found.append(f"its {field} is {_show(said)}, the counts say {_show(follows)}")
    return found


def _same(said: Value, follows: int | float | None) -> bool:
    if follows is None or said is None:
        return said is follows
    if isinstance(said, bool) or not isinstance(said, int | float):
        return False
    return isclose(said, follows, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def _same_interval(said: Interval | None, follows: Interval | None) -> bool:
    if said is None or follows is None:
        return said is follows
    return (
        said.kind == follows.kind
        and _same(said.low, follows.low)
        and _same(said.high, follows.high)
        and _same(said.level, follows.level)
    )


def _show(value: Value) -> str:
    return f"{value:.6g}" if isinstance(value, float) else "nothing" if value is None else f"{value!r}"


def _span(interval: Interval | None) -> str:
    if interval is None:
        return "nothing"
    return f"[{interval.low:.6g}, {interval.high:.6g}] ({interval.kind}, {interval.level:g})"
