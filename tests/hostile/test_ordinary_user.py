"""The same as somebody who is not root: with rights of their own, and none to anybody else's files."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

import accord as package

NOBODY = 65534
TABLE = b"a,b\n" + b"1,2\n" * 40


def reachable(path: Path) -> bool:
    """Whether everybody may enter every folder on the way, and read what is there."""
    return all(parent.stat().st_mode & 0o005 == 0o005 for parent in (path, *path.parents) if parent.is_dir())


@pytest.fixture
def as_nobody(accord: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Run accord as user 65534, under an interpreter that this user may start."""
    if os.getuid() != 0:
        pytest.skip("only root can become another user; as an ordinary user all other tests do this anyway")
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv (util-linux) is not installed")
    source, installed = Path(package.__file__).parents[1], Path(os.__file__).parent
    places = [Path(entry) for entry in sys.path if entry.endswith("site-packages")]
    for place in (source, *places):
        if not reachable(place):
            pytest.skip(f"user {NOBODY} may not enter {place}")
    wanted = f"python{sys.version_info.major}.{sys.version_info.minor}"
    candidates = [Path(sys.executable).resolve(), Path("/usr/bin") / wanted, Path("/usr/local/bin") / wanted]
    found = [path for path in candidates if path.exists() and reachable(path.parent)]
    if not found or (found[0] == candidates[0] and not reachable(installed)):
        pytest.skip(f"there is no {wanted} that user {NOBODY} may start")
    boot = f"import sys; sys.path[:0] = {[str(source), *map(str, places)]!r}; from accord.cli import main; main()"
    become = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    home = tmp_path_factory.mktemp("nobody")
    for folder in (home, *home.parents):
        if folder.name.startswith(("pytest-", "popen-")):
            folder.chmod(folder.stat().st_mode | 0o011)
    home.chmod(0o777)

    def run(*arguments: str) -> Any:
        return accord(*arguments, program=(*become, str(found[0]), "-c", boot), home=home, cwd=home), home

    return run


def test_an_ordinary_user_assesses_and_verifies(as_nobody: Any, models: Any) -> None:
    _, home = as_nobody("--help")
    target = home / "target"
    target.mkdir(mode=0o755)
    (target / "table.csv").write_bytes(TABLE)
    (target / "model.pkl").write_bytes(models.system_pickle(str(home / "sprung")))
    ran, _ = as_nobody("assess", str(target), "--out", str(home / "report"), "--json")
    assert ran.status == 0, ran.err
    assert {item["status"] for item in ran.record["evidence"] if item["inspector"] == "data.profile"} == {"measured"}
    assert "MOD-002" in {finding["rule"] for item in ran.record["evidence"] for finding in item["findings"]}
    granted = {word for item in ran.record["evidence"] for word in item["isolation"]["granted"]}
    assert "seccomp" in granted
    assert (home / "report").stat().st_uid == NOBODY
    assert not (home / "sprung").exists()
    verified, _ = as_nobody("verify", str(home / "report"))
    assert verified.status == 0, verified.err


def test_what_an_ordinary_user_may_not_read_is_named(as_nobody: Any) -> None:
    _, home = as_nobody("--help")
    target = home / "closed"
    target.mkdir(mode=0o755)
    (target / "table.csv").write_bytes(TABLE)
    (target / "secret.pkl").write_bytes(b"\x80\x04N.")
    (target / "secret.pkl").chmod(0o600)
    ran, _ = as_nobody("assess", str(target), "--out", str(home / "none"))
    assert ran.status == 2
    assert "secret.pkl" in ran.err
    assert "Permission denied" in ran.err
