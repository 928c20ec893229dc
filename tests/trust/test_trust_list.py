"""Trust lists: who may follow whom, and who stood how at which moment."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from accord.errors import AccordError, MalformedInput, UsageError
from accord.records.agreement import Scope
from accord.records.trust_list import EntityService, PostalAddress, TrustList
from accord.trust.ed25519 import SigningKey
from accord.trust.keys import local_name
from accord.trust.note import VerifierKey
from accord.trust.saying import say
from accord.trust.statement import subject
from accord.trust.trust_list import (
    Accepted,
    accept,
    accept_all,
    read_list,
    standing,
    subject_digest,
    vouch,
)
from accord.trust.trust_list_editing import (
    add_entity,
    add_service,
    change_service,
    first_list,
    next_list,
    renew,
    rotate,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
KEYS = [SigningKey.from_seed(bytes([n]) * 32) for n in range(40)]
A, B, C, D, E, F = KEYS[:6]
LAB, LAB2, OFFICE = KEYS[10:13]
ADDRESS = PostalAddress(lang="en", StreetAddress="Invalidenstr. 1", Locality="Berlin", Country="DE")


def vkey(key: SigningKey) -> str:
    return str(local_name(key.public))


def day(n: float) -> datetime:
    return START + timedelta(days=n)


def with_entity(record: TrustList, entity_id: str = "lab", **more) -> TrustList:
    return add_entity(
        record, f"The {entity_id}", entity_id, address=ADDRESS, email="a@b.example", uri="https://lab.example", **more
    )


def first(*keys: SigningKey, threshold: int = 2, days: int = 365) -> TrustList:
    record = first_list("Bundesamt", "DE", [vkey(key) for key in keys], threshold, days=days, at=START)
    return add_service(with_entity(record), "lab", "laboratory", [vkey(LAB)], since=START, at=START)


def signed(record: TrustList, *keys: SigningKey) -> bytes:
    return say(record, "trust-list", [subject(record.operator, subject_digest(record))], signers=keys, now=START)


def pin(*keys: SigningKey) -> tuple[str, ...]:
    return tuple(key.keyid for key in keys)


@pytest.fixture
def held() -> Accepted:
    return accept(None, signed(first(A, B, C), A, B), pin(A, B))


def refused(code: str, *arguments, **named) -> str:
    with pytest.raises(AccordError) as caught:
        accept(*arguments, **named)
    assert caught.value.code == code, caught.value
    assert caught.value.remedy
    return caught.value.message


# Who may follow whom.


def test_the_first_list_is_pinned_by_as_many_keys_as_must_sign(held):
    line = signed(first(A, B, C), A, B)
    assert accept(None, line, (read_list(line).id,)).record == held.record
    assert A.keyid in refused("not-pinned", None, line)
    refused("too-few-pins", None, line, pin(A))
    refused("not-pinned", None, line, pin(A, C))
    refused("not-pinned", None, line, pin(A, B, D))


def test_the_next_list_needs_a_threshold_of_the_old_and_of_the_new_keys(held):
    rotated = rotate(next_list(held, at=day(1)), [vkey(key) for key in (C, D, E)], 2)
    assert "the earlier list's" in refused("not-enough-signatures", held, signed(rotated, D, E))
    assert "its own" in refused("not-enough-signatures", held, signed(rotated, A, B))
    refused("not-enough-signatures", held, signed(rotated, C, D))
    after = accept(held, signed(rotated, A, C, D))
    later = next_list(after, at=day(2))
    refused("not-enough-signatures", after, signed(later, A, B, C))
    assert accept(after, signed(later, D, E)).record.sequence == 3


def test_one_key_counts_once_however_often_it_is_named(held):
    twice = str(VerifierKey("another.name/for-it", A.public))
    record = rotate(next_list(held, at=day(1)), [vkey(A), twice], 2)
    assert "the same key twice" in refused("bad-trust-list", held, signed(record, A, B))
    with pytest.raises(MalformedInput, match="named twice"):
        read_list(signed(next_list(held, at=day(1)), A, A))
    line = json.loads(signed(next_list(held, at=day(1)), A))
    line["signatures"] *= 2
    with pytest.raises(MalformedInput):
        accept(held, json.dumps(line).encode())


def test_rollback_forks_gaps_and_other_lists_are_told_apart(held):
    second = accept(held, signed(next_list(held, at=day(1)), A, B))
    third = accept(second, signed(next_list(second, at=day(2)), A, B))
    refused("rollback", third, second.heard.raw)
    refused("wrong-sequence", held, third.heard.raw)
    assert accept(third, third.heard.raw) is third
    other = signed(next_list(second, at=day(3)), B, C)
    assert "one of them was hidden" in refused("two-lists", third, other)
    forked = accept(held, signed(renew(next_list(held, at=day(1)), days=9, at=day(1)), A, B))
    refused("wrong-previous", second, signed(next_list(forked, at=day(2)), A, B))
    stranger = first_list("Somebody", "DE", [vkey(A)], 1, days=9, at=START)
    refused("another-list", held, signed(stranger, A))


def test_a_list_that_expired_is_refused_unless_another_follows(held):
    second = next_list(held, at=day(100), days=30)
    lines = [held.heard.raw, signed(second, A, B)]
    assert accept(None, lines[0], pin(A, B), as_of=day(365))
    assert "2027-01-01" in refused("list-expired", None, lines[0], pin(A, B), as_of=day(365.1))
    third = next_list(read_list(lines[1]), at=day(120), days=900)
    lines.append(signed(third, A, B))
    assert [item.record.sequence for item in accept_all(None, lines, pin(A, B), as_of=day(500))] == [1, 2, 3]
    with pytest.raises(MalformedInput, match="it expired on"):
        accept_all(None, lines[:2], pin(A, B), as_of=day(500))


def with_history(record: TrustList, *periods) -> TrustList:
    entity = record.entities[0]
    service = EntityService(ServiceInformation=periods[0], ServiceHistory=tuple(periods[1:]))
    lote = replace(record.LoTE, TrustedEntitiesList=(replace(entity, TrustedEntityServices=(service,)),))
    return replace(record, LoTE=lote)


def test_history_is_neither_removed_nor_rewritten(held):
    suspended = change_service(
        next_list(held, at=day(10)), "lab", "laboratory", status="suspended", since=day(9), at=day(10)
    )
    second = accept(held, signed(suspended, A, B))
    third = next_list(second, at=day(20))
    now, before = third.entities[0].TrustedEntityServices[0].periods[::-1]
    moved = replace(before, StatusStartingTime="2026-01-02T00:00:00Z")
    granted = replace(now, ServiceStatus=before.ServiceStatus, StatusStartingTime="2026-01-08T00:00:00Z")
    for forged, what in (
        (with_history(third, now), "not what it was"),
        (with_history(third, before), "not what it was"),
        (with_history(third, now, moved), "not what it was"),
        (with_history(third, now, granted, before), "not what it was"),
        (with_history(third, replace(now, ServiceDigitalIdentity=granted.ServiceDigitalIdentity)), "not what it was"),
        (replace(third, LoTE=replace(third.LoTE, TrustedEntitiesList=())), "removed"),
    ):
        assert what in refused("history-rewritten", second, signed(forged, A, B))
    backdated = change_service(third, "lab", "laboratory", status="granted", since=day(9.5), at=day(20))
    assert "begins before the earlier list" in refused("history-rewritten", second, signed(backdated, A, B))
    late = add_service(with_entity(third, "new"), "new", "authority", [vkey(OFFICE)], since=day(5), at=day(20))
    assert "begins before" in refused("history-rewritten", second, signed(late, A, B))
    restored = change_service(third, "lab", "laboratory", status="granted", since=day(11), at=day(20))
    assert accept(second, signed(restored, A, B))


# Who stood how at which moment.


def test_granted_withdrawn_granted_is_answered_for_every_moment(held):
    second = accept(
        held,
        signed(
            change_service(
                next_list(held, at=day(20)), "lab", "laboratory", status="withdrawn", since=day(10), at=day(20)
            ),
            A,
            B,
        ),
    )
    third = accept(
        second,
        signed(
            change_service(
                next_list(second, at=day(40)), "lab", "laboratory", status="granted", since=day(30), at=day(40)
            ),
            A,
            B,
        ),
    )
    assert standing(third, LAB.keyid, START - timedelta(seconds=1)) is None
    said = {n: standing(third, LAB.keyid, day(n)) for n in (0, 9.99, 10, 29.99, 30, 99)}
    assert [item.status for item in said.values()] == [
        "granted", "granted", "withdrawn", "withdrawn", "granted", "granted",
    ]  # fmt: skip
    assert said[10].since == "2026-01-11T00:00:00Z"
    assert (said[99].entity, said[99].role, said[99].jurisdiction) == ("lab", "laboratory", "DE")
    assert standing(third, OFFICE.keyid, day(5)) is None
    assert standing(third, LAB.keyid, day(5), "authority") is None

    def vouched(accepted, said, by):
        return vouch([accepted], LAB.keyid, said=day(said), by=day(by))

    assert vouched(held, 5, 15).holds, "this list does not know better yet"
    assert not vouched(second, 5, 15).holds, "it could have been signed with a time from before"
    assert "no witness" in vouched(second, 5, 15).reason
    assert vouched(second, 5, 6).holds, "a witness saw it in time"
    assert not vouched(second, 11, 12).holds
    assert not vouched(third, 15, 50).holds
    assert vouched(third, 35, 50).holds
    assert vouched(third, 5, 50).holds
    assert "The lab" in vouched(third, 35, 50).reason
    assert not vouched(third, -1, 50).holds
    assert "not yet" in vouched(third, -1, 50).reason
    assert vouch([third], F.keyid, said=day(1), by=day(2)).reason == ""
    assert not vouch([third], LAB.keyid, said=day(5), by=day(6), roles=("authority",)).holds


def test_an_expired_list_vouches_only_for_what_was_seen_before(held):
    late = vouch([held], LAB.keyid, said=day(5), by=day(366))
    assert not late.holds
    assert "spoke until 2027-01-01" in late.reason
    assert vouch([held], LAB.keyid, said=day(5), by=day(364)).holds


def test_a_key_that_is_replaced_is_told_from_one_that_is_added(held):
    both = change_service(
        next_list(held, at=day(10)), "lab", "laboratory", add_keys=[vkey(LAB2)], since=day(10), at=day(10)
    )
    second = accept(held, signed(both, A, B))
    assert standing(second, LAB.keyid, day(11)).status == "granted"
    assert standing(second, LAB2.keyid, day(9)) is None
    only = change_service(
        next_list(second, at=day(20)), "lab", "laboratory", drop_keyids=[LAB.keyid], since=day(20), at=day(20)
    )
    third = accept(second, signed(only, A, B))
    assert standing(third, LAB.keyid, day(21)).status == "replaced"
    assert standing(third, LAB.keyid, day(15)).status == "granted"
    assert not vouch([third], LAB.keyid, said=day(15), by=day(30)).holds
    assert vouch([third], LAB.keyid, said=day(15), by=day(16)).holds
    assert vouch([third], LAB2.keyid, said=day(15), by=day(30)).holds


def test_scope_and_role_are_those_of_the_moment(held):
    narrow = Scope(measures=("fairness.base_rate",))
    record = change_service(next_list(held, at=day(10)), "lab", "laboratory", scope=narrow, since=day(10), at=day(10))
    record = add_service(record, "lab", "authority", [vkey(LAB)], since=day(10), at=day(10))
    second = accept(held, signed(record, A, B))
    assert standing(second, LAB.keyid, day(9)).scope == Scope()
    assert standing(second, LAB.keyid, day(11), "laboratory").scope == narrow
    assert {item.role for item in second.standings(LAB.keyid, day(11))} == {"laboratory", "authority"}


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (
            lambda r: change_service(r, "no", "laboratory", status="withdrawn", since=day(9), at=day(9)),
            "no-such-entity",
        ),
        (lambda r: change_service(r, "lab", "node", status="withdrawn", since=day(9), at=day(9)), "no-such-service"),
        (
            lambda r: change_service(r, "lab", "laboratory", status="granted", since=day(9), at=day(9)),
            "nothing-changes",
        ),
        (lambda r: change_service(r, "lab", "laboratory", status="withdrawn", since=START, at=day(9)), "not-later"),
        (lambda r: change_service(r, "lab", "laboratory", drop_keyids=["ab"], since=day(9), at=day(9)), "no-such-key"),
        (lambda r: add_service(r, "lab", "laboratory", [vkey(LAB2)], since=day(9), at=day(9)), "service-exists"),
        (with_entity, "entity-exists"),
    ],
)
def test_a_step_that_makes_no_sense_is_refused(held, step, code):
    with pytest.raises(UsageError) as caught:
        step(next_list(held, at=day(9)))
    assert caught.value.code == code


# A world that goes on: random changes, random signers; the model knows nothing of periods.

NAMES = ("one", "two")
OWN = {name: KEYS[20 + 5 * n : 25 + 5 * n] for n, name in enumerate(NAMES)}


class Lists(RuleBasedStateMachine):
    """The model: for each list that was accepted, what it says of every key at every whole hour until it was issued."""

    @initialize()
    def begin(self):
        record = first_list("Bundesamt", "DE", [vkey(A), vkey(B), vkey(C)], 2, days=3650, at=START)
        self.hour = 0
        self.signers, self.threshold = {A, B, C}, 2
        self.timeline = {name: [] for name in NAMES}
        for name in NAMES:
            record = add_service(
                with_entity(record, name), name, "laboratory", [vkey(OWN[name][0])], since=START, at=START
            )
            self.timeline[name].append((0, "granted", {OWN[name][0].keyid}))
        self.lists = [accept(None, signed(record, A, B), pin(A, B))]
        self.draft(0)

    def now(self):
        return START + timedelta(hours=self.hour)

    def draft(self, hours):
        self.hour += hours
        self.record = next_list(self.lists[-1], at=self.now())
        self.pending = {name: list(periods) for name, periods in self.timeline.items()}
        self.next_signers, self.next_threshold = set(self.signers), self.threshold

    @rule(
        name=st.sampled_from(NAMES),
        status=st.sampled_from(("granted", "suspended", "withdrawn", None)),
        add=st.integers(0, 4),
        drop=st.integers(0, 4),
        back=st.integers(0, 3),
    )
    def change(self, name, status, add, drop, back):
        _, state, keys = self.pending[name][-1]
        added, dropped = OWN[name][add].keyid, OWN[name][drop].keyid
        add_keys = [] if added in keys else [added]
        drops = [dropped] if dropped in keys and len(keys) > 1 else []
        issued = int((self.lists[-1].issued - START) / timedelta(hours=1))
        since = max(issued, self.hour - back)
        after = (keys | set(add_keys)) - set(drops)
        if since <= self.pending[name][-1][0] or ((status or state) == state and after == keys):
            return
        self.record = change_service(
            self.record,
            name,
            "laboratory",
            status=status,
            add_keys=[vkey(OWN[name][add])] if add_keys else [],
            drop_keyids=drops,
            since=START + timedelta(hours=since),
            at=self.now(),
        )
        self.pending[name].append((since, status or state, after))

    @rule(keys=st.sets(st.sampled_from((A, B, C, D, E, F)), min_size=1), threshold=st.integers(1, 3))
    def rotate(self, keys, threshold):
        self.next_signers, self.next_threshold = keys, min(threshold, len(keys))
        self.record = rotate(self.record, [vkey(key) for key in keys], self.next_threshold)

    @rule(by=st.sets(st.sampled_from((A, B, C, D, E, F)), min_size=1), hours=st.integers(1, 5))
    def publish(self, by, hours):
        enough = len(by & self.signers) >= self.threshold and len(by & self.next_signers) >= self.next_threshold
        try:
            accepted = accept(self.lists[-1], signed(self.record, *by))
        except AccordError as error:
            assert error.code == "not-enough-signatures"
            assert not enough
            return
        assert enough
        self.lists.append(accepted)
        self.timeline, self.signers, self.threshold = self.pending, self.next_signers, self.next_threshold
        self.draft(hours)

    @precondition(lambda self: len(self.lists) > 1)
    @rule(number=st.integers(0, 9))
    def roll_back(self, number):
        old = self.lists[number % (len(self.lists) - 1)]
        with pytest.raises(MalformedInput) as caught:
            accept(self.lists[-1], old.heard.raw)
        assert caught.value.code == "rollback"

    @rule(name=st.sampled_from(NAMES))
    def forget(self, name):
        """Everybody signs, and yet nobody can be taken off the list."""
        left = tuple(entity for entity in self.record.entities if entity.mark.id != name)
        forged = replace(self.record, LoTE=replace(self.record.LoTE, TrustedEntitiesList=left))
        with pytest.raises(MalformedInput) as caught:
            accept(self.lists[-1], signed(forged, *{*self.signers, *self.next_signers}))
        assert caught.value.code == "history-rewritten"

    @invariant()
    def every_list_agrees_with_the_model_and_with_those_before(self):
        if not getattr(self, "lists", None):
            return
        last = self.lists[-1]
        for hour in range(-1, self.hour + 1):
            moment = START + timedelta(hours=hour, minutes=30)
            for name in NAMES:
                begun = [period for period in self.timeline[name] if period[0] <= hour]
                for key in OWN[name]:
                    said = standing(last, key.keyid, moment)
                    had = [keyid for _, _, keys in begun for keyid in keys]
                    if key.keyid not in had:
                        assert said is None
                    elif key.keyid in begun[-1][2]:
                        assert said.status == begun[-1][1]
                    else:
                        assert said.status == "replaced"
                    for earlier in self.lists[:-1]:
                        if moment < earlier.issued:
                            assert standing(earlier, key.keyid, moment) == said


TestLists = Lists.TestCase
TestLists.settings = settings(
    max_examples=25, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
)
