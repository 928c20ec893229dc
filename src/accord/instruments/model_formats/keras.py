"""A Keras 3 file (`.keras`, a zip) and the frame of an HDF5 file. The layers' configuration is searched for code.

Source: Keras documentation, "Save, serialize, and export models" and the serialization library's `class_name`,
`module`, `registered_name`; HDF5 File Format Specification 3.0, section II.A (superblock). A Lambda layer holds
Python bytecode; a module outside Keras is imported by name (CVE-2024-3660, CVE-2025-1550, CVE-2025-8747). The
weights in `model.weights.h5` are not read.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ...errors import AccordError
from ..archives import Member, read_member
from .bounded_json import MAX_BYTES, parse_json
from .interface import (
    MALFORMED,
    RESOURCE_BOMB,
    RUNS_CODE,
    CutShort,
    Header,
    Problem,
    Problems,
    Window,
    keep,
    open_window,
)
from .zip_members import open_members

_CODE_CLASSES = frozenset(("Lambda", "__lambda__", "TFOpLambda", "SlicingOpLambda", "OpLambda", "PyFunc"))
_BUILTIN_FUNCTIONS = (
    "keras.activations", "keras.losses", "keras.metrics", "keras.initializers", "keras.regularizers",
    "keras.constraints", "keras.ops", "keras.src.activations", "keras.src.losses", "keras.src.metrics", "keras.src.ops",
)  # fmt: skip
_UNSAFE_MODULES = (
    "keras.utils",
    "keras.src.utils",
    "keras.saving",
    "keras.src.saving",
    "keras.config",
    "keras.src.legacy",
)
_NODES_LIMIT = 2_000_000
_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
_HDF5_SEARCH = 16 << 20
_LAMBDA_IN_JSON = re.compile(rb'"class_name"\s*:\s*"(Lambda|TFOpLambda|SlicingOpLambda|__lambda__)"')


def read_keras(path: Path) -> Header:
    """Read the `.keras` zip at `path`. `executes` is whether the configuration names code beyond Keras itself."""
    problems = Problems()
    members = {member.name: member for member in open_members(path, problems)}
    metadata: dict[str, str] = {}
    described = _json(members.get("metadata.json"), problems)
    if isinstance(described, dict):
        for key in ("keras_version", "date_saved"):
            keep(metadata, key, described.get(key, ""))
    config = _json(members.get("config.json"), problems)
    if members and "config.json" not in members:
        problems.add(MALFORMED, "no config.json")
    elif config is not None and not isinstance(config, dict):
        problems.add(MALFORMED, "config.json is not an object", member="config.json")
    code = config_problems(config)
    problems.extend(code)
    if isinstance(config, dict):
        keep(metadata, "class", config.get("class_name", ""))
    return Header(
        "keras",
        version=metadata.get("keras_version"),
        metadata=metadata,
        problems=problems.all(),
        executes=bool(code) if config is not None else None,
        not_checked=("tensors and parameters: the HDF5 file with the weights is not read",),
        bytes_read=sum(members[name].compressed_size for name in ("metadata.json", "config.json") if name in members),
    )


def _json(member: Member | None, problems: Problems) -> Any:
    if member is None:
        return None
    try:
        data = read_member(member, MAX_BYTES + 1)
    except AccordError as error:
        problems.add(MALFORMED, error.message[:200], member=member.name)
        return None
    if len(data) > MAX_BYTES:
        problems.add(RESOURCE_BOMB, f"more than {MAX_BYTES} bytes of JSON", member=member.name)
        return None
    value, found = parse_json(data, max_depth=200)
    for problem in found:
        problems.add(problem.rule, problem.text, offset=problem.offset, member=member.name)
    return value


def config_problems(config: Any) -> list[Problem]:
    """Return the objects in a Keras configuration that are code or are imported from elsewhere, at most 50."""
    problems: dict[str, Problem] = {}
    stack: list[Any] = [config]
    for _ in range(_NODES_LIMIT):
        if not stack or len(problems) >= 50:
            break
        value = stack.pop()
        if isinstance(value, list):
            stack += value
        elif isinstance(value, dict):
            stack += value.values()
            if text := _object_fault(value):
                name = value.get("config", {}).get("name") if isinstance(value.get("config"), dict) else None
                member = name if isinstance(name, str) else None
                problems.setdefault(text, Problem(RUNS_CODE, text, member=member[:200] if member else None))
    return list(problems.values())


def _object_fault(value: dict[str, Any]) -> str | None:
    kind, module, registered = value.get("class_name"), value.get("module"), value.get("registered_name")
    if not isinstance(kind, str):
        return None
    if kind in _CODE_CLASSES or kind.rpartition(">")[2] in _CODE_CLASSES:
        return f"a {kind[:60]} object: it carries Python bytecode or names a function to call"
    if isinstance(module, str):
        if module.split(".")[0] not in ("keras", "builtins"):
            return f"{kind[:60]!r} is imported from {module[:80]!r}, which is not part of Keras"
        if module.startswith(_UNSAFE_MODULES) or (module == "builtins" and kind == "function"):
            return f"{kind[:60]!r} of {module[:80]!r} is no layer"
        if kind == "function" and not module.startswith((*_BUILTIN_FUNCTIONS, "builtins")):
            return f"a function of {module[:80]!r}"
    custom = isinstance(registered, str) and ">" in registered and not registered.startswith(("keras>", "builtins>"))
    if custom or (module is None and kind == "function" and "config" in value):
        return f"the custom object {str(registered or value.get('config'))[:80]!r} needs code from elsewhere"
    return None


def read_hdf5(path: Path) -> Header:
    """Read signature and superblock of the HDF5 file at `path`, and search its first 16 MiB for Lambda layers."""
    problems = Problems()
    version: str | None = None
    with open_window(path, chunk=1 << 20) as window:
        try:
            version = _superblock(window, problems)
        except CutShort as cut:
            problems.add(cut.rule, cut.text, offset=cut.offset)
        found = _find_lambda(window)
        if found is not None:
            problems.add(RUNS_CODE, "a Keras Lambda layer: it carries Python bytecode", offset=found)
        return Header(
            "hdf5",
            version=version,
            problems=problems.all(),
            executes=True if found is not None else None,
            not_checked=(
                "groups, datasets, tensors and parameters of the HDF5 file",
                "custom objects of a Keras model in it; Lambda layers only in its first 16 MiB and by their text",
            ),
            bytes_read=window.bytes_read,
        )


def _superblock(window: Window, problems: Problems) -> str:
    start = next((at for at in (0, *(512 << i for i in range(32))) if window.up_to(at, 8) == _HDF5_MAGIC), None) \
        if window.size else None  # fmt: skip
    if start is None:
        raise CutShort(0, "no HDF5 signature")
    version = window.read(start + 8, 1, "the superblock")[0]
    if version > 3:
        raise CutShort(start + 8, f"superblock version {version} does not exist")
    if version < 2:
        width = window.read(start + 13, 1, "the superblock")[0]
        addresses = start + (24 if version == 0 else 28)
    else:
        width = window.read(start + 9, 1, "the superblock")[0]
        addresses = start + 12
    if width not in (2, 4, 8):
        raise CutShort(start + 9, f"file addresses of {width} bytes")
    end = int.from_bytes(window.read(addresses + 2 * width, width, "the superblock"), "little")
    if start + end > window.size and end > window.size:
        problems.add(
            MALFORMED, f"the file should end at byte {end}, it has {window.size}", offset=addresses + 2 * width
        )
    return str(version)


def _find_lambda(window: Window) -> int | None:
    step, overlap = 1 << 20, 256
    for at in range(0, min(window.size, _HDF5_SEARCH), step):
        if match := _LAMBDA_IN_JSON.search(window.up_to(at, step + overlap)):
            return at + match.start()
    return None
