"""Assessments for the tests of prevention: COMPAS, and tables whose defects are known because they were put there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from accord.assess import Done, Options, assess
from accord.frameworks import load
from accord.frameworks.loading import FrameworkFile, open_framework
from accord.inspectors.registry import all_inspectors
from accord.records import Assessment, Framework
from accord.subjects import open_target

EXAMPLES = Path(__file__).parents[2] / "examples"
JUDGED = ("eu-ai-act", "nist-ai-rmf")

Assess = Callable[..., Assessment]


def _assess(target: Path, card: Path | None, files: Sequence[FrameworkFile]) -> Assessment:
    with open_target(str(target), card=card) as opened:
        steps = list(assess(opened, all_inspectors(), files, Options(workers=1), cache=None))
    done = steps[-1]
    assert isinstance(done, Done)
    return done.assessment


@pytest.fixture(scope="session")
def frameworks() -> tuple[Framework, ...]:
    """The two frameworks that COMPAS is judged under."""
    return tuple(load(name) for name in JUDGED)


@pytest.fixture(scope="session")
def compas(compas_table: Path) -> Assessment:
    """COMPAS with its card."""
    return _assess(compas_table, EXAMPLES / "compas" / "accord.toml", [open_framework(name) for name in JUDGED])


@pytest.fixture(scope="session")
def assessed() -> Assess:
    """Assess a table of the test's own: `assessed(path, card)`."""
    return lambda target, card=None, files=(): _assess(target, card, files)
