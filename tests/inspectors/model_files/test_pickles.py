"""Pickles: what is dangerous is found, what is harmless passes, and nothing is ever executed.

Hostile streams are written opcode by opcode (pickletools documents each); the oracle for harmless ones is that the
libraries which wrote them load them again.
"""

from __future__ import annotations

import bz2
import collections
import datetime
import gzip
import io
import lzma
import os
import pickle
import struct
import zlib
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest

from accord.inspectors.interface import HEADINGS, Inspection, Outcome
from accord.inspectors.model_files import pickles
from accord.inspectors.model_files.pickle_allow_list import allow_list
from accord.inspectors.model_files.pickles import inspect_pickles
from accord.instruments.sandbox import Sandbox
from accord.records import Card, Part, Subject, from_json, to_json

LIMITS = {"memory_mib": 600, "seconds": 5}


def scan_file(path: Path, kind: str = "pickle", others: tuple[Part, ...] = (), **parameters: int) -> Outcome:
    part = Part(role="model", kind=kind, path=path.name, digest="sha256:" + "0" * 64, size=path.stat().st_size)
    subject = Subject(name="s", digest="sha256:" + "1" * 64, parts=(part, *others))
    inspection = Inspection(part=part, subject=subject, root=path.parent, card=Card())
    return inspect_pickles(inspection, **{**LIMITS, **parameters})


@pytest.fixture
def scan(tmp_path: Path) -> Any:
    def run(data: bytes, kind: str = "pickle", **parameters: int) -> Outcome:
        path = tmp_path / "m.bin"
        path.write_bytes(data)
        return scan_file(path, kind, **parameters)

    return run


def rules(outcome: Outcome) -> set[str]:
    return {finding.rule for finding in outcome.findings} - {"MOD-009"}


def names(outcome: Outcome) -> set[str]:
    return set(outcome.measurements[0].value)  # type: ignore[arg-type]


def unlisted(outcome: Outcome) -> int:
    return int(outcome.measurements[1].value)  # type: ignore[arg-type]


def short(text: str) -> bytes:
    return b"\x8c" + bytes([len(text)]) + text.encode()


@pytest.fixture
def canary(tmp_path: Path) -> Any:
    """A file that exists only if a payload ran."""
    path = tmp_path / "canary"
    yield path
    assert not path.exists(), "a payload was executed"


# --- dangerous streams: every way to name and call something


def command(canary: Path) -> bytes:
    return f"touch {canary}".encode()


