"""Recognition by content, on real files of every kind and on files made to mislead it."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import os
import pickle
import pickletools
import tarfile
import time
import zipfile
import zlib
from pathlib import Path

import joblib
import numpy as np
import onnx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper
from safetensors.numpy import save as save_safetensors

from accord.errors import Unavailable
from accord.subjects.pickle_opcodes import OPCODES, begins_like_pickle
from accord.subjects.recognise import recognise


def kind_of(tmp_path: Path, content: bytes, name: str = "file") -> str:
    path = tmp_path / name
    path.write_bytes(content)
    return recognise(path)


def zipped(**members: bytes) -> bytes:
    return zipped_names({name.replace("__", "/"): data for name, data in members.items()})


def zipped_names(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def onnx_model() -> bytes:
    weight = helper.make_tensor("w", TensorProto.FLOAT, [2], [1.0, 2.0])
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "w"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [2])],
        [weight],
    )
    return helper.make_model(graph).SerializeToString()


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def parquet() -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"a": [1]}), buffer)
    return buffer.getvalue()


def tarred() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.txt"), io.BytesIO())
    return buffer.getvalue()


OBJECT = {"weights": [1.5] * 20, "names": ["a", "b"], "n": 7, "nested": ({1, 2}, None, True, b"xy", 10**30)}

CASES: list[tuple[str, bytes]] = [
    ("empty", b""),
    ("safetensors", save_safetensors({"w": np.zeros((2, 3), np.float32)})),
    ("safetensors", save_safetensors({})),
    ("gguf", b"GGUF\x03\x00\x00\x00" + bytes(16)),
    ("onnx", onnx_model()),
    ("numpy", npy(np.arange(3))),
    ("numpy_zip", zipped_names({"a.npy": npy(np.arange(3)), "b.npy": npy(np.arange(2))})),
    ("pytorch", zipped_names({"archive/data.pkl": b"\x80\x02}.", "archive/version": b"3\n", "archive/data/0": b""})),
    ("pytorch", zipped_names({"data.pkl": b"\x80\x02}."})),
    (
        "torchscript",
        zipped_names({"m/data.pkl": b"\x80\x02}.", "m/code/__torch__.py": b"", "m/constants.pkl": b"\x80\x02)."}),
    ),
    ("torchscript", zipped_names({"m/constants.pkl": b"\x80\x02)."})),
    ("keras", zipped_names({"config.json": b"{}", "metadata.json": b"{}", "model.weights.h5": b""})),
    ("wheel", zipped_names({"a/__init__.py": b"", "a-1.dist-info/WHEEL": b"", "a-1.dist-info/RECORD": b""})),
    ("zip", zipped_names({"readme.txt": b"hello"})),
    ("zip", zipped_names({})),
    ("hdf5", b"\x89HDF\r\n\x1a\n" + bytes(100)),
    ("hdf5", bytes(512) + b"\x89HDF\r\n\x1a\n" + bytes(100)),
    ("parquet", parquet()),
    ("tar", tarred()),
    ("tar", gzip.compress(tarred())),
    ("tar", bz2.compress(tarred())),
    ("tar", lzma.compress(tarred())),
    ("unknown", gzip.compress(b"just some text")),
    ("pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3"),
    ("image", b"\x89PNG\r\n\x1a\n" + bytes(30)),
    ("image", b"RIFF\x00\x00\x00\x00WEBPVP8 "),
    ("image", b"\xff\xd8\xff\xe0" + bytes(30)),
    ("unknown", b"\x7fELF" + bytes(range(256))),
    ("unknown", bytes(4096)),
    ("json", b'{"a": 1}'),
    ("json", json.dumps({"a": list(range(20_000))}, indent=1).encode()),
    ("json", b'[\n {"a": 1},\n {"a": 2}\n]\n'),
    ("jsonl", b'{"a": 1}\n{"a": 2}\n'),
    ("jsonl", b"".join(b'{"text": "%d %s"}\n' % (i, b"x" * 200) for i in range(300))),
    ("csv", b"a,b,c\n1,2,3\n4,5,6\n"),
    ("csv", b"\xef\xbb\xbfname;age\nA;3\nB;4\nC;5\n"),
    ("csv", "a\tb\n1\t2\n3\t4\n".encode("utf-16")),
    ("csv", b'id,quote\n1,"Well, I said, no."\n2,"line\nbreak, here"\n3,x\n'),
    ("csv", b",x,y\n0,1,2\n1,2,3\n"),
    ("text", b"Dear reader,\nthis is prose, as you see, with commas.\nIt goes on, and on.\n"),
    ("text", b"Hello, world\nGoodbye, moon\nGood night, stars\n"),
    ("text", b"# Title\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"),
    ("text", b"import os\n\n\ndef f(a, b):\n    return a, b\n"),
    ("text", b"x = 1;\ny = 2;\nz = 3;\n"),
    ("text", b"[section]\nkey = 1\n"),
    ("text", b"{not json at all}\n"),
    ("text", "Übergänge, naïve\n".encode("latin-1")),
    ("text", b"a\n"),
]
CASES += [("pickle", pickle.dumps(OBJECT, protocol)) for protocol in range(6)]
CASES += [("pickle", pickle.dumps(np.arange(1000.0), protocol)) for protocol in range(6)]
CASES += [("joblib", compress(pickle.dumps(OBJECT, 4))) for compress in (zlib.compress, gzip.compress, bz2.compress)]
CASES += [
    ("joblib", lzma.compress(pickle.dumps(OBJECT, 4))),
    ("joblib", lzma.compress(pickle.dumps(OBJECT, 0), lzma.FORMAT_ALONE)),
]


@pytest.mark.parametrize(("expected", "content"), CASES, ids=[f"{n}-{kind}" for n, (kind, _) in enumerate(CASES)])
@pytest.mark.parametrize("name", ["file", "file.csv.safetensors.pt"])
def test_content_decides(tmp_path: Path, expected: str, content: bytes, name: str) -> None:
    assert kind_of(tmp_path, content, name) == expected


@pytest.mark.parametrize("compress", [0, 3, ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3)])
def test_what_joblib_writes(tmp_path: Path, compress: object) -> None:
    path = tmp_path / "model.bin"
    joblib.dump({"a": np.arange(100), "b": "text"}, path, compress=compress)
    assert recognise(path) == ("joblib" if compress else "pickle")


@pytest.mark.parametrize(
    "payload",
    [
        b"cos\nsystem\n(S'true'\ntR.",
        b"cos\nsystem\n(S'true'\ntRgarbage that the unpickler never reaches",
        b"(S'true'\nios\nsystem\n.",
        b"(cos\nsystem\nS'true'\no.",
        b"V" + b"x" * 50_000 + b"\n0cos\nsystem\n(S'true'\ntR.",
        b"X" + (20_000).to_bytes(4, "little") + b"y" * 20_000 + b"0cos\nsystem\n(S'true'\ntR.",
        b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.",
        b"(lp0\nI1\naI2\na.",
        b"\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.",
        b"\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00N.",
    ],
)
@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.json", "a.bin"])
def test_pickles_in_disguise(tmp_path: Path, payload: bytes, name: str) -> None:
    assert kind_of(tmp_path, payload, name) == "pickle"


@pytest.mark.parametrize(
    "text",
    [
        "cat\ndog\nelephant\n",
        "I am here.\nNot there.\n",
        "(see below)\n",
        "Version 1\n.gitignore and more\n",
        "Python\n.NET\n",
        "None of this is a pickle.",
        "N.\nB.\n",
        "]",
        "}\n",
        "KMJ",
        "Station\n'quoted'\n",
        "go\nport\n",
        "1,2\n3,4\n5,6\n",
    ],
)
def test_prose_is_no_pickle(tmp_path: Path, text: str) -> None:
    assert kind_of(tmp_path, text.encode()) != "pickle"


def test_the_repository_is_text(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    files = [*root.glob("src/**/*.py"), *root.glob("tests/subjects/*.py"), root / "README.md", root / "pyproject.toml"]
    assert len(files) > 30
    assert {path: recognise(path) for path in files if path.stat().st_size and recognise(path) != "text"} == {}


def test_extension_settles_a_tie_only(tmp_path: Path) -> None:
    one_line = b'{"a": 1}\n'
    assert kind_of(tmp_path, one_line, "a.jsonl") == "jsonl"
    assert kind_of(tmp_path, one_line, "a.json") == "json"
    assert kind_of(tmp_path, b"id\n1\n2\n", "a.csv") == "csv"
    assert kind_of(tmp_path, b"id\n1\n2\n", "a.txt") == "text"
    assert kind_of(tmp_path, b"a,b\n1,2\n", "a.csv") == "csv"
    assert kind_of(tmp_path, b"5,2,yes,no\n" + b"1,2\n3,4\n" * 5, "a.csv") == "csv"
    assert kind_of(tmp_path, b"5,2,yes,no\n" + b"1,2\n3,4\n" * 5, "a.txt") == "text"
    assert kind_of(tmp_path, onnx_model(), "a.csv") == "onnx"
    lie = (2**64 - 1).to_bytes(8, "little") + b'{"w": {}}'
    assert kind_of(tmp_path, lie, "a.safetensors") == "safetensors"


def test_safetensors_and_json_are_told_apart(tmp_path: Path) -> None:
    """The library skips white space before the object, so that must not hide a file; a text can't be a length."""
    real = save_safetensors({"w": np.zeros(2, np.float32)})
    length = int.from_bytes(real[:8], "little")
    assert kind_of(tmp_path, (length + 1).to_bytes(8, "little") + b" " + real[8:]) == "safetensors"
    assert kind_of(tmp_path, b'{"abc":  {"dtype": 1}}\n') == "json"


