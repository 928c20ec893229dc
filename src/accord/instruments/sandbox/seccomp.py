"""A seccomp filter: which system calls this process may never make again.

It denies (EPERM) what parsing a file or running a model never needs: sockets of every family, other programs, other
processes, and changes to files that Landlock does not govern (modes, owners, times, attributes). Everything else is
allowed, so that libraries keep working. Numbers: asm/unistd_64.h (x86_64) and asm-generic/unistd.h (aarch64).
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct

from . import kernel

_NONE = -1
# name: number on x86_64, number on aarch64
_DENIED = {
    # the network, and unix sockets, by which a process reaches services of the same user
    "socket": (41, 198),
    "socketpair": (53, 199),
    "connect": (42, 203),
    "bind": (49, 200),
    "listen": (50, 201),
    "accept": (43, 202),
    "accept4": (288, 242),
    "sendto": (44, 206),
    "sendmsg": (46, 211),
    "sendmmsg": (307, 269),
    "recvfrom": (45, 207),
    "recvmsg": (47, 212),
    "recvmmsg": (299, 243),
    # io_uring does what it is told past this filter
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    # other programs and other processes
    "execve": (59, 221),
    "execveat": (322, 281),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "kcmp": (312, 272),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    "setsid": (112, 157),
    "setpgid": (109, 154),
    "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    "rt_sigqueueinfo": (129, 138),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "msgget": (68, 186),
    "msgsnd": (69, 189),
    "msgrcv": (70, 188),
    "msgctl": (71, 187),
    "semget": (64, 190),
    "semctl": (66, 191),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
    # what Landlock does not govern about files
    "chmod": (90, _NONE),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, _NONE),
    "lchown": (94, _NONE),
    "fchown": (93, 55),
    "fchownat": (260, 54),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "setxattrat": (463, 463),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "removexattrat": (466, 466),
    "file_setattr": (469, 469),
    "utime": (132, _NONE),
    "utimes": (235, _NONE),
    "futimesat": (261, _NONE),
    "utimensat": (280, 88),
    "truncate": (76, 45),
    "fanotify_init": (300, 262),
    # the system
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "unshare": (272, 97),
    "setns": (308, 268),
    "fsopen": (430, 430),
    "fspick": (433, 433),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "move_mount": (429, 429),
    "open_tree": (428, 428),
    "mount_setattr": (442, 442),
    "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "syslog": (103, 116),
    "personality": (135, 92),
    "iopl": (172, _NONE),
    "ioperm": (173, _NONE),
    "modify_ldt": (154, _NONE),
}
_FORKS = {"fork": (57, _NONE), "vfork": (58, _NONE)}
# Allowed on oneself: abort() and pthreads need them; on others they stop, starve or resize the parent.
_ON_ITSELF = {
    "kill": (62, 129),
    "tgkill": (234, 131),
    "tkill": (200, 130),
    "rt_tgsigqueueinfo": (297, 240),
    "prlimit64": (302, 261),
    "sched_setaffinity": (203, 122),
    "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118),
    "sched_setattr": (314, 274),
}
_ZERO_IS_ITSELF = frozenset({"prlimit64", "sched_setaffinity", "sched_setscheduler", "sched_setparam", "sched_setattr"})
_CLONE, _CLONE3, _IOCTL = (56, 220), (435, 435), (16, 29)
_CLONE_THREAD = 0x00010000
_CLONE_NAMESPACES = 0x7E020080
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCH, _FIRST, _SECOND = 0, 4, 16, 24
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
_MODE_FILTER = 2
_X32_BIT = 0x40000000

Instruction = tuple[int, int, int, int]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def _program(pid: int, forks: bool) -> list[Instruction]:
    column = 0 if kernel.MACHINE == "x86_64" else 1
    deny = (_RETURN, 0, 0, _ERROR | errno.EPERM)
    allow = (_RETURN, 0, 0, _ALLOW)
    load_number = (_LOAD, 0, 0, _NUMBER)

    code: list[Instruction] = [
        (_LOAD, 0, 0, _ARCH),
        (_EQUAL, 1, 0, kernel.AUDIT_ARCH[kernel.MACHINE]),
        (_RETURN, 0, 0, _KILL),
        load_number,
    ]
    if kernel.MACHINE == "x86_64":
        code += [(_AT_LEAST, 0, 1, _X32_BIT), deny]
    # glibc falls back to clone, whose flags a filter can read, when clone3 does not exist.
    code += [(_EQUAL, 0, 1, _CLONE3[column]), (_RETURN, 0, 0, _ERROR | errno.ENOSYS)]
    never = dict(_DENIED) if forks else {**_DENIED, **_FORKS}
    for numbers in never.values():
        if numbers[column] != _NONE:
            code += [(_EQUAL, 0, 1, numbers[column]), deny]

    def when(number: int, *then: Instruction) -> None:
        code.extend([(_EQUAL, 0, len(then), number), *then])

    clone = [(_LOAD, 0, 0, _FIRST), (_ANY_BIT, 0, 1, _CLONE_NAMESPACES), deny]
    if not forks:
        clone += [(_ANY_BIT, 1, 0, _CLONE_THREAD), deny]
    when(_CLONE[column], *clone, allow)
    for name, numbers in _ON_ITSELF.items():
        own = [(_LOAD, 0, 0, _FIRST), (_EQUAL, 0, 1, pid), allow]
        if name in _ZERO_IS_ITSELF:
            own += [(_EQUAL, 0, 1, 0), allow]
        when(numbers[column], *own, deny)
    when(
        _IOCTL[column],
        (_LOAD, 0, 0, _SECOND),
        (_EQUAL, 0, 1, _TIOCSTI),
        deny,
        (_EQUAL, 0, 1, _TIOCLINUX),
        deny,
        allow,
    )
    return [*code, allow]


def install(*, forks: bool) -> None:
    """Filter this process and everything that it starts. `forks` keeps the right to fork (not to run programs).

    Filters add up: one that takes more away can follow. Needs no_new_privs. Raises OSError when the kernel refuses.
    """
    if not kernel.supported():
        raise OSError(errno.ENOSYS, "no system call table for this machine")
    code = _program(os.getpid(), forks)
    packed = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *instruction) for instruction in code))
    program = _Program(length=len(code), filter=ctypes.addressof(packed))
    kernel.prctl(kernel.PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program))
