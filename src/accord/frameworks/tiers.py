"""Tiers: the likely class of risk under a framework, on the answers given, and what would change it.

Classes are tried from the gravest. A class is reached when its rule holds and every graver one is ruled out; while a
graver one is open, the tier is "undetermined", with the classes that remain possible.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Sequence
from itertools import groupby

from ..records import Framework, Tier, TierClass
from .amounts import AMOUNTS, described
from .answers import Amount, Answers, Asked, Leaf, Open, Term, amount_lines, compile_rule, leaves_in, truth
from .explaining import reasons_for
from .facts import Facts

UNDETERMINED = "undetermined"
NONE = "none"
MOST_CASES = 1000
"""Ways of answering the open questions that are tried before every class that isn't ruled out counts as possible."""

_Classes = Sequence[tuple[TierClass, Term]]


def classify(framework: Framework, facts: Facts) -> tuple[Tier, ...]:
    """Return the tiers of the system that `facts` describe, one a scheme of the framework, in the order of the file.

    `missing` names open questions by id, in the order to ask them, and amounts that aren't stated, or not exactly
    enough, by the field of the card (`fact_text` says both in words). `would_change` says, for each single fact that
    would settle another class, which. The tier is "none" if every class is ruled out.
    """
    schemes = dict.fromkeys(tier.scheme for tier in framework.tiers)
    return tuple(_classify(framework, scheme, facts) for scheme in schemes)


def missing_facts(framework: Framework, facts: Facts, passed_over: Collection[str] = frozenset()) -> tuple[str, ...]:
    """Return the facts that can still change a class, as in `missing` of all schemes, in the order to ask them.

    A question that was `passed_over` gives way to the narrower ones below it, and stays only where it is one itself.
    """
    found: dict[str, None] = {}
    for scheme in dict.fromkeys(tier.scheme for tier in framework.tiers):
        classes = _compiled(framework, scheme, facts)
        answers = Answers.of(framework.questions, facts, [term for _, term in classes])
        if _reached(classes, answers) is None:
            possible = _possible(classes, answers)
            found.update(dict.fromkeys(_missing(classes, answers, possible, passed_over)))
    return tuple(found)


def fact_text(framework: Framework | None, fact: str) -> str:
    """Return the question that asks for a missing fact; empty if nobody knows one."""
    for question in framework.questions if framework else ():
        if question.id == fact:
            return question.text
    return next((text.question for text in AMOUNTS.values() if text.field == fact), "")


def _classify(framework: Framework, scheme: str, facts: Facts) -> Tier:
    classes = _compiled(framework, scheme, facts)
    answers = Answers.of(framework.questions, facts, [term for _, term in classes])
    tiers = [tier for tier, _ in classes]
    titles = {tier.id: tier.title for tier in tiers}
    reached = _reached(classes, answers)
    possible = {reached.id} if reached else _possible(classes, answers)
    candidates = tuple(name for name in titles if name in possible)
    tier = reached.id if reached else UNDETERMINED if candidates else NONE
    named = " or ".join(titles[name] for name in candidates)
    return Tier(
        framework=framework.id,
        scheme=scheme,
        tier=tier,
        title={UNDETERMINED: f"undetermined: {named}", NONE: "none of the classes"}.get(tier, named),
        reasons=reasons_for(framework, tiers, facts, tier if reached else None),
        candidates=candidates,
        missing=() if reached else _missing(classes, answers, possible),
        would_change=tuple(_would_change(framework, classes, answers, tier)),
    )


def _compiled(framework: Framework, scheme: str, facts: Facts) -> _Classes:
    return [(tier, compile_rule(tier.rule, facts)) for tier in framework.tiers if tier.scheme == scheme]


def _reached(classes: _Classes, answers: Answers) -> TierClass | None:
    """Return the class that the answers settle, or null if a graver one is open or all are ruled out."""
    for tier, term in classes:
        holds = truth(term, answers)
        if holds is None:
            return None
        if holds:
            return tier
    return None


def _possible(classes: _Classes, answers: Answers) -> set[str]:
    """Return the classes that some way of settling the open facts leads to.

    Tried case by case, wide questions first: two classes that hang on the same fact leave no room for a third, which
    Kleene's logic alone can't see.
    """
    plausible = _plausible(classes, answers)
    found: set[str] = set()
    waiting = deque([answers])
    for _ in range(MOST_CASES):
        if not waiting or found == plausible:
            return found
        case = waiting.popleft()
        settled, leaf = _split(classes, case)
        found.update(settled)
        if leaf is not None:
            waiting.extend(_both_ways(leaf, case))
    return plausible if waiting else found


