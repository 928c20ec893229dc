"""The subject of an assessment and its parts."""

from __future__ import annotations

from typing import Literal

from .measurement import Record

Role = Literal["model", "training_data", "test_data", "predictions", "data", "code", "endpoint", "document"]


class Part(Record, frozen=True, kw_only=True):
    """One part of the subject.

    `kind` is what the content is (`csv`, `parquet`, `jsonl`, `pickle`, `pytorch`, `safetensors`, `gguf`, `onnx`,
    `numpy`, `keras`, `hdf5`, `zip`, `tar`, `folder`, `text`, `unknown` …), `path` its place inside the target
    ("" for the target itself), `digest` "sha256:<hex>", `size` in bytes. A table whose role nobody declared
    has the role `data`.
    """

    role: Role
    kind: str
    path: str
    digest: str
    size: int
    digests: dict[str, str] = {}


class Subject(Record, frozen=True, kw_only=True):
    """What is assessed. `digest` binds roles, kinds and digests of all `parts`; `excluded` names what was left out."""

    name: str
    version: str | None = None
    digest: str
    parts: tuple[Part, ...]
    excluded: tuple[str, ...] = ()
    source: str | None = None

    @property
    def digests(self) -> frozenset[str]:
        """The digests of the system and of its parts."""
        return frozenset((self.digest, *(part.digest for part in self.parts)))
