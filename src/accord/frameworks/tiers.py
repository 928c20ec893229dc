"""Tiers: the likely class of risk under a framework, on the answers given, and what would change it.

Classes are tried from the gravest. A class is reached when its rule holds and every graver one is ruled out; while a
graver one is open, the tier is "undetermined", with the classes that remain possible.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from ..records import Framework, Tier, TierClass
from .answers import Answers, Term, compile_rule, questions_in, truth
from .explaining import reasons_for
from .facts import Facts

UNDETERMINED = "undetermined"
NONE = "none"
MOST_CASES = 1000
"""Ways of answering the open questions that are tried before every class that isn't ruled out counts as possible."""

_Classes = Sequence[tuple[TierClass, Term]]


def classify(framework: Framework, facts: Facts) -> tuple[Tier, ...]:
    """Return the tiers of the system that `facts` describe, one a scheme of the framework, in the order of the file.

    `missing` names open questions by id; `would_change` says, for each single answer that would settle another class,
    which. The tier is "none" if every class is ruled out.
    """
    answers = Answers.of(framework.questions, facts)
    schemes = dict.fromkeys(tier.scheme for tier in framework.tiers)
    return tuple(_classify(framework, scheme, facts, answers) for scheme in schemes)


def _classify(framework: Framework, scheme: str, facts: Facts, answers: Answers) -> Tier:
    tiers = [tier for tier in framework.tiers if tier.scheme == scheme]
    classes = [(tier, compile_rule(tier.rule, facts)) for tier in tiers]
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
    """Return the classes that some way of answering the open questions leads to.

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
        settled, question = _split(classes, case)
        found.update(settled)
        if question is not None:
            waiting.extend(case.suppose(question, value) for value in (True, False))
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


def _split(classes: _Classes, case: Answers) -> tuple[list[str], str | None]:
    """Return the classes that a case leads to, or the open question to split it by.

    A class that is open for another reason than a yes-or-no question counts as possible, and so does what follows it.
    """
    found: list[str] = []
    for tier, term in classes:
        holds = truth(term, case)
        if holds is None:
            question = next(_open_questions(term, case), None)
            if question is not None:
                return [], question
        if holds is not False:
            found.append(tier.id)
        if holds:
            break
    return found, None


def _open_questions(term: Term, case: Answers) -> Iterator[str]:
    """Yield the open questions that an open rule hangs on, a wide one in place of the narrow ones below it."""
    for question in questions_in(term, case):
        if case.is_open(question):
            yield case.widest_open(question)


def _missing(classes: _Classes, answers: Answers, possible: set[str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for tier, term in classes:
        if tier.id in possible and truth(term, answers) is None:
            found.update(dict.fromkeys(_open_questions(term, answers)))
    return tuple(found)


def _would_change(framework: Framework, classes: _Classes, answers: Answers, current: str) -> Iterator[str]:
    """Yield each single answer that would settle another class, or unsettle this one if it was given otherwise."""
    asked = dict.fromkeys(question for _, term in classes for question in questions_in(term))
    candidates = dict.fromkeys(
        name
        for question in asked
        for name in (
            [answers.widest_open(question)] if answers.is_open(question) else answers.given_at_or_above(question)
        )
    )
    texts = {question.id: question.text for question in framework.questions}
    for question in candidates:
        said = answers.get(question)
        for value in (True, False):
            if said is value or isinstance(said, str):
                continue
            reached = _reached(classes, answers.replace(question, value))
            if reached is not None and reached.id != current:
                yield f"{texts[question]} {'yes' if value else 'no'} → {reached.title} [{question}]"
            elif reached is None and said is not None and current not in (UNDETERMINED, NONE):
                yield f"{texts[question]} {'yes' if value else 'no'} → no longer settled [{question}]"
