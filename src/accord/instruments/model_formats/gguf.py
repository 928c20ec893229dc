"""Header of a GGUF file (versions 2 and 3, both byte orders): counts, metadata, tensor descriptions.

Source: the GGUF specification in ggml's `docs/gguf.md`, and the block sizes of ggml's tensor types. The weights are
not read. A chat template among the metadata is a program, and is examined by `chat_template`.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from math import prod
from pathlib import Path

from .chat_template import examine_template
from .interface import MALFORMED, RESOURCE_BOMB, UNSAFE_TEMPLATE, CutShort, Header, Problems, Window, keep, open_window

# tensor type -> (name, elements in a block, bytes of a block)
TENSOR_TYPES: dict[int, tuple[str, int, int]] = {
    0: ("F32", 1, 4), 1: ("F16", 1, 2), 2: ("Q4_0", 32, 18), 3: ("Q4_1", 32, 20), 6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24), 8: ("Q8_0", 32, 34), 9: ("Q8_1", 32, 40), 10: ("Q2_K", 256, 84), 11: ("Q3_K", 256, 110),
    12: ("Q4_K", 256, 144), 13: ("Q5_K", 256, 176), 14: ("Q6_K", 256, 210), 15: ("Q8_K", 256, 292),
    16: ("IQ2_XXS", 256, 66), 17: ("IQ2_XS", 256, 74), 18: ("IQ3_XXS", 256, 98), 19: ("IQ1_S", 256, 50),
    20: ("IQ4_NL", 32, 18), 21: ("IQ3_S", 256, 110), 22: ("IQ2_S", 256, 82), 23: ("IQ4_XS", 256, 136),
    24: ("I8", 1, 1), 25: ("I16", 1, 2), 26: ("I32", 1, 4), 27: ("I64", 1, 8), 28: ("F64", 1, 8),
    29: ("IQ1_M", 256, 56), 30: ("BF16", 1, 2), 34: ("TQ1_0", 256, 54), 35: ("TQ2_0", 256, 66),
    39: ("MXFP4", 32, 17), 40: ("NVFP4", 64, 36), 41: ("Q1_0", 128, 18),
}  # fmt: skip
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "B", 10: "Q", 11: "q", 12: "d"}
_UINT32, _STRING, _ARRAY = 4, 8, 9
_KEY_LIMIT = 65_535
_TEMPLATE_LIMIT = 256 << 10
_DEPTH_LIMIT = 8
_STEPS_LIMIT = 5_000_000  # strings in all arrays together: the largest vocabularies have about a million
_TEMPLATE = "tokenizer.chat_template"


@dataclass(slots=True)
class _Cursor:
    window: Window
    order: str = "<"
    at: int = 4
    steps: int = 0
    templates: dict[str, bytes] = field(default_factory=dict)

    def number(self, code: str, what: str) -> int:
        size = struct.calcsize(self.order + code)
        value: int = struct.unpack(self.order + code, self.window.read(self.at, size, what))[0]
        self.at += size
        return value

    def text(self, limit: int, what: str) -> bytes:
        """Read a string, its first `limit` bytes; the rest is skipped."""
        length = self.number("Q", what)
        start = self.at
        if length > self.window.size - start:
            raise CutShort(start - 8, f"{what} claims {length} bytes, more than the file has left")
        self.at = start + length
        return self.window.read(start, min(length, limit), what)


def read_gguf(path: Path) -> Header:
    """Read the header of the GGUF file at `path`. `executes` is whether its chat template goes beyond text."""
    with open_window(path, chunk=1 << 20) as window:
        problems = Problems()
        metadata: dict[str, str] = {}
        cursor = _Cursor(window)
        version: int | None = None
        tensors = parameters = None
        try:
            version, tensor_count, key_count = _opening(cursor, problems)
            alignment = _metadata(cursor, key_count, metadata, problems)
            parameters = _tensors(cursor, tensor_count, alignment, problems)
            tensors = tensor_count
        except CutShort as cut:
            problems.add(cut.rule, cut.text, offset=cut.offset)
        unsafe = False
        for key, template in cursor.templates.items():
            found = examine_template(template, member=key)
            unsafe |= any(problem.rule == UNSAFE_TEMPLATE for problem in found)
            problems.extend(found)
        if version is not None:
            keep(metadata, "byte order", "big" if cursor.order == ">" else "little")
        return Header(
            "gguf",
            version=None if version is None else str(version),
            tensors=tensors,
            parameters=parameters,
            metadata=metadata,
            problems=problems.all(),
            executes=unsafe,
            bytes_read=window.bytes_read,
        )


def _opening(cursor: _Cursor, problems: Problems) -> tuple[int, int, int]:
    version = cursor.number("I", "the version")
    if version and not version & 0xFFFF:  # as written by a machine of the other byte order
        cursor.order = ">"
        version = int.from_bytes(version.to_bytes(4, "little"), "big")
    if version not in (2, 3):
        raise CutShort(4, f"version {version} is not read (2 and 3 are)")
    tensor_count, key_count = cursor.number("Q", "the tensor count"), cursor.number("Q", "the metadata count")
    left = cursor.window.size - cursor.at
    # the shortest key takes 8 + 4 + 1 bytes, the shortest tensor description 8 + 4 + 4 + 8
    if key_count > left // 13:
        raise CutShort(16, f"{key_count} metadata entries are claimed; {left} bytes can't hold them")
    if tensor_count > left // 24:
        raise CutShort(8, f"{tensor_count} tensors are claimed; {left} bytes can't describe them")
    return version, tensor_count, key_count


def _metadata(cursor: _Cursor, count: int, metadata: dict[str, str], problems: Problems) -> int:
    alignment = 32
    seen: set[bytes] = set()
    for _ in range(count):
        start = cursor.at
        name = cursor.text(_KEY_LIMIT + 1, "a metadata key")
        key = name.decode("utf-8", "replace")
        if len(name) > _KEY_LIMIT or not name:
            problems.add(MALFORMED, "a key is empty or too long", offset=start, member=key)
        if name in seen:
            problems.add(MALFORMED, "the key stands twice", offset=start, member=key)
        seen.add(name)
        kind = cursor.number("I", "a value's type")
        is_template = key.startswith(_TEMPLATE)
        value = _value(cursor, kind, key if is_template else None, problems)
        if key == "general.alignment":
            if kind != _UINT32 or not isinstance(value, int) or value < 1 or value & (value - 1):
                raise CutShort(start, f"general.alignment {value!r} is not a power of two")
            alignment = value
        if value is not None and not is_template:
            keep(metadata, key, value)
        _step(cursor)
    return alignment


def _value(cursor: _Cursor, kind: int, template: str | None, problems: Problems, depth: int = 0) -> object:
    """Read one value; arrays are walked over, not kept."""
    if kind in _SCALARS:
        value = cursor.number(_SCALARS[kind], "a value")
        if kind == 7 and value > 1:
            problems.add(MALFORMED, f"a truth value of {value}", offset=cursor.at - 1)
        return value
    if kind == _STRING:
        start = cursor.at
        text = cursor.text(_TEMPLATE_LIMIT + 1 if template else 256, "a text")
        if template:
            if len(text) > _TEMPLATE_LIMIT:
                problems.add(RESOURCE_BOMB, "a chat template of over 256 KiB", offset=start, member=template)
            elif len(cursor.templates) < 32:
                cursor.templates[
                    f"{template}[{len(cursor.templates)}]" if template in cursor.templates else template
                ] = text
        return text.decode("utf-8", "replace")
    if kind != _ARRAY:
        raise CutShort(cursor.at - 4, f"value type {kind} does not exist")
    if depth >= _DEPTH_LIMIT:
        raise CutShort(cursor.at, f"arrays nested more than {_DEPTH_LIMIT} deep", rule=RESOURCE_BOMB)
    inner, count = cursor.number("I", "an array's type"), cursor.number("Q", "an array's length")
    left = cursor.window.size - cursor.at
    width = struct.calcsize(cursor.order + _SCALARS[inner]) if inner in _SCALARS else (8 if inner == _STRING else 12)
    if count > left // width:
        raise CutShort(cursor.at - 8, f"an array of {count} values is claimed; the file has {left} bytes left")
    if inner in _SCALARS:
        cursor.at += count * width
    elif inner == _STRING and not template:
        _skip_texts(cursor, count)
    else:
        for _ in range(count):
            _value(cursor, inner, template, problems, depth + 1)
            _step(cursor)
    return None


def _step(cursor: _Cursor, count: int = 1) -> None:
    cursor.steps += count
    if cursor.steps > _STEPS_LIMIT:
        raise CutShort(cursor.at, f"more than {_STEPS_LIMIT} metadata values", rule=RESOURCE_BOMB)


def _skip_texts(cursor: _Cursor, count: int) -> None:
    """Walk over an array of strings: a vocabulary, so this loop decides how fast a GGUF is read."""
    _step(cursor, count)
    length_of = struct.Struct(cursor.order + "Q").unpack_from
    window, base = cursor.window, cursor.at
    data, at = b"", 0
    for _ in range(count):
        if at + 8 > len(data):
            base += at
            data, at = window.up_to(base, 1 << 20), 0
            if len(data) < 8:
                raise CutShort(base, "the file ends inside an array of texts")
        at += 8 + length_of(data, at)[0]
        if at > len(data) and base + at > window.size:
            raise CutShort(base, "a text in an array runs over the end of the file")
    cursor.at = base + at


def _tensors(cursor: _Cursor, count: int, alignment: int, problems: Problems) -> int:
    """Read the tensor descriptions; check types, shapes, and that the data lie in the file and do not overlap."""
    parameters = 0
    ranges: list[tuple[int, int, str]] = []
    seen: set[bytes] = set()
    for _ in range(count):
        start = cursor.at
        raw = cursor.text(_KEY_LIMIT, "a tensor's name")
        name = raw.decode("utf-8", "replace")
        if raw in seen:
            problems.add(MALFORMED, "the tensor is described twice", offset=start, member=name)
        seen.add(raw)
        dimensions = cursor.number("I", "a tensor's dimensions")
        if dimensions > 4:
            raise CutShort(start, f"a tensor of {dimensions} dimensions; ggml has at most 4")
        shape = [cursor.number("Q", "a tensor's shape") for _ in range(dimensions)]
        kind, offset = cursor.number("I", "a tensor's type"), cursor.number("Q", "a tensor's offset")
        elements = prod(shape)
        parameters += elements
        if kind not in TENSOR_TYPES:
            problems.add(MALFORMED, f"tensor type {kind} is unknown", offset=start, member=name)
            continue
        label, per_block, block_bytes = TENSOR_TYPES[kind]
        if elements >= 2**63 or (shape and shape[0] % per_block):
            problems.add(MALFORMED, f"its shape can't be stored as {label}", offset=start, member=name)
            continue
        if offset % alignment:
            problems.add(MALFORMED, f"its data are not aligned to {alignment} bytes", offset=start, member=name)
        ranges.append((offset, offset + elements // per_block * block_bytes, name))
        _step(cursor)
    base = -(-cursor.at // alignment) * alignment
    _check_ranges(sorted(ranges), base, alignment, cursor.window.size, problems)
    return parameters


def _check_ranges(ranges: list[tuple[int, int, str]], base: int, alignment: int, size: int, problems: Problems) -> None:
    reached = 0
    for start, end, name in ranges:
        if start < reached:
            problems.add(
                MALFORMED, f"overlaps the tensor before it by {reached - start} bytes", offset=base + start, member=name
            )
        elif start - reached >= alignment:
            problems.add(
                MALFORMED,
                f"{start - reached} bytes before it belong to no tensor",
                offset=base + reached,
                member=name,
                severity="low",
            )
        if base + end > size:
            problems.add(MALFORMED, f"ends {base + end - size} bytes behind the end of the file", member=name)
        reached = max(reached, end)
