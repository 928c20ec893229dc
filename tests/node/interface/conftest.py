"""The world of these tests, running: a node with statements of every kind at every level."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.node.interface.every_kind import LEVELS, TAGS, marker
from tests.node.interface.world import let_in, make_world


@pytest.fixture(scope="session")
def reports(make_report: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A sealed report for each level, with its words in the card and, as a group of people, in what was measured."""
    found = {}
    for tag in (*LEVELS, "erased"):
        word = marker(tag, "assessment")
        rows = "".join(f"{marker(tag, 'evidence')},{9000 + n},{n % 2},{n // 2 % 2}\n" for n in range(80))
        system = f'purpose = "{word}"\nprovider = "{word}"\nsector = "{word}"\nversion = "{word}"\n'
        # What was judged by is offered to who searches: of what is withheld it is another framework.
        frameworks = ("nist-ai-rmf", "owasp-llm-top10") if tag == "none" else ("nist-ai-rmf",)
        found[tag] = make_report(tmp_path_factory.mktemp(tag), rows=rows, system=system, frameworks=frameworks)
    return found


@pytest.fixture(scope="session")
def open_world(reports: dict[str, Path], running: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """open_world(*tags): a world with these, running, with a client for everybody."""

    @contextmanager
    def opened(*tags: str) -> Any:
        made = make_world(tmp_path_factory.mktemp("world"), reports)
        for tag in tags:
            made.add(tag)
        with made.node, running(made.node) as url:
            let_in(made, url)
            yield made
            for item in made.clients.values():
                item.close()

    return opened


@pytest.fixture(scope="session")
def whole(open_world: Any) -> Any:
    """The whole world, for tests that only read."""
    with open_world(*TAGS) as made:
        yield made


@pytest.fixture(scope="module")
def world(open_world: Any) -> Any:
    """A world with what is public, for a file of tests of its own."""
    with open_world("public") as made:
        yield made
