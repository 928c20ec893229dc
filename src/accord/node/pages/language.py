"""Which language a page is in: what the address says, else what was chosen before, else what the browser asks for."""

from __future__ import annotations

from typing import Any

from ...i18n import nearest
from ..auth.sessions import is_secure
from ..node import Node

COOKIE = "accord_language"
_KEPT_SECONDS = 365 * 24 * 60 * 60


def language_of(request: Any, node: Node) -> str:
    """Return the code of a language that there is a catalogue for."""
    asked = request.query_params.get("lang"), request.cookies.get(COOKIE)
    for wish in (*asked, *_accepted(request), node.config.language):
        if wish and (code := nearest(str(wish))):
            return code
    return "en"


async def keep_choice(message: Any, scope: Any) -> None:
    """Have a browser keep the language that an address asked a page for, so that the next page is in it, too."""
    from litestar.connection import ASGIConnection

    if message["type"] != "http.response.start":
        return
    message["headers"] = headers = list(message["headers"])
    if b"content-language" not in dict(headers):
        return
    asked: ASGIConnection[Any, Any, Any, Any] = ASGIConnection(scope)
    wish = asked.query_params.get("lang")
    if wish and (code := nearest(str(wish))):
        secure = "; Secure" if is_secure(asked.app.state.node) else ""
        kept = f"{COOKIE}={code}; Path=/; Max-Age={_KEPT_SECONDS}; SameSite=Lax; HttpOnly{secure}"
        headers.append((b"set-cookie", kept.encode()))


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
