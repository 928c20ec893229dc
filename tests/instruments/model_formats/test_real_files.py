"""Headers of files that the formats' own libraries wrote: the counts must agree with what those libraries read."""

from __future__ import annotations

import json
import os
import re
import time
import warnings
import zipfile
from pathlib import Path

import gguf
import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from onnx import TensorProto, helper, numpy_helper
from safetensors import safe_open
from safetensors.numpy import save_file

from accord.instruments.model_formats import KINDS, read_header
from accord.instruments.model_formats.gguf import TENSOR_TYPES
from accord.instruments.model_formats.onnx import _ELEMENT_BITS, _STRING_TYPE
from accord.instruments.model_formats.safetensors import DTYPE_BITS

TENSORS = {
    "embed.weight": np.zeros((50, 8), np.float32),
    "bias": np.zeros(3, np.float16),
    "scalar": np.array(1.0),
    "ids": np.zeros((2, 0), np.int64),
    "mask": np.zeros(8, bool),
}


def test_safetensors(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    save_file(TENSORS, path, metadata={"format": "np", "note": "x" * 1000})
    header = read_header(path, "safetensors")
    with safe_open(path, "numpy") as oracle:
        assert header.tensors == len(oracle.keys())
        assert header.parameters == sum(oracle.get_tensor(key).size for key in oracle.keys())  # noqa: SIM118
    assert header.problems == ()
    assert header.executes is False
    assert header.metadata["format"] == "np"
    assert len(header.metadata["note"]) < 300


def test_safetensors_types_agree_with_the_library(tmp_path: Path) -> None:
    """Oracle: the library opens a file of one tensor of each type, and of no type that we don't know."""
    library = {"BOOL", "U8", "I8", "I16", "U16", "F16", "BF16", "I32", "U32", "F32", "I64", "U64", "F64", "C64"}
    library |= {"F8_E5M2", "F8_E4M3", "F8_E8M0", "F4", "F6_E2M3", "F6_E3M2"}
    assert library <= set(DTYPE_BITS)
    for name, bits in DTYPE_BITS.items():
        text = json.dumps({"t": {"dtype": name, "shape": [8], "data_offsets": [0, bits]}}).encode()
        path = tmp_path / f"{name}.safetensors"
        path.write_bytes(len(text).to_bytes(8, "little") + text + bytes(bits))
        try:
            with safe_open(path, "numpy") as oracle:
                assert list(oracle.keys()) == ["t"]
        except Exception as error:  # the library's own error type
            # a type the installed version does not know; a wrong size would be another message
            assert "unknown variant" in str(error), (name, error)
        assert read_header(path, "safetensors").valid


@pytest.mark.parametrize("endian", [gguf.GGUFEndian.LITTLE, gguf.GGUFEndian.BIG])
def test_gguf(tmp_path: Path, endian: gguf.GGUFEndian) -> None:
    path = tmp_path / "m.gguf"
    writer = gguf.GGUFWriter(path, "llama", endianess=endian)
    writer.add_context_length(512)
    writer.add_name("small")
    writer.add_token_list([f"token {n}" for n in range(70_000)])
    writer.add_array("a.nested", [[1, 2], [3]])
    writer.add_float32("a.float", 0.5)
    writer.add_bool("a.bool", True)
    writer.add_chat_template("{% for m in messages %}{{ m['content'] }}{% endfor %}")
    rng = np.random.default_rng(0)
    for name, shape in {"a.weight": (4, 64), "b.weight": (7,), "c.weight": (2, 3, 32)}.items():
        writer.add_tensor(name, rng.normal(size=shape).astype(np.float32))
    raw = gguf.quants.quantize(rng.normal(size=(4, 64)).astype(np.float32), gguf.GGMLQuantizationType.Q8_0)
    writer.add_tensor("q.weight", raw, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    oracle = gguf.GGUFReader(path)
    header = read_header(path, "gguf")
    assert header.problems == ()
    assert header.tensors == len(oracle.tensors) == 4
    assert header.parameters == sum(int(tensor.n_elements) for tensor in oracle.tensors)
    assert header.version == "3"
    assert header.metadata["general.name"] == "small"
    assert header.metadata["byte order"] == ("big" if endian == gguf.GGUFEndian.BIG else "little")
    assert header.executes is False


def test_gguf_block_sizes_agree_with_the_library() -> None:
    assert {kind: sizes[1:] for kind, sizes in TENSOR_TYPES.items()} == {
        int(kind): sizes for kind, sizes in gguf.GGML_QUANT_SIZES.items()
    }
    assert {kind: sizes[0] for kind, sizes in TENSOR_TYPES.items()} == {
        int(kind): kind.name for kind in gguf.GGMLQuantizationType
    }


def make_onnx(path: Path, **model: object) -> onnx.ModelProto:
    weights = [
        numpy_helper.from_array(np.zeros((3, 4), np.float32), "w"),
        helper.make_tensor("i4", TensorProto.INT4, [5], [1, 2, 3, 4, 5]),
        helper.make_tensor("s", TensorProto.STRING, [2], [b"a", b"bc"]),
        numpy_helper.from_array(np.zeros((0, 4), np.int64), "none"),
    ]
    inner = helper.make_graph(
        [helper.make_node("Identity", ["k"], ["r"])],
        "inner",
        [],
        [helper.make_tensor_value_info("r", TensorProto.FLOAT, [6])],
        [numpy_helper.from_array(np.zeros(6, np.float32), "k")],
    )
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["y"]),
        helper.make_node("If", ["c"], ["z"], then_branch=inner, else_branch=inner),
        helper.make_node("Constant", [], ["v"], value=numpy_helper.from_array(np.zeros(9, np.float32))),
        helper.make_node(
            "TreeEnsembleRegressor", ["y"], ["t"], domain="ai.onnx.ml", nodes_values=[0.5] * 50_000,
            nodes_featureids=list(range(50_000)), nodes_modes=["BRANCH_LEQ"] * 1000,
        ),
    ]  # fmt: skip
    graph = helper.make_graph(
        nodes,
        "g",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3]),
            helper.make_tensor_value_info("c", TensorProto.BOOL, []),
        ],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4])],
        weights,
    )
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("ai.onnx.ml", 3)]
    made = helper.make_model(graph, opset_imports=opsets, producer_name="a test")
    onnx.save(made, path)
    return made


