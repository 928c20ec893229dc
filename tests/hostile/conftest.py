"""The real command line against hostile input: a trap that nothing may spring, and a run that is watched."""

from __future__ import annotations

import importlib.util
import json
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

MOST_BYTES = 1 << 30
MOST_SECONDS = 60.0


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"accord_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def models() -> ModuleType:
    """The builders of hostile model files."""
    return _load("hostile_models")


@pytest.fixture(scope="session")
def tables() -> ModuleType:
    """The builders of hostile tables."""
    return _load("hostile_tables")


@pytest.fixture(scope="session")
def disguises() -> dict[str, bytes]:
    """Pickles that look like something else."""
    found: dict[str, bytes] = _load("disguises").disguised()
    return found


@dataclass(frozen=True)
class Trap:
    """A file that hostile input would make, and a port that it would call."""

    file: Path
    port: int
    listener: socket.socket

    def sprung(self) -> bool:
        """Whether something ran: the file is there, or somebody called."""
        try:
            self.listener.accept()[0].close()
        except BlockingIOError:
            return self.file.exists()
        return True


@pytest.fixture
def trap(tmp_path: Path) -> Iterator[Trap]:
    """A trap; the test fails if anything sprang it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        set_up = Trap(tmp_path / "sprung", listener.getsockname()[1], listener)
        yield set_up
        assert not set_up.sprung(), "something of the target was executed, or an address of it was called"


@dataclass(frozen=True)
class Ran:
    """A run that kept to its bounds. `record` is what --json printed, None where there is none."""

    status: int
    err: str
    record: Any
    seconds: float
    peak_bytes: int
    report: Path

    def evidence(self) -> dict[str, list[dict[str, Any]]]:
        """The evidence of each part, by the part's path."""
        paths = {part["digest"]: part["path"] for part in self.record["subject"]["parts"]}
        found: dict[str, list[dict[str, Any]]] = {}
        for item in self.record["evidence"]:
            found.setdefault(paths.get(item["subject"], ""), []).append(item)
        return found

    def rules(self, path: str = "") -> set[str]:
        """The rules of all findings of a part."""
        return {finding["rule"] for item in self.evidence().get(path, []) for finding in item["findings"]}


Accord = Callable[..., Ran]


@pytest.fixture(scope="session")
def accord(tmp_path_factory: pytest.TempPathFactory) -> Accord:
    """Run `accord` on hostile input, and hold it to what holds for any input whatever."""
    run_watched = _load("watched_run").run_watched
    own_home = tmp_path_factory.mktemp("home")

    def run(
        *arguments: str | bytes, most_seconds: float = MOST_SECONDS, system_errors: bool = False, **options: Any
    ) -> Ran:
        work = options.pop("cwd", None) or tmp_path_factory.mktemp("work")
        ran = run_watched(arguments, home=options.pop("home", own_home), cwd=work, seconds=most_seconds, **options)
        err = ran.err.decode("utf-8", "backslashreplace")
        assert not ran.timed_out, f"still running after {most_seconds} s: {err}"
        assert ran.status in (0, 1, 2, 3), f"ended with {ran.status}: {err}"
        assert "Traceback" not in err
        assert system_errors or "system-error" not in err, err
        assert ran.peak_bytes < MOST_BYTES, f"{ran.peak_bytes >> 20} MiB"
        record = json.loads(ran.out) if ran.out.startswith(b"{") else None
        if record is not None and "evidence" in record:
            for item in record["evidence"]:  # an inspector answers with a record, whatever it reads
                assert "inspector-failed" not in item["detail"], (item["inspector"], item["detail"])
                assert "child-died" not in item["detail"], (item["inspector"], item["detail"])
        leftovers = [path.name for path in work.iterdir() if path.name.startswith("accord-")]
        assert set(leftovers) <= {"accord-report"}, leftovers
        return Ran(ran.status, err, record, ran.seconds, ran.peak_bytes, work / "accord-report")

    return run


@pytest.fixture(scope="session")
def assess(accord: Accord) -> Accord:
    """Run `accord assess TARGET --json`, without what earlier runs kept."""

    def run(target: str | bytes | Path, *options: str, **more: Any) -> Ran:
        name = str(target) if isinstance(target, Path) else target
        return accord("assess", name, "--json", "--fresh", *options, **more)

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Callable[[dict[str, bytes]], Path]:
    """Write files by name into a folder."""

    def write(files: dict[str, bytes], name: str = "target") -> Path:
        root = tmp_path / name
        root.mkdir(exist_ok=True)
        for path, content in files.items():
            (root / path).write_bytes(content)
        return root

    return write
