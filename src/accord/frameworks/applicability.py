"""Whether a point applies: by its `applies_if`, those of its parents, and the classes of risk that call for it."""

from __future__ import annotations

from ..records import Framework, Requirement, Rule, TierClass
from .comparing import shown
from .facts import Facts
from .rules import Evaluation, conjunction, disjunction, evaluate

BODIES = {"state": "states", "authority": "public authorities", "notified_body": "bodies that assess conformity"}
"""Addressees whose duties no assessed system can meet or miss."""


class Applicability:
    """What applies under one framework, on the facts at hand. Each condition is evaluated once."""

    def __init__(self, framework: Framework, facts: Facts) -> None:
        self._facts = facts
        self._by_id = {requirement.id: requirement for requirement in framework.requirements}
        self._classes: dict[str, list[TierClass]] = {}
        for tier in framework.tiers:
            for called in tier.requirements:
                self._classes.setdefault(called, []).append(tier)
        self._texts = {question.id: question.text for question in framework.questions}
        self._known: dict[str, tuple[bool | None, str]] = {}

    def of(self, requirement: Requirement) -> tuple[bool | None, str]:
        """Return whether the point applies (null: open) and why it doesn't, or which fact is missing."""
        if requirement.id not in self._known:
            self._known[requirement.id] = self._decide(requirement)
        return self._known[requirement.id]

    def date_of(self, requirement: Requirement) -> str | None:
        """Return the date from which the point applies: its own, or that of the nearest point above that has one.

        While nobody knows whether a later date holds, the earlier one stands.
        """
        step: Requirement | None = requirement
        while step is not None:
            if step.applies_from is not None:
                later = [other.applies_from for other in step.later if evaluate(other.rule, self._facts).holds]
                return max(later, default=step.applies_from)
            step = self._by_id.get(step.parent) if step.parent else None
        return None

    def _decide(self, requirement: Requirement) -> tuple[bool | None, str]:
        if requirement.addressee in BODIES:
            return False, f"it binds {BODIES[requirement.addressee]}, not those who make or use a system"
        parent = self._by_id.get(requirement.parent) if requirement.parent else None
        inherited = self.of(parent) if parent is not None else (True, "")
        if requirement.applies_if is None and requirement.id not in self._classes:
            return inherited
        conditions = [inherited]
        if requirement.applies_if is not None:
            conditions.append(self._condition(requirement.applies_if))
        if requirement.id in self._classes:
            conditions.append(self._called_for(self._classes[requirement.id]))
        applies = conjunction(holds for holds, _ in conditions)
        return applies, "; ".join(dict.fromkeys(why for holds, why in conditions if holds is applies and why))

    def _condition(self, rule: Rule) -> tuple[bool | None, str]:
        result = evaluate(rule, self._facts)
        if result.holds is False:
            return False, f"by what is declared it doesn't apply ({self._facts_in(result)})"
        return result.holds, "" if result.holds else f"nobody answered {self._open(result)}"

    def _called_for(self, classes: list[TierClass]) -> tuple[bool | None, str]:
        results = [(tier, evaluate(tier.rule, self._facts)) for tier in classes if tier.rule is not None]
        holds = disjunction(result.holds for _, result in results) if len(results) == len(classes) else True
        titles = " or ".join(tier.title for tier in classes)
        if holds is False:
            return False, f"it applies to systems of this class only: {titles}"
        if holds is None:
            return None, f"nobody settled whether the system is of this class: {titles}"
        return True, ""

    def _facts_in(self, result: Evaluation) -> str:
        return ", ".join(
            dict.fromkeys(
                f"{self._name(leaf.outcome.dimensions)}: {shown(leaf.outcome.value)}"
                for leaf in result.leaves
                if leaf.outcome.holds is not None
            )
        )

    def _open(self, result: Evaluation) -> str:
        return ", ".join(
            dict.fromkeys(self._name(leaf.outcome.dimensions) for leaf in result.leaves if leaf.outcome.holds is None)
        )

    def _name(self, dimensions: dict[str, str]) -> str:
        question = dimensions.get("question", "")
        return f"“{self._texts.get(question, question)}”" if question else dimensions.get("field", "")
