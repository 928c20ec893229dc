"""Judging one body of evidence under many frameworks at once, on the same terms."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from ..records import Evidence, Framework, Profile, Review
from .facts import Facts
from .judging import Judgement, judge
from .profiles import apply_profile, reviewers_needed


class Terms(Struct, frozen=True):
    """On what terms evidence is judged: somebody's profile, people's reviews, and the date `on` which it is judged.

    `known_digests` are those of the subject and its parts, which reviews are of and rely on.
    """

    profile: Profile | None = None
    on: str = ""
    reviews: tuple[Review, ...] = ()
    known_digests: frozenset[str] = frozenset()


def judge_all(frameworks: Sequence[Framework], evidence: Sequence[Evidence], terms: Terms) -> list[Judgement]:
    """Judge `evidence` under each framework; what the profile says of others is left aside."""
    laid = apply_profile(terms.profile, frameworks) if terms.profile else frameworks
    facts = Facts.of(evidence)
    return [
        judge(
            framework,
            evidence,
            reviews=terms.reviews,
            on=terms.on,
            reviewers_needed=reviewers_needed(terms.profile, framework),
            known_digests=terms.known_digests,
            facts=facts,
        )
        for framework in laid
    ]
