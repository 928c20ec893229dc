"""Reviews that are due: a page, and a calendar to subscribe to."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.params import Parameter

from ...commons.systems import page as pages
from ...commons.systems.calendar import MEDIA_TYPE, calendar
from ...i18n import _, in_language
from ...store.viewer import VISITOR, Viewer
from ..auth import accounts
from ..auth.secret import hash_of, new_secret
from ..drifting import got_worse
from ..node import Node
from ..problems import NotFound
from ..registering import KEEPERS, moment, require_keeper
from .rendering import page
from .systems import GRADE_WORDS

SOON_DAYS = 90
_FEED_DAYS = 366
Token = Annotated[str, Parameter(max_length=100)]


@get("/due", include_in_schema=False, sync_to_thread=True)
def due(node: Node, viewer: Viewer, language: str) -> Response[bytes]:
    """Show which reviews are overdue, and which come in the next 90 days."""
    return _due_page(node, viewer, language)


@post("/due", include_in_schema=False, status_code=200, sync_to_thread=True)
def make_feed(node: Node, viewer: Viewer, language: str) -> Response[Any]:
    """Make the address of a calendar of one's own office, and show it this once; the one before ends."""
    require_keeper(viewer)
    secret, (now, _day) = new_secret(), moment()
    with node.store.writing() as transaction:
        transaction.run("DELETE FROM feeds WHERE account = ?", viewer.account)
        transaction.run(
            "INSERT INTO feeds (account, hash, office, created) VALUES (?, ?, ?, ?)",
            viewer.account, hash_of(secret), viewer.office, now,
        )  # fmt: skip
    return _due_page(node, viewer, language, feed=f"{node.config.url}/due.ics?token={secret}")


@get("/due.ics", include_in_schema=False, sync_to_thread=True)
def due_feed(node: Node, language: str, token: Token = "") -> Response[bytes]:
    """Return the reviews of the public register as a calendar; with a token, those of its office, public or not."""
    viewer, office = _reader(node, token) if token else (VISITOR, None)
    now, today = moment()
    with node.store.reading() as transaction:
        items = pages.due(transaction, viewer, (today + timedelta(days=_FEED_DAYS)).isoformat(), now, office)
    with in_language(language):
        name = _("Reviews: {name}").format(name=office or node.config.name)
        body = calendar(items, name=name, origin=node.origin, url=node.config.url, stamp=now)
    caching = "private, no-store" if token else "public, max-age=3600"
    headers = {"cache-control": caching, "vary": "accept-language, cookie"}
    return Response(body, media_type=MEDIA_TYPE, headers=headers)


def _reader(node: Node, token: str) -> tuple[Viewer, str | None]:
    """Return who subscribed, and the office whose entries they see. Raises NotFound once they no longer keep it."""
    with node.store.reading() as transaction:
        row = transaction.one("SELECT account FROM feeds WHERE hash = ?", hash_of(token))
    if row is None:
        raise NotFound("There is no such calendar.")
    account = accounts.get(node, row[0])
    if account.disabled or not account.roles & KEEPERS:
        raise NotFound("There is no such calendar.")
    return account.viewer, None if "operator" in account.roles else account.office


def _due_page(node: Node, viewer: Viewer, language: str, feed: str = "") -> Response[bytes]:
    now, today = moment()
    with node.store.reading() as transaction:
        found = pages.due(transaction, viewer, (today + timedelta(days=SOON_DAYS)).isoformat(), now)
    drifted, whole = got_worse(node, viewer, found, now)
    answer = page(
        "due.html.j2",
        node=node, viewer=viewer, language=language, path="/due", feed=feed, grade_words=GRADE_WORDS,
        overdue=[item for item in found if item.due < today.isoformat()],
        soon=[item for item in found if item.due >= today.isoformat()],
        cut=len(found) == pages.MOST_DUE, days=SOON_DAYS, keeps=bool(viewer.roles & KEEPERS), drifted=drifted,
        whole=whole,
    )  # fmt: skip
    if feed:
        answer.headers["cache-control"] = "no-store"
    return answer


HANDLERS = [due, make_feed, due_feed]
