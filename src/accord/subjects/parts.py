"""Which parts a target has: its models, tables and documents, each with its role, kind and digest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

from ..records import Card, Part, Role
from .digest import Entry, FolderDigest, openssf_root
from .paths import is_text, recorded_path, resolve_inside

OPENSSF = "openssf-model-signing"
MODEL_KINDS = frozenset(
    {"safetensors", "gguf", "onnx", "numpy", "numpy_zip", "pytorch", "torchscript", "keras", "hdf5", "pickle", "joblib"}
)
TABLE_KINDS = frozenset({"csv", "parquet", "jsonl"})
ARCHIVE_KINDS = frozenset({"wheel", "zip", "tar"})
SCANNED_ARCHIVE = "zip"  # loaders open any zip that holds a pickle, so inspectors look into each
# A file that is named like a model but is none is a part too: that it is broken, or lies, is worth a finding.
MODEL_SUFFIXES = frozenset(
    {
        ".safetensors",
        ".gguf",
        ".onnx",
        ".npy",
        ".npz",
        ".pt",
        ".pth",
        ".ckpt",
        ".keras",
        ".h5",
        ".hdf5",
        ".pkl",
        ".pickle",
        ".joblib",
        ".dill",
    }
)
MAX_PARTS = 2000
MAX_LISTED = 20


def file_part(path: Path, kind: str, digest: str, size: int, card: Card) -> Part:
    """The one part of a target that is a file."""
    role = _role(path.name, kind, card, alone=True)
    if card.model.file is not None and recorded_path(card.model.file) == recorded_path(path.name):
        role = "model"
    return Part(role=role, kind=kind, path="", digest=digest, size=size, digests=_second_digest(role, digest))


def folder_parts(
    root: Path, folder: FolderDigest, card: Card, recognise: Callable[[Path], str], digests: dict[str, str]
) -> tuple[tuple[Part, ...], tuple[str, ...]]:
    """Return the parts of a folder, itself first, and notes on what was hashed but is no part.

    `digests` are further named digests of the folder. A folder without content has no parts. Raises MalformedInput
    if the card names a path that leads out of the folder.
    """
    if not any(not entry.excluded for entry in folder.entries):
        return (), ()
    named = _named_by_card(root, card)
    kinds = {entry.path: recognise(root / entry.path) for entry in folder.entries if _can_be_part(entry)}
    tables = {entry.path for entry in folder.entries if kinds.get(entry.path) in TABLE_KINDS and _holds_data(entry)}
    parts = []
    for entry in folder.entries:
        kind = kinds.get(entry.path)
        if kind is None:
            continue
        role = named.get(entry.path) or _role(entry.path, kind, card, alone=len(tables) == 1)
        wanted = entry.path in named or role == "model" or kind == SCANNED_ARCHIVE or entry.path in tables
        if wanted:
            digest = f"sha256:{entry.sha256}"
            parts.append(
                Part(
                    role=role,
                    kind=kind,
                    path=entry.path,
                    digest=digest,
                    size=entry.size,
                    digests=_second_digest(role, digest),
                )
            )
    parts.sort(key=lambda part: (part.path not in named, part.role != "model", part.path))
    second = {} if folder.openssf is None else {OPENSSF: folder.openssf}
    whole = Part(
        role="code", kind="folder", path="", digest=folder.digest, size=folder.size, digests={**second, **digests}
    )
    notes = [*_notes(folder, kinds)]
    if len(parts) >= MAX_PARTS:
        notes.append(f"{len(parts) - MAX_PARTS + 1} more models and tables: hashed, but over the limit of {MAX_PARTS}")
    return (whole, *sorted(parts[: MAX_PARTS - 1], key=lambda part: part.path)), tuple(notes)


def _can_be_part(entry: Entry) -> bool:
    return entry.kind == "file" and is_text(entry.path) and not (entry.excluded and "/" not in entry.path)


def _holds_data(entry: Entry) -> bool:
    """Not a file of a report of ours, nor the list of files (RECORD) that comes with an installed package."""
    return not entry.excluded and not PurePosixPath(entry.path).parent.name.endswith(".dist-info")


def _named_by_card(root: Path, card: Card) -> dict[str, Role]:
    """The files that the card names and that are there, as the disk spells them; a table's role is not decided here."""
    named: dict[str, Role] = {}
    wanted: list[tuple[str, Role]] = [(path, "document") for path in card.documents.values()]
    if card.model.file is not None:
        wanted.append((card.model.file, "model"))
    for path, role in wanted:
        place = resolve_inside(root, path)
        if place is not None:
            named[place.relative_to(root.resolve()).as_posix()] = role
    if card.data.file is not None:
        resolve_inside(root, card.data.file)
    return named


def _role(path: str, kind: str, card: Card, *, alone: bool) -> Role:
    if kind in TABLE_KINDS:
        if card.data.file is not None and recorded_path(card.data.file) != recorded_path(path):
            return "data"
        if card.data.file is None and not alone:
            return "data"
        if card.data.prediction is not None:
            return "predictions"
        return "data" if card.data.label is None else "test_data"
    if kind in MODEL_KINDS or PurePosixPath(path).suffix.lower() in MODEL_SUFFIXES:
        return "model"
    return "document" if kind in {"text", "pdf", "image"} else "data"


def _second_digest(role: Role, digest: str) -> dict[str, str]:
    return {OPENSSF: openssf_root([digest.removeprefix("sha256:")])} if role == "model" else {}


def _notes(folder: FolderDigest, kinds: dict[str, str]) -> Sequence[str]:
    """Say what was hashed but not looked into, and why: at most a few lines for each reason."""
    reasons: dict[str, list[str]] = {}
    for entry in folder.entries:
        path = recorded_path(entry.path)
        if entry.kind == "symlink":
            reasons.setdefault("a symbolic link: recorded, not followed", []).append(path)
        elif entry.kind != "file":
            reasons.setdefault(f"a {entry.kind}: recorded, not opened", []).append(path)
        elif not is_text(entry.path):
            reasons.setdefault("a name that is not UTF-8: hashed, not inspected", []).append(path)
        elif kinds.get(entry.path) in ARCHIVE_KINDS - {SCANNED_ARCHIVE}:
            reasons.setdefault("an archive inside the target: hashed, not opened", []).append(path)
    notes = []
    for reason, paths in reasons.items():
        notes += [f"{path}: {reason}" for path in paths[:MAX_LISTED]]
        if len(paths) > MAX_LISTED:
            notes.append(f"{len(paths) - MAX_LISTED} more like it: {reason}")
    return notes
