"""Names of requirements across frameworks: "framework#requirement" here, the CURIE "framework:requirement" in SSSOM."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..records import Framework, Requirement


def framework_of(reference: str) -> str:
    """Return the framework's id of a reference."""
    return reference.partition("#")[0]


def requirement_of(reference: str) -> str:
    """Return the requirement's id of a reference."""
    return reference.partition("#")[2]


class Tree:
    """The requirements of a framework by reference, and how they are nested: a child is a part of its parent."""

    def __init__(self, framework: Framework) -> None:
        self.framework = framework
        self.requirements: dict[str, Requirement] = {f"{framework.id}#{r.id}": r for r in framework.requirements}
        self._children: dict[str, list[str]] = {}
        for reference, requirement in self.requirements.items():
            if requirement.parent is not None:
                self._children.setdefault(f"{framework.id}#{requirement.parent}", []).append(reference)

    def parent(self, reference: str) -> str | None:
        """Return the group that a requirement is in."""
        requirement = self.requirements.get(reference)
        return f"{self.framework.id}#{requirement.parent}" if requirement and requirement.parent else None

    def children(self, reference: str) -> tuple[str, ...]:
        """Return the requirements that a group directly holds."""
        return tuple(self._children.get(reference, ()))

    def above(self, reference: str) -> Iterator[str]:
        """Yield the groups that a requirement is in, the nearest first."""
        found = self.parent(reference)
        while found is not None:
            yield found
            found = self.parent(found)

    def below(self, reference: str) -> Iterator[str]:
        """Yield all that is in a group, at any depth."""
        waiting = list(reversed(self.children(reference)))
        while waiting:
            found = waiting.pop()
            yield found
            waiting.extend(reversed(self.children(found)))


def trees(frameworks: Iterable[Framework]) -> dict[str, Tree]:
    """Return the trees of frameworks by their ids."""
    return {framework.id: Tree(framework) for framework in frameworks}
