"""What the process of a job gives up before it looks at anything: memory, time, the network, every file but its own.

Inspectors that parse run in a sandbox inside of it, as in `accord assess`; what is here keeps the rest (unpacking,
digesting, reading a card) from reaching the node's keys, its store, others' uploads and any address.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import sysconfig
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from ...errors import Unavailable
from ...instruments.sandbox import kernel, landlock
from ...instruments.sandbox.confine import drop_capabilities
from .processes import descendants

MEMORY_BYTES = 2 << 30
CPU_SECONDS = 60 * 60
FILE_BYTES = 4 << 30
_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib")
_SYSTEM = ("/etc/ld.so.cache", "/etc/localtime", "/usr/share/zoneinfo", "/sys/devices/system/cpu", "/dev/urandom")


def give_up_rights(folder: Path, parent: int) -> None:
    """Confine this process, which has one thread still, to `folder`; it ends with the thread that started it.

    Where the kernel has no Landlock, or not all of it, the rest holds.
    """
    _die_with(parent)
    for kind, most in (
        (resource.RLIMIT_DATA, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, FILE_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (least, least))
    sys.addaudithook(_refuse_network)
    with suppress(OSError):
        drop_capabilities()  # root could read the memory map and environment of others
    version = landlock.abi()
    if version:
        with suppress(OSError):
            kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
            landlock.restrict(_view(folder), version)


def _die_with(parent: int) -> None:
    signal.signal(signal.SIGTERM, _end)
    with suppress(OSError):
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # It was gone before we asked.
        _end()


def _end(*_: object) -> NoReturn:
    """End, and before that the sandboxed children: each has a session of its own."""
    for _attempt in range(3):
        for child in descendants(os.getpid()):
            with suppress(OSError):
                os.kill(child, signal.SIGKILL)
    os._exit(143)


def _refuse_network(event: str, arguments: object) -> None:
    """Whatever a card, a file or a library says: this process connects to nothing (Python's audit events)."""
    del arguments
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.bind", "socket.getaddrinfo"):
        raise Unavailable("offline", "a job connects to nothing", "Upload what is to be measured.")


def _view(folder: Path) -> list[tuple[Path, int]]:
    package = Path(__file__).resolve().parents[2]
    libraries = {Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    libraries |= {Path(entry) for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages")}
    view = [(Path(place), landlock.RUN) for place in (*_LIBRARIES, sys.executable, *sorted(map(str, libraries)))]
    view += [(Path(place), landlock.READ) for place in (*_SYSTEM, package)]
    view.append((package.parent, landlock.READ_DIR))  # to find the package there, and nothing else
    view += [(Path("/proc"), landlock.READ | landlock.DEVICE), (Path("/dev/null"), landlock.DEVICE)]
    return [*view, (folder, landlock.SCRATCH)]
