"""Trust lists: their shape against ETSI's names, who may follow whom, and who stood how at which moment."""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from accord.errors import AccordError, LimitExceeded, MalformedInput, UsageError
from accord.records import from_json, to_builtins, to_json
from accord.records.agreement import Scope
from accord.records.trust_list import EntityService, PostalAddress, TrustList
from accord.trust.checking import check
from accord.trust.ed25519 import SigningKey
from accord.trust.keys import KeyStore, KnownKey, Trust, local_name
from accord.trust.note import COSIGNATURE, Note, NoteSignature, VerifierKey
from accord.trust.proof import LogProof
from accord.trust.saying import say
from accord.trust.statement import subject
from accord.trust.trust_list import (
    MAX_LIST_BYTES,
    Accepted,
    accept,
    accept_all,
    continuity,
    read_list,
    seen_at,
    standing,
    subject_digest,
    vouch,
)
from accord.trust.trust_list_draft import all_mistakes, join, line_of, propose, read_draft, share, write_draft
from accord.trust.trust_list_editing import (
    add_entity,
    add_service,
    change_service,
    first_list,
    next_list,
    point_to,
    renew,
    rotate,
)
from accord.trust.trust_list_form import mistakes
from accord.trust.trust_list_shelf import Shelf

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


# ETSI's 1960201_json_schema.json (TS 119 602 V1.1.1), as far as a list of ours uses it: what each object must and may
# have. `*` holds for every element of an array; what extends the model is of any shape there.
LOTE = {
    "": ({"LoTE"}, set()),
    "LoTE": ({"ListAndSchemeInformation"}, {"TrustedEntitiesList"}),
    "ListAndSchemeInformation": (
        {"LoTEVersionIdentifier", "LoTESequenceNumber", "SchemeOperatorName", "ListIssueDateTime", "NextUpdate"},
        {
            "LoTEType", "SchemeOperatorAddress", "SchemeName", "SchemeInformationURI", "StatusDeterminationApproach",
            "SchemeTypeCommunityRules", "SchemeTerritory", "PolicyOrLegalNotice", "HistoricalInformationPeriod",
            "PointersToOtherLoTE", "DistributionPoints", "SchemeExtensions",
        },
    ),
    "SchemeOperatorName": ({"lang", "value"}, set()),
    "PointersToOtherLoTE": ({"LoTELocation", "ServiceDigitalIdentities", "LoTEQualifiers"}, set()),
    "LoTEQualifiers": (
        {"LoTEType", "SchemeOperatorName", "MimeType"}, {"SchemeTypeCommunityRules", "SchemeTerritory"},
    ),
    "TrustedEntitiesList": ({"TrustedEntityInformation", "TrustedEntityServices"}, set()),
    "TrustedEntityInformation": (
        {"TEName", "TEAddress", "TEInformationURI"}, {"TETradeName", "TEInformationExtensions"},
    ),
    "TEName": ({"lang", "value"}, set()),
    "TEAddress": ({"TEPostalAddress", "TEElectronicAddress"}, set()),
    "TEPostalAddress": (
        {"lang", "StreetAddress", "Country"}, {"Locality", "StateOrProvince", "PostalCode"},
    ),
    "TEElectronicAddress": ({"lang", "uriValue"}, set()),
    "TEInformationURI": ({"lang", "uriValue"}, set()),
    "TrustedEntityServices": ({"ServiceInformation"}, {"ServiceHistory"}),
    "ServiceInformation": (
        {"ServiceName", "ServiceDigitalIdentity"},
        {
            "ServiceTypeIdentifier", "ServiceStatus", "StatusStartingTime", "SchemeServiceDefinitionURI",
            "ServiceSupplyPoints", "ServiceDefinitionURI", "ServiceInformationExtensions",
        },
    ),
    "ServiceHistory": (
        {"ServiceName", "ServiceDigitalIdentity", "ServiceStatus", "StatusStartingTime"},
        {"ServiceTypeIdentifier", "ServiceInformationExtensions"},
    ),
    "ServiceName": ({"lang", "value"}, set()),
    "ServiceDigitalIdentity": (
        set(), {"X509Certificates", "X509SubjectNames", "PublicKeyValues", "X509SKIs", "OtherIds"},
    ),
}  # fmt: skip
LOTE["ServiceDigitalIdentities"] = LOTE["ServiceDigitalIdentity"]
NUMBERS = {"LoTEVersionIdentifier", "LoTESequenceNumber", "HistoricalInformationPeriod"}
ANY = {"SchemeExtensions", "TEInformationExtensions", "ServiceInformationExtensions"}


