"""The page: one file that needs no network and no script, rendered from the record."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from ...i18n import SOURCE, _, current_language, direction, ngettext, pgettext
from ...i18n import language as language_known
from ...records import Assessment
from .. import figures, wording
from ..grouping import coverage_lines, likely_classes
from ..interface import Details
from ..planning import deviation_in_words, plan_in_short
from ..sentences import sentences_of
from ..visible import visible
from .evidence import EvidenceView, evidence_of
from .facts import environment_facts, parts_of, system_facts
from .findings import MOST_FINDINGS, findings_of, grouped, highlights
from .panels import Panel, panels_of
from .prevention import prevention_of
from .requirements import frameworks_of, tiers_of, verdict_counts

if TYPE_CHECKING:
    from jinja2 import Environment

SECTIONS = ("first_screen", "findings", "prevention", "measurements", "requirements", "system", "evidence")
"""The sections of the page that speak of the assessment alone, not of the folder that it lies in."""
_SYMBOLS = '{% from "macros.html.j2" import symbols %}{{ symbols() }}'
_VERDICT = '{% from "macros.html.j2" import verdict %}{{ verdict(status) }}'
# A measure in so few panels is shown open; more are folded.
_OPEN_ROWS = 30
_PER_CENT = re.compile(r"(\d) %")


@dataclass(frozen=True, slots=True)
class MeasureGroup:
    """All panels of one measure; folded where there are many."""

    title: str
    panels: tuple[Panel, ...]
    measurements: int


@dataclass(frozen=True, slots=True)
class EvidenceGroup:
    """All panels of one piece of evidence but the highlights, of which there are some if `partial`."""

    title: str
    part: str
    anchor: str
    groups: tuple[MeasureGroup, ...]
    partial: bool
    folded: bool


def render(assessment: Assessment, *, details: Details) -> bytes:
    """Return `report.html` for an assessment, in the language in use."""
    page = _environment().get_template("page.html.j2").render(**_shown(assessment, details))
    return _settled(page).encode()


def sections(assessment: Assessment, *, details: Details) -> dict[str, Markup]:
    """Return the sections of the page by name, for a page with a frame of its own; "symbols" are the marks they use."""
    environment, shown = _environment(), _shown(assessment, details)
    found = {name: environment.get_template(f"{name}.html.j2").render(**shown) for name in SECTIONS}
    found["symbols"] = environment.from_string(_SYMBOLS).render()
    # Autoescape made what is in them harmless when they were rendered here.
    return {name: Markup(_settled(text)) for name, text in found.items()}  # noqa: S704


def verdict_mark(status: str) -> Markup:
    """Return the tag of a verdict: a sign and its words."""
    return Markup(_environment().from_string(_VERDICT).render(status=status))  # noqa: S704


def _shown(assessment: Assessment, details: Details) -> dict[str, Any]:
    """Return all that the templates show."""
    panels, hidden = panels_of(assessment, details)
    findings = findings_of(assessment, panels)
    first = highlights(assessment, findings, panels)
    evidence = evidence_of(assessment, details)
    parts, more_parts = parts_of(assessment)
    language = current_language()
    return {
        "assessment": assessment,
        "details": details,
        "language": language,
        "direction": direction(),
        "translation": language_known(language),
        "said": sentences_of(assessment, details),
        "style_digest": _style_digest(),
        "findings": grouped(findings[:MOST_FINDINGS]),
        "prevention": prevention_of(assessment, details),
        "more_findings": max(0, len(findings) - MOST_FINDINGS),
        "highlights": first,
        "rest": _rest(panels, first, evidence),
        "hidden": hidden,
        "evidence": evidence,
        "frameworks": frameworks_of(assessment, details),
        "tiers": tiers_of(assessment, details),
        "coverage_lines": coverage_lines(assessment),
        "likely_classes": likely_classes(assessment),
        "system_facts": system_facts(assessment),
        "parts": parts,
        "more_parts": more_parts,
        "environment_facts": environment_facts(assessment),
        "verdict_counts": verdict_counts(assessment.verdicts),
        "plan_in_short": plan_in_short(assessment),
    }


def _settled(page: str) -> str:
    # A number and its per cent sign stay on one line.
    page = _PER_CENT.sub("\\1\N{NO-BREAK SPACE}%", page)
    # Whatever a template does, nothing that steers the reader's display leaves here.
    return visible(page, keep="\n", longest=None)


def _rest(
    panels: Sequence[Panel], first: Sequence[Panel], evidence: Sequence[EvidenceView]
) -> tuple[EvidenceGroup, ...]:
    chosen = {panel.anchor for panel in first}
    left: dict[int, list[Panel]] = defaultdict(list)
    for panel in panels:
        if panel.anchor not in chosen:
            left[panel.evidence].append(panel)
    groups = []
    for position, remaining in left.items():
        by_measure: dict[str, list[Panel]] = defaultdict(list)
        for panel in remaining:
            by_measure[panel.measure].append(panel)
        view = evidence[position - 1]
        groups.append(
            EvidenceGroup(
                title=view.name,
                part=view.part,
                anchor=view.anchor,
                groups=tuple(
                    MeasureGroup(of[0].title, tuple(of), sum(panel.measurements for panel in of))
                    for of in by_measure.values()
                ),
                partial=any(panel.evidence == position for panel in first),
                folded=sum(panel.measurements for panel in remaining) > _OPEN_ROWS,
            )
        )
    return tuple(groups)


@lru_cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("accord.reports.html"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_final,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        _=_,
        ngettext=ngettext,
        pgettext=pgettext,
        en=_mark_english,
        own=_mark_own,
        english=_english,
        ltr=_left_to_right,
        count=figures.count,
        size=figures.size,
        duration=figures.duration,
        moment=figures.moment,
        words=wording,
        word=wording.word,
        short=short,
        deviation_in_words=deviation_in_words,
    )
    return environment


def _mark_english() -> Markup:
    """Return the attribute that says so of an element in English, on a page in another language (WCAG 2.2, 3.1.2)."""
    return Markup("") if current_language() == SOURCE else Markup(' lang="en"')


def _mark_own() -> Markup:
    """Return the attribute of an element in the page's language that stands within one in English."""
    return Markup("") if current_language() == SOURCE else Markup(' lang="{}"').format(current_language())


def _english(text: str) -> str:
    """Return a text in English within others: marked, and kept apart from the direction of what stands around it."""
    marked = Markup('<bdi lang="en">{}</bdi>')
    return text if current_language() == SOURCE else marked.format(visible(text))


def _left_to_right(text: str) -> str:
    """Return a date, version or key that stays in its order among letters of a script that runs the other way."""
    return text if direction() == "ltr" else Markup('<bdi dir="ltr">{}</bdi>').format(visible(text))


def short(text: str, most: int) -> str:
    """Return `text`, cut at a word before `most` characters: the first screen stays one, whatever a name contains."""
    if len(text) <= most:
        return text
    cut = text[:most].rsplit(" ", 1)[0]
    return f"{cut if len(cut) > most // 2 else text[:most]}…"


def _final(value: object) -> object:
    """Show control and bidirectional characters of any text as escapes, and cut what is too long."""
    return visible(value) if type(value) is str else value


@lru_cache
def _style_digest() -> str:
    """Return the digest by which the page's content security policy allows its own style sheet and no other."""
    style = _environment().get_template("style.css").render()
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
