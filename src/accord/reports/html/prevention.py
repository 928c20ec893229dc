"""What can be done: a disclosure a risk, with the offers that fit what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...i18n import _
from ...prevention import MOST, for_assessment
from ...records import Assessment
from ...records.prevention import Offer, Offered, PreventionSource
from ..interface import Details
from ..prevention import Wording

MOST_RISKS = 60
_WEB = ("https://", "http://")


@dataclass(frozen=True, slots=True)
class SourceView:
    """A source, with its address where a browser can follow it; `opened` false: nobody here read it."""

    text: str
    uri: str
    opened: bool


@dataclass(frozen=True, slots=True)
class OfferView:
    """A measure of prevention as the page shows it. `facts` are pairs of a label and a text."""

    id: str
    title: str
    text: str
    effort: str
    facts: tuple[tuple[str, str], ...]
    effects: tuple[tuple[str, SourceView], ...]
    source: SourceView


@dataclass(frozen=True, slots=True)
class RiskView:
    """A risk with its offers. `severity` is empty where no finding names it; `more` fit too and aren't shown."""

    severity: str
    nature: str
    title: str
    offers: tuple[OfferView, ...]
    more: int


@dataclass(frozen=True, slots=True)
class PreventionView:
    """Risks that were found, and measures that answer requirements nobody has shown; `more` risks aren't shown."""

    found: tuple[RiskView, ...]
    open: tuple[OfferView, ...]
    more: int


def prevention_of(assessment: Assessment, details: Details) -> PreventionView:
    """Return what the installed library offers for an assessment."""
    wording = Wording(details)
    offered = for_assessment(assessment, details.frameworks, most=None)
    found = [item for item in offered if item.risk.nature != "open"]
    return PreventionView(
        tuple(_risk(item, wording) for item in found[:MOST_RISKS]),
        _for_open([item for item in offered if item.risk.nature == "open"], wording),
        max(0, len(found) - MOST_RISKS),
    )


def _risk(item: Offered, wording: Wording) -> RiskView:
    risk = item.risk
    return RiskView(
        severity=(risk.severity or "") if risk.nature == "found" else "",
        nature=wording.nature(risk),
        title=wording.risk(risk),
        offers=tuple(_offer(offer, wording) for offer in item.offers[:MOST]),
        more=max(0, len(item.offers) - MOST),
    )


def _for_open(offered: Sequence[Offered], wording: Wording) -> tuple[OfferView, ...]:
    """Return each measure once, with the requirements that it answers."""
    offers: dict[str, Offer] = {}
    answers: dict[str, list[str]] = {}
    for item in offered:
        for offer in item.offers:
            offers.setdefault(offer.mitigation.id, offer)
            answers.setdefault(offer.mitigation.id, []).extend(item.risk.requirements)
    return tuple(
        _offer(offer, wording, ((_("for"), wording.requirements(tuple(answers[identifier]))),))
        for identifier, offer in offers.items()
    )


def _offer(offer: Offer, wording: Wording, more: tuple[tuple[str, str], ...] = ()) -> OfferView:
    item = offer.mitigation
    return OfferView(
        id=item.id,
        title=item.title,
        text=item.text,
        effort=wording.effort(offer),
        facts=(*more, *wording.facts(offer)),
        effects=tuple((effect.text, _source(effect.source)) for effect in offer.side_effects),
        source=_source(item.source),
    )


def _source(source: PreventionSource) -> SourceView:
    text = f"{source.title}, {source.where}" if source.checked else source.title
    return SourceView(text, source.uri if source.uri.startswith(_WEB) else "", source.checked)
