"""Run the real command line in a process of its own and watch what it costs, its children included.

Peak memory is read from /proc every few milliseconds, for the process and all its descendants: the sum of what is
resident now (shared pages count once for each process, so it errs upwards), or the high-water mark of any one of them
if that is larger, so that a spike between two looks is seen too. (`getrusage` would not do: the kernel counts what
this process held when it started the child.)
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
    program: Sequence[str] = (sys.executable, "-m", "accord"),
    pass_fds: Sequence[int] = (),
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
            [*program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            cwd=cwd,
            env=environment,
            pass_fds=pass_fds,
        )
        peak, timed_out = 0, False
        while process.poll() is None:
            tree = descendants(process.pid)
            memory = [resident_bytes(pid) for pid in tree]
            peak = max(peak, sum(now for now, _ in memory), *(highest for _, highest in memory))
            if time.monotonic() - began > seconds and not timed_out:
                timed_out = True
                for pid in tree:
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
            time.sleep(_LOOK_SECONDS)
        took = time.monotonic() - began
        for stream in (out, err):
            stream.seek(0)
        return WatchedRun(process.returncode, out.read(), err.read(), took, peak, timed_out)


def descendants(pid: int) -> list[int]:
    """Return `pid` and all below it. A child belongs to the thread that started it, so every thread is asked."""
    found = [pid]
    for known in found:
        with suppress(OSError):
            for task in list(Path(f"/proc/{known}/task").iterdir()):
                with suppress(OSError, ValueError):
                    found += map(int, (task / "children").read_text().split())
    return found


def resident_bytes(pid: int) -> tuple[int, int]:
    """Return the resident bytes of a process, now and at their highest; zeros if it has ended."""
    with suppress(OSError, ValueError, KeyError):
        lines = (line.split(":") for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        status = {name: value.split() for name, value in lines if name in ("VmRSS", "VmHWM")}
        return int(status["VmRSS"][0]) * 1024, int(status["VmHWM"][0]) * 1024
    return 0, 0
