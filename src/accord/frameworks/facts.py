"""The measurements of an assessment, found by measure and dimension, and what answers imply.

Questions form a tree by their ids, a hyphen leading to a narrower one: a "no" to `eu-annex_iii` answers
`eu-annex_iii-4-a` with "no" too, and a "yes" to the latter answers the former with "yes". So a person is asked the
wide question first and the narrow ones only where they matter. An answer that contradicts what another one implies
leaves two values for one fact: unknown, for a person to settle.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from ..records import Evidence, Measurement, Question

ANSWER = "card.answer"
NARROWER = "-"
ABSENT = ""
ANY_VALUE = "*"


class Fact(Struct, frozen=True):
    """A measurement and the id of the evidence that it stands in; or one that another answer implies, in none."""

    measurement: Measurement
    evidence: str
    implied: bool = False


class Facts:
    """An index over facts. `where` asks for dimensions: by value, `"*"` for any value, `""` for none of that name."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        self.judged: dict[Any, Any] = {}
        """What rules came to on facts that are no answers, kept for all who share this index (see `rules`)."""
        self.answered: dict[Any, Any] = {}
        """The same for answers, which differ by what a framework's questions imply."""
        self._facts: dict[str, list[Fact]] = {}
        self._narrow: dict[tuple[str, str, str], list[Fact]] = {}
        for fact in facts:
            measure = fact.measurement.measure
            self._facts.setdefault(measure, []).append(fact)
            for name, value in fact.measurement.dimensions.items():
                self._narrow.setdefault((measure, name, value), []).append(fact)

    @classmethod
    def of(cls, evidence: Sequence[Evidence], questions: Sequence[Question] = ()) -> Facts:
        """Index what `evidence` measured, with the answers that the tree of `questions` implies."""
        measured = (item for item in evidence if item.status == "measured")
        return cls(Fact(measurement, item.id) for item in measured for measurement in item.measurements).with_implied(
            questions
        )

    def with_implied(self, questions: Sequence[Question]) -> Facts:
        """Return these facts and the answers that the tree of `questions` implies. The index is shared, not copied."""
        implied = _implied(self._facts.get(ANSWER, []), questions)
        if not implied:
            return self
        more = Facts(())
        more.judged = self.judged
        more._facts = {**self._facts, ANSWER: [*self._facts.get(ANSWER, []), *implied]}
        more._narrow = _Overlay(self._narrow)
        for fact in implied:
            key = (ANSWER, "question", fact.measurement.dimensions["question"])
            more._narrow[key] = [*more._narrow.get(key, []), fact]
        return more

    def matching(self, measure: str, where: Mapping[str, str]) -> list[Fact]:
        """Return the facts of `measure` whose dimensions are as `where` asks, in the order in which they came."""
        candidates = self._facts.get(measure, [])
        for name, value in where.items():
            if value not in (ABSENT, ANY_VALUE):
                candidates = self._narrow.get((measure, name, value), [])
                break
        return [fact for fact in candidates if _has(fact.measurement.dimensions, where)]

    def answers(self) -> dict[str, bool | str | None]:
        """Return what somebody answered to each question, null where two answers contradict each other."""
        found: dict[str, bool | str | None] = {}
        for fact in self._facts.get(ANSWER, []):
            question, value = fact.measurement.dimensions.get("question"), fact.measurement.value
            if question is None or not isinstance(value, bool | str):
                continue
            if question in found and found[question] != value:
                found[question] = None
            elif not fact.implied:
                found[question] = value
        return found


class _Overlay(dict[tuple[str, str, str], list[Fact]]):
    """A few entries laid over a large index that many frameworks share."""

    def __init__(self, below: dict[tuple[str, str, str], list[Fact]]) -> None:
        super().__init__()
        self._below = below

    def get(self, key: tuple[str, str, str], default: Any = None) -> Any:
        """Return the entry of this layer, else that of the one below."""
        found = super().get(key)
        return self._below.get(key, default) if found is None else found


def _has(dimensions: Mapping[str, str], where: Mapping[str, str]) -> bool:
    for name, wanted in where.items():
        value = dimensions.get(name)
        if wanted == ABSENT:
            if value is not None:
                return False
        elif value is None or (wanted != ANY_VALUE and value != wanted):
            return False
    return True


def parents(questions: Iterable[str]) -> dict[str, str]:
    """Return, for each question id under another one, the nearest id above it."""
    ids = set(questions)
    found: dict[str, str] = {}
    for question in ids:
        above = question
        while NARROWER in above:
            above = above.rpartition(NARROWER)[0]
            if above in ids:
                found[question] = above
                break
    return found


def answer_fact(question: str, value: bool | str, because: str) -> Fact:
    """Return a declared answer that nobody wrote down, but that follows from another one."""
    return Fact(
        Measurement(
            measure=ANSWER,
            subject="",
            dimensions={"question": question},
            value=value,
            unit="",
            method=because,
            basis="declared",
        ),
        "",
        implied=True,
    )


def _implied(given: Sequence[Fact], questions: Sequence[Question]) -> list[Fact]:
    above = parents(question.id for question in questions)
    if not above:
        return []
    said: dict[str, set[bool]] = {}
    for fact in given:
        question, value = fact.measurement.dimensions.get("question"), fact.measurement.value
        if fact.measurement.measure == ANSWER and question is not None and isinstance(value, bool):
            said.setdefault(question, set()).add(value)
    found: list[Fact] = []
    trusted = {question: values == {True} for question, values in said.items() if len(values) == 1}
    for narrow, wide in _lines(above):
        if True in said.get(narrow, ()) and False in said.get(wide, ()):
            found.append(answer_fact(narrow, False, f"implied by {wide}"))
            found.append(answer_fact(wide, True, f"implied by {narrow}"))
            trusted.pop(narrow, None)
            trusted.pop(wide, None)
    for narrow, wide in _lines(above):
        if trusted.get(narrow) is True and wide not in said:
            found.append(answer_fact(wide, True, f"implied by {narrow}"))
        if trusted.get(wide) is False and narrow not in said:
            found.append(answer_fact(narrow, False, f"implied by {wide}"))
    return found


def _lines(above: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return each question with each one above it, the nearest first."""
    lines: list[tuple[str, str]] = []
    for narrow in sorted(above):
        wide = above.get(narrow)
        while wide is not None:
            lines.append((narrow, wide))
            wide = above.get(wide)
    return lines