def follow(value: object, name: str) -> None:
    """Compare JSON with the table above."""
    if name in ANY:
        assert isinstance(value, list)
        assert value
    elif isinstance(value, dict):
        must, may = LOTE[name]
        assert must <= value.keys() <= must | may, name
        for key, inner in value.items():
            follow(inner, key)
    elif isinstance(value, list):
        assert value, f"{name}: minItems 1"
        for inner in value:
            follow(inner, name)
    else:
        assert isinstance(value, int if name in NUMBERS else str), name
        assert value != "", name


def test_a_list_has_the_names_and_nesting_of_etsi(held):
    record = next_list(held, at=day(10))
    record = change_service(record, "lab", "laboratory", status="suspended", since=day(10), at=day(10))
    record = point_to(record, "https://ke.example/list", "Kenya Bureau", "KE", [vkey(D)])
    line = signed(record, A, C)
    accept(held, line)
    payload = json.loads(b64decode(json.loads(line)["payload"]))
    lote = {"LoTE": payload["predicate"]["LoTE"]}
    follow(lote, "")
    service = lote["LoTE"]["TrustedEntitiesList"][0]["TrustedEntityServices"][0]
    assert [item["ServiceStatus"] for item in service["ServiceHistory"]] == ["urn:accord:status:granted"]
    assert service["ServiceInformation"]["StatusStartingTime"] == "2026-01-11T00:00:00Z"
    assert lote["LoTE"]["ListAndSchemeInformation"]["SchemeTerritory"] == "DE"
    assert from_json(to_json(record), TrustList) == record


@pytest.mark.parametrize("jurisdiction", ["INT", "AFU", "ASEAN"])
def test_a_jurisdiction_that_etsi_has_no_room_for_leaves_the_territory_out(jurisdiction):
    record = first_list("Union", jurisdiction, [vkey(A)], 1, days=30, at=START)
    assert mistakes(record) == []
    assert "SchemeTerritory" not in to_builtins(record)["LoTE"]["ListAndSchemeInformation"]
    assert accept(None, signed(record, A), pin(A)).record.jurisdiction == jurisdiction


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


# What is not sound.

LOW_ORDER = "accord.local/x+" + "00000000+AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"


def broken(record: TrustList, path: str, value: object) -> bytes:
    """Return the record as JSON, with what stands at the path replaced, or gone."""
    plain = json.loads(to_json(record))
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    place = plain
    for step in way:
        place = place[step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return json.dumps(plain).encode()


INFORMATION = "LoTE.ListAndSchemeInformation"
SIGNERS = f"{INFORMATION}.SchemeExtensions.0.AccordSigners"
ENTITY = "LoTE.TrustedEntitiesList.0"
MARK = f"{ENTITY}.TrustedEntityInformation.TEInformationExtensions.0.AccordEntity"
SERVICE = f"{ENTITY}.TrustedEntityServices.0.ServiceInformation"


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (f"{INFORMATION}.LoTESequenceNumber", 0, "LoTESequenceNumber"),
        (f"{INFORMATION}.LoTEVersionIdentifier", 2, "version 2"),
        (f"{INFORMATION}.LoTEType", "urn:other", "urn:other"),
        (f"{INFORMATION}.HistoricalInformationPeriod", 5, "never removed"),
        (f"{INFORMATION}.SchemeOperatorName", [], "SchemeOperatorName"),
        (f"{INFORMATION}.SchemeTerritory", "FR", "SchemeTerritory"),
        (f"{INFORMATION}.NextUpdate", "2025-12-31T00:00:00Z", "NextUpdate"),
        (f"{INFORMATION}.NextUpdate", "soon", "times in UTC"),
        (f"{SIGNERS}.threshold", 4, "4 of 3"),
        (f"{SIGNERS}.threshold", 0, "0 of 3"),
        (f"{SIGNERS}.keys", [], "between 1 and"),
        (f"{SIGNERS}.keys.0", LOW_ORDER, "small order"),
        (f"{SIGNERS}.keys.0", "no key", "name+id+key"),
        (f"{SIGNERS}.previous", "sha256:" + "0" * 64, "previous"),
        (f"{SIGNERS}.jurisdiction", "de", "no jurisdiction"),
        (f"{MARK}.id", "a b", "can't be an id"),
        (f"{MARK}.jurisdiction", "Germany", "no jurisdiction"),
        (f"{ENTITY}.TrustedEntityServices", [], "at least one service"),
        (f"{ENTITY}.TrustedEntityInformation.TEInformationURI.0.uriValue", "lab", "not a URI"),
        (f"{ENTITY}.TrustedEntityInformation.TEName.0.value", " ", "TEName"),
        (f"{SERVICE}.StatusStartingTime", "2026-01-02T00:00:00Z", "after the list was issued"),
        (f"{SERVICE}.StatusStartingTime", "now", "not a time"),
        (f"{SERVICE}.ServiceDigitalIdentity.OtherIds.0", LOW_ORDER, "small order"),
        (f"{SERVICE}.ServiceDigitalIdentity.OtherIds.0", vkey(LAB)[:-1] + "A", "verifier key"),
        (f"{SERVICE}.ServiceTypeIdentifier", "urn:accord:service:witness", "not for witness"),
    ],
)
def test_every_mistake_is_named_with_its_place(path, value, named):
    record = from_json(broken(first(A, B, C), path, value), TrustList)
    found = mistakes(record)
    assert any(named in text for text in found), found
    if not path.startswith(SIGNERS):
        assert named in refused("bad-trust-list", None, signed(record, A, B), pin(A, B))


