"""Properties of the pickle inspector: any bytes are answered, harmless values pass, what Python looks up is found."""

from __future__ import annotations

import contextlib
import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accord.errors import AccordError
from accord.inspectors.interface import Inspection, Outcome
from accord.inspectors.model_files.pickles import inspect_pickles
from accord.records import Card, Part, Subject, to_json

LIMITS = {"memory_mib": 600, "seconds": 5}


def scan_file(path: Path, kind: str = "pickle", others: tuple[Part, ...] = (), **parameters: int) -> Outcome:
    part = Part(role="model", kind=kind, path=path.name, digest="sha256:" + "0" * 64, size=path.stat().st_size)
    subject = Subject(name="s", digest="sha256:" + "1" * 64, parts=(part, *others))
    inspection = Inspection(part=part, subject=subject, root=path.parent, card=Card())
    return inspect_pickles(inspection, **{**LIMITS, **parameters})


def rules(outcome: Outcome) -> set[str]:
    return {finding.rule for finding in outcome.findings} - {"MOD-009"}


def names(outcome: Outcome) -> set[str]:
    return set(outcome.measurements[0].value)  # type: ignore[arg-type]


def torch_like(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


EVIL = b"\x80\x02cos\nsystem\nX\x01\0\0\0x\x85R."

OPCODES = bytes(sorted(set(b"0()12NQRabdeltsou}].cihjgpqrIFLSVXUTBCGJKM" + bytes(range(0x80, 0x99)))))
soup = st.lists(
    st.one_of(
        st.sampled_from(OPCODES).map(lambda code: bytes([code])),
        st.binary(max_size=6),
        st.sampled_from(
            [b"cos\nsystem\n", b"ios\nsystem\n", b"\x8c\x02os\x8c\x06system\x93", b"K\x01", b"cnumpy\ndtype\n"]
        ),
    ),
    max_size=40,
).map(b"".join)
calm = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@calm
@given(soup)
def test_opcode_soup_is_always_answered(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "soup"
    path.write_bytes(b"\x80\x04" + data)
    try:
        outcome = scan_file(path)
    except AccordError:
        return
    # Whatever Python's own unpickler looks up, we have found. (Nothing is imported: the names are only noted.)
    looked_up: list[str] = []

    class Spy(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> Any:
            looked_up.append(f"{module}.{name}")
            raise pickle.UnpicklingError

        def persistent_load(self, pid: Any) -> Any:
            return None

    with contextlib.suppress(Exception):
        Spy(io.BytesIO(b"\x80\x04" + data)).load()
    assert set(looked_up) <= names(outcome)
    if looked_up or b"system" in repr(names(outcome)).encode():
        assert all(
            finding.rule in {"MOD-001", "MOD-002", "MOD-003", "MOD-008", "MOD-009"} for finding in outcome.findings
        )
    to_json(outcome)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.binary(min_size=60, max_size=300),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=20,
)


@calm
@given(values, st.integers(0, 5))
def test_plain_values_are_never_a_finding(tmp_path: Path, value: Any, protocol: int) -> None:
    path = tmp_path / "value"
    path.write_bytes(pickle.dumps(value, protocol=protocol))
    outcome = scan_file(path)
    assert rules(outcome) == set(), outcome.findings
    assert names(outcome) <= {
        "__builtin__.bytes",
        "_codecs.encode",
        "__builtin__.set",
    }  # as protocols 0 to 2 write bytes


@calm
@given(st.binary(max_size=300), st.sampled_from([b"", b"PK\3\4", b"\x93NUMPY\1\0", b"\x1f\x8b\x08", b"x\x9c", b"BZh9"]))
def test_any_bytes_of_any_kind_are_answered(tmp_path: Path, data: bytes, head: bytes) -> None:
    path = tmp_path / "bytes"
    path.write_bytes(head + data)
    for kind in ("pickle", "zip"):
        to_json(scan_file(path, kind))


@calm
@given(st.integers(0, 400), st.integers(0, 255))
def test_archives_with_one_byte_changed_are_answered(tmp_path: Path, at: int, value: int) -> None:
    data = bytearray(torch_like({"m/data.pkl": EVIL, "m/data/0": bytes(16)}))
    data[at % len(data)] = value
    path = tmp_path / "changed"
    path.write_bytes(bytes(data))
    assert rules(scan_file(path, "pytorch")), "the payload is still there, or the archive is damaged"
