"""The pages of jobs in Chromium: live with JavaScript, by themselves without it; axe finds nothing on any."""

from __future__ import annotations

from pathlib import Path

import pytest

from accord.node.auth import accounts, sessions

pytestmark = pytest.mark.browser
HERE = Path(__file__).parent


def test_a_job_in_a_browser(node, url, table, in_browser, tmp_path):
    (tmp_path / "scores.csv").write_bytes(table(400_000))
    account = accounts.add(node, login="browser", name="B", by="test", roles=["publisher"])
    cookie = [sessions.cookie_name(node), sessions.start(node, account.id)]
    seen = in_browser(HERE / "jobs_in_browser.mjs", url, *cookie, tmp_path / "scores.csv")
    assert seen["violations"] == [] and seen["errors"] == []
    assert seen["overflow"] <= 0 and seen["cancellable"]
    assert seen["sameDocument"]  # the script added it; the page did not come anew
    assert any("measurements" in line for line in seen["live"])
    assert seen["reloads"] >= 1  # without JavaScript it does
