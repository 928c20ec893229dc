"""Hostile models, tables and archives, through the real command line."""

from __future__ import annotations

import io
import os
import stat
import struct
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

TABLE = b"a,b\n" + b"1,2\n" * 40


def test_lying_headers_are_findings(assess: Any, folder: Any, models: Any, trap: Any) -> None:
    where = str(trap.file)
    files = {
        **models.lying_safetensors(),
        **models.lying_gguf(where),
        **models.lying_onnx(),
        **models.lying_npy(where),
    }
    ran = assess(folder(files))
    assert ran.status == 0
    harmless = {"many.safetensors", "power-template.gguf"}  # large, or never rendered
    assert {path for path in files if not ran.rules(path)} <= harmless
    assert {path: ran.rules(path) for path in ("endless.gguf", "deep.onnx", "code.npy", "deep.safetensors")} == {
        path: {"MOD-007"} for path in ("endless.gguf", "deep.onnx", "code.npy", "deep.safetensors")
    }
    assert ran.rules("attack.gguf") == {"MOD-005"}
    assert ran.rules("outside.onnx") >= {"MOD-006"}
    assert ran.rules("objects.npy") == {"MOD-002", "MOD-006"}
    assert ran.rules("empty-header.safetensors") == {"MOD-004"}


def test_hostile_pickles_are_findings_and_never_run(assess: Any, folder: Any, models: Any, trap: Any) -> None:
    files = models.hostile_pickles(str(trap.file), trap.port)
    ran = assess(folder(files))
    for path in ("system.pkl", "calls.pkl", "stack-global.pkl", "build.pkl"):
        assert "MOD-002" in ran.rules(path), path
    for path in ("length.pkl", "bytes8.pkl", "long4.pkl", "frame.pkl", "streams.pkl"):
        assert "MOD-003" in ran.rules(path), path
    for path in ("memo-index.pkl", "many-names.pkl"):
        assert "MOD-008" in ran.rules(path), path
    assert all(ran.rules(path) for path in files)


def test_a_disguised_pickle_is_found(assess: Any, folder: Any, disguises: dict[str, bytes]) -> None:
    files = {f"{number}.bin": data for number, data in enumerate(disguises.values())}
    ran = assess(folder(files))
    # A loader that reads one pickle stops before the attack in some of these; then what follows is the finding.
    assert [path for path in files if not ran.rules(path) & {"MOD-002", "MOD-003"}] == []
    critical = sum("MOD-002" in ran.rules(path) for path in files)
    assert critical >= len(files) - 6


def test_ten_million_opcodes_and_a_bomb_of_memo(assess: Any, folder: Any, models: Any) -> None:
    files = {"ten.pkl": models.ten_million_opcodes(), "memo.pkl": models.memo_bomb()}
    ran = assess(folder(files))
    assert {item["status"] for path in files for item in ran.evidence()[path]} == {"measured"}


@pytest.mark.parametrize("method", ["gz", *(pytest.param(m, marks=pytest.mark.soak) for m in ("zlib", "bz2", "xz"))])
def test_a_pickle_of_300_megabytes_in_a_few_kilobytes(assess: Any, tmp_path: Path, models: Any, method: str) -> None:
    path = tmp_path / f"bomb.pkl.{method}"
    path.write_bytes(models.compressed_bomb(method))
    assert "MOD-008" in assess(path).rules()


def test_bombs_side_by_side_share_one_budget(assess: Any, folder: Any) -> None:
    """Each of these lists holds some 600 MB when it is opened; the inspectors of two cores open two at a time."""
    bomb = b"\x80\x04]" + b"]a" * 9_000_000 + b"."
    ran = assess(folder({f"{number}.pkl": bomb + b"%d" % number for number in range(2)}))
    for number in range(2):
        assert "MOD-003" in ran.rules(f"{number}.pkl")  # what follows the end was seen: the walk came that far