def _plausible(classes: _Classes, answers: Answers) -> set[str]:
    """Return the classes that aren't ruled out, each by itself, down to the first that surely holds."""
    found: set[str] = set()
    for tier, term in classes:
        holds = truth(term, answers)
        if holds is not False:
            found.add(tier.id)
        if holds:
            break
    return found


def _split(classes: _Classes, case: Answers) -> tuple[list[str], Asked | Amount | None]:
    """Return the classes that a case leads to, or the open leaf to split it by.

    A class that is open for a reason that can't be supposed away counts as possible, and so does what follows it.
    """
    found: list[str] = []
    for tier, term in classes:
        holds = truth(term, case)
        if holds is None:
            leaf = next((leaf for leaf in _open_leaves(term, case) if not isinstance(leaf, Open)), None)
            if leaf is not None:
                return [], leaf
        if holds is not False:
            found.append(tier.id)
        if holds:
            break
    return found, None


def _both_ways(leaf: Asked | Amount, case: Answers) -> Iterator[Answers]:
    if isinstance(leaf, Asked):
        yield from (case.suppose(leaf.question, value) for value in (True, False))
        return
    for wanted in (True, False):
        bands = [band for band in case.amounts[leaf.measure] if band.satisfies(leaf.op, leaf.threshold) is wanted]
        yield case.suppose_amount(leaf.measure, bands)


def _open_leaves(term: Term, case: Answers, passed_over: Collection[str] = frozenset()) -> Iterator[Leaf]:
    """Yield the open leaves that an open rule hangs on, a wide question in place of the narrow ones below it.

    A question whose answer is neither the yes nor the no that the rule asks for can't be supposed otherwise.
    """
    for leaf in leaves_in(term, case):
        if not isinstance(leaf, Asked):
            yield leaf
        elif case.is_open(leaf.question):
            yield leaf._replace(question=case.widest_open(leaf.question, passed_over))
        else:
            yield Open(leaf.question)


def _missing(
    classes: _Classes, answers: Answers, possible: set[str], passed_over: Collection[str] = frozenset()
) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for tier, term in classes:
        if tier.id in possible and truth(term, answers) is None:
            found.update(dict.fromkeys(_fact(leaf) for leaf in _open_leaves(term, answers, passed_over)))
    return tuple(found)


def _fact(leaf: Leaf) -> str:
    if isinstance(leaf, Asked):
        return leaf.question
    return leaf.field if isinstance(leaf, Amount) else leaf.fact


def _would_change(framework: Framework, classes: _Classes, answers: Answers, current: str) -> Iterator[str]:
    """Yield each single fact that would settle another class, or unsettle this one if it was stated otherwise."""
    settled = current not in (UNDETERMINED, NONE)
    texts = {question.id: question.text for question in framework.questions}
    for question in _answers_to_change(classes, answers):
        said = answers.get(question)
        for value in (True, False):
            if said is value:
                continue
            reached = _reached(classes, answers.replace(question, value))
            fact = f"{texts[question]} {'yes' if value else 'no'} → "
            if reached is not None and reached.id != current:
                yield f"{fact}{reached.title} [{question}]"
            elif reached is None and said is not None and settled:
                yield f"{fact}no longer settled [{question}]"
    for measure, line in amount_lines(term for _, term in classes).items():
        text = AMOUNTS[measure]
        supposed = [(_reached(classes, answers.suppose_amount(measure, [band])), band) for band in line]
        for reached, some in groupby(supposed, key=lambda pair: pair[0]):
            if reached is not None and reached.id != current:
                yield f"{described([band for _, band in some], text)} → {reached.title} [{text.field}]"


def _answers_to_change(classes: _Classes, answers: Answers) -> Iterator[str]:
    """Yield each question that is open, the widest of its line, and each that somebody answered with yes or no."""
    asked = dict.fromkeys(leaf.question for _, term in classes for leaf in leaves_in(term) if isinstance(leaf, Asked))
    candidates: dict[str, None] = {}
    for question in asked:
        if answers.is_open(question):
            candidates[answers.widest_open(question)] = None
        else:
            candidates.update(dict.fromkeys(answers.given_at_or_above(question)))
    yield from (question for question in candidates if not isinstance(answers.get(question), str))
