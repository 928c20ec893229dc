"""A badge that others put on their pages: scope, coverage, assurance and expiry, in counts; never a tick alone."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from litestar import Response, get
from litestar.params import Parameter

from ...commons.assessments.page import Around, Listed, about
from ...i18n import _, direction, in_language, nearest, ngettext
from ...recognition.assurance import ASSURANCE_WORDS
from ...store.viewer import Viewer
from ..node import Node
from ..vouching import Signer, signer_of
from .assessments import now
from .rendering import environment
from .xml_text import narrow, xml_text

WIDTH, HEIGHT = 460, 150
_COLUMNS = 64


class Line(NamedTuple):
    """A line of the badge. Each of its parts keeps its own direction: a number stays with its word."""

    parts: tuple[str, ...]
    strong: bool = False

    @property
    def text(self) -> str:
        """The whole line."""
        return " · ".join(self.parts)

    def cut(self) -> Line:
        """Return the line cut to the badge's width, at its end."""
        left, parts = _COLUMNS, []
        for part in self.parts:
            parts.append(narrow(part, max(left, 1)))
            left -= len(part) + 3
        return Line(tuple(parts), self.strong)


@get("/badge/{name:str}", include_in_schema=False, sync_to_thread=True)
def badge(
    node: Node,
    viewer: Viewer,
    language: str,
    name: Annotated[str, Parameter(max_length=80)],
    lang: Annotated[str, Parameter(max_length=40)] = "",
) -> Response[bytes]:
    """Return the badge of an assessment as SVG: `<digest>.svg`. What may not be seen looks like what is not there."""
    digest, dot, ending = name.partition(".")
    found = signer = None
    if dot and ending == "svg" and len(digest) == 64:
        with node.store.reading() as transaction:
            found = about(transaction, viewer, f"sha256:{digest}", now(), node.origin)
            signer = signer_of(node, transaction, found) if found else None
    with in_language(nearest(lang) or language):
        shown = _said(found, signer) if found and signer else _nothing()
        right = direction() == "rtl"
        svg = (
            environment()
            .get_template("badge.svg.j2")
            .render(**shown, width=WIDTH, height=HEIGHT, right=right, at=WIDTH - 16 if right else 16)
        )
    headers = {
        "cross-origin-resource-policy": "cross-origin",  # It is there to be shown elsewhere.
        "cache-control": "private, no-store" if viewer.account else "public, max-age=300",
        "vary": "accept-language, cookie, authorization",
    }
    return Response(
        svg.encode(), status_code=200 if found else 404, media_type="image/svg+xml; charset=utf-8", headers=headers
    )


def _said(found: Around, signer: Signer) -> dict[str, object]:
    item = found.listed
    title = " ".join(filter(None, (item.name or item.subject[:23], item.version)))
    state = _state(found)
    known = signer.name if signer.known else _("an unknown key")
    lines = [
        Line((_scope(found),)),
        *(Line(counts, strong=True) for counts in _coverage(item)),
        Line((_(ASSURANCE_WORDS[signer.assurance]), known)),
        Line((_("valid until {date}").format(date=item.valid_until[:10]),)),
    ]
    whole = [title, *([state] if state else []), *(line.text for line in lines), _disclaimer()]
    return {
        "title": xml_text(title)[:300],
        "name": narrow(title, 48),
        "description": xml_text(". ".join(whole))[:2_000],
        "state": narrow(state, 60),
        "lines": [line.cut() for line in lines],
        "small": narrow(_disclaimer(), 76),
    }


def _nothing() -> dict[str, object]:
    text = _("No assessment to show: it is withheld, or not here.")
    return {
        "title": "Accord",
        "name": "Accord",
        "description": text,
        "state": "",
        "lines": [Line((text,)).cut()],
        "small": narrow(_disclaimer(), 76),
    }


def _disclaimer() -> str:
    return _("A measurement, not a certificate. Made with Accord.")


def _state(found: Around) -> str:
    if found.standing.revoked:
        return _("REVOKED: do not rely on it")
    if found.standing.lapsed:
        return _("EXPIRED: it no longer holds")
    return "" if found.listed.disclosure == "public" else _("WITHHELD from the public")


def _scope(found: Around) -> str:
    """Say under what it was judged, or, without a framework, what was looked at."""
    titles = [item.title or item.framework for item in found.listed.coverage]
    names = titles or list(found.inspectors)
    if not names:
        return _("nothing was judged")
    others = len(names) - 1
    text = ngettext("{name} and {n} more", "{name} and {n} more", others).format(name=names[0], n=others)
    text = text if others else names[0]
    return text if titles else _("no requirement judged; looked at: {names}").format(names=text)


def _coverage(item: Listed) -> list[tuple[str, ...]]:
    """Count verdicts: met, not met and not evaluated, whatever they are, then the rest; in two lines if need be."""
    if not item.verdicts:
        return [(_("0 requirements judged"),)]
    words = {"met": _("met"), "not_met": _("not met"), "not_evaluated": _("not evaluated")}
    counts = [f"{item.verdicts.get(status, 0)} {text}" for status, text in words.items()]
    left = sum(n for status, n in item.verdicts.items() if status not in words)
    if left:
        counts.append(_("{n} other").format(n=left))
    whole = Line(tuple(counts))
    return [whole.parts] if whole.cut() == whole else [whole.parts[:2], whole.parts[2:]]


HANDLERS = [badge]