def all_tensors(graph: onnx.GraphProto) -> list[onnx.TensorProto]:
    found = list(graph.initializer)
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                found += all_tensors(attribute.g)
            if attribute.type == onnx.AttributeProto.TENSOR:
                found.append(attribute.t)
    return found


def test_onnx(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    made = make_onnx(path)
    oracle = all_tensors(made.graph)
    header = read_header(path, "onnx")
    assert header.problems == ()
    assert header.tensors == len(oracle) == 7
    assert header.parameters == sum(int(np.prod(tensor.dims)) for tensor in oracle)
    assert header.version == str(made.ir_version)
    assert header.metadata["opsets"] == "ai.onnx 21, ai.onnx.ml 3"
    assert header.metadata["producer"] == "a test"
    assert header.metadata["nodes"] == "6"
    assert header.executes is False


def test_onnx_functions_of_the_file_itself_are_no_foreign_operators(tmp_path: Path) -> None:
    function = helper.make_function(
        "my.local", "Twice", ["a"], ["b"], [helper.make_node("Add", ["a", "a"], ["b"])], [helper.make_opsetid("", 21)]
    )
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Twice", ["x"], ["y"], domain="my.local")],
        "g",
        [value("x", TensorProto.FLOAT, [1])],
        [value("y", TensorProto.FLOAT, [1])],
    )
    made = helper.make_model(
        graph, functions=[function], opset_imports=[helper.make_opsetid("", 21), helper.make_opsetid("my.local", 1)]
    )
    onnx.checker.check_model(made)
    onnx.save(made, tmp_path / "m.onnx")
    assert read_header(tmp_path / "m.onnx", "onnx").problems == ()


def test_onnx_element_types_agree_with_the_library() -> None:
    known = {number for name, number in TensorProto.DataType.items() if name != "UNDEFINED"}
    assert known == {*_ELEMENT_BITS, _STRING_TYPE}
    for number, bits in _ELEMENT_BITS.items():
        if bits >= 8:
            assert helper.tensor_dtype_to_np_dtype(number).itemsize * 8 == bits
        else:
            # eight elements of a type of fewer bits take as many bytes as it has bits
            tensor = helper.make_tensor("t", number, [8], [0] * 8)
            assert len(numpy_helper.from_array(numpy_helper.to_array(tensor)).raw_data) == bits


