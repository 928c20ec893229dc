"""What is new, as an Atom feed (RFC 4287): public statements only, and of each no more than its list says."""

from __future__ import annotations

from typing import Annotated, NamedTuple
from urllib.parse import quote, urlencode

from litestar import Response, get
from litestar.params import Parameter

from ...commons.assessments.page import Listed, by_numbers
from ...i18n import _, in_language
from ...reports.wording import VERDICT_WORDS, word
from ...store import Transaction
from ...store.viewer import VISITOR
from ...trust.statement import format_time
from ..node import Node
from .assessments import now
from .rendering import environment
from .xml_text import xml_text

MOST = 50
_MEDIA = "application/atom+xml; charset=utf-8"


class Entry(NamedTuple):
    """One entry: `published` is when it came here."""

    id: str
    title: str
    published: str
    link: str
    summary: str


@get("/feed.atom", include_in_schema=False, sync_to_thread=True)
def feed(
    node: Node,
    language: str,
    kind: Annotated[str, Parameter(max_length=40, pattern=r"^[a-z-]*$")] = "",
    subject: Annotated[str, Parameter(pattern=r"^([0-9a-f]{64})?$")] = "",
) -> Response[bytes]:
    """Return the newest public statements, of one kind or about one digest; evidence only where it is asked for."""
    with node.store.reading() as transaction:
        rows = _newest(transaction, kind, subject)
        listed = {item.seq: item for item in by_numbers(transaction, VISITOR, [row[0] for row in rows], now())}
    query = urlencode({name: value for name, value in (("kind", kind), ("subject", subject)) if value})
    base = node.config.url.rstrip("/")
    with in_language(language):
        body = (
            environment()
            .get_template("feed.atom.j2")
            .render(
                language=language,
                id=f"urn:accord:feed:{quote(node.origin, safe='')}:{quote(query, safe='')}",
                title=xml_text(node.config.name),
                author=xml_text(node.config.name),
                link=f"{base}/feed.atom{f'?{query}' if query else ''}",
                home=f"{base}/",
                updated=rows[0][4] if rows else format_time(node.started),
                entries=[_entry(row, listed.get(row[0]), base) for row in rows],
            )
        )
    headers = {"cache-control": "public, max-age=60", "vary": "accept-language, cookie"}
    return Response(body.encode(), media_type=_MEDIA, headers=headers)


def _newest(transaction: Transaction, kind: str, subject: str) -> list[tuple[int, str, str, str, str]]:
    where, values = VISITOR.may_see()
    conditions: list[str] = [where]
    bound: list[object] = [*values]
    for column, value in (("kind", kind), ("subject", f"sha256:{subject}" if subject else "")):
        if value:
            conditions.append(f"{column} = ?")
            bound.append(value)
    if not kind:
        conditions.append("kind <> 'evidence'")
    rows = transaction.rows(
        f"SELECT seq, id, kind, keyid, received FROM statements WHERE {' AND '.join(conditions)}"
        " ORDER BY seq DESC LIMIT ?",
        *bound, MOST,
    )  # fmt: skip
    return [(row[0], row[1], row[2], row[3], row[4]) for row in rows]


def _entry(row: tuple[int, str, str, str, str], listed: Listed | None, base: str) -> Entry:
    _seq, identity, kind, keyid, received = row
    digest = identity.removeprefix("sha256:")
    place = f"{base}/assessments/{digest}" if listed else f"{base}/statements/{digest}"
    urn = f"urn:accord:statement:{identity}"
    if listed is None:
        # Not what it is about: that may be a statement that is withheld.
        said_by = _("signed by the key {keyid}").format(keyid=keyid)
        return Entry(urn, f"{kind or _('Statement')} {digest[:16]}", received, place, said_by)
    name = " ".join(filter(None, (listed.name[:120] or listed.subject[:23], listed.version[:40])))
    counts = " · ".join(f"{n} {word(VERDICT_WORDS, status)}" for status, n in listed.verdicts.items())
    title = _("Assessment of {name}").format(name=name)
    standing = _("Revoked") if listed.revoked else ""
    summary = ". ".join(filter(None, (standing, counts or _("no requirement judged"), listed.subject)))
    return Entry(urn, xml_text(title), received, place, xml_text(summary))


HANDLERS = [feed]
