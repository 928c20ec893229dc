"""Run the real command line in a process of its own and watch what it costs, its children included.

Peak memory is the larger of two readings. Every few milliseconds the resident pages of the process and all its
descendants are read from /proc and added up: shared pages count once for each process, so the sum errs upwards. And
when the process has ended, `wait4` tells the exact high-water mark of the largest single process among it and the
descendants it waited for, so that no spike between two readings of one process goes unseen.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")
_LOOK_SECONDS = 0.02


@dataclass(frozen=True)
class WatchedRun:
    """How a run ended. `status` is negative for a signal; `peak_bytes` is of the whole tree of processes."""

    status: int
    out: bytes
    err: bytes
    seconds: float
    peak_bytes: int
    timed_out: bool


def run_watched(
    arguments: Sequence[str | bytes],
    *,
    home: Path,
    cwd: Path,
    seconds: float = 60.0,
    prefix: Sequence[str] = (),
    program: Sequence[str] = (sys.executable, "-m", "accord"),
) -> WatchedRun:
    """Run `program arguments` with ACCORD_HOME at `home`; end the whole tree after `seconds`."""
    environment = {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "ACCORD_HOME": str(home),
        "HOME": str(home),
        "TMPDIR": str(cwd),
        "LANG": "C.UTF-8",
        "COLUMNS": "100",
        "PYTHONWARNINGS": "error::ResourceWarning",
    }
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.monotonic()
        process = subprocess.Popen(
            [*prefix, *program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            cwd=cwd,
            env=environment,
        )
        peak, timed_out = 0, False
        while True:
            ended, status, usage = os.wait4(process.pid, os.WNOHANG)
            if ended:
                break
            tree = descendants(process.pid)
            peak = max(peak, sum(map(resident_bytes, tree)))
            if time.monotonic() - began > seconds and not timed_out:
                timed_out = True
                for pid in tree:
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
            time.sleep(_LOOK_SECONDS)
        took = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        for stream in (out, err):
            stream.seek(0)
        return WatchedRun(
            process.returncode, out.read(), err.read(), took, max(peak, usage.ru_maxrss * 1024), timed_out
        )


def descendants(pid: int) -> list[int]:
    """Return `pid` and all below it. A child belongs to the thread that started it, so every thread is asked."""
    found = [pid]
    for known in found:
        with suppress(OSError):
            for task in os.listdir(f"/proc/{known}/task"):
                with suppress(OSError, ValueError):
                    found += map(int, Path(f"/proc/{known}/task/{task}/children").read_text().split())
    return found


def resident_bytes(pid: int) -> int:
    """Return the resident bytes of a process, 0 if it has ended."""
    with suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    return 0
