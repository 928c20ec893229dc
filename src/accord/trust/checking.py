"""Checking a sealed report without a network: separate answers to separate questions, each with its reason.

Whether the numbers follow from the counts, and the verdicts from the numbers, is not asked here: `accord.verify` does
that with what `check` hands out.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from ..errors import AccordError, MalformedInput
from ..i18n import _
from ..records import Assessment, Evidence, from_json
from ..records.measurement import Record
from ..records.plan import Plan
from .canonical import digest_bytes
from .entry import hash_record
from .envelopes import MAX_FILE_BYTES, Change, Line, assessment_line, compare, read_lines
from .folder import Found, read_regular, sha256_file, shown, survey
from .keys import KnownKey, Trust
from .note import MAX_NOTE_BYTES, VerifierKey
from .plan_check import Logged, PlanCheck, check_plan, no_plan
from .policy import Policy
from .predicates import AssessmentPredicate, EvidencePredicate
from .proof import LogProof, parse_proof, verify_proof
from .sealing import MAX_RECORD_BYTES, PROOF, RECORD, STATEMENTS, by_inspector
from .statement import Named, format_time, parse_time, subject
from .tree import leaf_hash
from .trust_list import seen_at

_MAX_NAMED = 1_000


class SignerCheck(Record, frozen=True, kw_only=True):
    """Who signed: `valid` if the key that the statement names signed it, `known` if the reader knows that key."""

    keyid: str | None = None
    valid: bool = False
    known: bool = False
    why: Literal["own", "trust_list", "unknown"] = "unknown"
    name: str | None = None
    reason: str


class LogCheck(Record, frozen=True, kw_only=True):
    """Whose log has it: `included` if the proof leads from this statement to a checkpoint that the log signed.

    `seen` is when the first witness that the reader knows saw it (UTC).
    `policy` says whether the reader's policy accepts that checkpoint, `missing` what it lacks; null without a policy.
    """

    origin: str | None = None
    included: bool = False
    known: bool = False
    why: Literal["own", "trust_list", "policy", "unknown"] = "unknown"
    name: str | None = None
    index: int | None = None
    size: int | None = None
    witnesses: tuple[str, ...] = ()
    seen: str | None = None
    policy: Literal["satisfied", "unsatisfied"] | None = None
    missing: tuple[str, ...] = ()
    reason: str


class SealCheck(Record, frozen=True, kw_only=True):
    """All answers.

    `measurers` are those who signed evidence that another judged. `assessment` is the record as it was signed, or null
    if it can't be had unaltered; `intended` is the plan that it names, or null.
    """

    unchanged: bool
    changes: tuple[Change, ...]
    signer: SignerCheck
    measurers: tuple[SignerCheck, ...] = ()
    log: LogCheck
    plan: PlanCheck
    signed_at: str | None = None
    valid_until: str | None = None
    lapsed: bool = False
    not_proven: tuple[str, ...]
    assessment: Assessment | None = None
    intended: Plan | None = None


def check(folder: Path, *, trusted: Trust, now: datetime | None = None, policy: Policy | None = None) -> SealCheck:
    """Compare the report in `folder` with its seal. `trusted` holds the keys that the reader knows.

    `policy` names the logs and the quorum of witnesses that the reader asks for.

    Raises UsageError if the folder can't be read, MalformedInput if there is no report in it at all.
    """
    found = survey(folder)
    if not {RECORD, STATEMENTS, PROOF} & {*found.files, *found.others}:
        raise MalformedInput("not-a-report", f"{shown(str(folder))} holds no report", "Name a folder with a report.")
    lines, changes = _read_lines(folder, found)
    whole = assessment_line(lines, frozenset(key.verifier.key.keyid for key in trusted.of("signer")))
    predicate = _predicate(whole) if whole else None
    if whole is None or predicate is None:
        changes.extend(_altered(STATEMENTS, line.error) for line in lines if line.error)
        if not any(change.path == STATEMENTS for change in changes):
            changes.append(Change(path=STATEMENTS, change="missing", detail=_("the statement of the assessment")))
        return _unsigned(changes)
    if whole.error:
        changes.append(_altered(STATEMENTS, whole.error))
    changes.extend(compare(lines, whole, predicate, STATEMENTS))
    changes.extend(_compare_files(folder, found, predicate))
    assessment = _read_record(folder, predicate) if whole.valid else None
    if assessment:
        changes.extend(_compare_record(assessment, whole, predicate, lines))
    log, log_key, proof_changes = _check_log(folder, found, whole, predicate, trusted, policy)
    changes.extend(proof_changes)
    seen = parse_time(log.seen) if log.seen else now
    signer = _check_signer(whole, trusted, seen)
    logged = (
        Logged(log_key, log.index, signer.keyid, now) if log_key and log.index is not None and signer.keyid else None
    )
    plan, intended = check_plan(folder, found, predicate.plan, logged, assessment, trusted)
    measurers = _check_measurers(lines, whole, trusted, seen)
    moment = now or datetime.now(UTC)
    lapsed = any(_lapsed(line, moment) for line in (whole, *(line for line in lines if line.inspector)))
    return SealCheck(
        unchanged=not changes,
        changes=tuple(changes[:_MAX_NAMED]),
        signer=signer,
        measurers=measurers,
        log=log,
        plan=plan,
        signed_at=predicate.timeCreated,
        valid_until=predicate.validUntil,
        lapsed=lapsed,
        not_proven=_not_proven(signer, log, plan, lapsed, measurers),
        assessment=assessment,
        intended=intended,
    )


def _altered(path: str, detail: str) -> Change:
    return Change(path=path, change="altered", detail=detail)


def _read_lines(folder: Path, found: Found) -> tuple[list[Line], list[Change]]:
    if STATEMENTS not in found.files:
        detail = _("nothing here is signed without it")
        return [], [Change(path=STATEMENTS, change="missing", detail=detail)]
    try:
        data = read_regular(folder / STATEMENTS, MAX_FILE_BYTES)
        lines = read_lines(data)
    except AccordError as error:
        return [], [_altered(STATEMENTS, error.message)]
    except OSError:
        return [], [_altered(STATEMENTS, _("it can't be read"))]
    return lines, [] if data.endswith(b"\n") else [_altered(STATEMENTS, _("its end is cut off"))]


def _predicate(whole: Line) -> AssessmentPredicate | None:
    try:
        return whole.predicate(AssessmentPredicate)
    except MalformedInput:
        return None


def _unsigned(changes: list[Change]) -> SealCheck:
    reason = _("The statement of the assessment is missing or can't be read.")
    signer, log = SignerCheck(reason=reason), LogCheck(reason=reason)
    return SealCheck(
        unchanged=False,
        changes=tuple(changes[:_MAX_NAMED]),
        signer=signer,
        log=log,
        plan=no_plan(),
        not_proven=_not_proven(signer, log, no_plan(), lapsed=False),
    )


def _compare_files(folder: Path, found: Found, predicate: AssessmentPredicate) -> list[Change]:
    """Name every file that is not as listed. Files that are not listed are never opened."""
    changes: list[Change] = []
    listed = {item.name: item for item in predicate.files}
    for name, item in listed.items():
        if name not in found.files:
            changes.append(Change(path=shown(name), change="missing", detail=found.others.get(name, "")))
        elif found.files[name] != item.size:
            text = _("it has {now} bytes, it had {then}").format(now=found.files[name], then=item.size)
            changes.append(_altered(shown(name), text))
        elif _sha256(folder / name) != item.sha256:
            changes.append(_altered(shown(name), _("its content is not what was signed")))
    surprises = {name: "" for name in found.files if name not in {*listed, STATEMENTS, PROOF}} | found.others
    changes.extend(Change(path=shown(name), change="added", detail=what) for name, what in sorted(surprises.items()))
    if found.truncated:
        changes.append(Change(path=".", change="added", detail=_("more files than can be looked at")))
    return changes


def _sha256(path: Path) -> str:
    try:
        return sha256_file(path)
    except OSError:
        return ""


def _read_record(folder: Path, predicate: AssessmentPredicate) -> Assessment | None:
    """Return the assessment from the bytes whose digest was signed, or None: the files' comparison says why."""
    signed = next((item.sha256 for item in predicate.files if item.name == RECORD), None)
    try:
        data = read_regular(folder / RECORD, MAX_RECORD_BYTES)
        return from_json(data, Assessment, name=RECORD) if digest_bytes(data)[7:] == signed else None
    except (OSError, AccordError):
        return None


