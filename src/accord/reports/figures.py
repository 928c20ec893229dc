"""How numbers are written: enough digits to be honest, no more; always with the interval where there is one."""

from __future__ import annotations

from datetime import datetime

from ..i18n import _, separators
from ..records import Interval, Value

PROPORTION = "1"
"""The unit of a share of a whole, between 0 and 1; it is read as a percentage."""
POINTS = "points"
"""How a difference of two proportions is read: in percentage points, not as a percentage of anything."""
_THIN = "\u202f"


def figure(value: Value, unit: str) -> str:
    """Return a value as a person reads it: `44.8 %`, `7,214`, `yes`."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return ", ".join(value) if value else _("none")
    if is_percentage(unit):
        return f"{_hundredths(value)}{_THIN}{_('points') if unit == POINTS else '%'}"
    if unit == "bytes":
        return size(int(value))
    return _plain(value)


def interval(between: Interval, unit: str) -> str:
    """Return the two ends, in the unit of the value but without its sign: `[42.6, 47.2]`."""
    write = _hundredths if is_percentage(unit) else _plain
    comma = ";" if separators()[0] == "," else ","
    return f"[{write(between.low)}{comma} {write(between.high)}]"


def estimate(value: Value, between: Interval | None, unit: str) -> str:
    """Return value and interval: `44.8 % [42.6, 47.2]`; a value without an interval is exact."""
    return figure(value, unit) if between is None else f"{figure(value, unit)} {interval(between, unit)}"


def is_percentage(unit: str) -> bool:
    """Whether values of this unit are written in hundredths."""
    return unit in (PROPORTION, POINTS)


def reading_unit(measure: str, unit: str) -> str:
    """Return the unit in which a person reads a measure: the record's, but points for a difference of proportions."""
    return POINTS if unit == PROPORTION and measure.endswith(("_difference", "_gap")) else unit


def count(n: int) -> str:
    """Return a count with its thousands apart: `7,214`."""
    return written(f"{n:,}")


def size(octets: int) -> str:
    """Return a size in decimal units (IEC 80000-13): `2.5 MB`."""
    amount = float(octets)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f}{_THIN}{unit}" if unit == "B" else f"{written(f'{amount:.1f}')}{_THIN}{unit}"
        amount /= 1000
    return f"{written(f'{amount:,.1f}')}{_THIN}TB"


def duration(seconds: float) -> str:
    """Return a length of time: `240 ms`, `3.1 s`, `12 min 5 s`."""
    if seconds < 1:
        return f"{seconds * 1000:.0f}{_THIN}ms"
    if seconds < 60:
        return f"{written(f'{seconds:.1f}')}{_THIN}s"
    return f"{count(int(seconds // 60))}{_THIN}min {seconds % 60:.0f}{_THIN}s"


def moment(text: str) -> str:
    """Return an RFC 3339 time as `2026-08-02 14:03 UTC`; anything else as it is."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return text
    zone = " UTC" if time.utcoffset() is not None and not time.utcoffset() else ""
    return f"{time:%Y-%m-%d %H:%M}{zone}" if zone else text


def _hundredths(value: float) -> str:
    percent = value * 100
    digits = 1 if percent == 0 or abs(percent) >= 0.1 else 3
    return _minus(f"{percent:,.{digits}f}")


def _plain(value: float) -> str:
    if abs(value) >= 1e15:
        return _minus(f"{value:.3g}")
    if value == int(value):
        return _minus(f"{int(value):,}")
    return _minus(f"{value:,.2f}" if abs(value) >= 0.01 else f"{value:.2g}")


def _minus(text: str) -> str:
    signed = "0" + text[2:] if text.strip("-0.") == "" and text.startswith("-0") else text.replace("-", "\u2212")
    return written(signed)


def written(number: str) -> str:
    """Return a number, written as Python and English do, with the separators of the language in use."""
    decimal, group = separators()
    return number if (decimal, group) == (".", ",") else number.translate({46: decimal, 44: group})
