"""The time, for all that expires: in one place, so that a test can turn it."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from ...trust.statement import format_time


def now() -> int:
    """Return the time as Unix seconds."""
    return int(time.time())


def written(seconds: int) -> str:
    """Return Unix seconds as RFC 3339."""
    return format_time(datetime.fromtimestamp(seconds, UTC))
