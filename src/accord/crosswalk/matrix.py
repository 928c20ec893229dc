"""The picture of a crosswalk: a matrix of groups by groups, as SVG, and a page with the same in a table.

Each cell shows by a sign, not by colour alone, the relation that carries most of all links between two groups; its
tooltip counts them. The SVG bears a title and a description and no script.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..frameworks import load
from ..frameworks.judging import points_to_judge
from ..i18n import _, current_language, direction, ngettext
from ..records import DISCLAIMER, Framework
from ..records.crosswalk import RELATIONS, STANDINGS, Crosswalk, Relation
from .references import Tree
from .relations import SIGNS, strength
from .walking import between

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES = Path(__file__).parent / "templates"
_HOUSE_STYLE = Path(__file__).parents[1] / "reports" / "html" / "templates"
MATRIX_STYLE = _TEMPLATES / "matrix.css"
"""The style of the drawing, for a page that serves it as a file."""
_MOST_BANDS = 40
_CELL = 26
_LETTER = 7.2
_LONGEST_LABEL = 28

Shown = Callable[[str], str]
"""How a text from outside becomes one that steers nobody's display."""


@dataclass(frozen=True, slots=True)
class Band:
    """A row or column: where it lies in pixels, its short label, its whole name."""

    at: int
    label: str
    name: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A relation between two bands: where, its sign, and what the tooltip says."""

    x: int
    y: int
    relation: Relation
    sign: str
    name: str


@dataclass(frozen=True, slots=True)
class Matrix:
    """All that the templates draw; sizes in pixels."""

    title: str
    description: str
    width: int
    height: int
    left: int
    top: int
    cell: int
    rows: tuple[Band, ...]
    columns: tuple[Band, ...]
    cells: tuple[Cell, ...]
    legend: tuple[tuple[Relation, str, str], ...]


def crosswalk_matrix_svg(subject: str | Path | Framework, object_: str | Path | Framework) -> str:
    """Return the matrix of two frameworks as a self-contained SVG document. Errors as for `between`."""
    first, second = (found if isinstance(found, Framework) else load(found) for found in (subject, object_))
    return matrix_svg(between(first, second), first, second)


def matrix_svg(crosswalk: Crosswalk, first: Framework, second: Framework, *, shown: Shown = str) -> str:
    """Return the matrix of a crosswalk as a self-contained SVG document."""
    return str(_environment(shown).get_template("matrix.svg.j2").render(matrix=matrix(crosswalk, first, second)))


def page(crosswalk: Crosswalk, first: Framework, second: Framework, *, shown: Shown = str) -> str:
    """Return a page without script that shows the matrix, and beside it the same in a table."""
    environment = _environment(shown)
    style = environment.get_template("page.css.j2").render()
    return str(
        environment.get_template("crosswalk.html.j2").render(
            **_all_shown(crosswalk, first, second),
            language=current_language(),
            direction=direction(),
            style_digest=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        )
    )


def sections(crosswalk: Crosswalk, first: Framework, second: Framework, *, shown: Shown = str) -> str:
    """Return the sections of that page, for one with a frame and styles (`MATRIX_STYLE`) of its own."""
    template = _environment(shown).get_template("sections.html.j2")
    return str(template.render(**_all_shown(crosswalk, first, second)))


def _all_shown(crosswalk: Crosswalk, first: Framework, second: Framework) -> dict[str, Any]:
    return {
        "crosswalk": crosswalk,
        "first": first,
        "second": second,
        "matrix": matrix(crosswalk, first, second),
        "counts": {name: sum(c.standing == name for c in crosswalk.crossings) for name in STANDINGS},
        "standings": standing_words(),
        "outcomes": outcome_words(),
        "relations": relation_words(),
        "signs": SIGNS,
        "disclaimer": _(DISCLAIMER),
    }


def relation_words() -> dict[Relation, str]:
    """Return what each relation of a to b says, in the language in use."""
    return {
        "equal": _("asks for the same, in the same words"),
        "equivalent": _("asks for the same, in other words"),
        "subset": _("is a part of what is asked here"),
        "superset": _("asks for all that is asked here, and more"),
        "intersects": _("overlaps with what is asked here"),
        "none": _("has nothing in common with it"),
    }


def standing_words() -> dict[str, str]:
    """Return what each standing says, in the language in use."""
    return {
        "carried": _("carries over"),
        "part": _("carries over in part"),
        "touched": _("only overlaps, so nothing carries over"),
        "none": _("no relation is known"),
    }


def outcome_words() -> dict[str, str]:
    """Return what each outcome says, in the language in use."""
    return {
        "shown": _("shown already"),
        "part_shown": _("shown in part"),
        "not_met": _("not met"),
        "open": _("open"),
    }


def matrix(crosswalk: Crosswalk, first: Framework, second: Framework) -> Matrix:
    """Lay out the matrix: rows of the first framework's groups, columns of the second's."""
    linked = {link.subject for crossing in crosswalk.crossings for link in crossing.links}
    crossed = {crossing.requirement for crossing in crosswalk.crossings if crossing.links}
    rows, columns = _bands(first, linked), _bands(second, crossed)
    row_of, column_of = _homes(first, rows), _homes(second, columns)
    found: dict[tuple[str, str], list[Relation]] = {}
    for crossing in crosswalk.crossings:
        for link in crossing.links:
            if link.subject in row_of and crossing.requirement in column_of:
                found.setdefault((row_of[link.subject], column_of[crossing.requirement]), []).append(link.relation)
    trees = Tree(first).requirements, Tree(second).requirements
    left, top = (
        round(_LETTER * max((min(len(tree[name].label), _LONGEST_LABEL) for name in names), default=1)) + 16
        for tree, names in zip(trees, (rows, columns), strict=True)
    )
    words = relation_words()
    at_row = {name: top + _CELL * number for number, name in enumerate(rows)}
    at_column = {name: left + _CELL * number for number, name in enumerate(columns)}
    cells = []
    for (row, column), relations in sorted(found.items(), key=lambda item: (at_row[item[0][0]], at_column[item[0][1]])):
        best = min(relations, key=strength)
        count = ngettext("{n} link", "{n} links", len(relations)).format(n=len(relations))
        name = f"{trees[0][row].label} – {trees[1][column].label}: {words[best]} ({count})"
        cells.append(Cell(at_column[column], at_row[row], best, SIGNS[best], name))
    used = [relation for relation in RELATIONS if any(cell.relation == relation for cell in cells)]
    return Matrix(
        title=_("Crosswalk from {first} to {second}").format(first=first.title, second=second.title),
        description=_(
            "{rows} rows are groups of {first}, {columns} columns groups of {second}; {cells} cells hold a relation, "
            "each the one of its links that carries most. Of a large framework only groups with a link are drawn."
        ).format(rows=len(rows), first=first.id, columns=len(columns), second=second.id, cells=len(cells)),
        width=max(left + _CELL * len(columns), 460) + 8,
        height=top + _CELL * len(rows) + 24 * (len(used) + 1),
        left=left,
        top=top,
        cell=_CELL,
        rows=tuple(Band(at_row[name], _short(trees[0][name].label), _name(trees[0], name)) for name in rows),
        columns=tuple(Band(at_column[name], _short(trees[1][name].label), _name(trees[1], name)) for name in columns),
        cells=tuple(cells),
        legend=tuple((relation, SIGNS[relation], words[relation]) for relation in used),
    )


def _name(requirements: dict[str, Any], reference: str) -> str:
    return f"{requirements[reference].label}: {requirements[reference].title}"


def _short(label: str) -> str:
    """Cut a long label in its middle: what tells it from its neighbours is mostly its end."""
    half = _LONGEST_LABEL // 2
    return label if len(label) <= _LONGEST_LABEL else f"{label[: half - 1]}…{label[-half:]}"


def _bands(framework: Framework, linked: Container[str]) -> tuple[str, ...]:
    """Return the deepest groups of a framework that are few enough to be drawn, in its order.

    Where all of them are too many, those without a linked requirement are left out.
    """
    tree = Tree(framework)
    lines = [_line(tree, f"{framework.id}#{point.id}") for point in points_to_judge(framework)]
    lines += [_line(tree, reference) for reference in tree.requirements if reference in linked]
    used = [line for line in lines if line[-1] in linked]
    deepest = max((len(line) for line in lines), default=1)
    for drawn in (lines, used or lines):
        for depth in range(max(deepest - 2, 0), 0, -1):
            bands = {line[min(depth, len(line) - 1)] for line in drawn}
            if len(bands) <= _MOST_BANDS:
                return tuple(reference for reference in tree.requirements if reference in bands)
    outermost = {line[0] for line in used or lines}
    return tuple(reference for reference in tree.requirements if reference in outermost)


def _line(tree: Tree, reference: str) -> tuple[str, ...]:
    """Return a requirement's groups from the outermost in, then itself."""
    return (*reversed(tuple(tree.above(reference))), reference)


def _homes(framework: Framework, bands: Iterable[str]) -> dict[str, str]:
    """Return the band that each requirement lies in; what lies above all bands has none."""
    tree, wanted = Tree(framework), frozenset(bands)
    homes = {}
    for reference in tree.requirements:
        home = next((name for name in (reference, *tree.above(reference)) if name in wanted), None)
        if home is not None:
            homes[reference] = home
    return homes


@lru_cache(maxsize=4)
def _environment(shown: Shown) -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader([_TEMPLATES, _HOUSE_STYLE]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: shown(value) if type(value) is str else value,
    )
    environment.globals.update(_=_, ngettext=ngettext)
    return environment