def test_periods_follow_each_other(held):
    record = change_service(
        next_list(held, at=day(10)), "lab", "laboratory", status="suspended", since=day(9), at=day(10)
    )
    now, before = record.entities[0].TrustedEntityServices[0].periods[::-1]
    assert mistakes(with_history(record, now, before)) == []
    for wrong in ((before, now), (now, replace(before, StatusStartingTime=now.StatusStartingTime))):
        assert any("begins after the one before" in text for text in mistakes(with_history(record, *wrong)))
    other = replace(before, ServiceTypeIdentifier="urn:accord:service:node")
    assert any("another role" in text for text in mistakes(with_history(record, now, other)))


def test_all_mistakes_are_named_at_once():
    record = from_json(broken(first(A, B, C), f"{SIGNERS}.threshold", 9), TrustList)
    record = with_entity(from_json(broken(record, f"{MARK}.id", "?"), TrustList), "other")
    message = refused("bad-trust-list", None, signed(record, A, B), pin(A, B))
    assert all(text in message for text in ("9 of 3", "can't be an id", "at least one service"))


def test_a_key_belongs_to_one_entity():
    record = add_service(with_entity(first(A, B), "other"), "other", "node", [vkey(LAB)], since=START, at=START)
    assert "a key of lab" in refused("bad-trust-list", None, signed(record, A, B), pin(A, B))


def test_other_statements_and_altered_lines_are_refused(held):
    line = held.heard.raw
    record = first(A, B, C)
    other = say(record, "trust-list", [subject("x", "sha256:" + "0" * 64)], signers=(A, B))
    refused("wrong-subject", None, other, pin(A, B))
    with pytest.raises(LimitExceeded):
        read_list(b" " * (MAX_LIST_BYTES + 1))
    for forged in (b"", b"{}", b"[]", b"\xff", line[:-1], line.replace(b'"sig":"', b'"sig":"A', 1), line + b"\n"):
        with pytest.raises(AccordError):
            accept(None, forged, pin(A, B))
    for path in (f"{INFORMATION}.SchemeExtensions", f"{ENTITY}.TrustedEntityServices", f"{SERVICE}.ServiceStatus"):
        with pytest.raises(AccordError):
            from_json(broken(record, path, None), TrustList)


@given(position=st.integers(min_value=0), byte=st.integers(min_value=0, max_value=255))
@settings(deadline=None, max_examples=60)
def test_no_byte_of_a_list_can_change(position, byte):
    line = bytearray(signed(first(A, B), A, B))
    place = position % len(line)
    if line[place] == byte:
        return
    line[place] = byte
    with pytest.raises(AccordError):
        accept(None, bytes(line), pin(A, B))


# Drafts, and where lists are kept.


