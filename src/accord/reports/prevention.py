"""Words for what is offered against a risk: the same on the page and on the terminal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..i18n import N_, _, ngettext
from ..records.prevention import Offer, PreventionSource, Reading, Risk
from . import figures
from .interface import Details
from .wording import SEVERITY_WORDS, word

NATURE_WORDS = {
    "found": N_("threshold missed"),
    "doubt": N_("too little to judge"),
    "open": N_("nobody has shown it"),
}
COST_WORDS = {
    "low": N_("low (hours)"),
    "medium": N_("medium (days to weeks)"),
    "high": N_("high (months, or training anew)"),
}
STRENGTH_WORDS = {
    "field_study": N_("measured in service"),
    "benchmark": N_("measured on test data"),
    "theory": N_("proven on paper"),
    "practice": N_("advice of practitioners; no measured effect is known to us"),
}
DIRECTION_WORDS = {
    "higher": N_("higher"),
    "lower": N_("lower"),
    "nearer_zero": N_("nearer to 0"),
    "nearer_one": N_("nearer to 1"),
    "true": N_("yes"),
    "false": N_("no"),
    "either": N_("changes, either way"),
}
BY_WORDS = {"provider": N_("provider"), "deployer": N_("deployer")}
STAGE_WORDS = {
    "data": N_("data"),
    "model": N_("model"),
    "system": N_("system"),
    "organisation": N_("organisation"),
}
_MOST_REFERENCES = 6


@dataclass(frozen=True, slots=True)
class Wording:
    """Writes risks and offers for people, with the names that `details` knows."""

    details: Details

    def nature(self, risk: Risk) -> str:
        """Return what kind of risk it is: a finding's severity, else why a verdict names it."""
        if risk.severity and risk.nature == "found":
            return word(SEVERITY_WORDS, risk.severity)
        return word(NATURE_WORDS, risk.nature)

    def risk(self, risk: Risk) -> str:
        """Return the risk in a sentence: the gravest finding and how many more, or the requirements that name it."""
        if risk.rule:
            more = ngettext("and {n} more of this kind", "and {n} more of this kind", risk.n - 1).format(n=risk.n - 1)
            return f"{risk.message} ({risk.rule}{f', {more}' if risk.n > 1 else ''})"
        title = self.details.measure(risk.measure) if risk.measure else risk.message
        return f"{title} ({self.requirements(risk.requirements)})"

    def requirements(self, references: tuple[str, ...]) -> str:
        """Return references to requirements, the first few by name."""
        named = ", ".join(references[:_MOST_REFERENCES])
        rest = len(references) - _MOST_REFERENCES
        return named + (" " + _("and {n} more").format(n=rest) if rest > 0 else "")

    def facts(self, offer: Offer) -> tuple[tuple[str, str], ...]:
        """Return why it is offered and what it should do: pairs of a label and a text, those that there are."""
        item = offer.mitigation
        moves = "; ".join(
            f"{self.details.measure(move.measure)}: {word(DIRECTION_WORDS, move.direction)}" for move in item.moves
        )
        pairs = (
            (_("called for by"), self.readings(offer.readings)),
            (_("expected to move"), moves),
            (_("what speaks for it"), word(STRENGTH_WORDS, item.evidence)),
        )
        return tuple((label, text) for label, text in pairs if text)

    def effort(self, offer: Offer) -> str:
        """Return what it costs, who does it, and at which stage: `medium (days to weeks) · provider · model`."""
        item = offer.mitigation
        by = ", ".join(word(BY_WORDS, who) for who in item.by)
        return f"{word(COST_WORDS, item.cost)} · {by} · {word(STAGE_WORDS, item.stage)}"

    def readings(self, readings: Iterable[Reading]) -> str:
        """Return values, those of one measure and attribute together: `Accuracy, race – a: 44.8 %, b: 23.5 %`."""
        together: dict[str, list[str]] = {}
        for reading in readings:
            where = dict(reading.dimensions)
            where.pop("reference", None)
            group = where.pop("group", where.pop("class", ""))
            heading = ", ".join((self.details.measure(reading.measure), *where.values()))
            unit = figures.reading_unit(reading.measure, reading.unit)
            value = figures.estimate(reading.value, reading.interval, unit)
            together.setdefault(heading, []).append(f"{group}: {value}" if group else value)
        return "; ".join(
            f"{heading} – {', '.join(values)}" if ":" in values[0] else f"{heading}: {', '.join(values)}"
            for heading, values in together.items()
        )


def cited(source: PreventionSource) -> str:
    """Return a source in a line; one that nobody opened says so."""
    text = f"{source.title}, {source.where}, {source.uri}" if source.checked else f"{source.title}, {source.uri}"
    return text if source.checked else f"{text} ({_('not opened by us')})"
