"""`report.html`: one self-contained page that works offline, without script, in any browser and on paper."""

from __future__ import annotations

from ...records import Assessment
from ..interface import Details, Report
from ..known import known_details


def render(assessment: Assessment, *, details: Details | None = None) -> bytes:
    """Return the page for an assessment, in the language in use; Jinja is loaded when the first page is."""
    from .page import render as render_page

    return render_page(assessment, details=known_details(assessment) if details is None else details)


REPORT = Report(name="html", media_type="text/html; charset=utf-8", file_name="report.html", render=render)
