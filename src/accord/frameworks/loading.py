"""Framework files: the library that comes with Accord, and anybody's own."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path

import msgspec
from msgspec import Struct

from ..errors import UsageError
from ..records import Framework, FrameworkReference
from .compiled import compiled
from .jurisdictions import INTERNATIONAL, applies_in
from .mistakes import InvalidFramework, Mistake, structural_mistakes
from .reading import read_file

LIBRARY = Path(__file__).parent / "library"


class FrameworkFile(Struct, frozen=True):
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
    # Only what is not kept from an earlier time needs the reader and its rules.
    from .validation import mistakes_in
    from .yaml_reading import read_yaml

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


def known_jurisdictions(codes: Sequence[str]) -> list[str]:
    """Return those of `codes` that the library has a framework for, other than international ones."""
    made_for = {framework.jurisdiction for framework in library()} - {INTERNATIONAL}
    return [code for code in codes if any(applies_in(jurisdiction, code) for jurisdiction in made_for)]


def sectors() -> tuple[str, ...]:
    """Return the sectors that the library has a profile for."""
    return tuple(sorted({framework.sector for framework in library() if framework.sector}))


def select(
    ids: Sequence[str | Path] = (), wanted: Sequence[str] = (), sector: str | None = None
) -> tuple[Framework, ...]:
    """Return the frameworks that are named, then those that apply in the `wanted` jurisdictions and the `sector`.

    "US-CA" takes what applies in the US too, "KE" what the African Union made, and international texts apply
    everywhere. A profile of a sector is taken for that sector only. With nothing asked for it is the whole library.
    Each comes once. Raises UsageError for a jurisdiction or a sector that the library has nothing for.
    """
    return tuple(file.framework for file in select_files(ids, wanted, sector))


def select_files(
    ids: Sequence[str | Path] = (), wanted: Sequence[str] = (), sector: str | None = None
) -> tuple[FrameworkFile, ...]:
    """Do as `select`, with each framework's bytes and reference."""
    chosen = [open_framework(name) for name in ids]
    if wanted or sector or not ids:
        shelf = [_open_library(name) for name in library_ids()]
        if not wanted and not sector:
            chosen += shelf
        texts = [file for file in shelf if not file.framework.sector]
        chosen += [*_local(texts, wanted), *_of_sector(shelf, sector)]
    once: dict[tuple[str, str], FrameworkFile] = {}
    for file in chosen:
        once.setdefault((file.framework.id, file.framework.version), file)
    return tuple(once.values())


def _local(texts: Sequence[FrameworkFile], wanted: Sequence[str]) -> list[FrameworkFile]:
    """What is made for the jurisdictions that are wanted comes first, then what is made for all."""
    unknown = [code for code in wanted if not any(applies_in(file.framework.jurisdiction, code) for file in texts)]
    if unknown:
        raise UsageError(
            "unknown-jurisdiction",
            f"no framework for {', '.join(unknown)}",
            f"The library has: {', '.join(jurisdictions())}. Give your own with --framework FILE.",
        )
    local = [file for file in texts if any(applies_in(file.framework.jurisdiction, code) for code in wanted)]
    everywhere = [file for file in texts if file.framework.jurisdiction == INTERNATIONAL]
    return [*local, *everywhere] if wanted else []


def _of_sector(shelf: Sequence[FrameworkFile], sector: str | None) -> list[FrameworkFile]:
    found = [file for file in shelf if sector and file.framework.sector == sector]
    if sector and not found:
        raise UsageError(
            "unknown-sector",
            f"no profile for the sector {sector!r}",
            f"The library has: {', '.join(sectors())}. Give your own with --framework FILE.",
        )
    return found


@lru_cache(maxsize=256)
def _open_library(name: str) -> FrameworkFile:
    return _open_path(LIBRARY / f"{name}.yaml")


def _open_path(path: Path) -> FrameworkFile:
    data = read_file(path)
    return FrameworkFile(compiled(data, partial(parse, name=path.name)), data)
