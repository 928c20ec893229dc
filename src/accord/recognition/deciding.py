"""The decision on a foreign assessment: drafted by one officer, signed by two.

    appraisal → draft (reasons and conditions can be edited) → the second officer signs → the first signs → statement

Everything in a draft but the office's own words is computed again before a signature, from the assessment, the
agreements and the trust lists: whoever changed it is noticed. A DSSE statement names its signers inside of what they
sign; so the bytes are settled once it is known who decides, and all sign the same: neither can change a word after the
other. With files the second officer, whose name completes it, settles them and signs first. On a node whoever prepared
it names who decides, and signs first; the node, which answers for both, then signs as well: it is the node's key that a
trust list names as an authority's, while people come and go.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from msgspec.structs import replace

from ..errors import MalformedInput, UsageError
from ..frameworks.reviewing import same_person
from ..i18n import _
from ..records import from_builtins, from_json, is_day, to_readable_json
from ..records.agreement import Agreement
from ..records.measurement import Record
from ..records.recognition import Appraisal, CheckTest, DecisionOutcome, Examination, Recognition
from ..records.said import Person
from ..trust.canonical import is_canonical
from ..trust.checkpoint import Checkpoint, parse_checkpoint
from ..trust.dsse import PAYLOAD_TYPE, Envelope, Signature, pae, to_line
from ..trust.ed25519 import PublicKey, SigningKey
from ..trust.encoding import b64decode, b64encode
from ..trust.files import put
from ..trust.folder import read_regular
from ..trust.log import Log
from ..trust.predicates import StatedKey
from ..trust.saying import Heard, compose, hear, say
from ..trust.statement import parse as parse_statement
from ..trust.statement import subject
from .agreements import BEACON_BYTES, Edge, check_test_due
from .case import Case
from .known import World

KIND = "recognition"
MAX_DRAFT_BYTES = 16 * 1024 * 1024
OWN_WORDS = ("reasons", "conditions", "remedy")
"""The fields of a draft that an office may edit."""
_DAYS = 365
"""How long a decision holds that nothing else ends: a refusal, which no agreement bounds."""


class Draft(Record, frozen=True, kw_only=True):
    """A decision on its way: the record to read and edit, who prepared it, and the bytes once they are settled.

    `payload` (base64) is "" while the record can be edited; `signatures` are base64, by keyid. `office` is the key of
    the authority in whose name both sign, where it has one: it is named first.
    """

    record: Recognition
    preparer: StatedKey
    office: StatedKey | None = None
    payload: str = ""
    signatures: dict[str, str] = {}


def decide(
    appraisal: Appraisal,
    world: World,
    prepared_by: Person,
    *,
    check_test: CheckTest,
    until: str = "",
    reasons: Sequence[str] = (),
    conditions: Sequence[str] = (),
    remedy: str = "",
) -> Recognition:
    """Return the decision that follows from an appraisal.

    It holds until the first of: the end of an agreement that it rests on, that of the assessment's validity, `until`.
    A result that was drawn for a check test is recognised on condition that the test agrees. Raises UsageError if
    `until` is no day or has passed.
    """
    recognised = appraisal.references("recognised")
    used = tuple(dict.fromkeys(point.agreement for point in appraisal.requirements if point.agreement))
    first = appraisal.paths[0].first_failing
    return Recognition(
        assessment=appraisal.assessment,
        subject=appraisal.subject,
        jurisdiction=appraisal.jurisdiction,
        outcome=_outcome(appraisal, drawn=check_test.drawn, conditions=conditions),
        at=appraisal.at,
        valid_until=_valid_until(appraisal, world, used, until),
        paths=appraisal.paths,
        first_failing="" if first is None else f"{first.name}: {first.says}",
        agreements=used,
        recognised=recognised,
        met_by_our_threshold=appraisal.references("met_by_our_threshold"),
        not_met_by_our_threshold=appraisal.references("not_met_by_our_threshold"),
        still_to_be_shown=appraisal.references("still_to_be_shown"),
        not_applicable=appraisal.references("not_applicable"),
        frameworks=appraisal.frameworks,
        profile=appraisal.profile,
        local=appraisal.local,
        check_test=check_test,
        reasons=tuple(reasons),
        conditions=tuple(conditions),
        remedy=remedy or _remedy(),
        prepared_by=prepared_by,
    )


def _outcome(appraisal: Appraisal, *, drawn: bool, conditions: Sequence[str]) -> DecisionOutcome:
    if not appraisal.count("recognised"):
        return "refused"
    if drawn or conditions:
        return "on_condition"
    left = appraisal.count("still_to_be_shown") + appraisal.count("not_met_by_our_threshold")
    return "in_part" if left else "recognised"


def _remedy() -> str:
    return _("Whoever is concerned may object, with reasons: `accord dispute`, or in writing to the office.")


def _valid_until(appraisal: Appraisal, world: World, used: Sequence[str], until: str) -> str:
    at = date.fromisoformat(appraisal.at[:10])
    if until and (not is_day(until) or date.fromisoformat(until) < at):
        raise UsageError("bad-day", f"{until[:40]!r} is no day from {at} on", "Write it as 2027-01-31.")
    ends = [edge.agreement.valid_until for edge in world.edges if edge.agreement and edge.digest in used]
    if appraisal.valid_until and used:
        ends.append(appraisal.valid_until[:10])
    if not ends:
        ends.append(date.fromordinal(at.toordinal() + _DAYS).isoformat())
    return min([*ends, *([until] if until else [])])


def draw(appraisal: Appraisal, world: World, case: Case, by: Person, key: SigningKey, log: Log) -> CheckTest:
    """Draw whether the assessment is to be measured again, if an agreement that recognises it asks for a share.

    The assessment and then the examination, which bears a salt of our own, are put in the log; its root decides. Of
    several agreements the highest rate counts.
    """
    agreement = asks_for_test(appraisal, world)
    if agreement is None:
        return CheckTest()
    examined = Examination(assessment=appraisal.assessment, jurisdiction=appraisal.jurisdiction, by=by)
    line = say(examined, "examination", [subject("assessment", appraisal.assessment)], signers=[key])
    checkpoint = log.append([case.said.heard.entry, hear(line).entry])
    found = parse_checkpoint(checkpoint.note)
    return drawn(agreement, appraisal.assessment, found)


def asks_for_test(appraisal: Appraisal, world: World) -> Agreement | None:
    """Return the agreement that recognises something of it and asks for the largest share of check tests, if any."""
    edge = _strictest(appraisal, world)
    return edge.agreement if edge and edge.agreement and edge.agreement.conditions.check_test_rate else None


def drawn(agreement: Agreement, assessment: str, at: Checkpoint) -> CheckTest:
    """Return the draw by the root that a log had just after it took in the assessment and then an examination."""
    return CheckTest(
        rate=agreement.conditions.check_test_rate,
        drawn=check_test_due(agreement, assessment, at.root),
        origin=at.origin,
        size=at.size,
        root=at.root.hex(),
    )


def _strictest(appraisal: Appraisal, world: World) -> Edge | None:
    used = {point.agreement for point in appraisal.requirements if point.agreement}
    edges = [edge for edge in world.edges if edge.agreement and edge.digest in used]
    return max(edges, key=lambda e: e.agreement.conditions.check_test_rate if e.agreement else 0.0, default=None)


def check(draft: Draft, appraisal: Appraisal, world: World) -> Recognition:
    """Return the decision as it follows from its sources, with the draft's own words.

    Raises MalformedInput that names the fields in which the draft says something else: it was altered, or what it
    rests on has changed since. Whether it is on condition follows from the conditions, which may be edited.
    """
    said = draft.record
    again = decide(
        appraisal,
        world,
        said.prepared_by,
        check_test=drawn_again(said.check_test, said.assessment, asks_for_test(appraisal, world)),
        until=said.valid_until,
        reasons=said.reasons,
        conditions=said.conditions,
        remedy=said.remedy,
    )
    bare = _outcome(appraisal, drawn=again.check_test.drawn, conditions=())
    held = replace(again, decided_by=said.decided_by)
    wrong = [name for name in said.__struct_fields__ if getattr(said, name) != getattr(held, name)]
    if said.outcome == bare and "outcome" in wrong:
        wrong.remove("outcome")
    if wrong:
        raise MalformedInput(
            "draft-altered",
            f"the draft is not what follows from its sources today: {', '.join(wrong)}",
            f"Draft it anew; only {', '.join(OWN_WORDS)} may be edited.",
        )
    return held


def drawn_again(test: CheckTest, assessment: str, agreement: Agreement | None) -> CheckTest:
    """Return what follows from a draw under an agreement; without a root to draw by, it was drawn."""
    if agreement is None:
        return CheckTest()
    try:
        root = bytes.fromhex(test.root)
    except ValueError:
        root = b""
    due = check_test_due(agreement, assessment, root) if len(root) == BEACON_BYTES else True
    return replace(test, rate=agreement.conditions.check_test_rate, drawn=due)


def sign(draft: Draft, key: SigningKey, decider: Person | None = None, *, now: datetime | None = None) -> Draft:
    """Add a signature. If nothing is settled yet, it is who decides who signs, and settles the bytes.

    Raises UsageError if both are one person or one key, if `key` is nobody's who signs, or if the decision would lapse
    today; MalformedInput if the draft was altered after the first signature.
    """
    if not draft.payload:
        draft = settle(draft, key.public, decider, now=now)
    payload, keys = _settled(draft)
    if key.keyid not in [item.keyid for item in keys]:
        raise UsageError("not-to-sign", f"the key {key.keyid[:16]}… is neither's who sign it", "Use the other key.")
    signature = b64encode(key.sign(pae(PAYLOAD_TYPE, payload)))
    return replace(draft, signatures=draft.signatures | {key.keyid: signature})


def settle(draft: Draft, key: PublicKey, decider: Person | None, *, now: datetime | None = None) -> Draft:
    """Name who decides, with which key, and settle the bytes that all are to sign. Raises UsageError as `sign` does."""
    record, preparer, moment = draft.record, _public(draft.preparer), now or datetime.now(UTC)
    if key.keyid == preparer.keyid:
        text = "who prepared a decision does not decide: the second officer signs first"
        raise UsageError("same-officer", text, "Let another person sign, with a key of their own.")
    if decider is None or not decider.name.strip() or not decider.role.strip():
        raise UsageError("who-decides", "it is not said who decides, in which role", "Give --name and --role.")
    if same_person(decider.name) == same_person(record.prepared_by.name):
        text = f"{decider.name} prepared it: the same person can't decide"
        raise UsageError("same-officer", text, "Let another person sign.")
    days = (date.fromisoformat(record.valid_until) - moment.date()).days
    if days < 1:
        raise UsageError("lapses-today", f"it would hold until {record.valid_until} only", "Draft it anew.")
    record = replace(record, decided_by=decider)
    about = [subject("assessment", record.assessment)]
    keys = [*([_public(draft.office)] if draft.office else []), preparer, key]
    payload = compose(record, KIND, about, keys=keys, valid_days=days, now=moment)
    return replace(draft, record=record, payload=b64encode(payload), signatures={})


def _settled(draft: Draft) -> tuple[bytes, tuple[PublicKey, ...]]:
    """Return the bytes that are signed and the keys that they name. Raises MalformedInput if the record differs."""
    payload = b64decode(draft.payload, "draft: payload")
    statement = parse_statement(payload, name="draft")
    stated = [statement.predicate.get("signer"), *statement.predicate.get("cosigners", [])]
    keys = tuple(_public(from_builtins(item, StatedKey, name="draft: signer")) for item in stated)
    heard = Heard(b"", Envelope(PAYLOAD_TYPE, payload, ()), statement, keys)
    same = heard.kind == KIND and is_canonical(payload) and heard.record(Recognition) == draft.record
    leading = [_public(stated) for stated in (draft.office, draft.preparer) if stated]
    if not same or list(keys[: len(leading)]) != leading:
        raise MalformedInput(
            "draft-altered", "the draft was edited after it was signed", "Restore it, or draft it anew."
        )
    return payload, keys


def _public(stated: StatedKey) -> PublicKey:
    return PublicKey(b64decode(stated.publicKey, "draft: key"))


def finished(draft: Draft) -> bytes | None:
    """Return the line of the decision once all have signed, else None. Raises MalformedInput if one has not."""
    if not draft.payload:
        return None
    payload, keys = _settled(draft)
    if any(key.keyid not in draft.signatures for key in keys):
        return None
    signatures = tuple(Signature(b64decode(draft.signatures[key.keyid], "draft: signature"), key.keyid) for key in keys)
    line = to_line(Envelope(PAYLOAD_TYPE, payload, signatures))
    hear(line, name="draft")
    return line


def begin(record: Recognition, key: PublicKey, office: PublicKey | None = None) -> Draft:
    """Return a draft that whoever has `key` prepared, in the name of an `office` with a key of its own, if there is."""
    return Draft(record=record, preparer=_stated(key), office=_stated(office) if office else None)


def _stated(key: PublicKey) -> StatedKey:
    return StatedKey(key.keyid, b64encode(key.raw))


def read_draft(path: Path) -> Draft:
    """Read a draft. Raises UsageError if there is none, MalformedInput."""
    try:
        data = read_regular(path, MAX_DRAFT_BYTES)
    except OSError as error:
        text = f"{path}: {error.strerror or 'not a regular file'}"
        raise UsageError(
            "no-draft", text, "Make one: `accord recognise ASSESSMENT --for CODE --decide FILE`."
        ) from None
    return from_json(data, Draft, name=path.name)


def write_draft(path: Path, draft: Draft) -> None:
    """Write a draft in one step."""
    put(path.absolute(), to_readable_json(draft))
