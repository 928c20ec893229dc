"""Was the run planned? Whether the plan that a report names stands in the same log, before the report.

How the run deviates from its plan is not asked here: `accord.plan` compares the two records.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ..errors import AccordError, MalformedInput
from ..i18n import _
from ..records import Assessment
from ..records.deviation import Deviation
from ..records.measurement import Record
from ..records.plan import Plan
from .folder import Found, read_regular
from .keys import Trust
from .note import MAX_NOTE_BYTES, VerifierKey
from .proof import LogProof, parse_proof, verify_proof
from .saying import MAX_STATEMENT_BYTES, Heard, hear
from .statement import parse_time
from .tree import leaf_hash
from .trust_list import seen_at

PLAN = "plan.intoto.jsonl"
PLAN_PROOF = "plan.tlog-proof"


class PlanCheck(Record, frozen=True, kw_only=True):
    """Whether a plan was logged before the run: `statement` is its digest, `index` its entry, `keyid` who signed it.

    `deviations` says where the run was not what the plan says; `why` is the reason that was given for them.
    """

    planned: bool = False
    statement: str | None = None
    keyid: str | None = None
    index: int | None = None
    signed_at: str | None = None
    deviations: tuple[Deviation, ...] = ()
    why: str = ""
    reason: str


@dataclass(frozen=True)
class Logged:
    """Where the report that is checked stands: in the log with this key, as this entry, signed by this key.

    `now` is the moment of the check, if it is another than now.
    """

    key: VerifierKey
    index: int
    keyid: str
    now: datetime | None = None


def no_plan() -> PlanCheck:
    """Return the answer for a report without a plan."""
    return PlanCheck(reason=_("No plan was logged before the run."))


def check_plan(
    folder: Path, found: Found, named: str | None, logged: Logged | None, assessment: Assessment | None, trusted: Trust
) -> tuple[PlanCheck, Plan | None]:
    """Check the plan whose statement a report names (its digest), and hand it out if it can be read."""
    if named is None:
        return no_plan(), None
    try:
        heard, proof = _read(folder, found, named)
        plan = heard.record(Plan)
    except (OSError, AccordError) as error:
        why = error.message if isinstance(error, AccordError) else _("it can't be read")
        text = _("A plan is named, but it can't be checked: {why}")
        return PlanCheck(statement=named, reason=text.format(why=why)), None
    problem = _problem(heard, proof, logged, assessment, trusted)
    said = PlanCheck(
        planned=not problem,
        statement=named,
        keyid=heard.keys[0].keyid,
        index=proof.index,
        signed_at=heard.created,
        why=assessment.plan.reason if assessment and assessment.plan else "",
        reason=problem or f"{_in_words(proof, logged)} {_by_whom(heard, proof, logged, trusted)}",
    )
    return said, plan


def _read(folder: Path, found: Found, named: str) -> tuple[Heard, LogProof]:
    for name in (PLAN, PLAN_PROOF):
        if name not in found.files:
            raise MalformedInput("no-plan-file", _("{name} is missing").format(name=name), "")
    raw = read_regular(folder / PLAN, MAX_STATEMENT_BYTES).removesuffix(b"\n")
    heard = hear(raw, name=PLAN)
    if heard.kind != "plan" or heard.id != named:
        raise MalformedInput("other-plan", _("{name} is not the plan that is named").format(name=PLAN), "")
    return heard, parse_proof(read_regular(folder / PLAN_PROOF, MAX_NOTE_BYTES), name=PLAN_PROOF)


def _problem(
    heard: Heard, proof: LogProof, logged: Logged | None, assessment: Assessment | None, trusted: Trust
) -> str:
    """Say why the plan can't be said to have come first; "" if it did."""
    if logged is None or assessment is None:
        return _("A plan is there, but the report itself is not proven: which came first can't be told.")
    try:
        _seen(heard, proof, logged, trusted)
    except AccordError as error:
        text = _("A plan is there, but it is not proven to be in the log that has the report: {why}")
        return text.format(why=error.message)
    # The checkpoint over the plan is older than the report, or whoever runs the log could still have put it in.
    if proof.checkpoint.size > logged.index:
        text = _("The plan was logged (entry {plan}) after the report (entry {report}), or together with it.")
        return text.format(plan=proof.index, report=logged.index)
    early = next(
        (item for item in assessment.evidence if item.status == "measured" and _before(item.started, heard)), None
    )
    if early:
        text = _("The plan was signed at {signed}; {evidence} was measured before, at {started}.")
        return text.format(signed=heard.created, evidence=early.id, started=early.started)
    return ""


def _before(started: str, heard: Heard) -> bool:
    signed = _said(heard)
    try:
        return signed is None or parse_time(started) < signed
    except MalformedInput:
        return True  # what has no time was not shown to be later


def _in_words(proof: LogProof, logged: Logged | None) -> str:
    text = _("Planned before the run: the plan is entry {plan} of the log, the report entry {report}.")
    return text.format(plan=proof.index, report=logged.index if logged else "?")


def _seen(heard: Heard, proof: LogProof, logged: Logged, trusted: Trust) -> datetime | None:
    """Return when the first witness that is known saw the plan in the log. Raises MalformedInput if it is not there."""
    witnesses = [key.verifier for key in trusted.of("witness")]
    cosigned = verify_proof(proof, leaf_hash(heard.entry), logged.key, witnesses, name=PLAN_PROOF)
    return seen_at(proof.note, cosigned)


def _by_whom(heard: Heard, proof: LogProof, logged: Logged | None, trusted: Trust) -> str:
    keyid = heard.keys[0].keyid
    if logged is None or keyid == logged.keyid:
        return _("The same key signed both.")
    known = trusted.signer(keyid, _said(heard), _seen(heard, proof, logged, trusted) or logged.now)
    return (
        _("{name} signed the plan.").format(name=known.name) if known else _("A key you do not know signed the plan.")
    )


def _said(heard: Heard) -> datetime | None:
    try:
        return parse_time(heard.created)
    except MalformedInput:
        return None
