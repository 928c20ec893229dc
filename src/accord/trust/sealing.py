"""Sealing a report: sign what was measured and judged, log the signatures, and leave the proof in the folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..errors import LimitExceeded, UsageError
from ..records import Assessment, Evidence, Part, from_json
from .canonical import digest_bytes
from .dsse import Envelope, sign, to_line
from .ed25519 import SigningKey
from .encoding import b64encode
from .entry import hash_record
from .envelopes import MAX_FILE_BYTES, read_lines
from .files import put
from .folder import read_regular, sha256_file, shown, survey
from .log import Log
from .predicates import (
    AssessmentPredicate,
    EvidencePredicate,
    EvidenceReference,
    FileReference,
    Harness,
    StatedKey,
    StatedLog,
)
from .proof import LogProof
from .statement import ASSESSMENT_TYPE, EVIDENCE_TYPE, Named, build, subject

RECORD = "assessment.json"
STATEMENTS = "assessment.intoto.jsonl"
PROOF = "assessment.tlog-proof"
MAX_RECORD_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Sealed:
    """A sealed report: the envelopes as signed (the assessment's last), and the proof that the log has that one."""

    envelopes: tuple[Envelope, ...]
    proof: LogProof
    statements_path: Path
    proof_path: Path


def seal(
    folder: Path,
    assessment: Assessment,
    *,
    signer: SigningKey,
    log: Log,
    measured: Mapping[str, bytes] | None = None,
    valid_days: int = 365,
    now: datetime | None = None,
) -> Sealed:
    """Sign and log the report in `folder`, in which every other file is written already.

    Writes `assessment.intoto.jsonl` and `assessment.tlog-proof`, replacing earlier ones. Raises as `sign_report` does.
    """
    envelopes = sign_report(
        folder,
        assessment,
        signer=signer,
        log=StatedLog(log.origin, str(log.verifier_key)),
        measured=measured,
        valid_days=valid_days,
        now=now,
    )
    appended = log.append([hash_record(envelope, signer.public) for envelope in envelopes])
    proof = log.prove(appended.indices[-1], appended.note)
    put(folder / PROOF, proof.encode())
    return Sealed(envelopes, proof, folder / STATEMENTS, folder / PROOF)


def sign_report(
    folder: Path,
    assessment: Assessment,
    *,
    signer: SigningKey,
    log: StatedLog,
    measured: Mapping[str, bytes] | None = None,
    valid_days: int = 365,
    now: datetime | None = None,
) -> tuple[Envelope, ...]:
    """Sign the report in `folder`, which is to be logged in `log`; return what was signed, the assessment's last.

    Writes `assessment.intoto.jsonl` (an evidence statement per inspector, then the assessment's) and removes an
    earlier proof. `measured` are the statements of evidence, by inspector and as they stood in an earlier report, that
    are judged anew: they keep the signature of whoever measured.

    Raises UsageError if `assessment.json` is missing or is not `assessment`, or if something lies in the folder that
    can't be bound by name and digest; LimitExceeded if it is too large to be checked.
    """
    files = _bind(folder, assessment)
    moment = now or datetime.now(UTC)
    common: dict[str, Any] = {
        "harness": Harness("accord", assessment.version),
        "signer": StatedKey(signer.keyid, b64encode(signer.public.raw)),
        "salt": "",
        "timeCreated": "",
        "validUntil": "",
    }

    def signed(kind: str, subjects: Sequence[Named], predicate: EvidencePredicate | AssessmentPredicate) -> Envelope:
        return sign(build(kind, subjects, _plain(predicate), valid_days=valid_days, now=moment), [signer])

    evidence = {
        inspector: signed(
            EVIDENCE_TYPE,
            _subjects(items, assessment),
            EvidencePredicate(inspector=inspector, evidence=items, **common),
        )
        for inspector, items in by_inspector(assessment).items()
        if inspector not in (measured or {})
    }
    lines = {inspector: to_line(envelope) for inspector, envelope in evidence.items()} | dict(measured or {})
    whole = signed(
        ASSESSMENT_TYPE,
        [subject(assessment.subject.name, assessment.subject.digest)],
        AssessmentPredicate(
            verdicts=assessment.verdicts,
            tiers=assessment.tiers,
            frameworks=assessment.frameworks,
            card=assessment.card_digest,
            evidence=tuple(EvidenceReference(name, digest_bytes(lines[name])[7:]) for name in by_inspector(assessment)),
            files=files,
            log=log,
            disclaimer=assessment.disclaimer,
            plan=assessment.plan.statement if assessment.plan else None,
            **common,
        ),
    )
    envelopes = (*evidence.values(), whole)
    data = b"".join(line + b"\n" for line in (*(lines[name] for name in by_inspector(assessment)), to_line(whole)))
    _require_checkable(data)
    # An old proof must not stand beside new statements, at whatever moment this ends.
    (folder / PROOF).unlink(missing_ok=True)
    put(folder / STATEMENTS, data)
    return envelopes


def _require_checkable(data: bytes) -> None:
    """Refuse to seal what a check would refuse to read."""
    errors = [line.error for line in read_lines(data) if line.error]
    if errors or len(data) > MAX_FILE_BYTES:
        raise LimitExceeded(
            "report-too-large",
            f"the statements can't be checked again: {errors[0] if errors else f'{len(data)} bytes'}",
            "Assess fewer parts at a time.",
        )


def by_inspector(assessment: Assessment) -> dict[str, tuple[Evidence, ...]]:
    """Return the evidence by inspector, in the order in which inspectors first appear."""
    groups: dict[str, list[Evidence]] = {}
    for item in assessment.evidence:
        groups.setdefault(item.inspector, []).append(item)
    return {inspector: tuple(items) for inspector, items in groups.items()}


def _plain(predicate: EvidencePredicate | AssessmentPredicate) -> dict[str, Any]:
    return {name: getattr(predicate, name) for name in predicate.__struct_fields__}


def _subjects(items: Sequence[Evidence], assessment: Assessment) -> list[Named]:
    """Name each part that the evidence is about, once; its path, or the subject's name, only helps a reader."""
    parts: dict[str, Part] = {part.digest: part for part in assessment.subject.parts}
    names = {item.subject: parts[item.subject].path if item.subject in parts else "" for item in items}
    return [subject(name or assessment.subject.name, digest) for digest, name in names.items()]


def _bind(folder: Path, assessment: Assessment) -> tuple[FileReference, ...]:
    found = survey(folder)
    unsound = [shown(name) for name in found.files if not name.isprintable()] + [shown(name) for name in found.others]
    if unsound or found.truncated:
        raise UsageError(
            "unsealable-folder",
            f"what lies in the folder can't be sealed: {', '.join(unsound[:5]) or 'too many files'}",
            "A report folder holds regular files with plain names only.",
        )
    if RECORD not in found.files:
        raise UsageError("no-record", f"the folder has no {RECORD}", "Write the report before sealing it.")
    if from_json(read_regular(folder / RECORD, MAX_RECORD_BYTES), Assessment, name=RECORD) != assessment:
        raise UsageError("other-record", f"{RECORD} is not the assessment to be sealed", "Write the report again.")
    names = sorted(set(found.files) - {STATEMENTS, PROOF})
    return tuple(FileReference(name, sha256_file(folder / name), found.files[name]) for name in names)
