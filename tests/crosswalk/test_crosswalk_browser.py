"""The page of a crosswalk in Chromium: axe finds nothing, nothing is fetched, it fits a phone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from accord.cli import cli

pytestmark = pytest.mark.browser

HERE = Path(__file__).parent
TOOLS = HERE.parent / "browser" / "node_modules"
PAIRS = (("sg-ai-verify", "nist-ai-rmf"), ("nist-ai-rmf", "eu-ai-act"))


def test_axe_finds_nothing_and_nothing_is_fetched(tmp_path: Path) -> None:
    chromium = os.environ.get("ACCORD_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not (chromium and shutil.which("node") and (TOOLS / "axe-core").is_dir()):
        missing = "Chromium, Node.js or axe-core is not installed (`npm ci` in tests/browser)"
        pytest.fail(missing) if os.environ.get("ACCORD_REQUIRE_BROWSER") == "1" else pytest.skip(missing)
    pages = []
    for pair in PAIRS:
        pages.append(str(tmp_path / f"{pair[0]}.html"))
        arguments = ["crosswalk", *pair, "--format", "html", "--out", pages[-1]]
        assert CliRunner().invoke(cli, arguments, standalone_mode=False).exception is None
    ran = subprocess.run(
        ["node", str(HERE / "axe_pages.mjs"), str(chromium), *pages], capture_output=True, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stderr.decode()
    seen = json.loads(ran.stdout)
    assert len(seen) == 2 * len(PAIRS)
    for result in seen:
        assert result["violations"] == []
        assert len(result["requests"]) == 1
        assert result["overflow"] <= 0
