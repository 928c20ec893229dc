"""A framework out of a table: a row a requirement, and every mistake at once with its row and column.

Headers may be written in any of the usual ways; `ref_id, name, description, depth`, the form of other tools, is read
too. A row without an id adds one more rule to the requirement above it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, get_args

import msgspec

from ..records import Framework, Value
from ..records.framework import Op
from .mistakes import InvalidFramework, Mistake, structural_mistakes
from .spreadsheets import Cell, Row, read_rows
from .validation import IDS_AND_TITLES_ONLY, mistakes_in

COLUMNS: dict[str, tuple[str, ...]] = {
    "id": ("id", "ref_id", "identifier", "requirement_id", "control_id", "key"),
    "label": ("label", "citation", "clause", "article", "section", "reference", "ref"),
    "title": ("title", "name", "requirement", "short_title"),
    "description": ("description", "text"),
    "parent": ("parent", "parent_id", "group"),
    "depth": ("depth", "level"),
    "addressee": ("addressee", "who", "role"),
    "applies_from": ("applies_from", "from", "date"),
    "verification": ("verification", "shown_by"),
    "documents": ("documents", "document"),
    "question": ("question", "questions"),
    "note": ("note", "notes", "comment"),
    "see": ("see", "see_also"),
    "read": ("read",),
    "measure": ("measure", "metric"),
    "where": ("where", "dimensions"),
    "over": ("over",),
    "op": ("op", "operator"),
    "threshold": ("threshold", "limit", "value"),
    "threshold_source": ("threshold_source", "source_of_threshold"),
}
"""The columns, and the headers by which each is known (in lower case, words joined by "_")."""

_NAMES = {known: column for column, names in COLUMNS.items() for known in names}
_LISTS = ("documents", "see")
_TEXTS = ("addressee", "applies_from", "verification", "question", "note", "read")
_CHOICES: dict[str, tuple[str, ...]] = {
    "verification": ("measured", "documented", "judged", "not_testable"),
    "op": get_args(Op),
    "over": ("all", "any", "worst"),
}
_RULE = ("measure", "where", "over", "op", "threshold", "threshold_source")
_SIGNS = {"≤": "<=", "≥": ">=", "=": "==", "equals": "=="}
_NUMBER = re.compile(r"[-+]?[0-9]{1,15}(?:\.[0-9]{1,15})?(?:[eE][-+]?[0-9]{1,2})?\Z")
_PLACE = re.compile(r"requirements\[([0-9]+)\](?:\.(rules)\[([0-9]+)\])?\.?([a-z_]*)")


def as_id(text: str) -> str:
    """Return the id that stands for how a source cites a point: "GOVERN 1.1" is govern_1.1, "Art. 10(2)(f)" art_10_2_f.

    It is empty if nothing of the text can stand in an id.
    """
    plain = re.sub(r"[^a-z0-9._-]+", "_", text.strip().lower())
    return re.sub(r"[._-]{2,}", "_", plain).strip("._-")


@dataclass(slots=True)
class TableImport:
    """What came of a table: the framework, and how many questions had to be made up because the table has none."""

    framework: Framework
    questions_made: int
    ignored: tuple[str, ...]


@dataclass(slots=True)
class _Table:
    """The table while it is read: what each requirement says, and where."""

    requirements: list[dict[str, Any]] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    rule_rows: list[list[int]] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    mistakes: list[tuple[int, Mistake]] = field(default_factory=list)

    def wrong(self, row: int, column: str, message: str, remedy: str) -> None:
        self.mistakes.append((row, Mistake(f"row {row}, column {column}", message, remedy)))


def import_table(data: bytes, header: Mapping[str, Any], *, name: str) -> TableImport:
    """Make a framework from the bytes of a CSV or XLSX file and the fields of its header (`id`, `title`, `source` …).

    Raises InvalidFramework with every mistake by row and column; MalformedInput or LimitExceeded if it isn't a table.
    """
    rows = read_rows(data, name=name)
    if not rows:
        raise InvalidFramework(name, (Mistake("row 1", "the table is empty", "Add a row of headers."),))
    columns, ignored = _headers(rows[0], name)
    table = _Table()
    depths: list[tuple[int, str]] = []
    for number, cells in rows[1:]:
        _read(table, number, _by_column(columns, cells), depths)
    _resolve_parents(table)
    made = _fill_in(table, restricted=header.get("text_licence") == IDS_AND_TITLES_ONLY)
    return TableImport(_build(table, header, name), made, ignored)


def _headers(row: Row, name: str) -> tuple[dict[int, str], tuple[str, ...]]:
    columns: dict[int, str] = {}
    ignored: list[str] = []
    mistakes: list[Mistake] = []
    for position, cell in enumerate(row[1]):
        written = re.sub(r"[^a-z0-9]+", "_", cell.text.strip().lower()).strip("_")
        column = _NAMES.get(written)
        if column is None:
            ignored += [cell.text.strip()] if cell.text.strip() else []
        elif column in columns.values():
            mistakes.append(Mistake(f"row {row[0]}, column {cell.text}", f"a second {column}", "Keep one of them."))
        else:
            columns[position] = column
    if "id" not in columns.values() and "label" not in columns.values():
        mistakes.append(Mistake(f"row {row[0]}", "there is no column `id`", f"Name one: {', '.join(COLUMNS)}."))
    if "title" not in columns.values() and "description" not in columns.values():
        mistakes.append(Mistake(f"row {row[0]}", "there is no column `title`", f"Name one: {', '.join(COLUMNS)}."))
    if mistakes:
        raise InvalidFramework(name, tuple(mistakes))
    return columns, tuple(ignored)


def _by_column(columns: Mapping[int, str], cells: Sequence[Cell]) -> dict[str, Cell]:
    found = {name: cells[position] for position, name in columns.items() if position < len(cells)}
    return {name: Cell(_text(cell), cell.number) for name, cell in found.items() if _text(cell)}


def _text(cell: Cell) -> str:
    """Return a cell's text without the apostrophe that keeps a spreadsheet from reading it as a formula."""
    return re.sub(r"\A'(?=[-=+@])", "", cell.text.strip())


