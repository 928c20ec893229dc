"""Headers that lie: each is a problem at a place, never an exception, never slow."""

from __future__ import annotations

import io
import json
import os
import struct
import time
import zipfile
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper
from safetensors import safe_open
from safetensors.numpy import save as save_safetensors

from accord.instruments.model_formats import KINDS, Header, read_header


def read(tmp_path: Path, kind: str, content: bytes) -> Header:
    path = tmp_path / "hostile"
    path.write_bytes(content)
    return read_header(path, kind)


def rules(header: Header) -> set[str]:
    return {problem.rule for problem in header.problems}


def safetensors(header: object, data: int = 0) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + bytes(data)


def tensor(
    start: int, end: int, shape: list[object] | None = None, dtype: str = "U8", **more: object
) -> dict[str, object]:
    return {"dtype": dtype, "shape": [end - start] if shape is None else shape, "data_offsets": [start, end], **more}


EMPTY = b'{"dtype":"U8","shape":[0],"data_offsets":[0,0]}'

BAD_SAFETENSORS = {
    "no length": b"\x01\x02",
    "a length of 2^64-1": b"\xff" * 8 + b"{}",
    "a length over the format's limit": (100_000_001).to_bytes(8, "little") + b"{}",
    "a length over the file": (50).to_bytes(8, "little") + b"{}",
    "a list": safetensors([1]),
    "a space before": safetensors(b" {}"),
    "no JSON": safetensors(b"{nope"),
    "no UTF-8": safetensors(b'{"\xff": 1}'),
    "nested deep": safetensors(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "nested within strings of brackets": safetensors(b'{"[[[[": 1}'),
    "a key twice": safetensors(b'{"a":' + EMPTY + b',"a":' + EMPTY + b"}"),
    "NaN": safetensors(b'{"a": NaN}'),
    "a number of 5000 digits": safetensors(b'{"a":{"dtype":"U8","shape":[' + b"9" * 5000 + b'],"data_offsets":[0,0]}}'),
    "an unknown type": safetensors({"a": tensor(0, 4, dtype="F31")}, 4),
    "a type that is a list": safetensors({"a": {"dtype": [], "shape": [], "data_offsets": [0, 1]}}, 1),
    "a negative size": safetensors({"a": tensor(0, 4, [-4])}, 4),
    "a size of 2^64": safetensors({"a": tensor(0, 4, [2**64])}, 4),
    "sizes that overflow": safetensors({"a": tensor(0, 0, [2**62, 2**62, 4])}),
    "a size that is true": safetensors({"a": tensor(0, 1, [True])}, 1),
    "a fraction": safetensors({"a": tensor(0, 4, [4.0])}, 4),
    "offsets reversed": safetensors({"a": tensor(4, 0, [0])}, 4),
    "three offsets": safetensors({"a": {"dtype": "U8", "shape": [0], "data_offsets": [0, 0, 0]}}),
    "a key too much": safetensors({"a": tensor(0, 4, extra=1)}, 4),
    "a range of the wrong size": safetensors({"a": tensor(0, 4, [3])}, 4),
    "behind the end": safetensors({"a": tensor(0, 40)}, 4),
    "an overlap": safetensors({"a": tensor(0, 4), "b": tensor(2, 6)}, 6),
    "the same range twice": safetensors({"a": tensor(0, 4), "b": tensor(0, 4)}, 4),
    "a hole": safetensors({"a": tensor(0, 4), "b": tensor(6, 8)}, 8),
    "a hole at the start": safetensors({"a": tensor(4, 8)}, 8),
    "bytes at the end": safetensors({"a": tensor(0, 4)}, 8),
    "metadata that is no text": safetensors({"__metadata__": {"a": 1}}),
    "metadata that is a list": safetensors({"__metadata__": [1]}),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_SAFETENSORS)
def test_safetensors_that_lie(tmp_path: Path, name: str) -> None:
    header = read(tmp_path, "safetensors", BAD_SAFETENSORS[name])
    assert rules(header) == {"MOD-007"}
    assert not header.valid


@pytest.mark.parametrize("name", BAD_SAFETENSORS)
def test_the_reference_implementation_is_no_stricter(tmp_path: Path, name: str) -> None:
    """Oracle for the other direction: what we call valid, the library opens; most of these it refuses as well."""
    path = tmp_path / "hostile.safetensors"
    path.write_bytes(BAD_SAFETENSORS[name])
    # serde ignores a key too much and keeps the last of two; the format wants "{" first, the library does not insist
    lenient = {"a key too much", "a key twice", "a space before"}
    try:
        with safe_open(path, "numpy"):
            opens = True
    except Exception:  # the library's own error type
        opens = False
    assert not opens or name in lenient


def test_safetensors_at_an_odd_place_is_a_remark(tmp_path: Path) -> None:
    header = read(tmp_path, "safetensors", safetensors(b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]} }', 4))
    assert [(problem.rule, problem.severity) for problem in header.problems] == [("MOD-007", "low")]
    assert header.valid


