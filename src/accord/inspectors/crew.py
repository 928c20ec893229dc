"""Sandboxes for several threads that share one budget of memory.

Each thread has children of its own, which may hold a share of the budget. A call that holds more is ended and begun
again alone, with the whole budget, while the other threads wait: so hostile files cost no more side by side than one
of them does, and what a call answers does not depend on what ran beside it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal

from ..errors import LimitExceeded
from ..records import Isolation

if TYPE_CHECKING:
    from ..instruments.sandbox import Reply, Sandbox

BUDGET = 720 << 20
"""Bytes that the children of all threads may hold together; the rest of a gigabyte is for this process."""
MOST_WORKERS = 3
"""With more, a share would not do for an ordinary table."""

Profile = Literal["decode", "execute"]


@dataclass(slots=True)
class Box:
    """What one thread calls: its own child, and where that is too small, the child that works alone."""

    crew: Crew
    own: Sandbox
    profile: Profile

    @property
    def isolation(self) -> Isolation:
        """As of `Sandbox`."""
        with self.crew.side_by_side():
            return self.own.isolation

    def call(self, function: str, request: bytes) -> Reply:
        """As of `Sandbox`: the errors too."""
        try:
            with self.crew.side_by_side():
                return self.own.call(function, request)
        except LimitExceeded as error:
            if error.code != "memory-limit" or self.crew.workers == 1:
                raise
        with self.crew.alone(self.profile) as box:
            return box.call(function, request)


class Crew:
    """The sandboxes of up to `workers` threads that may read `root`. Ends every child when it is closed."""

    def __init__(self, root: Path, workers: int, *, unsafe_no_isolation: bool = False) -> None:
        self.workers = max(1, min(workers, MOST_WORKERS))
        self._root, self._unsafe = root, unsafe_no_isolation
        self._own = threading.local()
        self._all: list[Sandbox] = []
        self._opened = ExitStack()
        self._turn = threading.Condition()
        self._running, self._one_alone = 0, False

    def __enter__(self) -> Crew:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()

    def box(self, profile: Profile) -> Box:
        """Return the calling thread's sandbox of this profile."""
        boxes: dict[str, Box] = self._own.__dict__.setdefault("boxes", {})
        if profile not in boxes:
            sandbox = self._sandbox(profile, None if self.workers == 1 else BUDGET // self.workers)
            with self._turn:
                self._opened.enter_context(sandbox)
                self._all.append(sandbox)
            boxes[profile] = Box(self, sandbox, profile)
        return boxes[profile]

    @contextmanager
    def side_by_side(self) -> Iterator[None]:
        """Hold a place among those that run at once; wait while one runs alone."""
        with self._turn:
            self._turn.wait_for(lambda: not self._one_alone)
            self._running += 1
        try:
            yield
        finally:
            with self._turn:
                self._running -= 1
                self._turn.notify_all()

    @contextmanager
    def alone(self, profile: Profile) -> Iterator[Sandbox]:
        """Wait until nobody runs, end the idle children, and lend one that may use the whole budget."""
        with self._turn:
            self._turn.wait_for(lambda: not self._one_alone)
            self._one_alone = True
            self._turn.wait_for(lambda: not self._running)
        try:
            for idle in self._all:
                idle.close()
            with self._sandbox(profile, None) as box:
                yield box
        finally:
            with self._turn:
                self._one_alone = False
                self._turn.notify_all()

    def _sandbox(self, profile: Profile, resident_bytes: int | None) -> Sandbox:
        from ..instruments.sandbox import Limits, Sandbox

        return Sandbox(
            profile,
            readable=(self._root,),
            limits=Limits(resident_bytes=resident_bytes),
            unsafe_no_isolation=self._unsafe and profile == "execute",
        )
