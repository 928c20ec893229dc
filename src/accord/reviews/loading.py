"""Reviews read again: every signature and every proof is checked before a word of them counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from msgspec.structs import replace

from ..errors import AccordError, LimitExceeded, MalformedInput, UsageError
from ..records import Review
from ..records.measurement import Record
from ..trust import Trust, VerifierKey, digest_bytes
from ..trust.folder import read_regular, shown, survey
from ..trust.note import MAX_NOTE_BYTES
from ..trust.predicates import ReviewPredicate
from ..trust.proof import parse_proof, verify_proof
from ..trust.saying import Heard, hear
from ..trust.statement import REVIEW_TYPE, parse_time
from ..trust.tree import leaf_hash
from ..trust.trust_list import seen_at
from .signing import STATEMENT, proof_of

MAX_STATEMENT_BYTES = 1024 * 1024
REVIEWS = "reviews.intoto.jsonl"
"""The file of a report with the envelopes of the reviews that its verdicts rest on, one a line."""


class ReviewProblem(Record, frozen=True, kw_only=True):
    """A file that holds no review that can be relied on, and why."""

    file: str
    message: str


@dataclass(frozen=True, slots=True)
class LoadedReviews:
    """Reviews whose signature and proof hold, the envelope of each as it was signed, and what was refused.

    A review that an unknown key signed is among them, marked so (`signer`): it is shown, and the judge never counts it.
    """

    reviews: tuple[Review, ...]
    envelopes: tuple[bytes, ...]
    problems: tuple[ReviewProblem, ...]


def load_reviews(folder: Path, trusted: Trust) -> LoadedReviews:
    """Read every `*.intoto.jsonl` in `folder`. Raises UsageError if the folder can't be read or holds none."""
    found = survey(folder)
    names = sorted(name for name in (*found.files, *found.others) if name.endswith(STATEMENT))
    if not names:
        raise UsageError("no-reviews", f"{shown(str(folder))} holds no review", "`accord review --import` makes some.")
    if found.truncated:
        raise LimitExceeded("too-many-files", f"{shown(str(folder))} holds too many files", "Split it.")
    read: list[tuple[Review, bytes]] = []
    problems: list[ReviewProblem] = []
    for name in names:
        try:
            read.append(_read(folder / name, trusted))
        except AccordError as error:
            problems.append(ReviewProblem(file=shown(name), message=error.message))
        except OSError as error:
            problems.append(ReviewProblem(file=shown(name), message=error.strerror or "it can't be read"))
    once = {raw: review for review, raw in read}
    return LoadedReviews(tuple(once.values()), tuple(once), tuple(problems))


def _read(path: Path, trusted: Trust) -> tuple[Review, bytes]:
    raw = read_regular(path, MAX_STATEMENT_BYTES).removesuffix(b"\n")
    heard = _signed(raw)
    return _review_in(heard, trusted, _logged(path, heard, trusted)), raw


def read_envelope(raw: bytes, trusted: Trust, seen: datetime | None = None) -> Review:
    """Return the review in a signed line. Raises MalformedInput if it was altered or is none.

    `seen` is when a witness that the reader knows had seen it; now, if none has. Of several who signed it, the first
    one answers for it.
    """
    return _review_in(_signed(raw), trusted, seen)


def _signed(raw: bytes) -> Heard:
    try:
        heard = hear(raw)
    except AccordError as error:
        text = f"it is not what was signed: {error.message}"
        raise MalformedInput("altered-review", text, "Restore the original file.") from None
    if heard.statement.predicate_type != REVIEW_TYPE:
        kind = heard.statement.predicate_type[:80]
        raise MalformedInput("no-review", f"it is a statement of another kind: {kind!r}", "Keep reviews apart.")
    return heard


def _review_in(heard: Heard, trusted: Trust, seen: datetime | None) -> Review:
    review = review_in(heard)
    known = trusted.signer(review.keyid, parse_time(review.made), seen)
    return replace(review, signer=known.why if known else "unknown key")