def test_a_header_too_large_to_parse_is_a_bomb(tmp_path: Path) -> None:
    path = tmp_path / "hostile"
    path.write_bytes((20 << 20).to_bytes(8, "little") + b"{")
    os.truncate(path, 1 << 30)
    assert rules(read_header(path, "safetensors")) == {"MOD-011"}


def test_millions_of_lists_are_a_bomb(tmp_path: Path) -> None:
    start = time.process_time()
    assert rules(read(tmp_path, "safetensors", safetensors(b'{"a":[' + b"[]," * 5_000_000 + b"[]]}"))) == {"MOD-011"}
    assert time.process_time() - start < 1


def test_thousands_of_problems_are_counted_not_kept(tmp_path: Path) -> None:
    header = read(tmp_path, "safetensors", safetensors({f"t{n}": {"dtype": "F31"} for n in range(10_000)}))
    assert len(header.problems) == 51
    assert "9950 more" in header.problems[-1].text


# --- GGUF -------------------------------------------------------------------------------------------------------------


def text(value: str | bytes) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(raw)) + raw


def entry(key: str, kind: int, value: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + value


def described(name: str, shape: tuple[int, ...], kind: int, offset: int) -> bytes:
    return text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset)


def gguf(entries: list[bytes], tensors: list[bytes], data: int = 0, *, version: int = 3, alignment: int = 32) -> bytes:
    head = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(entries)) + b"".join(entries) + b"".join(tensors)
    return head + bytes(-len(head) % alignment + data)


def counts(tensors: int, keys: int) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", 3, tensors, keys) + bytes(100)


def array(kind: int, count: int, values: bytes) -> bytes:
    return struct.pack("<IQ", kind, count) + values


def nested(depth: int) -> bytes:
    return array(9, 1, nested(depth - 1)) if depth else array(0, 1, b"\x01")


def template(source: str) -> bytes:
    return gguf([entry("tokenizer.chat_template", 8, text(source))], [])


BAD_GGUF = {
    "no version": b"GGUF\x03",
    "version 1": gguf([], [], version=1),
    "version 99": gguf([], [], version=99),
    "2^64-1 tensors": counts(2**64 - 1, 0),
    "2^64-1 keys": counts(0, 2**64 - 1),
    "a million keys in a hundred bytes": counts(0, 10**6),
    "a key of 2^63 bytes": gguf([struct.pack("<Q", 2**63) + bytes(20)], []),
    "a text of 2^63 bytes": gguf([entry("k", 8, struct.pack("<Q", 2**63))], []),
    "value type 13": gguf([entry("k", 13, b"")], []),
    "an array of 2^60 numbers": gguf([entry("k", 9, array(4, 2**60, b""))], []),
    "an array of 2^60 texts": gguf([entry("k", 9, array(8, 2**60, b""))], []),
    "an array of texts, one too long": gguf([entry("k", 9, array(8, 2, text("a") + struct.pack("<Q", 2**40)))], []),
    "an array of type 13": gguf([entry("k", 9, array(13, 1, bytes(20)))], []),
    "a key twice": gguf([entry("k", 0, b"\1"), entry("k", 0, b"\1")], []),
    "an empty key": gguf([entry("", 0, b"\1")], []),
    "a truth value of 7": gguf([entry("k", 7, b"\7")], []),
    "an alignment of 0": gguf([entry("general.alignment", 4, bytes(4))], []),
    "an alignment of 3": gguf([entry("general.alignment", 4, b"\3\0\0\0")], []),
    "an alignment that is text": gguf([entry("general.alignment", 8, text("32"))], []),
    "five dimensions": gguf([], [described("t", (1, 1, 1, 1, 1), 0, 0)], 32),
    "tensor type 99": gguf([], [described("t", (1,), 99, 0)], 32),
    "a removed tensor type": gguf([], [described("t", (32,), 4, 0)], 64),
    "a row that is no whole block": gguf([], [described("t", (33,), 8, 0)], 64),
    "elements that overflow": gguf([], [described("t", (2**40, 2**40), 0, 0)], 64),
    "not aligned": gguf([], [described("t", (1,), 0, 4)], 64),
    "behind the end": gguf([], [described("t", (1000,), 0, 0)], 64),
    "an offset of 2^63": gguf([], [described("t", (1,), 0, 2**63)], 64),
    "an overlap": gguf([], [described("a", (16,), 0, 0), described("b", (16,), 0, 32)], 128),
    "a tensor twice": gguf([], [described("a", (8,), 0, 0), described("a", (8,), 0, 32)], 64),
    "a template that is not Jinja": template("{% if %}"),
    "a template that is not UTF-8": gguf([entry("tokenizer.chat_template", 8, text(b"\xff\xfe"))], []),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_GGUF)