def attacks(canary: Path) -> dict[str, tuple[bytes, str]]:
    """Streams by name, with the name that must be found."""
    text = command(canary)
    const = b"\x8c" + bytes([len(text)]) + text
    call = const + b"\x85R."
    return {
        "global": (b"cposix\nsystem\n" + b"(S'" + text + b"'\ntR.", "posix.system"),
        "inst": (b"(S'" + text + b"'\nios\nsystem\n.", "os.system"),
        "obj": (b"\x80\x02(cos\nsystem\nX" + struct.pack("<I", len(text)) + text + b"o.", "os.system"),
        "stack_global": (b"\x80\x04" + short("os") + short("system") + b"\x93" + call, "os.system"),
        "memoised names": (
            b"\x80\x04" + short("system") + b"\x94" + short("os") + b"\x94" + b"0" + b"0h\x01h\x00\x93" + call,
            "os.system",
        ),
        "long memo names": (
            b"\x80\x02X\x06\0\0\0systemr\x05\0\0\0" + b"X\x02\0\0\0osr\x07\0\0\000j\x07\0\0\0j\x05\0\0\0\x93" + call,
            "os.system",
        ),
        "newobj": (b"\x80\x02csubprocess\nPopen\n" + const + b"\x85\x81.", "subprocess.Popen"),
        "newobj_ex": (b"\x80\x04csubprocess\nPopen\n" + const + b"\x85}\x92.", "subprocess.Popen"),
        "import chain": (
            b"\x80\x04cimportlib\nimport_module\n" + short("os") + b"\x85R0cbuiltins\ngetattr\n" + const + b"\x85R.",
            "importlib.import_module",
        ),
        "resolve_name": (b"\x80\x04cpkgutil\nresolve_name\n" + short("os:system") + b"\x85R.", "pkgutil.resolve_name"),
        "marshal": (b"cmarshal\nloads\n(S'x'\ntR.", "marshal.loads"),
        "python 2 names": (b"c__builtin__\neval\n(S'1'\ntR.", "__builtin__.eval"),
        "submodule": (b"\x80\x04casyncio.unix_events\nWhatever\n" + call, "asyncio.unix_events.Whatever"),
        "dotted name": (b"\x80\x04" + short("os") + short("path.os.system") + b"\x93" + call, "os.path.os.system"),
        "then popped": (b"\x80\x04cos\nsystem\n" + const + b"\x85R0N.", "os.system"),
        "without stop": (b"\x80\x04cos\nsystem\n" + const + b"\x85R", "os.system"),
        "then garbage": (b"\x80\x04cos\nsystem\n" + const + b"\x85R\xff\xff.", "os.system"),
        "after stop": (b"\x80\x04N." + b"\x80\x04cos\nsystem\n" + call, "os.system"),
        "nested": (b"\x80\x04C\x14\x80\x04cos\nsystem\n\x8c\x00\x85R." + b"0N.", "os.system"),
        "nested text": (b"\x80\x04C\x16cos\nsystem\n(S'a'\ntR.0N.0N.", "os.system"),
        "nested long": (
            b"\x80\x04B\xc8\0\0\0" + (b"\x80\x04cos\nsystem\n" + b"\x8c\x00\x85R.").ljust(200, b"\0") + b".",
            "os.system",
        ),
        "in a frame": (
            b"\x80\x04\x95" + struct.pack("<Q", len(b"cos\nsystem\n" + call)) + b"cos\nsystem\n" + call,
            "os.system",
        ),
        "wrapped in joblib": (b"\x80\x04cjoblib\nload\n" + call, "joblib.load"),
        "torch loads": (b"\x80\x04ctorch.storage\n_load_from_bytes\nC\x00\x85R.", "torch.storage._load_from_bytes"),
    }


@pytest.mark.parametrize("name", sorted(attacks(Path("/nowhere"))))
def test_every_way_to_call_something_is_found(scan: Any, canary: Path, name: str) -> None:
    data, expected = attacks(canary)[name]
    outcome = scan(data)
    critical = [finding for finding in outcome.findings if finding.rule == "MOD-002"]
    assert expected in names(outcome) | {str(finding.arguments["name"]) for finding in critical}
    assert critical, outcome.findings
    assert all(finding.severity == "critical" for finding in critical)


def test_the_canary_would_sing(tmp_path: Path) -> None:
    """The attacks are real: Python's own loader runs this one."""
    canary = tmp_path / "sung"
    pickle.loads(attacks(canary)["stack_global"][0])
    assert canary.exists()


def test_a_finding_names_the_place(scan: Any) -> None:
    outcome = scan(b"\x80\x04N0cos\nsystem\nN\x85R.")
    (finding,) = [finding for finding in outcome.findings if finding.rule == "MOD-002"]
    assert finding.where.offset == 4
    assert finding.where.path == "m.bin"
    assert finding.arguments["name"] == "os.system"


def test_unlisted_names_are_not_proven_safe(scan: Any) -> None:
    outcome = scan(b"\x80\x04cmypackage.models\nClassifier\n)\x81.")
    assert rules(outcome) == {"MOD-001"}
    assert unlisted(outcome) == 1
    assert names(outcome) == {"mypackage.models.Classifier"}


@pytest.mark.parametrize("code", [b"\x82\x07", b"\x83\x07\x01", b"\x84\x07\0\0\x01"])
def test_extension_codes_are_names(scan: Any, code: bytes) -> None:
    outcome = scan(b"\x80\x02" + code + b")R0" + code + b".")
    assert rules(outcome) == {"MOD-001"}
    assert unlisted(outcome) == 1
    assert next(iter(names(outcome))).startswith("copyreg.extension.")


