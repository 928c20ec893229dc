"""Which open fact to ask a person for next: only what can still change a class, the wide before the narrow.

The gravest class comes first: none below it is reached before it is ruled out, and a yes there ends the asking.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from msgspec import Struct

from ..records import Framework, Question
from .amounts import AMOUNTS
from .facts import Facts, parents
from .tiers import missing_facts


class OpenFact(Struct, frozen=True):
    """A fact that a class hangs on, the question that asks for it, and the frameworks that it would help to settle.

    An `amount` is a number, or the lowest and the highest possible, in the field of the card that `id` names. All
    else is answered with yes or no in the card's `[answers]`.
    """

    id: str
    text: str
    help: str
    source: str
    frameworks: tuple[str, ...]
    amount: bool = False


def open_facts(
    frameworks: Sequence[Framework], facts: Facts, passed_over: Collection[str] = frozenset()
) -> tuple[OpenFact, ...]:
    """Return what to ask a person for, in this order, each fact once. `facts` are without what answers imply.

    A question that was `passed_over`, because the person doesn't know, gives way to the narrower ones below it.
    """
    wanted: dict[str, list[Framework]] = {}
    for framework in frameworks:
        for fact in missing_facts(framework, facts.with_implied(framework.questions), passed_over):
            if fact not in passed_over:
                wanted.setdefault(fact, []).append(framework)
    found = (_open_fact(fact, asking) for fact, asking in wanted.items())
    return tuple(fact for fact in found if fact is not None)


def widest_questions(framework: Framework) -> tuple[Question, ...]:
    """Return the questions that no other one stands above, whether a class hangs on them or the reach of a duty."""
    above = parents(question.id for question in framework.questions)
    return tuple(question for question in framework.questions if question.id not in above)


def _open_fact(fact: str, frameworks: Sequence[Framework]) -> OpenFact | None:
    """Put a missing fact in words; null where it is nothing that can be asked for."""
    names = tuple(framework.id for framework in frameworks)
    for framework in frameworks:
        for question in framework.questions:
            if question.id == fact:
                return OpenFact(fact, question.text, question.help or "", question.source, names)
    for text in AMOUNTS.values():
        if text.field == fact:
            return OpenFact(fact, text.question, text.help, text.source, names, amount=True)
    return None
