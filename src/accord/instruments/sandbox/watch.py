"""What a process and its forks use, read from /proc by the parent: nothing that the child says about itself."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICK = os.sysconf("SC_CLK_TCK")
_MOST_FORKS = 64


@dataclass(frozen=True, slots=True)
class Usage:
    """Resident bytes now, and CPU-seconds since the process started, of a process and its forks."""

    resident_bytes: int = 0
    cpu_seconds: float = 0.0


def _descendants(pid: int) -> list[int]:
    found = [pid]
    for known in found:
        if len(found) > _MOST_FORKS:
            break
        with suppress(OSError, ValueError):
            found += map(int, Path(f"/proc/{known}/task/{known}/children").read_text().split())
    return found


def usage(pid: int) -> Usage:
    """Return what `pid` and its living forks use, and what ended forks used. Zeros where /proc says nothing."""
    resident, ticks = 0, 0
    for number, known in enumerate(_descendants(pid)):
        with suppress(OSError, ValueError, IndexError):
            _, pages, shared, *_ = map(int, Path(f"/proc/{known}/statm").read_text().split())
            resident += pages if number == 0 else pages - shared
            after_name = Path(f"/proc/{known}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, after_name[11:15]))
    return Usage(resident * _PAGE, ticks / _TICK)


def reset_peak(pid: int) -> None:
    """Let the high-water mark of `pid` start again at what it holds now, where the kernel permits."""
    with suppress(OSError):
        Path(f"/proc/{pid}/clear_refs").write_text("5")


def peak_memory(pid: int) -> int:
    """Return the high-water mark of `pid` in bytes, 0 where /proc says nothing."""
    with suppress(OSError, ValueError, IndexError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


def folder_bytes(folder: Path, most_entries: int = 4096) -> int:
    """Return the bytes of all files beneath `folder`; more than `most_entries` entries count as endless (2**63)."""
    total, entries, waiting = 0, 0, [folder]
    while waiting:
        with suppress(OSError), os.scandir(waiting.pop()) as listing:
            for entry in listing:
                entries += 1
                if entries > most_entries:
                    return 1 << 63
                with suppress(OSError):
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(Path(entry.path))
                    else:
                        total += entry.stat(follow_symlinks=False).st_size
    return total