def test_calling_what_may_only_be_built_is_reported(scan: Any) -> None:
    built = b"\x80\x02csklearn.svm._classes\nLinearSVC\n)\x81}b."
    assert rules(scan(built)) == set()
    assert rules(scan(built.replace(b")\x81", b")R"))) == {"MOD-001"}


def test_changing_a_class_is_reported(scan: Any) -> None:
    """BUILD on the class itself, not on an instance, replaces its attributes for the whole process."""
    outcome = scan(b"\x80\x02csklearn.svm._classes\nLinearSVC\nN}X\x07\0\0\0predictK\x01s\x86b.")
    assert rules(outcome) == {"MOD-001"}
    assert "changed" in outcome.findings[0].message


def test_calling_an_instance_is_reported(scan: Any) -> None:
    assert "MOD-003" in rules(scan(b"\x80\x02csklearn.svm._classes\nLinearSVC\n)\x81)R."))


def test_a_name_that_is_computed_is_reported(scan: Any) -> None:
    """A string that a call returns can't be followed, so the stream is not proven safe."""
    outcome = scan(b"\x80\x04c_codecs\nencode\n" + short("bf") + short("rot13") + b"\x86R" + short("system") + b"\x93.")
    assert "MOD-003" in rules(outcome)


# --- malformed streams

MALFORMED = {
    "empty stream": b"\x80\x04.",
    "unknown opcode": b"\x80\x04\xfe.",
    "protocol": b"\x80\x09N.",
    "truncated constant": b"\x80\x04B\xff\xff\0\0abc",
    "lying length": b"\x80\x04\x8e" + b"\xff" * 7 + b"\x7f" + b"x.",
    "lying bytearray": b"\x80\x05\x96" + struct.pack("<Q", 1 << 40) + b"x.",
    "lying frame": b"\x80\x04\x95" + struct.pack("<Q", 1 << 40) + b"N.",
    "frame too short": b"\x80\x04\x95" + struct.pack("<Q", 1) + b"K\x01.",
    "stop inside frame": b"\x80\x04\x95" + struct.pack("<Q", 9) + b"N." + bytes(7),
    "frame in frame": b"\x80\x04\x95" + struct.pack("<Q", 12) + b"\x95" + struct.pack("<Q", 2) + b"N.",
    "trailing bytes": b"\x80\x04N.garbage",
    "two pickles": b"\x80\x04N.\x80\x04N.",
    "negative length": b"T\xff\xff\xff\xff.",
    "put without number": b"Npone\n.",
    "line without end": b"cos",
    "name not utf-8": b"c\xff\xfe\nx\n.",
    "extension zero": b"\x82\x00.",
    "pop from nothing": b"0000.",
    "unhashable key": b"\x80\x02}]K\x01s.",
    "names not text": b"\x80\x04K\x01K\x02\x93.",
    "no end": b"(((((",
}


@pytest.mark.parametrize("name", sorted(MALFORMED))
def test_malformed_streams_are_findings(scan: Any, name: str) -> None:
    outcome = scan(MALFORMED[name])
    assert rules(outcome) == {"MOD-003"}
    assert all(finding.message.isprintable() for finding in outcome.findings)


def test_an_empty_file_holds_no_pickle(scan: Any) -> None:
    assert rules(scan(b"")) == set()


# --- streams that cost too much

BOMBS = {
    "memo": b"\x80\x02Nr\xff\xff\xff\x7f.",
    "memo text": b"Np999999999999\n.",
    "sets": b"\x80\x04" + b"\x8f" * 8_000_000 + b".",
    "hash of shared tuples": b"\x80\x02}" + b"K\x01K\x01" + b"\x862" * 60 + b"\x86K\x01s.",
    "imports": b"\x80\x02" + b"".join(b"ca\nb%d\n0" % number for number in range(5000)) + b"N.",
    "opcodes that import": b"\x80\x02" + b"ca\nb\n0" * 201_000 + b"N.",
}


@pytest.mark.parametrize("name", sorted(BOMBS))
def test_bombs_are_findings(scan: Any, name: str) -> None:
    assert "MOD-008" in rules(scan(BOMBS[name], seconds=1, memory_mib=500))