def test_gguf_that_lies(tmp_path: Path, name: str) -> None:
    header = read(tmp_path, "gguf", BAD_GGUF[name])
    assert rules(header) == {"MOD-007"}
    assert not header.valid
    assert all(problem.offset is not None or problem.member for problem in header.problems)


def test_gguf_good_twin_of_the_bad_ones(tmp_path: Path) -> None:
    entries = [
        entry("general.alignment", 4, struct.pack("<I", 64)),
        entry("tokens", 9, array(8, 3, text("a") + text("") + text("ccc"))),
        entry("deep", 9, nested(3)),
        entry("tokenizer.chat_template", 8, text("{{ messages[0]['content'] }}")),
    ]
    content = gguf(entries, [described("a", (16,), 0, 0), described("b", (32,), 8, 64)], 64 + 34, alignment=64)
    header = read(tmp_path, "gguf", content)
    assert header.problems == ()
    assert (header.tensors, header.parameters) == (2, 48)
    assert read(tmp_path, "gguf", content.replace(b"GGUF\x03", b"GGUF\x02")).version == "2"


def test_gguf_bombs(tmp_path: Path) -> None:
    assert rules(read(tmp_path, "gguf", gguf([entry("k", 9, nested(20))], []))) == {"MOD-011"}
    assert rules(read(tmp_path, "gguf", template("x" * (300 << 10)))) == {"MOD-011"}
    start = time.process_time()
    millions = gguf([entry("k", 9, array(8, 6_000_000, bytes(48_000_000)))], [])
    assert rules(read(tmp_path, "gguf", millions)) == {"MOD-011"}
    assert time.process_time() - start < 2


def test_every_chat_template_of_a_file_is_examined(tmp_path: Path) -> None:
    evil = "{{ ''.__class__ }}"
    for entries in (
        [entry("tokenizer.chat_template.tool_use", 8, text(evil))],
        [entry("tokenizer.chat_template", 9, array(8, 2, text("fine") + text(evil)))],
        [entry("tokenizer.chat_template", 8, text("fine")), entry("tokenizer.chat_template", 8, text(evil))],
    ):
        header = read(tmp_path, "gguf", gguf(entries, []))
        assert "MOD-005" in rules(header)
        assert header.executes is True


# --- ONNX -------------------------------------------------------------------------------------------------------------


def model(
    nodes: list[onnx.NodeProto] | None = None, weights: list[onnx.TensorProto] | None = None, **more: object
) -> bytes:
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes or [helper.make_node("Relu", ["x"], ["y"])],
        "g",
        [value("x", TensorProto.FLOAT, [1])],
        [value("y", TensorProto.FLOAT, [1])],
        weights or [],
    )
    opsets = [helper.make_opsetid(domain, 1) for domain in ("", "evil.custom", "com.microsoft")]
    return helper.make_model(graph, opset_imports=opsets, **more).SerializeToString()


def external(location: str) -> onnx.TensorProto:
    proto = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL)
    proto.external_data.add(key="location", value=location)
    return proto


def test_onnx_foreign_operators(tmp_path: Path) -> None:
    foreign = helper.make_node("Run", ["x"], ["y"], domain="evil.custom")
    header = read(tmp_path, "onnx", model([foreign]))
    assert rules(header) == {"MOD-006"}
    assert "'Run'" in header.problems[0].text
    inner = helper.make_graph([foreign], "inner", [], [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])])
    hidden = helper.make_node("If", ["c"], ["y"], then_branch=inner, else_branch=inner)
    assert rules(read(tmp_path, "onnx", model([hidden]))) == {"MOD-006"}
    fused = helper.make_node("FusedMatMul", ["x", "x"], ["y"], domain="com.microsoft")
    assert read(tmp_path, "onnx", model([fused])).problems == ()


