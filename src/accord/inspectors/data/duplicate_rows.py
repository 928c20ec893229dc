"""Counting repeated rows in a stream: eight secret-keyed bytes a row, sorted at the end."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from hashlib import blake2b
from itertools import pairwise
from typing import Any, Final

from ...instruments.tables.cells import is_bytes, to_bytes

MAXIMUM_ROWS: Final = 40_000_000
SHORT: Final = 32
_BETWEEN: Final = b"\xff"
_ABSENT: Final = b"\xfe"


class DuplicateRows:
    """Remembers a keyed hash of 64 bits per row (320 MB at the most); the key and the hashes never leave it.

    Two different rows count as equal with probability at most n^2 / 2^65: 3 in a million for ten million rows.
    """

    def __init__(self) -> None:
        self._base = blake2b(digest_size=8, key=secrets.token_bytes(32))
        self._hashes = bytearray()
        self.rows = 0

    @property
    def complete(self) -> bool:
        """Whether all rows so far were remembered."""
        return self.rows <= MAXIMUM_ROWS

    def add(self, cells: Sequence[Any], rows: int) -> None:
        """Remember the rows of a batch."""
        import pyarrow.compute as pc

        self.rows += rows
        if not self.complete:
            self._hashes = bytearray()
            return
        # UTF-8 never holds the bytes between and for absent cells, so that no two rows are joined to the same bytes.
        joined = pc.binary_join_element_wise(
            *(self._joinable(column) for column in cells), _BETWEEN, null_handling="replace", null_replacement=_ABSENT
        )
        whole = memoryview(joined.buffers()[2] or b"")
        ends = joined.offset, joined.offset + len(joined) + 1
        offsets = memoryview(joined.buffers()[1]).cast("i")[ends[0] : ends[1]].tolist()
        self._hashes += b"".join(self._hash(whole[start:end]) for start, end in pairwise(offsets))

    def count(self) -> int:
        """Return how many rows are equal to an earlier one. Ends the counting."""
        import numpy as np

        hashes = np.frombuffer(self._hashes, dtype=np.uint64)
        hashes.sort()
        return int(np.count_nonzero(hashes[1:] == hashes[:-1]))

    def _hash(self, data: bytes | memoryview) -> bytes:
        state = self._base.copy()
        state.update(data)
        return state.digest()

    def _joinable(self, cells: Any) -> Any:
        """Return a column as bytes that may be joined. Long texts of a dictionary are not repeated in each row."""
        import pyarrow as pa

        if is_bytes(cells.type):
            cells = cells.dictionary_encode()
        texts = to_bytes(cells)
        if not pa.types.is_dictionary(texts.type):
            return texts
        raw = is_bytes(cells.type.value_type)
        values = [
            value if value is None or (len(value) <= SHORT and not raw) else self._hash(value).hex().encode()
            for value in texts.dictionary.to_pylist()
        ]
        return pa.DictionaryArray.from_arrays(texts.indices, pa.array(values, pa.binary())).dictionary_decode()
