"""System calls that the standard library does not wrap, by number, for x86_64 and aarch64."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from functools import lru_cache
from typing import Any

MACHINE = platform.machine()
# AUDIT_ARCH_* of linux/audit.h: how a seccomp filter knows which table a system call number belongs to.
AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

PR_SET_PDEATHSIG = 1
PR_SET_SECCOMP = 22
PR_SET_NO_NEW_PRIVS = 38
CLONE_NEWNET = 0x40000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000


@lru_cache
def libc() -> Any:
    """Return the C library of this process. Raises OSError where there is none to be had."""
    return ctypes.CDLL(None, use_errno=True)


def supported() -> bool:
    """Whether this is Linux on a machine whose system call numbers we know."""
    return sys.platform == "linux" and MACHINE in AUDIT_ARCH


def check(result: int) -> int:
    """Return `result` of a C call, or raise OSError with errno when it is negative."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def syscall(number: int, *arguments: Any) -> int:
    """Call the kernel by number; integers are passed as C longs. Raises OSError."""
    passed = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    return check(int(libc().syscall(ctypes.c_long(number), *passed)))


def prctl(option: int, *arguments: Any) -> int:
    """prctl(2) with zeros for the arguments not given. Raises OSError."""
    passed = [ctypes.c_ulong(value) if isinstance(value, int) else value for value in arguments]
    passed += [ctypes.c_ulong(0)] * (4 - len(passed))
    return check(int(libc().prctl(ctypes.c_int(option), *passed)))


def unshare(flags: int) -> None:
    """Leave the namespaces named by `flags` for new ones. Raises OSError."""
    check(int(libc().unshare(ctypes.c_int(flags))))