DTYPES = (
    hnp.scalar_dtypes()
    | hnp.unicode_string_dtypes()
    | hnp.byte_string_dtypes()
    | hnp.array_dtypes()
    | hnp.nested_dtypes(max_itemsize=500)
)


@given(DTYPES, hnp.array_shapes(min_dims=0, max_dims=4, max_side=3), st.booleans())
@settings(max_examples=200, deadline=None)
def test_npy_of_any_type(
    tmp_path_factory: pytest.TempPathFactory, dtype: np.dtype, shape: tuple[int, ...], fortran: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.npy"
    array = np.zeros(shape, dtype, order="F" if fortran else "C")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy warns when it needs version 2 or 3
        np.save(path, array)
    header = read_header(path, "numpy")
    assert header.problems == ()
    assert (header.tensors, header.parameters) == (1, array.size)
    assert header.executes is False


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_npy_versions_and_several_arrays_in_one_file(tmp_path: Path, version: tuple[int, int]) -> None:
    path = tmp_path / "several.npy"
    with path.open("wb") as stream:
        for count in (3, 5):
            np.lib.format.write_array(stream, np.arange(count), version=version)
    header = read_header(path, "numpy")
    assert header.problems == ()
    assert (header.tensors, header.parameters) == (2, 8)
    assert header.version == f"{version[0]}.{version[1]}"


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz(tmp_path: Path, save: object) -> None:
    path = tmp_path / "m.npz"
    save(path, a=np.arange(1000), b=np.zeros((3, 4), np.float32))  # type: ignore[operator]
    with np.load(path) as oracle:
        sizes = [oracle[name].size for name in oracle.files]
    header = read_header(path, "numpy_zip")
    assert header.problems == ()
    assert (header.tensors, header.parameters) == (len(sizes), sum(sizes))


def write_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


TORCH = {
    "archive/data.pkl": b"\x80\x02}q\x00.",
    "archive/byteorder": b"little",
    "archive/data/0": bytes(400),
    "archive/data/1": bytes(80),
    "archive/version": b"3\n",
    "archive/.data/serialization_id": b"0123456789012345678901234567890123456789",
}


def test_torch(tmp_path: Path) -> None:
    header = read_header(write_zip(tmp_path / "m.pt", TORCH), "pytorch")
    assert header.problems == ()
    assert (header.format, header.version) == ("pytorch", "3")
    assert header.metadata == {"byte order": "little", "storages": "2", "storage bytes": "480", "pickles": "1"}
    assert header.executes is True
    assert header.tensors is None


def test_torchscript_carries_code(tmp_path: Path) -> None:
    members = {**TORCH, "archive/constants.pkl": b"\x80\x02).", "archive/code/__torch__.py": b"def forward(self): pass"}
    header = read_header(write_zip(tmp_path / "m.pt", members), "torchscript")
    assert header.format == "torchscript"
    assert [problem.rule for problem in header.problems] == ["MOD-006"]


def keras_config(**layer: object) -> bytes:
    dense = {
        "module": "keras.layers",
        "class_name": "Dense",
        "config": {
            "name": "dense",
            "activation": "relu",
            "kernel_initializer": {
                "module": "keras.initializers",
                "class_name": "GlorotUniform",
                "config": {"seed": None},
                "registered_name": None,
            },
            "dtype": {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}},
        },
        "registered_name": None,
        "build_config": {"input_shape": [None, 3]},
    }
    layers = [dense, *([layer] if layer else [])]
    config = {"name": "sequential", "trainable": True, "layers": layers}
    return json.dumps(
        {"module": "keras", "class_name": "Sequential", "config": config, "registered_name": None}
    ).encode()


def write_keras(path: Path, config: bytes) -> Path:
    metadata = b'{"keras_version": "3.5.0", "date_saved": "2026-01-01@00:00:00"}'
    return write_zip(path, {"metadata.json": metadata, "config.json": config, "model.weights.h5": b"\x89HDF\r\n\x1a\n"})


def test_keras(tmp_path: Path) -> None:
    header = read_header(write_keras(tmp_path / "m.keras", keras_config()), "keras")
    assert header.problems == ()
    assert header.version == "3.5.0"
    assert header.executes is False
    assert header.tensors is None


