"""`assessment.json`: the record itself, indented. What is signed and recomputed is this, not the page."""

from __future__ import annotations

from ..records import Assessment, to_readable_json
from .interface import Details, Report


def render(assessment: Assessment, *, details: Details | None = None) -> bytes:
    """Return the record as readable JSON; `details` add nothing, for the record is complete by itself."""
    del details
    return to_readable_json(assessment)


REPORT = Report(name="json", media_type="application/json", file_name="assessment.json", render=render)
