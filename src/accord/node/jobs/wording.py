"""Jobs in words, in the language of whoever reads: one line for each thing that a job told. No percentages."""

from __future__ import annotations

from ...i18n import N_, _, ngettext
from .asked import Event, Stage
from .table import State

STATES: dict[State, str] = {
    "queued": N_("Waiting"),
    "running": N_("Running"),
    "done": N_("Done: the assessment is published"),
    "failed": N_("Failed"),
    "cancelled": N_("Cancelled"),
    "interrupted": N_("Interrupted"),
}
STAGES: dict[Stage, str] = {
    "waiting": N_("It waits for its turn."),
    "reading": N_("The files are unpacked and digested."),
    "measuring": N_("The inspectors are at work."),
    "judging": N_("The measurements are judged and written down."),
    "publishing": N_("The result is signed and logged."),
    "again": N_("The process that worked on it has ended; it goes on from what was measured."),
}
_SEVERITIES = {
    "info": N_("for information"),
    "low": N_("low"),
    "medium": N_("medium"),
    "high": N_("high"),
    "critical": N_("critical"),
}


def line(event: Event) -> str:
    """Return what an event says, in a line."""
    if event.kind == "stage":
        return _(STAGES[event.stage])
    if event.status == "skipped":
        return _("not measured: {why}").format(why=event.detail)
    if event.status == "failed":
        return _("FAILED: {why}").format(why=event.detail)
    n = event.measurements
    said = ngettext("{n} measurement", "{n} measurements", n).format(n=n)
    if n := event.findings:
        found = ngettext("{n} finding, the gravest: {severity}", "{n} findings, the gravest: {severity}", n)
        said = f"{said}; {found.format(n=n, severity=_(_SEVERITIES.get(event.worst or 'info', event.worst)))}"
    return f"{said} ({_('taken from the attempt before')})" if event.reused else said
