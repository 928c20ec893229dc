"""Give rights away, from inside the process that loses them, and say which the kernel let go."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import struct
import sysconfig
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from . import kernel, landlock, seccomp
from .interface import Limits, Profile

# What the interpreter and common libraries open while they run: shared libraries, zones, the number of processors.
_SYSTEM = (
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/usr/share/zoneinfo",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/sys/devices/system/cpu",
    "/dev/urandom",
)
# Root in the child may read what root may read, and nothing else that makes root root.
_KEPT_CAPABILITIES = (1 << 1) | (1 << 2)  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
_CAPABILITY_VERSION_3 = 0x20080522


@dataclass(slots=True)
class Confinement:
    """What was asked of the kernel, sorted by its answer, in short stable words."""

    granted: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def attempt(self, word: str, action: Callable[[], object]) -> bool:
        """Do `action` and record `word` as granted, or as refused when the kernel says no."""
        try:
            action()
        except (OSError, ValueError, AttributeError):
            self.refused.append(word)
            return False
        self.granted.append(word)
        return True


def _limit(kind: int, value: int) -> None:
    hard = resource.getrlimit(kind)[1]
    ceiling = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (ceiling, ceiling))


def set_memory_limit(memory_bytes: int) -> None:
    """Bound what this process may ask for: RLIMIT_DATA counts private writable memory, so that large read-only maps
    and reserved address space cost nothing; RLIMIT_AS stands behind it with room for both. Raises OSError.
    """
    _limit(resource.RLIMIT_DATA, memory_bytes)
    _limit(resource.RLIMIT_AS, 4 * memory_bytes + (8 << 30))


def set_cpu_limit(seconds: float) -> None:
    """Let this process use `seconds` of CPU from here on, rounded up; then the kernel ends it. Raises OSError."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    wanted = int(usage.ru_utime + usage.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


def _set_limits(limits: Limits, profile: Profile, own_users: bool) -> None:
    set_memory_limit(limits.memory_bytes)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, limits.open_files)
    _limit(resource.RLIMIT_FSIZE, limits.scratch_bytes if profile == "execute" else 0)
    # The kernel counts processes and threads per user and user namespace; without one of our own, others' count too.
    _limit(resource.RLIMIT_NPROC, 64 if own_users else 4096)


def _map_own_user(user: int, group: int) -> None:
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def _leave_network() -> bool:
    """Enter an empty network namespace; return whether a user namespace was entered for it. Raises OSError."""
    apart = kernel.CLONE_NEWNET | kernel.CLONE_NEWIPC
    try:
        kernel.unshare(apart)
    except OSError:
        user, group = os.getuid(), os.getgid()
        kernel.unshare(apart | kernel.CLONE_NEWUSER)
        with contextlib.suppress(OSError):  # unmapped, the child is "nobody" in its own eyes: harmless
            _map_own_user(user, group)
        return True
    return False


def drop_capabilities() -> None:
    """Give up what makes root root, but for reading its files. Raises OSError."""
    kept = _KEPT_CAPABILITIES if os.geteuid() == 0 else 0
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    sets = struct.pack("=6I", kept, kept, 0, 0, 0, 0)
    kernel.check(int(kernel.libc().capset(ctypes.c_char_p(header), ctypes.c_char_p(sets))))


def _libraries(import_path: Iterable[str]) -> list[Path]:
    """Folders of the interpreter's libraries: the standard library, site-packages, never a project or home folder."""
    found = {Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    found |= {Path(entry) for entry in import_path if Path(entry).name in {"site-packages", "dist-packages"}}
    found |= {Path(entry) for entry in import_path if Path(entry).suffix == ".zip"}
    return sorted(found)


def _view(
    profile: Profile, readable: Iterable[Path], import_path: Iterable[str], scratch: Path | None
) -> list[tuple[Path, int]]:
    package = Path(__file__).resolve().parents[2]
    read = [*map(Path, _SYSTEM), *_libraries(import_path), package, *readable]
    view = [(path, landlock.READ) for path in read]
    view.append((Path("/dev/null"), landlock.DEVICE))
    if profile == "execute" and scratch is not None:
        view.append((scratch, landlock.SCRATCH))
    return view


def confine(
    profile: Profile,
    limits: Limits,
    *,
    readable: Iterable[Path] = (),
    import_path: Iterable[str] = (),
    scratch: Path | None = None,
    withhold: frozenset[str] = frozenset(),
) -> Confinement:
    """Confine this process as `profile` says and return what was granted and refused.

    Must run while the process has one thread. `withhold` names mechanisms not to try (network-namespace, landlock,
    seccomp), which is how tests meet a kernel that lacks them.
    """
    done = Confinement()
    own_users = False

    def leave_network() -> None:
        nonlocal own_users
        own_users = _leave_network()

    if "network-namespace" in withhold:
        done.refused.append("network-namespace")
    else:
        done.attempt("network-namespace", leave_network)
    done.attempt("capabilities-dropped", drop_capabilities)
    done.attempt("no-new-privileges", lambda: kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1))
    version = 0 if "landlock" in withhold else landlock.abi()
    if version:
        view = _view(profile, readable, import_path, scratch)
        done.attempt(f"landlock-{version}", lambda: landlock.restrict(view, version))
    else:
        done.refused.append("landlock")
    done.attempt("rlimits", lambda: _set_limits(limits, profile, own_users))
    if "seccomp" in withhold:
        done.refused.append("seccomp")
    else:
        done.attempt("seccomp", lambda: seccomp.install(forks=profile == "decode"))
    return done
