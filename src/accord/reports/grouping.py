"""What is said in one line where an assessment was judged under many texts: by jurisdiction, and by class of risk."""

from __future__ import annotations

from dataclasses import dataclass

from ..i18n import _, ngettext
from ..records import Assessment, Coverage
from .wording import VERDICT_ORDER

MOST_FRAMEWORKS = 3
"""More than these are added up by jurisdiction: a screen is short."""


@dataclass(frozen=True, slots=True)
class LikelyClass:
    """A class of risk that the answers settle, or "undetermined", with the titles of the frameworks that say so."""

    title: str
    frameworks: tuple[str, ...]
    undetermined: bool


def coverage_lines(assessment: Assessment) -> list[Coverage]:
    """Return the coverage of each framework by its title; of many, added up by jurisdiction."""
    named = {framework.id: framework for framework in assessment.frameworks}
    rows = assessment.summary.coverage
    if len(rows) <= MOST_FRAMEWORKS:
        return [_added(named[row.framework].title if row.framework in named else row.framework, [row]) for row in rows]
    texts: dict[str, list[Coverage]] = {}
    for row in rows:
        where = named[row.framework].jurisdiction if row.framework in named else "?"
        texts.setdefault(where, []).append(row)
    return [
        _added(
            ngettext("{where}, {n} text", "{where}, {n} texts", len(items)).format(
                where=_("international") if code == "INT" else code, n=len(items)
            ),
            items,
        )
        for code, items in texts.items()
    ]


def _added(name: str, rows: list[Coverage]) -> Coverage:
    return Coverage(
        framework=name,
        applicable=sum(row.applicable for row in rows),
        evaluated=sum(row.evaluated for row in rows),
        counts={status: sum(row.counts.get(status, 0) for row in rows) for status in VERDICT_ORDER},
    )


def likely_classes(assessment: Assessment) -> list[LikelyClass]:
    """Return each class once, in the order of the record, those of a framework's first scheme before the others."""
    titles = {framework.id: framework.title for framework in assessment.frameworks}
    found: dict[tuple[bool, str], dict[str, None]] = {}
    for tier in sorted(assessment.tiers, key=lambda tier: (tier.tier == "none", tier.scheme != "")):
        undetermined = tier.tier == "undetermined"
        key = (undetermined, _("undetermined") if undetermined else tier.title)
        found.setdefault(key, {})[titles.get(tier.framework, tier.framework)] = None
    return [LikelyClass(title, tuple(names), undetermined) for (undetermined, title), names in found.items()]
