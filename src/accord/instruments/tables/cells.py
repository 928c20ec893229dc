"""Cells of any plain Arrow type as text, converted once per distinct value wherever that is enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray


def is_plain(type_: pa.DataType) -> bool:
    """Whether cells of this Arrow type have a text: not lists, structures, maps, unions, durations."""
    from pyarrow import types

    if types.is_dictionary(type_):
        return is_plain(type_.value_type)
    return (
        types.is_null(type_)
        or types.is_boolean(type_)
        or types.is_integer(type_)
        or types.is_floating(type_)
        or types.is_decimal(type_)
        or types.is_date(type_)
        or types.is_time(type_)
        or types.is_timestamp(type_)
        or is_text(type_)
        or is_bytes(type_)
    )


def is_text(type_: pa.DataType) -> bool:
    """Whether this Arrow type is text."""
    from pyarrow import types

    return bool(types.is_string(type_) or types.is_large_string(type_) or types.is_string_view(type_))


def is_bytes(type_: pa.DataType) -> bool:
    """Whether this Arrow type is raw bytes."""
    from pyarrow import types

    return bool(
        types.is_binary(type_)
        or types.is_large_binary(type_)
        or types.is_fixed_size_binary(type_)
        or types.is_binary_view(type_)
    )


def to_bytes(cells: pa.Array) -> pa.Array:
    """Return plain cells as `binary`: the text in UTF-8, raw bytes as they are, times as their integers."""
    import pyarrow as pa
    from pyarrow import types

    type_ = cells.type
    if types.is_dictionary(type_):
        return pa.DictionaryArray.from_arrays(cells.indices, to_bytes(cells.dictionary))
    if is_bytes(type_):
        return cells.cast(pa.binary())
    if types.is_timestamp(type_) or types.is_time64(type_):
        cells = cells.cast(pa.int64())
    elif types.is_time32(type_):
        cells = cells.cast(pa.int32())
    return cells.cast(pa.string()).cast(pa.binary())


def encode(cells: pa.Array) -> tuple[list[str], NDArray[np.intp]]:
    """Return the distinct texts of a column and, per row, the place of its text; missing is the place -1.

    The texts are in order of appearance; a Parquet dictionary may hold some that no row uses.
    """
    import numpy as np
    import pyarrow as pa

    if cells.null_count == len(cells):
        return [], np.full(len(cells), -1, dtype=np.intp)
    encoded: Any = cells if pa.types.is_dictionary(cells.type) else cells.dictionary_encode()
    indices = encoded.indices
    if indices.null_count:
        indices = indices.fill_null(-1) if pa.types.is_signed_integer(indices.type) else _signed(indices)
    codes = indices.to_numpy(zero_copy_only=False).astype(np.intp, copy=False)
    texts = [
        # A file may hold a null among the dictionary's values; its rows are null too.
        "" if value is None else value.decode("utf-8", errors="backslashreplace")
        for value in to_bytes(encoded.dictionary).to_pylist()
    ]
    return texts, codes


def _signed(indices: Any) -> Any:
    import pyarrow as pa

    return indices.cast(pa.int64()).fill_null(-1)
