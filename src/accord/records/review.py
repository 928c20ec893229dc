"""Reviews: what people judged where no machine can, each signed, with reasons, for a time."""

from __future__ import annotations

import re
from datetime import date
from typing import Literal, get_args

from .measurement import Record

Decision = Literal["met", "partly", "not_met", "not_applicable", "undecided"]
DECISIONS: tuple[Decision, ...] = get_args(Decision)
ReviewSigner = Literal["own", "trust_list", "unknown key"]
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def is_day(text: str) -> bool:
    """Return whether `text` is a day of the calendar, written YYYY-MM-DD."""
    try:
        return bool(_DATE.fullmatch(text) and date.fromisoformat(text))
    except ValueError:
        return False


class ReliedOn(Record, frozen=True, kw_only=True):
    """Something that a review rests on: a measurement (by the id of its measure), a document of the subject, or other.

    `digest` is that of the measurement (`frameworks.reviewing.measurement_digest`) or of the document's bytes. `date`
    is the document's own, `valid_until` its last day; `page` is where in it. Days are written YYYY-MM-DD.
    """

    kind: Literal["measurement", "document", "other"]
    name: str
    digest: str | None = None
    date: str | None = None
    page: str | None = None
    valid_until: str | None = None

    def __post_init__(self) -> None:
        if any(day is not None and not is_day(day) for day in (self.date, self.valid_until)):
            raise ValueError("a day is written YYYY-MM-DD")
        if self.kind != "other" and not self.digest:
            raise ValueError(f"a {self.kind} that a review relies on has a digest")


class Reviewer(Record, frozen=True, kw_only=True):
    """Who judged: a name or pseudonym, in which role, and the interest in the outcome that the person states."""

    name: str
    role: str
    interest: str


class Review(Record, frozen=True, kw_only=True):
    """A person's judgement of one requirement for one subject (its digest), from `made` (UTC) to the day `valid_until`.

    `asked` is the digest of the requirement's words (`frameworks.reviewing.asked_digest`): whoever changes the question
    needs a new answer. `signer`, `keyid` and `envelope` (the digest of the signed line) are no part of what was signed;
    whoever read the envelope fills them in. A review whose signer is unknown is kept, shown, and never counted.
    """

    subject: str
    framework: str
    framework_version: str
    framework_digest: str
    requirement: str
    asked: str
    decision: Decision
    reason: str
    relied_on: tuple[ReliedOn, ...] = ()
    reviewer: Reviewer
    made: str
    valid_until: str
    signer: ReviewSigner = "unknown key"
    keyid: str = ""
    envelope: str = ""

    def __post_init__(self) -> None:
        if not is_day(self.valid_until):
            raise ValueError("valid_until is a day, written YYYY-MM-DD")
        if not self.reason.strip():
            raise ValueError("a review has a reason")


class ReviewOutcome(Record, frozen=True, kw_only=True):
    """How one review (by the digest of its envelope) stands on the day of judging; `why` says why it doesn't count."""

    review: str
    decision: Decision
    name: str
    role: str
    valid_until: str
    stands: bool
    why: str = ""
