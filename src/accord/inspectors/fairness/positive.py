"""Which cells count as positive: the card's rule, applied to each distinct text once."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from operator import ge, gt, le, lt
from typing import TYPE_CHECKING, Any, Final

from ...instruments.tables import clip
from ...instruments.tables.cells import encode
from ...instruments.tables.kinds import NOT_A_NUMBER

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

Scalar = str | int | float | bool
ORDER: Final[dict[str, Callable[[Any, Any], bool]]] = {"<": lt, "<=": le, ">": gt, ">=": ge}
NEGATIVE, POSITIVE, MISSING, UNREADABLE = 0, 1, -1, -2
_NUMBER: Final = re.compile(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*", re.ASCII)
SEEN: Final = 50
_WORDS: Final = {"true": 1.0, "false": 0.0}


def plain(value: Scalar) -> float | str:
    """Return what a value is compared as: 1, "1", "1.0", 1.0 and true are the number 1; other texts stay texts."""
    if isinstance(value, bool | int | float):
        return float(value)
    word = _WORDS.get(value.strip().casefold())
    if word is not None:
        return word
    if _NUMBER.fullmatch(value):
        return float(value)
    return value


class PositiveRule:
    """`cell op value`, with op one of < <= > >= == in. Raises ValueError where `op` needs a number and has none.

    `seen` are the texts met so far, at most about fifty, clipped.
    """

    def __init__(self, op: str, value: Scalar | tuple[Scalar, ...]) -> None:
        if isinstance(value, tuple) != (op == "in"):
            raise ValueError(f"{op!r} needs {'a list of values' if op == 'in' else 'one value'}")
        self.op = op
        self.seen: set[str] = set()
        self.values = frozenset(plain(item) for item in (value if isinstance(value, tuple) else (value,)))
        if op in ORDER:
            (threshold,) = self.values
            if isinstance(threshold, str) or math.isnan(threshold):
                raise ValueError(f"{op!r} needs a number")
        elif op not in ("==", "in"):
            raise ValueError(f"{op!r} is none of < <= > >= == in")

    def judge(self, text: str) -> int:
        """Return POSITIVE, NEGATIVE, MISSING, or UNREADABLE for a text that should be a number."""
        if text in NOT_A_NUMBER:
            return MISSING
        value = plain(text)
        if self.op not in ORDER:
            return POSITIVE if value in self.values else NEGATIVE
        if isinstance(value, str):
            # Infinities are numbers that can be compared, though no number in the sense of `plain`.
            if text.strip().lstrip("+-").casefold() not in ("inf", "infinity"):
                return UNREADABLE
            value = float(text)
        (threshold,) = self.values
        return POSITIVE if ORDER[self.op](value, threshold) else NEGATIVE

    def codes(self, cells: pa.Array) -> NDArray[np.int8]:
        """Return the code of each cell."""
        import numpy as np

        texts, places = encode(cells)
        if len(self.seen) <= SEEN:
            self.seen.update(clip(text, 40) for text in texts[: SEEN + 1] if text not in NOT_A_NUMBER)
        # The last entry answers for place -1: a missing cell.
        return np.array([*(self.judge(text) for text in texts), MISSING], dtype=np.int8)[places]
