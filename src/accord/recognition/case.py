"""A foreign assessment, opened: the record, who signed what of it, and who had seen it when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from ..errors import MalformedInput, UsageError
from ..judge import open_stored
from ..records import Assessment, from_builtins
from ..trust import Trust
from ..trust.envelopes import MAX_FILE_BYTES
from ..trust.folder import read_regular
from ..trust.keys import KnownKey
from ..trust.note import MAX_NOTE_BYTES, VerifierKey
from ..trust.predicates import StatedLog
from ..trust.proof import parse_proof, verify_proof
from ..trust.saying import Heard, hear
from ..trust.sealing import PROOF, STATEMENTS
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
