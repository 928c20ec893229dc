"""Run a function in a fork that may do nothing but compute, so that its crash is an answer and not the end.

A parser written in C can be made to overflow its stack or to ask for more memory than there is. In a fork of its own
that costs the caller nothing: the fork has its own limits, can't fork, run a program, open a socket or touch another
process, and only bytes come back.
"""

from __future__ import annotations

import faulthandler
import gc
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from . import kernel, seccomp
from .confine import Confinement, set_cpu_limit, set_memory_limit

Ending = Literal["returned", "memory", "cpu", "wall", "output", "raised", "crashed"]
_RETURNED, _MEMORY, _RAISED = b"R", b"M", b"X"


@dataclass(frozen=True, slots=True)
class Apart:
    """How the fork ended, what it returned (only when it did), and what it cost."""

    ending: Ending
    body: bytes
    cpu_seconds: float
    peak_memory_bytes: int


def _in_fork(function: Callable[[], bytes], target: int, memory_bytes: int, cpu_seconds: float) -> None:
    try:
        faulthandler.disable()
        signal.setitimer(signal.ITIMER_REAL, 0)
        gc.disable()
        gc.freeze()  # leave the parent's objects alone, or every one of their pages is copied
        limits = Confinement()
        limits.attempt("memory", lambda: set_memory_limit(_held_bytes() + memory_bytes))
        limits.attempt("cpu", lambda: set_cpu_limit(cpu_seconds))
        limits.attempt("no-new-privileges", lambda: kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1))
        limits.attempt("seccomp", lambda: seccomp.install(forks=False))
        answer = _RETURNED + function()
    except MemoryError:
        answer = _MEMORY
    except BaseException:
        answer = _RAISED
    view = memoryview(answer)
    while view:
        view = view[os.write(target, view) :]


def _held_bytes() -> int:
    """What the fork has from its parent and shares with it: private writable memory, which RLIMIT_DATA counts."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[5]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0  # a confined process may not look; it holds little


def _collect(source: int, pid: int, deadline: float, output_bytes: int) -> tuple[bytes, Ending | None]:
    parts: list[bytes] = []
    size = 0
    poll = select.poll()  # not select(), which has no place for descriptors above 1023
    poll.register(source, select.POLLIN)
    while True:
        remaining = deadline - time.monotonic()
        if remaining <= 0 or not poll.poll(remaining * 1000):
            os.kill(pid, signal.SIGKILL)
            return b"", "wall"
        part = os.read(source, 1 << 16)
        if not part:
            return b"".join(parts), None
        parts.append(part)
        size += len(part)
        if size > output_bytes:
            os.kill(pid, signal.SIGKILL)
            return b"", "output"


def run_apart(
    function: Callable[[], bytes],
    *,
    memory_bytes: int,
    cpu_seconds: float,
    wall_seconds: float,
    output_bytes: int = 16 << 20,
) -> Apart:
    """Run `function` in a fork under these limits and return how it ended.

    `memory_bytes` is what the fork may take beyond what the caller holds (of a confined caller: with it); the
    caller's own limits hold too. Never raises for what the function does; raises OSError only when there is no fork
    to be had.
    """
    source, target = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        pid = os.fork()
    except OSError:
        os.close(source)
        os.close(target)
        raise
    if pid == 0:
        # Whatever happens, the fork ends here: no handler, buffer or test of the caller's runs twice.
        try:
            os.close(source)
            _in_fork(function, target, memory_bytes, cpu_seconds)
        finally:
            os._exit(0)
    os.close(target)
    forced: Ending | None = None
    data = b""
    try:
        data, forced = _collect(source, pid, time.monotonic() + wall_seconds, output_bytes)
    except BaseException:
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise
    finally:
        os.close(source)
    _, status, cost = os.wait4(pid, 0)
    return Apart(
        ending=forced or _ending(data, status),
        body=data[1:] if data[:1] == _RETURNED else b"",
        cpu_seconds=cost.ru_utime + cost.ru_stime,
        peak_memory_bytes=cost.ru_maxrss * 1024,
    )


def _ending(data: bytes, status: int) -> Ending:
    if os.WIFSIGNALED(status):
        return "cpu" if os.WTERMSIG(status) == signal.SIGXCPU else "crashed"
    answers: dict[bytes, Ending] = {_RETURNED: "returned", _MEMORY: "memory", _RAISED: "raised"}
    return answers.get(data[:1], "crashed")
