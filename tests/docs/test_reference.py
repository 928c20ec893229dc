"""The documentation says what the code does: pages are current, links lead somewhere, README tells the truth."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from accord.cli import COMMANDS

ROOT = Path(__file__).parents[2]


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_reference_pages_are_current() -> None:
    expected = _generator().pages()
    folder = ROOT / "docs" / "reference"
    written = {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in folder.rglob("*.*")}
    wrong = [name for name in expected.keys() | written.keys() if expected.get(name) != written.get(name)]
    assert not wrong, "run: python docs/generate.py"


@pytest.mark.parametrize("page", sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]), ids=lambda p: p.name)
def test_links_to_files_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_readme_shows_the_two_commands_first() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    first = re.search(r"```sh\n(.*?)```", text, re.DOTALL)
    assert first is not None
    assert [line.split("#")[0].strip() for line in first[1].strip().splitlines()] == ["make demo", "make test"]


def test_readme_names_only_commands_that_exist() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for command in re.findall(r"`accord ([a-z]+)", text):
        assert command in COMMANDS


def test_readme_help_block_is_the_real_one() -> None:
    from click.testing import CliRunner

    from accord.cli import cli

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"```text\n\$ accord --help\n(.*?)```", text, re.DOTALL)
    assert block is not None
    real = CliRunner().invoke(cli, ["--help"], prog_name="accord", terminal_width=100).output
    assert block[1].strip() == real.strip()


def test_contribution_files_name_no_machine() -> None:
    for path in [*ROOT.glob("*.lock"), *ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        assert not re.search(r"(^|[^A-Za-z0-9_.-])/(root|home)/", path.read_text(encoding="utf-8")), path
