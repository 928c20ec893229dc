"""Frameworks that were read and checked once, kept in a form that loads faster than YAML.

A kept framework is found by the digest of its file and of the code and data that checked it, so that a change of
either means reading it again. What is kept can be deleted at any time; what can't be read is read anew from its file.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import msgspec

from ..places import cache_folder
from ..records import Framework

_HERE = Path(__file__).parent
_CHECKED_BY = (
    _HERE.parent / "records" / "framework.py",
    _HERE.parent / "records" / "measurement.py",
    _HERE.parent / "documents" / "kinds.yaml",
    _HERE / "validation.py",
    _HERE / "yaml_reading.py",
    _HERE.parent / "measures" / "catalogue",
)


def compiled(data: bytes, parse: Callable[[bytes], Framework]) -> Framework:
    """Return what `parse` makes of `data`, from an earlier time if possible. Raises what `parse` raises."""
    place = _folder() / f"{hashlib.sha256(data).hexdigest()}.msgpack"
    with contextlib.suppress(OSError, msgspec.DecodeError, ValueError, RecursionError):
        kept = place.read_bytes()
        body = kept[32:]
        if hashlib.sha256(body).digest() == kept[:32]:
            return _decoder().decode(body)
    framework = parse(data)
    with contextlib.suppress(OSError):
        _keep(place, framework)
    return framework


def _keep(place: Path, framework: Framework) -> None:
    body = msgspec.msgpack.encode(framework)
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = place.with_name(f".{place.name}.{os.getpid()}")
    fresh.write_bytes(hashlib.sha256(body).digest() + body)
    fresh.replace(place)


@lru_cache(maxsize=1)
def _decoder() -> msgspec.msgpack.Decoder[Framework]:
    return msgspec.msgpack.Decoder(Framework)


@lru_cache(maxsize=1)
def _stamp() -> str:
    """The digest of everything that decides what a file means and whether it is right."""
    digest = hashlib.sha256()
    for place in _CHECKED_BY:
        for path in sorted(place.glob("*.yaml")) if place.is_dir() else [place]:
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:32]


def _folder() -> Path:
    return cache_folder() / "frameworks" / _stamp()
