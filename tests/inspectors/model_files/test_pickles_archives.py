"""Pickles inside other things: zip archives that tell the truth or lie, NumPy arrays of objects, PyTorch's formats."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import struct
import time
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from accord.inspectors.interface import Inspection, Outcome
from accord.inspectors.model_files.pickles import inspect_pickles
from accord.records import Card, Part, Subject

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


@pytest.fixture
def canary(tmp_path: Path) -> Any:
    """A file that exists only if a payload ran."""
    path = tmp_path / "canary"
    yield path
    assert not path.exists(), "a payload was executed"


class Payload:
    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.canary}",)


def torch_like(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def torch_written(members: dict[str, bytes]) -> bytes:
    """The layout of PyTorch's own writer: lengths behind the data, data aligned to 64 bytes by an `FB` field, and
    zip64 end records though the plain one has room for every number."""
    content, directory = b"", b""
    for name, data in members.items():
        raw, offset, crc = name.encode(), len(content), zlib.crc32(data)
        padding = -(offset + 30 + len(raw) + 4) % 64
        local = struct.pack("<4s5H3L2H", b"PK\3\4", 0, 0x0808, 0, 0, 0, 0, 0, 0, len(raw), 4 + padding)
        content += local + raw + b"FB" + struct.pack("<H", padding) + b"Z" * padding
        assert len(content) % 64 == 0
        content += data + struct.pack("<4s3L", b"PK\7\x08", crc, len(data), len(data))
        sizes = crc, len(data), len(data), len(raw), 0, 0, 0, 0, 0, offset
        directory += struct.pack("<4s6H3L5H2L", b"PK\1\2", 0, 0, 0x0808, 0, 0, 0, *sizes) + raw
    where = len(members), len(members), len(directory), len(content)
    end_64 = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 0x031E, 45, 0, 0, *where)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, len(content) + len(directory), 1)
    return content + directory + end_64 + locator + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, *where, 0)


EVIL = b"\x80\x02cos\nsystem\nX\x01\0\0\0x\x85R."
STATE = (
    b"\x80\x02}X\x01\0\0\0wctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\n"
    b"X\x01\0\0\x000X\x03\0\0\0cpuK\x04tQK\x00K\x04\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtRs."
)


def test_a_state_dict_passes(scan: Any) -> None:
    outcome = scan(torch_like({"m/data.pkl": STATE, "m/version": b"3\n", "m/data/0": bytes(16)}), "pytorch")
    assert rules(outcome) == set()
    assert "torch._utils._rebuild_tensor_v2" in names(outcome)


@pytest.mark.parametrize(("stream", "found"), [(STATE, set()), (EVIL, {"MOD-002"})])
def test_what_pytorch_itself_writes(scan: Any, stream: bytes, found: set[str]) -> None:
    members = {"m/data.pkl": stream, "m/byteorder": b"little", "m/data/0": bytes(1000), "m/version": b"3\n"}
    content = torch_written(members)
    with zipfile.ZipFile(io.BytesIO(content)) as oracle:
        assert {name: oracle.read(name) for name in oracle.namelist()} == members
    outcome = scan(content, "pytorch")
    assert rules(outcome) == found
    assert outcome.checked == ("1 pickle streams in 4 members of the archive, every name that they import",)
    assert ("torch._utils._rebuild_tensor_v2" if stream is STATE else "os.system") in names(outcome)
    nested = scan(torch_written({"notes": b"x", "inner.pt": content}), "zip")
    assert rules(nested) == found
    assert all(finding.where.member == "inner.pt!m/data.pkl" for finding in nested.findings)
    assert names(nested) == names(outcome)


def test_a_bomb_of_nested_archives_is_not_followed(scan: Any) -> None:
    """Every entry of the outer archive is the same inner archive, which has as many entries itself."""
    inner = torch_like({f"{number}": b"x" for number in range(2000)})
    outer = bytearray(torch_like({"a": inner, **{f"b{number}": b"" for number in range(2000)}}))
    at = outer.rindex(inner[-22:], 0, -22) + 22  # behind the inner archive
    while (at := outer.find(b"PK\1\2", at)) >= 0:
        struct.pack_into("<2L", outer, at + 20, len(inner), len(inner))
        struct.pack_into("<L", outer, at + 42, 0)
        at += 46
    outcome = scan(bytes(outer), "zip")
    assert "MOD-008" in rules(outcome)
    assert "b3 and the members after it" in outcome.not_checked


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
@pytest.mark.parametrize("name", ["m/data.pkl", "m/data/0", "notes.txt", "x.npy", "deep.pkl.gz"])
def test_a_payload_in_any_member_is_found(scan: Any, name: str, compression: int) -> None:
    evil = {"x.npy": npy(EVIL), "deep.pkl.gz": gzip.compress(EVIL)}.get(name, EVIL)
    outcome = scan(torch_like({"m/data.pkl": STATE, name: evil}, compression), "zip")
    assert rules(outcome) == {"MOD-002"}
    assert [finding.where.member for finding in outcome.findings if finding.rule == "MOD-002"] == [name]


def test_text_pickles_in_archives_are_found_by_content(scan: Any) -> None:
    assert "MOD-002" in rules(scan(torch_like({"readme": b"cos\nsystem\n(S'x'\ntR."}), "zip"))
    prose = b"(c) the authors\nand so on.\n" * 500
    outcome = scan(torch_like({"readme": prose, "code.py": b"class A:\n    pass\n", "n": bytes(10_000)}), "zip")
    assert rules(outcome) == set()
    assert "no pickle" in outcome.checked[0] or "0 pickle" in outcome.checked[0]


def test_an_archive_in_an_archive_is_opened(scan: Any) -> None:
    inner = torch_like({"data.pkl": EVIL})
    outcome = scan(torch_like({"inner.zip": inner}), "zip")
    assert rules(outcome) == {"MOD-002"}
    assert outcome.findings[0].where.member == "inner.zip!data.pkl"


def change(data: bytes, old: bytes, new: bytes, occurrence: int) -> bytes:
    at = -1
    for _ in range(occurrence + 1):
        at = data.index(old, at + 1)
    return data[:at] + new + data[at + len(old) :]


def test_archives_that_contradict_themselves(scan: Any) -> None:
    good = torch_like({"m/data.pkl": STATE, "m/data/0": bytes(16)})
    assert rules(scan(good, "pytorch")) == set()
    lies = {
        "local name": change(good, b"m/data.pkl", b"m/dat4.pkl", 0),
        "central name": change(good, b"m/data.pkl", b"m/dat4.pkl", 1),
        "checksum in both": good.replace(struct.pack("<L", zlib.crc32(STATE)), b"\1\2\3\4"),
        "checksum in one": change(good, struct.pack("<L", zlib.crc32(STATE)), b"\1\2\3\4", 0),
        "encrypted flag": change(good, b"PK\1\2\x14\x03\x14\0\0\0", b"PK\1\2\x14\x03\x14\0\1\0", 0),
        "hidden member": good[: good.index(b"PK\1\2")] + torch_like({"h": EVIL})[:-22] + good[good.index(b"PK\1\2") :],
    }
    with pytest.warns(UserWarning, match="Duplicate"):
        lies["two of a name"] = doubled()
    for lie, data in lies.items():
        assert "MOD-003" in rules(scan(data, "pytorch")), lie
    assert "MOD-002" in rules(scan(lies["two of a name"], "pytorch"))


def doubled() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("m/data.pkl", EVIL)
        archive.writestr("m/data.pkl", STATE)
    return buffer.getvalue()


@pytest.mark.parametrize("data", [b"PK\3\4", b"PK\5\6" + bytes(18), b"PK\5\6" + b"\xff" * 18, b"PK\3\4" + bytes(100)])
def test_broken_archives_are_answers(scan: Any, data: bytes) -> None:
    assert rules(scan(data, "zip")) <= {"MOD-003", "MOD-008"}


def test_torchscript_classes_pass_only_in_torchscript(scan: Any) -> None:
    stream = b"\x80\x02c__torch__.models\nNet\n)\x81}b."
    assert rules(scan(stream)) == {"MOD-001"}
    assert rules(scan(torch_like({"m/data.pkl": stream, "m/code/__torch__.py": b"x"}), "torchscript")) == set()


# --- NumPy


def npy(payload: bytes, descr: str = "|O") -> bytes:
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': (1,), }}".ljust(117).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + payload


def test_numpy_object_arrays(scan: Any, tmp_path: Path, canary: Path) -> None:
    np.save(tmp_path / "o.npy", np.array([1, "a"], dtype=object))
    assert rules(scan_file(tmp_path / "o.npy", "numpy")) == set()
    np.save(tmp_path / "o.npy", np.array([Payload(canary)], dtype=object))
    assert rules(scan_file(tmp_path / "o.npy", "numpy")) == {"MOD-002"}
    np.savez(tmp_path / "o.npz", a=np.arange(3), b=np.array([Payload(canary)], dtype=object))
    outcome = scan_file(tmp_path / "o.npz", "numpy_zip")
    assert rules(outcome) == {"MOD-002"}
    assert outcome.findings[0].where.member == "b.npy"
    np.save(tmp_path / "n.npy", np.frombuffer(EVIL, dtype="u1"))
    outcome = scan_file(tmp_path / "n.npy", "numpy")
    assert rules(outcome) == set()
    assert outcome.checked == ("that there is no pickle in the file",)


# --- PyTorch's old format: five pickles, then storages


def test_the_old_pytorch_format(scan: Any) -> None:
    streams = [pickle.dumps(each, protocol=2) for each in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True})]
    storages = pickle.dumps(["0"], protocol=2) + struct.pack("<Q", 4) + bytes(16)
    assert rules(scan(b"".join(streams) + STATE + storages)) == set()
    assert "MOD-002" in rules(scan(b"".join(streams) + EVIL + storages))


def test_the_stump_of_an_array_is_no_crash(scan: Any) -> None:
    for length in range(6, 13):
        scan(torch_like({"a.npy": npy(b"N.")[:length]}), "numpy_zip")


def test_entries_that_share_their_bytes_are_not_read_again_and_again(scan: Any) -> None:
    stream = pickle.dumps(list(range(50_000)))
    head = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 0, 0, 0, zlib.crc32(stream), len(stream), len(stream), 1, 0)
    sizes = (zlib.crc32(stream), len(stream), len(stream))
    row = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 0, 0, 0, *sizes, 5, 0, 0, 0, 0, 0, 0)
    rows = b"".join(row + f"{number:05}".encode() for number in range(2000))
    content = head + b"a" + stream
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 2000, 2000, len(rows), len(content), 0)
    started = time.process_time()
    outcome = scan(content + rows + end, "zip")
    assert time.process_time() - started < 10
    assert "MOD-008" in rules(outcome)
    assert any("members after it" in text for text in outcome.not_checked)
