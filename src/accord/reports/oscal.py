"""`assessment.oscal.json`: the assessment as OSCAL assessment results, for tools that speak NIST's format."""

from __future__ import annotations

from ..oscal import render_results
from ..records import Assessment
from .interface import Details, Report
from .known import known_details


def render(assessment: Assessment, *, details: Details | None = None) -> bytes:
    """Return the assessment results in JSON; `details` give requirements their labels and titles."""
    return render_results(assessment, (details or known_details(assessment)).frameworks)


REPORT = Report(name="oscal", media_type="application/oscal+json", file_name="assessment.oscal.json", render=render)
