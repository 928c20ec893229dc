"""The blocks of a page run as they stand, one after the other, in an empty folder."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("page", ["assess.md", "many-laws.md", "node.md"])
def test_page_runs(page: str, tmp_path: Path) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    assert len(blocks) > 3
    home = tmp_path / "home"
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    work = tmp_path / "work"
    work.mkdir()
    for block in blocks:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block],
            cwd=work,
            env={**os.environ, "ACCORD_HOME": str(home), "PATH": path},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, f"{block}\n{done.stdout}{done.stderr}"
    record = json.loads((work / "accord-report" / "assessment.json").read_bytes())
    assert {item["status"] for item in record["evidence"] if item["inspector"] == "fairness.groups"} == {"measured"}
