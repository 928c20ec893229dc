"""Open a target: find what it is, read its card, digest it once, and name its parts."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ..errors import UsageError
from ..records import Card, Part, Subject
from .archive import unpack
from .card import CARD_NAME, Contradiction, card_digest, check_card, merge_cards, read_card
from .digest import Progress, canonical_digest, file_digest, folder_digest
from .parts import ARCHIVE_KINDS, file_part, folder_parts
from .paths import is_text, shown
from .pypi import fetch_wheel
from .recognise import recognise

MAX_REFUSED = 50


@dataclass(frozen=True, slots=True)
class Target:
    """An open target. `root` is a file, or the folder that the paths of the parts are relative to.

    `card_source` says whose word the card is: where both spoke it is the assessor's, and `contradictions` lists
    (field, provider's value, assessor's value). `card_digest` is None without a card.
    """

    subject: Subject
    root: Path
    card: Card
    card_source: Literal["none", "provider", "assessor"]
    card_digest: str | None
    contradictions: tuple[Contradiction, ...]
    stamps: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    def has_changed(self, part: Part) -> bool:
        """Whether the file of `part` is another than the one that was digested, as far as the file system tells."""
        return bool(self.stamps) and self.stamps.get(part.path) != _stamp(self.root, part)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the target lies on this machine, how it is called, and what is known of where it came from."""

    path: Path
    name: str
    version: str | None = None
    source: str | None = None
    digests: tuple[tuple[str, str], ...] = ()
    refused: tuple[str, ...] = ()


@contextmanager
def open_target(spec: str, *, card: Path | Card | None = None, progress: Progress | None = None) -> Iterator[Target]:
    """Open a file, a folder, an archive (unpacked to a private folder until the end) or `pypi:NAME[==VERSION]`.

    `card` is the assessor's card, or its file. Raises AccordError: UsageError where the call or the target is wrong, or
    has changed by the end; Unavailable where something is missing here, MalformedInput or LimitExceeded where the
    target or a card is.
    """
    with ExitStack() as stack:
        place = _locate(spec, stack, progress)
        if not is_text(str(place.path)):
            raise UsageError(
                "name-not-utf8", f"the path {shown(place.path)} is not UTF-8", "Assess a copy under another name."
            )
        provider = _provider_card(place.path)
        assessor = _assessor_card(card)
        merged, contradictions = _choose(provider, assessor)
        subject = _subject(place, merged, progress)
        target = Target(
            subject=subject,
            root=place.path,
            card=merged,
            card_source="assessor" if assessor is not None else "none" if provider is None else "provider",
            card_digest=None if assessor is None and provider is None else card_digest(merged),
            contradictions=contradictions,
            stamps={part.path: _stamp(place.path, part) for part in subject.parts},
        )
        yield target
        for part in filter(target.has_changed, subject.parts):
            name = shown(part.path or place.name)
            raise UsageError("target-changed", f"{name} changed while it was assessed", "Assess a copy at rest.")


def _stamp(root: Path, part: Part) -> tuple[int, ...]:
    """What changes when the file is written to or exchanged; of a folder only that it is there."""
    if part.kind == "folder":
        return ()
    try:
        status = (root / part.path if part.path else root).lstat()
    except OSError:
        return (-1,)
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _locate(spec: str, stack: ExitStack, progress: Progress | None) -> _Place:
    if spec.startswith("pypi:"):
        wheel = fetch_wheel(spec.removeprefix("pypi:"))
        return _unpacked(wheel.path, stack, progress, f"pypi:{wheel.name}=={wheel.version}", wheel.name, wheel.version)
    if re.match("https?://", spec, re.IGNORECASE):
        raise UsageError(
            "endpoint-unsupported",
            "endpoints are not measured by this version",
            "Assess the model behind it as files, or a table of its predictions.",
        )
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", spec):
        raise UsageError(
            "bad-target", f"{shown(spec[:80])!r} is an address of an unknown kind", "Name a file or a folder."
        )
    if not spec or "\0" in spec:
        raise UsageError("bad-target", "the target has no name", "Name a file, a folder or pypi:NAME==VERSION.")
    path = _resolve(Path(spec))
    if path.is_dir():
        return _Place(path, shown(path.name) or "root")
    if not path.is_file():
        raise UsageError("bad-target", f"{shown(spec)} is neither a file nor a folder", "Name a file or a folder.")
    if recognise(path) in ARCHIVE_KINDS:
        return _unpacked(path, stack, progress, shown(path.name), shown(path.name), None)
    return _Place(path, shown(path.name))


def _resolve(path: Path) -> Path:
    try:
        return path.resolve(strict=True)
    except (OSError, RuntimeError) as error:  # RuntimeError: links that form a loop
        reason = error.strerror if isinstance(error, OSError) else "its symbolic links form a loop"
        raise UsageError(
            "not-found", f"{shown(path)} can't be opened: {reason}", "Check the path and its permissions."
        ) from None


def _unpacked(
    archive: Path, stack: ExitStack, progress: Progress | None, source: str, name: str, version: str | None
) -> _Place:
    """Unpack into a private folder; where all lies in one folder, as in a source distribution, that is the target."""
    digest, _ = file_digest(archive, progress)
    into = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="accord-", ignore_cleanup_errors=True)))
    refused = unpack(archive, into)
    within = list(into.iterdir())
    root = within[0] if len(within) == 1 and within[0].is_dir() else into
    return _Place(root.resolve(), name, version, source, (("archive", digest),), refused)


def _provider_card(root: Path) -> Card | None:
    place = root / CARD_NAME
    if not root.is_dir() or not (place.is_symlink() or place.exists()):
        return None
    return read_card(place)


def _assessor_card(card: Path | Card | None) -> Card | None:
    if isinstance(card, Path):
        return read_card(_resolve(card), name=card.name)
    return None if card is None else check_card(card)


def _choose(provider: Card | None, assessor: Card | None) -> tuple[Card, tuple[Contradiction, ...]]:
    if provider is None or assessor is None:
        return assessor or provider or Card(), ()
    return merge_cards(provider, assessor)


def _subject(place: _Place, card: Card, progress: Progress | None) -> Subject:
    parts: tuple[Part, ...]
    excluded: tuple[str, ...] = ()
    if place.path.is_dir():
        folder = folder_digest(place.path, progress)
        parts, notes = folder_parts(place.path, folder, card, recognise, dict(place.digests))
        refused = [f"refused while unpacking: {entry}" for entry in place.refused[:MAX_REFUSED]]
        if len(place.refused) > MAX_REFUSED:
            refused.append(f"{len(place.refused) - MAX_REFUSED} more entries refused while unpacking")
        excluded = (*folder.excluded, *notes, *refused)
    else:
        kind = recognise(place.path)
        digest, size = file_digest(place.path, progress)
        parts = (file_part(place.path, kind, digest, size, card),)
    return Subject(
        name=card.system.name or place.name,
        version=card.system.version or place.version,
        digest=canonical_digest(sorted([part.role, part.kind, part.digest] for part in parts)),
        parts=parts,
        excluded=excluded,
        source=place.source,
    )
