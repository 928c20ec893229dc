"""The defects that `data.profile` names."""

from __future__ import annotations

from typing import Final

from ...i18n import N_
from ..interface import FindingRule

MIXED: Final = FindingRule(
    "DATA-001",
    "low",
    N_("Column {column} mixes kinds of cells: {minority:,} of {present:,} are not like the others."),
    N_("Find out how they came in; store one kind a column, and write missing values as empty cells."),
)
MOSTLY_MISSING: Final = FindingRule(
    "DATA-002",
    "medium",
    N_("Column {column} is empty in {missing:,} of {rows:,} rows ({percent:.1f} %)."),
    N_("State why it is empty, and whether the rows without it differ from the others; or leave the column out."),
    ("ISO/IEC 5259-2 (completeness)",),
)
DUPLICATES: Final = FindingRule(
    "DATA-003",
    "low",
    N_("{duplicates:,} of {rows:,} rows repeat an earlier row in every column."),
    N_("Remove the repeated rows, or state why they are right; repeated rows in both training and test data flatter."),
)
SAME_NAME: Final = FindingRule(
    "DATA-004",
    "medium",
    N_("{count} columns are named {column}; which of them a program reads is a matter of chance."),
    N_("Give each column its own name."),
)
NOT_UTF8: Final = FindingRule(
    "DATA-005",
    "low",
    N_("The text is not UTF-8 (first in line {line:,}); it was read as Latin-1, so that names may be wrong."),
    N_("Save the table as UTF-8."),
)
FORMULAS: Final = FindingRule(
    "DATA-006",
    "low",
    N_("{count:,} cells of column {column} look like a formula; a spreadsheet would run them."),
    N_("Do not open the table in a spreadsheet; put an apostrophe before such cells."),
    ("CWE-1236",),
)
ODD_NAME: Final = FindingRule(
    "DATA-007",
    "medium",
    N_("The name of column {number} holds {what}; a page or terminal that shows it raw can be deceived."),
    N_("Rename the column with plain letters, digits and spaces."),
    ("CWE-150", "CWE-79", "Unicode Technical Report 36"),
)
CONSTANT: Final = FindingRule(
    "DATA-008",
    "low",
    N_("Column {column} holds the same value in all {present:,} of its cells."),
    N_("Leave it out, or find out why it doesn't vary: a filter, or a fault in the export."),
)
ODD_NUMBERS: Final = FindingRule(
    "DATA-009",
    "medium",
    N_("Column {column} holds {count:,} numbers that are none (NaN or infinite)."),
    N_("Write missing values as empty cells, and find out which calculation overflowed."),
)
TOO_MANY: Final = FindingRule(
    "DATA-010",
    "info",
    N_("Column {column} holds more than {maximum} different values; they are not listed."),
    N_("Name a column with few classes in the card, or group its values yourself."),
)
RULES: Final = (
    MIXED,
    MOSTLY_MISSING,
    DUPLICATES,
    SAME_NAME,
    NOT_UTF8,
    FORMULAS,
    ODD_NAME,
    CONSTANT,
    ODD_NUMBERS,
    TOO_MANY,
)
