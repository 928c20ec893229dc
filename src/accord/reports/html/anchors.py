"""Where things are on the page: short ids made of positions, so that no text of the input ever becomes an id."""

from __future__ import annotations

from collections.abc import Mapping

from ...records import Assessment, Measurement

Key = tuple[str, str, frozenset[tuple[str, str]]]


class Anchors:
    """The ids of evidence (`e-1`), measurements (`m-1-5`), parts (`p-1`) and frameworks (`fw-1`) on the page."""

    def __init__(self, assessment: Assessment) -> None:
        self._evidence: dict[str, str] = {}
        self._measurements: dict[Key, str] = {}
        self._by_evidence: dict[tuple[str, Key], str] = {}
        self._parts = {part.digest: f"p-{i}" for i, part in reversed(list(enumerate(assessment.subject.parts, 1)))}
        self._frameworks = {framework.id: f"fw-{i}" for i, framework in enumerate(assessment.frameworks, 1)}
        for i, evidence in enumerate(assessment.evidence, 1):
            self._evidence.setdefault(evidence.id, f"e-{i}")
            for j, measurement in enumerate(evidence.measurements, 1):
                key = _key(measurement.measure, measurement.subject, measurement.dimensions)
                self._measurements.setdefault(key, self.at(i, j))
                self._by_evidence.setdefault((evidence.id, key), self.at(i, j))

    @staticmethod
    def at(evidence: int, measurement: int) -> str:
        """Return the id of a measurement by its position and that of its evidence, both from 1."""
        return f"m-{evidence}-{measurement}"

    def evidence(self, identifier: str) -> str | None:
        """Return the id of the evidence that is called so in the record."""
        return self._evidence.get(identifier)

    def part(self, digest: str) -> str | None:
        """Return the id of the part with this digest."""
        return self._parts.get(digest)

    def framework(self, identifier: str) -> str | None:
        """Return the id of a framework's section."""
        return self._frameworks.get(identifier)

    def measurement(
        self, measure: str, subject: str | None, dimensions: Mapping[str, str], evidence: str | None
    ) -> str | None:
        """Return the id of the measurement that a rule looked at; None where the record holds no such measurement."""
        if subject is None:
            return None
        key = _key(measure, subject, dimensions)
        return self._by_evidence.get((evidence, key)) if evidence else self._measurements.get(key)

    def of(self, measurement: Measurement, evidence: str) -> str | None:
        """Return the id of a measurement of the record."""
        return self.measurement(measurement.measure, measurement.subject, measurement.dimensions, evidence)


def _key(measure: str, subject: str, dimensions: Mapping[str, str]) -> Key:
    return measure, subject, frozenset(dimensions.items())
