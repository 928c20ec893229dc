"""`assessment.poam.json`: what is open, as an OSCAL plan of action and milestones."""

from __future__ import annotations

from ..oscal import render_plan_of_action
from ..records import Assessment
from .interface import Details, Report
from .known import known_details


def render(assessment: Assessment, *, details: Details | None = None) -> bytes:
    """Return the plan of action in JSON; `details` give requirements their labels and titles."""
    return render_plan_of_action(assessment, (details or known_details(assessment)).frameworks)


REPORT = Report(name="oscal-poam", media_type="application/oscal+json", file_name="assessment.poam.json", render=render)