def review_in(heard: Heard) -> Review:
    """Return the review that a statement of a review holds; nobody has said yet whether its key is known.

    Raises MalformedInput if it holds none.
    """
    predicate = heard.predicate(ReviewPredicate)
    about = heard.statement.subject[0]
    until = heard.statement.valid_until()
    if len(heard.statement.subject) != 1 or "sha256" not in about.digest or until is None:
        raise MalformedInput("bad-review", "it is not about one subject, for a time", "Ask for another review.")
    try:
        review = _review(predicate, f"sha256:{about.digest['sha256']}", until.strftime("%Y-%m-%d"))
    except ValueError as error:
        raise MalformedInput("bad-review", f"it says what no review says: {error}", "Ask for another.") from None
    return replace(review, keyid=heard.keys[0].keyid, envelope=heard.id)


def _review(predicate: ReviewPredicate, subject: str, until: str) -> Review:
    parse_time(predicate.timeCreated)
    return Review(
        subject=subject,
        framework=predicate.framework.id,
        framework_version=predicate.framework.version,
        framework_digest=predicate.framework.digest,
        requirement=predicate.requirement,
        asked=predicate.asked,
        decision=predicate.decision,
        reason=predicate.reason,
        relied_on=predicate.reliedOn,
        reviewer=predicate.reviewer,
        made=predicate.timeCreated,
        valid_until=until,
    )


class ReviewsCheck(Record, frozen=True, kw_only=True):
    """How the reviews of a report are borne out by the envelopes beside it.

    `altered`: each that is not what was signed, or comes without a signature. `unknown`: each that counted for the
    assessor, and is signed by a key that the reader doesn't know.
    """

    count: int
    altered: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def check_reviews(reviews: Sequence[Review], data: bytes, trusted: Trust, seen: datetime | None = None) -> ReviewsCheck:
    """Compare the reviews of a report with the envelopes in `data`, one a line. No network, no log is asked.

    `seen` is when a witness that the reader knows had seen the report, and so them; now, if none has.
    """
    signed = {digest_bytes(raw): raw for raw in data.split(b"\n") if raw}
    altered: list[str] = []
    unknown: list[str] = []
    for review in reviews:
        place = f"{shown(review.framework)} {shown(review.requirement)}, review by {shown(review.reviewer.role)}"
        raw = signed.get(review.envelope)
        if raw is None:
            altered.append(f"{place}: nobody's signature comes with it")
            continue
        try:
            read = read_envelope(raw, trusted, seen)
        except AccordError as error:
            altered.append(f"{place}: {error.message}")
            continue
        if replace(read, signer=review.signer) != review:
            altered.append(f"{place}: it is not what was signed")
        elif review.signer != "unknown key" and read.signer == "unknown key":
            unknown.append(f"{place}: it is signed by a key that you do not know")
        elif review.signer == "unknown key" and read.signer != "unknown key":
            unknown.append(f"{place}: you know the key that signed it; it was not counted, as if nobody knew it")
    return ReviewsCheck(count=len(reviews), altered=tuple(altered), unknown=tuple(unknown))


def _logged(path: Path, heard: Heard, trusted: Trust) -> datetime | None:
    """Return when the first witness that is known saw it in its log, if one has. Raises MalformedInput without proof.

    A review counts from when it was logged: one without its proof could be slipped in or kept back at will.
    """
    place = proof_of(path)
    try:
        proof = parse_proof(read_regular(place, MAX_NOTE_BYTES), name=shown(place.name))
    except FileNotFoundError:
        raise MalformedInput("unlogged-review", f"its proof {shown(place.name)} is missing", "Restore it.") from None
    log = VerifierKey.parse(heard.predicate(ReviewPredicate).log.vkey)
    witnesses = [key.verifier for key in trusted.of("witness")]
    return seen_at(proof.note, verify_proof(proof, leaf_hash(heard.entry), log, witnesses, name=shown(place.name)))
