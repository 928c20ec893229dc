"""Which language a page is in: what the address says, else what was chosen before, else what the browser asks for."""

from __future__ import annotations

from typing import Any

from ...i18n import nearest
from ..node import Node

COOKIE = "accord_language"


def language_of(request: Any, node: Node) -> str:
    """Return the code of a language that there is a catalogue for."""
    asked = request.query_params.get("lang"), request.cookies.get(COOKIE)
    for wish in (*asked, *_accepted(request), node.config.language):
        if wish and (code := nearest(str(wish))):
            return code
    return "en"


def _accepted(request: Any) -> list[str]:
    """Return the languages of Accept-Language, the most wanted first (RFC 9110, section 12.5.4)."""
    found: list[tuple[float, int, str]] = []
    for number, item in enumerate(request.headers.get("accept-language", "")[:500].split(",")):
        tag, _, quality = item.strip().partition(";q=")
        try:
            found.append((-float(quality or 1), number, tag.strip()))
        except ValueError:
            continue
    return [tag for quality, _, tag in sorted(found) if quality < 0]
