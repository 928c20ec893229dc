"""Kept frameworks: the same as from YAML, found by content, and never believed when they are damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from accord.frameworks import compiled as module
from accord.frameworks.compiled import compiled
from accord.frameworks.loading import LIBRARY, library_ids, parse
from accord.frameworks.mistakes import InvalidFramework
from accord.records import Framework


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ACCORD_HOME", str(tmp_path))
    return tmp_path / "cache" / "frameworks"


class Counting:
    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, data: bytes) -> Framework:
        self.calls += 1
        return parse(data)


@pytest.mark.parametrize("name", library_ids())
def test_what_is_kept_equals_what_was_read(home: Path, name: str):
    data = (LIBRARY / f"{name}.yaml").read_bytes()
    read = Counting()
    first, second = compiled(data, read), compiled(data, read)
    assert first == second == parse(data)
    assert read.calls == 1


def test_other_bytes_are_read_anew(home: Path):
    data = (LIBRARY / "action-plan.yaml").read_bytes()
    read = Counting()
    compiled(data, read)
    compiled(data + b"\n# a word more\n", read)
    assert read.calls == 2


def test_a_change_of_the_rules_makes_what_is_kept_worthless(home: Path, monkeypatch: pytest.MonkeyPatch):
    data = (LIBRARY / "action-plan.yaml").read_bytes()
    read = Counting()
    compiled(data, read)
    monkeypatch.setattr(module, "_stamp", lambda: "another")
    compiled(data, read)
    assert read.calls == 2


@pytest.mark.parametrize("damage", [b"", b"x" * 40, None])
def test_damage_is_noticed_and_mended(home: Path, damage: bytes | None):
    data = (LIBRARY / "action-plan.yaml").read_bytes()
    read = Counting()
    right = compiled(data, read)
    (kept,) = home.rglob("*.msgpack")
    whole = kept.read_bytes()
    kept.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]) if damage is None else damage)
    assert compiled(data, read) == right
    assert read.calls == 2
    assert kept.read_bytes() == whole


def test_a_framework_with_mistakes_is_never_kept(home: Path):
    for _ in range(2):
        with pytest.raises(InvalidFramework):
            compiled(b"id: x", parse)
    assert not list(home.rglob("*.msgpack"))


def test_a_cache_that_can_not_be_written_costs_nothing_but_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "cache").write_text("a file where the folder should be")
    monkeypatch.setenv("ACCORD_HOME", str(tmp_path))
    data = (LIBRARY / "action-plan.yaml").read_bytes()
    assert compiled(data, parse) == parse(data)
