"""What goes into a sandbox and what comes out: limits and a reply."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Profile = Literal["decode", "execute"]

MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call may cost. Exceeding any of them ends the child and raises LimitExceeded.

    `memory_bytes` bounds what the child and its forks hold together, as the kernel counts it (resident pages) and as
    they may ask for it (RLIMIT_DATA); `resident_bytes`, if given, bounds only what they hold, and more tightly.
    `scratch_bytes` bounds the scratch folder of the `execute` profile.
    """

    wall_seconds: float = 120.0
    cpu_seconds: float = 120.0
    memory_bytes: int = 900 * MEBIBYTE
    resident_bytes: int | None = None
    output_bytes: int = 32 * MEBIBYTE
    scratch_bytes: int = 64 * MEBIBYTE
    open_files: int = 64


@dataclass(frozen=True, slots=True)
class Reply:
    """What a call returned: untrusted bytes, and what it cost as the parent saw it.

    `peak_memory_bytes` is the larger of the child's resident high-water mark and the largest sum over the child and
    its forks that was seen while waiting.
    """

    body: bytes
    cpu_seconds: float
    peak_memory_bytes: int
