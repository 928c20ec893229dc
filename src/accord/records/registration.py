"""Entries of the public register of AI systems: what an office uses or plans, for what, and who answers for it."""

from __future__ import annotations

import re
from typing import Annotated, Literal, get_args

from msgspec import Meta

from .measurement import Record
from .review import is_day

Kind = Literal["system", "model", "dataset"]
Status = Literal["planned", "pilot", "in_use", "paused", "retired"]
Influence = Literal["", "decides", "recommends", "informs"]
Answer = Literal["yes", "no", "unknown"]
Level = Literal["prohibited", "high"]
SetBy = Literal["tier", "profile", "hand"]
KINDS: tuple[Kind, ...] = get_args(Kind)
STATUSES: tuple[Status, ...] = get_args(Status)
INFLUENCES: tuple[Influence, ...] = get_args(Influence)

MAX_TEXT = 4_000
MAX_ITEMS = 100
Text = Annotated[str, Meta(max_length=MAX_TEXT)]
Short = Annotated[str, Meta(max_length=300)]
Items = Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=300)], ...], Meta(max_length=MAX_ITEMS)]
_ENTRY = re.compile(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16}")
_STATEMENT = re.compile(r"sha256:[0-9a-f]{64}")
_DIGEST = re.compile(r"[A-Za-z0-9._-]{1,64}:[0-9a-f]{8,1024}")
_PLACE = re.compile(r"[A-Z]{2,5}(-[A-Z0-9]{1,3})?")
_FIELD = re.compile(r"[A-Za-z0-9._-]{1,100}")
_WEB = re.compile(r"https?://[^\s<>\"]+")


class Sign(Record, frozen=True, kw_only=True):
    """Whether a class of prohibited or high risk is reached under a framework, on the answers that were given.

    `unknown` means that open questions leave it possible. `tier` is the id of the class, `title` its name.
    """

    framework: Short
    tier: Short
    level: Level
    answer: Answer
    title: Short = ""
    note: Text = ""


class ReviewPlan(Record, frozen=True, kw_only=True):
    """When somebody looks at the entry again: every so many days, next on `due`, because of `reason`.

    `set_by`: the interval comes from the class of risk, from the node's own profile, or a person chose it. `last` is
    the day of the last review, "" if there was none.
    """

    every_days: Annotated[int, Meta(ge=1, le=3_660)]
    due: str
    reason: Text
    set_by: SetBy
    last: str = ""

    def __post_init__(self) -> None:
        if not is_day(self.due) or (self.last and not is_day(self.last)):
            raise ValueError("a day of review is written YYYY-MM-DD")


class Registration(Record, frozen=True, kw_only=True):
    """One version of an entry. `origin` is the node whose register it is in, `entry` names it there for good.

    `version` counts from 1; `replaces` is the statement of the version before. `influence` says what the system does
    to the `decision`. `affected` are groups of persons, `affected_about` how many in all, about. `subjects` are digests
    of assessed subjects that belong to it: without one, it is registered, and nothing is measured. `unknown` are fields
    and questions that the office answered with "I don't know"; `supplied` are fields as the supplier stated them.
    """

    origin: Annotated[str, Meta(min_length=1, max_length=300)]
    entry: str
    version: Annotated[int, Meta(ge=1, le=2**31)] = 1
    replaces: str = ""
    change: Text = ""
    name: Annotated[str, Meta(min_length=1, max_length=300)]
    kind: Kind
    status: Status
    office: Annotated[str, Meta(min_length=1, max_length=300)]
    purpose: Text = ""
    sector: Short = ""
    decision: Text = ""
    influence: Influence = ""
    affected: Items = ()
    affected_about: Annotated[int, Meta(ge=0, le=2**40)] | None = None
    oversight: Text = ""
    complaint: Text = ""
    supplier: Short = ""
    contract_until: str = ""
    places: Items = ()
    languages: Items = ()
    jurisdictions: Items = ()
    sdgs: Annotated[tuple[Annotated[int, Meta(ge=1, le=17)], ...], Meta(max_length=17)] = ()
    since: str = ""
    url: Annotated[str, Meta(max_length=2_000)] = ""
    training_flop: Annotated[float, Meta(ge=0)] | None = None
    answers: Annotated[dict[str, bool], Meta(max_length=1_000)] = {}
    signs: Annotated[tuple[Sign, ...], Meta(max_length=MAX_ITEMS)] = ()
    unknown: Annotated[tuple[str, ...], Meta(max_length=1_000)] = ()
    supplied: Annotated[tuple[str, ...], Meta(max_length=MAX_ITEMS)] = ()
    review: ReviewPlan | None = None
    subjects: Annotated[tuple[str, ...], Meta(max_length=MAX_ITEMS)] = ()

    def __post_init__(self) -> None:
        if not _ENTRY.fullmatch(self.entry):
            raise ValueError("entry is urn:uuid:… or 16 digits in hex")
        if (self.version > 1) != bool(self.replaces) or (self.replaces and not _STATEMENT.fullmatch(self.replaces)):
            raise ValueError("every version but the first replaces a statement, sha256:…")
        for name in ("contract_until", "since"):
            if getattr(self, name) and not is_day(getattr(self, name)):
                raise ValueError(f"{name} is a day, written YYYY-MM-DD")
        if self.url and not is_web_address(self.url):
            raise ValueError("url begins with https:// or http://")
        if not all(map(is_jurisdiction, self.jurisdictions)):
            raise ValueError("a jurisdiction is an ISO 3166-1 code, a part of one such as US-CA, EU or INT")
        if not all(map(is_digest, self.subjects)):
            raise ValueError("a subject is a digest, algorithm:hex")
        if not all(map(_FIELD.fullmatch, (*self.unknown, *self.supplied, *self.answers))):
            raise ValueError("unknown, supplied and answers name fields and questions")


def is_jurisdiction(text: str) -> bool:
    """Whether text has the shape of a jurisdiction: DE, US-CA, EU, ASEAN, INT."""
    return _PLACE.fullmatch(text) is not None


def is_digest(text: str) -> bool:
    """Whether text is a digest, `algorithm:hex`."""
    return _DIGEST.fullmatch(text) is not None


def is_web_address(text: str) -> bool:
    """Whether text is an address that a page may link to."""
    return _WEB.fullmatch(text) is not None


def is_entry(text: str) -> bool:
    """Whether text can name an entry."""
    return _ENTRY.fullmatch(text) is not None
