"""Readers of the headers of model files: one file a format, no framework needed, nothing executed."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from ...errors import UsageError
from .interface import Header, Problem

_READERS = {
    "safetensors": ("safetensors", "read_safetensors"),
    "gguf": ("gguf", "read_gguf"),
    "onnx": ("onnx", "read_onnx"),
    "numpy": ("numpy_array", "read_npy"),
    "numpy_zip": ("numpy_array", "read_npz"),
    "pytorch": ("torch_zip", "read_torch"),
    "torchscript": ("torch_zip", "read_torch"),
    "keras": ("keras", "read_keras"),
    "hdf5": ("keras", "read_hdf5"),
    "pickle": ("pickle_frame", "read_pickle"),
    "joblib": ("pickle_frame", "read_joblib"),
}
KINDS = frozenset(_READERS)


def read_header(path: Path, kind: str) -> Header:
    """Read the header of the file at `path` as `kind` (one of KINDS, as `subjects.recognise` names them).

    Raises UsageError for another kind, Unavailable when the file can't be read; all else is in `Header.problems`.
    """
    if kind not in _READERS:
        raise UsageError("unknown-format", f"no reader for {kind!r}", f"Choose one of: {', '.join(sorted(KINDS))}.")
    module, name = _READERS[kind]
    reader: Callable[[Path], Header] = getattr(import_module(f".{module}", __name__), name)
    return reader(path)


__all__ = ["KINDS", "Header", "Problem", "read_header"]
