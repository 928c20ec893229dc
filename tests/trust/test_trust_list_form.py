"""The shape of a trust list against ETSI's names, and every way in which one is not sound."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from accord.errors import AccordError, LimitExceeded
from accord.records import from_json, to_builtins, to_json
from accord.records.trust_list import EntityService, PostalAddress, TrustList
from accord.trust.ed25519 import SigningKey
from accord.trust.keys import local_name
from accord.trust.saying import say
from accord.trust.statement import subject
from accord.trust.trust_list import (
    MAX_LIST_BYTES,
    Accepted,
    accept,
    read_list,
    subject_digest,
)
from accord.trust.trust_list_editing import (
    add_entity,
    add_service,
    change_service,
    first_list,
    next_list,
    point_to,
)
from accord.trust.trust_list_form import MAX_ENTITIES, MAX_KEYS_IN_ALL, mistakes

START = datetime(2026, 1, 1, tzinfo=UTC)
KEYS = [SigningKey.from_seed(bytes([n]) * 32) for n in range(40)]
A, B, C, D = KEYS[:4]
LAB = KEYS[10]
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


def with_history(record: TrustList, *periods) -> TrustList:
    entity = record.entities[0]
    service = EntityService(ServiceInformation=periods[0], ServiceHistory=tuple(periods[1:]))
    lote = replace(record.LoTE, TrustedEntitiesList=(replace(entity, TrustedEntityServices=(service,)),))
    return replace(record, LoTE=lote)


@pytest.mark.parametrize("jurisdiction", ["INT", "AFU", "ASEAN"])
def test_a_jurisdiction_that_etsi_has_no_room_for_leaves_the_territory_out(jurisdiction):
    record = first_list("Union", jurisdiction, [vkey(A)], 1, days=30, at=START)
    assert mistakes(record) == []
    assert "SchemeTerritory" not in to_builtins(record)["LoTE"]["ListAndSchemeInformation"]
    assert accept(None, signed(record, A), pin(A)).record.jurisdiction == jurisdiction


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


def test_a_list_has_an_end(held):
    entities = held.record.entities * (MAX_ENTITIES + 1)
    long = replace(held.record, LoTE=replace(held.record.LoTE, TrustedEntitiesList=entities))
    pointed = point_to(held.record, "https://x.example", "X", "KE", [vkey(D)] * (MAX_KEYS_IN_ALL + 1))
    for record in (long, pointed):
        (text,) = mistakes(record)
        assert "at most" in text


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
