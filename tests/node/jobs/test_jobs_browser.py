"""The pages of jobs in Chromium: live with JavaScript, by themselves without it; axe finds nothing on any."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from accord.node.auth import accounts, sessions

pytestmark = pytest.mark.browser
HERE = Path(__file__).parent
TOOLS = HERE.parents[1] / "browser" / "node_modules"


def test_a_job_in_a_browser(node, url, table, tmp_path):
    chromium = os.environ.get("ACCORD_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not (chromium and shutil.which("node") and (TOOLS / "axe-core").is_dir()):
        missing = "Chromium, Node.js or axe-core is not installed (`npm ci` in tests/browser)"
        pytest.fail(missing) if os.environ.get("ACCORD_REQUIRE_BROWSER") == "1" else pytest.skip(missing)
    (tmp_path / "scores.csv").write_bytes(table(1_500_000))
    account = accounts.add(node, login="browser", name="B", by="test", roles=["publisher"])
    cookie = [sessions.cookie_name(node), sessions.start(node, account.id)]
    command = ["node", str(HERE / "jobs_in_browser.mjs"), str(chromium), url, *cookie, str(tmp_path / "scores.csv")]
    ran = subprocess.run(command, capture_output=True, timeout=240, check=False)
    assert ran.returncode == 0, ran.stderr.decode()
    seen = json.loads(ran.stdout)
    assert seen["violations"] == [] and seen["errors"] == []
    assert seen["overflow"] <= 0 and seen["cancellable"]
    assert seen["sameDocument"]  # the script added it; the page did not come anew
    assert any("measurements" in line for line in seen["live"])
    assert seen["reloads"] >= 1  # without JavaScript it does
