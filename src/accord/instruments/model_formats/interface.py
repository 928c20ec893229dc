"""What a reader of a model format returns, and the window through which it looks at a file.

A reader looks at the header only, with stated limits. Whatever the file holds, it returns a `Header`: what is wrong
is in `problems`. The only exception is `Unavailable`, for a file that can't be read at all.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import Unavailable
from ...records import Severity

METADATA_ENTRIES = 64
METADATA_TEXT = 200
PROBLEMS_KEPT = 50

# rule ids of `model_files.format`
UNSAFE_TEMPLATE = "MOD-005"
RUNS_CODE = "MOD-006"
MALFORMED = "MOD-007"
ARCHIVE_MISMATCH = "MOD-010"
RESOURCE_BOMB = "MOD-011"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong at a place: the byte `offset` in the file and the `member` (tensor, key or archive entry).

    `severity` differs from that of the rule only where given.
    """

    rule: str
    text: str
    offset: int | None = None
    member: str | None = None
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Header:
    """What the header of a model file says.

    `tensors` and `parameters` (elements of all tensors) are None where the header does not tell; `executes` is
    whether loading the file by its usual means can run code, None where this reader can't tell.
    """

    format: str
    version: str | None = None
    tensors: int | None = None
    parameters: int | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    executes: bool | None = False
    not_checked: tuple[str, ...] = ()
    bytes_read: int = 0

    @property
    def valid(self) -> bool:
        """Whether the header follows its format (remarks of low severity aside)."""
        rules = (MALFORMED, ARCHIVE_MISMATCH, RESOURCE_BOMB)
        return not any(problem.rule in rules and problem.severity != "low" for problem in self.problems)


class Problems:
    """Collects problems; after the first 50 it only counts, so that a hostile file can't fill memory with them."""

    def __init__(self) -> None:
        self._kept: list[Problem] = []
        self._rules: set[str] = set()
        self._more = 0

    def add(
        self,
        rule: str,
        text: str,
        *,
        offset: int | None = None,
        member: str | None = None,
        severity: Severity | None = None,
    ) -> None:
        """Note a problem."""
        self.extend([Problem(rule, text, offset, None if member is None else shorten(member), severity)])

    def extend(self, problems: list[Problem] | tuple[Problem, ...]) -> None:
        """Note problems that another reader found. A rule's first problem is always kept."""
        for problem in problems:
            if len(self._kept) < PROBLEMS_KEPT or problem.rule not in self._rules:
                self._kept.append(problem)
                self._rules.add(problem.rule)
            else:
                self._more += 1

    def __bool__(self) -> bool:
        return bool(self._kept)

    def all(self) -> tuple[Problem, ...]:
        """Return them, with a last one that counts those left out."""
        if not self._more:
            return tuple(self._kept)
        return (*self._kept, Problem(self._kept[-1].rule, f"{self._more} more problems are not listed", severity="low"))


class CutShort(Exception):
    """Inside a reader: the file ends, or a limit is reached, before what was expected at `offset`."""

    def __init__(self, offset: int, text: str, *, rule: str = MALFORMED) -> None:
        super().__init__(text)
        self.offset = offset
        self.text = text
        self.rule = rule


class Window:
    """Random access to a file through one cached chunk. Counts the bytes that it reads."""

    def __init__(self, descriptor: int, size: int, *, chunk: int = 64 << 10) -> None:
        self.size = size
        self.bytes_read = 0
        self._descriptor = descriptor
        self._chunk = chunk
        self._start = 0
        self._data = b""

    def read(self, offset: int, count: int, what: str = "data") -> bytes:
        """Return `count` bytes at `offset`, or raise CutShort if the file has fewer."""
        at = offset - self._start
        if at < 0 or at + count > len(self._data):
            if count < 0 or offset + count > self.size:
                raise CutShort(min(offset, self.size), f"the file ends before {what} ({count} bytes at {offset})")
            self._data = self._fetch(offset, max(count, self._chunk))
            self._start, at = offset, 0
            if len(self._data) < count:
                raise CutShort(offset, f"the file ends before {what}")
        return self._data[at : at + count]

    def _fetch(self, offset: int, count: int) -> bytes:
        pieces = []
        while count > 0:
            piece = os.pread(self._descriptor, min(count, 1 << 24), offset)
            if not piece:
                break
            pieces.append(piece)
            self.bytes_read += len(piece)
            offset += len(piece)
            count -= len(piece)
        return b"".join(pieces)

    def up_to(self, offset: int, count: int) -> bytes:
        """Return at most `count` bytes at `offset`, fewer at the end of the file."""
        return self.read(offset, max(0, min(count, self.size - offset)))


@contextmanager
def open_window(path: Path, *, chunk: int = 64 << 10) -> Iterator[Window]:
    """Open a regular file for random access. Raises Unavailable if that can't be done, also halfway."""
    descriptor = None
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        yield Window(descriptor, os.fstat(descriptor).st_size, chunk=chunk)
    except OSError as error:
        raise Unavailable(
            "unreadable-file", f"{path}: {error.strerror}", "Make the file readable, or leave it out."
        ) from None
    finally:
        if descriptor is not None:
            os.close(descriptor)


def shorten(text: str, limit: int = METADATA_TEXT) -> str:
    """Bound a text that comes from the file; lone surrogates, which no JSON can carry, become escapes."""
    text = text if len(text) <= limit else text[:limit] + "…"
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def keep(metadata: dict[str, str], key: str, value: object) -> None:
    """Put an entry into bounded metadata; beyond 64 entries it is dropped."""
    if len(metadata) < METADATA_ENTRIES:
        metadata[shorten(key)] = shorten(str(value))
