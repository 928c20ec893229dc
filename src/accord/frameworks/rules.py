"""Three-valued evaluation of rules over measurements (Kleene): true, false, unknown.

False beats unknown in `all`, true beats unknown in `any`. A value is judged by its whole interval: where it straddles
the threshold, the answer is unknown, and the number of trials that would decide is estimated. What was measured
outranks what was declared; where they contradict each other, nobody but a person may decide. The absence of a
measurement is unknown, never false: a world that nobody looked at isn't a bad one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec import Struct

from ..errors import MalformedInput
from ..records import Measurement, Rule, RuleOutcome
from .comparing import (
    MINIMUM_FOR_A_VERDICT,
    as_float,
    badness,
    compare,
    is_number,
    shown,
    too_small,
    trials_needed,
)
from .facts import ANSWER, Fact, Facts

Why = Literal["missing", "null", "small", "straddles", "no_threshold", "contradiction", "mismatch"]
"""Why a leaf is unknown."""
Basis = Literal["declared", "measured"]


class Leaf(Struct, frozen=True):
    """One rule on one measurement; `why` says for what reason `outcome.holds` is unknown."""

    outcome: RuleOutcome
    why: Why | None = None


class Evaluation(Struct, frozen=True):
    """The truth of a rule tree, the weakest basis that this truth needs, and every leaf that was looked at."""

    holds: bool | None
    basis: Basis | None
    leaves: tuple[Leaf, ...]

    @property
    def outcomes(self) -> tuple[RuleOutcome, ...]:
        """The outcomes of all leaves, in the order of the rules."""
        return tuple(leaf.outcome for leaf in self.leaves)


def conjunction(values: Iterable[bool | None]) -> bool | None:
    """Return Kleene's `and`: false if one is false, else unknown if one is unknown, else true."""
    result: bool | None = True
    for value in values:
        if value is False:
            return False
        if value is None:
            result = None
    return result


def disjunction(values: Iterable[bool | None]) -> bool | None:
    """Return Kleene's `or`: true if one is true, else unknown if one is unknown, else false."""
    return negation(conjunction(negation(value) for value in values))


def negation(value: bool | None) -> bool | None:
    """Return Kleene's `not`: unknown stays unknown."""
    return None if value is None else not value


def evaluate(rule: Rule, facts: Facts) -> Evaluation:
    """Evaluate a rule tree. Raises MalformedInput for a rule with neither a measure nor a group."""
    parts: list[Evaluation] = []
    if rule.measure is not None:
        parts.append(_leaf(rule, facts))
    if rule.all:
        parts.append(evaluate_all(rule.all, facts))
    if rule.any:
        parts.append(_any(rule.any, facts))
    if rule.none:
        some = _any(rule.none, facts)
        parts.append(Evaluation(negation(some.holds), some.basis, some.leaves))
    if not parts:
        raise MalformedInput(
            "empty-rule", "a rule names neither a measure nor a group", "Give it a measure, or all, any or none."
        )
    return parts[0] if len(parts) == 1 else _all_of(parts)


def evaluate_all(rules: Sequence[Rule], facts: Facts) -> Evaluation:
    """Evaluate rules that must all hold."""
    return _all_of([evaluate(rule, facts) for rule in rules])


def _all_of(parts: Sequence[Evaluation]) -> Evaluation:
    holds = conjunction(part.holds for part in parts)
    return Evaluation(holds, _basis(parts, holds, one_suffices=holds is False), _leaves(parts))


def _any(rules: Sequence[Rule], facts: Facts) -> Evaluation:
    parts = [evaluate(rule, facts) for rule in rules]
    holds = disjunction(part.holds for part in parts)
    return Evaluation(holds, _basis(parts, holds, one_suffices=holds is True), _leaves(parts))


def _leaves(parts: Sequence[Evaluation]) -> tuple[Leaf, ...]:
    return tuple(leaf for part in parts for leaf in part.leaves)


def _basis(parts: Sequence[Evaluation], holds: bool | None, *, one_suffices: bool) -> Basis | None:
    """Return what the truth `holds` rests on: the strongest part if one of them settles it, else the weakest."""
    if holds is None:
        return None
    bases = {part.basis for part in parts if part.holds is holds}
    order: tuple[Basis, Basis] = ("measured", "declared") if one_suffices else ("declared", "measured")
    return next((basis for basis in order if basis in bases), None)


def _leaf(rule: Rule, facts: Facts) -> Evaluation:
    """Evaluate a rule on one measure. Many frameworks ask the same of the same measurements: that is judged once."""
    kept = facts.answered if rule.measure == ANSWER else facts.judged
    limit = rule.threshold
    asked = (rule.measure, *rule.where.items(), rule.over, rule.op, type(limit), limit, rule.threshold_source)
    found: Evaluation | None = kept.get(asked)
    if found is None:
        found = kept[asked] = _on_facts(rule, facts)
    return found


