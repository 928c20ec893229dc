"""Headers of NumPy's .npy (versions 1 to 3) and .npz, by our own grammar; no text is evaluated.

Source: `numpy/lib/format.py`, section "Format Version". The header is a Python literal; it is turned into JSON token
by token, so nothing but texts, whole numbers, True, False, tuples and lists is understood. An array of objects is a
pickle, which runs code when loaded with `allow_pickle=True`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from ...errors import AccordError
from ..archives import read_member
from .bounded_json import parse_json
from .interface import MALFORMED, RUNS_CODE, CutShort, Header, Problem, Problems, keep, open_window
from .zip_members import open_members

_MAGIC = b"\x93NUMPY"
_HEADER_LIMIT = 64 << 10
_ARRAYS_LIMIT = 1000  # np.save may be called many times on one file
_TOKEN = re.compile(r"\s*(?:([\[\]{}():,])|'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"|(\d+)L?|(True|False)\b)")
_SIMPLE = re.compile(r"[<>|=]?([?bBiufcSaUVMmOT])(\d*)(\[[^\]]*\])?\Z")
_DESCR_DEPTH = 16


@dataclass(frozen=True, slots=True)
class Array:
    """What the header of one array says. `size` is in bytes, header included; None where it holds a pickle."""

    version: str
    dtype: str
    shape: tuple[int, ...]
    size: int | None

    @property
    def elements(self) -> int:
        """The number of elements."""
        return prod(self.shape)


def read_npy(path: Path) -> Header:
    """Read the header of the .npy at `path`, and of arrays that follow in the same file."""
    problems = Problems()
    arrays: list[Array] = []
    at = 0
    with open_window(path) as window:
        try:
            while at < window.size and len(arrays) < _ARRAYS_LIMIT:
                head = window.up_to(at, 12)
                if arrays and not head.startswith(_MAGIC):
                    problems.add(MALFORMED, f"{window.size - at} bytes follow the array", offset=at)
                    break
                array = parse_npy(window.up_to(at, _HEADER_LIMIT + 12), base=at)
                arrays.append(array)
                if array.size is None:
                    problems.add(RUNS_CODE, "an array of objects: its data are a pickle", offset=at)
                    break
                if at + array.size > window.size:
                    raise CutShort(at, f"the array needs {array.size} bytes, the file has {window.size - at}")
                at += array.size
        except CutShort as cut:
            problems.add(cut.rule, cut.text, offset=cut.offset)
        if not window.size:
            problems.add(MALFORMED, "the file is empty", offset=0)
    return _header("numpy", arrays, {}, problems, window.bytes_read)


def read_npz(path: Path) -> Header:
    """Read the headers of all arrays of the .npz at `path`; of each member at most 64 KiB are inflated."""
    problems = Problems()
    arrays: list[Array] = []
    metadata: dict[str, str] = {}
    bytes_read = 0
    for member in open_members(path, problems):
        try:
            head = read_member(member, 128)
            if head.startswith(_MAGIC):
                head = read_member(member, _HEADER_LIMIT + 12) if len(head) == 128 else head
                array = parse_npy(head)
                arrays.append(array)
                keep(metadata, member.name, f"{array.dtype} {array.shape}")
                if array.size is None:
                    problems.add(RUNS_CODE, "an array of objects: its data are a pickle", member=member.name)
                elif array.size != member.size:
                    text = f"the array needs {array.size} bytes, its entry has {member.size}"
                    problems.add(MALFORMED, text, member=member.name)
            elif member.name.endswith(".npy"):
                problems.add(MALFORMED, "not an array", member=member.name)
            bytes_read += len(head)
        except CutShort as cut:
            problems.add(cut.rule, cut.text, offset=cut.offset, member=member.name)
        except AccordError as error:
            problems.add(MALFORMED, error.message[:200], member=member.name)
    return _header("numpy_zip", arrays, metadata, problems, bytes_read)


def _header(kind: str, arrays: list[Array], metadata: dict[str, str], problems: Problems, bytes_read: int) -> Header:
    if len(arrays) == 1 and not metadata:
        metadata = {"dtype": arrays[0].dtype[:200], "shape": str(arrays[0].shape)}
    return Header(
        kind,
        version=arrays[0].version if arrays else None,
        tensors=len(arrays) if arrays or not problems else None,
        parameters=sum(array.elements for array in arrays) if arrays or not problems else None,
        metadata=metadata,
        problems=problems.all(),
        executes=any(array.size is None for array in arrays),
        bytes_read=bytes_read,
    )


def parse_npy(head: bytes, *, base: int = 0) -> Array:
    """Parse the beginning of a .npy. Raises CutShort with the place (from `base`) where it is malformed."""
    if not head.startswith(_MAGIC) or len(head) < 10:
        raise CutShort(base, "not an array: the magic or the header's length is missing")
    major, minor = head[6], head[7]
    if (major, minor) not in ((1, 0), (2, 0), (3, 0)):
        raise CutShort(base + 6, f"version {major}.{minor} does not exist")
    width = 2 if major == 1 else 4
    start = 8 + width
    length = int.from_bytes(head[8:start], "little")
    if length > _HEADER_LIMIT:
        raise CutShort(base + 8, f"the header claims {length} bytes; no more than {_HEADER_LIMIT} are read")
    if start + length > len(head):
        raise CutShort(base + 8, f"the header claims {length} bytes, {len(head) - start} are there")
    try:
        text = head[start : start + length].decode("utf-8" if major == 3 else "latin-1")
    except UnicodeDecodeError as error:
        raise CutShort(base + start + error.start, "the header is not UTF-8") from None
    fields = _literal(text, base + start)
    if not isinstance(fields, dict) or set(fields) != {"descr", "fortran_order", "shape"}:
        raise CutShort(base + start, "the header needs descr, fortran_order and shape, and nothing else")
    shape, descr = fields["shape"], fields["descr"]
    if not isinstance(fields["fortran_order"], bool):
        raise CutShort(base + start, "fortran_order is neither True nor False")
    if not isinstance(shape, list) or len(shape) > 64 or not all(type(n) is int and n < 2**63 for n in shape):
        raise CutShort(base + start, "shape is not a tuple of at most 64 sizes")
    item = _item_size(descr, base + start)
    size = None if item is None else start + length + item * prod(shape)
    return Array(f"{major}.{minor}", descr if isinstance(descr, str) else "structured", tuple(shape), size)


def _literal(text: str, offset: int) -> Any:
    """Turn a Python literal into JSON, token by token, and parse that."""
    pieces: list[str] = []
    at = 0
    text = text.rstrip(" \n\x00")
    while at < len(text):
        match = _TOKEN.match(text, at)
        if not match:
            raise CutShort(offset + at, f"{text[at : at + 20]!r} in the header is not part of a plain literal")
        mark, single, double, number, truth = match.groups()
        if mark:
            if mark in ")]}" and pieces and pieces[-1] == ",":
                pieces.pop()  # Python allows a comma at the end
            pieces.append({"(": "[", ")": "]"}.get(mark, mark))
        elif number:
            pieces.append(number.lstrip("0")[:30] or "0")
        else:
            pieces.append(truth.lower() if truth else json.dumps(single if single is not None else double))
        at = match.end()
    value, problems = parse_json("".join(pieces).encode(), base=offset, max_depth=_DESCR_DEPTH)
    if problems:
        raise CutShort(offset, f"the header is malformed: {problems[0].text}")
    return value


def _item_size(descr: Any, offset: int) -> int | None:
    """Bytes of one element; None if it holds objects, which means a pickle."""
    if isinstance(descr, str):
        match = _SIMPLE.match(descr)
        if not match or len(match[2]) > 9:
            raise CutShort(offset, f"dtype {descr[:40]!r} is unknown")
        kind, width = match[1], int(match[2] or 0)
        if kind in "OT":
            return None
        if kind in "Mm":
            return 8
        return {"?": 1, "U": 4 * width}.get(kind, width)
    if isinstance(descr, list) and len(descr) == 2 and isinstance(descr[0], str) and isinstance(descr[1], list | dict):
        raise CutShort(offset, "dtype with a shape outside a structure")
    if not isinstance(descr, list):
        raise CutShort(offset, "dtype is neither a text nor a list")
    total = 0
    holds_objects = False
    for item in descr:
        if not isinstance(item, list) or len(item) not in (2, 3) or not isinstance(item[0], str | list):
            raise CutShort(offset, "a field of the dtype is not (name, dtype) or (name, dtype, shape)")
        repeat = item[2] if len(item) == 3 else []
        if not isinstance(repeat, list) or not all(type(n) is int for n in repeat):
            raise CutShort(offset, "the shape of a field is not a tuple of sizes")
        inner = _item_size(item[1], offset)
        holds_objects |= inner is None
        total += (inner or 0) * prod(repeat)
    return None if holds_objects else total


__all__ = ["Array", "Problem", "parse_npy", "read_npy", "read_npz"]
