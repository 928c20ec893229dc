"""Accepting the next trust list, and asking one whether a key was good at a time.

Rules, after TUF's root role and the pivots of the EU's list of lists: numbers count on by one; each list names the one
before; a threshold of the keys of the old list and of the new one have signed it; and what an earlier list says of the
time before its issue stays as it was, for good: periods are only added, and begin after the earlier list was issued.
A list holds until its `NextUpdate`: one that is held back from a reader lapses, and vouches for nothing later.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Literal

from ..errors import LimitExceeded, MalformedInput
from ..i18n import _
from ..records.agreement import Scope
from ..records.trust_list import EntityService, Period, ServiceRole, TrustList
from .canonical import digest
from .note import Note, VerifierKey
from .saying import Heard, hear
from .statement import format_time, parse_time
from .trust_list_form import hollow, keyid_of, mistakes

KIND = "trust-list"
MAX_LIST_BYTES = 8 * 1024 * 1024
_SHOWN = 20
_END_OF_TIME = 253_402_300_800  # the year 10000, which `datetime` does not reach

State = Literal["granted", "suspended", "withdrawn", "replaced"]
"""`replaced`: the service goes on with other keys."""


class ListRefused(MalformedInput):
    """A trust list that must not take the place of the one that is held."""


def subject_digest(record: TrustList) -> str:
    """Return what names a list across its numbers: the digest of `["accord/trust-list", operator, jurisdiction]`."""
    return digest(["accord/trust-list", record.operator, record.jurisdiction])


@dataclass(frozen=True)
class Standing:
    """What a list says of a key at a moment: whose it is, and in which state its service is since when."""

    entity: str
    name: str
    jurisdiction: str
    role: ServiceRole
    scope: Scope
    status: State
    since: str
    listed_by: str
    vkey: str


@dataclass(frozen=True)
class Vouched:
    """Whether a trust list vouches for a signature, and why (not). `standing` is null if no list knows the key."""

    holds: bool
    reason: str
    standing: Standing | None = None


@dataclass(frozen=True)
class Accepted:
    """A trust list that was accepted: the statement, and the list in it."""

    heard: Heard
    record: TrustList

    @property
    def id(self) -> str:
        """The digest of the statement's line."""
        return self.heard.id

    @property
    def name(self) -> str:
        """Who keeps it, and for which jurisdiction."""
        return f"{self.record.operator} ({self.record.jurisdiction})"

    @cached_property
    def issued(self) -> datetime:
        """When it was issued."""
        return parse_time(self.record.information.ListIssueDateTime)

    @cached_property
    def next_update(self) -> datetime:
        """Until when it speaks."""
        return parse_time(self.record.information.NextUpdate)

    @cached_property
    def _services(self) -> dict[str, list[tuple[int, EntityService]]]:
        """Services by the keyids that they ever had, with the number of the entity."""
        found: dict[str, list[tuple[int, EntityService]]] = {}
        for number, entity in enumerate(self.record.entities):
            for service in entity.TrustedEntityServices:
                for keyid in {keyid_of(vkey) for period in service.periods for vkey in period.keys}:
                    found.setdefault(keyid, []).append((number, service))
        return found

    def keyids(self, roles: Collection[ServiceRole]) -> frozenset[str]:
        """Return every key that the list ever had in one of these roles, in whatever state it is."""
        known = self._services.items()
        return frozenset(key for key, found in known if any(s.ServiceInformation.role in roles for _, s in found))

    def standings(self, keyid: str, moment: datetime) -> tuple[Standing, ...]:
        """Return what the list says of a key at `moment`, one for each role that it had until then, granted first."""
        found = []
        for number, service in self._services.get(keyid, ()):
            said = _at(service, keyid, moment)
            if said is not None:
                entity, (period, status) = self.record.entities[number], said
                mark = entity.mark
                vkey = next(key for item in service.periods for key in item.keys if keyid_of(key) == keyid)
                found.append(
                    Standing(
                        entity=mark.id,
                        name=entity.name,
                        jurisdiction=mark.jurisdiction,
                        role=period.role,
                        scope=period.scope,
                        status=status,
                        since=period.StatusStartingTime,
                        listed_by=self.name,
                        vkey=vkey,
                    )
                )
        return tuple(sorted(found, key=lambda item: item.status != "granted"))

    def granted(self, moment: datetime, roles: Collection[ServiceRole]) -> tuple[Standing, ...]:
        """Return every key that is granted in one of these roles at `moment`; none after `NextUpdate`."""
        if moment > self.next_update:
            return ()
        found = (item for keyid in self._services for item in self.standings(keyid, moment))
        return tuple(item for item in found if item.role in roles and item.status == "granted")


