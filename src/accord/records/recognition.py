"""Recognition: what of a foreign assessment counts in a jurisdiction, and the decision that an authority makes of it.

Requirements are named "framework#requirement". Days are written YYYY-MM-DD, times 2026-01-31T12:00:00Z.
"""

from __future__ import annotations

from typing import Literal, get_args

from .agreement import Assurance
from .assessment import FrameworkReference
from .framework import Op
from .measurement import Context, Record, Value
from .profile import Profile
from .said import Person
from .verdict import VerdictStatus

RequirementStatus = Literal[
    "recognised",
    "met_by_our_threshold",
    "not_met_by_our_threshold",
    "still_to_be_shown",
    "not_applicable",
]
REQUIREMENT_STATUSES: tuple[RequirementStatus, ...] = get_args(RequirementStatus)
Fit = Literal["fits", "does_not_fit", "unknown"]
StepName = Literal["signed", "body", "agreement", "scope", "assurance", "age", "witnesses", "not_revoked"]
"""The edges of a path, in the order in which they are walked."""
DecisionOutcome = Literal["recognised", "in_part", "on_condition", "refused"]


class PathStep(Record, frozen=True, kw_only=True):
    """One edge of a path: whether it holds, and why, in a sentence."""

    name: StepName
    holds: bool
    says: str


class Path(Record, frozen=True, kw_only=True):
    """The way from a signature to its recognition, over one agreement; it ends at the first edge that fails.

    `agreement` is the digest of the agreement's statement, "" if there is none; `body` the id of whose key it is in the
    trust list. `statement` is what was signed: the assessment, or evidence that another measured.
    """

    statement: str
    keyid: str
    body: str = ""
    body_name: str = ""
    jurisdiction: str = ""
    agreement: str = ""
    agreement_id: str = ""
    level: str = ""
    assurance: Assurance = "self_measured"
    steps: tuple[PathStep, ...]

    @property
    def first_failing(self) -> PathStep | None:
        """The edge that fails; null if the path holds."""
        return next((step for step in self.steps if not step.holds), None)

    @property
    def holds(self) -> bool:
        """Whether every edge holds."""
        return self.first_failing is None


class ResultHere(Record, frozen=True, kw_only=True):
    """Whether results of one measure fit here: `field` is the field of the context that decides, "" if none does."""

    measure: str
    inspector: str
    results: int
    fit: Fit
    field: str = ""
    reason: str


class Missing(Record, frozen=True, kw_only=True):
    """What is missing for a requirement.

    `measure`: nobody measured `name`, or not for here; `sample`: too few for a verdict (`n` would decide, if the value
    stays); `threshold`: it is measured and fits, but nobody states a threshold; `document` and `answer`: somebody must
    hand in or state it; `review`: a person must judge. `inspectors` would produce the measure.
    """

    kind: Literal["measure", "sample", "threshold", "document", "answer", "review"]
    name: str
    why: str
    inspectors: tuple[str, ...] = ()
    dimensions: dict[str, str] = {}
    op: Op | None = None
    threshold: Value = None
    n: int | None = None


class RequirementHere(Record, frozen=True, kw_only=True):
    """How a requirement stands here.

    `verdict` is what our own judge makes of their measurements as far as they fit. `over` names the requirements whose
    recognised verdicts show this one, `agreement` and `body` by whom and under what.
    """

    framework: str
    requirement: str
    label: str
    title: str
    status: RequirementStatus
    verdict: VerdictStatus
    reason: str
    agreement: str = ""
    body: str = ""
    over: tuple[str, ...] = ()
    missing: tuple[Missing, ...] = ()

    @property
    def reference(self) -> str:
        """Its name across frameworks."""
        return f"{self.framework}#{self.requirement}"


class Chain(Record, frozen=True, kw_only=True):
    """A row of agreements from here to the body's jurisdiction over others: shown, and never counted."""

    jurisdictions: tuple[str, ...]
    agreements: tuple[str, ...]


class Appraisal(Record, frozen=True, kw_only=True):
    """What counts of `assessment` (the digest of its statement) in `jurisdiction` at the time `at`.

    `local` are the conditions here that results were held against, `provider` whose system it is by the card. The first
    of `paths` is that of the assessment's signer.
    """

    assessment: str
    subject: str
    name: str
    provider: str
    signed: str
    valid_until: str
    jurisdiction: str
    at: str
    local: Context
    profile: Profile | None = None
    frameworks: tuple[FrameworkReference, ...]
    judged_there: tuple[FrameworkReference, ...]
    paths: tuple[Path, ...]
    chains: tuple[Chain, ...] = ()
    results: tuple[ResultHere, ...] = ()
    requirements: tuple[RequirementHere, ...] = ()
    notes: tuple[str, ...] = ()

    def count(self, status: RequirementStatus) -> int:
        """Return how many requirements stand so."""
        return sum(item.status == status for item in self.requirements)

    def references(self, status: RequirementStatus) -> tuple[str, ...]:
        """Return the requirements that stand so."""
        return tuple(item.reference for item in self.requirements if item.status == status)


class SamplePlan(Record, frozen=True, kw_only=True):
    """The local sample that a measure needs: `per_group` trials in each of the `groups` of `attribute`.

    Without an attribute there is one group, everybody. A trial is whom the rate is taken over, such as people with a
    certain outcome; so many `people` must be drawn to have them. `assumed` are the rates abroad that it was planned
    with, `aim` is what it will tell, in words; `languages` are those to be measured in.
    """

    measure: str
    attribute: str = ""
    groups: tuple[str, ...] = ()
    per_group: int
    people: int
    languages: tuple[str, ...] = ()
    threshold: float | None = None
    assumed: dict[str, float] = {}
    aim: str


class Examination(Record, frozen=True, kw_only=True):
    """An office begins to examine an assessment (its digest) for a jurisdiction. Logged, before anything is drawn."""

    assessment: str
    jurisdiction: str
    by: Person


class CheckTest(Record, frozen=True, kw_only=True):
    """Whether this result was drawn to be measured again, at the `rate` (0 to 1) of the agreement.

    The draw is `recognition.agreements.check_test_due` with the root (hex) that the log `origin` had at `size`, just
    after it took in the assessment and the examination. Whoever draws again begins another examination, for all to see.
    """

    rate: float = 0.0
    drawn: bool = False
    origin: str = ""
    size: int = 0
    root: str = ""


class Recognition(Record, frozen=True, kw_only=True):
    """A decision: what of an assessment is recognised in `jurisdiction`, why, and until when.

    `reasons`, `conditions` and `remedy` (how to object) are the office's own words; all else follows from the
    assessment, the agreements and the trust lists as of `at`. `frameworks`, `profile` and `local` are what it was
    held to. Two people sign: who prepared it, and who decided.
    """

    assessment: str
    subject: str
    jurisdiction: str
    outcome: DecisionOutcome
    at: str
    valid_until: str
    paths: tuple[Path, ...]
    first_failing: str = ""
    agreements: tuple[str, ...] = ()
    recognised: tuple[str, ...] = ()
    met_by_our_threshold: tuple[str, ...] = ()
    not_met_by_our_threshold: tuple[str, ...] = ()
    still_to_be_shown: tuple[str, ...] = ()
    not_applicable: tuple[str, ...] = ()
    frameworks: tuple[FrameworkReference, ...]
    profile: Profile | None = None
    local: Context = Context()
    check_test: CheckTest
    reasons: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    remedy: str
    prepared_by: Person
    decided_by: Person | None = None