def test_a_crash_of_the_unpickler_is_a_finding(scan: Any) -> None:
    """Hashing a tuple nested a million deep overflows the stack of the C code. The walk still names what is written."""
    outcome = scan(b"\x80\x02cos\nsystem\n0})" + b"\x85" * 2_000_000 + b"K\x01s.")
    assert {"MOD-002", "MOD-008"} <= rules(outcome)


def test_a_memo_bomb_does_not_hide_what_comes_before(scan: Any, canary: Path) -> None:
    outcome = scan(b"\x80\x02cos\nsystem\nX\x01\0\0\0x\x85R0Nr\xff\xff\xff\x7f.")
    assert {"MOD-002", "MOD-008"} <= rules(outcome)


@pytest.mark.parametrize("depth", [1000, 1_000_000])
@pytest.mark.parametrize("kind", ["lists", "tuples"])
def test_deep_nesting_is_no_crash(tmp_path: Path, depth: int, kind: str) -> None:
    nested = b"]" * depth + b"a" * (depth - 1) if kind == "lists" else b"N" + b"\x85" * depth
    path = tmp_path / "deep.pkl"
    path.write_bytes(b"\x80\x02" + nested + b".")
    # In a child, as in earnest: what the test runner holds already would count against the limit of memory.
    with Sandbox("decode", readable=[path], importable=[Path(__file__).parent]) as box:
        reply = box.call(f"{Path(__file__).stem}:in_child", str(path).encode())
    assert rules(from_json(reply.body, Outcome)) == set()


def test_a_sparse_gigabyte_is_read_in_windows(tmp_path: Path) -> None:
    path = tmp_path / "sparse.pkl"
    with path.open("wb") as file:
        file.write(b"\x80\x04\x8e" + struct.pack("<Q", (1 << 30) - 20))
        file.truncate(1 << 30)
    with path.open("r+b") as file:
        file.seek((1 << 30) - 9)
        file.write(b"0cos\nx\n.N"[:9])
    with Sandbox("decode", readable=[path], importable=[Path(__file__).parent]) as box:
        reply = box.call(f"{Path(__file__).stem}:in_child", str(path).encode())
    outcome = from_json(reply.body, Outcome)
    assert "MOD-002" in rules(outcome)
    assert reply.peak_memory_bytes < 300 << 20


def in_child(request: bytes) -> bytes:
    return to_json(scan_file(Path(request.decode()), memory_mib=640))


# --- harmless files


class Point(collections.namedtuple("Point", "x y")):
    pass


BENIGN: dict[str, Any] = {
    "plain": {"a": [1, 2.5, None, True, "text", b"bytes", (1, 2), {3}, frozenset({4}), 1 << 300, -(1 << 70)]},
    "text": ["x" * length for length in (0, 1, 63, 64, 255, 256, 70_000)],
    "times": [datetime.datetime(2024, 1, 2, tzinfo=datetime.UTC), datetime.timedelta(3)],
    "ordered": collections.OrderedDict(a=1),
    "default": collections.defaultdict(list, a=[1]),
    "complex": 1 + 2j,
    "bytearray": bytearray(b"abc" * 1000),
    "array": np.arange(1000.0).reshape(10, 100),
    "fortran": np.asfortranarray(np.ones((3, 4))),
    "scalar": np.float32(3),
    "dates": np.array(["2024-01-01"], dtype="M8[D]"),
    "records": np.array([(1, "a")], dtype=[("x", "i4"), ("y", "U3")]),
    "objects": np.array([1, "a", None], dtype=object),
    "generator": np.random.default_rng(1),
    "words": {f"word {number}": number for number in range(5000)},
    "path": Path("a/b"),
}


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("name", sorted(BENIGN))
def test_harmless_pickles_pass(scan: Any, name: str, protocol: int) -> None:
    data = pickle.dumps(BENIGN[name], protocol=protocol)
    outcome = scan(data)
    assert rules(outcome) == set(), outcome.findings
    assert unlisted(outcome) == 0
    pickle.loads(data)


