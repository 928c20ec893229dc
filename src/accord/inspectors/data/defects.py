"""From what was counted to findings. At most fifty places per rule; how many more there are is said once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ...instruments.tables import Table, clip
from ...records import Finding, Place
from . import rules
from .collected import Collected
from .column_names import oddities

SHOWN_PER_RULE = 50


def find_defects(
    table: Table, whole: Collected, subject: str, path: str | None, missing_attention: float
) -> tuple[list[Finding], list[str]]:
    """Return the findings, and a sentence for each rule that found more places than are shown."""
    shown: list[Finding] = []
    counts: Counter[str] = Counter()
    for finding in (
        *_of_the_file(table, whole, subject, path),
        *_of_columns(whole, subject, path, missing_attention),
    ):
        counts[finding.rule] += 1
        if counts[finding.rule] <= SHOWN_PER_RULE:
            shown.append(finding)
    more = [
        f"{rule}: the first {SHOWN_PER_RULE} of {count:,} places are listed"
        for rule, count in counts.items()
        if count > SHOWN_PER_RULE
    ]
    return shown, more


def _of_the_file(table: Table, whole: Collected, subject: str, path: str | None) -> Iterator[Finding]:
    if table.bad_encoding_line is not None:
        line = table.bad_encoding_line
        yield rules.NOT_UTF8.at(subject, Place(path=path, row=line), line=line)
    for name, group in table.names.duplicated.items():
        shown = clip(name)
        yield rules.SAME_NAME.at(subject, Place(path=path, column=shown), column=shown, count=len(group))
    for place, name in enumerate(table.columns):
        if what := oddities(name):
            where = Place(path=path, column=clip(name))
            yield rules.ODD_NAME.at(subject, where, number=place + 1, what=" and ".join(what))
    if whole.repeats:
        yield rules.DUPLICATES.at(subject, Place(path=path), duplicates=whole.repeats, rows=whole.rows)


def _of_columns(whole: Collected, subject: str, path: str | None, missing_attention: float) -> Iterator[Finding]:
    for column in whole.columns:
        name = clip(column.name)
        where = Place(path=path, column=name)
        if column.rows and column.missing > missing_attention * column.rows:
            percent = 100 * column.missing / column.rows
            yield rules.MOSTLY_MISSING.at(
                subject, where, column=name, missing=column.missing, rows=column.rows, percent=percent
            )
        if column.minority:
            yield rules.MIXED.at(subject, where, column=name, minority=column.minority, present=column.present)
        if column.odd_numbers:
            yield rules.ODD_NUMBERS.at(subject, where, column=name, count=column.odd_numbers)
        if column.formulas:
            yield rules.FORMULAS.at(subject, where, column=name, count=column.formulas)
        if column.constant and column.present > 1:
            yield rules.CONSTANT.at(subject, where, column=name, present=column.present)
