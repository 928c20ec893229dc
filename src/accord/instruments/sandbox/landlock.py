"""Landlock: take the file system, the network and other processes away from this process, for good.

Works with ABI 1 to 7 of the kernel's interface and asks for everything that the running kernel knows
(Linux: Documentation/userspace-api/landlock.rst, include/uapi/linux/landlock.h).
"""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from . import kernel

# The numbers are the same on every architecture.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG = 1
_RULE_PATH_BENEATH = 1

READ_FILE, READ_DIR = 1 << 2, 1 << 3
_EXECUTE, _WRITE_FILE, _TRUNCATE, _IOCTL_DEV = 1 << 0, 1 << 1, 1 << 14, 1 << 15
_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_REG = 1 << 4, 1 << 5, 1 << 7, 1 << 8
_FOR_FILES = _EXECUTE | _WRITE_FILE | READ_FILE | _TRUNCATE | _IOCTL_DEV

READ = READ_FILE | READ_DIR
RUN = READ | _EXECUTE
# No sockets, devices, links or moves between folders: a scratch folder is for plain files and folders.
SCRATCH = READ | _WRITE_FILE | _TRUNCATE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG
DEVICE = READ_FILE | _WRITE_FILE


class _Ruleset(ctypes.Structure):
    _fields_ = [("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64)]


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = [("access", ctypes.c_uint64), ("parent", ctypes.c_int32)]


def abi() -> int:
    """Return the version of the kernel's interface, 0 where Landlock is missing or switched off."""
    if not kernel.supported():
        return 0
    try:
        return kernel.syscall(_CREATE_RULESET, None, 0, _VERSION_FLAG)
    except OSError:
        return 0


def _handled(version: int) -> tuple[_Ruleset, int]:
    bits = 16 if version >= 5 else 15 if version >= 3 else 14 if version == 2 else 13
    rules = _Ruleset(fs=(1 << bits) - 1, net=0b11 if version >= 4 else 0, scoped=0b11 if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    return rules, size


def restrict(grants: Iterable[tuple[Path, int]], version: int) -> None:
    """Deny this process every file but `grants` (path and what may be done with it), beneath folders too.

    From ABI 4 also TCP, from ABI 6 abstract unix sockets and signals to processes outside. A path that does not exist
    or cannot be opened grants nothing. Needs no_new_privs. Raises OSError when the kernel refuses.
    """
    rules, size = _handled(version)
    ruleset = kernel.syscall(_CREATE_RULESET, ctypes.byref(rules), size, 0)
    try:
        for path, access in grants:
            try:
                parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
            except OSError:
                continue
            try:
                allowed = access & rules.fs
                if not stat.S_ISDIR(os.fstat(parent).st_mode):
                    allowed &= _FOR_FILES
                rule = _PathBeneath(access=allowed, parent=parent)
                kernel.syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, ctypes.byref(rule), 0)
            finally:
                os.close(parent)
        kernel.syscall(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)
