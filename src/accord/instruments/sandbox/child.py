"""The child's side: give rights away, then answer calls until the parent closes the pipe."""

from __future__ import annotations

import gc
import importlib
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import cast

import msgspec

from ...errors import AccordError, LimitExceeded
from . import frames, kernel
from .confine import confine, set_cpu_limit
from .interface import Limits, Profile


class Setup(msgspec.Struct, frozen=True):
    """What the parent tells the child at start, as JSON in its first argument."""

    requests: int
    replies: int
    profile: Profile
    wall_seconds: float
    cpu_seconds: float
    memory_bytes: int
    scratch_bytes: int
    open_files: int
    readable: list[str]
    import_path: list[str]
    scratch: str | None
    withhold: list[str]
    dies_with_parent: bool


def _read(source: int, count: int) -> bytes:
    parts: list[bytes] = []
    while count:
        part = os.read(source, min(count, 1 << 20))
        if not part:
            os._exit(0)  # the parent is gone or done with us
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def _write(target: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(target, view) :]


def _answer(body: bytes) -> tuple[bytes, bytes]:
    """Run the call that `body` describes; return the kind of frame and its body."""
    length = body[0]
    name, request = body[1 : 1 + length].decode("ascii"), body[1 + length :]
    module, _, function = name.partition(":")
    try:
        result = getattr(importlib.import_module(module), function)(request)
        if not isinstance(result, bytes):
            raise TypeError(f"{name} returned {type(result).__name__}, not bytes")
        return frames.REPLY, result
    except AccordError as error:
        return frames.ERROR, frames.pack_error(error)
    except MemoryError:
        gc.collect()
        exceeded = LimitExceeded(
            "memory-limit", "the input needs more memory than the limit allows", "Raise the memory limit, or leave it."
        )
        return frames.ERROR, frames.pack_error(exceeded)
    except Exception as problem:
        text = frames.sanitise(f"{type(problem).__name__}: {problem}", 300)
        failure = AccordError(
            "inspector-failed", text, "Report this: an inspector must answer any input with a record."
        )
        return frames.ERROR, frames.pack_error(failure)


def serve(setup: Setup) -> None:
    """Confine this process, greet the parent, answer calls for ever."""
    if setup.dies_with_parent:
        with suppress(OSError):
            kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    limits = Limits(memory_bytes=setup.memory_bytes, scratch_bytes=setup.scratch_bytes, open_files=setup.open_files)
    scratch = Path(setup.scratch) if setup.scratch else None
    if scratch is not None:
        os.chdir(scratch)
    done = confine(
        setup.profile,
        limits,
        readable=[Path(path) for path in setup.readable],
        import_path=setup.import_path,
        scratch=scratch,
        withhold=frozenset(setup.withhold),
    )
    greeting = msgspec.json.encode({"granted": done.granted, "refused": done.refused})
    _write(setup.replies, frames.pack(frames.HELLO, 0, greeting))
    while True:
        header = _read(setup.requests, frames.HEADER.size)
        _, _, call, length = cast(tuple[bytes, bytes, int, int], frames.HEADER.unpack(header))
        body = _read(setup.requests, length)
        # Belt and braces for a child whose parent was killed: the parent watches both clocks itself.
        set_cpu_limit(setup.cpu_seconds)
        signal.setitimer(signal.ITIMER_REAL, setup.wall_seconds + 5)
        kind, answer = _answer(body)
        signal.setitimer(signal.ITIMER_REAL, 0)
        _write(setup.replies, frames.pack(kind, call, answer))


def main() -> None:
    """Start from the command line that `box` builds."""
    setup = msgspec.json.decode(sys.argv[1], type=Setup)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    serve(setup)
