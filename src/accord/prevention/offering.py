"""What is offered for an assessment: per risk, the measures of prevention that fit what was measured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..records import Assessment, Framework
from ..records.prevention import Mitigation, Offer, Offered, Reading, Risk
from .fitting import Fitting, answers, rank
from .loading import library
from .naming import Case, Named, OpenPoint, open_points, risks_found

MOST = 4
"""Offers shown for a risk, unless somebody asks for more."""
_FROM_CASES, _FROM_CONDITION = 4, 2


def for_assessment(
    assessment: Assessment, frameworks: Sequence[Framework] = (), *, most: int | None = MOST
) -> tuple[Offered, ...]:
    """Return what is offered for each risk that a finding or verdict names: defects, doubts, then open requirements.

    At most `most` offers a risk (null: all that fit). `frameworks` are those that the assessment was judged under; of
    one that is missing only points that are named exactly are recognised. Pure: the same assessment, the same offers.
    """
    fitting = Fitting(assessment)
    offered = [_offered(named, fitting, most) for named in risks_found(assessment)]
    return (*(item for item in offered if item.offers), *_for_open(assessment, frameworks, fitting, most))


def _offered(named: Named, fitting: Fitting, most: int | None) -> Offered:
    found = [(item, offer) for item in library() if (offer := _offer(item, named, fitting))]
    found.sort(key=lambda pair: rank(pair[0], named.risk.measure))
    return _cut(named.risk, [offer for _, offer in found], most)


def _cut(risk: Risk, offers: list[Offer], most: int | None) -> Offered:
    shown = offers if most is None else offers[:most]
    return Offered(risk=risk, offers=tuple(shown), more=len(offers) - len(shown))


def _offer(item: Mitigation, named: Named, fitting: Fitting) -> Offer | None:
    """Return the offer of `item` for those cases of a risk that it is meant for and fits, if there are any."""
    fits = [
        (case, fit) for case in named.cases if answers(item, named, case) and (fit := fitting.fit(item, case))
    ]  # fmt: skip
    if not fits:
        return None
    from_cases = _once((reading for case, _ in fits for reading in case.readings), _FROM_CASES)
    room = _FROM_CONDITION if from_cases else _FROM_CASES
    from_condition = _once((reading for _, fit in fits for reading in fit.readings), room)
    readings = _once((*from_cases, *from_condition), _FROM_CASES + _FROM_CONDITION)
    effects = tuple(effect for effect in item.side_effects if any(effect in fit.side_effects for _, fit in fits))
    return Offer(mitigation=item, readings=readings, side_effects=effects)


def _once(readings: Iterable[Reading], most: int) -> tuple[Reading, ...]:
    """Return the first `most` readings that differ."""
    kept: list[Reading] = []
    for reading in readings:
        if len(kept) == most:
            break
        if reading not in kept:
            kept.append(reading)
    return tuple(kept)


def _for_open(
    assessment: Assessment, frameworks: Sequence[Framework], fitting: Fitting, most: int | None
) -> Iterator[Offered]:
    """Yield what is offered for open requirements; those for which the same is offered come together."""
    everything = Case(None, "", {})
    called = _by_call()
    groups: dict[tuple[str, ...], tuple[list[OpenPoint], list[Offer]]] = {}
    for point in open_points(assessment, frameworks):
        candidates = {item.id: item for key in (*point.references, *point.documents) for item in called.get(key, ())}
        ordered = sorted(candidates.values(), key=lambda item: (_nearness(item, point), rank(item, "")))
        offers = [
            Offer(mitigation=item, side_effects=fit.side_effects)
            for item in ordered
            if (fit := fitting.fit(item, everything))
        ]
        if offers:
            key = tuple(offer.mitigation.id for offer in offers)
            groups.setdefault(key, ([], offers))[0].append(point)
    for points, offers in groups.values():
        risk = Risk(
            nature="open",
            requirements=tuple(point.references[0] for point in points),
            message=points[0].title,
            n=len(points),
        )
        yield _cut(risk, offers, most)


def _by_call() -> dict[str, list[Mitigation]]:
    """Return what is called by each reference to a requirement and by each kind of document."""
    called: dict[str, list[Mitigation]] = {}
    for item in library():
        for key in (*item.addresses.requirements, *item.addresses.documents):
            called.setdefault(key, []).append(item)
    return called


def _nearness(item: Mitigation, point: OpenPoint) -> int:
    """How many steps above the point the nearest reference is; a kind of document is farther than any."""
    named = set(item.addresses.requirements)
    return next((steps for steps, ref in enumerate(point.references) if ref in named), len(point.references))
