"""The open points of an assessment as a form: one page without script, to print, or to fill in where it is served."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...i18n import _, current_language, direction, ngettext
from ...records import DECISIONS, Assessment
from ...reviews.columns import HELP
from ...reviews.opening import Opened, OpenPoint
from ..interface import Details
from ..review_sheet import MOST_SHOWN, document_line, measurement_line
from ..visible import visible
from .page import _environment, _style_digest


@dataclass(frozen=True, slots=True)
class Served:
    """Where a served form is sent to, what stood in it when it was sent before, and what was wrong with that."""

    action: str
    values: Mapping[str, str]
    mistakes: Sequence[str] = ()


class Typed(str):
    """What the person at the form typed. It goes back into its field letter by letter, not as escapes to be read."""

    def __html__(self) -> str:
        return "".join(c if c.isalnum() or c == " " else f"&#{ord(c)};" for c in self)


@dataclass(frozen=True, slots=True)
class PointView:
    """One open point, written out."""

    point: OpenPoint
    evidence: tuple[str, ...]
    more: int
    documents: tuple[str, ...]


def render_form(assessment: Assessment, opened: Opened, details: Details, served: Served | None = None) -> bytes:
    """Return the page. Without `served` it has no button: it is for reading and paper; the table beside it counts."""
    views = tuple(
        PointView(
            point=point,
            evidence=tuple(measurement_line(shown, details) for shown in point.measurements[:MOST_SHOWN]),
            more=max(0, len(point.measurements) - MOST_SHOWN),
            documents=tuple(map(document_line, point.documents)),
        )
        for point in opened.points
    )
    language = current_language()
    page = (
        _environment()
        .get_template("review_form.html.j2")
        .render(
            assessment=assessment,
            points=views,
            served=served,
            values={name: Typed(text) for name, text in served.values.items()} if served else {},
            decisions=DECISIONS,
            help=HELP,
            language=language,
            direction=direction(),
            style_digest=_style_digest(),
        )
    )
    return visible(page, keep="\n", longest=None).encode()


def render_stored(n: int) -> bytes:
    """Return the page that says that `n` answers were stored."""
    text = ngettext("{n} answer is stored.", "{n} answers are stored.", n).format(n=n)
    language, close = current_language(), _("You can close this page.")
    head = f'<!DOCTYPE html><html lang="{language}"><meta charset="utf-8"><title>{text}</title>'
    return f"{head}<main><h1>{text}</h1><p>{close}</p></main></html>".encode()