def test_several_people_sign_copies_of_one_draft(held, tmp_path):
    record = rotate(next_list(held, at=day(1)), [vkey(key) for key in (B, C, D)], 2)
    with pytest.raises(UsageError, match="earlier"):
        propose(record, [D.public, C.public], held)
    draft = propose(record, [A.public, B.public, D.public], held)
    copies = []
    for number, key in enumerate((A, B, D)):
        path = tmp_path / f"{number}.json"
        write_draft(path, share(draft, key))
        copies.append(read_draft(path))
    assert copies[0].missing == (B.keyid, D.keyid)
    with pytest.raises(UsageError, match="signatures are missing"):
        line_of(copies[0])
    with pytest.raises(UsageError, match="signed already"):
        share(copies[0], A)
    with pytest.raises(UsageError, match="not among"):
        share(copies[0], C)
    whole = join(copies)
    assert whole.record == record
    assert accept(held, line_of(whole)).record == record
    assert accept(held, line_of(whole)).heard.valid_until == record.information.NextUpdate
    wrong = replace(whole, shares=(replace(whole.shares[0], sig=whole.shares[1].sig), *whole.shares[1:]))
    with pytest.raises(MalformedInput, match="is false"):
        line_of(wrong)
    with pytest.raises(UsageError, match="not drafts of the same list"):
        join([copies[0], propose(record, [A.public, B.public, D.public], held)])


def test_a_draft_is_refused_before_anybody_signs(held):
    record = next_list(held, at=day(1))
    assert all_mistakes(record, held) == []
    assert all_mistakes(next_list(accept(held, signed(record, A, B)), at=day(2)), held) != []
    bad = with_entity(record, "empty")
    with pytest.raises(MalformedInput, match="at least one service"):
        propose(bad, [A.public, B.public], held)
    gone = replace(record, LoTE=replace(record.LoTE, TrustedEntitiesList=()))
    assert "removed" in continuity(held.record, gone)[0]


@pytest.mark.parametrize(
    "text",
    [b"", b"{}", b"[]", b"null", b"\xff", b'{"payload":"AAAA"}', b'{"payload":"e30=","shares":[]}',
     b'{"editing":{},"payload":""}'],
)  # fmt: skip
def test_a_damaged_draft_is_named(tmp_path, text):
    path = tmp_path / "draft.json"
    path.write_bytes(text)
    with pytest.raises(AccordError):
        found = read_draft(path)
        _ = (found.record, found.keys)


def test_the_shelf_keeps_every_number(held, tmp_path):
    shelf = Shelf(tmp_path / "lists")
    assert shelf.current() == ()
    second = signed(next_list(held, at=day(1)), A, B)
    with pytest.raises(MalformedInput) as caught:
        shelf.take([held.heard.raw])
    assert caught.value.code == "not-pinned"
    assert [item.record.sequence for item in shelf.take([held.heard.raw], pin(A, B))] == [1]
    assert [item.record.sequence for item in shelf.take([held.heard.raw, second])] == [2]
    assert shelf.take([second]) == ()
    with pytest.raises(MalformedInput, match="is held already"):
        shelf.take([held.heard.raw])
    union = signed(first_list("Union", "AFU", [vkey(D)], 1, days=9, at=START), D)
    shelf.take([union], pin(D))
    assert [item.name for item in shelf.current()] == ["Bundesamt (DE)", "Union (AFU)"]
    assert shelf.find("AFU").heard.raw == union
    assert shelf.chain(shelf.find("DE")) == (held.heard.raw, second)
    assert [item.record.sequence for item in shelf.check(shelf.find("Bundesamt"))] == [1, 2]
    with pytest.raises(UsageError):
        shelf.find("FR")
    place = next((tmp_path / "lists").glob("*/0000000002*"))
    place.write_bytes(place.read_bytes().replace(b"a", b"b", 1))
    with pytest.raises(MalformedInput):
        shelf.current()


# A report that somebody on a list signed (the fixtures seal one on day 243).

WITNESS = SigningKey.from_seed(b"w" * 32)
COURT = VerifierKey("witness.example", WITNESS.public, COSIGNATURE)


def listing(signer: SigningKey, *changes: tuple[float, str]) -> Accepted:
    record = first_list("Bundesamt", "DE", [vkey(A)], 1, days=400, at=START)
    record = add_service(with_entity(record), "lab", "laboratory", [vkey(signer)], since=START, at=START)
    held = accept(None, signed(record, A), pin(A))
    for n, status in changes:
        record = next_list(held, at=day(n), days=400)
        record = change_service(record, "lab", "laboratory", status=status, since=day(n), at=day(n))
        held = accept(held, signed(record, A))
    return held