def test_slow_picklers_agree(scan: Any) -> None:
    """The Python implementation frames and memoises differently."""
    for protocol in range(6):
        buffer = io.BytesIO()
        pickle._Pickler(buffer, protocol=protocol).dump(list(BENIGN.values()))  # type: ignore[attr-defined]
        assert rules(scan(buffer.getvalue())) == set()


def test_large_constants_do_not_need_memory(scan: Any) -> None:
    parts = [np.zeros(12 << 20, dtype="u1"), b"x" * (70 << 20), "y" * (70 << 20), bytearray(70 << 20), "end"]
    for protocol in (3, 5):
        outcome = scan(pickle.dumps([*parts, np.dtype("f8")], protocol=protocol), memory_mib=400, seconds=20)
        assert rules(outcome) == set(), outcome.findings
        assert any("long constants" in text for text in outcome.not_checked)
        assert "numpy.dtype" in names(outcome)


def test_out_of_band_buffers_pass(scan: Any) -> None:
    buffers: list[pickle.PickleBuffer] = []
    data = pickle.dumps(np.arange(10), protocol=5, buffer_callback=buffers.append)
    assert buffers
    assert rules(scan(data)) == set()


def models() -> list[Any]:
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    x, y = np.random.default_rng(0).normal(size=(40, 3)), np.arange(40) % 2
    kinds = [LogisticRegression(), RandomForestClassifier(3), KNeighborsClassifier(), SVC()]
    fitted = [make_pipeline(StandardScaler(), kind).fit(x, y) for kind in kinds]
    fitted.append(HistGradientBoostingClassifier(max_iter=3).fit(x, y))
    fitted.append(TfidfVectorizer().fit(["some words", "other words"]))
    return fitted


def test_scikit_learn_models_pass(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    for model in models():
        path = tmp_path / "model.pkl"
        path.write_bytes(pickle.dumps(model))
        outcome = scan_file(path)
        assert rules(outcome) == set(), outcome.findings
        joblib.dump(model, path)
        outcome = scan_file(path)
        assert rules(outcome) == set(), outcome.findings
        assert "joblib.numpy_pickle.NumpyArrayWrapper" in names(outcome) or "Tfidf" in repr(model)


@pytest.mark.parametrize("compress", [0, ("zlib", 3), ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3)])
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_joblib_files_pass_and_payloads_in_them_do_not(
    tmp_path: Path, compress: Any, protocol: int, canary: Path
) -> None:
    arrays = [np.arange(999.0), np.array([(1, "é")], dtype=[("x", "i4"), ("y", "U3")]), np.array(7), np.zeros((0, 3))]
    content = {"arrays": arrays, "object": np.array([1, "x", arrays[0]], dtype=object), "after": np.arange(5)}
    path = tmp_path / "m.joblib"
    joblib.dump(content, path, compress=compress, protocol=protocol)
    kind = "pickle" if compress == 0 else "joblib"
    outcome = scan_file(path, kind)
    assert rules(outcome) == set(), outcome.findings
    assert "joblib.numpy_pickle.NumpyArrayWrapper" in names(outcome)
    joblib.load(path)
    content["payload"] = Payload(canary)
    joblib.dump(content, path, compress=compress, protocol=protocol)
    assert rules(scan_file(path, kind)) == {"MOD-002"}
    content["payload"] = np.array([Payload(canary)], dtype=object)
    joblib.dump(content, path, compress=compress, protocol=protocol)
    assert rules(scan_file(path, kind)) == {"MOD-002"}


class Payload:
    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.canary}",)