def test_models_in_hostile_zips(assess: Any, folder: Any, models: Any, trap: Any) -> None:
    files = models.hostile_zips(str(trap.file))
    ran = assess(folder(files))
    assert "MOD-006" in ran.rules("lambda.keras")
    assert "MOD-002" in ran.rules("torch.pt")
    assert ran.rules("lying.pt") >= {"MOD-002", "MOD-010"}
    for path in ("bomb.pt", "bomb.npz", "bomb.keras", "overlap.pt"):
        assert ran.rules(path) & {"MOD-008", "MOD-011"}, path
    for path in ("cut.keras", "deep.keras", "text.keras", "directory.pt"):
        assert ran.rules(path), path


def test_the_first_bytes_of_an_array_in_a_zip(assess: Any, folder: Any, models: Any) -> None:
    ran = assess(folder({"stub.npz": models.zipped({"a.npy": b"\x93NUMPY"})}))
    assert "MOD-007" in ran.rules("stub.npz")


def test_two_thousand_entries_with_the_same_bytes(assess: Any, folder: Any, models: Any) -> None:
    """Each entry of 20 MB is the same range of the file: read one by one they are 40 GB."""
    ran = assess(folder({"overlap.pt": models.overlapping_zip(2000, "m{}/data.pkl".format)}))
    assert ran.rules("overlap.pt") >= {"MOD-008", "MOD-011"}


def test_hostile_tables(assess: Any, folder: Any, tables: Any) -> None:
    files = {**tables.hostile_csv(), **tables.hostile_json_lines(), **tables.hostile_parquet()}
    ran = assess(folder(files), "--only", "data.profile")
    for path, items in ran.evidence().items():
        for item in items:
            if item["status"] == "failed":
                assert Path(path).name in item["detail"], item["detail"]  # the place is named
    assert {"DATA-009"} <= ran.rules("nan.csv") & ran.rules("nan.parquet")
    failed = {path for path, items in ran.evidence().items() if any(item["status"] == "failed" for item in items)}
    assert failed >= {"cut.parquet", "footer.parquet", "flipped.parquet", "deep.jsonl", "cut.jsonl", "wide.csv"}


@pytest.mark.soak
@pytest.mark.parametrize("name", ["runs.parquet", "line.csv", "quote.csv", "unique.csv"])
def test_large_tables(assess: Any, folder: Any, tables: Any, name: str) -> None:
    assess(folder({name: tables.large_tables()[name]}) / name)


