"""A framework as a table, in the columns that `importing` reads: to edit in a spreadsheet and to hand round.

A table holds the requirements with rules that are single conditions on measures. Groups of rules, rules on answers,
conditions of applicability, classes and questions don't fit into rows; they are counted, so that nobody takes the table
for the whole.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator

from ..records import Framework, Requirement, Rule, Value
from .facts import ANSWER
from .importing import COLUMNS

_FORMULA = re.compile(r"[-=+@\t]")
_COLUMNS = tuple(name for name in COLUMNS if name not in ("description", "depth"))


def as_table(framework: Framework) -> tuple[bytes, dict[str, int]]:
    """Return the CSV of a framework (UTF-8 with a byte order mark, as spreadsheets like it), and what stays behind."""
    left_out = Counter({"classes": len(framework.tiers), "questions": len(framework.questions)})
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, _COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for requirement in framework.requirements:
        left_out["later dates"] += len(requirement.later)
        left_out["conditions of applicability"] += requirement.applies_if is not None
        kept = [rule for rule in requirement.rules if rule.measure is not None and rule.measure != ANSWER]
        left_out["groups of rules"] += sum(rule.measure is None for rule in requirement.rules)
        left_out["rules on answers"] += sum(rule.measure == ANSWER for rule in requirement.rules)
        rows = [dict(_rule(rule)) for rule in kept] or [{}]
        rows[0] = {**dict(_texts(requirement)), **rows[0]}
        if requirement.verification == "measured" and not kept:
            del rows[0]["verification"]
        writer.writerows({key: _safe(value) for key, value in row.items()} for row in rows)
    return b"\xef\xbb\xbf" + text.getvalue().encode(), {what: n for what, n in left_out.items() if n}


def _texts(requirement: Requirement) -> Iterator[tuple[str, str]]:
    for name in _COLUMNS:
        value = getattr(requirement, name, None)
        if value:
            yield name, "; ".join(value) if isinstance(value, tuple) else str(value)


def _rule(rule: Rule) -> Iterator[tuple[str, str]]:
    yield "measure", rule.measure or ""
    if rule.where:
        yield "where", "; ".join(f"{key}={value}" for key, value in rule.where.items())
    if rule.over != "all":
        yield "over", rule.over
    # A cell that begins with "=" is a formula to a spreadsheet.
    yield "op", "equals" if rule.op == "==" else rule.op
    if rule.threshold is not None:
        yield "threshold", _value(rule.threshold)
    if rule.threshold_source:
        yield "threshold_source", rule.threshold_source


def _value(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "; ".join(value) if isinstance(value, tuple) else str(value)


def _safe(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula; the importer takes the apostrophe off again."""
    number = re.fullmatch(r"[-+]?[0-9.]+(e[-+]?[0-9]+)?", text)
    return f"'{text}" if _FORMULA.match(text) and not number else text
