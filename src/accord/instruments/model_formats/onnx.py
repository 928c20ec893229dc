"""Header of an ONNX file: the graph's operators, tensors and references to other files, by a walk over its protobuf.

Source: `onnx/onnx.proto` (ModelProto, GraphProto, NodeProto, AttributeProto, TensorProto, FunctionProto) and the
external data page of the ONNX documentation. No tensor is read, no shape is inferred.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod
from pathlib import Path, PurePosixPath

from .interface import MALFORMED, RUNS_CODE, CutShort, Header, Problems, keep, open_window
from .protobuf import DEPTH_LIMIT, Span, Wire, message

_STANDARD = frozenset(("", "ai.onnx", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview", "ai.onnx.preview.training"))
_RUNTIME = ("com.microsoft", "com.ms.", "org.pytorch.aten")  # operators that ONNX Runtime brings along
_ELEMENT_BITS = {
    1: 32,
    2: 8,
    3: 8,
    4: 16,
    5: 16,
    6: 32,
    7: 64,
    9: 8,
    10: 16,
    11: 64,
    12: 32,
    13: 64,
    14: 64,
    15: 128,
    16: 16,
}
_ELEMENT_BITS |= {17: 8, 18: 8, 19: 8, 20: 8, 21: 4, 22: 4, 23: 4, 24: 8, 25: 2, 26: 2, 27: 6, 28: 6}
_STRING_TYPE = 8
_EXTERNAL = 1
# runs of unpacked floats (field 7) and ints (field 8) in an attribute: decision trees have millions
_ATTRIBUTE_RUNS = re.compile(rb"(?:\x3d.{4})+|(?:\x40[\x80-\xff]{0,9}[\x00-\x7f])+", re.DOTALL)
_Handler = Callable[["_Model", int | Span, int], None]


@dataclass(slots=True)
class _Model:
    wire: Wire
    problems: Problems
    metadata: dict[str, str] = field(default_factory=dict)
    opsets: dict[str, int] = field(default_factory=dict)
    used: dict[str, str] = field(default_factory=dict)  # domain -> an operator of it
    local: set[str] = field(default_factory=set)  # domains of functions that the file defines itself
    ir_version: int | None = None
    tensors: int = 0
    parameters: int = 0
    nodes: int = 0
    graphs: int = 0
    external: int = 0


def read_onnx(path: Path) -> Header:
    """Read the structure of the ONNX file at `path`. ONNX carries no code, so `executes` is False.

    `tensors` and `parameters` count all tensors in the file: initializers and constants inside nodes, also those of
    subgraphs; some exporters keep all weights in constants.
    """
    with open_window(path) as window:
        model = _Model(Wire(window), Problems())
        complete = False
        try:
            _walk(model, Span(0, window.size), _MODEL, 0)
            complete = True
        except CutShort as cut:
            model.problems.add(cut.rule, cut.text, offset=cut.offset)
        _domains(model)
        if complete:
            _completeness(model)
        keep(model.metadata, "nodes", model.nodes)
        keep(
            model.metadata,
            "opsets",
            ", ".join(f"{name or 'ai.onnx'} {number}" for name, number in model.opsets.items()),
        )
        return Header(
            "onnx",
            version=None if model.ir_version is None else str(model.ir_version),
            tensors=model.tensors if complete else None,
            parameters=model.parameters if complete else None,
            metadata=model.metadata,
            problems=model.problems.all(),
            executes=False,
            not_checked=("the files that hold external tensors",) if model.external else (),
            bytes_read=window.bytes_read,
        )


def _walk(model: _Model, span: Span, handlers: dict[int, _Handler], depth: int) -> None:
    if depth > DEPTH_LIMIT:
        raise CutShort(span.start, f"messages nested more than {DEPTH_LIMIT} deep")
    runs = _ATTRIBUTE_RUNS if handlers is _ATTRIBUTE else None
    for number, value in model.wire.fields(span, runs=runs):
        if handler := handlers.get(number):
            handler(model, value, depth + 1)


def _into(what: str, handlers: Callable[[], dict[int, _Handler]]) -> _Handler:
    return lambda model, value, depth: _walk(model, message(value, what), handlers(), depth)


def _graph(model: _Model, value: int | Span, depth: int) -> None:
    model.graphs += 1
    _walk(model, message(value, "a graph"), _GRAPH, depth)


def _node(model: _Model, value: int | Span, depth: int) -> None:
    model.nodes += 1
    operator = domain = ""
    span = message(value, "a node")
    for number, inner in model.wire.fields(span):
        if number == 4:
            operator = model.wire.text(inner)
        elif number == 7:
            domain = model.wire.text(inner)
        elif number == 5:
            _walk(model, message(inner, "an attribute"), _ATTRIBUTE, depth + 1)
    if not operator:
        model.problems.add(MALFORMED, "a node without an operator", offset=span.start)
    if len(model.used) < 1000:
        model.used.setdefault(domain, operator)


def _stored(model: _Model, value: int | Span, depth: int) -> None:
    model.tensors += 1
    model.parameters += _tensor(model, value, depth)


def _stored_sparse(model: _Model, value: int | Span, depth: int) -> None:
    model.tensors += 1
    for number, inner in model.wire.fields(message(value, "a sparse tensor")):
        if number in (1, 2):
            elements = _tensor(model, inner, depth + 1)
            model.parameters += elements if number == 1 else 0


def _tensor(model: _Model, value: int | Span, depth: int) -> int:
    """Check a TensorProto: dims, type, size of its raw data, where external data lie. Returns its elements."""
    span = message(value, "a tensor")
    dims: list[int] = []
    kind = location = 0
    raw: int | None = None
    name = ""
    entries: list[tuple[str, str]] = []
    for number, inner in model.wire.fields(span):
        if number == 1:
            dims += model.wire.packed(inner)
            if len(dims) > 64:
                raise CutShort(span.start, "a tensor of more than 64 dimensions")
        elif number == 2 and isinstance(inner, int):
            kind = inner
        elif number == 8:
            name = model.wire.text(inner)
        elif number == 9:
            raw = message(inner, "raw data").size
        elif number == 13 and len(entries) < 16:
            entries.append(_pair(model, inner))
        elif number == 14 and isinstance(inner, int):
            location = inner
    elements = prod(dims)
    if any(size >= 2**63 for size in dims) or elements >= 2**63:
        model.problems.add(MALFORMED, "a tensor has negative or impossible dimensions", offset=span.start, member=name)
        return 0
    if kind not in _ELEMENT_BITS and kind != _STRING_TYPE:
        model.problems.add(MALFORMED, f"tensor element type {kind} is unknown", offset=span.start, member=name)
    elif raw is not None and kind != _STRING_TYPE and raw != -(-elements * _ELEMENT_BITS[kind] // 8):
        model.problems.add(
            MALFORMED, f"{raw} bytes of data for {elements} elements of type {kind}", offset=span.start, member=name
        )
    if location == _EXTERNAL:
        model.external += 1
        _external(model, dict(entries).get("location", ""), span.start, name)
    return elements


def _pair(model: _Model, value: int | Span) -> tuple[str, str]:
    key = text = ""
    for number, inner in model.wire.fields(message(value, "an entry")):
        if number == 1:
            key = model.wire.text(inner)
        elif number == 2:
            text = model.wire.text(inner, 4096)
    return key, text


def _external(model: _Model, location: str, offset: int, name: str) -> None:
    path = PurePosixPath(location.replace("\\", "/"))
    if not location:
        model.problems.add(MALFORMED, "its external data have no location", offset=offset, member=name)
    elif path.is_absolute() or ".." in path.parts or ":" in location or "\x00" in location:
        text = f"its data are to be read from {location[:100]!r}, outside the model's folder"
        model.problems.add(RUNS_CODE, text, offset=offset, member=name)


def _opset(model: _Model, value: int | Span, depth: int) -> None:
    domain, version = "", 0
    for number, inner in model.wire.fields(message(value, "an operator set")):
        if number == 1:
            domain = model.wire.text(inner)
        elif number == 2 and isinstance(inner, int):
            version = inner
    if len(model.opsets) < 100:
        model.opsets[domain] = version


def _function(model: _Model, value: int | Span, depth: int) -> None:
    domain = ""
    for number, inner in model.wire.fields(message(value, "a function")):
        if number == 10:
            domain = model.wire.text(inner)
        elif number == 7:
            _node(model, inner, depth + 1)
        elif number == 11:
            _walk(model, message(inner, "an attribute"), _ATTRIBUTE, depth + 1)
    if domain not in _STANDARD and len(model.local) < 1000:
        model.local.add(domain)


def _ir_version(model: _Model, value: int | Span, depth: int) -> None:
    model.ir_version = value if isinstance(value, int) else None


def _note(key: str) -> _Handler:
    return lambda model, value, depth: keep(model.metadata, key, model.wire.text(value))


def _property(model: _Model, value: int | Span, depth: int) -> None:
    key, text = _pair(model, value)
    keep(model.metadata, f"metadata.{key}", text)


_ATTRIBUTE: dict[int, _Handler] = {
    5: _stored, 6: _graph, 10: _stored, 11: _graph, 22: _stored_sparse, 23: _stored_sparse,
}  # fmt: skip
_GRAPH: dict[int, _Handler] = {1: _node, 5: _stored, 15: _stored_sparse}
_TRAINING: dict[int, _Handler] = {1: _graph, 2: _graph}
_MODEL: dict[int, _Handler] = {
    1: _ir_version,
    2: _note("producer"),
    3: _note("producer version"),
    4: _note("domain"),
    7: _graph,
    8: _opset,
    14: _property,
    20: _into("training", lambda: _TRAINING),
    25: _function,
}


def _domains(model: _Model) -> None:
    """Note every domain of operators that neither the standard, the runtime nor the file itself defines."""
    for domain, operator in model.used.items():
        if domain in _STANDARD or domain in model.local or domain.startswith(_RUNTIME):
            continue
        text = f"the operator {operator[:80]!r} of the domain {domain[:80]!r} is in no standard: it needs native code"
        model.problems.add(RUNS_CODE, text, member=operator)


def _completeness(model: _Model) -> None:
    if not model.ir_version:
        model.problems.add(MALFORMED, "no IR version")
    if not model.graphs:
        model.problems.add(MALFORMED, "no graph")
    for domain in model.used:
        named = domain in model.opsets or (domain in ("", "ai.onnx") and not {"", "ai.onnx"}.isdisjoint(model.opsets))
        if not named and domain not in model.local:
            model.problems.add(MALFORMED, f"no version is imported for the operators of {domain[:80] or 'ai.onnx'!r}")
