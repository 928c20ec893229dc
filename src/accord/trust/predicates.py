"""What our statements say: the shapes of `evidence/v0.1`, `assessment/v0.1` and `review/v0.1`.

Names follow in-toto: `timeCreated` as in svr, `harness` (what measured) as in the proposed eval-result. The assurance
of a result is not stored: the reader derives it from who signed.
"""

from __future__ import annotations

from msgspec import Struct

from ..records import Decision, Evidence, FrameworkReference, ReliedOn, Reviewer, Tier, Verdict


class Harness(Struct, frozen=True):
    """The software that measured."""

    name: str
    version: str


class StatedKey(Struct, frozen=True):
    """A key as its owner states it: so that a stranger can check a signature, and then decide whether to trust it."""

    keyid: str
    publicKey: str


class StatedLog(Struct, frozen=True):
    """The log that the signer wrote to: its origin and verifier key."""

    origin: str
    vkey: str


class EvidenceReference(Struct, frozen=True):
    """An evidence envelope: its inspector and the sha256 of its line in `assessment.intoto.jsonl`."""

    inspector: str
    sha256: str


class FileReference(Struct, frozen=True):
    """A file of the report folder: its path with '/', its sha256 (hex) and size in bytes."""

    name: str
    sha256: str
    size: int


class EvidencePredicate(Struct, frozen=True, kw_only=True):
    """What one inspector returned for each part that it was given."""

    inspector: str
    evidence: tuple[Evidence, ...]
    harness: Harness
    signer: StatedKey
    salt: str
    timeCreated: str
    validUntil: str


class AssessmentPredicate(Struct, frozen=True, kw_only=True):
    """What was judged on which evidence, and every other file of the report.

    `plan` is the digest of the plan's statement, if the run followed one.
    """

    verdicts: tuple[Verdict, ...]
    tiers: tuple[Tier, ...]
    frameworks: tuple[FrameworkReference, ...]
    card: str | None
    evidence: tuple[EvidenceReference, ...]
    files: tuple[FileReference, ...]
    harness: Harness
    signer: StatedKey
    log: StatedLog
    disclaimer: str
    salt: str
    timeCreated: str
    validUntil: str
    plan: str | None = None


class ReviewedFramework(Struct, frozen=True):
    """The text that a requirement stands in: id, version, and the digest of the file that was used."""

    id: str
    version: str
    digest: str


class ReviewPredicate(Struct, frozen=True, kw_only=True):
    """What a person judged of one requirement. The signer recorded it; who judged is the `reviewer`.

    `asked` is the digest of the requirement's words. The review holds to the end of the day of `validUntil`.
    """

    framework: ReviewedFramework
    requirement: str
    asked: str
    decision: Decision
    reason: str
    reliedOn: tuple[ReliedOn, ...]
    reviewer: Reviewer
    harness: Harness
    signer: StatedKey
    log: StatedLog
    disclaimer: str
    salt: str
    timeCreated: str
    validUntil: str
