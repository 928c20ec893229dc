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


def agreement_rates(rechecks: Iterable[Heard]) -> dict[str, AgreementRate]:
    """Return the rate of each body (by keyid) whose measurements these statements recheck.

    The trial is a recheck, not a measurement: hundreds of measurements of one report stand or fall together. Of several
    rechecks of a statement by one key the latest counts; a body's recheck of itself never does, and one that repeated
    nothing neither. Anybody can make keys: hand in the rechecks of signers that you trust.
    """
    latest: dict[tuple[str, str, str], tuple[tuple[str, str], bool]] = {}
    for heard in rechecks:
        try:
            found = heard.record(Recheck) if heard.kind == "recheck" else None
        except MalformedInput:
            continue  # a statement that only calls itself a recheck is none
        signers = {key.keyid for key in heard.keys}
        for body, agrees in _by_body(found) if found else ():
            if body not in signers:
                assert found is not None
                key, when = (body, found.statement, heard.keys[0].keyid), (heard.created, heard.id)
                latest[key] = max(latest.get(key, (("", ""), True)), (when, agrees))
    trials: dict[str, list[bool]] = {}
    for (body, _statement, _by), (_when, agrees) in latest.items():
        trials.setdefault(body, []).append(agrees)
    return {
        body: AgreementRate(body, sum(seen), len(seen), sum(seen) / len(seen), rate(sum(seen), len(seen)))
        for body, seen in sorted(trials.items())
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
