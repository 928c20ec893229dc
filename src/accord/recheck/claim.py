"""What is rechecked: the evidence of somebody's report, read from the report folder or from its statements alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..errors import AccordError, MalformedInput, UsageError
from ..records import Card, Evidence
from ..trust import Trust, check, digest_bytes
from ..trust.envelopes import MAX_FILE_BYTES, Line, assessment_line, compare, read_lines
from ..trust.folder import read_regular
from ..trust.predicates import AssessmentPredicate, EvidencePredicate
from ..trust.sealing import STATEMENTS


@dataclass(frozen=True, slots=True)
class Claim:
    """An assessment as its signer handed it out: the digest of its statement, of whom it is, and what it rests on.

    `measurers` are the keyids of who signed the evidence, by inspector. Statements alone hold the card's digest, not
    the card: then `card` is None.
    """

    statement: str
    signer: str
    measurers: dict[str, str]
    target: str
    evidence: tuple[Evidence, ...]
    card: Card | None
    card_digest: str | None
    card_source: Literal["none", "provider", "assessor"] = "none"


def open_claim(place: Path, trusted: Trust) -> Claim:
    """Read a report folder, or the file with all its statements (`assessment.intoto.jsonl`).

    The signers may be unknown, but the statements must be as they were signed: raises MalformedInput if not, UsageError
    if there is nothing to read.
    """
    folder = place.is_dir()
    file = place / STATEMENTS if folder else place
    try:
        lines = read_lines(read_regular(file.resolve(), MAX_FILE_BYTES))
    except OSError as error:
        raise UsageError(
            "no-statement", f"{place.name}: {error.strerror or 'not a regular file'}", "Name a report folder."
        ) from None
    whole = assessment_line(lines, frozenset(key.verifier.key.keyid for key in trusted.of("signer")))
    if whole is None or whole.key is None or whole.statement is None:
        raise MalformedInput(
            "no-assessment",
            f"{place.name}: no statement of an assessment in it",
            f"Name the report folder, or its {STATEMENTS} with the evidence in it.",
        )
    return _of_folder(place, whole, trusted, lines) if folder else _of_lines(place, whole, lines)


def _of_folder(place: Path, whole: Line, trusted: Trust, lines: Sequence[Line]) -> Claim:
    seal = check(place, trusted=trusted)
    if not seal.unchanged or seal.assessment is None or seal.signer.keyid is None:
        raise _altered(place, ", ".join(dict.fromkeys(change.path for change in seal.changes)))
    found = seal.assessment
    return Claim(
        statement=digest_bytes(whole.raw),
        signer=seal.signer.keyid,
        measurers=_measurers(lines),
        target=found.subject.digest,
        evidence=found.evidence,
        card=found.card,
        card_digest=found.card_digest,
        card_source=found.card_source if found.card_source in ("provider", "assessor") else "none",  # type: ignore[arg-type]
    )


def _of_lines(place: Path, whole: Line, lines: Sequence[Line]) -> Claim:
    try:
        predicate = whole.predicate(AssessmentPredicate)
        changes = compare(lines, whole, predicate, place.name)
        if not whole.valid or changes:
            raise _altered(place, whole.error or changes[0].detail)
        evidence = [item for line in lines if line.inspector for item in line.predicate(EvidencePredicate).evidence]
    except MalformedInput:
        raise
    except AccordError as error:
        raise _altered(place, error.message) from None
    assert whole.key is not None and whole.statement is not None
    subject = whole.statement.subject[0].digest
    return Claim(
        statement=digest_bytes(whole.raw),
        signer=whole.key.keyid,
        measurers=_measurers(lines),
        target=f"sha256:{subject.get('sha256', '')}",
        evidence=tuple(evidence),
        card=None,
        card_digest=predicate.card,
    )


def _measurers(lines: Sequence[Line]) -> dict[str, str]:
    return {line.inspector: line.key.keyid for line in lines if line.inspector and line.key}


def _altered(place: Path, what: str) -> MalformedInput:
    return MalformedInput(
        "altered-report",
        f"{place.name}: it is not what was signed ({what[:300]})",
        "Run `accord verify` on it, and recheck the report as its signer handed it out.",
    )