SPARSE = {
    "table.csv": TABLE * 200,
    "table.parquet": b"PAR1",
    "model.pkl": b"\x80\x04\x8e" + struct.pack("<Q", (1 << 30) - 100),
    "model.safetensors": struct.pack("<Q", 99_000_000) + b'{"w"',
    "model.onnx": b"\x08\x08\x42\x02\x10\x11\x3a\xf0\xff\xff\xff\x03\x0a",
    "lines.jsonl": b'{"a": 1, "b": 2}\n' * 200,
    "model.gguf": b"GGUF\x03\0\0\0" + b"\xff" * 16,
    "array.npy": b"\x93NUMPY\x02\x00\xff\xff\xff\x3f",
    "empty.pt": b"",
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name == "table.csv" else pytest.mark.soak) for name in SPARSE]
)
def test_a_sparse_gigabyte(assess: Any, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(SPARSE[name])
    os.truncate(path, 1 << 30)
    assert assess(path).seconds < 60


def hostile_entries(outside: Path) -> list[tuple[str, bytes]]:
    """Names that lead out of an archive, and one that is honest."""
    return [
        ("../../outside.txt", b"x"),
        (str(outside), b"x"),
        ("C:\\outside.txt", b"x"),
        ("a\\..\\..\\outside.txt", b"x"),
        ("a/../../outside.txt", b"x"),
        ("a/b/" * 60 + "c", b"x"),
        ("x" * 5000, b"x"),
        ("honest.csv", TABLE),
    ]


def zip_that_leads_out(outside: Path) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in hostile_entries(outside):
            archive.writestr(zipfile.ZipInfo(name), content)
        link = zipfile.ZipInfo("link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, str(outside.parent))
        archive.writestr("link/outside.txt", b"x")
    return out.getvalue()


def tar_that_leads_out(outside: Path, mode: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        for name, content in hostile_entries(outside):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
            entry = tarfile.TarInfo("link" if kind == tarfile.SYMTYPE else f"special{kind!r}")
            entry.type, entry.linkname = kind, str(outside.parent)
            archive.addfile(entry)
        entry = tarfile.TarInfo("link/outside.txt")
        entry.size = 1
        archive.addfile(entry, io.BytesIO(b"x"))
    return out.getvalue()


@pytest.mark.parametrize("form", ["zip", "w", "w:gz"])
def test_nothing_is_written_outside_of_an_archive(assess: Any, tmp_path: Path, form: str) -> None:
    outside = tmp_path / "outside.txt"
    archive = tmp_path / "archive"
    archive.write_bytes(zip_that_leads_out(outside) if form == "zip" else tar_that_leads_out(outside, form))
    ran = assess(archive)
    assert ran.status == 0
    assert {part["path"] for part in ran.record["subject"]["parts"]} == {"", "honest.csv"}
    refused = [text for text in ran.record["subject"]["excluded"] if text.startswith("refused while unpacking")]
    assert len(refused) >= 7
    assert not outside.exists()
    assert not list(tmp_path.rglob("outside.txt"))


def test_archives_that_are_bombs_or_broken(assess: Any, tmp_path: Path, models: Any) -> None:
    whole = models.zipped({"a.csv": TABLE})
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1) as archive:
        entry = tarfile.TarInfo("zeros")
        entry.size = 100 << 20
        archive.addfile(entry, io.BytesIO(bytes(100 << 20)))
    broken = {
        "flat.zip": models.flat_zip_bomb("zeros", 100),
        "overlapping.zip": models.overlapping_zip(),
        "cut.zip": whole[:-30],
        "comment.zip": whole[:-2] + b"\xff\xff" + b"c" * 70_000,
        "bomb.tgz": out.getvalue(),
        "cut.tgz": out.getvalue()[:500],
    }
    for name, content in broken.items():
        (tmp_path / name).write_bytes(content)
        ran = assess(tmp_path / name)
        assert ran.status == 2, name
        assert name in ran.err
        assert "archive" in ran.err
    (tmp_path / "nested.zip").write_bytes(models.nested_zip_bomb())
    assert assess(tmp_path / "nested.zip").status == 0  # one level is opened, and no more


@pytest.mark.parametrize(
    "record",
    [b"m/__init__.py,sha256=AAAA,1\n../../etc/passwd,sha256=B,5\nmissing,,\n", b"\xff\xfe" * 100_000, b'"' * 100_000],
    ids=["lies", "no text", "quotes"],
)
def test_a_wheel_is_judged_by_its_files_not_by_its_record(
    assess: Any, tmp_path: Path, models: Any, trap: Any, record: bytes
) -> None:
    metadata = b"Metadata-Version: 2.1\nName: m\nVersion: 1\nLicense: MIT\n"
    files = {
        "m/__init__.py": b"open(%r, 'w')" % str(trap.file).encode(),
        "setup.py": b"open(%r, 'w')" % str(trap.file).encode(),
        "m/model.pkl": models.system_pickle(str(trap.file)),
        "m-1.dist-info/WHEEL": b"Wheel-Version: 1.0\n",
        "m-1.dist-info/METADATA": metadata,
        "m-1.dist-info/RECORD": record,
    }
    wheel = tmp_path / "m-1-py3-none-any.whl"
    wheel.write_bytes(models.zipped(files))
    ran = assess(wheel)
    assert "MOD-002" in ran.rules("m/model.pkl")