def test_joblib_opcodes_hidden_in_an_array_are_found(tmp_path: Path, canary: Path) -> None:
    """joblib.load() skips array data; pickle.load() of the same file would execute them."""
    path = tmp_path / "m.joblib"
    payload = b"0" * 40 + b"cos\nsystem\n(S'touch " + str(canary).encode() + b"'\ntR."
    joblib.dump(np.frombuffer(payload, dtype="u1"), path, protocol=2)
    data = path.read_bytes()
    hidden = data.index(payload)
    before = data[:hidden].rstrip(b"\xff")[:-1]  # an array is preceded by the length of its padding, and 0xff bytes
    # A hostile writer chooses a length that is an opcode (40 is MARK) and a padding of opcodes.
    path.write_bytes(before + b"(" + b"N" * 40 + data[hidden:])
    assert joblib.load(path).tobytes() == payload
    outcome = scan_file(path)
    assert "MOD-002" in rules(outcome)
    assert "os.system" in names(outcome)


def test_a_truncated_joblib_file_is_a_finding(tmp_path: Path) -> None:
    path = tmp_path / "m.joblib"
    joblib.dump({"a": np.arange(1000.0)}, path)
    path.write_bytes(path.read_bytes()[:4000])
    assert "MOD-003" in rules(scan_file(path))


@pytest.mark.parametrize("pack", [zlib.compress, gzip.compress, bz2.compress, lzma.compress])
def test_compression_bombs_and_damage_are_findings(scan: Any, pack: Any) -> None:
    bomb = (
        pack(b"\x80\x04\x8e" + struct.pack("<Q", 400 << 20) + bytes(400 << 20) + b".") if pack is gzip.compress else b""
    )
    if bomb:
        assert "MOD-008" in rules(scan(bomb, "joblib", seconds=20))
    whole = pack(pickle.dumps(list(range(10_000))))
    assert rules(scan(whole, "joblib")) == set()
    assert "MOD-003" in rules(scan(whole[: len(whole) // 2], "joblib"))


# --- weights only in a format that can carry code


def test_weights_only_in_a_pickle(tmp_path: Path) -> None:
    path = tmp_path / "m.pkl"
    path.write_bytes(pickle.dumps([1]))
    safe = Part(role="model", kind="safetensors", path="m.safetensors", digest="sha256:2", size=1)
    assert [finding.rule for finding in scan_file(path).findings] == ["MOD-009"]
    assert scan_file(path, others=(safe,)).findings == ()


# --- the list and the card


def test_the_allow_list_is_consistent() -> None:
    listed = allow_list()
    for (module, name), (_, reason) in listed.names.items():
        assert reason
        assert "." not in name
        assert listed.judge(module, name, called=False).standing == "listed", f"{module}.{name} is also dangerous"
    for module, name in (
        ("os", "system"),
        ("builtins", "eval"),
        ("importlib", "import_module"),
        ("runpy", "_run_code"),
    ):
        assert listed.judge(module, name, called=False).standing == "dangerous"
    assert listed.judge("builtins", "object.__subclasses__", called=True).standing == "unlisted"


def test_listed_names_exist() -> None:
    """A list full of names that nobody writes would be no list. Libraries that are not installed are left out."""
    import importlib

    found = 0
    for module, name in allow_list().names:
        if module.split(".")[0] in {"builtins", "collections", "datetime", "decimal", "copyreg", "_codecs", "joblib"}:
            assert hasattr(importlib.import_module(module), name), f"{module}.{name}"
            found += 1
    assert found > 30


def test_the_card_has_all_headings() -> None:
    card = pickles.INSPECTOR.card  # type: ignore[attr-defined]
    assert all(heading in card for heading in HEADINGS)
    assert pickles.INSPECTOR.isolation == "decode"  # type: ignore[attr-defined]


@pytest.mark.parametrize("index", [b"0" * 100 + b"7", b"+7", b" 7", b"0_7", b"7 "])
def test_an_index_that_only_the_unpickler_reads_hides_nothing(scan: Any, canary: Path, index: bytes) -> None:
    stream = b"Np" + index + b"\n0cposix\nsystem\n(S'touch " + str(canary).encode() + b"'\ntR."
    assert "MOD-002" in rules(scan(stream))


@pytest.mark.parametrize("index", [b"", b"x", b"-1", b"9" * 5000, b"99999999999"])
def test_an_index_that_is_none_is_a_fault(scan: Any, index: bytes) -> None:
    assert rules(scan(b"Np" + index + b"\n.")) & {"MOD-003", "MOD-008"}
