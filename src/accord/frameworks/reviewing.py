"""Reviews weighed: which of them count on a day, and what they make of a verdict that is open. Pure.

A person's word settles what measurements and documents leave open, and nothing else: a point that was measured as met
or not met, or that the facts put out of scope, stays as it is. A review counts as long as all that it rests on is
there unchanged: the bytes that it is about, the words of the requirement, every measurement and document that it
relied on. One that no longer counts is still shown, with the reason, and the verdict falls back.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from msgspec import Struct

from ..errors import MalformedInput, UsageError
from ..records import Evidence, Framework, Measurement, Requirement, Review, ReviewOutcome, to_builtins
from ..records.verdict import VerdictStatus

OPEN: tuple[VerdictStatus, ...] = ("needs_review", "not_evaluated", "inconclusive", "documented", "declared")
"""What a person may settle."""
_LONGEST = 300
_EXACT = 2**53 - 1
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_LOOK_ALIKES = str.maketrans("авекмнорстухѕіјԁԛԝɡıαβεικνορτυχ", "abekmhopctyxsijdqwgiabeikvoptux")
"""Small letters of Cyrillic, of the phonetic alphabet and of Greek, and the Latin ones that they, or their capitals,
look like (Unicode Technical Standard 39, of which these are the ones that occur in names)."""
_CLOSED = {
    "met": "what was measured decides",
    "not_met": "what was measured decides",
    "not_applicable": "the facts put this point out of scope",
}


def measurement_digest(measurement: Measurement) -> str:
    """Return what identifies a measured value: sha256 of the RFC 8785 form of what was measured, of what, with what
    result (measure, subject, dimensions, value, interval, n).
    """
    said = to_builtins(measurement)
    return _digest({name: said[name] for name in ("measure", "subject", "dimensions", "value", "interval", "n")})


def asked_digest(requirement: Requirement) -> str:
    """Return what identifies a requirement's words: its id, label, title, question and the documents that it names."""
    return _digest(
        [requirement.id, requirement.label, requirement.title, requirement.question, list(requirement.documents)]
    )


def same_person(name: str) -> str:
    """Return a name as it is compared: whoever writes it with other spaces, capitals or dots, with letters that cannot
    be seen, or with Greek or Cyrillic letters that look like Latin ones is the same person.
    """
    for _ in range(4):  # what is taken away or replaced can let letters come together that are written as one
        seen = (c for c in unicodedata.normalize("NFKC", name).casefold() if c.isspace() or not is_invisible(c))
        whole = " ".join("".join(seen).translate(_LOOK_ALIKES).split())
        again = whole.strip(" .,;:'\"-_") or whole
        if again == name:
            break
        name = again
    return name


def is_invisible(character: str) -> bool:
    """Whether nothing of a character is seen: spaces, controls, joiners, variation selectors, letters without ink."""
    without_ink = unicodedata.category(character) in ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs")
    selects = "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"
    return without_ink or selects or character in _BLANK


class Weighed(Struct, frozen=True):
    """A verdict's status and reason with the reviews in it, and how each of them stands."""

    status: VerdictStatus
    reason: str
    outcomes: tuple[ReviewOutcome, ...] = ()