@pytest.mark.parametrize("location", ["../../etc/passwd", "/etc/passwd", "a/../../b", "C:\\x", "..\\x", "file:///x"])
def test_onnx_data_outside_the_folder(tmp_path: Path, location: str) -> None:
    header = read(tmp_path, "onnx", model(weights=[external(location)]))
    assert rules(header) == {"MOD-006"}
    assert header.problems[0].member == "w"
    constant = helper.make_node("Constant", [], ["y"], value=external(location))
    assert rules(read(tmp_path, "onnx", model([constant]))) == {"MOD-006"}


def test_onnx_data_beside_the_model(tmp_path: Path) -> None:
    header = read(tmp_path, "onnx", model(weights=[external("weights.bin")]))
    assert header.problems == ()
    assert header.not_checked


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def wrapped(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def deep(levels: int) -> bytes:
    graph = wrapped(1, wrapped(4, b"Relu"))
    for _ in range(levels):
        graph = wrapped(1, wrapped(4, b"If") + wrapped(5, wrapped(6, graph)))
    return wrapped(8, b"\x10\x01") + b"\x08\x08" + wrapped(7, graph)


BAD_ONNX = {
    "a number without end": b"\x08" + b"\xff" * 20,
    "a field longer than the file": b"\x08\x08\x3a\xff\xff\xff\xff\x0f",
    "field number 0": b"\x00\x01",
    "a group": b"\x08\x08\x3b\x3c",
    "a graph that is a number": b"\x08\x08\x38\x01",
    "no graph": b"\x08\x08",
    "no IR version": model()[2:],
    "nested deep": deep(500),
    "a node without an operator": b"\x08\x08" + wrapped(7, wrapped(1, wrapped(1, b"x"))),
    "a size of -1": model(weights=[TensorProto(name="w", data_type=1, dims=[-1])]),
    "sizes that overflow": model(weights=[TensorProto(name="w", data_type=1, dims=[2**40, 2**40])]),
    "tensor type 99": model(weights=[TensorProto(name="w", data_type=99, dims=[1])]),
    "data of the wrong size": model(weights=[TensorProto(name="w", data_type=1, dims=[3], raw_data=b"1234")]),
    "a hundred dimensions": model(weights=[TensorProto(name="w", data_type=1, dims=[1] * 100)]),
    "external data nowhere": model(weights=[external("")]),
    "no operator set": b"\x08\x08" + wrapped(7, wrapped(1, wrapped(4, b"Relu"))),
}


@pytest.mark.parametrize("name", BAD_ONNX)
def test_onnx_that_lies(tmp_path: Path, name: str) -> None:
    header = read(tmp_path, "onnx", BAD_ONNX[name])
    assert rules(header) == {"MOD-007"}


def test_onnx_millions_of_fields_are_a_bomb(tmp_path: Path) -> None:
    start = time.process_time()
    header = read(tmp_path, "onnx", b"\x08\x08" + wrapped(7, b"\x0a\x02\x22\x00" * 2_500_000))
    assert "MOD-011" in rules(header)
    assert time.process_time() - start < 15


# --- NumPy ------------------------------------------------------------------------------------------------------------


def npy(header: str | bytes, data: int = 0, version: int = 1) -> bytes:
    raw = header if isinstance(header, bytes) else header.encode("latin-1")
    return (
        b"\x93NUMPY" + bytes([version, 0]) + len(raw).to_bytes(2 if version == 1 else 4, "little") + raw + bytes(data)
    )


def fields(descr: str = "'<f4'", shape: str = "(2,)", order: str = "False") -> str:
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}"