def periods_until(service: EntityService, moment: datetime) -> tuple[Period, ...]:
    """Return the periods that had begun by a moment, oldest first: the last is the one that it falls into."""
    return tuple(period for period in service.periods if parse_time(period.StatusStartingTime) <= moment)


def _at(service: EntityService, keyid: str, moment: datetime) -> tuple[Period, State] | None:
    """Return the period at a moment; if the key is gone by then, the one that it is gone since."""
    begun = periods_until(service, moment)
    has = [keyid in map(keyid_of, period.keys) for period in begun]
    if not any(has):
        return None
    last = len(has) - 1 - has[::-1].index(True)
    return (begun[-1], begun[-1].status) if last == len(has) - 1 else (begun[last + 1], "replaced")


def standing(accepted: Accepted, keyid: str, moment: datetime, role: ServiceRole | None = None) -> Standing | None:
    """Return what the list says of a key at `moment` (in a role, else in the best one), or None if nothing.

    The moment is not compared with `NextUpdate`: `vouch` does that.
    """
    found = (item for item in accepted.standings(keyid, moment) if role in (None, item.role))
    return next(found, None)


def vouch(
    lists: Iterable[Accepted],
    keyid: str,
    *,
    said: datetime,
    by: datetime,
    roles: Collection[ServiceRole] = ("laboratory", "authority", "node"),
) -> Vouched:
    """Say whether a list vouches for a signature by a key.

    `said` is when the signer claims to have signed; `by` is when somebody trusted (a witness, one's own log) had seen
    it, or now if nobody has. The key must be granted at both, and the list must speak of `by`: who was withdrawn can
    still sign with a time from before. So an operator who replaces a sound key lets the old one stay on the list.
    """
    best = Vouched(False, "")
    for accepted in lists:
        for then in accepted.standings(keyid, said):
            if then.role not in roles:
                continue
            found = _vouched(accepted, keyid, then, by)
            if found.holds:
                return found
            best = best if best.standing else found
        if not best.standing:
            later = next((s for s in accepted.standings(keyid, max(said, by)) if s.role in roles), None)
            if later:
                text = _("{name} is on the trust list of {list}, but was not yet when this says it was signed.")
                best = Vouched(False, text.format(name=later.name, list=later.listed_by), later)
    return best


def _vouched(accepted: Accepted, keyid: str, then: Standing, by: datetime) -> Vouched:
    now = standing(accepted, keyid, by, then.role) or then
    words = {"name": then.name, "list": then.listed_by}
    if then.status != "granted":
        text = _("{name} was {status} on the trust list of {list} since {since}, when this says it was signed.")
        return Vouched(False, text.format(**words, status=then.status, since=then.since), then)
    if now.status != "granted":
        text = _(
            "{name} was granted on the trust list of {list} when this says it was signed, but is {status} since"
            " {since}, and no witness that you know had seen it by then."
        )
        return Vouched(False, text.format(**words, status=now.status, since=now.since), now)
    if by > accepted.next_update:
        text = _("{name} is on the trust list of {list}, which spoke until {until}: import the current one.")
        return Vouched(False, text.format(**words, until=format_time(accepted.next_update)), then)
    text = _("{name} ({role}) was granted on the trust list of {list} at the time, since {since}.")
    return Vouched(True, text.format(**words, role=then.role, since=then.since), then)