def _compare_record(
    assessment: Assessment, whole: Line, predicate: AssessmentPredicate, lines: list[Line]
) -> list[Change]:
    """The record and the statements were signed together; a signer could still have made them differ."""
    signed = {}
    for line in lines:
        if line.valid and line.inspector is not None:
            try:
                signed[line.inspector] = line.predicate(EvidencePredicate).evidence
            except MalformedInput:
                signed[line.inspector] = ()
    named = whole.statement.subject if whole.statement else ()
    text = _("its {part} is not what the statements say")
    different = differing(assessment, named, predicate, signed)
    return [_altered(RECORD, text.format(part=part)) for part in different]


def differing(
    assessment: Assessment,
    named: tuple[Named, ...],
    predicate: AssessmentPredicate,
    signed: Mapping[str, tuple[Evidence, ...]],
) -> list[str]:
    """Return the parts of a record that are not what was signed: `named` are the subjects of the assessment's
    statement, `signed` the evidence by inspector, as far as its statements are there.
    """
    same = {
        "subject": named == (subject(assessment.subject.name, assessment.subject.digest),),
        "card": predicate.card == assessment.card_digest,
        "verdicts": predicate.verdicts == assessment.verdicts,
        "tiers": predicate.tiers == assessment.tiers,
        "frameworks": predicate.frameworks == assessment.frameworks,
        "plan": predicate.plan == (assessment.plan.statement if assessment.plan else None),
        "evidence": [reference.inspector for reference in predicate.evidence] == list(by_inspector(assessment))
        and all(signed.get(name, items) == items for name, items in by_inspector(assessment).items()),
    }
    return [part for part, equal in same.items() if not equal]