def _read(table: _Table, row: int, cells: Mapping[str, Cell], depths: list[tuple[int, str]]) -> None:
    said = {name: cell.text for name, cell in cells.items()}
    rule = _rule(table, row, cells)
    if "id" not in said and "label" not in said and not said.keys() - set(_RULE):
        if not table.requirements:
            table.wrong(row, "id", "a rule without a requirement above it", "Fill in the id.")
        elif rule:
            table.requirements[-1].setdefault("rules", []).append(rule)
            table.rule_rows[-1].append(row)
        return
    for name in ("id", "parent"):
        if name in cells and cells[name].number and not cells[name].text.isdecimal():
            table.wrong(row, name, f"{said[name][:20]} is a number, so 4.10 would be 4.1", "Format the column as text.")
    written = said.get("id", said.get("label", ""))
    requirement: dict[str, Any] = {
        "id": as_id(written) if written else "",
        "label": said.get("label", written),
        "title": said.get("title", said.get("description", "")),
    }
    if not requirement["id"]:
        table.wrong(row, "id", f"{written[:40]!r} gives no id", "Give the row an id, or a label to make one from.")
        requirement.update(id=f"row_{row}", label=requirement["label"] or "-")
    if "title" in said and "description" in said and "note" not in said:
        requirement["note"] = said["description"]
    requirement |= {name: said[name] for name in _TEXTS if name in said and _is_known(table, row, name, said[name])}
    if "applies_from" in cells and cells["applies_from"].number:
        requirement["applies_from"] = _day(said["applies_from"])
    for name in _LISTS:
        if name in said:
            requirement[name] = [entry.strip() for entry in re.split(r"[;,|\n]", said[name]) if entry.strip()]
    if "parent" in said:
        requirement["parent"] = said["parent"]
    elif "depth" in said:
        _nest(table, row, said["depth"], requirement, depths)
    if rule:
        requirement["rules"] = [rule]
    table.requirements.append(requirement)
    table.written.append(written)
    table.rows.append(row)
    table.rule_rows.append([row] if rule else [])


def _nest(table: _Table, row: int, depth: str, requirement: dict[str, Any], depths: list[tuple[int, str]]) -> None:
    """Find the parent of a row by its depth: the last row above that is less deep."""
    if not depth.isdecimal() or not 1 <= int(depth[:4]) <= 50:
        table.wrong(row, "depth", f"{depth[:20]!r} isn't a depth", "Write 1 for the topmost rows, 2 below them.")
        return
    level = int(depth)
    while depths and depths[-1][0] >= level:
        depths.pop()
    if depths:
        requirement["parent"] = depths[-1][1]
    if level > (depths[-1][0] if depths else 0) + 1:
        table.wrong(row, "depth", f"{level} comes without a row of depth {level - 1}", "Add the row between them.")
    depths.append((level, requirement["id"]))