BAD_NPY = {
    "another magic": b"\x93NUMPX\x01\x00",
    "no header": b"\x93NUMPY\x01\x00",
    "version 4": npy(fields(), 8, version=4),
    "a header of 4 GiB": b"\x93NUMPY\x02\x00\xff\xff\xff\xff{}",
    "a header over the end": b"\x93NUMPY\x01\x00\xff\xff{}",
    "a call": npy("__import__('os').system('true')"),
    "a name": npy(fields(shape="(x,)"), 8),
    "a sum": npy(fields(shape="(1+1,)"), 8),
    "a negative size": npy(fields(shape="(-2,)"), 8),
    "no tuple": npy(fields(shape="2"), 8),
    "a size of 2^64": npy(fields(shape="(18446744073709551616,)"), 8),
    "a size of a thousand digits": npy(fields(shape="(" + "9" * 1000 + ",)"), 8),
    "a key missing": npy("{'descr': '<f4', 'shape': (2,), }", 8),
    "a key too much": npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'x': 1}", 8),
    "a key twice": npy("{'descr': '<f4', 'descr': '|O', 'fortran_order': False, 'shape': (2,), }", 8),
    "an order that is 1": npy(fields(order="1"), 8),
    "an unknown type": npy(fields(descr="'<q4'"), 8),
    "a structure that is none": npy(fields(descr="[1, 2]"), 8),
    "nested deep": npy(fields(descr="[('a', " * 5000 + "'<f4'" + ")]" * 5000), 8),
    "brackets that cross": npy("{'descr': ['<f4'), 'fortran_order': False, 'shape': (2,), }", 8),
    "data cut short": npy(fields(), 7),
    "bytes at the end": npy(fields(), 9),
    "not UTF-8": npy(fields(descr="[('\xff', '<f4')]"), 8, version=3),
}


@pytest.mark.parametrize("name", BAD_NPY)
def test_npy_that_lies(tmp_path: Path, name: str) -> None:
    header = read(tmp_path, "numpy", BAD_NPY[name])
    assert rules(header) == {"MOD-007"}


def test_npy_good_twin(tmp_path: Path) -> None:
    assert read(tmp_path, "numpy", npy(fields(), 8)).problems == ()


def saved(value: object) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.array(value, dtype=object) if isinstance(value, list) else value, allow_pickle=True)
    return buffer.getvalue()


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def test_arrays_of_objects_are_pickles(tmp_path: Path) -> None:
    structured = np.zeros(2, [("a", "f4"), ("b", [("c", object)])])
    for content in (saved([1, "a"]), saved(structured)):
        header = read(tmp_path, "numpy", content)
        assert rules(header) == {"MOD-006"}
        assert header.executes is True
        header = read(tmp_path, "numpy_zip", zipped({"fine.npy": saved(np.arange(3)), "evil.npy": content}))
        assert [(problem.rule, problem.member) for problem in header.problems] == [("MOD-006", "evil.npy")]
        assert header.executes is True


def test_npz_that_lies(tmp_path: Path) -> None:
    assert rules(read(tmp_path, "numpy_zip", zipped({"a.npy": b"no array"}))) == {"MOD-007"}
    assert rules(read(tmp_path, "numpy_zip", zipped({"a.npy": BAD_NPY["a call"]}))) == {"MOD-007"}
    assert rules(read(tmp_path, "numpy_zip", zipped({"a.npy": saved(np.arange(9))[:-1]}))) == {"MOD-007"}
    assert rules(read(tmp_path, "numpy_zip", zipped({"../a.npy": saved(np.arange(9))}))) == {"MOD-010"}
    bomb = zipped({"a.npy": npy(fields(shape="(50000000,)"), 200_000_000)})
    start = time.process_time()
    assert rules(read(tmp_path, "numpy_zip", bomb)) == {"MOD-011"}
    assert time.process_time() - start < 0.5


# --- PyTorch, Keras, HDF5 ---------------------------------------------------------------------------------------------


def test_torch_that_lies(tmp_path: Path) -> None:
    assert rules(read(tmp_path, "pytorch", zipped({"a/version": b"3"}))) == {"MOD-007"}
    assert rules(read(tmp_path, "pytorch", zipped({"a/data.pkl": b".", "b/data.pkl": b"."}))) == {"MOD-007"}
    assert rules(read(tmp_path, "pytorch", zipped({"a/data.pkl": b".", "a/version": b"x"}))) == {"MOD-007"}
    assert rules(read(tmp_path, "pytorch", zipped({"a/data.pkl": b".", "a/byteorder": b"odd"}))) == {"MOD-007"}
    renamed = bytearray(zipped({"a/data.pkl": b"."}))
    renamed[30:40] = b"a/date.pkl"
    assert rules(read(tmp_path, "pytorch", bytes(renamed))) == {"MOD-010"}


def test_keras_that_lies(tmp_path: Path) -> None:
    for config in (b"[]", b"{", b'{"a":' * 5000, b'{"class_name": "A", "class_name": "Lambda"}', b"\xff"):
        header = read(tmp_path, "keras", zipped({"metadata.json": b"{}", "config.json": config}))
        assert "MOD-007" in rules(header)
    assert rules(read(tmp_path, "keras", zipped({"metadata.json": b"{}"}))) == {"MOD-007"}
    large = zipped({"config.json": b'{"a": "' + b"x" * (17 << 20) + b'"}'})
    assert "MOD-011" in rules(read(tmp_path, "keras", large))


