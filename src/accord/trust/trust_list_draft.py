"""A trust list on its way to its signatures: a file that goes from one signer to the next.

A DSSE statement names its signers inside of what they sign, so who will sign is settled before the first does. Until
then the draft holds a list that can be edited; from then on it holds the exact bytes, and each signer adds a share.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from msgspec.structs import replace

from ..errors import AccordError, MalformedInput, UsageError
from ..records import from_builtins, from_json, to_json, to_readable_json
from ..records.measurement import Record
from ..records.trust_list import TrustList
from .canonical import is_canonical
from .dsse import PAYLOAD_TYPE, Envelope, Signature, pae, to_line
from .ed25519 import PublicKey, SigningKey
from .encoding import b64decode, b64encode
from .files import put
from .folder import read_regular
from .kinds import type_of
from .predicates import StatedKey
from .saying import Heard, compose
from .statement import parse as parse_statement
from .statement import parse_time, subject
from .trust_list import KIND, MAX_LIST_BYTES, Accepted, ListRefused, continuity, subject_digest
from .trust_list_form import mistakes, parse_vkey

_SHOWN = 20


class Share(Record, frozen=True, kw_only=True):
    """The signature of one signer over the payload, in base64."""

    keyid: str
    sig: str


class Draft(Record, frozen=True, kw_only=True):
    """A list that is edited (`editing`), or the bytes that are being signed (`payload`, base64) and the shares."""

    editing: TrustList | None = None
    payload: str = ""
    shares: tuple[Share, ...] = ()

    @property
    def record(self) -> TrustList:
        """The list in it: once signing has begun, the one in the bytes that are signed. Raises MalformedInput."""
        if self.editing is not None:
            return self.editing
        return self._unsigned().record(TrustList)

    @property
    def keys(self) -> tuple[PublicKey, ...]:
        """The keys that have to sign; none while it is edited. Raises MalformedInput."""
        if self.editing is not None:
            return ()
        plain = self._unsigned().statement.predicate
        others = from_builtins(plain.get("cosigners", []), list[StatedKey], name="draft: cosigners")
        stated = (from_builtins(plain.get("signer"), StatedKey, name="draft: signer"), *others)
        return tuple(PublicKey(b64decode(item.publicKey, "draft: signer")) for item in stated)

    @property
    def missing(self) -> tuple[str, ...]:
        """The keyids of those who have not signed yet."""
        there = {share.keyid for share in self.shares}
        return tuple(key.keyid for key in self.keys if key.keyid not in there)

    def _unsigned(self) -> Heard:
        payload = b64decode(self.payload, "draft: payload")
        found = parse_statement(payload, name="draft")
        if found.predicate_type != type_of(KIND) or not is_canonical(payload):
            raise MalformedInput("bad-draft", "draft: its payload is no trust list", "Make the draft anew.")
        return Heard(b"", Envelope(PAYLOAD_TYPE, payload, ()), found, ())


def read_draft(path: Path) -> Draft:
    """Read a draft. Raises UsageError if there is none, MalformedInput."""
    try:
        data = read_regular(path, 2 * MAX_LIST_BYTES)
    except OSError as error:
        text = f"{path}: {error.strerror or 'not a regular file'}"
        raise UsageError("no-draft", text, "Begin one with `accord trust new`.") from None
    draft = from_json(data, Draft, name=path.name)
    if (draft.editing is None) == (draft.payload == "") or (draft.editing and draft.shares):
        raise MalformedInput("bad-draft", f"{path.name}: either a list or a payload", "Make the draft anew.")
    return draft


def write_draft(path: Path, draft: Draft) -> None:
    """Write a draft in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    put(path, to_readable_json(draft))


def all_mistakes(record: TrustList, current: Accepted | None) -> list[str]:
    """Return what would make readers refuse the list, but for its signatures. `current` is the list that is held."""
    found = mistakes(record)
    if not found and current and subject_digest(record) == subject_digest(current.record):
        if record.sequence != current.record.sequence + 1 or record.signers.previous != current.id:
            found.append(f"list {current.record.sequence} is held: this one does not follow it")
        found += continuity(current.record, record)
    return found


