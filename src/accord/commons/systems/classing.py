"""From an entry's answers: the questions that are open, signs of prohibition or high risk, and the review interval.

What the laws ask is in their framework files; which of their classes are grave, and how often to look, in classes.toml.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Sequence
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import MalformedInput
from ...frameworks import known_jurisdictions, open_framework, select
from ...frameworks.asking import OpenFact, open_facts
from ...frameworks.facts import Fact, Facts
from ...frameworks.rules import evaluate
from ...frameworks.tiers import classify
from ...records import Card, Framework, Tier, TierClass
from ...records.card import Model, System, Training
from ...records.registration import Answer, Level, Registration, ReviewPlan, SetBy, Sign

OWN_INTERVALS = "reviews.toml"
_LEVELS: tuple[Level, ...] = ("prohibited", "high")
_MAX_FILE = 64 * 1024


class Interval(NamedTuple):
    """How often an entry is looked at, why, and who set it."""

    days: int
    reason: str
    set_by: SetBy

    def from_day(self, day: date) -> ReviewPlan:
        """Return the plan whose next review is one interval after `day`."""
        due = min(day + timedelta(days=self.days), date.max)
        return ReviewPlan(every_days=self.days, due=due.isoformat(), reason=self.reason, set_by=self.set_by)


def frameworks_for(codes: Sequence[str], ids: Sequence[str] = ()) -> tuple[Framework, ...]:
    """Return the frameworks with classes of risk that apply in any of `codes`, and those named by `ids`."""
    known = known_jurisdictions(list(codes))
    local = select((), known) if known else ()
    named = tuple(open_framework(name).framework for name in ids)
    return tuple({item.id: item for item in (*named, *local) if item.tiers}.values())


def questions_for(
    entry: Registration, frameworks: Sequence[Framework], passed_over: Collection[str] = frozenset()
) -> tuple[OpenFact, ...]:
    """Return what to ask about an entry, each open fact that can still change a class, in this order."""
    return open_facts(frameworks, _facts(entry), passed_over)


def signs_for(entry: Registration, frameworks: Sequence[Framework]) -> tuple[Sign, ...]:
    """Return, for each grave class of each framework: do the answers speak for it, rule it out, or leave it possible.

    A sign is "yes" as soon as the conditions of the class hold, though an exception may still be open: a sign is not
    yet the class. Those that are reached come first.
    """
    found = []
    for framework in frameworks:
        facts = _facts(entry).with_implied(framework.questions)
        tiers = {tier.scheme: tier for tier in classify(framework, facts)}
        for level in _LEVELS:
            grave = [item for item in framework.tiers if item.id in _data()[level].get(framework.id, ())]
            found += [_sign(framework, item, level, tiers[item.scheme], facts) for item in grave]
    order = {"yes": 0, "unknown": 1, "no": 2}
    return tuple(sorted(found, key=lambda sign: (order[sign.answer], _LEVELS.index(sign.level))))


def _sign(framework: Framework, item: TierClass, level: Level, tier: Tier, facts: Facts) -> Sign:
    left = {tier.tier, *tier.candidates}
    # A graver class ends the classifying, but not what the answers say of this one.
    graver = any(name in left for level in _LEVELS for name in _data()[level].get(framework.id, ()))
    holds = evaluate(item.rule, facts).holds if item.rule else False
    answer: Answer = "no"
    if holds and (item.id in left or graver):
        answer = "yes"
    elif item.id in left or (holds is None and graver):
        answer = "unknown"
    return Sign(
        framework=framework.id,
        tier=item.id,
        level=level,
        answer=answer,
        title=item.title[:300],
        note="; ".join(tier.reasons)[:2_000] if tier.tier == item.id else "",
    )


def interval_for(signs: Sequence[Sign], own: Path | None = None) -> Interval:
    """Return how often an entry with these signs is looked at: by the node's own file if there is one, else ours.

    Raises MalformedInput that names the key of the node's file.
    """
    grade = _grade(signs)
    ours = _data()["intervals"][grade]
    theirs = _own_intervals(own).get(grade) if own else None
    if theirs is not None:
        return Interval(theirs[0], theirs[1], "profile")
    return Interval(ours["days"], ours["reason"], "tier")


def _grade(signs: Sequence[Sign]) -> str:
    reached = {sign.level for sign in signs if sign.answer == "yes"}
    if reached:
        return "prohibited" if "prohibited" in reached else "high"
    return "unknown" if any(sign.answer == "unknown" for sign in signs) else "none"


def _own_intervals(path: Path) -> dict[str, tuple[int, str]]:
    """Read `[intervals.high] days = 90, reason = "…"` of a node."""
    try:
        with path.open("rb") as file:
            plain = tomllib.loads(file.read(_MAX_FILE).decode())
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise MalformedInput("bad-intervals", f"{path.name}: {error}", "Correct the line that is named.") from None
    found: dict[str, tuple[int, str]] = {}
    stated = plain.get("intervals", {})
    for grade, item in stated.items() if isinstance(stated, dict) else ():
        days, reason = (item.get("days"), item.get("reason")) if isinstance(item, dict) else (None, None)
        known = grade in _data()["intervals"] and type(days) is int and 1 <= days <= 3_660
        if not known or not isinstance(reason, str) or not 0 < len(reason) <= 2_000:
            raise MalformedInput(
                "bad-intervals",
                f"{path.name}: intervals.{str(grade)[:40]} has no days (1 to 3660) with a reason",
                f"Name one of {', '.join(_data()['intervals'])}, its days and the reason.",
            )
        found[grade] = (int(days), reason)  # type: ignore[arg-type]
    return found


def _facts(entry: Registration) -> Facts:
    from ...inspectors.transparency.card import declared

    return Facts(Fact(measurement, "") for measurement in declared(_card(entry), ""))


def _card(entry: Registration) -> Card:
    system = System(
        name=entry.name,
        purpose=entry.purpose or None,
        sector=entry.sector or None,
        jurisdictions=entry.jurisdictions,
        deployer=entry.office,
        provider=entry.supplier or None,
        affected="; ".join(entry.affected) or None,
        lifecycle=entry.status,
        languages=entry.languages,
        sdgs=entry.sdgs,
        human_oversight=entry.oversight or None,
    )
    return Card(system=system, model=Model(training=Training(flop=entry.training_flop)), answers=dict(entry.answers))


@lru_cache
def _data() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "classes.toml").read_text("utf-8"))
