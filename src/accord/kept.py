"""What was read and checked once, kept in a form that loads faster than its source.

A kept thing is found by the digest of everything that it follows from: its source, and the code and data that checked
it. So a change of either means reading anew. All of it can be deleted at any time; what is damaged is made again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from .places import cache_folder

T = TypeVar("T")

_DIGEST = 32


def kept(shelf: str, key: str, kind: type[T], make: Callable[[], T]) -> T:
    """Return what `make` made earlier under this `key` on the `shelf`, else make and keep it. Raises what it raises.

    `kind` is a type that msgspec can encode and decode.
    """
    place = cache_folder() / shelf / f"{key}.msgpack"
    with contextlib.suppress(OSError, msgspec.DecodeError, ValueError, RecursionError):
        found = place.read_bytes()
        body = found[_DIGEST:]
        if hashlib.sha256(body).digest() == found[:_DIGEST]:
            return msgspec.msgpack.decode(body, type=kind)
    made = make()
    with contextlib.suppress(OSError):
        _put(place, made)
    return made


def digest_of(paths: Iterable[Path]) -> str:
    """Return a digest over the bytes of files, and of the YAML files of folders."""
    digest = hashlib.sha256()
    for place in paths:
        for path in sorted(place.glob("*.yaml")) if place.is_dir() else [place]:
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _put(place: Path, made: Any) -> None:
    body = msgspec.msgpack.encode(made)
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = place.with_name(f".{place.name}.{os.getpid()}")
    fresh.write_bytes(hashlib.sha256(body).digest() + body)
    fresh.replace(place)