def changes(old: TrustList | None, new: TrustList) -> list[str]:
    """Return what a list says that the one before (null: none) did not, for those who are asked to sign it."""
    before = old.information if old else None
    found = []
    for name in ("SchemeOperatorName", "NextUpdate", "PointersToOtherLoTE"):
        value = getattr(new.information, name)
        if value and (before is None or getattr(before, name) != value):
            found.append(f"{name}: {value if isinstance(value, str) else to_json(value).decode()}")
    if old is None or (old.signers.keys, old.signers.threshold) != (new.signers.keys, new.signers.threshold):
        found.append(f"signers: {new.signers.threshold} of {', '.join(new.signers.keys)}")
    known = {entity.mark.id: entity for entity in old.entities} if old else {}
    for entity in new.entities:
        earlier = known.get(entity.mark.id)
        if earlier is None or earlier.TrustedEntityInformation != entity.TrustedEntityInformation:
            found.append(f"{entity.mark.id}: {entity.name}, {entity.mark.jurisdiction}")
        there = {period for service in earlier.TrustedEntityServices for period in service.periods} if earlier else ()
        found += [
            f"{entity.mark.id}: {period.role} {period.status} since {period.StatusStartingTime}, keys "
            f"{', '.join(period.keys)}, scope {to_json(period.scope).decode()}"
            for service in entity.TrustedEntityServices
            for period in service.periods
            if period not in there
        ]
    return found


def propose(record: TrustList, signers: Sequence[PublicKey], current: Accepted | None) -> Draft:
    """Settle the bytes and who signs them. `current` is the list before, if this is not the first.

    Raises ListRefused with all that readers would refuse it for, UsageError if these signers can't be enough.
    """
    wrong = all_mistakes(record, current)
    if wrong:
        text = "\n".join(["the list is not sound:", *wrong[:_SHOWN]])
        raise ListRefused("bad-trust-list", text, "Correct the draft before it is signed.")
    chosen = {key.keyid for key in signers}
    for list_signers, whose in ((record.signers, "this"), (current.record.signers if current else None, "the earlier")):
        if list_signers and len(chosen & {parse_vkey(k).key.keyid for k in list_signers.keys}) < list_signers.threshold:
            text = f"{list_signers.threshold} keys of {whose} list must sign, and fewer of them are named"
            raise UsageError("too-few-signers", text, "Name more of them with --by.")
    issued = parse_time(record.information.ListIssueDateTime)
    span = parse_time(record.information.NextUpdate) - issued
    days = -(-span // timedelta(days=1))
    named = [subject(f"{record.operator} ({record.jurisdiction})", subject_digest(record))]
    payload = compose(record, KIND, named, keys=signers, valid_days=days, now=issued)
    return Draft(payload=b64encode(payload))


def share(draft: Draft, key: SigningKey) -> Draft:
    """Add the signature of one of those who have to sign. Raises UsageError if it is not one, or has signed."""
    if key.keyid not in draft.missing:
        said = "has signed already" if key.keyid in {k.keyid for k in draft.keys} else "is not among those who sign it"
        raise UsageError("not-to-sign", f"the key {key.keyid[:16]}… {said}", "`accord trust show DRAFT` names them.")
    signature = key.sign(pae(PAYLOAD_TYPE, b64decode(draft.payload, "draft: payload")))
    return replace(draft, shares=(*draft.shares, Share(keyid=key.keyid, sig=b64encode(signature))))


def join(drafts: Sequence[Draft]) -> Draft:
    """Return one draft with the shares of several copies. Raises UsageError if they are not of the same bytes."""
    first = drafts[0]
    if any(draft.payload != first.payload or not draft.payload for draft in drafts):
        raise UsageError("other-draft", "these are not drafts of the same list", "Sign copies of one draft.")
    shares = {item.keyid: item for draft in drafts for item in draft.shares}
    return replace(first, shares=tuple(shares.values()))


def line_of(draft: Draft) -> bytes:
    """Return the statement, signed by all who had to. Raises UsageError if a signature is missing, or false."""
    if draft.editing is not None or draft.missing:
        who = ", ".join(keyid[:16] for keyid in draft.missing) or "nobody has signed yet"
        raise UsageError("not-signed", f"signatures are missing: {who}", "Each signs with `accord trust sign`.")
    payload = b64decode(draft.payload, "draft: payload")
    message = pae(PAYLOAD_TYPE, payload)
    shares = {item.keyid: b64decode(item.sig, "draft: signature") for item in draft.shares}
    for key in draft.keys:
        if not _holds(key, message, shares[key.keyid]):
            raise MalformedInput(
                "bad-share", f"the signature of {key.keyid[:16]}… is false", "Let its owner sign anew."
            )
    signatures = tuple(Signature(shares[key.keyid], key.keyid) for key in draft.keys)
    return to_line(Envelope(PAYLOAD_TYPE, payload, signatures))


def _holds(key: PublicKey, message: bytes, signature: bytes) -> bool:
    try:
        return key.verify(message, signature)
    except AccordError:
        return False
