"""Small frameworks for the crosswalk's tests."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accord.records import Assessment, Card, Environment, Framework, Requirement, Source, Subject, Summary
from accord.records.crosswalk import Edge


@pytest.fixture(scope="session")
def small() -> Callable[..., Framework]:
    """Build a framework from "id" or "parent/id" names."""

    def build(name: str, *points: str, **fields: object) -> Framework:
        requirements = []
        for point in points:
            parent, _slash, own = point.rpartition("/")
            requirements.append(Requirement(id=own, parent=parent or None, label=own.upper(), title=f"Point {own}"))
        values = {
            "id": name,
            "version": "1",
            "title": f"Framework {name}",
            "issuer": "test",
            "jurisdiction": "INT",
            "kind": "law",
            "source": Source(title=f"Text of {name}", uri=f"https://example.org/{name}", date="2026"),
            "text_licence": "own",
            "status": "stable",
            "requirements": tuple(requirements),
        }
        return Framework(**{**values, **fields})

    return build


@pytest.fixture(scope="session")
def edge() -> Callable[..., Edge]:
    """Build an edge from "a#1 relation b#2"."""

    def build(text: str, confidence: float = 0.8, **fields: object) -> Edge:
        subject, relation, object_ = text.split()
        values = {"justification": "manual", "source": "both texts", **fields}
        return Edge(subject=subject, relation=relation, object=object_, confidence=confidence, **values)

    return build


@pytest.fixture(scope="session")
def assessment() -> Assessment:
    """An assessment without evidence or verdicts."""
    return Assessment(
        version="1",
        subject=Subject(name="system", digest="sha256:aa", parts=()),
        card=Card(),
        evidence=(),
        summary=Summary(
            checked="",
            worst="",
            certainty="",
            unchecked="",
            findings={},
            verdicts={},
            coverage=(),
            measured=0,
            skipped=0,
            failed=0,
        ),
        environment=Environment(accord="0", python="3", platform="test", started="", seconds=0.0, cores=1),
    )
