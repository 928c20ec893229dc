"""A foreign assessment, opened: the record, who signed what of it, and who had seen it when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from ..errors import MalformedInput, UsageError
from ..judge import open_stored
from ..records import Assessment, from_builtins, from_json
from ..trust import Trust
from ..trust.canonical import digest_bytes
from ..trust.checking import differing
from ..trust.envelopes import MAX_FILE_BYTES
from ..trust.folder import read_regular
from ..trust.keys import KnownKey
from ..trust.note import MAX_NOTE_BYTES, VerifierKey
from ..trust.predicates import AssessmentPredicate, EvidencePredicate, EvidenceReference, StatedLog
from ..trust.proof import LogProof, parse_proof, verify_proof
from ..trust.saying import Heard, hear
from ..trust.sealing import PROOF, RECORD, STATEMENTS
from ..trust.tree import leaf_hash
from ..trust.trust_list import seen_at
from .known import Said


@dataclass(frozen=True)
class Case:
    """An assessment that is unaltered since it was signed. `evidence` holds, by inspector, who signed what it measured.

    `seen` says of these statements' digests when a witness that the reader knows had seen them.
    """

    assessment: Assessment
    said: Said
    evidence: Mapping[str, Said]
    seen: Mapping[str, datetime] = field(default_factory=dict)


def open_case(place: Path, trusted: Trust) -> Case:
    """Read a report folder. Raises UsageError for a bare record, MalformedInput if it was altered or can't be read."""
    if not place.is_dir():
        raise UsageError(
            "nobody-signed", f"{place.name} is no report folder: nobody's signature comes with it", "Name the folder."
        )
    stored = open_stored(place, trusted)
    lines = _read(place / STATEMENTS, MAX_FILE_BYTES).splitlines()
    whole = hear(lines[-1], name=STATEMENTS)
    if whole.kind != "assessment":
        raise MalformedInput("no-assessment", f"{STATEMENTS}: its last line is no assessment", "Restore the report.")
    proof = parse_proof(_read(place / PROOF, MAX_NOTE_BYTES), name=PROOF)
    log = _log(whole, trusted, proof.checkpoint.origin)
    named = {witness.verifier: witness.name for witness in trusted.of("witness")}
    cosigned = verify_proof(proof, leaf_hash(whole.entry), log, named, name=PROOF)
    evidence = {
        inspector: Said(hear(raw, name=inspector), proof, log, within=whole)
        for inspector, raw in stored.statements.items()
    }
    seen = seen_at(proof.note, cosigned)
    ids = (whole.id, *(said.heard.id for said in evidence.values()))
    return Case(stored.assessment, Said(whole, proof, log), evidence, dict.fromkeys(ids, seen) if seen else {})


def make_case(
    record: bytes,
    whole: Heard,
    evidence: Mapping[str, Heard],
    *,
    proof: LogProof | None = None,
    log: VerifierKey | None = None,
    seen: Mapping[str, datetime] | None = None,
) -> Case:
    """Return an assessment that is kept apart: its record, its statement, and those of evidence by their ids.

    Each statement was heard before; here it is seen that the record is the one that was signed, and says what they say.
    Raises MalformedInput if not, or if evidence is missing.
    """
    predicate = whole.predicate(AssessmentPredicate)
    if digest_bytes(record)[7:] not in [item.sha256 for item in predicate.files if item.name == RECORD]:
        raise MalformedInput("other-record", f"{RECORD}: it is not the one that was signed", "Restore the report.")
    assessment = from_json(record, Assessment, name=RECORD)
    measured = {item.inspector: _evidence(item, evidence) for item in predicate.evidence}
    signed = {name: heard.predicate(EvidencePredicate).evidence for name, heard in measured.items()}
    wrong = differing(assessment, whole.statement.subject, predicate, signed)
    if wrong:
        raise MalformedInput(
            "altered-report", f"{RECORD}: not what the statements say: {', '.join(wrong)}", "Restore the report."
        )
    said = {name: Said(heard, proof, log, within=whole) for name, heard in measured.items()}
    return Case(assessment, Said(whole, proof, log), said, seen or {})


def _evidence(reference: EvidenceReference, evidence: Mapping[str, Heard]) -> Heard:
    heard = evidence.get(f"sha256:{reference.sha256}")
    if heard is None:
        raise MalformedInput(
            "evidence-missing", f"the evidence of {reference.inspector} is not here", "Ask for the whole report."
        )
    if heard.kind != "evidence" or heard.statement.predicate.get("inspector") != reference.inspector:
        raise MalformedInput(
            "other-evidence", f"{heard.id}: it is no evidence of {reference.inspector}", "Restore the report."
        )
    return heard


def _log(whole: Heard, trusted: Trust, origin: str) -> VerifierKey:
    """Return the key of the log that it is in: one that the reader knows under that name, else the one it states."""
    known: KnownKey | None = next((key for key in trusted.of("log") if key.verifier.name == origin), None)
    if known:
        return known.verifier
    stated = from_builtins(whole.statement.predicate.get("log"), StatedLog, name=f"{STATEMENTS}: log")
    return VerifierKey.parse(stated.vkey)


def _read(path: Path, most: int) -> bytes:
    try:
        return read_regular(path, most)
    except OSError as error:
        raise MalformedInput(
            "unreadable-report", f"{path.name}: {error.strerror or 'not a regular file'}", "Restore the report."
        ) from None