def _rule(table: _Table, row: int, cells: Mapping[str, Cell]) -> dict[str, Any]:
    said = {name: cells[name].text for name in _RULE if name in cells}
    if not said:
        return {}
    if "measure" not in said:
        table.wrong(row, "measure", f"{next(iter(said))} without a measure", "See `accord measures`.")
        return {}
    rule: dict[str, Any] = dict(said)
    rule["op"] = _SIGNS.get(said.get("op", ""), said.get("op", "exists"))
    for name in ("op", "over"):
        if name in rule and not _is_known(table, row, name, rule[name]):
            del rule[name]
    if "threshold" in said:
        rule["threshold"] = _value(said["threshold"], rule.get("op", "exists"))
    if "where" in said:
        pairs = [entry.partition("=") for entry in re.split(r"[;,\n]", said["where"]) if entry.strip()]
        if any(not sign or not key.strip() for key, sign, _value in pairs):
            table.wrong(row, "where", f"{said['where'][:40]!r} isn't a list of dimensions", "Write dimension=value.")
        rule["where"] = {key.strip(): text.strip() for key, _sign, text in pairs}
    return rule


def _is_known(table: _Table, row: int, column: str, text: str) -> bool:
    """Whether a word is one of the few that may stand in its column; if not, that is noted."""
    known = _CHOICES.get(column)
    if known is None or text in known:
        return True
    table.wrong(row, column, f"{text[:40]!r} is none of the words that may stand here", f"Write {', '.join(known)}.")
    return False


def _value(text: str, op: str) -> Value:
    if op == "in" or (op == "contains" and ";" in text):
        return tuple(entry.strip() for entry in text.split(";") if entry.strip())
    if op == "contains":
        return text
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if not _NUMBER.match(text):
        return text
    return int(text) if text.lstrip("+-").isdecimal() else float(text)


def _day(serial: str) -> str:
    """Return the date of a spreadsheet's day number; day 60 is a day that 1900 did not have (ECMA-376 18.17.4.1)."""
    if not serial.isdecimal() or not 61 <= int(serial[:8]) <= 2_958_465:
        return serial
    return (date(1899, 12, 30) + timedelta(days=int(serial))).isoformat()


def _resolve_parents(table: _Table) -> None:
    """A parent may be named as its row is: by the id, by what was written there, or by the label."""
    known: dict[str, str] = {}
    for requirement, written in zip(table.requirements, table.written, strict=True):
        for name in (requirement["id"], written, requirement["label"]):
            known.setdefault(name, requirement["id"])
    for requirement in table.requirements:
        if "parent" in requirement:
            requirement["parent"] = known.get(requirement["parent"], as_id(requirement["parent"]))


def _fill_in(table: _Table, *, restricted: bool) -> int:
    """Say how each point can be shown where the table doesn't; return how many questions were made up."""
    groups = {requirement.get("parent") for requirement in table.requirements}
    made = 0
    for requirement in table.requirements:
        shown_by = (
            "measured" if requirement.get("rules") else "documented" if requirement.get("documents") else "judged"
        )
        if "verification" in requirement or (requirement["id"] in groups and shown_by == "judged"):
            continue
        if shown_by == "judged" and "question" not in requirement:
            if restricted:
                shown_by = "not_testable"
            else:
                requirement["question"] = f"Is this done: {requirement['title'].rstrip(' .?!')}?"
                made += 1
        requirement["verification"] = shown_by
    return made


def _build(table: _Table, header: Mapping[str, Any], name: str) -> Framework:
    content = {**header, "requirements": table.requirements}
    mistakes = table.mistakes
    try:
        framework = msgspec.convert(content, type=Framework, strict=True)
    except (msgspec.ValidationError, RecursionError):
        mistakes += [_placed(table, found) for found in structural_mistakes(content, Framework)]
    else:
        mistakes += [_placed(table, found) for found in mistakes_in(framework)]
        if not mistakes:
            return framework
    ordered = sorted(mistakes, key=lambda found: found[0])
    raise InvalidFramework(name, tuple(mistake for _row, mistake in ordered))


def _placed(table: _Table, mistake: Mistake) -> tuple[int, Mistake]:
    """Say where in the table a mistake of the framework is; one of the header is at the option that gave it."""
    found = _PLACE.match(mistake.path)
    if found is None:
        option = mistake.path.replace(".", "-").replace("_", "-")
        path = "row 1" if mistake.path == "requirements" else f"--{option}"
        return 0, Mistake(path, mistake.message, mistake.remedy)
    index = int(found[1])
    row = table.rule_rows[index][int(found[3])] if found[2] else table.rows[index]
    column = found[4] or ("measure" if found[2] else "id")
    return row, Mistake(f"row {row}, column {column}", _rows_named(table, mistake.message), mistake.remedy)


def _rows_named(table: _Table, message: str) -> str:
    return re.sub(
        r"the id of requirements\[([0-9]+)\]\Z", lambda at: f"the id of row {table.rows[int(at[1])]}", message
    )