def test_hdf5_that_lies(tmp_path: Path) -> None:
    magic = b"\x89HDF\r\n\x1a\n"
    for content in (
        b"nothing",
        magic,
        magic + b"\x09",
        magic + b"\x02\x05",
        magic + b"\x00" * 4,
        magic + b"\x02\x08\x08\x00",
    ):
        assert rules(read(tmp_path, "hdf5", content)) == {"MOD-007"}


# --- all of them ------------------------------------------------------------------------------------------------------

VALID: dict[str, bytes] = {
    "safetensors": save_safetensors({"a": np.zeros((2, 3), np.float32), "b": np.zeros(4, np.int8)}, {"k": "v"}),
    "gguf": gguf(
        [
            entry("tokens", 9, array(8, 2, text("a") + text("b"))),
            entry("tokenizer.chat_template", 8, text("{% for m in messages %}{{ m.content }}{% endfor %}")),
        ],
        [described("t", (8,), 0, 0)],
        32,
    ),
    "onnx": model([helper.make_node("Relu", ["x"], ["y"])], [external("w.bin")], producer_name="p"),
    "numpy": saved(np.zeros(3, [("a", "f4"), ("b", "i2", (2,))])),
    "numpy_zip": zipped({"a.npy": saved(np.arange(3)), "b.npy": saved(np.zeros(2))}),
    "pytorch": zipped({"a/data.pkl": b"\x80\x02}.", "a/version": b"3\n", "a/data/0": bytes(40)}),
    "torchscript": zipped({"a/data.pkl": b"\x80\x02}.", "a/constants.pkl": b"\x80\x02).", "a/code/m.py": b"pass"}),
    "keras": zipped({"metadata.json": b'{"keras_version": "3"}', "config.json": b'{"class_name": "Sequential"}'}),
    "hdf5": b"\x89HDF\r\n\x1a\n\x02\x08\x08\x00" + bytes(16) + (100).to_bytes(8, "little") + bytes(64),
    "pickle": b"\x80\x04N.",
    "joblib": b"\x1f\x8b\x08\x00",
}


def test_the_valid_ones_are() -> None:
    assert set(VALID) == KINDS


def parses(content: bytes) -> bool:
    try:
        onnx.load_from_string(content)
    except Exception:  # protobuf's own error type
        return False
    return True


@pytest.mark.parametrize("kind", sorted(VALID))
def test_cut_short_at_every_byte(tmp_path: Path, kind: str) -> None:
    """Every prefix gives a problem, or is the whole."""
    content = VALID[kind]
    assert read(tmp_path, kind, content).valid
    for length in range(len(content)):
        header = read(tmp_path, kind, content[:length])
        if kind == "onnx" and parses(content[:length]):
            continue  # protobuf can't tell that a message ends too early between two fields
        assert kind in ("pickle", "joblib") or not header.valid, length


@given(st.sampled_from(sorted(VALID)), st.data())
@settings(max_examples=800, deadline=2000)
def test_mutations_raise_nothing(tmp_path_factory: pytest.TempPathFactory, kind: str, data: st.DataObject) -> None:
    changed = bytearray(VALID[kind])
    for at in data.draw(st.lists(st.integers(0, len(changed) - 1), min_size=1, max_size=6)):
        changed[at] = data.draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF]) | st.integers(0, 255))
    if data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(changed)))
        changed[at:at] = data.draw(st.binary(max_size=20))
    path = tmp_path_factory.getbasetemp() / "mutated"
    path.write_bytes(changed)
    header = read_header(path, kind)
    assert all(problem.text for problem in header.problems)


@given(st.sampled_from(sorted(VALID)), st.binary(max_size=300))
@settings(max_examples=300, deadline=2000)
def test_any_bytes_under_any_kind(tmp_path_factory: pytest.TempPathFactory, kind: str, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(VALID[kind][:8] + content)
    read_header(path, kind)


@pytest.mark.parametrize("kind", sorted(VALID))
def test_a_sparse_gigabyte(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "sparse"
    path.write_bytes(VALID[kind])
    os.truncate(path, 1 << 30)
    start = time.process_time()
    read_header(path, kind)
    assert time.process_time() - start < 0.5
