"""The open points of an assessment as a table that people fill in: one row a requirement, as CSV."""

from __future__ import annotations

from ..i18n import _
from ..reviews.columns import ALL, COLUMNS
from ..reviews.opening import CardDocument, Opened, OpenPoint, Shown
from ..reviews.reliance import short_digest
from ..reviews.sheet import write_sheet
from . import figures
from .interface import Details
from .visible import visible
from .wording import VERDICT_WORDS, word

MOST_SHOWN = 60


def render_sheet(opened: Opened, details: Details) -> bytes:
    """Return `review-form.csv`: what is asked and what lies beside it first, the fields to fill in last."""
    return write_sheet(COLUMNS, (_row(point, details) for point in opened.points))


def _row(point: OpenPoint, details: Details) -> dict[str, str]:
    lines = [measurement_line(shown, details) for shown in point.measurements[:MOST_SHOWN]]
    more = len(point.measurements) - len(lines)
    lines += [_("and {n} more, in assessment.json").format(n=more)] if more else []
    shown = {
        "version": point.framework.version,
        "label": point.requirement.label,
        "title": point.requirement.title,
        "verdict": word(VERDICT_WORDS, point.verdict.status),
        "why_open": point.verdict.reason,
        "question": point.requirement.question or "",
        "evidence": "\n".join(lines),
        "documents_on_card": "\n".join(map(document_line, point.documents)),
    }
    return {
        "framework": point.framework.id,
        "requirement": point.requirement.id,
        "state": point.state,
        "measurements_relied_on": ALL if point.measurements else "",
    } | {name: visible(text, keep="\n", longest=8_000) for name, text in shown.items()}


def measurement_line(shown: Shown, details: Details) -> str:
    """Return a measurement in one line: its name, groups, value with interval, n and the digest that names it."""
    measured = shown.measurement
    unit = figures.reading_unit(measured.measure, measured.unit)
    groups = ", ".join(f"{name} {value}" for name, value in measured.dimensions.items())
    value = figures.estimate(measured.value, measured.interval, unit)
    parts = [
        f"{details.measure(measured.measure)}{f' ({groups})' if groups else ''}: {value}",
        "" if measured.n is None else f"n = {figures.count(measured.n)}",
        measured.reason or "",
        _("declared") if measured.basis == "declared" else "",
        f"[{short_digest(shown.digest)}]",
    ]
    return visible(", ".join(filter(None, parts)))


def document_line(document: CardDocument) -> str:
    """Return a document that the card names: kind, path and digest."""
    digest = document.digest or _("no part of what was assessed")
    return visible(f"{document.kind}: {document.path} ({digest})")
