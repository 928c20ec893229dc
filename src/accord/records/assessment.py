"""The assessment: the product of the main job."""

from __future__ import annotations

from .card import Card
from .deviation import PlanFollowed
from .evidence import Evidence, Finding
from .measurement import Record
from .profile import Profile
from .review import Review
from .subject import Subject
from .verdict import Coverage, Tier, Verdict

DISCLAIMER = "A measurement by Accord. Not a conformity assessment, certificate, official recognition or legal advice."


class FrameworkReference(Record, frozen=True, kw_only=True):
    """A framework that was judged: id, version, title and the digest of the file that was used."""

    id: str
    version: str
    title: str
    jurisdiction: str
    status: str
    digest: str


class Summary(Record, frozen=True, kw_only=True):
    """What a person reads first. Each sentence is short, complete and true by itself.

    `checked`: what was checked; `worst`: the worst thing found and for whom; `certainty`: how sure;
    `unchecked`: what nobody checked. `findings` counts findings by severity, `verdicts` verdicts by status.
    """

    checked: str
    worst: str
    certainty: str
    unchecked: str
    worst_finding: Finding | None = None
    findings: dict[str, int]
    verdicts: dict[str, int]
    coverage: tuple[Coverage, ...]
    measured: int
    skipped: int
    failed: int


class Environment(Record, frozen=True, kw_only=True):
    """Where the run took place: no host name, no user, only what can change a number.

    `reused` names the evidence that was taken from an earlier run on the same bytes.
    """

    accord: str
    python: str
    platform: str
    started: str
    seconds: float
    cores: int
    packages: dict[str, str] = {}
    network: str = "not used"
    reused: tuple[str, ...] = ()
    options: dict[str, str] = {}


class Assessment(Record, frozen=True, kw_only=True):
    """Subject, card, evidence, verdicts and tiers. `card_source` is who wrote the card: provider, assessor or none.

    `reviews` are people's, whether they count or not. `profile` holds thresholds that somebody set where a text states
    none. `judged` is the date (YYYY-MM-DD) on which the verdicts hold: evidence can be judged again later than it was
    measured. `plan` is the plan that the run followed, if there was one.
    """

    version: str
    subject: Subject
    card: Card
    card_digest: str | None = None
    card_source: str = "none"
    evidence: tuple[Evidence, ...]
    verdicts: tuple[Verdict, ...] = ()
    tiers: tuple[Tier, ...] = ()
    frameworks: tuple[FrameworkReference, ...] = ()
    reviews: tuple[Review, ...] = ()
    profile: Profile | None = None
    judged: str = ""
    plan: PlanFollowed | None = None
    summary: Summary
    environment: Environment
    disclaimer: str = DISCLAIMER
