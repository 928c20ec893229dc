"""Write the reference pages from the code: `python docs/generate.py`. A test fails when they are out of date."""

from __future__ import annotations

import inspect
import sys
from importlib import import_module
from pathlib import Path

import click
import msgspec

from accord import records
from accord.cli import COMMANDS
from accord.cli.translated import spoken
from accord.inspectors.registry import all_inspectors

sys.path.insert(0, str(Path(__file__).parent))  # the pages that have a file of their own
import crosswalk_pages
import framework_pages
import measure_pages

REFERENCE = Path(__file__).parent / "reference"


def commands() -> str:
    """Every command with its help as the command line prints it."""
    lines = ["# Commands", ""]
    for name in COMMANDS:
        command = spoken(import_module(f"accord.cli.{name}").command)
        lines += [f"## accord {name}", "", "```text", _help(command, f"accord {name}"), "```", ""]
        for sub in getattr(command, "commands", {}).values():
            title = f"accord {name} {sub.name}"
            lines += [f"### {title}", "", "```text", _help(sub, title), "```", ""]
    return "\n".join(lines)


def _help(command: click.Command, title: str) -> str:
    # The names of the help option come from the group, which is not here.
    context = click.Context(
        command, info_name=title, max_content_width=100, terminal_width=100, help_option_names=["-h", "--help"]
    )
    return command.get_help(context)


def inspectors() -> str:
    """Every inspector's card, parameters, measures and findings."""
    lines = ["# Inspectors", ""]
    for item in all_inspectors():
        lines += [f"## {item.id}", "", f"{item.title}.", ""]
        for heading, text in item.sections.items():
            lines += [f"**{heading}.** {text}", ""]
        lines += [
            f"Kinds of part: {', '.join(sorted(item.kinds)) or 'the whole system'}. Isolation: {item.isolation}.",
            "",
        ]
        lines += ["Measures: " + ", ".join(f"`{name}`" for name in item.measures) + ".", ""]
        if item.parameters:
            lines += ["Parameters: " + ", ".join(f"`{k}` = {v}" for k, v in item.parameters.items()) + ".", ""]
        if item.rules:
            lines += ["| finding | severity | what it says | what to do |", "|---|---|---|---|"]
            lines += [f"| {r.id} | {r.severity} | {_cell(r.message)} | {_cell(r.remedy)} |" for r in item.rules]
            lines += [""]
    return "\n".join(lines)


def record_kinds() -> str:
    """Every record kind with its fields."""
    lines = ["# Records", "", "JSON names are the field names. Fields marked * have no default.", ""]
    for name in sorted(records.__all__):
        kind = getattr(records, name)
        if not (inspect.isclass(kind) and issubclass(kind, msgspec.Struct)):
            continue
        lines += [f"## {name}", "", inspect.cleandoc(kind.__doc__ or ""), ""]
        fields = msgspec.structs.fields(kind)
        lines += [", ".join(f"`{f.name}`{'*' if f.required else ''}" for f in fields) + ".", ""]
    return "\n".join(lines)


def pages() -> dict[str, str]:
    """Return every page by its path below `reference/`."""
    made = {
        "commands.md": commands(),
        "inspectors.md": inspectors(),
        "records.md": record_kinds(),
        "frameworks.md": framework_pages.index(),
        "measures.md": measure_pages.index(),
        "crosswalks.md": crosswalk_pages.index(),
        **framework_pages.pages(),
        **crosswalk_pages.files(),
        **measure_pages.pages(),
    }
    return {name: text.rstrip() + "\n" for name, text in made.items()}


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def main() -> None:
    """Write every page, and remove those of frameworks and measures that are gone."""
    made = pages()
    for stale in [*REFERENCE.rglob("*.md"), *REFERENCE.rglob("*.svg")]:
        if stale.relative_to(REFERENCE).as_posix() not in made:
            stale.unlink()
    for name, text in made.items():
        (REFERENCE / name).parent.mkdir(parents=True, exist_ok=True)
        (REFERENCE / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