def seen_at(note: Note, cosigned: Collection[VerifierKey]) -> datetime | None:
    """Return when the first of the witnesses that cosigned (`proof.verify_proof` returns them) saw a checkpoint."""
    seconds: dict[tuple[str, bytes], int] = {}
    for signature in note.signatures:  # of several in one name, the first is the one that was verified
        seconds.setdefault((signature.name, signature.key_id), signature.seconds)
    times = [seconds[key.name, key.key_id] for key in cosigned]
    known = [time for time in times if 0 < time < _END_OF_TIME]
    return datetime.fromtimestamp(min(known), UTC) if known else None


def read_list(line: bytes, *, name: str = "trust list") -> Accepted:
    """Read a list that is sound in itself and signed by a threshold of the keys it names. Nobody has accepted it yet.

    Raises MalformedInput or LimitExceeded that begins with `name`, with all that is wrong in it.
    """
    if len(line) > MAX_LIST_BYTES:
        raise LimitExceeded("list-too-large", f"{name}: {len(line)} bytes", f"At most {MAX_LIST_BYTES} are read.")
    heard = hear(line, name=name)
    if heard.kind != KIND:
        raise _refused(name, "not-a-trust-list", f"a statement of another kind: {heard.kind or '?'}")
    record = heard.record(TrustList)
    wrong = [*mistakes(record), *hollow(heard.statement.predicate["LoTE"], "LoTE")]
    if wrong:
        raise _refused(name, "bad-trust-list", "\n".join(["it is not sound:", *wrong[:_SHOWN]]))
    if heard.subjects != (subject_digest(record),):
        raise _refused(name, "wrong-subject", "the statement is not about the list in it")
    found = Accepted(heard, record)
    _require_signed(found, found, name, "its own")
    return found


def accept(
    current: Accepted | None, line: bytes, pinned: Collection[str] = (), *, as_of: datetime | None = None
) -> Accepted:
    """Return the list in `line` if it may follow `current`; `current` itself if it is the same.

    Without a `current`, `pinned` says by whom it must be: hex keyids, as many as its threshold asks for, which all must
    be named in it and have signed it; or the `sha256:…` of the statement. `as_of` refuses a list that has expired by
    then; None is for one in the middle of a chain. Raises ListRefused with the reason, MalformedInput, LimitExceeded.
    """
    found = read_list(line)
    name = f"the list {found.record.sequence} of {found.name}"
    if current is None:
        _require_pinned(found, pinned, name)
    elif found.id == current.id:
        found = current
    else:
        _require_next(current, found, name)
        _require_signed(current, found, name, "the earlier list's")
        wrong = continuity(current.record, found.record)
        if wrong:
            raise _refused(name, "history-rewritten", "\n".join(["it rewrites what was said:", *wrong[:_SHOWN]]))
    if as_of is not None and as_of > found.next_update:
        raise _refused(name, "list-expired", f"it expired on {format_time(found.next_update)}")
    return found


def accept_all(
    current: Accepted | None, lines: Sequence[bytes], pinned: Collection[str] = (), *, as_of: datetime | None = None
) -> tuple[Accepted, ...]:
    """Accept lists of one operator one after the other and return them; those before `current` are passed over.

    Only the last must not have expired by `as_of`. Raises as `accept` does.
    """
    if not lines:
        raise ListRefused("no-trust-list", "there is no trust list in it", "Give the lists, one a line.")
    accepted: list[Accepted] = []
    for line in lines[:-1]:
        found = read_list(line)
        if current is None or found.record.sequence >= current.record.sequence:
            current = accept(current, line, pinned)
            accepted.append(current)
    return (*accepted, accept(current, lines[-1], pinned, as_of=as_of))


