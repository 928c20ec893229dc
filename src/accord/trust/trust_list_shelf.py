"""The trust lists that this machine's user accepted: every number of every operator, in the configuration folder.

`trust-lists/<digest of the list's subject>/<number>.intoto.jsonl`: a statement a file, checked before it was put there.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from ..errors import Unavailable, UsageError
from ..places import config_folder
from .files import Files, put_all
from .trust_list import MAX_LIST_BYTES, Accepted, accept_all, read_list, subject_digest

FOLDER = "trust-lists"
_NUMBERED = re.compile(r"[0-9]{10}\.intoto\.jsonl")
_OPERATOR = re.compile(r"[0-9a-f]{64}")


class Shelf:
    """Accepted lists. What lies here was accepted once; `check` asks again."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or config_folder() / FOLDER

    def current(self) -> tuple[Accepted, ...]:
        """Return the last list of every operator, by name. Raises MalformedInput if one was altered, Unavailable."""
        with self._reading():
            operators = sorted(name for name in Files().names(self.folder) if _OPERATOR.fullmatch(name))
            found = [self._last(name) for name in operators]
        return tuple(sorted((item for item in found if item), key=lambda item: item.name))

    def of(self, subject: str) -> Accepted | None:
        """Return the last list with this subject (`sha256:…`, `trust_list.subject_digest`), or None."""
        with self._reading():
            return self._last(subject.removeprefix("sha256:"))

    def find(self, name: str) -> Accepted:
        """Return the one list whose jurisdiction, operator or subject digest `name` is. Raises UsageError."""
        held = self.current()
        found = [
            item
            for item in held
            if name in (item.record.jurisdiction, item.record.operator, item.name, subject_digest(item.record))
        ]
        if len(found) != 1:
            there = ", ".join(item.name for item in held) or "none"
            text = f"{len(found)} of the trust lists held are called {name[:80]!r}"
            raise UsageError("which-trust-list", text, f"Held: {there}.")
        return found[0]

    def chain(self, held: Accepted) -> tuple[bytes, ...]:
        """Return the lines of all numbers that are held of a list, in their order."""
        folder = self._folder(held)
        with self._reading():
            return tuple(self._line(folder / name) for name in self._numbers(folder))

    def check(self, held: Accepted) -> tuple[Accepted, ...]:
        """Accept the whole chain of a list again, from the first that is held. Raises as `accept` does."""
        lines = self.chain(held)
        return accept_all(None, lines, (read_list(lines[0]).id,) if lines else ())

    def take(
        self, lines: Sequence[bytes], pinned: Collection[str] = (), *, as_of: datetime | None = None
    ) -> tuple[Accepted, ...]:
        """Accept lists of one operator, keep what is new of them, and return it. Raises as `trust_list.accept` does."""
        folder = self._folder(read_list(lines[0])) if lines else self.folder
        with self._reading():
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with Files().lock(self.folder / ".lock"):
                current = self._last(folder.name) if lines else None
                accepted = accept_all(current, lines, pinned, as_of=as_of)
                fresh = [item for item in accepted if current is None or item.record.sequence > current.record.sequence]
                places = {folder / f"{item.record.sequence:010}.intoto.jsonl": item.heard.raw for item in fresh}
                put_all(Files(), self.folder, places)
        return tuple(fresh)

    def _folder(self, accepted: Accepted) -> Path:
        return self.folder / subject_digest(accepted.record).removeprefix("sha256:")

    def _numbers(self, folder: Path) -> list[str]:
        return sorted(name for name in Files().names(folder) if _NUMBERED.fullmatch(name))

    def _last(self, operator: str) -> Accepted | None:
        folder = self.folder / operator
        numbers = self._numbers(folder)
        return read_list(self._line(folder / numbers[-1]), name=str(folder / numbers[-1])) if numbers else None

    @staticmethod
    def _line(path: Path) -> bytes:
        return Files().read(path, MAX_LIST_BYTES) or b""

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise Unavailable(
                "trust-lists-unavailable",
                f"the folder {self.folder} can't be used: {error.strerror or error}",
                "Check its permissions, or set ACCORD_HOME to a folder of your own.",
            ) from None
