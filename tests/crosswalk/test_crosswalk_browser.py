"""The page of a crosswalk in Chromium: axe finds nothing, nothing is fetched, it fits a phone."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from accord.cli import cli

pytestmark = pytest.mark.browser

HERE = Path(__file__).parent
PAIRS = (("sg-ai-verify", "nist-ai-rmf"), ("nist-ai-rmf", "eu-ai-act"))


def test_axe_finds_nothing_and_nothing_is_fetched(in_browser, tmp_path: Path) -> None:
    pages = []
    for pair in PAIRS:
        pages.append(str(tmp_path / f"{pair[0]}.html"))
        arguments = ["crosswalk", *pair, "--format", "html", "--out", pages[-1]]
        assert CliRunner().invoke(cli, arguments, standalone_mode=False).exception is None
    seen = in_browser(HERE / "axe_pages.mjs", *pages)
    assert len(seen) == 2 * len(PAIRS)
    for result in seen:
        assert result["violations"] == []
        assert len(result["requests"]) == 1
        assert result["overflow"] <= 0
