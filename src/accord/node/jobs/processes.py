"""The process of a job, from the outside: started with nothing of ours, listened to within bounds, ended for sure."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from ...errors import MalformedInput, Unavailable
from ...records import from_json
from .asked import Told
from .folders import ERRORS, HOME, SCRATCH

MAX_LINE = 16 * 1024
MAX_BYTES = 64 * 1024 * 1024
_READ = 64 * 1024
_TOGETHER_SECONDS = 0.1


class Process:
    """A job's process in a session of its own: what it tells, and its end."""

    def __init__(self, folder: Path) -> None:
        """Start it on the task in `folder`. Raises Unavailable if the machine has no process to give.

        It ends when the calling thread does.
        """
        for name in (HOME, SCRATCH):
            (folder / name).mkdir(mode=0o700, exist_ok=True)
        try:
            with (folder / ERRORS).open("wb") as errors:
                self._process = subprocess.Popen(
                    [sys.executable, "-I", "-X", "utf8", "-m", "accord.node.jobs.run", str(folder), str(os.getpid())],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    cwd=folder,
                    env=_environment(folder),
                    start_new_session=True,
                )
        except OSError as error:
            raise Unavailable(
                "no-process", f"no process can be started: {error.strerror}", "Try again when the machine does less."
            ) from None
        assert self._process.stdout is not None
        self._pipe = self._process.stdout
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._pipe, selectors.EVENT_READ)
        self._held, self._bytes = b"", 0
        self.ended = False

    def listen(self, seconds: float) -> list[Told]:
        """Return what it tells, waiting `seconds` for it at most; `ended` is set once it can tell no more.

        What comes shortly after the first comes with it.

        Raises MalformedInput if it tells something else, or too much.
        """
        told: list[Told] = []
        deadline = time.monotonic() + seconds
        while not self.ended and (left := deadline - time.monotonic()) > 0 and self._selector.select(left):
            data = os.read(self._pipe.fileno(), _READ)
            self.ended = not data
            self._bytes += len(data)
            *lines, self._held = (self._held + data).split(b"\n")
            if self._bytes > MAX_BYTES or any(len(line) > MAX_LINE for line in (*lines, self._held)):
                raise MalformedInput("told-too-much", "the process of the job tells too much", "Report this.")
            told += [from_json(line, Told, name="the job's process") for line in lines]
            deadline = min(deadline, time.monotonic() + _TOGETHER_SECONDS)
        return told

    def close(self) -> int:
        """End it with everything that it started, and return how it ended (as `Popen.returncode`)."""
        if not self.ended:
            pid = self._process.pid
            # Stopped first, so that it starts nothing while we look; its sandboxes have sessions of their own.
            with suppress(OSError):
                os.killpg(pid, signal.SIGSTOP)
            children = descendants(pid)
            for child in children:
                with suppress(OSError):
                    os.kill(child, signal.SIGKILL)
            with suppress(OSError):
                os.killpg(pid, signal.SIGKILL)
        status = self._process.wait()
        self._selector.close()
        self._pipe.close()
        return status


def descendants(pid: int) -> list[int]:
    """Return the processes that `pid`, any of its threads or their processes started, the farthest first."""
    found: list[int] = []
    waiting = [pid]
    while waiting and len(found) < 10_000:
        parent = waiting.pop()
        with suppress(OSError):
            for thread in Path(f"/proc/{parent}/task").iterdir():
                with suppress(OSError, ValueError):
                    children = [int(word) for word in (thread / "children").read_text().split()]
                    found += children
                    waiting += children
    return found[::-1]


def _environment(folder: Path) -> dict[str, str]:
    """Nothing of the node's environment: no credentials, no home, no proxy; one thread a library."""
    return {
        "HOME": str(folder / HOME),
        "ACCORD_HOME": str(folder / HOME),
        "TMPDIR": str(folder / SCRATCH),
        "PATH": "/usr/bin:/bin",
        "LC_ALL": "C.UTF-8",
        "ACCORD_LANG": "en",
        "TZ": "UTC",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "NUMEXPR_NUM_THREADS": "1",
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "MALLOC_ARENA_MAX": "2",
    }
