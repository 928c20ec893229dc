"""Which part of the subject is the document that the card names as a kind."""

from __future__ import annotations

from ...errors import MalformedInput
from ...records import Part
from ...subjects import resolve_inside
from ..interface import Inspection


def named_documents(inspection: Inspection) -> dict[str, Part]:
    """Return the part behind each kind of document that the card names; a folder has none."""
    by_path = {part.path: part for part in inspection.subject.parts if part.role == "document"}
    found = {kind: by_path.get(_path(inspection, path)) for kind, path in sorted(inspection.card.documents.items())}
    return {kind: part for kind, part in found.items() if part is not None}


def _path(inspection: Inspection, path: str) -> str:
    """The part's path: as the disk spells it, "" for the target itself; "?" (no part's path) if nothing is there."""
    root = inspection.root
    if not root.is_dir():
        return "" if path == root.name else "?"
    try:
        place = resolve_inside(root, path)
    except MalformedInput:
        return "?"
    return "?" if place is None else place.relative_to(root.resolve()).as_posix()