@pytest.mark.parametrize(
    "layer",
    [
        {"module": "keras.layers", "class_name": "Lambda", "config": {"function": {"class_name": "__lambda__"}}},
        {"module": "keras.layers", "class_name": "Activation", "config": {"f": {"class_name": "__lambda__"}}},
        {"module": "os", "class_name": "function", "config": "system", "registered_name": "system"},
        {"module": "keras.utils", "class_name": "function", "config": "get_file", "registered_name": "get_file"},
        {"module": "builtins", "class_name": "function", "config": "eval"},
        {"module": "mine", "class_name": "Layer", "config": {}, "registered_name": "mine>Layer"},
        {"module": None, "class_name": "Layer", "config": {}, "registered_name": "mine>Layer"},
        {"class_name": "TFOpLambda", "config": {"function": "math.add"}},
    ],
)
def test_keras_code(tmp_path: Path, layer: dict[str, object]) -> None:
    header = read_header(write_keras(tmp_path / "m.keras", keras_config(**layer)), "keras")
    assert {problem.rule for problem in header.problems} == {"MOD-006"}
    assert header.executes is True
    assert header.valid


def hdf5(version: int, size: int, tail: bytes = b"") -> bytes:
    """A superblock by the specification; there is no HDF5 library here to write one."""
    end = size.to_bytes(8, "little")
    if version < 2:
        extra = b"\x10\x00\x00\x00" if version == 1 else b""
        fixed = bytes([version, 0, 0, 0, 0, 8, 8, 0]) + b"\x04\x00\x10\x00" + bytes(4) + extra
    else:
        fixed = bytes([version, 8, 8, 0])
    content = b"\x89HDF\r\n\x1a\n" + fixed + bytes(8) + b"\xff" * 8 + end
    return content.ljust(size - len(tail), b"\0") + tail


@pytest.mark.parametrize("version", [0, 1, 2, 3])
def test_hdf5(tmp_path: Path, version: int) -> None:
    path = tmp_path / "m.h5"
    path.write_bytes(hdf5(version, 600))
    header = read_header(path, "hdf5")
    assert header.problems == ()
    assert (header.version, header.executes) == (str(version), None)
    path.write_bytes(hdf5(version, 600)[:-1])
    assert [problem.rule for problem in read_header(path, "hdf5").problems] == ["MOD-007"]


def test_hdf5_lambda_is_found_by_its_text(tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    path.write_bytes(hdf5(0, (1 << 20) + 20, b'"class_name": "Lambda"'))
    header = read_header(path, "hdf5")
    assert [(problem.rule, problem.offset) for problem in header.problems] == [("MOD-006", (1 << 20) - 2)]
    assert header.executes is True


def test_pickles_say_their_protocol(tmp_path: Path) -> None:
    path = tmp_path / "m.pkl"
    path.write_bytes(b"\x80\x04N.")
    header = read_header(path, "pickle")
    assert (header.version, header.executes, header.problems) == ("4", True, ())
    path.write_bytes(b"BZh91AY&SY")
    assert read_header(path, "joblib").metadata == {"compression": "bzip2"}


def test_every_kind_has_a_reader_and_takes_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.touch()
    for kind in KINDS:
        header = read_header(path, kind)
        assert header.format == kind or (kind, header.format) == ("torchscript", "pytorch")
        assert kind in ("pickle", "joblib") or header.problems


def test_a_gigabyte_is_read_in_milliseconds(tmp_path: Path) -> None:
    entries, at = {}, 0
    for number in range(400):
        size = 2684352
        entries[f"layer.{number}.weight"] = {"dtype": "F32", "shape": [size // 4], "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(entries).encode()
    text += b" " * (-len(text) % 8)
    path = tmp_path / "big.safetensors"
    path.write_bytes(len(text).to_bytes(8, "little") + text)
    os.truncate(path, 8 + len(text) + at)
    assert path.stat().st_size > 1 << 30
    start = time.process_time()
    header = read_header(path, "safetensors")
    seconds = time.process_time() - start
    assert header.problems == ()
    assert header.parameters == at // 4
    assert header.bytes_read < 200_000
    assert seconds < 0.1
    assert re.fullmatch(r"\d+", str(header.tensors))