def continuity(old: TrustList, new: TrustList) -> list[str]:
    """Return every way in which `new` says something else than `old` about the time before `old` was issued."""
    issued = parse_time(old.information.ListIssueDateTime)
    wrong = []
    if parse_time(new.information.ListIssueDateTime) < issued:
        wrong.append(f"it was issued before the list that it follows ({format_time(issued)})")
    later = {entity.mark.id: entity.mark for entity in new.entities}
    for entity in old.entities:
        if entity.mark.id not in later:
            wrong.append(f"{entity.mark.id}: removed; set its status to withdrawn instead")
        elif later[entity.mark.id] != entity.mark:
            wrong.append(f"{entity.mark.id}: its jurisdiction was changed; list it under another id")
    before, after = _periods(old), _periods(new)
    wrong += [f"{name}: removed as {role}" for name, role in before if name in later and (name, role) not in after]
    for (name, role), periods in after.items():
        known = before.get((name, role), ())
        if periods[: len(known)] != known:
            wrong.append(f"{name}: its history as {role} is not what it was")
        elif any(parse_time(period.StatusStartingTime) < issued for period in periods[len(known) :]):
            wrong.append(f"{name}: as {role}, a period begins before the earlier list was issued")
    return wrong


def _periods(record: TrustList) -> dict[tuple[str, ServiceRole], tuple[Period, ...]]:
    return {
        (entity.mark.id, service.ServiceInformation.role): service.periods
        for entity in record.entities
        for service in entity.TrustedEntityServices
    }


def _require_pinned(found: Accepted, pinned: Collection[str], name: str) -> None:
    if found.id in pinned:
        return
    signers = found.record.signers
    if not pinned:
        keys = ", ".join(map(keyid_of, signers.keys))
        raise _refused(
            name,
            "not-pinned",
            f"no list of this operator is held yet; it is {found.id}, its keys are {keys}",
            "Compare them with what the operator published elsewhere, and name them.",
        )
    signed = {key.keyid for key in found.heard.keys} & {keyid_of(vkey) for vkey in signers.keys}
    strangers = sorted(set(pinned) - signed)
    if strangers:
        raise _refused(name, "not-pinned", f"it is not signed by a key of its own that is {strangers[0][:80]}")
    if len(set(pinned)) < signers.threshold:
        text = f"{signers.threshold} keys must sign it, and {len(set(pinned))} of them are pinned"
        raise _refused(name, "too-few-pins", text, "Pin as many keys as must sign, or the digest of the statement.")


def _require_next(current: Accepted, found: Accepted, name: str) -> None:
    held, new = current.record, found.record
    if subject_digest(new) != subject_digest(held):
        raise _refused(name, "another-list", f"it is not a list of {current.name}")
    if new.sequence < held.sequence:
        raise _refused(name, "rollback", f"list {held.sequence} is held already")
    if new.sequence == held.sequence:
        text = f"another list of this number is held: {current.id}; one of them was hidden from somebody"
        raise _refused(name, "two-lists", text, "Keep both, and ask the operator in public.")
    if new.sequence != held.sequence + 1:
        text = f"list {held.sequence} is held, list {held.sequence + 1} must come next"
        raise _refused(name, "wrong-sequence", text, "Give the lists between as well, in their order.")
    if new.signers.previous != current.id:
        raise _refused(name, "wrong-previous", f"it follows {new.signers.previous}, and {current.id} is held")


def _require_signed(by: Accepted, found: Accepted, name: str, whose: str) -> None:
    signers = by.record.signers
    n = len({keyid_of(vkey) for vkey in signers.keys} & {key.keyid for key in found.heard.keys})
    if n < signers.threshold:
        text = f"{n} of {whose} keys signed it, and {signers.threshold} must"
        raise _refused(name, "not-enough-signatures", text, "Ask the operator for the list with all signatures.")


def _refused(
    name: str, code: str, text: str, remedy: str = "Ask the operator for the list that follows."
) -> ListRefused:
    return ListRefused(code, f"{name}: {text}", remedy)
