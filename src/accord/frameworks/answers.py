"""Answers as a small world that can be supposed otherwise, and rules compiled for asking it many times.

`rules.evaluate` says what holds and why, from measurements. Here only the truth is wanted, for hundreds of supposed
cases: facts that are no answers are settled once, and what is left asks the answers alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ..records import Question, Rule, Value
from .comparing import compare
from .facts import ANSWER, NARROWER, Facts, parents
from .rules import conjunction, disjunction, evaluate, negation


class Asked(NamedTuple):
    """A leaf that compares the answer to one question."""

    question: str
    op: str
    threshold: Value


class Group(NamedTuple):
    """A group of terms: `all`, `any` or `none`."""

    kind: str
    terms: tuple[Term, ...]


Term = Asked | Group | bool | None
"""A compiled rule; a truth value where no answer can change it."""


class Answers:
    """The answers given to a framework's questions, closed under what they imply (see `facts`).

    A question in `contradicted` stays open whatever else is answered.
    """

    def __init__(
        self,
        known: frozenset[str],
        above: Mapping[str, str],
        given: Mapping[str, bool | str],
        contradicted: frozenset[str] = frozenset(),
    ) -> None:
        self.known = known
        self._above = above
        self._given = dict(given)
        self._contradicted = contradicted
        self._closed = _close(self._given, above, contradicted)

    @classmethod
    def of(cls, questions: Sequence[Question], facts: Facts) -> Answers:
        """Take the answers out of `facts`; a question answered in two ways counts as open."""
        known = frozenset(question.id for question in questions)
        said = {question: value for question, value in facts.answers().items() if question in known}
        given = {question: value for question, value in said.items() if value is not None}
        return cls(known, parents(known), given, frozenset(said) - frozenset(given))

    def get(self, question: str) -> bool | str | None:
        """Return the answer, given or implied; null if it is open."""
        return self._closed.get(question)

    def is_open(self, question: str) -> bool:
        """Return whether a question of the framework has no answer."""
        return question in self.known and question not in self._closed

    def widest_open(self, question: str) -> str:
        """Return the question, or the widest open one above it."""
        widest, step = question, self._above.get(question)
        while step is not None:
            if step not in self._closed:
                widest = step
            step = self._above.get(step)
        return widest

    def suppose(self, question: str, value: bool) -> Answers:
        """Return these answers with an open question answered."""
        return Answers(self.known, self._above, {**self._closed, question: value}, self._contradicted - {question})

    def given_at_or_above(self, question: str) -> list[str]:
        """Return the questions that somebody answered, among this one and those above it."""
        line = [question]
        while line[-1] in self._above:
            line.append(self._above[line[-1]])
        return [name for name in line if name in self._given]

    def replace(self, question: str, value: bool) -> Answers:
        """Return these answers with one answered otherwise, and without those given that would contradict it."""
        kept = {
            other: said
            for other, said in self._given.items()
            if other != question
            and not (value is False and said is True and other.startswith(question + NARROWER))
            and not (value is True and said is False and question.startswith(other + NARROWER))
        }
        return Answers(self.known, self._above, {**kept, question: value}, self._contradicted - {question})


def _close(
    given: Mapping[str, bool | str], above: Mapping[str, str], contradicted: frozenset[str]
) -> dict[str, bool | str]:
    closed = dict(given)
    for question, value in given.items():
        step = above.get(question) if value is True else None
        while step is not None:
            if step not in contradicted:
                closed.setdefault(step, True)
            step = above.get(step)
    for question in above:
        step = above.get(question)
        while step is not None and question not in closed and question not in contradicted:
            if given.get(step) is False:
                closed[question] = False
            step = above.get(step)
    return closed


def compile_rule(rule: Rule | None, facts: Facts) -> Term:
    """Return the rule with every leaf that asks no question settled by `facts`. No rule at all holds."""
    if rule is None:
        return True
    parts: list[Term] = []
    if rule.measure is not None:
        question = rule.where.get("question")
        if rule.measure == ANSWER and question is not None and set(rule.where) == {"question"}:
            parts.append(Asked(question, rule.op, rule.threshold))
        else:
            leaf = Rule(measure=rule.measure, where=rule.where, over=rule.over, op=rule.op, threshold=rule.threshold)
            parts.append(evaluate(leaf, facts).holds)
    for kind in ("all", "any", "none"):
        children = getattr(rule, kind)
        if children:
            parts.append(Group(kind, tuple(compile_rule(child, facts) for child in children)))
    return parts[0] if len(parts) == 1 else Group("all", tuple(parts))


def truth(term: Term, answers: Answers) -> bool | None:
    """Return whether a compiled rule holds on the answers."""
    if term is None or isinstance(term, bool):
        return term
    if isinstance(term, Asked):
        said = answers.get(term.question)
        if said is None:
            return None
        if term.op == "exists":
            return True
        if term.threshold is None:
            return None
        return compare(said, None, term.op, term.threshold)[0]
    parts = (truth(child, answers) for child in term.terms)
    if term.kind == "all":
        return conjunction(parts)
    return disjunction(parts) if term.kind == "any" else negation(disjunction(parts))


def questions_in(term: Term, answers: Answers | None = None) -> Iterator[str]:
    """Yield the questions of a compiled rule; with `answers`, only those under what these leave open."""
    if isinstance(term, Asked):
        yield term.question
    elif isinstance(term, Group):
        for child in term.terms:
            if answers is None or truth(child, answers) is None:
                yield from questions_in(child, answers)
