"""What the profile remembers of a column: how many cells of which kind. No value, but for the test of constancy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from ...instruments.tables.kinds import NUMBER, count_kinds

FORMULA: Final = r"^\s*[=@]\s*[^\s=@]|^\s*[+-].*[A-Za-z(]|^[\t\r]"
ODD: Final = ("not a number", "infinite")
_FAMILY: Final = {"integer": "numeric", "number": "numeric"}


class ColumnSummary:
    """Counts over all rows of one column. `typed`: the file itself says what each cell is (Parquet, JSON Lines)."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows = 0
        self.missing = 0
        self.formulas = 0
        self.typed = False
        self.kinds: Counter[str] = Counter()
        self.constant = True
        self._only: Any = None

    def add(self, cells: Any, kinds: Mapping[str, int] | None) -> None:
        """Count the cells of a batch."""
        self.typed = kinds is not None
        counted = count_kinds(cells) if kinds is None else kinds
        self.kinds.update(counted)
        self.rows += len(cells)
        self.missing += cells.null_count + counted.get("not a number", 0)
        if counted.get("text"):
            self.formulas += _formulas(cells)
        if self.constant and cells.null_count < len(cells):
            self._compare(cells)

    def _compare(self, cells: Any) -> None:
        """Stop calling the column constant once two present cells differ."""
        import pyarrow as pa
        import pyarrow.compute as pc

        present = cells.drop_null()
        keys, value = present, present[0]
        if pa.types.is_dictionary(present.type):
            keys, value = present.indices, present[0].value
        same = pc.all(pc.equal(keys, keys[0])).as_py()
        self.constant = bool(same) and (self._only is None or bool(value.equals(self._only)))
        self._only = value

    @property
    def present(self) -> int:
        """How many cells hold something. NaN is nothing."""
        return self.rows - self.missing

    @property
    def type(self) -> str:
        """The column's type: that of its cells, `number` for numbers of both kinds, `mixed`, or `empty`."""
        families = {_FAMILY.get(kind, kind) for kind, count in self.kinds.items() if count and kind not in ODD}
        if not families:
            return "number" if any(self.kinds[kind] for kind in ODD) else "empty"
        if families == {"numeric"}:
            return "number" if self.kinds["number"] or self.kinds["infinite"] else "integer"
        if len(families) == 1:
            return families.pop()
        return "mixed" if self.typed or self.minority else "text"

    @property
    def minority(self) -> int:
        """How many cells are not of the column's main kind, where that is clear.

        In a typed file every other kind counts. In CSV a text may look like a number, so that only a column counts of
        which nine tenths are of one kind that is not text.
        """
        families: Counter[str] = Counter()
        for kind, count in self.kinds.items():
            if kind not in ODD and count:
                families[_FAMILY.get(kind, kind)] += count
        if len(families) < 2:
            return 0
        main, count = families.most_common(1)[0]
        others = families.total() - count
        return others if self.typed or (main != "text" and count >= 0.9 * families.total()) else 0

    @property
    def odd_numbers(self) -> int:
        """How many cells of a numeric column are NaN or infinite."""
        if self.type not in ("number", "integer", "mixed"):
            return 0
        return sum(self.kinds[kind] for kind in ODD)


def _formulas(cells: Any) -> int:
    """Return how many cells a spreadsheet would take for a formula."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    encoded = cells if pa.types.is_dictionary(cells.type) else cells.dictionary_encode()
    texts = encoded.dictionary
    found = pc.and_not(pc.match_substring_regex(texts, FORMULA), pc.match_substring_regex(texts, NUMBER))
    codes = encoded.indices.drop_null().to_numpy(zero_copy_only=False)
    weights = np.bincount(codes, minlength=len(texts))
    return int(weights[found.to_numpy(zero_copy_only=False)].sum())
