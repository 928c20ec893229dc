"""Comparing two pieces of evidence of the same thing, measurement by measurement and finding by finding.

What is exact, or follows from bytes and seed, must be equal, with the counts behind it. Samples (of an endpoint, or by
an inspector that no run repeats exactly) agree where 0 lies in the interval of their difference. That is made of both
intervals (MOVER: Zou and Donner, Statistics in Medicine 27, 2008, 1693-1702; for two rates with Wilson's intervals it
is Newcombe's), each widened so that all such comparisons of a recheck together call equal systems different once in
twenty rechecks (Bonferroni).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from math import hypot, isclose
from typing import Literal

from ..measures.intervals.single import quantile
from ..measures.recompute import recompute
from ..records import Counts, Evidence, Finding, Interval, Measurement, Value
from ..records.recheck import OneSidedFinding, Outcome, Repeated

RELATIVE = 1e-9
"""Other machines' mathematical libraries may differ in the last digits, and in nothing more."""
ABSOLUTE = 1e-12
ERROR = 0.05

Key = tuple[str, str, tuple[tuple[str, str], ...]]


def key_of(measured: Measurement) -> Key:
    """Return by what a measurement is found again: measure, part and dimensions."""
    return measured.measure, measured.subject, tuple(sorted(measured.dimensions.items()))


def measured_in(evidence: Evidence) -> list[Measurement]:
    """Return what was measured; what a card declares can't be measured again."""
    return [item for item in evidence.measurements if item.basis == "measured"]


def not_repeated(theirs: Evidence, why: str, paths: Mapping[str, str]) -> Iterator[Repeated]:
    """Yield every measurement of evidence that was not repeated, with the reason."""
    for item in measured_in(theirs):
        yield _row(theirs, item, paths, "not_repeated", why, theirs=item.value)


def compare_measurements(
    theirs: Evidence, ours: Evidence, paths: Mapping[str, str], *, sampled: bool, comparisons: int
) -> Iterator[Repeated]:
    """Compare two pieces of evidence; `comparisons` is how many samples the whole recheck compares."""
    found = {key_of(item): item for item in measured_in(ours)}
    other = theirs.version != ours.version
    versions = f"theirs is version {theirs.version} of the inspector, ours {ours.version}"
    unsound = recompute(theirs) if sampled else []
    for said in measured_in(theirs):
        again = found.get(key_of(said))
        if again is None:
            why = versions if other else "we do not find it"
            yield _row(theirs, said, paths, "not_repeated" if other else "differs", why, theirs=said.value)
            continue
        by_chance = sampled and said.interval is not None and again.interval is not None
        allowed = tolerance(said, again, comparisons) if by_chance else exact_tolerance(said.value, again.value)
        if unsound:
            why = f"their numbers do not follow from their counts: {unsound[0]}"
        elif by_chance:
            why = _beyond_chance(said.value, again.value, allowed)
        else:
            why = _unequal(said, again, None if other else (theirs.statistics, ours.statistics))
        why = f"{why}; {versions}" if why and other else why
        outcome: Outcome = "differs" if why else "agrees"
        yield _row(
            theirs, said, paths, outcome, why, theirs=said.value, ours=again.value, tolerance=allowed, sampled=by_chance
        )
    reported = {key_of(item) for item in measured_in(theirs)}
    for key, again in found.items():
        if key not in reported:
            why = versions if other else "they do not report it"
            yield _row(theirs, again, paths, "not_repeated" if other else "differs", why, ours=again.value)


def _row(
    evidence: Evidence,
    item: Measurement,
    paths: Mapping[str, str],
    outcome: Outcome,
    reason: str,
    *,
    theirs: Value = None,
    ours: Value = None,
    tolerance: float | None = None,
    sampled: bool = False,
) -> Repeated:
    return Repeated(
        inspector=evidence.inspector,
        measure=item.measure,
        part=item.subject,
        path=paths.get(item.subject, ""),
        dimensions=item.dimensions,
        theirs=theirs,
        ours=ours,
        tolerance=tolerance,
        sampled=sampled,
        outcome=outcome,
        reason=reason,
    )


def exact_tolerance(theirs: Value, ours: Value) -> float | None:
    """Return how far two numbers that must be equal may lie apart; None where they are not both numbers."""
    if not (_is_number(theirs) and _is_number(ours)):
        return None
    if isinstance(theirs, int) and isinstance(ours, int):
        return 0.0
    return max(RELATIVE * abs(float(ours)), ABSOLUTE)  # type: ignore[arg-type]


