"""Builders of evidence: what inspectors would hand to the judge."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accord.records import Evidence, Interval, Measurement


def _measured(measure: str, value: Any, interval: tuple[float, float] | None = None, **fields: Any) -> Measurement:
    kind = fields.pop("kind", "wilson")
    return Measurement(
        measure=measure,
        subject=fields.pop("subject", "sha256:aa"),
        value=value,
        unit="1",
        method="test",
        interval=Interval(low=interval[0], high=interval[1], kind=kind) if interval else None,
        **fields,
    )


def _answer(question: str, value: bool | str, subject: str = "sha256:cc") -> Measurement:
    return _measured("card.answer", value, dimensions={"question": question}, basis="declared", subject=subject)


def _evidence(*measurements: Measurement, id: str = "e1") -> list[Evidence]:
    return [
        Evidence(
            id=id,
            inspector="test.builder",
            version="1",
            subject="sha256:aa",
            status="measured",
            measurements=tuple(measurements),
            started="2026-11-22T00:00:00Z",
            seconds=0.0,
        )
    ]


@pytest.fixture(scope="session")
def measured() -> Callable[..., Measurement]:
    """measured(measure, value, (low, high), n=…, dimensions=…, basis=…)"""
    return _measured


@pytest.fixture(scope="session")
def evidence() -> Callable[..., list[Evidence]]:
    """evidence(*measurements)"""
    return _evidence


@pytest.fixture(scope="session")
def answered() -> Callable[[dict[str, bool | str]], list[Evidence]]:
    """answered({question: answer})"""
    return lambda answers: _evidence(*(_answer(question, value) for question, value in answers.items()))
