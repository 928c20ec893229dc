"""Any bytes behind any magic: an inspector answers with an outcome, a reason to skip, or an AccordError."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord.errors import AccordError
from accord.inspectors.interface import Inspection, Outcome, Skip
from accord.inspectors.registry import all_inspectors
from accord.subjects import open_target

MAGICS = [
    b"",
    b"GGUF\x03\0\0\0",
    b"GGUF\x03\0\0\0" + struct.pack("<QQ", 1, 1),
    b"\x93NUMPY",
    b"\x93NUMPY\x01\x00\x76\x00{'descr': ",
    b"PAR1",
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"PK\x03\x04" + bytes(22) + b"\x08\x00\x00\x00data.pkl",
    b"\x89HDF\r\n\x1a\n",
    b"\x80\x02",
    b"\x80\x04\x95",
    b"\x80\x05]",
    b"(dp0\n",
    b"\x1f\x8b\x08\x00",
    b"\x78\x9c",
    b"BZh91AY&SY",
    b"\xfd7zXZ\x00",
    b"]\x00\x00\x80",
    b"\x08\x08\x3a\x04\x0a\x02",
    struct.pack("<Q", 40) + b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}',
    b"a,b\n1,2\n3,4\n",
    b"\xff\xfea\0,\0b\0\n\0",
    b'{"a": 1}\n{"a": 2}\n',
    b"%PDF-",
    b"\x89PNG\r\n\x1a\n",
    b"GIF89a",
    b"x" * 257 + b"ustar\x0000",
]
NAMES = ["any", "any.csv", "any.jsonl", "any.safetensors", "any.npz", "any.pkl"]


def inspect_all(path: Path) -> set[str]:
    """Hand the file to every inspector that applies, in this process, where nothing is caught."""
    ran = set()
    with open_target(str(path)) as target:
        for inspector in all_inspectors():
            for part in filter(inspector.applies_to, target.subject.parts):
                inspection = Inspection(part=part, subject=target.subject, root=target.root, card=target.card)
                try:
                    outcome = inspector.function(inspection, **inspector.parameters)
                except (Skip, AccordError):
                    continue
                assert isinstance(outcome, Outcome)
                ran.add(inspector.id)
    return ran


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(MAGICS), st.binary(max_size=300), st.sampled_from(NAMES), st.booleans())
def test_any_bytes_behind_any_magic(
    tmp_path_factory: pytest.TempPathFactory, magic: bytes, tail: bytes, name: str, compressed: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(gzip.compress(magic + tail) if compressed else magic + tail)
    try:
        inspect_all(path)
    except AccordError:
        return  # the target itself: a broken archive


@pytest.mark.soak
@settings(max_examples=5000, deadline=None)
@given(st.sampled_from(MAGICS), st.binary(max_size=2000), st.sampled_from(NAMES), st.booleans())
def test_any_bytes_behind_any_magic_for_long(
    tmp_path_factory: pytest.TempPathFactory, magic: bytes, tail: bytes, name: str, compressed: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(gzip.compress(magic + tail) if compressed else magic + tail)
    try:
        inspect_all(path)
    except AccordError:
        return


@pytest.mark.parametrize("magic", MAGICS, ids=lambda magic: repr(magic[:12]))
def test_a_magic_and_nothing_else(tmp_path: Path, magic: bytes) -> None:
    for name in NAMES:
        path = tmp_path / name
        path.write_bytes(magic)
        try:
            inspect_all(path)
        except AccordError as error:
            assert name in error.message