def _check_signer(whole: Line, trusted: Trust, seen: datetime | None) -> SignerCheck:
    if not whole.valid or whole.key is None:
        return SignerCheck(reason=_("No signature holds: {error}").format(error=whole.error))
    keyid = whole.key.keyid
    said = _time_of(whole)
    known = trusted.signer(keyid, said, seen)
    if known is None:
        reason = _("The signature holds, but you do not know this key: anybody could have made it.")
        return SignerCheck(keyid=keyid, valid=True, reason=trusted.vouched(keyid, said, seen).reason or reason)
    reason = _("The key is your own.") if known.why == "own" else _("The key is in your trust list.")
    reason = known.note if known.listed else reason
    return SignerCheck(keyid=keyid, valid=True, known=True, why=known.why, name=known.name, reason=reason)


def _time_of(line: Line) -> datetime | None:
    """Return when its signer says that it was signed, if that can be read."""
    try:
        return parse_time(line.statement.predicate.get("timeCreated")) if line.statement else None
    except MalformedInput:
        return None


def _check_measurers(lines: list[Line], whole: Line, trusted: Trust, seen: datetime | None) -> tuple[SignerCheck, ...]:
    """Say who signed evidence, where that is another than who signed the assessment: it was judged again."""
    judge = whole.key.keyid if whole.key else None
    others = {line.key.keyid: line for line in lines if line.inspector and line.key and line.key.keyid != judge}
    return tuple(_check_signer(line, trusted, seen) for line in others.values())