def cosign(folder, proof: LogProof, *times: float, forged: tuple[float, ...] = ()) -> None:
    lines = []
    for n in (*times, *forged):
        seconds = int(day(n).timestamp())
        message = f"cosignature/v1\ntime {seconds if n not in forged else 1}\n{proof.note.text}".encode()
        lines.append(NoteSignature(COURT.name, COURT.key_id, seconds.to_bytes(8, "big") + WITNESS.sign(message)))
    note = Note(proof.note.text, (*proof.note.signatures, *lines))
    (folder / "assessment.tlog-proof").write_bytes(LogProof(proof.index, proof.hashes, note).encode())


def test_a_signer_on_an_accepted_list_is_known_with_the_reason(sealed, report, signer):
    found = check(report, trusted=Trust(lists=(listing(signer),)), now=day(250)).signer
    assert (found.known, found.why, found.name) == (True, "trust_list", "The lab")
    assert "laboratory" in found.reason
    assert "Bundesamt (DE)" in found.reason
    assert "since 2026-01-01" in found.reason
    other = check(report, trusted=Trust(lists=(listing(LAB),)), now=day(250)).signer
    assert (other.known, other.why) == (False, "unknown")
    late = check(report, trusted=Trust(lists=(listing(signer),)), now=day(401)).signer
    assert not late.known
    assert "spoke until" in late.reason


def test_one_who_is_withdrawn_is_known_for_what_a_witness_saw_before(sealed, report, signer):
    court = KnownKey(role="witness", name="The court", why="trust_list", vkey=str(COURT))
    trusted = Trust(keys=(court,), lists=(listing(signer, (245, "withdrawn")),))

    def found():
        return check(report, trusted=trusted, now=day(250))

    assert not found().signer.known
    assert "withdrawn since 2026-09-03" in found().signer.reason
    cosign(report, sealed.proof, 244)
    assert found().unchanged
    assert found().log.seen == "2026-09-02T00:00:00Z"
    assert found().signer.known
    cosign(report, sealed.proof, 246)
    assert not found().signer.known
    cosign(report, sealed.proof, 246, forged=(244,))
    assert not (found().unchanged and found().signer.known)
    before = Trust(keys=(court,), lists=(listing(signer, (200, "suspended")),))
    assert "suspended" in check(report, trusted=before, now=day(250)).signer.reason
    again = Trust(keys=(court,), lists=(listing(signer, (200, "suspended"), (240, "granted")),))
    assert check(report, trusted=again, now=day(250)).signer.known


def test_the_key_store_knows_who_is_on_the_lists_beside_it(tmp_path, signer):
    store = KeyStore(tmp_path / "keys")
    assert store.known() == Trust()
    now = datetime.now(UTC).replace(microsecond=0)
    record = first_list("Bundesamt", "DE", [vkey(A)], 1, days=30, at=now)
    record = add_service(with_entity(record), "lab", "laboratory", [vkey(signer)], since=START, at=now)
    record = add_service(record, "lab", "witness", [str(COURT)], since=START, at=now)
    record = add_service(record, "lab", "log", [vkey(LAB2)], status="suspended", since=START, at=now)
    Shelf(tmp_path / "trust-lists").take([signed(record, A)], pin(A))
    trusted = store.known()
    assert [(key.role, key.listed, key.vkey) for key in trusted.keys] == [("witness", "Bundesamt (DE)", str(COURT))]
    assert trusted.signer(signer.keyid).listed == "Bundesamt (DE)"
    assert trusted.signer(signer.keyid, START - timedelta(days=1)) is None
    assert trusted.signer(LAB.keyid) is None
    assert trusted.signer(LAB2.keyid) is None, "a log signs no statements"
    store.trust(vkey(signer), name="by hand")
    assert store.known().signer(signer.keyid, START - timedelta(days=1)).name == "by hand"


@pytest.mark.parametrize("seconds", [0, 2**62, 253_402_300_800])
def test_a_time_beyond_all_calendars_shows_nothing(seconds):
    line = NoteSignature(COURT.name, COURT.key_id, seconds.to_bytes(8, "big") + bytes(64))
    assert seen_at(Note("x\n", (line,)), [COURT]) is None


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
