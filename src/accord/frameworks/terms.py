"""Judging one body of evidence under many frameworks at once, on the same terms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..records import Evidence, Framework, Profile, Review
from .judging import Judgement, judge
from .profiles import apply_profile, reviewers_needed


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms evidence is judged: somebody's profile, people's reviews, and the date `on` which it is judged.

    `known_digests` are those of the subject and its parts, which reviews are of and rely on.
    """

    profile: Profile | None = None
    on: str = ""
    reviews: tuple[Review, ...] = ()
    known_digests: frozenset[str] = frozenset()


def judge_all(frameworks: Sequence[Framework], evidence: Sequence[Evidence], terms: Terms) -> list[Judgement]:
    """Judge `evidence` under each framework. Raises InvalidFramework if the profile doesn't fit the frameworks."""
    laid = apply_profile(terms.profile, frameworks) if terms.profile else frameworks
    return [
        judge(
            framework,
            evidence,
            reviews=terms.reviews,
            on=terms.on,
            reviewers_needed=reviewers_needed(terms.profile, framework),
            known_digests=terms.known_digests,
        )
        for framework in laid
    ]
