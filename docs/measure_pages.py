"""A page a measure: what it is, who measures it, who asks for it, what moves it."""

from __future__ import annotations

from collections.abc import Iterator

from framework_pages import cell, measures_in

from accord.frameworks import library
from accord.frameworks.comparing import shown
from accord.inspectors.registry import all_inspectors
from accord.measures.catalogue import catalogue
from accord.measures.measure import Measure


def index() -> str:
    """Every measure of the catalogue on one page."""
    asked = _asked()
    lines = [
        "# Measures",
        "",
        "The common language of inspectors and frameworks: the same number serves every text that asks for it.",
        "",
        "| measure | unit | definition | points that ask for it |",
        "|---|---|---|---|",
    ]
    for item in catalogue().values():
        points = len(asked.get(item.id, []))
        lines.append(f"| [`{item.id}`](measures/{item.id}.md) | {item.unit} | {cell(item.definition)} | {points} |")
    return "\n".join([*lines, ""])


def pages() -> dict[str, str]:
    """Return the page of each measure by its file name."""
    asked = _asked()
    by = {item.id: [i.id for i in all_inspectors() if item.id in i.measures] for item in catalogue().values()}
    return {
        f"measures/{item.id}.md": "\n".join(_page(item, by[item.id], asked.get(item.id, [])))
        for item in catalogue().values()
    }


def _asked() -> dict[str, list[str]]:
    """Return, by measure, a row of a table for each point whose rules ask for it."""
    found: dict[str, dict[str, None]] = {}
    for framework in library():
        for item in framework.requirements:
            for rule in measures_in(item.rules):
                limit = f"{rule.op} {shown(rule.threshold)}" if rule.threshold is not None else "states none"
                row = (
                    f"| [{cell(framework.title)}](../frameworks/{framework.id}.md) | {cell(item.label)} "
                    f"| {cell(item.title)} | {_where(rule.where)} | {limit} |"
                )
                found.setdefault(rule.measure or "", {})[row] = None
    return {measure: list(rows) for measure, rows in found.items()}


def _where(where: dict[str, str]) -> str:
    return ", ".join(f"{name}: {'whole population' if value == '' else value}" for name, value in where.items())


def _page(item: Measure, inspectors: list[str], asked: list[str]) -> Iterator[str]:
    dimensions = [", ".join(names) if names else "the whole" for names in item.dimensions]
    links = ", ".join(f"[`{name}`](../inspectors.md#{name.replace('.', '')})" for name in inspectors)
    yield from (f"# {item.title}", "", f"`{item.id}`. {' '.join(item.definition.split())}", "")
    yield f"- Formula: {' '.join(item.formula.split())}"
    yield f"- Unit: {item.unit or 'none'}"
    yield f"- Direction: {item.direction.replace('_', ' ')}"
    yield f"- By: {'; '.join(dimensions)}"
    yield f"- Source: {_source(item)}"
    yield from (f"- Measured by: {links or 'no inspector that is installed'}", "", "## Who asks for it", "")
    if asked:
        yield from ("| framework | source | point | of | threshold |", "|---|---|---|---|---|", *asked, "")
    else:
        yield from ("No point of the library has a rule on it.", "")


def _source(item: Measure) -> str:
    where = f", {item.source.where}" if item.source.where else ""
    return f"[{item.source.title}]({item.source.uri}){where}" if item.source.uri else f"{item.source.title}{where}"
