"""The catalogue of document kinds."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from ..records.measurement import Record


class DocumentKind(Record, frozen=True, kw_only=True):
    """A kind of document: its id, as the card's `[documents]` and frameworks name it, and a title."""

    id: str
    title: str


@lru_cache(maxsize=1)
def document_kinds() -> dict[str, DocumentKind]:
    """Return every kind of document by its id, in the order of the catalogue."""
    import msgspec
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    content = yaml.load((Path(__file__).parent / "kinds.yaml").read_bytes(), Loader=loader)  # noqa: S506 - our file
    kinds = msgspec.convert(content["kinds"], type=list[DocumentKind])
    return {kind.id: kind for kind in kinds}
