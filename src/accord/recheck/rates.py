"""How often what a body measured was found again by others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..errors import MalformedInput
from ..measures.intervals import rate
from ..records import Interval
from ..records.recheck import Recheck
from ..trust.saying import Heard


@dataclass(frozen=True, slots=True)
class AgreementRate:
    """Of `n` statements rechecked, `agreed` were found again. The rate speaks of those that somebody chose to recheck.

    `keyid` is that of the body. The interval is Wilson's, or Clopper and Pearson's where counts are under 10.
    """

    keyid: str
    agreed: int
    n: int
    rate: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Trial:
    """That `by` repeated a statement of `body`, when, and whether it agrees. Both are keyids, or other ids."""

    body: str
    by: str
    statement: str
    when: tuple[str, str]
    agrees: bool


def agreement_rates(rechecks: Iterable[Heard]) -> dict[str, AgreementRate]:
    """Return the rate of each body (by keyid) whose measurements these statements recheck.

    The trial is a recheck, not a measurement: hundreds of measurements of one report stand or fall together. Of several
    rechecks of a statement by one key the latest counts; a body's recheck of itself never does, and one that repeated
    nothing neither. Anybody can make keys: hand in the rechecks of signers that you trust.
    """
    return rates(trial for heard in rechecks for trial in trials(heard))


def trials(heard: Heard) -> Iterator[Trial]:
    """Yield what a recheck says of each body; a statement that only calls itself a recheck says nothing."""
    try:
        found = heard.record(Recheck) if heard.kind == "recheck" else None
    except MalformedInput:
        return
    signers = {key.keyid for key in heard.keys}
    for body, agrees in _by_body(found) if found else ():
        if body not in signers:
            assert found is not None
            yield Trial(body, heard.keys[0].keyid, found.statement, (heard.created, heard.id), agrees)


def rates(every: Iterable[Trial]) -> dict[str, AgreementRate]:
    """Return the rate of each body of trials. Of several of a statement by one the latest counts."""
    latest: dict[tuple[str, str, str], Trial] = {}
    for trial in every:
        key = trial.body, trial.statement, trial.by
        latest[key] = max(latest.get(key, trial), trial, key=lambda item: item.when)
    seen: dict[str, list[bool]] = {}
    for trial in latest.values():
        seen.setdefault(trial.body, []).append(trial.agrees)
    return {
        body: AgreementRate(body, sum(found), len(found), sum(found) / len(found), rate(sum(found), len(found)))
        for body, found in sorted(seen.items())
    }


def _by_body(found: Recheck) -> Iterator[tuple[str, bool]]:
    """Yield each body of which something was repeated, and whether all of that agreed."""
    outcomes: dict[str, set[str]] = {}
    said = [(item.inspector, item.outcome) for item in found.results]
    for inspector, outcome in [*said, *((item.inspector, item.outcome) for item in found.findings)]:
        outcomes.setdefault(found.measurers.get(inspector, found.body), set()).add(outcome)
    for body, seen in outcomes.items():
        if seen & {"agrees", "differs"}:
            yield body, "differs" not in seen