def test_a_broken_model_file_keeps_its_kind(tmp_path: Path) -> None:
    real = save_safetensors({"w": np.zeros((2, 3), np.float32)})
    assert kind_of(tmp_path, (2**40).to_bytes(8, "little") + real[8:]) == "safetensors"
    model = onnx_model()
    assert kind_of(tmp_path, model[:-5]) == "onnx"
    torch = zipped_names({"archive/data.pkl": b"\x80\x02}.", "archive/data/0": bytes(100)})
    assert kind_of(tmp_path, torch[: len(torch) // 2]) == "pytorch"


def test_onnx_fields_in_any_order(tmp_path: Path) -> None:
    model = onnx.load_from_string(onnx_model())
    head = onnx.ModelProto(ir_version=model.ir_version, opset_import=model.opset_import).SerializeToString()
    graph = onnx.ModelProto(graph=model.graph).SerializeToString()
    assert kind_of(tmp_path, graph + head) == "onnx"


def test_special_files_are_not_opened(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    assert recognise(fifo) == "special"
    assert recognise(Path("/dev/zero")) == "special"
    assert recognise(tmp_path) == "folder"
    with pytest.raises(Unavailable, match="missing"):
        recognise(tmp_path / "missing")
    with pytest.raises(Unavailable):
        recognise(Path("a\0b"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_file(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"x")
    path.chmod(0)
    with pytest.raises(Unavailable, match="secret"):
        recognise(path)


@pytest.mark.parametrize(
    "head", [b"", b"a,b\n1,2\n", b"PK\x03\x04", b"GGUF", b"\x08\x08:\x80\x80\x80\x80\x02\x0a", b"V"]
)
def test_a_sparse_gigabyte_costs_nothing(tmp_path: Path, head: bytes) -> None:
    path = tmp_path / "sparse"
    path.write_bytes(head)
    os.truncate(path, 1 << 30)
    start = time.perf_counter()
    recognise(path)
    assert time.perf_counter() - start < 0.5


def test_speed(tmp_path: Path) -> None:
    paths = []
    for number, (_, content) in enumerate(CASES):
        paths.append(tmp_path / str(number))
        paths[-1].write_bytes(content)
    start = time.process_time()
    for path in paths:
        recognise(path)
    assert (time.process_time() - start) / len(paths) < 0.002


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(PLAIN, st.integers(0, 5))
@settings(max_examples=300, deadline=None)
def test_every_pickle_of_plain_data_is_one(value: object, protocol: int) -> None:
    assert begins_like_pickle(io.BytesIO(pickle.dumps(value, protocol)))


def test_the_opcode_table_is_complete() -> None:
    """Oracle: pickletools. Persistent ids and extension codes apart, which need a loader of their own or a registry."""
    known = {ord(opcode.code) for opcode in pickletools.opcodes}
    assert known >= OPCODES
    assert known - OPCODES == set()


@given(st.sampled_from([content for _, content in CASES if content]), st.data())
@settings(max_examples=300, deadline=None)
def test_mutations_never_raise(tmp_path_factory: pytest.TempPathFactory, content: bytes, data: st.DataObject) -> None:
    changed = bytearray(content[: data.draw(st.integers(1, len(content)))])
    for at in data.draw(st.lists(st.integers(0, len(changed) - 1), max_size=8)):
        changed[at] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "mutated"
    path.write_bytes(changed)
    assert recognise(path) in KINDS


ALL_KINDS = (
    "safetensors gguf onnx numpy numpy_zip pytorch torchscript keras hdf5 pickle joblib parquet csv jsonl json wheel "
    "zip tar text image pdf empty unknown"
)
KINDS = set(ALL_KINDS.split())


@given(
    st.lists(st.lists(st.text(min_size=1, max_size=8), min_size=3, max_size=3), min_size=3, max_size=8),
    st.sampled_from(",;\t"),
)
@settings(max_examples=100, deadline=None)
def test_what_the_csv_module_writes_is_csv(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], delimiter: str
) -> None:
    rows = [[c if c.isalnum() and c.isascii() else "x" for c in row] for row in rows]
    path = tmp_path_factory.getbasetemp() / "table"
    with path.open("w", newline="") as stream:
        csv.writer(stream, delimiter=delimiter).writerows([["first", "second", "third"], *rows])
    assert recognise(path) == "csv"
