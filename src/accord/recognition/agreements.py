"""Agreements between jurisdictions as edges of a graph: who recognises whom, for what, in which state at a moment.

An edge follows from statements alone: one that makes the agreement, one that accepts it, one that ends it, and the
trust lists that say who was an authority when. Nobody stores its state.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal, TypeVar

from ..errors import AccordError, UsageError
from ..frameworks.jurisdictions import INTERNATIONAL, applies_in
from ..i18n import _
from ..records import is_day
from ..records.agreement import Agreement, AgreementAcceptance, AgreementEnd, Scope
from ..records.measurement import Record
from ..records.said import Revocation
from ..records.trust_list import ServiceRole
from ..trust.canonical import digest
from ..trust.policy import parse_policy
from ..trust.saying import Heard
from ..trust.statement import Named, parse_time, subject
from ..trust.trust_list import Accepted, Vouched, vouch
from ..trust.trust_list_form import JURISDICTION

State = Literal["proposed", "in_force", "not_yet", "lapsed", "ended", "invalid"]
BEACON_BYTES = 32
AUTHORITY: tuple[ServiceRole, ...] = ("authority",)
"""The role on a trust list of those who make and end agreements, and decide."""

R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Edge:
    """An agreement (`digest` names its statement) and its state at a moment, with the reason in words.

    `ended` is when an end took or takes effect, "" if nobody ended it. `agreement` is null if it can't be read.
    """

    digest: str
    state: State
    reason: str
    agreement: Agreement | None = None
    ended: str = ""

    @property
    def recognises(self) -> str:
        """The jurisdiction that the edge leads from: what was measured there counts here."""
        return self.agreement.recognises if self.agreement else ""

    @property
    def of(self) -> str:
        """The jurisdiction that it leads to: whose bodies are recognised."""
        return self.agreement.of if self.agreement else ""


def agreement_subject(agreement: Agreement) -> Named:
    """Return what the statement of an agreement is about: its two sides and its id."""
    return subject(agreement.id, digest(["accord/agreement", agreement.recognises, agreement.of, agreement.id]))


def agreement_mistakes(agreement: Agreement) -> list[str]:
    """Return everything that keeps an agreement from ever being in force, each with its field."""
    wrong = []
    if not agreement.id.strip():
        wrong.append("id: it needs one")
    for name, code in (("recognises", agreement.recognises), ("of", agreement.of)):
        if not JURISDICTION.fullmatch(code):
            wrong.append(f"{name}: {code[:20]!r} is no jurisdiction; write DE, EU or INT")
    if agreement.recognises == agreement.of:
        wrong.append("of: a jurisdiction needs no agreement with itself")
    days = agreement.valid_from, agreement.valid_until
    wrong += [f"{day[:20]!r} is not a day, written YYYY-MM-DD" for day in days if not is_day(day)]
    if all(map(is_day, days)) and days[0] > days[1]:
        wrong.append("valid_until: it is before valid_from")
    conditions = agreement.conditions
    if not 0 <= conditions.check_test_rate <= 1:
        wrong.append("conditions.check_test_rate: it is a share, from 0 to 1")
    if conditions.max_age_days is not None and conditions.max_age_days < 1:
        wrong.append("conditions.max_age_days: it is at least 1")
    if conditions.witnesses:
        try:
            parse_policy(conditions.witnesses.encode("utf-8", "surrogateescape"), name="conditions.witnesses")
        except (AccordError, UnicodeError) as error:
            wrong.append(error.message if isinstance(error, AccordError) else "conditions.witnesses: not text")
    return wrong


def edges_at(
    statements: Iterable[Heard],
    lists: Sequence[Accepted],
    moment: datetime,
    *,
    seen: Mapping[str, datetime] | None = None,
    now: datetime | None = None,
) -> tuple[Edge, ...]:
    """Return every agreement among `statements` that was made until `moment`, in its state then.

    Kinds other than agreements, their acceptances, ends and revocations are passed over. `lists` are the current trust
    lists; `seen` says of a statement's digest when somebody trusted (a witness, one's own node) had first seen it.
    Of what nobody has seen before `now`, an authority that lost its standing since then vouches for nothing: it could
    have been written today.
    """
    return _Reading(statements, lists, moment, seen or {}, now or datetime.now(UTC)).edges()


class _Reading:
    """The statements until a moment, by what they say of which agreement."""

    def __init__(
        self,
        statements: Iterable[Heard],
        lists: Sequence[Accepted],
        moment: datetime,
        seen: Mapping[str, datetime],
        now: datetime,
    ) -> None:
        self.lists, self.moment, self.seen, self.now = lists, moment, seen, now
        self.made: dict[str, Heard] = {}
        self.acceptances: dict[str, list[Heard]] = {}
        self.ends: dict[str, list[tuple[Heard, AgreementEnd]]] = {}
        self.revocations: dict[str, list[tuple[Heard, Revocation]]] = {}
        for heard in {item.id: item for item in statements}.values():
            self._sort(heard)

    def _sort(self, heard: Heard) -> None:
        said = _time(heard.created)
        if said is None or said > self.moment:
            return
        if heard.kind == "agreement":
            self.made[heard.id] = heard
        elif heard.kind == "agreement-acceptance" and (acceptance := _record(heard, AgreementAcceptance)):
            self.acceptances.setdefault(acceptance.agreement, []).append(heard)
        elif heard.kind == "agreement-end" and (end := _record(heard, AgreementEnd)):
            self.ends.setdefault(end.agreement, []).append((heard, end))
        elif heard.kind == "revocation" and (revocation := _record(heard, Revocation)):
            self.revocations.setdefault(revocation.target, []).append((heard, revocation))

    def edges(self) -> tuple[Edge, ...]:
        found = [self._edge(heard) for heard in self.made.values()]
        return tuple(sorted(found, key=lambda edge: (edge.recognises, edge.of, edge.digest)))

    def _edge(self, heard: Heard) -> Edge:
        try:
            agreement = heard.record(Agreement)
        except AccordError as error:
            return Edge(heard.id, "invalid", error.message)
        ended, why = self._ended(heard, agreement)
        state, reason = self._state(heard, agreement, ended, why)
        return Edge(heard.id, state, reason, agreement, ended.strftime("%Y-%m-%dT%H:%M:%SZ") if ended else "")

    def _state(self, heard: Heard, agreement: Agreement, ended: datetime | None, why_ended: str) -> tuple[State, str]:
        wrong = agreement_mistakes(agreement)
        if wrong:
            return "invalid", "; ".join(wrong)
        made = self._authority(heard, agreement.recognises)
        if not made.holds:
            text = _("No authority of {code} that you know made it. {why}")
            return "invalid", text.format(code=agreement.recognises, why=made.reason).strip()
        if ended and ended <= self.moment:
            return "ended", why_ended
        today = self.moment.astimezone(UTC).date()
        until = _time(heard.valid_until)
        if today > date.fromisoformat(agreement.valid_until) or until is None or self.moment > until:
            return "lapsed", _("It was valid until {day}.").format(day=agreement.valid_until)
        accepted = [self._authority(item, agreement.of) for item in self.acceptances.get(heard.id, ())]
        if not any(item.holds for item in accepted):
            why = accepted[0].reason if accepted else ""
            text = _("No authority of {code} that you know has accepted it. {why}")
            return "proposed", text.format(code=agreement.of, why=why).strip()
        if today < date.fromisoformat(agreement.valid_from):
            return "not_yet", _("It is valid from {day} on.").format(day=agreement.valid_from)
        return "in_force", next(item.reason for item in accepted if item.holds)

    def _ended(self, heard: Heard, agreement: Agreement) -> tuple[datetime | None, str]:
        """Return when it ended, or will: ends by either side, or who signed it, or an acceptance, takes that back.

        No end reaches back before it was said: what was recognised until then stays recognised. An end whose time
        can't be read holds from when it was said. An end is for good: its revocation is passed over.
        """
        sides = (agreement.recognises, agreement.of)
        found = []
        for item, end in self.ends.get(heard.id, ()):
            who = next((code for code in sides if self._authority(item, code).holds), None)
            if who:
                found.append((_effective(item, end.effective), _("{who} ended it: {reason}"), who, end.reason))
        for target in (heard, *self.acceptances.get(heard.id, ())):
            for item, revocation in self.revocations.get(target.id, ()):
                if {key.keyid for key in item.keys} & {key.keyid for key in target.keys}:
                    whose = agreement.recognises if target is heard else agreement.of
                    if self._authority(target, whose).holds:
                        text = _("{who} took it back: {reason}")
                        found.append((_effective(item, revocation.effective), text, whose, revocation.reason))
        if not found:
            return None, ""
        when, text, who, reason = min(found, key=lambda item: item[0])
        return when, text.format(who=who, reason=reason)

    def _authority(self, heard: Heard, code: str) -> Vouched:
        return authority_of(heard, code, self.lists, by=self.seen.get(heard.id, self.now), otherwise=self.now)


def authority_of(
    heard: Heard, code: str, lists: Sequence[Accepted], *, by: datetime, otherwise: datetime | None = None
) -> Vouched:
    """Say whether an authority of `code` signed: granted as such in a list that reaches that jurisdiction.

    `by` is when somebody trusted had seen it, or now; `otherwise` is when it was said, if it does not say.
    """
    said = _time(heard.created) or otherwise or by
    best = Vouched(False, "")
    for accepted in lists:
        whose = accepted.record.jurisdiction
        if whose != INTERNATIONAL and not applies_in(whose, code):
            continue
        for key in heard.keys:
            found = vouch([accepted], key.keyid, said=said, by=by, roles=AUTHORITY)
            if found.standing and found.standing.jurisdiction == code:
                if found.holds:
                    return found
                best = found
    return best


def outside(
    scope: Scope,
    *,
    framework: str | None = None,
    measure: str | None = None,
    inspector: str | None = None,
    part: str | None = None,
    sector: str | None = None,
) -> str | None:
    """Return the first field of a scope that does not cover what is named, or None if all do.

    What is None is not asked. "" is what nobody knows: a bound does not cover it.
    """
    asked = {
        "frameworks": framework,
        "measures": measure,
        "inspectors": inspector,
        "parts": part,
        "sectors": sector,
    }
    for name, value in asked.items():
        bound: tuple[str, ...] = getattr(scope, name)
        if value is not None and bound and value not in bound:
            return name
    return None


def covers(
    scope: Scope,
    *,
    framework: str | None = None,
    measure: str | None = None,
    inspector: str | None = None,
    part: str | None = None,
    sector: str | None = None,
) -> bool:
    """Whether a scope covers what is named: `outside` says which field does not."""
    return outside(scope, framework=framework, measure=measure, inspector=inspector, part=part, sector=sector) is None


def check_test_due(agreement: Agreement, statement_id: str, beacon: bytes) -> bool:
    """Whether a result that the agreement recognises is to be tested again, at the rate that was agreed.

    `beacon` is the root hash (32 bytes) of a checkpoint of the recognising side's own log, made after it had logged
    the statement and, after that, a statement of its own. Whoever measured has signed by then, and can't foresee the
    root: the salt in that later statement is not theirs. And unlike a secret, which only its holder can check, the
    root is public and witnessed: anybody can draw again and see that nobody was spared, or picked. Everybody gets the
    same answer from the same root. Raises UsageError for a beacon of another length.
    """
    if len(beacon) != BEACON_BYTES:
        raise UsageError("bad-beacon", f"a root hash has {BEACON_BYTES} bytes, this {len(beacon)}", "Take a root hash.")
    drawn = hashlib.sha256(
        b"\n".join((b"accord/check-test", agreement_key(agreement), statement_id.encode("utf-8", "replace"), beacon))
    ).digest()
    return int.from_bytes(drawn[:8], "big") < int(agreement.conditions.check_test_rate * 2**64)


def agreement_key(agreement: Agreement) -> bytes:
    """Return the digest of an agreement's sides and id, as its statement names them."""
    return agreement_subject(agreement).digest["sha256"].encode()


def _effective(heard: Heard, text: str) -> datetime:
    said = _time(heard.created) or datetime.min.replace(tzinfo=UTC)
    when = _time(f"{text}T00:00:00Z" if is_day(text) else text)
    return max(said, when) if when else said


def _time(text: str) -> datetime | None:
    try:
        return parse_time(text)
    except AccordError:
        return None


def _record(heard: Heard, kind: type[R]) -> R | None:
    try:
        return heard.record(kind)
    except AccordError:
        return None