def tolerance(theirs: Measurement, ours: Measurement, comparisons: int) -> float | None:
    """Return how far two samples may lie apart, by their intervals; None where no interval says so."""
    a, b = theirs.value, ours.value
    if not (_is_number(a) and _is_number(b)):
        return None
    one, other = _arms(theirs, comparisons), _arms(ours, comparisons)
    if one is None or other is None:
        return None
    # The arm of the larger value that points down, and that of the smaller one that points up.
    return hypot(one[0], other[1]) if float(a) >= float(b) else hypot(one[1], other[0])  # type: ignore[arg-type]


def _arms(measured: Measurement, comparisons: int) -> tuple[float, float] | None:
    interval, value = measured.interval, measured.value
    if interval is None or not isinstance(value, int | float) or not 0.5 <= interval.level < 1:
        return None
    wider = quantile(ERROR / (2 * max(comparisons, 1))) / quantile((1 - interval.level) / 2)
    return max(value - interval.low, 0.0) * wider, max(interval.high - value, 0.0) * wider


def _beyond_chance(theirs: Value, ours: Value, allowed: float | None) -> str:
    if allowed is None:
        return "" if theirs == ours else "the values differ, and no interval says how far they may"
    apart = abs(float(theirs) - float(ours))  # type: ignore[arg-type]
    return "" if apart <= allowed else f"they lie {apart:.4g} apart; chance explains {allowed:.4g}"


def _unequal(
    theirs: Measurement, ours: Measurement, counts: tuple[Mapping[str, Counts], Mapping[str, Counts]] | None
) -> str:
    """Say in what two measurements that must be equal differ; "" if in nothing."""
    if not _same(theirs.value, ours.value):
        return "the values differ"
    if theirs.unit != ours.unit:
        return f"their unit is {theirs.unit!r}, ours {ours.unit!r}"
    if theirs.n != ours.n:
        return f"the values are equal, but they count {theirs.n} trials, we {ours.n}"
    if not _same_interval(theirs.interval, ours.interval):
        return "the values are equal, but the intervals differ"
    if counts and ours.statistics is not None and _behind(theirs, counts[0]) != _behind(ours, counts[1]):
        return "the values are equal, but the counts behind them differ"
    return ""


def _behind(measured: Measurement, statistics: Mapping[str, Counts]) -> Counts | None:
    return statistics.get(measured.statistics) if measured.statistics is not None else None


def _same(a: Value, b: Value) -> bool:
    if type(a) is type(b) and not isinstance(a, float):
        return a == b
    if not (_is_number(a) and _is_number(b)):
        return False
    return isclose(a, b, rel_tol=RELATIVE, abs_tol=ABSOLUTE)  # type: ignore[arg-type]


def _same_interval(a: Interval | None, b: Interval | None) -> bool:
    if a is None or b is None:
        return a is b
    return a.kind == b.kind and all(_same(x, y) for x, y in ((a.low, b.low), (a.high, b.high), (a.level, b.level)))


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 2**63


def compare_findings(
    theirs: Evidence, ours: Evidence, paths: Mapping[str, str]
) -> tuple[int, tuple[OneSidedFinding, ...]]:
    """Return how many findings both have, and those that one side has alone. Their words are not compared."""
    said, found = (Counter(map(_finding_key, side.findings)) for side in (theirs, ours))
    outcome: Literal["differs", "not_repeated"] = "differs" if theirs.version == ours.version else "not_repeated"
    alone = []
    for side, evidence, extra in (("theirs", theirs, said - found), ("ours", ours, found - said)):
        for item in evidence.findings:
            key = _finding_key(item)
            if extra[key] > 0:
                extra[key] -= 1
                path = item.where.path or paths.get(item.subject, "")
                alone.append(
                    OneSidedFinding(
                        inspector=evidence.inspector,
                        rule=item.rule,
                        severity=item.severity,
                        path=path,
                        side=side,  # type: ignore[arg-type]
                        outcome=outcome,
                    )
                )
    return (said & found).total(), tuple(alone)


def _finding_key(finding: Finding) -> tuple[object, ...]:
    arguments = tuple(
        (name, f"{value:.9g}" if isinstance(value, float) else repr(value))
        for name, value in sorted(finding.arguments.items())
    )
    return finding.rule, finding.severity, finding.subject, finding.where, arguments
