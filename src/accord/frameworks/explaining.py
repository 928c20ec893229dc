"""Why a tier came out as it did: the provisions that apply, those that nearly did, and those that are open.

In the rule of a class, `threshold_source` on a rule or group cites the provision that it stands for. The reasons
speak of these cited parts, each with the answers that decide it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..records import Framework, Rule, TierClass
from .amounts import AMOUNTS, shown_amount, shown_range
from .comparing import as_float, shown
from .facts import NARROWER, Facts
from .rules import Leaf, evaluate, negation


class _Provision(NamedTuple):
    citation: str
    holds: bool | None
    touched: bool
    answers: str
    question: str


def reasons_for(framework: Framework, tiers: Sequence[TierClass], facts: Facts, reached: str | None) -> tuple[str, ...]:
    """Return a sentence for each provision of a scheme's classes that applies, is nearly or surely ruled out, or open.

    `reached` is the id of the class that the answers settle, or null. A provision that no answer touches is left out.
    """
    texts = {question.id: question.text for question in framework.questions}
    reasons: list[str] = []
    after = False
    for tier in tiers:
        provisions = _without_implied(list(_provisions(tier, facts, texts)))
        if after:
            also = [found.citation for found in provisions if found.holds]
            if also and tier.rule is not None and evaluate(tier.rule, facts).holds:
                reasons.append(f"{tier.title} as well: {'; '.join(also)}")
            continue
        reasons += [_sentence(found) for found in provisions if found.touched]
        after = tier.id == reached
    if not reasons and reached is not None:
        ruled_out = [tier.title for tier in tiers if tier.id != reached]
        reasons.append(f"the answers rule out: {'; '.join(ruled_out)}")
    elif not reasons:
        reasons.append("no answer touches any of the classes")
    return tuple(dict.fromkeys(reasons))


def _sentence(found: _Provision) -> str:
    verb = {True: "applies", False: "doesn't apply", None: "is open"}[found.holds]
    return f"{found.citation} {verb}: {found.answers}"


def _provisions(tier: TierClass, facts: Facts, texts: dict[str, str]) -> Iterator[_Provision]:
    for rule in _cited(tier.rule) if tier.rule is not None else ():
        result = evaluate(rule, facts)
        touched = any(_says_something(leaf) for leaf in result.leaves)
        citation = rule.threshold_source or tier.source
        yield _Provision(citation, result.holds, touched, _answers(rule, facts, texts), rule.where.get("question", ""))


def _without_implied(provisions: list[_Provision]) -> list[_Provision]:
    """Leave out what holds by a wide question where one holds by a narrower one: "Art. 5(1)" beside "Art. 5(1)(c)"."""
    held = [found.question for found in provisions if found.holds and found.question]
    return [
        found
        for found in provisions
        if not (found.holds and found.question and any(q.startswith(found.question + NARROWER) for q in held))
    ]


def _says_something(leaf: Leaf) -> bool:
    """Return whether a leaf is worth a sentence: a yes, a contradiction, an amount that was stated. A no is not."""
    stated_amount = leaf.outcome.measure in AMOUNTS and leaf.outcome.value is not None
    return bool(leaf.outcome.holds) or leaf.why == "contradiction" or stated_amount


def _cited(rule: Rule) -> Iterator[Rule]:
    """Yield the outermost parts of a rule that cite a provision; a leaf that cites none stands for its class."""
    if rule.threshold_source is not None or rule.measure is not None:
        yield rule
        return
    for child in (*rule.all, *rule.any, *rule.none):
        yield from _cited(child)


def _decisive(rule: Rule, facts: Facts) -> list[Leaf]:
    """Return the fewest leaves that make a rule come out as it does; the open ones if it is open."""
    holds = evaluate(rule, facts).holds
    if rule.measure is not None:
        return [leaf for leaf in evaluate(rule, facts).leaves if leaf.outcome.holds is holds]
    one_suffices = holds is bool(rule.any)
    children = rule.all or rule.any or rule.none
    wanted = negation(holds) if rule.none else holds
    found = [_decisive(child, facts) for child in children if evaluate(child, facts).holds is wanted]
    if one_suffices and holds is not None and found:
        return min(found, key=len)
    return [leaf for part in found for leaf in part]


def _answers(rule: Rule, facts: Facts, texts: dict[str, str]) -> str:
    said: list[str] = []
    for leaf in _decisive(rule, facts):
        outcome = leaf.outcome
        question = outcome.dimensions.get("question")
        name = texts.get(question, question) if question else f"{outcome.measure} {outcome.dimensions.get('field', '')}"
        if leaf.why == "contradiction":
            said.append(f"{name} {outcome.reason}")
        elif outcome.measure in AMOUNTS:
            said.append(_amount(leaf))
        elif outcome.value is None:
            said.append(f"{name} not answered")
        else:
            said.append(f"{name} {shown(outcome.value)}")
    return " · ".join(dict.fromkeys(said))


def _amount(leaf: Leaf) -> str:
    outcome, text = leaf.outcome, AMOUNTS[leaf.outcome.measure]
    if outcome.value is None:
        return f"{text.name} not stated"
    value, interval = as_float(outcome.value), outcome.interval
    stated = shown_range(interval.low, interval.high) if interval else shown_range(value, value)
    if leaf.why == "straddles":
        limit = shown_amount(as_float(outcome.threshold))
        return f"{limit} {text.unit} lies inside the stated range {stated} of {text.name}"
    return f"{text.name} {stated} {text.unit}"
