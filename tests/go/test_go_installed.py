"""On a machine without Go, `make soak` installs it and runs the tests beside."""

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.soak
def test_where_go_is_not_it_is_installed_and_all_the_others_pass(missing_go):
    if not missing_go():
        pytest.skip("Go is here: the tests beside run with all others")
    said = subprocess.run(["sh", HERE / "install.sh"], capture_output=True, text=True, check=False).stderr
    if missing_go():
        pytest.skip(f"{missing_go()}: {said.strip()}")
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", "-m", "not soak", HERE], cwd=HERE.parents[1], check=True
    )
