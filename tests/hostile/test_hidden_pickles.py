"""What Python would import from is recognised as a pickle, whatever it looks like; the C unpickler is the oracle."""

from __future__ import annotations

import io
import pickle
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from accord.subjects.recognise import recognise

ATTACK = b"cposix\nsystem\n(S'id'\ntR."


class Imported(Exception):
    """Raised by the oracle in place of an import."""


class Oracle(pickle.Unpickler):
    """Python's own C unpickler, stopped before it imports anything."""

    def find_class(self, module: str, name: str) -> object:
        raise Imported


def would_import(data: bytes, loads: int = 4) -> bool:
    """Whether opening `data` imports something, also by a loader that reads several pickles from one file."""
    stream = io.BytesIO(data)
    try:
        for _ in range(loads):
            Oracle(stream).load()
    except Imported:
        return True
    except Exception:
        return False
    return False


def kind(tmp_path: Path, data: bytes, name: str = "weights.bin") -> str:
    path = tmp_path / name
    path.write_bytes(data)
    return recognise(path)


@pytest.mark.parametrize("name", ["weights.bin", "notes.txt", "cat.gif", "table.csv"])
def test_no_disguise_hides_a_pickle(tmp_path: Path, disguises: dict[str, bytes], name: str) -> None:
    for what, data in disguises.items():
        assert would_import(data), what
        assert kind(tmp_path, data, name) == "pickle", what


def test_a_pickle_in_the_first_name_of_a_tar_is_found(tmp_path: Path) -> None:
    import tarfile

    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        entry = tarfile.TarInfo("placeholder")
        entry.name = ATTACK.decode()
        archive.addfile(entry)
    assert would_import(out.getvalue(), loads=1)
    assert kind(tmp_path, out.getvalue(), "model.tar") == "pickle"


pieces = st.one_of(
    st.sampled_from([bytes([code]) for code in b"N]})(.0120ldtaesu\x85\x86\x87\x88\x89\x8f\x90\x91\x94"]),
    st.integers(-(10**6), 10**6).map(lambda n: b"I%d\n" % n),
    st.text("0123456789abcdefxXoO_+- \tL", max_size=6).map(lambda text: b"I" + text.encode() + b"\n"),
    st.text("0123456789_+- \t", max_size=6).map(lambda text: b"p" + text.encode() + b"\n"),
    st.text("0123456789.eE+-infatyNIF", max_size=8).map(lambda text: b"F" + text.encode() + b"\n"),
    st.text("abc '\"\\x", max_size=8).map(lambda text: b"S" + text.encode() + b"\n"),
    st.binary(max_size=8).map(lambda data: b"V" + data.replace(b"\n", b"") + b"\n"),
    st.binary(max_size=20).map(lambda data: b"U" + bytes([len(data)]) + data),
    st.binary(min_size=8, max_size=8).map(lambda data: b"G" + data),
    st.integers(0, 3).map(lambda n: b"q" + bytes([n])),
    st.integers(0, 3).map(lambda n: b"h" + bytes([n])),
    st.integers(0, 5).map(lambda n: b"\x80" + bytes([n])),
    st.binary(max_size=3),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(pieces, max_size=12).map(b"".join))
@example(b"(0")
@example(b"N.")
def test_what_python_would_import_from_is_a_pickle(tmp_path_factory: pytest.TempPathFactory, before: bytes) -> None:
    data = before + ATTACK
    if would_import(data):
        assert kind(tmp_path_factory.getbasetemp(), data) in ("pickle", "joblib")
