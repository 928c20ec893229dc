"""What a cell is: a whole number, a number, a truth value, a date, or text. Counted over all rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pyarrow as pa

INTEGER: Final = r"^\s*[+-]?[0-9]+\s*$"
NUMBER: Final = r"^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$"
BOOLEAN: Final = r"^(?i:true|false)$"
DATE: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?$"
INFINITE: Final = r"^[+-]?(?i:inf|infinity)$"
NOT_A_NUMBER: Final = frozenset({"NaN", "nan", "NAN", "-nan", "-NaN"})
KINDS: Final = ("boolean", "integer", "number", "date", "text", "binary", "nested", "not a number", "infinite")

_PATTERNS: Final = (
    ("integer", INTEGER),
    ("number", NUMBER),
    ("boolean", BOOLEAN),
    ("date", DATE),
    ("infinite", INFINITE),
)


def count_kinds(cells: pa.Array) -> dict[str, int]:
    """Return how many present cells of a text array are of which kind. Each distinct text is looked at once."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    encoded = cells.dictionary_encode()
    texts = encoded.dictionary
    codes = encoded.indices.drop_null().to_numpy(zero_copy_only=False)
    weights = np.bincount(codes, minlength=len(texts))
    undecided = np.ones(len(texts), dtype=bool)
    counts: dict[str, int] = {}
    for kind, pattern in _PATTERNS:
        if not undecided.any():
            break
        found = undecided & pc.match_substring_regex(texts, pattern).to_numpy(zero_copy_only=False)
        counts[kind] = int(weights[found].sum())
        undecided &= ~found
    if undecided.any():
        odd = pc.is_in(texts, value_set=pa.array(sorted(NOT_A_NUMBER), texts.type)).to_numpy(zero_copy_only=False)
        counts["not a number"] = int(weights[undecided & odd].sum())
        counts["text"] = int(weights[undecided & ~odd].sum())
    return {kind: count for kind, count in counts.items() if count}
