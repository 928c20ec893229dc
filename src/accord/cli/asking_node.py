"""Asking a node over HTTP, as commands do: where it is, with which token, and what its refusals say."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from ..errors import AccordError, MalformedInput, Unavailable, UsageError
from ..i18n import _

if TYPE_CHECKING:
    from ..node.federation.fetching import Answer

VARIABLE = "ACCORD_TOKEN"
_SECONDS = 600.0
_MOST_ANSWER = 4 * 1024 * 1024
_LOOPBACK = ("localhost", "127.0.0.1", "::1")

token = click.option("--token", help=f"A token of yours on that node (default: the environment's {VARIABLE}).")


def node_and_token(url: str, token: str | None, *, required: bool = True) -> tuple[str, str]:
    """Return a node's address and the token to use there. Raises UsageError if it would be sent unencrypted."""
    from ..node.federation.fetching import split

    url, found = url.rstrip("/"), token or os.environ.get(VARIABLE, "")
    parts = split(url)
    if found and parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise UsageError("no-tls", f"{url} would be sent your token unencrypted", "Write https://.")
    if (required and not found) or not found.isascii() or not found.isprintable():
        raise UsageError("no-token", "there is no token to use", f"Make one on the node's page, and set {VARIABLE}.")
    return url, found


def ask(
    url: str, path: str, token: str, *, method: str = "GET", headers: dict[str, str] | None = None, body: bytes = b""
) -> Answer:
    """Send a request to a node; without a token as a visitor. Raises Unavailable if it can't be reached."""
    from ..node.federation.fetching import fetch

    sent = {"Accept": "application/json", **({"Authorization": f"Bearer {token}"} if token else {}), **(headers or {})}
    try:
        return fetch(
            f"{url}{path}",
            private=True,
            most=_MOST_ANSWER,
            seconds=_SECONDS,
            method=method,
            headers=sent,
            body=body or None,
        )
    except Unavailable as error:
        raise Unavailable(
            error.code, error.message, _("Try again: what was published already is not published twice.")
        ) from None


def plain(answer: Answer, url: str) -> dict[str, object]:
    """Return an answer's JSON. Raises what the node's problem details say if it refuses."""
    from ..records import from_json

    if answer.status != 200:
        raise refused(answer, url)
    return from_json(answer.body, dict[str, object], name=url)


def refused(answer: Answer, url: str) -> AccordError:
    """Return the error that a node's problem details (RFC 9457) say."""
    from ..records import from_json

    try:
        problem = from_json(answer.body, dict[str, object], name=url)
    except MalformedInput:
        problem = {}
    code = str(problem.get("type", "")).rpartition(":")[2] or f"http-{answer.status}"
    message = str(problem.get("title") or f"it answers {answer.status}")
    remedy = str(problem.get("detail") or _("Check that the address is that of a node."))
    return (Unavailable if answer.status >= 500 else UsageError)(code[:60], f"{url}: {message}", remedy)


def send_lines(
    url: str, token: str, lines: list[bytes], disclosure: str = "public", reason: str = ""
) -> list[dict[str, object]]:
    """Hand signed statements to a node; return what became of each line. Raises UsageError if it refuses one."""
    from urllib.parse import urlencode

    query = urlencode({"disclosure": disclosure, "reason": reason})
    answer = ask(url, f"/api/v1/statements?{query}", token, method="POST", body=b"\n".join(lines) + b"\n")
    results = plain(answer, url).get("lines")
    rows: list[dict[str, object]] = results if isinstance(results, list) else []
    for row in rows:
        if row.get("refused"):
            raise UsageError("refused", f"{url}: {row['refused']}", str(row.get("remedy") or "Correct it."))
    return rows
