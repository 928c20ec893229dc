"""Why a tier came out as it did: the provisions that apply, those that nearly did, and those that are open.

In the rule of a class, `threshold_source` on a rule or group cites the provision that it stands for. The reasons
speak of these cited parts, each with the answers that decide it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..records import Framework, Rule, TierClass
from .comparing import shown
from .facts import Facts
from .rules import Leaf, evaluate, negation


class _Provision(NamedTuple):
    citation: str
    holds: bool | None
    touched: bool
    answers: str


def reasons_for(framework: Framework, tiers: Sequence[TierClass], facts: Facts, reached: str | None) -> tuple[str, ...]:
    """Return a sentence for each provision of a scheme's classes that applies, is nearly or surely ruled out, or open.

    `reached` is the id of the class that the answers settle, or null. A provision that no answer touches is left out.
    """
    texts = {question.id: question.text for question in framework.questions}
    reasons: list[str] = []
    after = False
    for tier in tiers:
        provisions = list(_provisions(tier, facts, texts))
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
        touched = any(leaf.outcome.holds or leaf.why == "contradiction" for leaf in result.leaves)
        yield _Provision(rule.threshold_source or tier.source, result.holds, touched, _answers(rule, facts, texts))


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
        elif outcome.value is None:
            said.append(f"{name} not answered")
        else:
            said.append(f"{name} {shown(outcome.value)}")
    return " · ".join(dict.fromkeys(said))