def _check_log(
    folder: Path, found: Found, whole: Line, predicate: AssessmentPredicate, trusted: Trust, policy: Policy | None
) -> tuple[LogCheck, VerifierKey | None, list[Change]]:
    if PROOF not in found.files:
        reason = _("The proof is missing.")
        return LogCheck(reason=reason), None, [Change(path=PROOF, change="missing", detail="")]
    if not whole.valid or whole.envelope is None or whole.key is None:
        return LogCheck(reason=_("Without a signature that holds there is nothing to look for in a log.")), None, []
    try:
        data = read_regular(folder / PROOF, MAX_NOTE_BYTES)
        proof = parse_proof(data, name=PROOF)
        origin = proof.checkpoint.origin
        if proof.encode() != data or proof.extra is not None:
            raise MalformedInput("proof-altered", _("something was added that nobody signed"), "")
        log, known = _log_key(proof, predicate, trusted)
        leaf = leaf_hash(hash_record(whole.envelope, whole.key))
        # Whoever runs the log is no witness of it, under another key of theirs neither.
        own = known is not None and known.why == "own"
        named = {key.verifier: key.name for key in trusted.of("witness") if not (own and key.why == "own")}
        cosigned = verify_proof(proof, leaf, log, named, name=PROOF)
        witnesses, first = [named[key] for key in cosigned], seen_at(proof.note, cosigned)
        standing = policy.standing(proof.note, logs=[log] if known else [], name=PROOF) if policy else None
    except (OSError, AccordError) as error:
        detail = error.message if isinstance(error, AccordError) else _("it can't be read")
        return LogCheck(reason=detail), None, [_altered(PROOF, detail)]
    accepted = standing is not None and standing.log is not None
    why: Literal["own", "trust_list", "policy", "unknown"] = known.why if known else "policy" if accepted else "unknown"
    reasons = {
        "own": _("It is in your own log."),
        "trust_list": _("It is in a log of your trust list."),
        "policy": _("It is in a log of your policy."),
        "unknown": _("It is in the log that the signer names, which you do not know."),
    }
    result = LogCheck(
        origin=origin,
        included=True,
        known=why != "unknown",
        why=why,
        name=known.name if known else None,
        index=proof.index,
        size=proof.checkpoint.size,
        witnesses=tuple(dict.fromkeys([*witnesses, *(standing.witnesses if standing else ())])),
        seen=format_time(first) if first else None,
        policy=None if standing is None else "satisfied" if standing.satisfied else "unsatisfied",
        missing=standing.missing if standing else (),
        reason=reasons[why],
    )
    return result, log, []


def _log_key(proof: LogProof, predicate: AssessmentPredicate, trusted: Trust) -> tuple[VerifierKey, KnownKey | None]:
    """Return the key to check the checkpoint with: a known log's that claims to have signed, else the one stated."""
    claims = {(signature.name, signature.key_id) for signature in proof.note.signatures}
    for known in sorted(trusted.of("log"), key=lambda key: key.why != "own"):
        key = known.verifier
        if (key.name, key.key_id) in claims:
            return key, known
    return VerifierKey.parse(predicate.log.vkey), None


def _lapsed(whole: Line, now: datetime) -> bool:
    try:
        until = whole.statement.valid_until() if whole.statement else None
    except MalformedInput:
        return True
    return until is None or now > until


def _not_proven(
    signer: SignerCheck, log: LogCheck, plan: PlanCheck, lapsed: bool, measurers: tuple[SignerCheck, ...] = ()
) -> tuple[str, ...]:
    """Say what no signature proves, and what these signatures do not."""
    sentences = [_("That the data and the model are those used in service: only who runs the system can know.")]
    sentences.append(_("That the findings are complete, and the facts that were read right: only the target can tell."))
    sentences.append(
        _("That report.html shows what the record says: the signer wrote both, only the record is computed again.")
    )
    if not signer.known:
        sentences.append(_("Who signed: the key is not one that you know."))
    if any(not measurer.known for measurer in measurers):
        sentences.append(_("Who measured: evidence was judged again, and is signed by a key that you do not know."))
    if not log.included:
        sentences.append(_("That it was ever logged."))
    elif not log.witnesses:
        sentences.append(_("When it was signed, and that nothing was left out: no witness that you know saw the log."))
    if plan.planned:
        sentences.append(_("That nobody measured before the plan was signed, and planned what looked well."))
    else:
        sentences.append(_("That nothing was measured and then left out: no plan was logged before the run."))
    if lapsed:
        sentences.append(_("That it still holds: its validity has ended."))
    return tuple(sentences)
