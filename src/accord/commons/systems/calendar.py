"""Reviews that are due, as a calendar that people subscribe to (iCalendar, RFC 5545)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from ...i18n import _
from .page import Listed

MEDIA_TYPE = "text/calendar"
_LINE = 75  # octets, without the line end (section 3.1)
_DAYS_BEFORE = 7
_STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def calendar(items: Sequence[Listed], *, name: str, origin: str, url: str, stamp: str) -> bytes:
    """Return one all-day event for each review, with an alarm a week before.

    `url` is the node's address, without a slash at its end, or "". `stamp` is when this was made, RFC 3339 in UTC. The
    UID of an event stays the same when the day of the review moves.
    """
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Accord//Register of AI systems//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{_text(name)}",
        "REFRESH-INTERVAL;VALUE=DURATION:PT12H",
    ]
    for item in items:
        lines += _event(item, origin, url, re.sub(r"[-:]", "", stamp))
    return b"".join(part for line in [*lines, "END:VCALENDAR"] for part in _folded(line))


def _event(item: Listed, origin: str, url: str, stamp: str) -> Iterator[str]:
    day = date.fromisoformat(item.due)
    after = min(day, date.max - timedelta(days=1)) + timedelta(days=1)
    summary = _("Review: {name}").format(name=item.name)
    yield "BEGIN:VEVENT"
    yield f"UID:{item.about.removeprefix('sha256:')[:32]}@{_uid(origin)}"
    yield f"DTSTAMP:{stamp}"
    yield f"DTSTART;VALUE=DATE:{item.due.replace('-', '')}"
    yield f"DTEND;VALUE=DATE:{after.isoformat().replace('-', '')}"
    yield f"SEQUENCE:{item.version}"
    yield f"SUMMARY:{_text(summary)}"
    yield f"DESCRIPTION:{_text(item.office)}"
    if url:
        yield f"URL:{url}{item.address}"
    yield "TRANSP:TRANSPARENT"
    yield "BEGIN:VALARM"
    yield "ACTION:DISPLAY"
    yield f"DESCRIPTION:{_text(summary)}"
    yield f"TRIGGER:-P{_DAYS_BEFORE}D"
    yield "END:VALARM"
    yield "END:VEVENT"


def _text(value: str) -> str:
    """Escape a TEXT (section 3.3.11); other control characters are no part of one."""
    plain = _STEERING.sub("", value.replace("\r\n", "\n").replace("\r", "\n"))
    return re.sub(r"([\\;,])", r"\\\1", plain).replace("\n", "\\n")


def _uid(origin: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]", "-", origin)[:100]


def _folded(line: str) -> Iterator[bytes]:
    """Yield a content line in pieces of at most 75 octets; no character is cut in two (section 3.1)."""
    piece = b""
    for character in line:
        encoded = character.encode("utf-8", "replace")
        if len(piece) + len(encoded) > _LINE:
            yield piece + b"\r\n"
            piece = b" "
        piece += encoded
    yield piece + b"\r\n"
