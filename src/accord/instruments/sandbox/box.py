"""The parent's side: start a child, send it a call, watch it, and believe nothing it says.

The child is an interpreter of its own with an empty environment, a closed set of files and a session of its own. It
lives for many calls and is replaced after one that went wrong.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn

import msgspec

from ...errors import AccordError, LimitExceeded, MalformedInput, Unavailable, UsageError
from ...records import Isolation
from . import frames, watch
from .interface import Limits, Profile, Reply

_BOOT = "import sys,json;sys.path[:]=json.loads(sys.argv[2]);from accord.instruments.sandbox.child import main;main()"
# One thread a library, and no allocator that reserves what it does not use: memory is what we are counting.
_ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "MALLOC_ARENA_MAX": "2",
}
_POLL_SECONDS = 0.05
_START_SECONDS = 60.0
_MOST_STDERR = 2048
_REMEDY = "Treat the input as hostile, or raise the limit if you trust it."


class _Greeting(msgspec.Struct, frozen=True):
    granted: list[str]
    refused: list[str]


_GREETING = msgspec.json.Decoder(_Greeting)  # built here: msgspec crashes when two threads meet a type at once


class Sandbox:
    """A child process in the `decode` or `execute` profile (contract: Isolation), used for one call at a time.

    `readable` are the only files and folders of the target that the child can read where the kernel has Landlock;
    `importable` are further folders to import from. `execute` also gets an empty scratch folder, which is the only
    place it can write to, and raises Unavailable("no-isolation") where files or network can't be taken away, unless
    `unsafe_no_isolation`, which `isolation` records. `withhold` makes the child do without a mechanism, for tests.
    """

    def __init__(
        self,
        profile: Profile,
        *,
        readable: Iterable[Path] = (),
        importable: Iterable[Path] = (),
        limits: Limits | None = None,
        unsafe_no_isolation: bool = False,
        withhold: Iterable[str] = (),
    ) -> None:
        if profile not in ("decode", "execute"):
            raise UsageError("unknown-profile", f"there is no profile {profile!r}", "Use decode or execute.")
        self._profile: Profile = profile
        self._readable = [str(Path(path).resolve()) for path in readable]
        self._importable = [str(Path(path).resolve()) for path in importable]
        self._limits = limits or Limits()
        self._unsafe = unsafe_no_isolation
        self._withhold = sorted(withhold)
        self._process: subprocess.Popen[bytes] | None = None
        self._requests = self._replies = -1
        self._scratch: str | None = None
        self._calls = 0
        self._stderr = b""
        self._isolation = Isolation(profile=profile)

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def isolation(self) -> Isolation:
        """What the kernel granted and refused. Starts the child if it is not running. Raises Unavailable."""
        if self._process is None and not self._isolation.granted and not self._isolation.refused:
            self._start()
        return self._isolation

    def call(self, function: str, request: bytes) -> Reply:
        """Run `module:function(request) -> bytes` in the child and return what it answers.

        Raises LimitExceeded (time, memory, output, scratch), MalformedInput (the child died or broke the protocol),
        Unavailable (no isolation), or the AccordError that the function raised; any other exception of the function
        comes as AccordError "inspector-failed". After every failure but an orderly error the child is replaced.
        """
        if self._process is None:
            self._start()
        process = self._running()
        self._calls += 1
        name = function.encode("ascii")
        body = bytes([len(name)]) + name + request
        before = watch.usage(process.pid)
        watch.reset_peak(process.pid)
        try:
            kind, answer, peak = self._exchange(frames.pack(frames.REQUEST, self._calls, body), before.cpu_seconds)
            if kind == frames.ERROR:
                raise frames.unpack_error(answer)
        except AccordError as error:
            if error.code == "memory-limit" or isinstance(error, MalformedInput | LimitExceeded):
                self._stop()
            raise
        except BaseException:
            self._stop()
            raise
        used = watch.usage(process.pid).cpu_seconds - before.cpu_seconds
        return Reply(answer, max(used, 0.0), max(peak, watch.peak_memory(process.pid)))

    def close(self) -> None:
        """End the child and remove its scratch folder."""
        self._stop()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:  # pragma: no cover - callers start it first
            raise AssertionError("no child")
        return self._process

    def _start(self) -> None:
        requests, self._requests = os.pipe()
        self._replies, replies = os.pipe()
        if self._profile == "execute":
            self._scratch = tempfile.mkdtemp(prefix="accord-scratch-")
        home = self._scratch or "/nonexistent"
        setup = {
            "requests": requests,
            "replies": replies,
            "profile": self._profile,
            "wall_seconds": self._limits.wall_seconds,
            "cpu_seconds": self._limits.cpu_seconds,
            "memory_bytes": self._limits.memory_bytes,
            "scratch_bytes": self._limits.scratch_bytes,
            "open_files": self._limits.open_files,
            "readable": [*self._readable, *self._importable],
            "import_path": sys.path,
            "scratch": self._scratch,
            "withhold": self._withhold,
            # The kernel ends the child with the *thread* that started it, so only the main thread may ask for it.
            "dies_with_parent": threading.current_thread() is threading.main_thread(),
        }
        import_path = [*self._importable, *(entry for entry in sys.path if entry)]
        command = [sys.executable, "-I", "-S", "-B", "-X", "utf8", "-c", _BOOT, json.dumps(setup)]
        try:
            self._process = subprocess.Popen(
                [*command, json.dumps(import_path)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=(requests, replies),
                env={**_ENVIRONMENT, "HOME": home, "TMPDIR": home},
                start_new_session=True,
            )
        except OSError as error:
            self._stop()
            raise Unavailable("no-child", f"no child process can be started: {error.strerror}", _REMEDY) from None
        finally:
            os.close(requests)
            os.close(replies)
        for descriptor in (self._requests, self._replies, self._stderr_descriptor()):
            os.set_blocking(descriptor, False)
        self._stderr = b""
        try:
            self._greet()
        except BaseException:
            self._stop()
            raise

    def _greet(self) -> None:
        kind, body, _ = self._exchange(b"", 0.0, call=0, seconds=_START_SECONDS)
        try:
            if kind != frames.HELLO:
                raise ValueError("no greeting")
            greeting = _GREETING.decode(body)
        except ValueError:  # msgspec.DecodeError is one
            self._lie("did not greet")
        granted, refused = tuple(greeting.granted), tuple(greeting.refused)
        safe = "seccomp" in granted and any(word.startswith("landlock-") for word in granted)
        unsafe = self._profile == "execute" and not safe
        self._isolation = Isolation(profile=self._profile, granted=granted, refused=refused, unsafe=unsafe)
        if unsafe and not self._unsafe:
            raise Unavailable(
                "no-isolation",
                f"this kernel does not take files and network away from a child (refused: {', '.join(refused)})",
                "Run on Linux 5.13 or newer with Landlock and seccomp, or accept the risk with --unsafe-no-isolation.",
            )

    def _exchange(
        self, outgoing: bytes, cpu_before: float, *, call: int | None = None, seconds: float | None = None
    ) -> tuple[bytes, bytes, int]:
        """Send `outgoing`, wait for one frame while watching the child; return its kind, body and peak memory seen."""
        expected = self._calls if call is None else call
        limits = self._limits
        deadline = time.monotonic() + (limits.wall_seconds if seconds is None else seconds)
        pid, view, incoming, needed = self._running().pid, memoryview(outgoing), bytearray(), None
        errors = self._stderr_descriptor()
        poll = select.poll()
        poll.register(self._replies, select.POLLIN)
        poll.register(errors, select.POLLIN)
        if view:
            poll.register(self._requests, select.POLLOUT)
        peak, looked = 0, 0.0
        while True:
            now = time.monotonic()
            if now - looked >= _POLL_SECONDS:
                looked = now
                peak = max(peak, self._check(pid, cpu_before))
            if now >= deadline:
                self._exceeded("wall-limit", f"took longer than {limits.wall_seconds:g} seconds")
            ready = {descriptor for descriptor, _ in poll.poll(_POLL_SECONDS * 1000)}
            if errors in ready and not self._drain(errors):
                poll.unregister(errors)
            if self._requests in ready:
                view = self._send(view)
                if not view:
                    poll.unregister(self._requests)
            if self._replies in ready:
                part = os.read(self._replies, 1 << 20)
                if not part:
                    self._died()
                incoming += part
            if needed is None and len(incoming) >= frames.HEADER.size:
                magic, kind, number, length = frames.HEADER.unpack_from(incoming)
                if (
                    magic != frames.MAGIC
                    or number != expected
                    or kind not in (frames.HELLO, frames.REPLY, frames.ERROR)
                ):
                    self._lie("answered with something that is not a reply")
                if length > limits.output_bytes:
                    self._exceeded("output-limit", f"answered with more than {limits.output_bytes} bytes")
                needed = frames.HEADER.size + length
            if needed is not None and len(incoming) >= needed:
                if len(incoming) > needed or view:
                    self._lie("answered more than it was asked")
                return kind, bytes(incoming[frames.HEADER.size :]), peak

    def _send(self, view: memoryview) -> memoryview:
        try:
            return view[os.write(self._requests, view[: 1 << 16]) :]
        except BlockingIOError:
            return view
        except BrokenPipeError:  # the child is gone, which its side of the replies will show
            return memoryview(b"")

    def _check(self, pid: int, cpu_before: float) -> int:
        limits, used = self._limits, watch.usage(pid)
        most = min(limits.memory_bytes, limits.resident_bytes or limits.memory_bytes)
        if used.resident_bytes > most:
            self._exceeded("memory-limit", f"used more than {most >> 20} MiB of memory")
        if used.cpu_seconds - cpu_before > limits.cpu_seconds:
            self._exceeded("cpu-limit", f"used more than {limits.cpu_seconds:g} seconds of CPU")
        if self._scratch and watch.folder_bytes(Path(self._scratch)) > limits.scratch_bytes:
            self._exceeded("scratch-limit", f"wrote more than {limits.scratch_bytes >> 20} MiB")
        return used.resident_bytes

    def _stderr_descriptor(self) -> int:
        stream: Any = self._running().stderr
        return int(stream.fileno())

    def _drain(self, errors: int) -> bool:
        """Take what the child wrote to stderr, keep the end of it; return whether more can come."""
        try:
            part = os.read(errors, 1 << 16)
        except BlockingIOError:
            return True
        self._stderr = (self._stderr + part)[-_MOST_STDERR:]
        return bool(part)

    def _exceeded(self, code: str, what: str) -> NoReturn:
        raise LimitExceeded(code, f"the sandboxed child {what}", _REMEDY)

    def _lie(self, what: str) -> NoReturn:
        raise MalformedInput("malformed-reply", f"the sandboxed child {what}", "Treat the input as hostile.")

    def _died(self) -> NoReturn:
        process = self._running()
        try:
            status = process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            self._lie("closed its side of the conversation")
        if status == -signal.SIGXCPU:
            self._exceeded("cpu-limit", f"used more than {self._limits.cpu_seconds:g} seconds of CPU")
        self._drain(self._stderr_descriptor())
        last = self._stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        how = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
        said = f": {frames.sanitise(last, 200)}" if last else ""
        raise MalformedInput("child-died", f"the sandboxed child {how}{said}", "Treat the input as hostile.")

    def _stop(self) -> None:
        process, self._process = self._process, None
        for descriptor in (self._requests, self._replies):
            if descriptor >= 0:
                os.close(descriptor)
        self._requests = self._replies = -1
        if process is not None:
            # The group first: forks of the child have no parent of their own to end them.
            with suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
            with suppress(OSError):
                process.kill()
            process.wait()
            if process.stderr is not None:
                process.stderr.close()
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)
            self._scratch = None
