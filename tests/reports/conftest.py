"""The sample assessment and the pages made of it, for all tests of reports."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from accord.records import Assessment
from accord.reports import Details, report

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def sample() -> SimpleNamespace:
    """The builders of sample assessments, by name."""
    import report_extremes
    import report_sample

    return SimpleNamespace(**vars(report_sample) | vars(report_extremes))


@pytest.fixture(scope="session")
def details(sample: SimpleNamespace) -> Details:
    """What a reader wants beside the record: the two frameworks of the sample."""
    return Details(frameworks=sample.frameworks(), inspectors={"fairness.groups": "Fairness between groups"})


@pytest.fixture(scope="session")
def render(details: Details):
    """Render an assessment as a page, as text."""

    def rendered(assessment: Assessment) -> str:
        return report("html").render(assessment, details=details).decode()

    return rendered


@pytest.fixture(scope="session")
def page(sample: SimpleNamespace, render) -> str:
    """The page of the sample."""
    return render(sample.compas())


@pytest.fixture(scope="session")
def hostile_page(sample: SimpleNamespace, render) -> str:
    """The page of the sample with hostile text everywhere."""
    return render(sample.hostile())