class Reviews:
    """The reviews of one framework, weighed on one day (YYYY-MM-DD) against what is there now.

    `known_digests` are those that the subject states, its own and its parts'; those that the evidence speaks of count
    too. `needed` says how many people a requirement needs; one, if it is not named. Raises UsageError without a day.
    """

    def __init__(
        self,
        framework: Framework,
        reviews: Iterable[Review],
        evidence: Sequence[Evidence],
        on: str,
        needed: Mapping[str, int],
        known_digests: Collection[str] = (),
    ) -> None:
        self._version = framework.version
        self._evidence = evidence
        self._stated = known_digests
        self._on = on
        self._needed = needed
        self._of: dict[str, list[Review]] = defaultdict(list)
        for review in dict.fromkeys(review for review in reviews if review.framework == framework.id):
            self._of[review.requirement].append(review)
        if self._of and not on:
            raise UsageError("no-day", "reviews hold for a time, and no day was named", "Say on which day to judge.")

    def weigh(self, requirement: Requirement, status: VerdictStatus, reason: str) -> Weighed:
        """Return what the reviews of a requirement make of its verdict without them."""
        reviews = self._of.get(requirement.id)
        if not reviews:
            return Weighed(status, reason)
        found = [(review, _CLOSED.get(status) or self._why_not(requirement, review, reviews)) for review in reviews]
        outcomes = tuple(_outcome(review, why) for review, why in found)
        if status not in OPEN:
            return Weighed(status, reason, outcomes)
        standing = [review for review, why in found if not why]
        status, reason = self._settle(requirement, status, reason, standing)
        fallen = [f"a review by {_brief(review.reviewer.role)} no longer counts: {why}" for review, why in found if why]
        return Weighed(status, "; ".join([reason, *fallen]), outcomes)

    def _settle(
        self, requirement: Requirement, status: VerdictStatus, reason: str, standing: Sequence[Review]
    ) -> tuple[VerdictStatus, str]:
        decisions = {review.decision for review in standing}
        if not standing:
            return status, reason
        if len(decisions) > 1:
            return "needs_review", f"reviewers disagree: {'; '.join(f'{r.decision} {_said(r)}' for r in standing)}"
        decision, said = decisions.pop(), "; ".join(map(_said, standing))
        if decision == "undecided":
            return status, f"{reason}; a person looked and could not decide: {said}"
        people = len({same_person(review.reviewer.name) for review in standing})
        needed = self._needed.get(requirement.id, 1)
        if people < needed:
            return status, f"{reason}; {people} of {needed} reviews: {decision} {said}"
        return "judged", f"judged: {decision} {said}"

    def _why_not(self, requirement: Requirement, review: Review, others: Sequence[Review]) -> str:
        """Return why a review doesn't count; "" if it does."""
        if not self._is_ours(review):
            return self._stranger(review)
        later = [o.made for o in others if _same_hand(o, review) and o.made > review.made and self._is_ours(o)]
        if later:
            return f"the same reviewer judged again on {max(later)[:10]}"
        if review.framework_version != self._version:
            return f"it was made of version {_brief(review.framework_version)} of the text"
        if review.asked != asked_digest(requirement):
            return "the words of the requirement have changed"
        if review.valid_until < self._on:
            return f"it was valid until {review.valid_until}"
        return next((why for why in map(self._gone, review.relied_on) if why), "")

    def _is_ours(self, review: Review) -> bool:
        return not self._stranger(review)

    def _stranger(self, review: Review) -> str:
        if review.signer == "unknown key":
            return "it is signed by an unknown key"
        return "" if review.subject in self._known else "it was made of another state of the system"

    def _gone(self, relied: Any) -> str:
        name = _brief(relied.name)
        if relied.kind == "measurement" and relied.digest not in self._measured:
            return f"the measurement that it relied on has changed or is gone: {name}"
        if relied.kind == "document" and relied.digest not in self._known:
            return f"the document that it relied on has changed or is gone: {name}"
        if relied.valid_until is not None and relied.valid_until < self._on:
            return f"a document that it relied on was valid until {relied.valid_until}: {name}"
        return ""

    @cached_property
    def _known(self) -> frozenset[str]:
        spoken_of = (measurement.subject for item in self._evidence for measurement in item.measurements)
        return frozenset((*self._stated, *(item.subject for item in self._evidence), *spoken_of))

    @cached_property
    def _measured(self) -> frozenset[str]:
        """The digests of the measurements that reviews could have relied on: of the measures that they name."""
        named = {relied.name for of in self._of.values() for review in of for relied in review.relied_on}
        return frozenset(
            measurement_digest(measurement)
            for item in self._evidence
            if item.status == "measured"
            for measurement in item.measurements
            if measurement.measure in named
        )


def _same_hand(one: Review, other: Review) -> bool:
    """Whether the same reviewer signed both with the same key: a namesake elsewhere replaces nothing."""
    return one.keyid == other.keyid and same_person(one.reviewer.name) == same_person(other.reviewer.name)


def _said(review: Review) -> str:
    return f"by {_brief(review.reviewer.role)}, until {review.valid_until}: {_brief(review.reason)}"


def _brief(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _outcome(review: Review, why: str) -> ReviewOutcome:
    return ReviewOutcome(
        review=review.envelope,
        decision=review.decision,
        name=review.reviewer.name,
        role=review.reviewer.role,
        valid_until=review.valid_until,
        stands=not why,
        why=why,
    )


def _digest(value: Any) -> str:
    import rfc8785

    try:
        return f"sha256:{hashlib.sha256(rfc8785.dumps(_exact(value))).hexdigest()}"
    except (ValueError, RecursionError) as error:
        raise MalformedInput("not-canonical", f"no canonical form: {error}", "Restore the original record.") from None


def _exact(value: Any) -> Any:
    """Return plain data with an integer beyond ±(2⁵³-1) as the double next to it, as JSON's readers have it."""
    if isinstance(value, dict):
        return {key: _exact(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_exact(inner) for inner in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _EXACT:
        return float(value) if abs(value) < 1 << 1023 else str(value)
    return value
