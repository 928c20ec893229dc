"""`model_files.format`: a good and a bad file for every rule, the measurements, and no exception for any bytes."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save as save_safetensors

from accord.inspectors.interface import HEADINGS, Inspection, Inspector, Outcome
from accord.inspectors.model_files import format as module
from accord.inspectors.model_files.format import read_format
from accord.instruments.model_formats import KINDS
from accord.records import Card, Part, Subject, from_json, to_json
from accord.subjects.recognise import recognise

DIGEST = "sha256:" + "0" * 64


def inspect(folder: Path, name: str, content: bytes, kind: str | None = None) -> Outcome:
    path = folder / name
    path.write_bytes(content)
    part = Part(role="model", kind=kind or recognise(path), path=name, digest=DIGEST, size=len(content))
    subject = Subject(name="s", digest=DIGEST, parts=(part,))
    outcome = read_format(Inspection(part=part, subject=subject, root=folder, card=Card()))
    assert from_json(to_json(outcome), Outcome) == outcome  # a sandboxed child answers in JSON
    return outcome


def values(outcome: Outcome) -> dict[str, object]:
    return {measurement.measure.partition(".")[2]: measurement.value for measurement in outcome.measurements}


def rules(outcome: Outcome) -> set[str]:
    return {finding.rule for finding in outcome.findings}


def gguf(template: str) -> bytes:
    key, text = b"tokenizer.chat_template", template.encode()
    entry = struct.pack("<Q", len(key)) + key + struct.pack("<IQ", 8, len(text)) + text
    content = b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + entry
    return content + bytes(-len(content) % 32)


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def renamed(content: bytes) -> bytes:
    """Change the name in the first local header only."""
    at = content.find(b"data.pkl")
    return content[:at] + b"date.pkl" + content[at + 8 :]


def saved(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


SAFE = save_safetensors({"w": np.zeros((2, 3), np.float32)})
TORCH = zipped({"a/data.pkl": b"\x80\x02}.", "a/version": b"3\n"})
LAMBDA = {"class_name": "Sequential", "config": {"layers": [{"class_name": "Lambda", "module": "keras.layers"}]}}
DENSE = {"class_name": "Sequential", "config": {"layers": [{"class_name": "Dense", "module": "keras.layers"}]}}


def keras(config: dict[str, object]) -> bytes:
    return zipped({"metadata.json": b"{}", "config.json": json.dumps(config).encode(), "model.weights.h5": b""})


# rule -> ((good name, content), (bad name, content))
FIXTURES = {
    "MOD-004": (("model.safetensors", SAFE), ("model.gguf", SAFE)),
    "MOD-005": (("m.gguf", gguf("{{ messages[0].content }}")), ("m.gguf", gguf("{{ ().__class__ }}"))),
    "MOD-006": (("m.keras", keras(DENSE)), ("m.keras", keras(LAMBDA))),
    "MOD-007": (("model.safetensors", SAFE), ("model.safetensors", SAFE[:-1])),
    "MOD-010": (("model.pt", TORCH), ("model.pt", renamed(TORCH))),
    "MOD-011": (
        ("a.npz", zipped({"a.npy": saved(np.arange(1000))})),
        ("a.npz", zipped({"a.npy": saved(np.zeros(150 << 20, np.int8))})),
    ),
}


def test_every_rule_has_its_fixtures() -> None:
    inspector = module.INSPECTOR  # type: ignore[attr-defined]
    assert isinstance(inspector, Inspector)
    assert {rule.id for rule in inspector.rules} == set(FIXTURES)


@pytest.mark.parametrize("rule", FIXTURES)
def test_good_and_bad(tmp_path: Path, rule: str) -> None:
    (good_name, good), (bad_name, bad) = FIXTURES[rule]
    assert rules(inspect(tmp_path, good_name, good)) == set()
    outcome = inspect(tmp_path, bad_name, bad)
    assert rules(outcome) == {rule}
    for finding in outcome.findings:
        assert finding.subject == DIGEST
        assert finding.where.path == bad_name
        assert finding.remedy
        assert "{" not in finding.message.replace("{{", "")


def test_measurements_of_a_safe_file(tmp_path: Path) -> None:
    outcome = inspect(tmp_path, "model.safetensors", SAFE)
    assert values(outcome) == {
        "format": "safetensors",
        "header_valid": True,
        "can_execute_code": False,
        "tensors": 1,
        "parameters": 6,
    }
    assert outcome.bytes_read == len(SAFE)
    assert outcome.checked
    assert "the weights themselves" in outcome.not_checked


def test_what_a_header_does_not_tell_is_null_with_a_reason(tmp_path: Path) -> None:
    outcome = inspect(tmp_path, "m.pt", TORCH)
    assert values(outcome) == {
        "format": "pytorch",
        "header_valid": True,
        "can_execute_code": True,
        "tensors": None,
        "parameters": None,
    }
    assert {m.reason for m in outcome.measurements if m.value is None} == {"the header does not tell"}
    assert any("not unpickled" in text for text in outcome.not_checked)


def test_the_counts_of_a_lying_header_are_not_repeated(tmp_path: Path) -> None:
    outcome = inspect(tmp_path, "model.safetensors", SAFE[:-1])
    assert values(outcome)["parameters"] is None
    assert values(outcome)["header_valid"] is False


def test_the_finding_names_member_and_offset(tmp_path: Path) -> None:
    text = json.dumps({"a\ud800": {"dtype": "U8", "shape": [3], "data_offsets": [0, 2]}}).encode()
    outcome = inspect(tmp_path, "m.safetensors", len(text).to_bytes(8, "little") + text + bytes(2))
    (finding,) = outcome.findings
    assert finding.where.member == "a\\ud800"
    assert finding.where.offset == 8 + len(text)


@pytest.mark.parametrize("extension", [".txt", ".json", ".png", ".csv", ".md", ".py", ".onnx"])
def test_a_pickle_under_another_name(tmp_path: Path, extension: str) -> None:
    outcome = inspect(tmp_path, "notes" + extension, b"cos\nsystem\n(S'true'\ntR.")
    assert rules(outcome) == {"MOD-004"}
    assert outcome.findings[0].severity == "medium"


@pytest.mark.parametrize("name", ["model", "pytorch_model.bin", "model.pkl", "model.pt", "model.PT", "weights.dat"])
def test_names_that_promise_nothing_else(tmp_path: Path, name: str) -> None:
    assert rules(inspect(tmp_path, name, b"\x80\x04N.")) == set()


def test_a_target_that_is_one_file(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(SAFE)
    part = Part(role="model", kind="safetensors", path="", digest=DIGEST, size=len(SAFE))
    subject = Subject(name="s", digest=DIGEST, parts=(part,))
    assert rules(read_format(Inspection(part=part, subject=subject, root=path, card=Card()))) == {"MOD-004"}


def test_the_card_is_complete() -> None:
    inspector = module.INSPECTOR  # type: ignore[attr-defined]
    assert inspector.kinds > KINDS  # and what a file may be that only its name makes a model
    assert inspector.isolation == "decode"
    places = [inspector.card.find(heading) for heading in HEADINGS]
    assert min(places) > 0
    assert places == sorted(places)


@given(st.sampled_from(sorted(KINDS)), st.binary(max_size=400), st.sampled_from([SAFE, TORCH, keras(LAMBDA), b""]))
@settings(max_examples=200, deadline=None)
def test_any_bytes_give_an_outcome(
    tmp_path_factory: pytest.TempPathFactory, kind: str, tail: bytes, head: bytes
) -> None:
    outcome = inspect(tmp_path_factory.getbasetemp(), "any.bin", head[: len(tail)] + tail, kind)
    assert len(outcome.measurements) == 5
