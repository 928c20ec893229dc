"""Answers as a small world that can be supposed otherwise, and rules compiled for asking it many times.

`rules.evaluate` says what holds and why, from measurements. Here only the truth is wanted, for hundreds of supposed
cases: facts that are no answers are settled once, and what is left asks the answers alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ..records import Question, Rule, Value
from .amounts import AMOUNTS, OPS, Band, bands, bands_within, stated_range
from .comparing import as_float, compare, is_number
from .facts import ANSWER, NARROWER, Facts, parents
from .rules import conjunction, disjunction, evaluate, negation


class Asked(NamedTuple):
    """A leaf that compares the answer to one question."""

    question: str
    op: str
    threshold: Value


class Amount(NamedTuple):
    """A leaf that compares an amount that the card states in `field` (see `amounts`)."""

    measure: str
    op: str
    threshold: float

    @property
    def field(self) -> str:
        """The field of the card."""
        return AMOUNTS[self.measure].field


class Open(NamedTuple):
    """A leaf that is open and that neither a yes nor a no would settle; `fact` names what it hangs on."""

    fact: str


class Group(NamedTuple):
    """A group of terms: `all`, `any` or `none`."""

    kind: str
    terms: tuple[Term, ...]


Leaf = Asked | Amount | Open
Term = Leaf | Group | bool
"""A compiled rule; a truth value where nothing open can change it."""


class Answers:
    """The answers given to a framework's questions, closed under what they imply (see `facts`).

    A question in `contradicted` stays open whatever else is answered. `amounts` holds, by measure, the bands that an
    amount may lie in.
    """

    def __init__(
        self,
        known: frozenset[str],
        above: Mapping[str, str],
        given: Mapping[str, bool | str],
        contradicted: frozenset[str] = frozenset(),
        amounts: Mapping[str, tuple[Band, ...]] | None = None,
    ) -> None:
        self.known = known
        self.amounts = amounts or {}
        self._above = above
        self._given = dict(given)
        self._contradicted = contradicted
        self._closed = _close(self._given, above, contradicted)

    @classmethod
    def of(cls, questions: Sequence[Question], facts: Facts, terms: Iterable[Term] = ()) -> Answers:
        """Take the answers out of `facts`; a question answered in two ways counts as open.

        The amounts that `terms` compare come with the bands that `facts` leave possible.
        """
        known = frozenset(question.id for question in questions)
        said = {question: value for question, value in facts.answers().items() if question in known}
        given = {question: value for question, value in said.items() if value is not None}
        possible = {}
        for measure, line in amount_lines(terms).items():
            possible[measure] = bands_within(line, *(stated_range(measure, facts) or (0.0, 0.0)))
        return cls(known, parents(known), given, frozenset(said) - frozenset(given), possible)

    def get(self, question: str) -> bool | str | None:
        """Return the answer, given or implied; null if it is open."""
        return self._closed.get(question)

    def is_open(self, question: str) -> bool:
        """Return whether a question of the framework has no answer."""
        return question in self.known and question not in self._closed

    def widest_open(self, question: str, passed_over: Collection[str] = frozenset()) -> str:
        """Return the question, or the widest open one above it that nobody `passed_over`."""
        widest, step = question, self._above.get(question)
        while step is not None:
            if step not in self._closed and step not in passed_over:
                widest = step
            step = self._above.get(step)
        return widest

    def suppose(self, question: str, value: bool) -> Answers:
        """Return these answers with an open question answered."""
        given = {**self._closed, question: value}
        return Answers(self.known, self._above, given, self._contradicted - {question}, self.amounts)

    def suppose_amount(self, measure: str, possible: Sequence[Band]) -> Answers:
        """Return these answers with an amount in one of these bands."""
        amounts = {**self.amounts, measure: tuple(possible)}
        return Answers(self.known, self._above, self._given, self._contradicted, amounts)

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
        given = {**kept, question: value}
        return Answers(self.known, self._above, given, self._contradicted - {question}, self.amounts)


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
    """Return the rule with every leaf settled by `facts` that is neither a question nor an amount. No rule holds."""
    if rule is None:
        return True
    parts: list[Term] = [_compile_leaf(rule, facts)] if rule.measure is not None else []
    for kind in ("all", "any", "none"):
        children = getattr(rule, kind)
        if children:
            parts.append(Group(kind, tuple(compile_rule(child, facts) for child in children)))
    return parts[0] if len(parts) == 1 else Group("all", tuple(parts))


def _compile_leaf(rule: Rule, facts: Facts) -> Term:
    measure = rule.measure or ""
    question = rule.where.get("question")
    if measure == ANSWER and question is not None and set(rule.where) == {"question"}:
        return Asked(question, rule.op, rule.threshold)
    amount = measure in AMOUNTS and not rule.where
    if amount and rule.op in OPS and is_number(rule.threshold) and stated_range(measure, facts) is not None:
        return Amount(measure, rule.op, as_float(rule.threshold))
    leaf = Rule(measure=measure, where=rule.where, over=rule.over, op=rule.op, threshold=rule.threshold)
    holds = evaluate(leaf, facts).holds
    if holds is not None:
        return holds
    return Open(AMOUNTS[measure].field if amount else rule.where.get("field") or question or measure)


def truth(term: Term, answers: Answers) -> bool | None:
    """Return whether a compiled rule holds on the answers."""
    if isinstance(term, bool):
        return term
    if isinstance(term, Open):
        return None
    if isinstance(term, Asked):
        said = answers.get(term.question)
        if said is None:
            return None
        if term.op == "exists":
            return True
        if term.threshold is None:
            return None
        return compare(said, None, term.op, term.threshold)[0]
    if isinstance(term, Amount):
        held = {band.satisfies(term.op, term.threshold) for band in answers.amounts.get(term.measure, ())}
        return held.pop() if len(held) == 1 else None
    parts = (truth(child, answers) for child in term.terms)
    if term.kind == "all":
        return conjunction(parts)
    return disjunction(parts) if term.kind == "any" else negation(disjunction(parts))


def leaves_in(term: Term, answers: Answers | None = None) -> Iterator[Leaf]:
    """Yield the leaves of a compiled rule; with `answers`, only those that these leave open, under open groups."""
    if isinstance(term, bool) or (answers is not None and truth(term, answers) is not None):
        return
    if isinstance(term, Group):
        for child in term.terms:
            yield from leaves_in(child, answers)
    else:
        yield term


def amount_lines(terms: Iterable[Term]) -> dict[str, tuple[Band, ...]]:
    """Return, for each amount that the terms compare, the bands that their thresholds cut its line into."""
    thresholds: dict[str, set[float]] = {}
    for term in terms:
        for leaf in leaves_in(term):
            if isinstance(leaf, Amount):
                thresholds.setdefault(leaf.measure, set()).add(leaf.threshold)
    return {measure: bands(found) for measure, found in thresholds.items()}