def _on_facts(rule: Rule, facts: Facts) -> Evaluation:
    found = _outranked(facts.matching(rule.measure or "", rule.where))
    if not found:
        outcome = RuleOutcome(
            measure=rule.measure or "",
            dimensions=dict(rule.where),
            op=rule.op,
            threshold=rule.threshold,
            threshold_source=rule.threshold_source,
            reason="nobody answered" if rule.measure == "card.answer" else "not measured",
        )
        return Evaluation(None, None, (Leaf(outcome, "missing"),))
    judged = [_judge(rule, fact, contradicted) for fact, contradicted in found]
    if rule.over == "any":
        holds = disjunction(leaf.outcome.holds for leaf in judged)
    elif rule.over == "worst":
        judged = _worst(rule, judged)
        holds = conjunction(leaf.outcome.holds for leaf in judged)
    else:
        holds = conjunction(leaf.outcome.holds for leaf in judged)
    bases = {leaf.outcome.basis for leaf in judged if leaf.outcome.holds is holds}
    settled_by_one = holds is (rule.over == "any")
    order: tuple[Basis, Basis] = ("measured", "declared") if settled_by_one else ("declared", "measured")
    basis = next((basis for basis in order if basis in bases), None)
    return Evaluation(holds, basis if holds is not None else None, tuple(judged))


def _outranked(found: Sequence[Fact]) -> list[tuple[Fact, str]]:
    """Drop what was declared where the same thing was measured. Each fact comes with its contradiction ("" if none)."""
    same: dict[tuple[tuple[str, str], ...], list[Fact]] = {}
    for fact in found:
        same.setdefault(tuple(sorted(fact.measurement.dimensions.items())), []).append(fact)
    kept: list[tuple[Fact, str]] = []
    for facts in same.values():
        measured = [fact for fact in facts if fact.measurement.basis == "measured"]
        declared = [fact for fact in facts if fact.measurement.basis == "declared"]
        if not measured:
            kept += [(fact, _declared_twice(fact, declared)) for fact in declared]
            continue
        for fact in measured:
            against = ""
            for claim in declared:
                about = [
                    other for other in measured if other.measurement.subject == claim.measurement.subject
                ] or measured
                if fact in about and not any(_agree(claim.measurement, other.measurement) for other in about):
                    against = (
                        f"declared as {shown(claim.measurement.value)}, measured as {shown(fact.measurement.value)}"
                    )
            kept.append((fact, against))
    return kept


def _declared_twice(fact: Fact, declared: Sequence[Fact]) -> str:
    """Say how other declarations of the same fact differ. A card speaks of the whole system, whichever its part."""
    mine = fact.measurement
    for other in declared:
        theirs = other.measurement
        if (mine.subject == theirs.subject or mine.measure.startswith("card.")) and mine.value != theirs.value:
            return f"declared both as {shown(mine.value)} and as {shown(theirs.value)}"
    return ""


def _agree(claim: Measurement, measured: Measurement) -> bool:
    said, value = claim.value, measured.value
    if said is None or value is None:
        return True
    if is_number(said) and is_number(value):
        if measured.interval is not None:
            return measured.interval.low <= as_float(said) <= measured.interval.high
        return math.isclose(as_float(said), as_float(value), rel_tol=1e-9)
    return said == value


def _judge(rule: Rule, fact: Fact, contradiction: str) -> Leaf:
    measured = fact.measurement
    holds: bool | None = None
    why: Why | None = None
    reason = ""
    n_needed: int | None = None
    if contradiction:
        why, reason = "contradiction", contradiction
    elif measured.value is None:
        why, reason = "null", measured.reason or "no value"
    elif rule.op == "exists":
        holds = True
    elif rule.threshold is None:
        why, reason = "no_threshold", "the source states no threshold; a person decides"
    elif too_small(measured):
        why = "small"
        reason = f"n = {measured.n} is below the minimum for a verdict ({MINIMUM_FOR_A_VERDICT})"
        n_needed = trials_needed(measured, rule.threshold)
    else:
        holds, why = compare(measured.value, measured.interval, rule.op, rule.threshold)
        if why == "straddles":
            reason = "the interval contains the threshold"
            n_needed = trials_needed(measured, rule.threshold)
        elif why == "mismatch":
            reason = f"{shown(measured.value)} can't be compared with {shown(rule.threshold)}"
    return Leaf(
        RuleOutcome(
            measure=measured.measure,
            subject=measured.subject or None,
            dimensions=measured.dimensions,
            op=rule.op,
            threshold=rule.threshold,
            threshold_source=rule.threshold_source,
            value=measured.value,
            interval=measured.interval,
            n=measured.n,
            basis=measured.basis,
            evidence=fact.evidence or None,
            holds=holds,
            reason=reason,
            n_needed=n_needed,
        ),
        why,
    )


def _worst(rule: Rule, judged: Sequence[Leaf]) -> list[Leaf]:
    """Keep the worst value by the measure's direction, and each one that can't be judged: it may be worse."""
    values = [leaf for leaf in judged if is_number(leaf.outcome.value) and leaf.why not in ("small", "contradiction")]
    if not values:
        return list(judged)
    worst = max(values, key=lambda leaf: badness(rule.measure or "", as_float(leaf.outcome.value)))
    if worst.why == "no_threshold":
        return [worst]
    return [worst, *(leaf for leaf in judged if leaf.why in ("null", "small", "contradiction"))]
