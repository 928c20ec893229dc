"""The sample assessment and the pages made of it, for all tests of reports."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from accord.records import Assessment
from accord.reports import Details, report


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("accord_report_sample", Path(__file__).with_name("sample.py"))
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def sample() -> ModuleType:
    """The builder of sample assessments."""
    return _load()


@pytest.fixture(scope="session")
def details(sample: ModuleType) -> Details:
    """What a reader wants beside the record: the two frameworks of the sample."""
    return Details(frameworks=sample.frameworks(), inspectors={"fairness.groups": "Fairness between groups"})


@pytest.fixture(scope="session")
def render(details: Details):
    """Render an assessment as a page, as text."""

    def rendered(assessment: Assessment) -> str:
        return report("html").render(assessment, details=details).decode()

    return rendered


@pytest.fixture(scope="session")
def page(sample: ModuleType, render) -> str:
    """The page of the sample."""
    return render(sample.compas())


@pytest.fixture(scope="session")
def hostile_page(sample: ModuleType, render) -> str:
    """The page of the sample with hostile text everywhere."""
    return render(sample.hostile())
