"""Reviews become statements: signed with the local key, logged, each with its proof beside it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from .. import __version__
from ..errors import UsageError
from ..records import Review
from ..trust import Log, SigningKey, digest_bytes
from ..trust.dsse import sign, to_line
from ..trust.ed25519 import PublicKey
from ..trust.encoding import b64encode
from ..trust.entry import hash_record
from ..trust.files import Files, put_all
from ..trust.predicates import Harness, ReviewedFramework, ReviewPredicate, StatedKey, StatedLog
from ..trust.statement import REVIEW_TYPE, build, parse_time, subject

STATEMENT = ".intoto.jsonl"
PROOF = ".tlog-proof"
DISCLAIMER = "A person's judgement, recorded with Accord. Not a measurement, certificate, recognition or legal advice."


def check_place(folder: Path) -> None:
    """Raise UsageError if `folder` lies in a sealed report (whatever is added to one alters it) or is no folder."""
    from ..subjects.digest import refuse_sealed

    refuse_sealed(folder)
    if folder.exists() and not folder.is_dir():
        raise UsageError("no-folder", f"{folder} is not a folder", "Give another place with --out.")


def sign_reviews(
    reviews: Sequence[Review], name: str, folder: Path, *, signer: SigningKey, log: Log
) -> tuple[Path, ...]:
    """Sign each review of the subject called `name`, log all of them, and write statements and proofs into `folder`.

    Returns the statements' paths, in the order of the reviews. If the log can't be written nothing stays in the folder.
    """
    check_place(folder)
    place = StatedLog(log.origin, str(log.verifier_key))
    signed = [sign(compose(review, name, [signer.public], place), [signer]) for review in reviews]
    lines = [to_line(envelope) for envelope in signed]
    paths = [folder / f"review-{digest_bytes(line)[7:23]}{STATEMENT}" for line in lines]
    folder.mkdir(parents=True, exist_ok=True)
    put_all(Files(), folder, {path: line + b"\n" for path, line in zip(paths, lines, strict=True)})
    try:
        appended = log.append([hash_record(envelope, signer.public) for envelope in signed])
        proofs = [log.prove(index, appended.note) for index in appended.indices]
    except BaseException:
        for path in paths:
            with suppress(OSError):
                path.unlink()
        raise
    put_all(Files(), folder, {proof_of(path): proof.encode() for path, proof in zip(paths, proofs, strict=True)})
    return tuple(paths)


def proof_of(path: Path) -> Path:
    """Return where the proof of a statement is."""
    return path.with_name(path.name.removesuffix(STATEMENT) + PROOF)


def compose(review: Review, name: str, keys: Sequence[PublicKey], log: StatedLog) -> bytes:
    """Return what all of `keys` sign to say a review of the subject called `name`; who owns the first one logs it."""
    made = parse_time(review.made)
    first, *beside = [StatedKey(key.keyid, b64encode(key.raw)) for key in keys]
    predicate = ReviewPredicate(
        framework=ReviewedFramework(review.framework, review.framework_version, review.framework_digest),
        requirement=review.requirement,
        asked=review.asked,
        decision=review.decision,
        reason=review.reason,
        reliedOn=review.relied_on,
        reviewer=review.reviewer,
        harness=Harness("accord", __version__),
        signer=first,
        log=log,
        disclaimer=DISCLAIMER,
        salt="",
        timeCreated="",
        validUntil="",
    )
    plain: dict[str, Any] = {field: getattr(predicate, field) for field in predicate.__struct_fields__}
    if beside:
        plain["cosigners"] = beside
    days = (date.fromisoformat(review.valid_until) - made.astimezone(UTC).date()).days
    return build(REVIEW_TYPE, [subject(name, review.subject)], plain, valid_days=days, now=made)


def now() -> str:
    """Return this moment as reviews note it: UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
