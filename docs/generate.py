"""Write the reference pages from the code: `python docs/generate.py`. A test fails when they are out of date."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import click
import msgspec

from accord import records
from accord.cli import COMMANDS
from accord.frameworks import library
from accord.inspectors.registry import all_inspectors
from accord.measures.catalogue import catalogue

REFERENCE = Path(__file__).parent / "reference"


def commands() -> str:
    """Every command with its help as the command line prints it."""
    lines = ["# Commands", ""]
    for name in COMMANDS:
        command: click.Command = import_module(f"accord.cli.{name}").command
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


def measures() -> str:
    """Every measure of the catalogue."""
    lines = ["# Measures", "", "| measure | unit | definition | formula |", "|---|---|---|---|"]
    lines += [
        f"| `{item.id}` | {item.unit} | {_cell(item.definition)} | {_cell(item.formula)} |"
        for item in catalogue().values()
    ]
    return "\n".join([*lines, ""])


def frameworks() -> str:
    """Every framework with its requirements."""
    lines = ["# Frameworks", ""]
    for framework in library():
        lines += [f"## {framework.id} {framework.version}", "", f"{framework.title}. {framework.issuer}.", ""]
        lines += [f"Source: {framework.source.title}, {framework.source.date}. Status: {framework.status}.", ""]
        lines += ["| requirement | source | in our words | verification |", "|---|---|---|---|"]
        lines += [
            f"| `{r.id}` | {_cell(r.label)} | {_cell(r.title)} | {r.verification or ''} |"
            for r in framework.requirements
        ]
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


PAGES: dict[str, Callable[[], str]] = {
    "commands.md": commands,
    "inspectors.md": inspectors,
    "measures.md": measures,
    "frameworks.md": frameworks,
    "records.md": record_kinds,
}


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def main() -> None:
    """Write every page."""
    REFERENCE.mkdir(exist_ok=True)
    for name, page in PAGES.items():
        (REFERENCE / name).write_text(page().rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
