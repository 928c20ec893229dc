"""Header of a safetensors file: eight bytes of length, a JSON object, then the tensors' bytes without a gap.

Source: the format section of the safetensors project, and the checks of its reference implementation: the tensors'
ranges, in order, must cover the data exactly. Our own bound is stricter: a header over 16 MiB is not parsed.
"""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

from .bounded_json import MAX_BYTES, parse_json
from .interface import MALFORMED, RESOURCE_BOMB, CutShort, Header, Problems, Window, keep, open_window

FORMAT_LIMIT = 100_000_000
DTYPE_BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32,
    "I64": 64, "U64": 64, "F64": 64, "C64": 64, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
}  # fmt: skip


def read_safetensors(path: Path) -> Header:
    """Read the header of the safetensors file at `path`. Safetensors holds no code, so `executes` is False."""
    with open_window(path) as window:
        problems = Problems()
        try:
            length, value = _header(window, problems)
        except CutShort as cut:
            problems.add(cut.rule, cut.text, offset=cut.offset)
            length, value = 0, None
        if not isinstance(value, dict):
            if not problems:
                problems.add(MALFORMED, "the header is not a JSON object", offset=8)
            return Header("safetensors", problems=problems.all(), bytes_read=window.bytes_read)
        metadata = _metadata(value.pop("__metadata__", None), problems)
        parameters = _tensors(value, 8 + length, window.size, problems)
        return Header(
            "safetensors",
            tensors=len(value),
            parameters=parameters,
            metadata=metadata,
            problems=problems.all(),
            bytes_read=window.bytes_read,
        )


def _header(window: Window, problems: Problems) -> tuple[int, Any]:
    length = int.from_bytes(window.read(0, 8, "the header's length"), "little")
    if length > FORMAT_LIMIT:
        raise CutShort(0, f"the header claims {length} bytes; the format allows {FORMAT_LIMIT}")
    if 8 + length > window.size:
        raise CutShort(0, f"the header claims {length} bytes, but the file has {window.size - 8} after its length")
    if length > MAX_BYTES:
        raise CutShort(0, f"the header has {length} bytes; no more than {MAX_BYTES} are parsed", rule=RESOURCE_BOMB)
    data = window.read(8, length, "the header")
    if not data.startswith(b"{"):
        raise CutShort(8, "the header does not begin with '{'")
    value, found = parse_json(data, base=8, max_depth=8)
    problems.extend(found)
    return length, value


def _metadata(value: Any, problems: Problems) -> dict[str, str]:
    metadata: dict[str, str] = {}
    if value is None:
        return metadata
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        problems.add(MALFORMED, "__metadata__ is not an object of texts", member="__metadata__")
    if isinstance(value, dict):
        for key, text in value.items():
            keep(metadata, key, text)
    return metadata


def _tensors(entries: dict[str, Any], base: int, size: int, problems: Problems) -> int:
    """Check every tensor, then that their ranges cover the data exactly. Returns the number of elements."""
    parameters = 0
    ranges: list[tuple[int, int, str]] = []
    for name, entry in entries.items():
        text = _entry_fault(entry)
        if text:
            problems.add(MALFORMED, text, member=name)
            continue
        (start, end), shape, bits = entry["data_offsets"], entry["shape"], DTYPE_BITS[entry["dtype"]]
        elements = prod(shape)
        parameters += elements
        if elements * bits != 8 * (end - start):
            problems.add(
                MALFORMED,
                f"{elements} elements of {entry['dtype']} do not fit its range of {end - start} bytes exactly",
                offset=base + start,
                member=name,
            )
        if base + end > size:
            problems.add(MALFORMED, f"ends {base + end - size} bytes behind the end of the file", member=name)
        elif bits > 8 and (base + start) % (bits // 8):
            problems.add(
                MALFORMED, f"is not aligned to its {bits // 8} bytes", offset=base + start, member=name, severity="low"
            )
        ranges.append((start, end, name))
    _cover(sorted(ranges), base, size, problems)
    return parameters


def _entry_fault(entry: Any) -> str | None:
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        return "an entry needs dtype, shape and data_offsets, and nothing else"
    if not isinstance(entry["dtype"], str) or entry["dtype"] not in DTYPE_BITS:
        return f"dtype {str(entry['dtype'])[:40]!r} is unknown"
    shape, offsets = entry["shape"], entry["data_offsets"]
    if not _sizes(shape) or len(shape) > 64:
        return "shape is not a list of at most 64 sizes"
    if not _sizes(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        return "data_offsets is not a start and an end"
    return None


def _sizes(value: Any) -> bool:
    return isinstance(value, list) and all(type(size) is int and 0 <= size < 2**63 for size in value)


def _cover(ranges: list[tuple[int, int, str]], base: int, size: int, problems: Problems) -> None:
    reached = 0
    for start, end, name in ranges:
        if start < reached:
            problems.add(
                MALFORMED, f"overlaps the tensor before it by {reached - start} bytes", offset=base + start, member=name
            )
        elif start > reached:
            problems.add(
                MALFORMED, f"{start - reached} bytes before it belong to no tensor", offset=base + reached, member=name
            )
        reached = max(reached, end)
    if base + reached < size:
        problems.add(MALFORMED, f"{size - base - reached} bytes at the end belong to no tensor", offset=base + reached)
