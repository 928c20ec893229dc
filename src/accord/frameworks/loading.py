"""Framework files: the library that comes with Accord, and anybody's own."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import msgspec

from ..errors import UsageError
from ..records import Framework, FrameworkReference
from .mistakes import InvalidFramework, Mistake, structural_mistakes
from .validation import mistakes_in
from .yaml_reading import MAX_BYTES, read_yaml

LIBRARY = Path(__file__).parent / "library"
INTERNATIONAL = "INT"
"""The jurisdiction of texts that apply, or invite, everywhere."""


@dataclass(frozen=True, slots=True)
class FrameworkFile:
    """A framework with the bytes that it was read from."""

    framework: Framework
    data: bytes

    @property
    def reference(self) -> FrameworkReference:
        """What an assessment records of the framework that it was judged under."""
        framework = self.framework
        return FrameworkReference(
            id=framework.id,
            version=framework.version,
            title=framework.title,
            jurisdiction=framework.jurisdiction,
            status=framework.status,
            digest=digest(self.data),
        )


def digest(data: bytes) -> str:
    """Return the digest of a framework file's bytes: "sha256:<hex>"."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def parse(data: bytes, *, name: str = "framework") -> Framework:
    """Read a framework from the bytes of its file.

    Raises InvalidFramework with every mistake at once; MalformedInput or LimitExceeded if it isn't YAML of our kind.
    """
    content = read_yaml(data, name=name)
    if not isinstance(content, dict):
        raise InvalidFramework(name, (Mistake("(top)", "isn't a mapping", "Start with `id:`, `version:`, `title:`."),))
    try:
        framework = msgspec.convert(content, type=Framework, strict=True)
    except (msgspec.ValidationError, RecursionError) as error:
        found = tuple(structural_mistakes(content, Framework))
        raise InvalidFramework(name, found or (Mistake("(top)", str(error), "Correct it."),)) from None
    mistakes = tuple(mistakes_in(framework))
    if mistakes:
        raise InvalidFramework(name, mistakes)
    return framework


def open_framework(id_or_path: str | Path) -> FrameworkFile:
    """Read a framework of the library by its id, or a file by its path (with a folder or the ending .yaml or .yml)."""
    text = str(id_or_path)
    if isinstance(id_or_path, Path) or "/" in text or text.endswith((".yaml", ".yml")):
        return _open_path(Path(id_or_path))
    if text not in library_ids():
        raise UsageError(
            "unknown-framework",
            f"there is no framework {text!r}",
            f"Choose one of: {', '.join(library_ids())}; or give the path of a file.",
        )
    return _open_library(text)


def load(id_or_path: str | Path) -> Framework:
    """Return the framework with this id from the library, or from a file. Errors as for `open_framework`."""
    return open_framework(id_or_path).framework


def library_ids() -> tuple[str, ...]:
    """Return the ids of the library, sorted, without reading the files: a file is named by its id."""
    return tuple(sorted(path.stem for path in LIBRARY.glob("*.yaml")))


def library() -> tuple[Framework, ...]:
    """Return every framework of the library, by id."""
    return tuple(load(name) for name in library_ids())


def jurisdictions() -> tuple[str, ...]:
    """Return the jurisdictions that the library has a framework for."""
    return tuple(sorted({framework.jurisdiction for framework in library()}))


def select(
    ids: Sequence[str | Path] = (),
    wanted: Sequence[str] = (),
) -> tuple[Framework, ...]:
    """Return the frameworks that are named, then those that apply in the `wanted` jurisdictions, each once.

    "US-CA" takes what applies in the US too, and international texts apply everywhere. With neither ids nor
    jurisdictions it is the whole library. Raises UsageError for a jurisdiction that the library has nothing for.
    """
    return tuple(file.framework for file in select_files(ids, wanted))


def select_files(ids: Sequence[str | Path] = (), wanted: Sequence[str] = ()) -> tuple[FrameworkFile, ...]:
    """Do as `select`, with each framework's bytes and reference."""
    chosen = [open_framework(name) for name in ids]
    if wanted or not ids:
        shelf = [_open_library(name) for name in library_ids()]
        unknown = [code for code in wanted if not any(applies_in(file.framework, code) for file in shelf)]
        if unknown:
            raise UsageError(
                "unknown-jurisdiction",
                f"no framework for {', '.join(unknown)}",
                f"The library has: {', '.join(jurisdictions())}. Give your own with --framework FILE.",
            )
        local = [file for file in shelf if any(applies_in(file.framework, code) for code in wanted)]
        everywhere = [file for file in shelf if file.framework.jurisdiction == INTERNATIONAL]
        chosen += shelf if not wanted else local + everywhere
    once: dict[tuple[str, str], FrameworkFile] = {}
    for file in chosen:
        once.setdefault((file.framework.id, file.framework.version), file)
    return tuple(once.values())


def applies_in(framework: Framework, code: str) -> bool:
    """Return whether a framework is made for the jurisdiction `code` or for one that it is part of."""
    return code == framework.jurisdiction or code.startswith(framework.jurisdiction + "-")


@lru_cache(maxsize=128)
def _open_library(name: str) -> FrameworkFile:
    return _open_path(LIBRARY / f"{name}.yaml")


def _open_path(path: Path) -> FrameworkFile:
    try:
        # Without waiting for the other end, should somebody have put a pipe there.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:  # noqa: PTH123 - a descriptor
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise OSError(errno.EINVAL, "not a regular file")
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        problem = getattr(error, "strerror", None) or "can't be read"
        raise UsageError("unreadable-framework", f"{path.name}: {problem}", "Check the path.") from None
    return FrameworkFile(parse(data, name=path.name), data)
