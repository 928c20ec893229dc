"""Malformed and hostile tables: an AccordError that names the place, in bounded memory."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord.errors import AccordError, LimitExceeded, MalformedInput
from accord.instruments.tables import open_table


def read(path: Path, kind: str) -> int:
    """Read a whole table and return its rows."""
    return sum(batch.rows for batch in open_table(path, kind).batches())


@pytest.mark.parametrize(
    ("content", "error", "place"),
    [
        (b"", MalformedInput, "no header"),
        (b"\n\n", MalformedInput, "no header"),
        (b"a,b\n1,2\n1,2,3\n", MalformedInput, "record 3"),
        (b"a,b\n" + b"1,2\n" * 9 + b"1\n", MalformedInput, "record 11"),
        (b"a,b\n1,\x002\n", MalformedInput, "line 2"),
        ("a,b\n1,2\n".encode("utf-16"), MalformedInput, "line 1"),
        (b'a,b\n1,2\n3,"4\n5,6\n', MalformedInput, "row 2"),
        (b'a,b\n1,2\n"3,4\n5,6\n', MalformedInput, "record 3"),
        (b"a,b\n1," + b"x" * (20 << 20) + b"\n", LimitExceeded, "after row 0"),
        (b"a,b\n" + b"1,2\n" * 9 + b'3,"' + b"4\n5" * (10 << 20), LimitExceeded, "after row"),
        (b",".join([b"c"] * 100_000) + b"\n", LimitExceeded, "100,000 columns"),
        (b"x" * 5000 + b",b\n1,2\n", LimitExceeded, "column 1"),
        (b"x" * (5 << 20), LimitExceeded, "line 1"),
    ],
    ids=range(13),
)
def test_csv(tmp_path: Path, content: bytes, error: type[AccordError], place: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(error, match=place):
        read(path, "csv")


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", MalformedInput),
        (b"[1]\n", MalformedInput),
        (b'{"a": 1} {"a": 2}\n', MalformedInput),
        (b'{"a": NaN}\n', MalformedInput),
        (b'{"a": "\xff"}\n', MalformedInput),
        (b'{"a": "\\ud800"}\n', MalformedInput),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n", MalformedInput),
        (b'{"a": "' + b"x" * (9 << 20) + b'"}\n', LimitExceeded),
        (json.dumps({str(number): 1 for number in range(10_001)}).encode(), LimitExceeded),
        ("{}\n{}\n".encode("utf-16"), MalformedInput),
    ],
    ids=range(10),
)
def test_json_lines(tmp_path: Path, content: bytes, error: type[AccordError]) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(content and b'{"a": 1}\n' + content)
    with pytest.raises(error, match="line 2" if content else "no columns"):
        read(path, "jsonl")


def a_parquet(folder: Path) -> bytes:
    path = folder / "good.parquet"
    columns = {"s": ["a", "b", None] * 50, "f": [1.0, 2.0, 3.0] * 50, "l": [[1]] * 150}
    pq.write_table(pa.table(columns), path, row_group_size=60)
    return path.read_bytes()


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1PAR1", b"PAR1\xff\xff\xff\x7fPAR1", b"a,b\n1,2\n"])
def test_parquet_without_a_footer(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "t.parquet"
    path.write_bytes(content)
    with pytest.raises(MalformedInput, match="footer"):
        read(path, "parquet")


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_parquet_with_altered_bytes(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.getbasetemp()
    content = bytearray(a_parquet(folder))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = folder / "altered.parquet"
    path.write_bytes(
        content[: data.draw(st.integers(len(content) // 2, len(content)))] if data.draw(st.booleans()) else content
    )
    try:
        read(path, "parquet")
    except AccordError as error:
        assert "altered.parquet" in error.message


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200) | st.text('a,;"\n\r\té\x00', max_size=60).map(str.encode))
def test_any_bytes_as_text_tables(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(content)
    for kind in ("csv", "jsonl"):
        try:
            read(path, kind)
        except AccordError as error:
            assert "any" in error.message


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=5))
)
def test_json_lines_that_python_writes(tmp_path_factory: pytest.TempPathFactory, values: list[object]) -> None:
    path = tmp_path_factory.getbasetemp() / "python.jsonl"
    path.write_text("".join(json.dumps({"a": value}) + "\n" for value in values))
    try:
        assert read(path, "jsonl") == len(values)
    except MalformedInput as error:
        assert not values or "line" in error.message


def test_a_zipped_or_compressed_table_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    path.write_bytes(pa.compress(b"a,b\n" + b"1,2\n" * 1000, codec="gzip", asbytes=True))
    with pytest.raises(AccordError):
        read(path, "csv")


def _limited(code: str, path: Path, memory: int) -> subprocess.CompletedProcess[str]:
    """Run code in an interpreter that may write to no more than `memory` bytes of its own."""
    return subprocess.run(
        [sys.executable, "-c", code, str(path)],
        env={"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (memory, memory)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


READ = """
import sys
from pathlib import Path
from accord.errors import AccordError
from accord.instruments.tables import open_table
path = Path(sys.argv[1])
try:
    rows = sum(batch.rows for batch in open_table(path, path.suffix[1:]).batches())
    print("rows", rows)
except AccordError as error:
    print(error.code)
print(int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) // 1024)
"""


def test_a_sparse_gigabyte(tmp_path: Path) -> None:
    for name, code in (("t.csv", "nul-byte"), ("t.jsonl", "row-too-long"), ("t.parquet", "malformed-table")):
        path = tmp_path / name
        with path.open("wb") as file:
            file.write(b'{"a,b": 1}\n')
            file.truncate(1 << 30)
        done = _limited(READ, path, 1 << 30)
        assert done.stdout.split()[:1] == [code], done.stderr
        assert int(done.stdout.split()[1]) < 400


def test_a_parquet_file_that_unpacks_to_gigabytes(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    block = pa.array(["x" * (64 << 20)])
    with pq.ParquetWriter(path, pa.schema([("a", pa.string())]), compression="zstd", use_dictionary=False) as writer:
        for _ in range(5):
            writer.write_table(pa.table({"a": pa.chunked_array([block] * 5)}))
    assert path.stat().st_size < 1 << 20
    done = _limited(READ, path, 1 << 30)
    assert done.stdout.split()[:1] == ["column-chunk-too-large"], done.stderr


def test_a_long_text_repeated_by_dictionary_stays_small(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    long = pa.DictionaryArray.from_arrays(pa.array([0] * 200_000, pa.int32()), pa.array(["x" * 500_000]))
    pq.write_table(pa.table({"a": long}), path, dictionary_pagesize_limit=1 << 20)
    done = _limited(READ, path, 1 << 30)
    assert done.stdout.split()[:2] == ["rows", "200000"], done.stdout + done.stderr
    assert int(done.stdout.split()[2]) < 500
